/** The live book: grouped, with a bar for each level's size, and own orders marked. */

import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import {
  ceilTo,
  decimal,
  divide,
  floorTo,
  forDrawing,
  maximum,
  plainDecimal,
  readableDecimal,
} from "../../data/decimal";
import { type DepthFeed, grouped, type Level } from "../../data/depth";
import { groupingSteps, type Market } from "../../data/markets";
import { type Orders, openOrders } from "../../data/orders";
import { amountText, priceText } from "../../format";
import { useAccount, useFrames, useTickers } from "../../hooks";
import { remember, remembered } from "../../preferences";
import { texts } from "../../texts/en";
import { SelectField } from "../../ui/field";
import { Icon } from "../../ui/icons";
import { Empty, Loading } from "../../ui/states";

const ROW_HEIGHT = 18;
const ROWS_MIN = 5;
const ROWS_MAX = 40;

interface Row {
  readonly side: "bid" | "ask";
  readonly level: Level;
  readonly sum: bigint;
}

function rowsOf(side: Row["side"], levels: readonly Level[]): Row[] {
  let sum = 0n;
  return levels.map((level) => {
    sum += level.quantity;
    return { side, level, sum };
  });
}

/** How many levels of each side fit into the room that the book has. */
function useFittingRows(box: React.RefObject<HTMLElement | null>): number {
  const [rows, setRows] = useState(12);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      const height = entry?.contentRect.height ?? 0;
      const fitting = Math.floor((height - 36) / 2 / ROW_HEIGHT);
      setRows(Math.max(ROWS_MIN, Math.min(ROWS_MAX, fitting)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return rows;
}

/** Prices, grouped as the book is, at which own orders wait. */
function useOwnPrices(market: Market, orders: Orders, step: bigint): ReadonlySet<string> {
  return useMemo(() => {
    const own = openOrders(orders).filter((order) => order.symbol === market.symbol);
    return new Set(
      own.map((order) => {
        const price = decimal(order.price);
        return order.side === "BUY" ? `bid${floorTo(price, step)}` : `ask${ceilTo(price, step)}`;
      }),
    );
  }, [market.symbol, orders, step]);
}

export function OrderBook({
  market,
  depth,
  onPick,
}: {
  readonly market: Market;
  readonly depth: DepthFeed | undefined;
  readonly onPick: (price: string) => void;
}) {
  const steps = groupingSteps(market);
  const [step, setStep] = useState<bigint>(() => {
    const known = remembered(`grouping.${market.symbol}`);
    return steps.find((each) => plainDecimal(each) === known) ?? market.price.step;
  });
  function group(text: string): void {
    remember(`grouping.${market.symbol}`, text);
    setStep(decimal(text));
  }
  return (
    <section className="panel book" aria-label={texts.book.title}>
      <div className="panel-head">
        <h2>{texts.book.title}</h2>
        <SelectField
          label={texts.book.grouping}
          isLabelHidden
          value={plainDecimal(step)}
          options={steps.map((each) => ({ value: plainDecimal(each), label: plainDecimal(each) }))}
          onChoose={group}
        />
      </div>
      <div className="book-row book-head" aria-hidden="true">
        <span>{texts.book.price(market.quote)}</span>
        <span>{texts.book.amount(market.base)}</span>
        <span>{texts.book.sum}</span>
      </div>
      <BookBody market={market} depth={depth} step={step} onPick={onPick} />
    </section>
  );
}

function BookBody({
  market,
  depth,
  step,
  onPick,
}: {
  readonly market: Market;
  readonly depth: DepthFeed | undefined;
  readonly step: bigint;
  readonly onPick: (price: string) => void;
}) {
  useFrames(depth?.changes);
  const box = useRef<HTMLDivElement>(null);
  const count = useFittingRows(box);
  const account = useAccount();
  const own = useOwnPrices(market, account.orders, step);
  const [active, setActive] = useState<number | null>(null);

  const book = depth?.book;
  const isLive = book?.isLive === true;
  const bids = isLive ? rowsOf("bid", grouped(book.bids, "bid", step, count)) : [];
  const asks = isLive ? rowsOf("ask", grouped(book.asks, "ask", step, count)) : [];
  const rows = [...asks.toReversed(), ...bids];
  const largest = [bids, asks].map((side) => side[side.length - 1]?.sum ?? 0n).reduce(maximum, 1n);

  function key(event: KeyboardEvent): void {
    const moves: Record<string, number> = { ArrowUp: -1, ArrowDown: 1 };
    const move = moves[event.key];
    if (move !== undefined) {
      const from = active ?? (move > 0 ? asks.length - 1 : asks.length);
      setActive(Math.max(0, Math.min(rows.length - 1, from + move)));
    } else if ((event.key === "Enter" || event.key === " ") && active !== null) {
      const row = rows[active];
      if (row) onPick(plainDecimal(row.level.price));
    } else if (event.key === "Escape") setActive(null);
    else return;
    event.preventDefault();
  }
  const draw = (row: Row, index: number) => (
    <BookRow
      key={`${row.side}${row.level.price}`}
      market={market}
      row={row}
      share={forDrawing(row.sum) / forDrawing(largest)}
      isOwn={own.has(`${row.side}${row.level.price}`)}
      isActive={index === active}
      onPick={onPick}
    />
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: no element groups rows that keys walk through
    <div
      className="book-body"
      ref={box}
      role="group"
      aria-label={`${texts.book.title}. ${texts.book.keys}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys walk through its rows
      tabIndex={0}
      onKeyDown={key}
      onBlur={() => setActive(null)}
      data-update-id={book?.lastUpdateId ?? ""}
    >
      {!isLive && <Loading />}
      {isLive && rows.length === 0 && <Empty>{texts.book.empty}</Empty>}
      <div className="book-side is-asks">{asks.toReversed().map((row, i) => draw(row, i))}</div>
      {isLive && rows.length > 0 && <Middle market={market} bids={bids} asks={asks} />}
      <div className="book-side is-bids">{bids.map((row, i) => draw(row, asks.length + i))}</div>
    </div>
  );
}

function BookRow({
  market,
  row,
  share,
  isOwn,
  isActive,
  onPick,
}: {
  readonly market: Market;
  readonly row: Row;
  readonly share: number;
  readonly isOwn: boolean;
  readonly isActive: boolean;
  readonly onPick: (price: string) => void;
}) {
  const { price, quantity } = row.level;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the body's
    // biome-ignore lint/a11y/noStaticElementInteractions: likewise
    <div
      className={`book-row is-${row.side}${isActive ? " is-active" : ""}${isOwn ? " is-own" : ""}`}
      data-side={row.side}
      data-price={plainDecimal(price)}
      data-quantity={plainDecimal(quantity)}
      onClick={() => onPick(plainDecimal(price))}
    >
      <span className="book-bar" style={{ transform: `scaleX(${share.toFixed(3)})` }} />
      <span className={row.side === "bid" ? "is-up" : "is-down"}>
        {isOwn && (
          <span
            className="own-mark"
            role="img"
            aria-label={texts.book.own}
            title={texts.book.own}
          />
        )}
        {priceText(market, price)}
      </span>
      <span>{amountText(market, quantity)}</span>
      <span>{amountText(market, row.sum)}</span>
    </div>
  );
}

/** Where the last price came from: up or down from the one before that was not the same. */
function useDirection(last: string | undefined): "up" | "down" | "flat" {
  const [seen, setSeen] = useState<{ last: string | undefined; direction: "up" | "down" | "flat" }>(
    { last, direction: "flat" },
  );
  useEffect(() => {
    if (last === undefined) return;
    setSeen((before) => {
      if (before.last === last) return before;
      if (before.last === undefined) return { last, direction: "flat" };
      return { last, direction: decimal(last) > decimal(before.last) ? "up" : "down" };
    });
  }, [last]);
  return seen.direction;
}

function Middle({
  market,
  bids,
  asks,
}: {
  readonly market: Market;
  readonly bids: readonly Row[];
  readonly asks: readonly Row[];
}) {
  const ticker = useTickers().get(market.symbol);
  const [bid, ask] = [bids[0]?.level.price, asks[0]?.level.price];
  const spread = bid !== undefined && ask !== undefined ? ask - bid : null;
  const direction = useDirection(ticker?.last);
  return (
    <div className="book-middle">
      <b className={`is-${direction}`}>
        {ticker ? priceText(market, ticker.last) : "–"}
        {direction !== "flat" && <Icon name={direction === "up" ? "rise" : "fall"} />}
      </b>
      {spread !== null && bid !== undefined && (
        <small>
          {texts.book.spread} {priceText(market, spread)} (
          {readableDecimal(divide(spread * 100n, bid), 3)}%)
        </small>
      )}
    </div>
  );
}
