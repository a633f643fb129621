import { describe, expect, test } from "vitest";
import { type Bar, BarFeed, mergeBars, type RawKline } from "../../src/data/bars";
import { csvText } from "../../src/data/csv";
import { answered } from "../../src/data/problems";
import { StreamClient } from "../../src/data/streams";
import { mergeTrades, TapeFeed, type TapeTrade } from "../../src/data/tape";
import { TickerFeed } from "../../src/data/tickers";
import { settled, World } from "./world";

function scene() {
  const world = new World();
  const streams = new StreamClient("ws://x/stream", world);
  streams.start();
  world.socket.accept();
  const run = () => {
    world.pass(50);
    const { id } = world.socket.request("SUBSCRIBE");
    world.socket.say({ result: null, id });
  };
  return { world, streams, run };
}

const kline = (openMs: number, close: string): RawKline => [openMs, "1", "2", "0.5", close, "9"];
const bar = (openMs: number, close: string): Bar => ({
  openMs,
  open: "1",
  high: "2",
  low: "0.5",
  close,
  volume: "9",
});
const live = (openMs: number, close: string) => ({
  stream: "btcusd@kline_1m",
  data: { k: { t: openMs, o: "1", h: "2", l: "0.5", c: close, v: "9" } },
});

describe("bars", () => {
  test("the fresher of two runs counts", () => {
    const merged = mergeBars([bar(1, "a"), bar(2, "a")], [bar(2, "b"), bar(3, "b")]);
    expect(merged.map((one) => one.openMs + one.close)).toEqual(["1a", "2b", "3b"]);
    expect(mergeBars([bar(1, "a")], [])).toEqual([bar(1, "a")]);
  });

  test("history, then live, then older ones until there are no more", async () => {
    const { world, streams, run } = scene();
    const answers = [[kline(60, "1")], [kline(60, "1"), kline(120, "1")], [kline(0, "1")], []];
    const ends: (number | undefined)[] = [];
    const feed = new BarFeed("BTCUSD", "1m", streams, (_symbol, _interval, end) => {
      ends.push(end);
      return Promise.resolve(answered(answers.shift() ?? []));
    });
    const lastOnly: boolean[] = [];
    feed.news.add((news) => lastOnly.push(news.lastOnly));
    await settled();
    run();
    await settled();
    world.socket.say(live(120, "7"));
    world.socket.say(live(180, "8"));
    world.socket.say(live(120, "late"));
    await feed.loadOlder();
    await feed.loadOlder();
    await feed.loadOlder();

    expect(feed.all.map((one) => [one.openMs, one.close])).toEqual([
      [0, "1"],
      [60, "1"],
      [120, "7"],
      [180, "8"],
    ]);
    expect(lastOnly).toEqual([false, false, true, true, false]);
    expect(ends).toEqual([undefined, undefined, 59, -1]);
  });

  test("after a long interruption the old run is dropped, not joined with a hole", async () => {
    const { streams, run } = scene();
    const answers = [[kline(0, "1"), kline(60, "1")], [kline(600, "1")]];
    const feed = new BarFeed("BTCUSD", "1m", streams, () =>
      Promise.resolve(answered(answers.shift() ?? [])),
    );
    await settled();
    run();
    await settled();

    expect(feed.all.map((one) => one.openMs)).toEqual([600]);
  });
});

describe("the tape", () => {
  const trade = (id: number): TapeTrade => ({
    id,
    price: "1",
    quantity: "1",
    timeMs: id,
    isSell: false,
  });

  test("holds each trade once, newest first, and only so many", () => {
    const ids = (known: number[], more: number[]) =>
      mergeTrades(known.map(trade), more.map(trade), 3).map((one) => one.id);
    expect(ids([3, 2, 1], [4])).toEqual([4, 3, 2]);
    expect(ids([3, 2, 1], [3])).toEqual([3, 2, 1]);
    expect(ids([5], [4, 6])).toEqual([6, 5, 4]);
  });

  test("takes history and live together", async () => {
    const { world, streams, run } = scene();
    const raw = { id: 1, price: "9", qty: "2", time: 5, isBuyerMaker: true };
    const tape = new TapeFeed("BTCUSD", streams, () => Promise.resolve(answered([raw])));
    run();
    world.socket.say({
      stream: "btcusd@trade",
      data: { t: 2, p: "8", q: "1", T: 6, m: false },
    });
    await settled();

    expect(tape.trades.map((one) => [one.id, one.isSell])).toEqual([
      [2, false],
      [1, true],
    ]);
  });
});

test("tickers: all at first, then those that changed", async () => {
  const { world, streams, run } = scene();
  const raw = (symbol: string, lastPrice: string) => ({
    symbol,
    lastPrice,
    priceChange: "0",
    priceChangePercent: "0",
    highPrice: "0",
    lowPrice: "0",
    volume: "0",
    quoteVolume: "0",
  });
  const feed = new TickerFeed(streams, () =>
    Promise.resolve(answered([raw("A", "1"), raw("B", "1")])),
  );
  run();
  await settled();
  const zero = { p: "0", P: "0", h: "0", l: "0", v: "0", q: "0" };
  world.socket.say({ stream: "!ticker@arr", data: [{ s: "B", c: "2", ...zero }] });

  expect([...feed.tickers.values()].map((one) => one.symbol + one.last)).toEqual(["A1", "B2"]);
});

test("a table for a spreadsheet runs nothing and keeps its cells", () => {
  expect(
    csvText(
      ["a", "b"],
      [
        ["=1+1", 'say "x"'],
        ["-5.5", "1,2"],
        ["@x", "plain"],
      ],
    ),
  ).toBe('a,b\r\n\'=1+1,"say ""x"""\r\n-5.5,"1,2"\r\n\'@x,plain\r\n');
});
