/** Where one is signed in, and how to end it. */

import { useCallback } from "react";
import { microsecondsText } from "../../format";
import { useExchange, useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { ProblemLine, useSending } from "../../ui/form";
import { Failed, Loading } from "../../ui/states";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";

/** "Chrome on Linux" out of what a browser says of itself; what it says is not believed, only shown. */
function browserName(userAgent: string): string {
  const browsers: readonly (readonly [RegExp, string])[] = [
    [/Edg\//, "Edge"],
    [/Firefox\//, "Firefox"],
    [/Chrom(e|ium)\//, "Chrome"],
    [/Safari\//, "Safari"],
  ];
  const systems: readonly (readonly [RegExp, string])[] = [
    [/Android/, "Android"],
    [/iPhone|iPad/, "iOS"],
    [/Windows/, "Windows"],
    [/Mac OS X/, "macOS"],
    [/Linux/, "Linux"],
  ];
  const find = (known: readonly (readonly [RegExp, string])[]) =>
    known.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = find(browsers);
  const system = find(systems);
  if (!browser) return userAgent.slice(0, 60) || "–";
  return system ? `${browser}, ${system}` : browser;
}

export function Sessions() {
  const exchange = useExchange();
  const { house } = exchange;
  const assured = useAssured();
  const sending = useSending();
  const load = useCallback(() => house.sessions(), [house]);
  const [loaded, reload] = useLoaded(load);
  const sessions = loaded.value?.sessions ?? [];

  async function end(sessionId: string): Promise<void> {
    const result = await sending.send(() => assured(() => house.endSession(sessionId)));
    if (result.ok) reload();
  }
  async function endOthers(): Promise<void> {
    const result = await sending.send(() => assured(() => house.endOtherSessions()));
    if (result.ok) reload();
  }
  return (
    <section className="panel" aria-label={texts.account.sessions}>
      <div className="row row-wide">
        <h2>{texts.account.sessions}</h2>
        <button
          type="button"
          className="button"
          disabled={sessions.length < 2}
          onClick={() => void endOthers()}
        >
          {texts.account.endOthers}
        </button>
      </div>
      <ProblemLine sending={sending} />
      {loaded.state === "failed" && <Failed onRetry={reload} />}
      {loaded.state === "loading" && !loaded.value && <Loading />}
      {sessions.length > 0 && (
        <table className="table is-text" data-testid="sessions">
          <TableHead
            columns={[
              texts.account.device,
              texts.account.ip,
              texts.account.started,
              texts.account.seen,
              texts.account.ends,
              texts.orders.actions,
            ]}
          />
          <tbody>
            {sessions.map((one) => (
              <tr key={one.session_id}>
                <td data-label={texts.account.device} title={one.user_agent}>
                  {browserName(one.user_agent)}
                </td>
                <td data-label={texts.account.ip}>{one.ip}</td>
                <td data-label={texts.account.started}>{microsecondsText(one.started_us)}</td>
                <td data-label={texts.account.seen}>{microsecondsText(one.seen_us)}</td>
                <td data-label={texts.account.ends}>{microsecondsText(one.ends_us)}</td>
                <td data-label={texts.orders.actions}>
                  {one.current ? (
                    <span className="badge is-good">{texts.account.thisOne}</span>
                  ) : (
                    <button
                      type="button"
                      className="button is-small"
                      aria-label={`${texts.account.end}: ${browserName(one.user_agent)}`}
                      onClick={() => void end(one.session_id)}
                    >
                      {texts.account.end}
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
