/** What came in, what went out, and the statement of everything in between. */

import { useCallback, useEffect, useState } from "react";
import type { StatementView } from "../../data/openapi";
import type { Problem } from "../../data/problems";
import { type Period, statementFile } from "../../data/wallet-api";
import { exactText, microsecondsText } from "../../format";
import { useExchange, useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { Field } from "../../ui/field";
import { Form, houseText, ProblemLine, useSending } from "../../ui/form";
import { Icon } from "../../ui/icons";
import { Empty, Failed, Loading } from "../../ui/states";
import { useWalletApi } from "./wallet";

const REFRESH_MS = 4_000;

/** Read again every few seconds: confirmations come in by themselves. */
function useRefreshed(reload: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [reload]);
}

export function Movements() {
  return (
    <>
      <Deposits />
      <Withdrawals />
      <Statement />
    </>
  );
}

function Deposits() {
  const api = useWalletApi();
  const load = useCallback(() => api.deposits(), [api]);
  const [loaded, reload] = useLoaded(load);
  useRefreshed(reload);
  const deposits = loaded.value?.deposits;
  return (
    <section className="panel" aria-label={texts.wallet.deposits}>
      <h2>{texts.wallet.deposits}</h2>
      {loaded.state === "failed" && <Failed onRetry={reload}>{houseText(loaded.problem)}</Failed>}
      {!deposits && loaded.state === "loading" && <Loading />}
      {deposits?.length === 0 && <Empty>{texts.states.empty}</Empty>}
      {deposits && deposits.length > 0 && (
        <table className="table" data-testid="deposits">
          <thead>
            <tr>
              <th scope="col">{texts.orders.time}</th>
              <th scope="col">{texts.orders.asset}</th>
              <th scope="col">{texts.form.amount}</th>
              <th scope="col">{texts.orders.status}</th>
              <th scope="col">{texts.wallet.confirmations}</th>
              <th scope="col">{texts.wallet.transaction}</th>
            </tr>
          </thead>
          <tbody>
            {deposits.map((one) => (
              <tr key={one.number}>
                <td data-label={texts.orders.time}>{microsecondsText(one.seen_us)}</td>
                <td data-label={texts.orders.asset}>{one.asset}</td>
                <td data-label={texts.form.amount}>{exactText(one.amount)}</td>
                <td data-label={texts.orders.status}>
                  {texts.wallet.states[one.state] ?? one.state}
                </td>
                <td data-label={texts.wallet.confirmations}>
                  {Math.min(one.confirmations, one.confirmations_final)}/{one.confirmations_final}
                </td>
                <td data-label={texts.wallet.transaction} title={one.transaction}>
                  <code>{one.transaction.slice(0, 12)}…</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Withdrawals() {
  const api = useWalletApi();
  const load = useCallback(() => api.withdrawals(), [api]);
  const [loaded, reload] = useLoaded(load);
  useRefreshed(reload);
  const sending = useSending();
  const withdrawals = loaded.value?.withdrawals;
  async function cancel(id: string): Promise<void> {
    const result = await sending.send(() => api.cancelWithdrawal(id));
    if (result.ok) reload();
  }
  return (
    <section className="panel" aria-label={texts.wallet.withdrawals}>
      <h2>{texts.wallet.withdrawals}</h2>
      <ProblemLine sending={sending} />
      {loaded.state === "failed" && <Failed onRetry={reload}>{houseText(loaded.problem)}</Failed>}
      {!withdrawals && loaded.state === "loading" && <Loading />}
      {withdrawals?.length === 0 && <Empty>{texts.states.empty}</Empty>}
      {withdrawals && withdrawals.length > 0 && (
        <table className="table" data-testid="withdrawals">
          <thead>
            <tr>
              <th scope="col">{texts.orders.time}</th>
              <th scope="col">{texts.orders.asset}</th>
              <th scope="col">{texts.form.amount}</th>
              <th scope="col">{texts.wallet.arrives}</th>
              <th scope="col">{texts.wallet.toAddress}</th>
              <th scope="col">{texts.orders.status}</th>
              <th scope="col">{texts.orders.actions}</th>
            </tr>
          </thead>
          <tbody>
            {withdrawals.map((one) => (
              <tr key={one.withdrawal_id}>
                <td data-label={texts.orders.time}>{microsecondsText(one.requested_us)}</td>
                <td data-label={texts.orders.asset}>{one.asset}</td>
                <td data-label={texts.form.amount}>{exactText(one.amount)}</td>
                <td data-label={texts.wallet.arrives}>{exactText(one.arrives)}</td>
                <td data-label={texts.wallet.toAddress} title={one.address}>
                  <code>{one.address.slice(0, 12)}…</code>
                </td>
                <td data-label={texts.orders.status} title={one.note}>
                  {texts.wallet.states[one.state] ?? one.state}
                </td>
                <td data-label={texts.orders.actions}>
                  {one.can_cancel && (
                    <button
                      type="button"
                      className="button is-small"
                      onClick={() => void cancel(one.withdrawal_id)}
                    >
                      {texts.actions.cancel}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

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

function Statement() {
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
        <table className="table" data-testid="statement">
          <thead>
            <tr>
              <th scope="col">{texts.orders.time}</th>
              <th scope="col">{texts.wallet.cause}</th>
              <th scope="col">{texts.orders.asset}</th>
              <th scope="col">{texts.form.amount}</th>
              <th scope="col">{texts.orders.pair}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.entry}>
                <td data-label={texts.orders.time}>{microsecondsText(entry.time_us)}</td>
                <td data-label={texts.wallet.cause}>{entry.purpose || entry.cause}</td>
                <td data-label={texts.orders.asset}>{entry.asset}</td>
                <td
                  data-label={texts.form.amount}
                  className={entry.amount.startsWith("-") ? "is-down" : "is-up"}
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
