/** What trading costs, by schedule and market. */

import { useCallback, useState } from "react";
import { useLoaded, useMarkets } from "../../hooks";
import { texts } from "../../texts/en";
import { Field, SelectField, typedNumber } from "../../ui/field";
import { Form, ProblemLine, SubmitButton, useSending } from "../../ui/form";
import { ListState } from "../../ui/list-state";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";
import { useMay, useOperatorApi } from "./use-operator";

export function Fees() {
  const api = useOperatorApi();
  const mayAct = useMay("MARKETS");
  const load = useCallback(() => api.fees(), [api]);
  const [loaded, reload] = useLoaded(load);
  const fees = loaded.value?.fees;
  return (
    <>
      <section className="panel" aria-label={texts.operator.fees}>
        <ListState
          loaded={loaded}
          count={fees?.length}
          empty={texts.states.empty}
          onRetry={reload}
        />
        {fees && fees.length > 0 && (
          <table className="table is-text">
            <TableHead
              columns={[
                texts.operator.schedule,
                texts.market.pair,
                { number: texts.operator.maker },
                { number: texts.operator.taker },
              ]}
            />
            <tbody>
              {fees.map((one) => (
                <tr key={`${one.schedule} ${one.symbol}`}>
                  <th scope="row">{one.schedule}</th>
                  <td data-label={texts.market.pair}>{one.symbol || texts.operator.everyMarket}</td>
                  <td data-label={texts.operator.maker} className="number">
                    {one.maker}
                  </td>
                  <td data-label={texts.operator.taker} className="number">
                    {one.taker}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      {mayAct && <SetFees onDone={reload} />}
    </>
  );
}

function SetFees({ onDone }: { readonly onDone: () => void }) {
  const api = useOperatorApi();
  const assured = useAssured();
  const markets = useMarkets();
  const sending = useSending();
  const [schedule, setSchedule] = useState("0");
  const [symbol, setSymbol] = useState("");
  const [maker, setMaker] = useState("");
  const [taker, setTaker] = useState("");
  async function submit(): Promise<void> {
    const wanted = { schedule: Number(schedule), symbol, maker, taker };
    const result = await sending.send(() => assured(() => api.setFees(wanted)));
    if (!result.ok) return;
    setMaker("");
    setTaker("");
    onDone();
  }
  return (
    <section className="panel" aria-label={texts.operator.setFees}>
      <h2>{texts.operator.setFees}</h2>
      <Form onSubmit={submit}>
        <div className="form-row">
          <Field
            label={texts.operator.schedule}
            inputMode="numeric"
            value={schedule}
            error={sending.wrong("schedule")}
            onChange={(event) => setSchedule(event.target.value.replace(/\D/g, ""))}
          />
          <SelectField
            label={texts.market.pair}
            value={symbol}
            options={[
              { value: "", label: texts.operator.everyMarket },
              ...markets.list.map((one) => ({ value: one.symbol, label: one.symbol })),
            ]}
            onChoose={setSymbol}
          />
          <Field
            label={texts.operator.maker}
            inputMode="decimal"
            value={maker}
            hint={texts.operator.rateHint}
            error={sending.wrong("maker")}
            onChange={(event) => setMaker(typedNumber(event.target.value))}
          />
          <Field
            label={texts.operator.taker}
            inputMode="decimal"
            value={taker}
            hint={texts.operator.rateHint}
            error={sending.wrong("taker")}
            onChange={(event) => setTaker(typedNumber(event.target.value))}
          />
        </div>
        <ProblemLine sending={sending} fields={["schedule", "maker", "taker"]} />
        <div className="row">
          <SubmitButton sending={sending}>{texts.operator.setFees}</SubmitButton>
        </div>
      </Form>
    </section>
  );
}
