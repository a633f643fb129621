/** Candles with volume: the last bar lives, and older bars come when somebody scrolls to them. */

import {
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from "lightweight-charts";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Bar, BarFeed, type Interval } from "../../data/bars";
import { decimal, forDrawing } from "../../data/decimal";
import type { Market } from "../../data/markets";
import { amountText, priceText } from "../../format";
import { useExchange, useFrames, useLiving } from "../../hooks";
import { texts } from "../../texts/en";
import { colour, type Theme, useTheme } from "../../theme";
import { Empty, Failed, Loading } from "../../ui/states";

/** Fewer bars than this to the left of what is shown: fetch older ones. */
const NEAR_THE_START = 40;
/** Bars that are left free for what comes. */
const RIGHT_BARS = 4;
const BAR_WIDTH_MIN = 6;
const BAR_WIDTH_MAX = 18;
const SCALE_WIDTH = 80;

interface Drawing {
  readonly chart: IChartApi;
  readonly candles: ISeriesApi<"Candlestick">;
  readonly volume: ISeriesApi<"Histogram">;
}

function time(bar: Bar): UTCTimestamp {
  return (bar.openMs / 1000) as UTCTimestamp;
}

function number(text: string): number {
  return forDrawing(decimal(text));
}

function candleOf(bar: Bar) {
  return {
    time: time(bar),
    open: number(bar.open),
    high: number(bar.high),
    low: number(bar.low),
    close: number(bar.close),
  };
}

function volumeOf(bar: Bar) {
  const isUp = decimal(bar.close) >= decimal(bar.open);
  return {
    time: time(bar),
    value: number(bar.volume),
    color: colour(isUp ? "up-faint" : "down-faint"),
  };
}

/** A price on the scale as prices are written everywhere else. */
function scaleText(price: number, places: number): string {
  return price.toLocaleString("en", {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
}

/** A market that is young shows its few bars broadly, one that is old shows many. */
function barWidth(box: HTMLElement, bars: number): number {
  const room = box.clientWidth - SCALE_WIDTH;
  return Math.max(BAR_WIDTH_MIN, Math.min(BAR_WIDTH_MAX, room / (bars + RIGHT_BARS)));
}

function draw(box: HTMLElement, market: Market): Drawing {
  const chart = createChart(box, {
    autoSize: true,
    layout: { fontFamily: getComputedStyle(box).fontFamily, fontSize: 11, attributionLogo: false },
    crosshair: { mode: CrosshairMode.Normal },
    timeScale: { timeVisible: true, secondsVisible: false, rightOffset: RIGHT_BARS },
    localization: {
      locale: "en-GB",
      priceFormatter: (price: number) => scaleText(price, market.pricePlaces),
    },
  });
  const format = {
    type: "price",
    precision: market.pricePlaces,
    minMove: forDrawing(market.price.step),
  } as const;
  const candles = chart.addSeries(CandlestickSeries, { priceFormat: format, borderVisible: false });
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: "volume",
    priceFormat: { type: "volume" },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.22 } });
  return { chart, candles, volume };
}

function paint({ chart, candles }: Drawing): void {
  const line = { color: colour("grid") };
  chart.applyOptions({
    layout: {
      background: { type: ColorType.Solid, color: colour("panel") },
      textColor: colour("muted"),
    },
    grid: { vertLines: line, horzLines: line },
    rightPriceScale: { borderColor: colour("border") },
    timeScale: { borderColor: colour("border") },
  });
  candles.applyOptions({
    upColor: colour("up"),
    downColor: colour("down"),
    wickUpColor: colour("up"),
    wickDownColor: colour("down"),
  });
}

export function CandleChart({
  market,
  interval,
}: {
  readonly market: Market;
  readonly interval: Interval;
}) {
  const exchange = useExchange();
  const theme = useTheme();
  const { symbol } = market;
  const makeFeed = useCallback(
    () => new BarFeed(symbol, interval, exchange.streams, exchange.api.bars),
    [symbol, interval, exchange],
  );
  const feed = useLiving(makeFeed);
  useFrames(feed?.news);
  const box = useRef<HTMLDivElement>(null);
  const hovered = useChart(box, feed, market, theme);
  const last = feed?.all[feed.all.length - 1];
  return (
    <>
      <Legend market={market} bar={hovered ?? last} />
      <div
        className="candles"
        ref={box}
        role="img"
        aria-label={`${texts.chart.label(symbol)}, ${interval}`}
      />
      <a className="chart-credit" href={texts.chart.creditAddress} rel="noreferrer" target="_blank">
        {texts.chart.credit}
      </a>
      {(!feed || feed.state === "loading") && <Loading />}
      {feed?.state === "failed" && (
        <Failed onRetry={() => void feed.load()}>{texts.chart.failed}</Failed>
      )}
      {feed?.state === "ready" && feed.all.length === 0 && <Empty>{texts.chart.empty}</Empty>}
    </>
  );
}

/** Draws the feed's bars into the box; returns the bar under the pointer. */
function useChart(
  box: React.RefObject<HTMLDivElement | null>,
  feed: BarFeed | undefined,
  market: Market,
  theme: Theme,
): Bar | undefined {
  const drawing = useRef<Drawing | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const shown = useRef(market);
  shown.current = market;

  useEffect(() => {
    if (!box.current || !feed) return;
    const made = draw(box.current, shown.current);
    drawing.current = made;
    paint(made);
    const show = (lastOnly: boolean) => {
      const last = feed.all[feed.all.length - 1];
      if (lastOnly && last) {
        made.candles.update(candleOf(last));
        made.volume.update(volumeOf(last));
      } else {
        made.candles.setData(feed.all.map(candleOf));
        made.volume.setData(feed.all.map(volumeOf));
      }
    };
    let isSpaced = false;
    const space = () => {
      if (isSpaced || feed.state !== "ready" || !box.current) return;
      isSpaced = true;
      made.chart.timeScale().applyOptions({ barSpacing: barWidth(box.current, feed.all.length) });
    };
    show(false);
    space();
    const leave = feed.news.add((news) => {
      show(news.lastOnly);
      space();
    });
    made.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < NEAR_THE_START) void feed.loadOlder();
    });
    made.chart.subscribeCrosshairMove(({ time: at }) => {
      setHovered(typeof at === "number" ? at * 1000 : null);
    });
    return () => {
      leave();
      drawing.current = null;
      made.chart.remove();
    };
  }, [feed, box]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours are painted anew
  useEffect(() => {
    const made = drawing.current;
    if (!made || !feed) return;
    paint(made);
    made.volume.setData(feed.all.map(volumeOf));
  }, [theme, feed]);

  return feed?.all.find((bar) => bar.openMs === hovered);
}

function Legend({ market, bar }: { readonly market: Market; readonly bar: Bar | undefined }) {
  if (!bar) return null;
  const tone = decimal(bar.close) >= decimal(bar.open) ? "up" : "down";
  const figures = [
    [texts.chart.open, priceText(market, bar.open)],
    [texts.chart.high, priceText(market, bar.high)],
    [texts.chart.low, priceText(market, bar.low)],
    [texts.chart.close, priceText(market, bar.close)],
    [texts.chart.volume, amountText(market, bar.volume)],
  ];
  return (
    <p className="legend">
      {figures.map(([name, value]) => (
        <span key={name}>
          {name} <b className={`is-${tone}`}>{value}</b>
        </span>
      ))}
    </p>
  );
}
