/** All money of the exchange: each asset's parts add up to zero, or something is very wrong. */

import { useCallback } from "react";
import { exactText, microsecondsText } from "../../format";
import { useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { houseText } from "../../ui/form";
import { Failed, Loading } from "../../ui/states";
import { TableHead } from "../../ui/table-head";
import { useOperatorApi } from "./use-operator";

export function Ledger() {
  const api = useOperatorApi();
  const load = useCallback(() => api.ledger(), [api]);
  const [loaded, reload] = useLoaded(load);
  const ledger = loaded.value;
  if (!ledger) {
    return loaded.state === "failed" ? (
      <Failed onRetry={reload}>{houseText(loaded.problem)}</Failed>
    ) : (
      <Loading />
    );
  }
  const columns = [
    ["free", texts.operator.free],
    ["held", texts.operator.held],
    ["fees", texts.operator.feesTaken],
    ["clearing", texts.operator.clearing],
    ["outside", texts.operator.outside],
    ["difference", texts.operator.difference],
  ] as const;
  return (
    <section className="panel" aria-label={texts.operator.ledger}>
      <div className="row row-wide">
        <p className={ledger.is_conserved ? "is-up" : "is-down"} role="status">
          {ledger.is_conserved ? texts.operator.conserved : texts.operator.notConserved}
          {ledger.negative_balances > 0 && ` ${texts.operator.negative(ledger.negative_balances)}`}
        </p>
        <button type="button" className="button" onClick={reload}>
          {texts.actions.refresh}
        </button>
      </div>
      <p className="field-hint">
        {texts.operator.asOf(ledger.seq, microsecondsText(ledger.time_us))}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <div className="scroller" tabIndex={0}>
        <table className="table" data-testid="conservation">
          <TableHead columns={[texts.orders.asset, ...columns.map(([, label]) => label)]} />
          <tbody>
            {ledger.assets.map((asset) => (
              <tr key={asset.asset}>
                <th scope="row">{asset.asset}</th>
                {columns.map(([name, label]) => (
                  <td key={name} data-label={label}>
                    {exactText(asset[name])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
