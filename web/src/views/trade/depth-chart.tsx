/** What is bid and offered, summed up from the middle outwards. */

import { useId } from "react";
import { decimal, forDrawing, maximum, minimum } from "../../data/decimal";
import type { DepthFeed, Level } from "../../data/depth";
import type { Market } from "../../data/markets";
import { amountText, priceText } from "../../format";
import { useFrames } from "../../hooks";
import { texts } from "../../texts/en";
import { Empty, Loading } from "../../ui/states";

const WIDTH = 1000;
const HEIGHT = 400;
/** Levels of each side: so many that the shape shows, so few that the middle is not a needle. */
const LEVELS = 120;

interface Point {
  readonly price: bigint;
  readonly sum: bigint;
}

function summed(levels: readonly Level[]): Point[] {
  let sum = 0n;
  return levels.slice(0, LEVELS).map(({ price, quantity }) => {
    sum += quantity;
    return { price, sum };
  });
}

/** Steps from the best price outwards, closed at the bottom. */
function area(points: readonly Point[], x: (price: bigint) => number, y: (sum: bigint) => number) {
  const first = points[0];
  const last = points[points.length - 1];
  if (!first || !last) return "";
  let path = `M${x(first.price)} ${HEIGHT}`;
  for (const point of points) path += `H${x(point.price)}V${y(point.sum)}`;
  return `${path}V${HEIGHT}Z`;
}

export function DepthChart({
  market,
  depth,
}: {
  readonly market: Market;
  readonly depth: DepthFeed | undefined;
}) {
  useFrames(depth?.changes);
  const title = useId();
  if (!depth?.book.isLive) return <Loading />;
  const bids = summed(depth.book.bids);
  const asks = summed(depth.book.asks);
  const [bestBid, bestAsk] = [bids[0]?.price, asks[0]?.price];
  const middle =
    bestBid !== undefined && bestAsk !== undefined
      ? (bestBid + bestAsk) / 2n
      : (bestBid ?? bestAsk);
  if (middle === undefined) return <Empty>{texts.chart.depthEmpty}</Empty>;

  // As far to either side as the shorter side goes: the other one would be drawn beside a void.
  const reaches = [bids, asks]
    .flatMap((side) => side[side.length - 1]?.price ?? [])
    .map((price) => (price > middle ? price - middle : middle - price));
  const reach = maximum(reaches.reduce(minimum, reaches[0] ?? 0n), decimal("0.00000001"));
  const [shownBids, shownAsks] = [bids, asks].map((side) =>
    side.filter(({ price }) => price >= middle - reach && price <= middle + reach),
  ) as [Point[], Point[]];
  const bidSum = shownBids[shownBids.length - 1]?.sum ?? 0n;
  const askSum = shownAsks[shownAsks.length - 1]?.sum ?? 0n;
  const highest = maximum(bidSum, askSum);
  const x = (price: bigint) =>
    Math.round(WIDTH / 2 + (forDrawing(price - middle) / forDrawing(reach)) * (WIDTH / 2));
  const y = (sum: bigint) =>
    Math.round(HEIGHT - (forDrawing(sum) / forDrawing(highest)) * HEIGHT * 0.9);
  const label = texts.chart.depthLabel(
    amountText(market, bidSum),
    amountText(market, askSum),
    market.base,
  );
  return (
    <div className="depth">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-labelledby={title}>
        <title id={title}>{label}</title>
        <path className="depth-bids" d={area(shownBids, x, y)} />
        <path className="depth-asks" d={area(shownAsks, x, y)} />
      </svg>
      <p className="depth-scale">
        <span>{priceText(market, middle > reach ? middle - reach : 0n)}</span>
        <b>{priceText(market, middle)}</b>
        <span>{priceText(market, middle + reach)}</span>
      </p>
      <p className="depth-sums">
        <span className="is-up">
          {texts.book.bids} {amountText(market, bidSum)} {market.base}
        </span>
        <span className="is-down">
          {texts.book.asks} {amountText(market, askSum)} {market.base}
        </span>
      </p>
    </div>
  );
}
