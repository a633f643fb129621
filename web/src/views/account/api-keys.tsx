/** Keys for programs: what they may do, the secret once, and a first program to paste. */

import { useCallback, useState } from "react";
import { apiAddress, ccxtSnippet } from "../../data/ccxt-snippet";
import type { ApiKeyView, MadeApiKey, NewApiKey } from "../../data/openapi";
import { microsecondsText } from "../../format";
import { useExchange, useLoaded, useMarkets } from "../../hooks";
import { texts } from "../../texts/en";
import { Copyable, CopyButton } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Field, SelectField } from "../../ui/field";
import { Form, ProblemLine, SubmitButton, useSending } from "../../ui/form";
import { ListState } from "../../ui/list-state";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";

export function ApiKeys() {
  const { house } = useExchange();
  const load = useCallback(() => house.apiKeys(), [house]);
  const [loaded, reload] = useLoaded(load);
  const [made, setMade] = useState<MadeApiKey | null>(null);
  return (
    <>
      <NewKey
        onMade={(key) => {
          setMade(key);
          reload();
        }}
      />
      <section className="panel" aria-label={texts.keys.title}>
        <h2>{texts.keys.title}</h2>
        <ListState
          loaded={loaded}
          count={loaded.value?.keys.length}
          empty={texts.keys.none}
          onRetry={reload}
        />
        {loaded.value && loaded.value.keys.length > 0 && (
          <KeyTable keys={loaded.value.keys} onChange={reload} />
        )}
      </section>
      {made && <MadeDialog made={made} onClose={() => setMade(null)} />}
    </>
  );
}

function rightsText(key: ApiKeyView): string {
  const rights = [
    key.may_read && texts.keys.read,
    key.may_trade && texts.keys.trade,
    key.may_withdraw && texts.keys.withdraw,
  ];
  return rights.filter(Boolean).join(", ");
}

/** A network of one address as that address. */
function addressText(network: string): string {
  return network.replace(network.includes(":") ? /\/128$/ : /\/32$/, "");
}

function KeyTable({
  keys,
  onChange,
}: {
  readonly keys: readonly ApiKeyView[];
  readonly onChange: () => void;
}) {
  const { house } = useExchange();
  const sending = useSending();
  async function revoke(apiKey: string): Promise<void> {
    const result = await sending.send(() => house.revokeApiKey(apiKey));
    if (result.ok) onChange();
  }
  return (
    <>
      <ProblemLine sending={sending} />
      <table className="table is-text" data-testid="api-keys">
        <TableHead
          columns={[
            texts.account.name,
            texts.keys.key,
            texts.keys.rights,
            texts.keys.from,
            texts.keys.expires,
            texts.orders.actions,
          ]}
        />
        <tbody>
          {keys.map((key) => (
            <tr key={key.api_key}>
              <td data-label={texts.account.name}>{key.label}</td>
              <td data-label={texts.keys.key} title={key.api_key}>
                <code>{key.api_key.slice(0, 10)}…</code>
              </td>
              <td data-label={texts.keys.rights}>{rightsText(key)}</td>
              <td data-label={texts.keys.from}>
                {key.allowed_ips.map(addressText).join(", ") || texts.keys.everywhere}
              </td>
              <td data-label={texts.keys.expires}>
                {key.has_expired ? texts.keys.expired : microsecondsText(key.expires_us)}
              </td>
              <td data-label={texts.orders.actions}>
                <button
                  type="button"
                  className="button is-small"
                  aria-label={`${texts.keys.revoke}: ${key.label}`}
                  onClick={() => void revoke(key.api_key)}
                >
                  {texts.keys.revoke}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

const EMPTY_KEY: Required<NewApiKey> = {
  label: "",
  key_type: "HMAC",
  public_key: "",
  may_read: true,
  may_trade: false,
  may_withdraw: false,
  allowed_ips: [],
  allowed_symbols: [],
  lifetime_days: 90,
};

const KINDS = ["HMAC", "ED25519", "RSA"] as const;
const LIFETIMES = [30, 90, 365, 0] as const;

function words(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean);
}

function NewKey({ onMade }: { readonly onMade: (made: MadeApiKey) => void }) {
  const { house } = useExchange();
  const assured = useAssured();
  const sending = useSending();
  const [key, setKey] = useState(EMPTY_KEY);
  const [ips, setIps] = useState("");
  const [symbols, setSymbols] = useState("");

  async function submit(): Promise<void> {
    const wanted = {
      ...key,
      label: key.label.trim(),
      allowed_ips: words(ips),
      allowed_symbols: words(symbols.toUpperCase()),
    };
    const result = await sending.send(() => assured(() => house.makeApiKey(wanted)));
    if (!result.ok) return;
    setKey(EMPTY_KEY);
    setIps("");
    setSymbols("");
    onMade(result.value);
  }
  const rights = [
    ["may_read", texts.keys.read],
    ["may_trade", texts.keys.trade],
    ["may_withdraw", texts.keys.withdraw],
  ] as const;
  const fields = ["label", "public_key", "allowed_ips", "allowed_symbols"];
  return (
    <section className="panel" aria-label={texts.keys.make}>
      <h2>{texts.keys.make}</h2>
      <Form onSubmit={submit}>
        <div className="form-row">
          <Field
            label={texts.account.name}
            name="label"
            value={key.label}
            error={sending.wrong("label")}
            onChange={(event) => setKey({ ...key, label: event.target.value })}
          />
          <SelectField
            label={texts.keys.kind}
            value={key.key_type}
            options={KINDS.map((kind) => ({ value: kind, label: texts.keys.kinds[kind] }))}
            onChoose={(kind) => setKey({ ...key, key_type: kind, public_key: "" })}
          />
          <SelectField
            label={texts.keys.expires}
            value={String(key.lifetime_days)}
            options={LIFETIMES.map((days) => ({
              value: String(days),
              label: days === 0 ? texts.keys.never : texts.keys.days(days),
            }))}
            onChoose={(days) => setKey({ ...key, lifetime_days: Number(days) })}
          />
        </div>
        {key.key_type !== "HMAC" && (
          <PublicKeyField
            value={key.public_key}
            error={sending.wrong("public_key")}
            onChange={(text) => setKey({ ...key, public_key: text })}
          />
        )}
        <fieldset className="row">
          <legend className="field-label">{texts.keys.rights}</legend>
          {rights.map(([name, label]) => (
            <label key={name} className="check">
              <input
                type="checkbox"
                name={name}
                checked={key[name]}
                onChange={(event) => setKey({ ...key, [name]: event.target.checked })}
              />
              {label}
            </label>
          ))}
        </fieldset>
        <div className="form-row">
          <Field
            label={texts.keys.ips}
            name="ips"
            placeholder="203.0.113.7, 2001:db8::/64"
            value={ips}
            error={sending.wrong("allowed_ips")}
            hint={key.may_withdraw ? texts.keys.ipsNeeded : texts.keys.ipsHint}
            onChange={(event) => setIps(event.target.value)}
          />
          <Field
            label={texts.keys.symbols}
            name="symbols"
            placeholder="BTCUSD, ETHUSD"
            value={symbols}
            error={sending.wrong("allowed_symbols")}
            hint={texts.keys.symbolsHint}
            onChange={(event) => setSymbols(event.target.value)}
          />
        </div>
        <ProblemLine sending={sending} fields={fields} />
        <div className="row">
          <SubmitButton sending={sending}>{texts.keys.make}</SubmitButton>
        </div>
      </Form>
    </section>
  );
}

function PublicKeyField({
  value,
  error,
  onChange,
}: {
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (text: string) => void;
}) {
  return (
    <label className="field">
      <span className="field-label">{texts.keys.publicKey}</span>
      <textarea
        rows={5}
        spellCheck={false}
        className="code-area"
        placeholder="-----BEGIN PUBLIC KEY-----"
        aria-invalid={error ? true : undefined}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      {error && <span className="field-error">{error}</span>}
    </label>
  );
}

function MadeDialog({
  made,
  onClose,
}: {
  readonly made: MadeApiKey;
  readonly onClose: () => void;
}) {
  const { config } = useExchange();
  const markets = useMarkets();
  const allowed = made.key.allowed_symbols;
  const market =
    markets.list.find((one) => allowed.length === 0 || allowed.includes(one.symbol)) ??
    markets.list[0];
  const symbol = market ? `${market.base}/${market.quote}` : "BTC/USD";
  const snippet = ccxtSnippet(
    {
      apiKey: made.key.api_key,
      secret: made.secret,
      symbol,
      mayTrade: made.key.may_trade,
    },
    apiAddress(config.apiBase, location.origin),
  );
  return (
    <Dialog isWide title={texts.keys.made} onClose={onClose}>
      <div className="form">
        <Copyable label={texts.keys.key} text={made.key.api_key} />
        {made.secret && (
          <>
            <p className="warning">{texts.keys.once}</p>
            <Copyable label={texts.keys.secret} text={made.secret} />
            <div className="row row-wide">
              <h3>{texts.keys.snippet}</h3>
              <CopyButton text={snippet} />
            </div>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
            <pre data-testid="snippet" tabIndex={0}>
              {snippet}
            </pre>
          </>
        )}
        <div className="dialog-actions">
          <button type="button" className="button is-main" onClick={onClose}>
            {texts.keys.kept}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
