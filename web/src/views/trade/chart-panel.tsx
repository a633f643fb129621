/** Candles and depth of a market. The chart library is loaded beside the page, not before it. */

import { lazy, Suspense, useId, useState } from "react";
import { INTERVALS, type Interval } from "../../data/bars";
import type { DepthFeed } from "../../data/depth";
import type { Market } from "../../data/markets";
import { remember, remembered } from "../../preferences";
import { texts } from "../../texts/en";
import { Loading } from "../../ui/states";
import { TabPanel, Tabs } from "../../ui/tabs";
import { DepthChart } from "./depth-chart";

const CandleChart = lazy(() =>
  import("./candle-chart").then((module) => ({ default: module.CandleChart })),
);

const QUICK: readonly Interval[] = ["1m", "5m", "15m", "1h", "4h", "1d"];

function firstInterval(): Interval {
  const known = remembered("interval") as Interval;
  return INTERVALS.includes(known) ? known : "1m";
}

export function ChartPanel({
  market,
  depth,
}: {
  readonly market: Market;
  readonly depth: DepthFeed | undefined;
}) {
  const [view, setView] = useState<"candles" | "depth">("candles");
  const [interval, setInterval] = useState<Interval>(firstInterval);
  const selectId = useId();
  function choose(next: Interval): void {
    remember("interval", next);
    setInterval(next);
  }
  return (
    <section className="panel chart" aria-label={texts.chart.label(market.symbol)}>
      <div className="panel-head">
        <Tabs
          label={texts.chart.candles}
          tabs={[
            { id: "candles", label: texts.chart.candles },
            { id: "depth", label: texts.chart.depth },
          ]}
          chosen={view}
          onChoose={setView}
          controls="chart-panel"
        />
        {view === "candles" && (
          <div className="intervals">
            {QUICK.map((quick) => (
              <button
                key={quick}
                type="button"
                className="quick"
                aria-pressed={quick === interval}
                onClick={() => choose(quick)}
              >
                {quick}
              </button>
            ))}
            <label htmlFor={selectId} className="hidden">
              {texts.chart.interval}
            </label>
            <select
              id={selectId}
              value={interval}
              onChange={(event) => choose(event.target.value as Interval)}
            >
              {INTERVALS.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </div>
        )}
      </div>
      <TabPanel id="chart-panel" chosen={view} className="chart-body">
        {view === "candles" ? (
          <Suspense fallback={<Loading />}>
            <CandleChart key={interval} market={market} interval={interval} />
          </Suspense>
        ) : (
          <DepthChart market={market} depth={depth} />
        )}
      </TabPanel>
    </section>
  );
}
