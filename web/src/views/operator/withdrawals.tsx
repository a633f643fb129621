/** Withdrawals that wait for somebody's word, and what became of the others. */

import { useCallback, useState } from "react";
import type { WithdrawalView } from "../../data/openapi";
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

type Decision = "approve" | "reject";

export function Withdrawals() {
  const api = useOperatorApi();
  const mayAct = useMay("TREASURY");
  const [state, setState] = useState("awaiting");
  const load = useCallback(() => api.withdrawals(state), [api, state]);
  const [loaded, reload] = useLoaded(load);
  const [asked, setAsked] = useState<{ one: WithdrawalView; decision: Decision } | null>(null);
  const withdrawals = loaded.value?.withdrawals;
  return (
    <section className="panel" aria-label={texts.operator.withdrawals}>
      <div className="row row-wide">
        <h2>{texts.operator.withdrawals}</h2>
        <SelectField
          label={texts.orders.status}
          isLabelHidden
          value={state}
          options={[
            { value: "awaiting", label: texts.wallet.states.awaiting ?? "" },
            { value: "", label: texts.orders.allStatuses },
          ]}
          onChoose={setState}
        />
      </div>
      <ListState
        loaded={loaded}
        count={withdrawals?.length}
        empty={texts.operator.noWithdrawals}
        onRetry={reload}
      />
      {withdrawals && withdrawals.length > 0 && (
        <table className="table is-text" data-testid="operator-withdrawals">
          <TableHead
            columns={[
              texts.orders.time,
              texts.operator.account,
              { number: texts.form.amount },
              texts.wallet.toAddress,
              texts.orders.status,
              mayAct && texts.orders.actions,
            ]}
          />
          <tbody>
            {withdrawals.map((one) => (
              <tr key={one.withdrawal_id}>
                <td data-label={texts.orders.time}>{microsecondsText(one.requested_us)}</td>
                <td data-label={texts.operator.account}>{one.account_id}</td>
                <td data-label={texts.form.amount} className="number">
                  {exactText(one.amount)} {one.asset}
                </td>
                <td data-label={texts.wallet.toAddress}>
                  <code>{one.address}</code>
                </td>
                <td data-label={texts.orders.status} title={one.note}>
                  {texts.wallet.states[one.state] ?? one.state}
                </td>
                {mayAct && (
                  <td data-label={texts.orders.actions}>
                    {one.state === "awaiting" &&
                      (["approve", "reject"] as const).map((decision) => (
                        <button
                          key={decision}
                          type="button"
                          className="button is-small"
                          onClick={() => setAsked({ one, decision })}
                        >
                          {texts.operator[decision]}
                        </button>
                      ))}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {asked && (
        <DecisionDialog
          withdrawal={asked.one}
          decision={asked.decision}
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

function DecisionDialog({
  withdrawal,
  decision,
  onClose,
  onDone,
}: {
  readonly withdrawal: WithdrawalView;
  readonly decision: Decision;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const api = useOperatorApi();
  const assured = useAssured();
  const sending = useSending();
  const [note, setNote] = useState("");
  async function submit(): Promise<void> {
    const { withdrawal_id: id } = withdrawal;
    const result = await sending.send(() => assured(() => api.decide(id, decision, note)));
    if (result.ok) onDone();
  }
  return (
    <Dialog title={texts.operator[decision]} onClose={onClose}>
      <Form onSubmit={submit}>
        <p>
          {texts.operator.decision(
            exactText(withdrawal.amount),
            withdrawal.asset,
            withdrawal.account_id,
            withdrawal.address,
          )}
        </p>
        <Field
          label={texts.operator.note}
          value={note}
          error={sending.wrong("note")}
          onChange={(event) => setNote(event.target.value)}
        />
        <ProblemLine sending={sending} fields={["note"]} />
        <DialogButtons sending={sending} onCancel={onClose}>
          {texts.operator[decision]}
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
