/** Who did what: the chained log, newest first. */

import { useEffect, useRef, useState } from "react";
import type { AuditRecordView } from "../../data/openapi";
import type { AuditQuestion } from "../../data/operator-api";
import type { Problem } from "../../data/problems";
import { microsecondsText } from "../../format";
import { texts } from "../../texts/en";
import { Field } from "../../ui/field";
import { Form, houseText } from "../../ui/form";
import { Empty, Failed, Loading } from "../../ui/states";
import { TableHead } from "../../ui/table-head";
import { useOperatorApi } from "./use-operator";

export function Audit() {
  const api = useOperatorApi();
  const [typed, setTyped] = useState({ actor: "", action: "", object: "" });
  const [asked, setAsked] = useState<AuditQuestion>({});
  const [records, setRecords] = useState<readonly AuditRecordView[]>([]);
  const [state, setState] = useState<"loading" | "ready" | "all">("loading");
  const [problem, setProblem] = useState<Problem | null>(null);
  const latest = useRef(0);

  useEffect(() => {
    latest.current += 1;
    const mine = latest.current;
    setState("loading");
    setProblem(null);
    void api.audit(asked).then((result) => {
      if (mine !== latest.current) return;
      if (!result.ok) return setProblem(result.problem);
      const more = result.value.records;
      setRecords((before) => (asked.before === undefined ? more : [...before, ...more]));
      setState(more.length === 0 ? "all" : "ready");
    });
  }, [api, asked]);

  function given(): AuditQuestion {
    return Object.fromEntries(Object.entries(typed).filter(([, text]) => text.trim() !== ""));
  }
  const oldest = records[records.length - 1]?.n;
  return (
    <section className="panel" aria-label={texts.operator.audit}>
      <Form onSubmit={() => setAsked(given())}>
        <div className="form-row">
          {(["actor", "action", "object"] as const).map((name) => (
            <Field
              key={name}
              label={texts.operator[name]}
              value={typed[name]}
              onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
            />
          ))}
          <button type="submit" className="button">
            {texts.operator.find}
          </button>
        </div>
      </Form>
      {problem && <Failed onRetry={() => setAsked({ ...asked })}>{houseText(problem)}</Failed>}
      {records.length > 0 && (
        <table className="table is-text" data-testid="audit">
          <TableHead
            columns={[
              "#",
              texts.orders.time,
              texts.operator.actor,
              texts.operator.action,
              texts.operator.object,
              texts.operator.details,
            ]}
          />
          <tbody>
            {records.map((record) => (
              <tr key={record.n} title={record.digest}>
                <th scope="row">{record.n}</th>
                <td data-label={texts.orders.time}>{microsecondsText(record.time_us)}</td>
                <td data-label={texts.operator.actor}>{record.actor}</td>
                <td data-label={texts.operator.action}>{record.action}</td>
                <td className="is-long" data-label={texts.operator.object}>
                  {record.object}
                </td>
                <td className="is-long" data-label={texts.operator.details}>
                  {Object.entries(record.details)
                    .map(([name, value]) => `${name}: ${value}`)
                    .join(", ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {state === "loading" && !problem && <Loading />}
      {state !== "loading" && records.length === 0 && <Empty>{texts.operator.noRecords}</Empty>}
      {state === "ready" && oldest !== undefined && (
        <div className="row">
          <button
            type="button"
            className="button"
            onClick={() => setAsked({ ...asked, before: oldest })}
          >
            {texts.operator.older}
          </button>
        </div>
      )}
    </section>
  );
}
