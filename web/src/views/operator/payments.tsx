/** Payments that are nobody's: an operator finds out whose they are, or says why they are nobody's. */

import { useCallback, useState } from "react";
import type { UnclaimedView } from "../../data/openapi";
import { exactText, microsecondsText } from "../../format";
import { useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { Dialog } from "../../ui/dialog";
import { Field, SelectField } from "../../ui/field";
import { DialogButtons, Form, ProblemLine, useSending } from "../../ui/form";
import { ListState } from "../../ui/list-state";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";
import { useMay, useOperatorApi } from "./use-operator";

const words = texts.operator.unclaimed;

type Act = "assign" | "dismiss";
interface Asked {
  readonly payment: UnclaimedView;
  readonly act: Act;
}

export function Payments() {
  const api = useOperatorApi();
  const mayAct = useMay("TREASURY");
  const [state, setState] = useState("open");
  const load = useCallback(() => api.unclaimedPayments(state), [api, state]);
  const [loaded, reload] = useLoaded(load);
  const [asked, setAsked] = useState<Asked | null>(null);
  const payments = loaded.value?.payments;
  return (
    <section className="panel" aria-label={words.title}>
      <div className="row row-wide">
        <h2>{words.title}</h2>
        <SelectField
          label={texts.orders.status}
          isLabelHidden
          value={state}
          options={[
            { value: "open", label: words.states.open },
            { value: "", label: texts.orders.allStatuses },
          ]}
          onChoose={setState}
        />
      </div>
      <p className="field-hint">{words.hint}</p>
      <ListState
        loaded={loaded}
        count={payments?.length}
        empty={state === "open" ? words.none : words.noneEver}
        onRetry={reload}
      />
      {payments && payments.length > 0 && (
        <table className="table" data-testid="unclaimed-payments">
          <TableHead
            columns={[
              texts.orders.time,
              texts.form.amount,
              words.address,
              words.transaction,
              texts.orders.status,
              mayAct && texts.orders.actions,
            ]}
          />
          <tbody>
            {payments.map((payment) => (
              <PaymentRow key={payment.number} payment={payment} mayAct={mayAct} onAsk={setAsked} />
            ))}
          </tbody>
        </table>
      )}
      {asked && (
        <DecisionDialog
          asked={asked}
          onClose={() => setAsked(null)}
          onDone={() => {
            setAsked(null);
            reload();
          }}
        />
      )}
    </section>
  );
}

function PaymentRow({
  payment,
  mayAct,
  onAsk,
}: {
  readonly payment: UnclaimedView;
  readonly mayAct: boolean;
  readonly onAsk: (asked: Asked) => void;
}) {
  return (
    <tr>
      <td data-label={texts.orders.time}>{microsecondsText(payment.seen_us)}</td>
      <td data-label={texts.form.amount}>
        {exactText(payment.amount)} {payment.asset} ({payment.network})
      </td>
      <td className="is-wrapping" data-label={words.address}>
        <code>{payment.address}</code>
      </td>
      <td className="is-wrapping" data-label={words.transaction}>
        <code>
          {payment.transaction}:{payment.output}
        </code>
      </td>
      <td className="is-wrapping" data-label={texts.orders.status}>
        {words.states[payment.state]}
        {payment.account_id > 0 && ` ${words.toAccount(payment.account_id)}`}
        {payment.note && ` – ${payment.note}`}
      </td>
      {mayAct && (
        <td data-label={texts.orders.actions}>
          {payment.state === "open" &&
            (["assign", "dismiss"] as const).map((act) => (
              <button
                key={act}
                type="button"
                className="button is-small"
                onClick={() => onAsk({ payment, act })}
              >
                {words[act]}
              </button>
            ))}
        </td>
      )}
    </tr>
  );
}

function DecisionDialog({
  asked: { payment, act },
  onClose,
  onDone,
}: {
  readonly asked: Asked;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const api = useOperatorApi();
  const assured = useAssured();
  const sending = useSending();
  const [account, setAccount] = useState("");
  const [text, setText] = useState("");
  const isAssigning = act === "assign";
  async function submit(): Promise<void> {
    const result = await sending.send(() =>
      assured(() =>
        isAssigning
          ? api.assignPayment(payment.number, Number(account), text)
          : api.dismissPayment(payment.number, text),
      ),
    );
    if (result.ok) onDone();
  }
  return (
    <Dialog title={words[act]} onClose={onClose}>
      <Form onSubmit={submit}>
        <p>{words.question(exactText(payment.amount), payment.asset, payment.address)}</p>
        {isAssigning && (
          <Field
            label={texts.operator.account}
            inputMode="numeric"
            hint={words.accountHint}
            value={account}
            error={sending.wrong("account_id")}
            onChange={(event) => setAccount(event.target.value.replace(/\D/g, ""))}
          />
        )}
        <Field
          label={isAssigning ? texts.operator.note : words.reason}
          value={text}
          error={sending.wrong(isAssigning ? "note" : "reason")}
          onChange={(event) => setText(event.target.value)}
        />
        <ProblemLine sending={sending} fields={["account_id", "note", "reason"]} />
        <DialogButtons sending={sending} onCancel={onClose}>
          {words[act]}
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
