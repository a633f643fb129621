/** The order form: what it will cost before it is sent, and what is wrong next to where it is wrong. */

import {
  type Dispatch,
  type FormEvent,
  type SetStateAction,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { decimal, plainDecimal } from "../../data/decimal";
import type { DepthFeed } from "../../data/depth";
import { type Market, totalPlaces } from "../../data/markets";
import {
  byTotal,
  checkDraft,
  estimate,
  type FieldName,
  type FormContext,
  hasLimitPrice,
  hasStopPrice,
  hasTotal,
  kindsOf,
  type OrderDraft,
  type OrderKind,
  orderParams,
  shareOf,
  type TimeInForce,
  withQuantity,
  withShare,
  withTotal,
} from "../../data/order-form";
import { amountText, assetText, priceText } from "../../format";
import {
  useAccount,
  useExchange,
  useFees,
  useFrames,
  usePerson,
  useSessionState,
  useTickers,
} from "../../hooks";
import { Link } from "../../router";
import { texts } from "../../texts/en";
import { Field, SelectField, typedNumber } from "../../ui/field";
import { type FormRefusal, formRefusal } from "./refusal-text";

/** The form after a price was picked in the book or on the tape. */
export function withPicked(draft: OrderDraft, price: string): OrderDraft {
  if (hasLimitPrice(draft.kind)) return withQuantity({ ...draft, price });
  return hasStopPrice(draft.kind) ? { ...draft, stopPrice: price } : draft;
}

function useContextOf(market: Market, depth: DepthFeed | undefined): FormContext {
  useFrames(depth?.changes);
  const account = useAccount();
  const fees = useFees(market.symbol);
  const last = useTickers().get(market.symbol)?.last ?? "0";
  const isLive = depth?.book.isLive === true;
  return {
    market,
    bids: isLive ? depth.book.bids : [],
    asks: isLive ? depth.book.asks : [],
    last: decimal(last),
    freeBase: account.balances.get(market.base)?.free ?? 0n,
    freeQuote: account.balances.get(market.quote)?.free ?? 0n,
    makerRate: fees.maker,
    takerRate: fees.taker,
  };
}

export function OrderForm({
  market,
  depth,
  draft,
  setDraft,
}: {
  readonly market: Market;
  readonly depth: DepthFeed | undefined;
  readonly draft: OrderDraft;
  readonly setDraft: Dispatch<SetStateAction<OrderDraft>>;
}) {
  const exchange = useExchange();
  const context = useContextOf(market, depth);
  const [touched, setTouched] = useState<ReadonlySet<FieldName>>(new Set());
  const [refused, setRefused] = useState<{ draft: OrderDraft; refusal: FormRefusal } | null>(null);
  const [isSending, setSending] = useState(false);
  const problems = checkDraft(draft, context);
  // It is about the form as it was sent: any change, a picked price too, may have mended it.
  const refusal = refused?.draft === draft ? refused.refusal : null;

  function change(next: OrderDraft, field?: FieldName): void {
    setDraft(next);
    if (field) setTouched((before) => new Set(before).add(field));
  }

  useFirstPrice(context, setDraft);

  const wrong = (field: FieldName): string | undefined => {
    if (refusal?.field === field) return refusal.text;
    const found = problems.find((problem) => problem.field === field);
    return found && touched.has(field)
      ? texts.form.draftProblem(found.code, found.bound)
      : undefined;
  };

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setTouched(
      new Set<FieldName>([
        "price",
        "stopPrice",
        "quantity",
        "total",
        "trailing",
        "iceberg",
        "form",
      ]),
    );
    if (problems.length > 0 || isSending) return;
    setSending(true);
    const result = await exchange.account.place(orderParams(draft, market));
    setSending(false);
    if (!result.ok) {
      setRefused({ draft, refusal: formRefusal(result.problem, draft) });
      if (result.problem.detail === "Market is closed.") void exchange.loadMarkets();
      return;
    }
    const side = draft.side === "BUY" ? texts.form.buy : texts.form.sell;
    const amount = plainDecimal(decimal(result.value.quantity));
    exchange.tell("plain", texts.form.placed(side, amount, market.base));
    // What was changed while it was on its way stays as it was changed.
    setDraft((now) => ({
      ...now,
      quantity: now.quantity === draft.quantity ? "" : now.quantity,
      total: now.total === draft.total ? "" : now.total,
      iceberg: now.iceberg === draft.iceberg ? "" : now.iceberg,
    }));
    setTouched(new Set());
  }

  return (
    <section className="panel ticket" aria-label={texts.form.title}>
      <form noValidate onSubmit={(event) => void submit(event)}>
        <SideChoice draft={draft} onChange={change} />
        <KindChoice market={market} draft={draft} onChange={change} />
        <Available draft={draft} context={context} />
        <Prices draft={draft} context={context} wrong={wrong} onChange={change} />
        <Amounts draft={draft} context={context} wrong={wrong} onChange={change} />
        <Options draft={draft} market={market} wrong={wrong} onChange={change} />
        <Summary draft={draft} context={context} />
        {wrong("form") && (
          <p className="form-error" role="alert">
            {wrong("form")}
          </p>
        )}
        <Submit draft={draft} market={market} isSending={isSending} />
      </form>
      <Holdings market={market} />
    </section>
  );
}

/** A form that is opened begins with the last price: most orders are near it. */
function useFirstPrice(context: FormContext, setDraft: Dispatch<SetStateAction<OrderDraft>>): void {
  const isDone = useRef(false);
  useEffect(() => {
    if (isDone.current || context.last === 0n) return;
    isDone.current = true;
    setDraft((now) =>
      now.price === "" ? withQuantity({ ...now, price: plainDecimal(context.last) }) : now,
    );
  });
}

interface PartProps {
  readonly draft: OrderDraft;
  readonly onChange: (draft: OrderDraft, field?: FieldName) => void;
}

interface FieldsProps extends PartProps {
  readonly context: FormContext;
  readonly wrong: (field: FieldName) => string | undefined;
}

function SideChoice({ draft, onChange }: PartProps) {
  return (
    <fieldset className="sides">
      <legend className="hidden">{texts.form.side}</legend>
      {(["BUY", "SELL"] as const).map((side) => (
        <label key={side} className={`side is-${side.toLowerCase()}`}>
          <input
            type="radio"
            name="side"
            checked={draft.side === side}
            onChange={() => onChange({ ...draft, side })}
          />
          <span>{side === "BUY" ? texts.form.buy : texts.form.sell}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** The kinds that everybody knows are buttons; a list holds the others. */
const PLAIN_KINDS: readonly OrderKind[] = ["limit", "market"];

function KindChoice({ market, draft, onChange }: PartProps & { readonly market: Market }) {
  const kinds = useMemo(() => kindsOf(market), [market]);
  const isPlain = PLAIN_KINDS.includes(draft.kind);
  const others = kinds.filter((kind) => !PLAIN_KINDS.includes(kind));
  const options: { value: OrderKind | ""; label: string }[] = others.map((kind) => ({
    value: kind,
    label: texts.form.kinds[kind],
  }));
  if (isPlain) options.unshift({ value: "", label: texts.form.otherKinds });
  const choose = (kind: OrderKind | "") => {
    if (kind !== "") onChange(withQuantity({ ...draft, kind, stopPrice: "", trailing: "" }));
  };
  return (
    <>
      <div className="kinds">
        {PLAIN_KINDS.filter((kind) => kinds.includes(kind)).map((kind) => (
          <button
            key={kind}
            type="button"
            className="quick"
            title={texts.form.kindHelp[kind]}
            aria-pressed={draft.kind === kind}
            onClick={() => choose(kind)}
          >
            {texts.form.kinds[kind]}
          </button>
        ))}
        {others.length > 0 && (
          <SelectField
            label={texts.form.kind}
            isLabelHidden
            className={isPlain ? "" : "is-chosen"}
            value={isPlain ? "" : draft.kind}
            options={options}
            onChoose={choose}
          />
        )}
      </div>
      {!isPlain && <p className="field-hint">{texts.form.kindHelp[draft.kind]}</p>}
    </>
  );
}

function Available({
  draft,
  context,
}: {
  readonly draft: OrderDraft;
  readonly context: FormContext;
}) {
  const { market } = context;
  const isBuy = draft.side === "BUY";
  const asset = isBuy ? market.quote : market.base;
  const free = isBuy ? context.freeQuote : context.freeBase;
  return (
    <p className="pair">
      <span>{texts.form.available}</span>
      <b data-testid="available">
        {assetText(asset, free, isBuy ? market.quotePlaces : market.basePlaces)} {asset}
      </b>
    </p>
  );
}

function stopLabel(kind: OrderKind): string {
  if (kind === "trailing") return texts.form.activation;
  return kind.startsWith("take-profit") ? texts.form.target : texts.form.stopPrice;
}

function Prices({ draft, context, wrong, onChange }: FieldsProps) {
  const { market } = context;
  const best = draft.side === "BUY" ? context.bids[0] : context.asks[0];
  return (
    <>
      {hasStopPrice(draft.kind) && (
        <Field
          label={stopLabel(draft.kind)}
          name="stopPrice"
          inputMode="decimal"
          unit={market.quote}
          value={draft.stopPrice}
          error={wrong("stopPrice")}
          onChange={(event) =>
            onChange({ ...draft, stopPrice: typedNumber(event.target.value) }, "stopPrice")
          }
        />
      )}
      {draft.kind === "trailing" && (
        <Field
          label={texts.form.trailing}
          name="trailing"
          inputMode="decimal"
          unit="%"
          value={draft.trailing}
          error={wrong("trailing")}
          onChange={(event) =>
            onChange({ ...draft, trailing: typedNumber(event.target.value) }, "trailing")
          }
        />
      )}
      {hasLimitPrice(draft.kind) && (
        <Field
          label={texts.form.price}
          name="price"
          inputMode="decimal"
          unit={market.quote}
          value={draft.price}
          error={wrong("price")}
          action={
            best && (
              <button
                type="button"
                className="field-action"
                onClick={() =>
                  onChange(withQuantity({ ...draft, price: plainDecimal(best.price) }), "price")
                }
              >
                {texts.form.best}
              </button>
            )
          }
          onChange={(event) =>
            onChange(withQuantity({ ...draft, price: typedNumber(event.target.value) }), "price")
          }
        />
      )}
    </>
  );
}

function Amounts({ draft, context, wrong, onChange }: FieldsProps) {
  const { market } = context;
  return (
    <>
      {draft.kind === "market" && market.takesQuoteTotals && (
        <SelectField
          label={texts.form.by}
          value={draft.marketBy}
          options={[
            { value: "quantity", label: `${texts.form.byAmount} (${market.base})` },
            { value: "total", label: `${texts.form.byTotal} (${market.quote})` },
          ]}
          onChoose={(marketBy) => onChange({ ...draft, marketBy })}
        />
      )}
      {!byTotal(draft) && (
        <Field
          label={texts.form.amount}
          name="quantity"
          inputMode="decimal"
          unit={market.base}
          value={draft.quantity}
          error={wrong("quantity")}
          onChange={(event) =>
            onChange(
              withQuantity({ ...draft, quantity: typedNumber(event.target.value) }),
              "quantity",
            )
          }
        />
      )}
      <Slider draft={draft} context={context} onChange={onChange} />
      {hasTotal(draft) && (
        <Field
          label={texts.form.total}
          name="total"
          inputMode="decimal"
          unit={market.quote}
          value={draft.total}
          error={wrong("total")}
          onChange={(event) =>
            onChange(
              withTotal({ ...draft, total: typedNumber(event.target.value) }, market),
              byTotal(draft) ? "total" : "quantity",
            )
          }
        />
      )}
    </>
  );
}

const MARKS = [0, 25, 50, 75, 100] as const;

function Slider({ draft, context, onChange }: PartProps & { readonly context: FormContext }) {
  const id = useId();
  const share = shareOf(draft, context);
  const set = (percent: number) =>
    onChange(withShare(draft, context, percent), byTotal(draft) ? "total" : "quantity");
  const free = draft.side === "BUY" ? context.freeQuote : context.freeBase;
  return (
    <div className="slider">
      <label htmlFor={id} className="hidden">
        {texts.form.slider}
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={100}
        step={1}
        value={share}
        disabled={free === 0n}
        aria-valuetext={`${share} %`}
        onChange={(event) => set(Number(event.target.value))}
      />
      <div className="slider-marks">
        {MARKS.map((mark) => (
          <button key={mark} type="button" disabled={free === 0n} onClick={() => set(mark)}>
            {mark}%
          </button>
        ))}
      </div>
    </div>
  );
}

function Options({
  draft,
  market,
  wrong,
  onChange,
}: PartProps & {
  readonly market: Market;
  readonly wrong: (field: FieldName) => string | undefined;
}) {
  if (!hasLimitPrice(draft.kind)) return null;
  const isPostOnly = draft.kind === "limit" && draft.postOnly;
  const isIceberg = draft.kind === "limit" && draft.iceberg !== "";
  const inForce = texts.form.inForce;
  return (
    <div className="options">
      {!isPostOnly && !isIceberg && (
        <SelectField<TimeInForce>
          label={texts.form.timeInForce}
          value={draft.timeInForce}
          options={(["GTC", "IOC", "FOK"] as const).map((value) => ({
            value,
            label: inForce[value],
          }))}
          onChoose={(timeInForce) => onChange({ ...draft, timeInForce })}
        />
      )}
      {draft.kind === "limit" && (
        <label className="check" title={texts.form.postOnlyHint}>
          <input
            type="checkbox"
            name="postOnly"
            checked={draft.postOnly}
            onChange={(event) => onChange({ ...draft, postOnly: event.target.checked }, "price")}
          />
          {texts.form.postOnly}
        </label>
      )}
      {draft.kind === "limit" && market.takesIcebergs && (
        <details open={isIceberg || undefined}>
          <summary>{texts.form.more}</summary>
          <Field
            label={texts.form.iceberg}
            name="iceberg"
            inputMode="decimal"
            unit={market.base}
            value={draft.iceberg}
            error={wrong("iceberg")}
            onChange={(event) =>
              onChange({ ...draft, iceberg: typedNumber(event.target.value) }, "iceberg")
            }
          />
        </details>
      )}
    </div>
  );
}

function Summary({
  draft,
  context,
}: {
  readonly draft: OrderDraft;
  readonly context: FormContext;
}) {
  const { market } = context;
  const { quantity, total, averagePrice, fee, feeAsset } = estimate(draft, context);
  if (quantity === 0n) return null;
  const isExact = hasLimitPrice(draft.kind);
  const about = isExact ? "" : `${texts.form.estimated} `;
  const received = draft.side === "BUY" ? quantity - fee : total - fee;
  const receivedAsset = draft.side === "BUY" ? market.base : market.quote;
  return (
    <dl className="summary" data-testid="summary">
      {!isExact && (
        <div>
          <dt>{texts.form.averagePrice}</dt>
          <dd>
            {about}
            {priceText(market, averagePrice)} {market.quote}
          </dd>
        </div>
      )}
      <div>
        <dt>{texts.form.total}</dt>
        <dd>
          {about}
          {assetText(market.quote, total, totalPlaces(market))} {market.quote}
        </dd>
      </div>
      <div>
        <dt>{texts.form.fee}</dt>
        <dd>
          {texts.form.upTo} {plainDecimal(fee, 8)} {feeAsset}
        </dd>
      </div>
      <div>
        <dt>{texts.form.receive}</dt>
        <dd>
          {texts.form.estimated}{" "}
          {draft.side === "BUY"
            ? amountText(market, received)
            : assetText(receivedAsset, received, market.quotePlaces)}{" "}
          {receivedAsset}
        </dd>
      </div>
    </dl>
  );
}

function Submit({
  draft,
  market,
  isSending,
}: {
  readonly draft: OrderDraft;
  readonly market: Market;
  readonly isSending: boolean;
}) {
  const person = usePerson();
  const session = useSessionState();
  if (person.state !== "in") {
    return (
      <Link className="button is-main is-wide" to="/sign-in">
        {texts.form.signIn}
      </Link>
    );
  }
  const side = draft.side === "BUY" ? texts.form.buy : texts.form.sell;
  const words = session === "ready" ? texts.form.submit(side, market.base) : texts.link.connecting;
  return (
    <button
      type="submit"
      className={`button is-wide is-${draft.side.toLowerCase()}`}
      disabled={isSending || session !== "ready"}
    >
      {isSending ? texts.form.sending : words}
    </button>
  );
}

/** What one has of the two assets that are traded here, and the way to more. */
function Holdings({ market }: { readonly market: Market }) {
  const { config } = useExchange();
  const person = usePerson();
  const account = useAccount();
  if (person.state !== "in" || !account.isLoaded) return null;
  const held = (asset: string) => {
    const one = account.balances.get(asset);
    return one ? one.free + one.held : 0n;
  };
  const hasNothing = held(market.base) === 0n && held(market.quote) === 0n;
  return (
    <section className="holdings" aria-label={texts.form.holdings}>
      <h2>{texts.form.holdings}</h2>
      {[
        { asset: market.base, places: market.basePlaces },
        { asset: market.quote, places: market.quotePlaces },
      ].map(({ asset, places }) => (
        <p key={asset} className="pair">
          <span>{asset}</span>
          <b>{assetText(asset, held(asset), places)}</b>
        </p>
      ))}
      <p className="row">
        {config.demo && (
          <Link
            className={hasNothing ? "button is-small is-main" : "button is-small"}
            to="/account/wallet"
          >
            {texts.wallet.faucet}
          </Link>
        )}
        <Link className="button is-small" to="/account/wallet">
          {texts.wallet.deposit}
        </Link>
      </p>
    </section>
  );
}
