/** Amend an open order: smaller keeps its place, anything else is a new order in its stead. */

import { type FormEvent, useState } from "react";
import { decimal, parseTyped, plainDecimal } from "../../data/decimal";
import { amendment } from "../../data/order-form";
import type { Order } from "../../data/orders";
import { useExchange, useMarket } from "../../hooks";
import { texts } from "../../texts/en";
import { Dialog } from "../../ui/dialog";
import { Field, typedNumber } from "../../ui/field";
import { problemText } from "./refusal-text";

function shown(text: string): string {
  return decimal(text) === 0n ? "" : plainDecimal(decimal(text));
}

export function AmendDialog({
  order,
  onClose,
}: {
  readonly order: Order;
  readonly onClose: () => void;
}) {
  const exchange = useExchange();
  const market = useMarket(order.symbol);
  const [price, setPrice] = useState(shown(order.price));
  const [stopPrice, setStopPrice] = useState(shown(order.stopPrice));
  const [quantity, setQuantity] = useState(shown(order.quantity));
  const [error, setError] = useState<string>();
  const [isSending, setSending] = useState(false);
  if (!market) return null;

  const isSame =
    price === shown(order.price) &&
    stopPrice === shown(order.stopPrice) &&
    quantity === shown(order.quantity);
  const wanted = amendment(order, { price, stopPrice, quantity }, market);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (isSame) return setError(texts.amend.unchanged);
    if (!parseTyped(quantity)) return setError(texts.form.draftProblem("not-a-number"));
    setSending(true);
    const result =
      wanted.how === "shrink"
        ? await exchange.account.shrink(order, wanted.quantity)
        : await exchange.account.replace(order, wanted.params);
    setSending(false);
    if (!result.ok) return setError(problemText(result.problem));
    exchange.tell("good", texts.amend.done);
    onClose();
  }
  return (
    <Dialog title={`${texts.amend.title} – ${order.symbol}`} onClose={onClose}>
      <form noValidate onSubmit={(event) => void submit(event)}>
        {decimal(order.stopPrice) > 0n && (
          <Field
            label={texts.form.stopPrice}
            inputMode="decimal"
            unit={market.quote}
            value={stopPrice}
            onChange={(event) => setStopPrice(typedNumber(event.target.value))}
          />
        )}
        {decimal(order.price) > 0n && (
          <Field
            label={texts.form.price}
            name="amendPrice"
            inputMode="decimal"
            unit={market.quote}
            value={price}
            onChange={(event) => setPrice(typedNumber(event.target.value))}
          />
        )}
        <Field
          label={texts.form.amount}
          name="amendQuantity"
          inputMode="decimal"
          unit={market.base}
          value={quantity}
          hint={`${texts.amend.partlyFilled}: ${plainDecimal(decimal(order.executed))} ${market.base}`}
          onChange={(event) => setQuantity(typedNumber(event.target.value))}
        />
        {!isSame && (
          <p className="field-hint">
            {wanted.how === "shrink" ? texts.amend.keeps : texts.amend.loses}
          </p>
        )}
        {error && (
          <p className="form-error" role="alert">
            {error}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {texts.actions.cancel}
          </button>
          <button type="submit" className="button is-main" disabled={isSending}>
            {texts.amend.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
