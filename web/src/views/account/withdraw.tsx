/** Money out: what it costs is said before, and where it may go is a list of one's own. */

import { useCallback, useEffect, useMemo, useState } from "react";
import type { QuoteView, WalletAssets } from "../../data/openapi";
import { exactText, microsecondsText } from "../../format";
import { useExchange, useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { Field, SelectField, typedNumber } from "../../ui/field";
import { Form, ProblemLine, SubmitButton, useSending } from "../../ui/form";
import { ListState } from "../../ui/list-state";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";
import { NetworkChoice, useNetworkChoice, useWalletApi } from "./wallet";

const QUOTE_AFTER_MS = 400;

/** What a withdrawal would cost, asked a moment after the typing has stopped. */
function useQuote(asset: string, network: string, amount: string): QuoteView | null {
  const api = useWalletApi();
  const [quote, setQuote] = useState<QuoteView | null>(null);
  useEffect(() => {
    setQuote(null);
    if (!amount || !network) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      void api.quote({ asset, network, amount }).then((result) => {
        if (isCurrent && result.ok) setQuote(result.value);
      });
    }, QUOTE_AFTER_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, asset, network, amount]);
  return quote;
}

export function Withdraw({
  wallet,
  onDone,
}: {
  readonly wallet: WalletAssets;
  readonly onDone: () => void;
}) {
  const exchange = useExchange();
  const api = useWalletApi();
  const assured = useAssured();
  const sending = useSending();
  const choice = useNetworkChoice(wallet.assets);
  const [address, setAddress] = useState("");
  const [amount, setAmount] = useState("");
  const { asset, network } = choice;
  const assetName = asset?.asset ?? "";
  const networkName = network?.network ?? "";
  // Sent again after a broken connection, it is the same withdrawal and not a second one.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is wanted decides which one it is
  const clientId = useMemo(() => crypto.randomUUID(), [assetName, networkName, address, amount]);
  const quote = useQuote(assetName, networkName, amount);

  async function submit(): Promise<void> {
    const wanted = {
      asset: assetName,
      network: networkName,
      address: address.trim(),
      amount,
      client_id: clientId,
    };
    const result = await sending.send(() => assured(() => api.withdraw(wanted)));
    if (!result.ok) return;
    setAddress("");
    setAmount("");
    exchange.tell("good", texts.wallet.withdrawalMade);
    onDone();
  }
  return (
    <section className="panel" aria-label={texts.wallet.withdraw}>
      <h2>{texts.wallet.withdraw}</h2>
      <Form onSubmit={submit}>
        <div className="form-row">
          <NetworkChoice choice={choice} />
          <Field
            label={texts.form.amount}
            name="withdrawAmount"
            inputMode="decimal"
            unit={assetName}
            value={amount}
            error={sending.wrong("amount")}
            hint={`${texts.form.available}: ${exactText(asset?.free ?? "0")} ${assetName}`}
            onChange={(event) => setAmount(typedNumber(event.target.value))}
          />
        </div>
        <Field
          label={texts.wallet.toAddress}
          name="withdrawAddress"
          value={address}
          error={sending.wrong("address")}
          hint={texts.wallet.toAddressHint}
          onChange={(event) => setAddress(event.target.value)}
        />
        {quote && (
          <dl className="summary">
            <div>
              <dt>{texts.form.fee}</dt>
              <dd>
                {exactText(quote.fee)} {assetName}
              </dd>
            </div>
            <div>
              <dt>{texts.wallet.arrives}</dt>
              <dd>
                {exactText(quote.arrives)} {assetName}
              </dd>
            </div>
            <div>
              <dt>{texts.wallet.dayLeft}</dt>
              <dd>
                {exactText(quote.day_left)} {assetName}
              </dd>
            </div>
          </dl>
        )}
        {quote?.needs_second_person && <p className="warning">{texts.wallet.secondPerson}</p>}
        <ProblemLine sending={sending} fields={["amount", "address"]} />
        <div className="row">
          <SubmitButton sending={sending}>{texts.wallet.withdraw}</SubmitButton>
        </div>
      </Form>
    </section>
  );
}

export function AddressBook({ wallet }: { readonly wallet: WalletAssets }) {
  const api = useWalletApi();
  const assured = useAssured();
  const sending = useSending();
  const load = useCallback(() => api.addresses(), [api]);
  const [loaded, reload] = useLoaded(load);
  const networks = wallet.assets
    .flatMap((asset) => asset.networks)
    .filter((one, at, all) => all.findIndex((other) => other.network === one.network) === at);
  const [chosen, setChosen] = useState("");
  const [address, setAddress] = useState("");
  const [label, setLabel] = useState("");
  const network = chosen || networks[0]?.network || "";
  const addresses = loaded.value?.addresses ?? [];
  async function add(): Promise<void> {
    const wanted = { network, address: address.trim(), label: label.trim() };
    const result = await sending.send(() => assured(() => api.allow(wanted)));
    if (!result.ok) return;
    setAddress("");
    setLabel("");
    reload();
  }
  async function remove(ofNetwork: string, text: string): Promise<void> {
    const result = await sending.send(() => api.disallow(ofNetwork, text));
    if (result.ok) reload();
  }
  return (
    <section className="panel" aria-label={texts.wallet.addresses}>
      <h2>{texts.wallet.addresses}</h2>
      <p className="field-hint">{texts.wallet.addressesHint}</p>
      <Form onSubmit={add}>
        <div className="form-row">
          <SelectField
            label={texts.wallet.network}
            value={network}
            options={networks.map((one) => ({ value: one.network, label: one.title }))}
            onChoose={setChosen}
          />
          <Field
            label={texts.wallet.address}
            name="newAddress"
            value={address}
            error={sending.wrong("address")}
            onChange={(event) => setAddress(event.target.value)}
          />
          <Field
            label={texts.account.name}
            name="addressLabel"
            value={label}
            error={sending.wrong("label")}
            onChange={(event) => setLabel(event.target.value)}
          />
          <SubmitButton sending={sending}>{texts.actions.add}</SubmitButton>
        </div>
        <ProblemLine sending={sending} fields={["address", "label"]} />
      </Form>
      <ListState
        loaded={loaded}
        count={addresses.length}
        empty={texts.wallet.noAddresses}
        onRetry={reload}
      />
      {addresses.length > 0 && (
        <table className="table is-text" data-testid="addresses">
          <TableHead
            columns={[
              texts.account.name,
              texts.wallet.network,
              texts.wallet.address,
              texts.wallet.usable,
              texts.orders.actions,
            ]}
          />
          <tbody>
            {addresses.map((one) => (
              <tr key={`${one.network} ${one.address}`}>
                <th scope="row">{one.label || "–"}</th>
                <td data-label={texts.wallet.network}>{one.network}</td>
                <td data-label={texts.wallet.address}>
                  <code>{one.address}</code>
                </td>
                <td data-label={texts.wallet.usable}>
                  {one.is_usable ? texts.wallet.now : microsecondsText(one.usable_us)}
                </td>
                <td data-label={texts.orders.actions}>
                  <button
                    type="button"
                    className="button is-small"
                    aria-label={`${texts.actions.remove}: ${one.address}`}
                    onClick={() => void remove(one.network, one.address)}
                  >
                    {texts.actions.remove}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
