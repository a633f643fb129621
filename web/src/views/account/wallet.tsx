/** Money: what one has, how it comes in, how it goes out. */

import { useCallback, useEffect, useMemo, useState } from "react";
import type { WalletAsset, WalletAssets } from "../../data/openapi";
import type { Result } from "../../data/problems";
import { qrPicture } from "../../data/qr";
import { WalletApi } from "../../data/wallet-api";
import { exactText } from "../../format";
import { useExchange, useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { Copyable } from "../../ui/copy";
import { Field, SelectField, typedNumber } from "../../ui/field";
import { Form, houseText, ProblemLine, SubmitButton, useSending } from "../../ui/form";
import { Failed, Loading } from "../../ui/states";
import { BalanceTable } from "../trade/orders-panel";
import { Movements } from "./movements";
import { AddressBook, Withdraw } from "./withdraw";

export function useWalletApi(): WalletApi {
  const { rest } = useExchange();
  return useMemo(() => new WalletApi(rest), [rest]);
}

export function Wallet() {
  const api = useWalletApi();
  const load = useCallback(() => api.assets(), [api]);
  const [loaded, reload] = useLoaded(load);
  const [changes, setChanges] = useState(0);
  const wallet = loaded.value;
  const changed = () => {
    setChanges(changes + 1);
    reload();
  };
  if (!wallet) {
    return loaded.state === "failed" ? (
      <Failed onRetry={reload}>{houseText(loaded.problem)}</Failed>
    ) : (
      <Loading />
    );
  }
  return (
    <>
      <section className="panel" aria-label={texts.orders.balances}>
        <h2>{texts.orders.balances}</h2>
        <BalanceTable />
      </section>
      {wallet.is_demo && <Faucet onDone={changed} />}
      <Deposit wallet={wallet} onDone={changed} />
      <Withdraw wallet={wallet} onDone={changed} />
      <AddressBook wallet={wallet} />
      <Movements key={changes} />
    </>
  );
}

function Faucet({ onDone }: { readonly onDone: () => void }) {
  const exchange = useExchange();
  const api = useWalletApi();
  const load = useCallback(() => api.offers(), [api]);
  const [loaded, reload] = useLoaded(load);
  const sending = useSending();
  async function take(asset: string, amount: string): Promise<void> {
    const result = await sending.send(() => api.takeGift(asset));
    if (!result.ok) return;
    exchange.tell("good", texts.wallet.gift(exactText(amount), asset));
    reload();
    onDone();
  }
  const offers = loaded.value?.offers ?? [];
  return (
    <section className="panel" aria-label={texts.wallet.faucet}>
      <h2>{texts.wallet.faucet}</h2>
      <p className="field-hint">{texts.wallet.faucetHint}</p>
      <ProblemLine sending={sending} />
      {loaded.state === "failed" && <Failed onRetry={reload}>{houseText(loaded.problem)}</Failed>}
      <div className="row">
        {offers.map((offer) => (
          <button
            key={offer.asset}
            type="button"
            className="button"
            disabled={offer.left_today === 0 || sending.isSending}
            onClick={() => void take(offer.asset, offer.amount)}
          >
            {texts.wallet.take(exactText(offer.amount), offer.asset)}
          </button>
        ))}
      </div>
    </section>
  );
}

/** An asset and one of its networks, chosen together. */
export function useNetworkChoice(assets: readonly WalletAsset[]) {
  const known = assets.filter((one) => one.networks.length > 0);
  const [name, setName] = useState("");
  const [networkName, setNetworkName] = useState("");
  const asset = known.find((one) => one.asset === name) ?? known[0];
  const network = asset?.networks.find((one) => one.network === networkName) ?? asset?.networks[0];
  return { known, asset, network, setName, setNetworkName };
}

export function NetworkChoice({
  choice,
}: {
  readonly choice: ReturnType<typeof useNetworkChoice>;
}) {
  const { known, asset, network, setName, setNetworkName } = choice;
  return (
    <>
      <SelectField
        label={texts.orders.asset}
        value={asset?.asset ?? ""}
        options={known.map((one) => ({ value: one.asset, label: one.asset }))}
        onChoose={setName}
      />
      <SelectField
        label={texts.wallet.network}
        value={network?.network ?? ""}
        options={(asset?.networks ?? []).map((one) => ({ value: one.network, label: one.title }))}
        onChoose={setNetworkName}
      />
    </>
  );
}

function Deposit({
  wallet,
  onDone,
}: {
  readonly wallet: WalletAssets;
  readonly onDone: () => void;
}) {
  const api = useWalletApi();
  const choice = useNetworkChoice(wallet.assets);
  const sending = useSending();
  const [address, setAddress] = useState("");
  const { asset, network } = choice;
  const assetName = asset?.asset ?? "";
  const networkName = network?.network ?? "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: another network has another address
  useEffect(() => setAddress(""), [assetName, networkName]);
  async function show(): Promise<void> {
    const result = await sending.send(() => api.depositAddress(assetName, networkName));
    if (result.ok) setAddress(result.value.address);
  }
  const picture = useMemo(() => (address ? qrPicture(address) : null), [address]);
  return (
    <section className="panel" aria-label={texts.wallet.deposit}>
      <h2>{texts.wallet.deposit}</h2>
      <Form onSubmit={show}>
        <div className="form-row">
          <NetworkChoice choice={choice} />
          <SubmitButton sending={sending}>{texts.wallet.showAddress}</SubmitButton>
        </div>
        <ProblemLine sending={sending} />
      </Form>
      {network && (
        <p className="field-hint">
          {texts.wallet.depositTerms(
            exactText(network.deposit_min),
            assetName,
            network.confirmations,
          )}
        </p>
      )}
      {address && picture && (
        <>
          <svg
            className="qr"
            viewBox={`0 0 ${picture.size} ${picture.size}`}
            role="img"
            aria-label={texts.wallet.qr}
          >
            <path d={picture.path} shapeRendering="crispEdges" />
          </svg>
          <Copyable label={texts.wallet.address} text={address} />
          {wallet.is_demo && (
            <SimulatedPayment asset={assetName} network={networkName} onDone={onDone} />
          )}
        </>
      )}
    </section>
  );
}

function SimulatedPayment({
  asset,
  network,
  onDone,
}: {
  readonly asset: string;
  readonly network: string;
  readonly onDone: () => void;
}) {
  const exchange = useExchange();
  const api = useWalletApi();
  const sending = useSending();
  const [amount, setAmount] = useState("");
  async function pay(): Promise<void> {
    const call = (): Promise<Result<unknown>> => api.simulatePayment(asset, network, amount);
    const result = await sending.send(call);
    if (!result.ok) return;
    setAmount("");
    exchange.tell("plain", texts.wallet.paymentMade);
    onDone();
  }
  return (
    <Form onSubmit={pay}>
      <div className="form-row">
        <Field
          label={texts.wallet.simulate}
          name="simulatedAmount"
          inputMode="decimal"
          unit={asset}
          value={amount}
          error={sending.wrong("amount")}
          onChange={(event) => setAmount(typedNumber(event.target.value))}
        />
        <SubmitButton sending={sending}>{texts.wallet.pay}</SubmitButton>
      </div>
      <ProblemLine sending={sending} fields={["amount"]} />
    </Form>
  );
}
