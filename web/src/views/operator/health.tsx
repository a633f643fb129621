/** How the exchange is: its figures, and which of them somebody should look at. */

import { useCallback, useEffect } from "react";
import { microsecondsText } from "../../format";
import { useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { Failed, Loading } from "../../ui/states";
import { TableHead } from "../../ui/table-head";
import { useOperatorApi } from "./use-operator";

const REFRESH_MS = 5_000;

export function Health() {
  const api = useOperatorApi();
  const load = useCallback(() => api.health(), [api]);
  const [loaded, reload] = useLoaded(load);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const health = loaded.value;
  if (!health) return loaded.state === "failed" ? <Failed onRetry={reload} /> : <Loading />;
  return (
    <>
      {loaded.state === "failed" && <Failed onRetry={reload} />}
      <dl className="cards">
        <div className="figure">
          <dt>{texts.operator.status}</dt>
          <dd className={health.is_open ? "is-up" : "is-down"}>
            {health.is_open ? texts.operator.isOpen : texts.operator.isClosed}
          </dd>
        </div>
        <div className="figure">
          <dt>{texts.operator.version}</dt>
          <dd>{health.version}</dd>
        </div>
        <div className="figure">
          <dt>{texts.operator.runningSince}</dt>
          <dd>{microsecondsText(health.started_us)}</dd>
        </div>
      </dl>
      <section className="panel" aria-label={texts.operator.health}>
        <table className="table is-text" data-testid="gauges">
          <TableHead
            columns={[
              texts.operator.gauge,
              { number: texts.operator.value },
              texts.operator.status,
              texts.operator.meaning,
            ]}
          />
          <tbody>
            {health.gauges.map((gauge) => (
              <tr key={gauge.name}>
                <th scope="row">{gauge.name}</th>
                <td data-label={texts.operator.value} className="number">
                  {gauge.value.toLocaleString("en")}
                </td>
                <td data-label={texts.operator.status}>
                  <span className={gauge.is_alarming ? "badge is-bad" : "badge is-good"}>
                    {gauge.is_alarming ? texts.operator.alarming : texts.operator.fine}
                  </span>
                </td>
                <td className="is-wrapping" data-label={texts.operator.meaning}>
                  {gauge.meaning}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
