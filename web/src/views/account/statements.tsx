/** Everything that changed one's balances, for a period: its sums are the balances at its end. */

import { useState } from "react";
import type { StatementView } from "../../data/openapi";
import type { Problem } from "../../data/problems";
import { type Period, statementFile } from "../../data/wallet-api";
import { exactText, microsecondsText } from "../../format";
import { useExchange } from "../../hooks";
import { texts } from "../../texts/en";
import { Field } from "../../ui/field";
import { Form, houseText } from "../../ui/form";
import { Icon } from "../../ui/icons";
import { Empty, Failed } from "../../ui/states";
import { TableHead } from "../../ui/table-head";
import { useWalletApi } from "./wallet";

/** Midnight, here, of a day as the browser's date field writes it; nothing for an empty field. */
function dayUs(text: string, daysLater: number): number | undefined {
  if (!text) return undefined;
  const [year = 0, month = 1, day = 1] = text.split("-").map(Number);
  return new Date(year, month - 1, day + daysLater).getTime() * 1000;
}

function periodOf(from: string, to: string): Period {
  const [start, end] = [dayUs(from, 0), dayUs(to, 1)];
  return {
    ...(start === undefined ? {} : { start_us: start }),
    ...(end === undefined ? {} : { end_us: end }),
  };
}

function causeText(cause: string): string {
  return texts.wallet.causes[cause] ?? cause;
}

export function Statements() {
  const { config } = useExchange();
  const api = useWalletApi();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [pages, setPages] = useState<readonly StatementView[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isLoading, setLoading] = useState(false);
  const period = periodOf(from, to);
  const last = pages[pages.length - 1];
  const entries = pages.flatMap((page) => page.entries);

  async function show(after: string): Promise<void> {
    setLoading(true);
    setProblem(null);
    const result = await api.statement(period, after);
    setLoading(false);
    if (!result.ok) return setProblem(result.problem);
    setPages(after === "" ? [result.value] : [...pages, result.value]);
  }
  return (
    <section className="panel" aria-label={texts.account.statements}>
      <h2>{texts.account.statements}</h2>
      <Form onSubmit={() => show("")}>
        <div className="form-row">
          <Field
            label={texts.wallet.from}
            type="date"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
          <Field
            label={texts.wallet.to}
            type="date"
            value={to}
            onChange={(event) => setTo(event.target.value)}
          />
          <button type="submit" className="button" disabled={isLoading}>
            {texts.wallet.showStatement}
          </button>
          <a className="button" href={statementFile(config.apiBase, period)} download>
            <Icon name="download" />
            {texts.orders.csv}
          </a>
        </div>
      </Form>
      {problem && <Failed>{houseText(problem)}</Failed>}
      {last && (
        <p className="field-hint">
          {texts.wallet.closing}{" "}
          {last.closing.map((sum) => `${exactText(sum.amount)} ${sum.asset}`).join(", ") || "0"}
        </p>
      )}
      {last && entries.length === 0 && <Empty>{texts.states.empty}</Empty>}
      {entries.length > 0 && (
        <table className="table is-text" data-testid="statement">
          <TableHead
            columns={[
              texts.orders.time,
              texts.wallet.cause,
              texts.orders.asset,
              { number: texts.form.amount },
              texts.orders.pair,
            ]}
          />
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.entry}>
                <td data-label={texts.orders.time}>{microsecondsText(entry.time_us)}</td>
                <td data-label={texts.wallet.cause}>{causeText(entry.purpose || entry.cause)}</td>
                <td data-label={texts.orders.asset}>{entry.asset}</td>
                <td
                  data-label={texts.form.amount}
                  className={`number ${entry.amount.startsWith("-") ? "is-down" : "is-up"}`}
                >
                  {exactText(entry.amount)}
                </td>
                <td data-label={texts.orders.pair}>{entry.symbol || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {last && last.next !== "" && (
        <div className="row">
          <button
            type="button"
            className="button"
            disabled={isLoading}
            onClick={() => void show(last.next)}
          >
            {texts.actions.more}
          </button>
        </div>
      )}
    </section>
  );
}
