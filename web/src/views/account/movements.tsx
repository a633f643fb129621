/** What came in and what went out. */

import { useCallback, useEffect } from "react";
import { exactText, microsecondsText } from "../../format";
import { useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { ProblemLine, useSending } from "../../ui/form";
import { ListState } from "../../ui/list-state";
import { TableHead } from "../../ui/table-head";
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
      <ListState
        loaded={loaded}
        count={deposits?.length}
        empty={texts.states.empty}
        onRetry={reload}
      />
      {deposits && deposits.length > 0 && (
        <table className="table is-text" data-testid="deposits">
          <TableHead
            columns={[
              texts.orders.time,
              texts.orders.asset,
              { number: texts.form.amount },
              texts.orders.status,
              { number: texts.wallet.confirmations },
              texts.wallet.transaction,
            ]}
          />
          <tbody>
            {deposits.map((one) => (
              <tr key={one.number}>
                <td data-label={texts.orders.time}>{microsecondsText(one.seen_us)}</td>
                <td data-label={texts.orders.asset}>{one.asset}</td>
                <td data-label={texts.form.amount} className="number">
                  {exactText(one.amount)}
                </td>
                <td data-label={texts.orders.status}>
                  {texts.wallet.states[one.state] ?? one.state}
                </td>
                <td data-label={texts.wallet.confirmations} className="number">
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
      <ListState
        loaded={loaded}
        count={withdrawals?.length}
        empty={texts.states.empty}
        onRetry={reload}
      />
      {withdrawals && withdrawals.length > 0 && (
        <table className="table is-text" data-testid="withdrawals">
          <TableHead
            columns={[
              texts.orders.time,
              texts.orders.asset,
              { number: texts.form.amount },
              { number: texts.wallet.arrives },
              texts.wallet.toAddress,
              texts.orders.status,
              texts.orders.actions,
            ]}
          />
          <tbody>
            {withdrawals.map((one) => (
              <tr key={one.withdrawal_id}>
                <td data-label={texts.orders.time}>{microsecondsText(one.requested_us)}</td>
                <td data-label={texts.orders.asset}>{one.asset}</td>
                <td data-label={texts.form.amount} className="number">
                  {exactText(one.amount)}
                </td>
                <td data-label={texts.wallet.arrives} className="number">
                  {exactText(one.arrives)}
                </td>
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
