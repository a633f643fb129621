import { describe, expect, test } from "vitest";
import { decimal, plainDecimal } from "../../src/data/decimal";
import {
  DepthBook,
  DepthFeed,
  type DepthSnapshot,
  type DepthUpdate,
  grouped,
  type Level,
  type RawLevel,
} from "../../src/data/depth";
import { groupingSteps, type Market } from "../../src/data/markets";
import { answered, type Result } from "../../src/data/problems";
import { StreamClient } from "../../src/data/streams";
import { refused, settled, World } from "./world";

function update(U: number, u: number, b: RawLevel[] = [], a: RawLevel[] = []): DepthUpdate {
  return { U, u, b, a };
}

function snapshot(lastUpdateId: number): DepthSnapshot {
  return {
    lastUpdateId,
    bids: [
      ["100", "1"],
      ["99", "2"],
    ],
    asks: [
      ["101", "3"],
      ["102", "4"],
    ],
  };
}

function texts(levels: readonly Level[]): string[] {
  return levels.map((level) => `${plainDecimal(level.price)}x${plainDecimal(level.quantity)}`);
}

describe("a book", () => {
  test("keeps differences until the snapshot and applies what it lacks", () => {
    const book = new DepthBook();
    expect(book.update(update(4, 5, [["100", "9"]]))).toBe("keep");
    expect(book.update(update(6, 7, [["100.5", "1"]], [["101", "0"]]))).toBe("keep");
    expect(book.isLive).toBe(false);

    expect(book.snapshot(snapshot(5))).toBe("changed");

    expect(texts(book.bids)).toEqual(["100.5x1", "100x1", "99x2"]);
    expect(texts(book.asks)).toEqual(["102x4"]);
    expect(book.lastUpdateId).toBe(7);
  });

  test("a snapshot older than the first difference is not enough", () => {
    const book = new DepthBook();
    book.update(update(10, 12));

    expect(book.snapshot(snapshot(8))).toBe("fetch");
    expect(book.isLive).toBe(false);
    expect(book.snapshot(snapshot(11))).toBe("changed");
    expect(book.lastUpdateId).toBe(12);
  });

  test("a hole between kept differences asks for a snapshot that covers it", () => {
    const book = new DepthBook();
    book.update(update(5, 6));
    book.update(update(8, 9, [["98", "5"]]));

    expect(book.snapshot(snapshot(5))).toBe("fetch");
    expect(book.snapshot(snapshot(7))).toBe("changed");
    expect(texts(book.bids)).toEqual(["100x1", "99x2", "98x5"]);
  });

  test("what it has already is passed over, a gap throws it away", () => {
    const book = new DepthBook();
    book.snapshot(snapshot(5));

    expect(book.update(update(3, 5, [["100", "77"]]))).toBe("keep");
    expect(texts(book.bids)[0]).toBe("100x1");
    expect(book.update(update(5, 6, [["100", "7"]]))).toBe("changed");
    expect(texts(book.bids)[0]).toBe("100x7");
    expect(book.update(update(8, 8))).toBe("fetch");
    expect(book.isLive).toBe(false);
    expect(book.snapshot(snapshot(7))).toBe("changed");
    expect(book.lastUpdateId).toBe(8);
  });

  test("removing what is not there changes nothing", () => {
    const book = new DepthBook();
    book.snapshot(snapshot(5));
    book.update(update(6, 6, [["98.5", "0"]], [["200", "0"]]));

    expect(texts(book.bids)).toEqual(["100x1", "99x2"]);
    expect(texts(book.asks)).toEqual(["101x3", "102x4"]);
  });

  test("any order of updates leaves both sides sorted", () => {
    const book = new DepthBook();
    book.snapshot({ lastUpdateId: 0, bids: [], asks: [] });
    let seed = 7;
    for (let id = 1; id <= 500; id += 1) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      const price = String(1 + (seed % 50));
      const quantity = String(seed % 3);
      book.update(update(id, id, [[price, quantity]], [[price, quantity]]));
    }
    const prices = (levels: readonly Level[]) => levels.map((level) => Number(level.price));
    expect(prices(book.bids)).toEqual([...new Set(prices(book.bids))].sort((a, b) => b - a));
    expect(prices(book.asks)).toEqual([...new Set(prices(book.asks))].sort((a, b) => a - b));
    expect(book.bids.length).toBeGreaterThan(10);
  });
});

test("grouping never makes a price better than it is", () => {
  const levels = (raw: RawLevel[]) =>
    raw.map(([price, quantity]) => ({ price: decimal(price), quantity: decimal(quantity) }));
  const step = decimal("10");
  const bids = levels([
    ["109", "1"],
    ["101", "2"],
    ["99", "4"],
  ]);
  const asks = levels([
    ["101", "1"],
    ["110", "2"],
    ["111", "4"],
  ]);
  expect(texts(grouped(bids, "bid", step, 10))).toEqual(["100x3", "90x4"]);
  expect(texts(grouped(asks, "ask", step, 10))).toEqual(["110x3", "120x4"]);
  expect(texts(grouped(asks, "ask", step, 1))).toEqual(["110x3"]);
});

describe("grouping by any step that is offered", () => {
  /** Numbers by chance, the same each time: the seed of a failure is in its name. */
  function chance(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
    };
  }

  /** A market and a book of it: levels at any ticks, close together and far apart. */
  function randomBook(seed: number) {
    const draw = chance(seed);
    const tick = decimal(["0.01", "0.00001", "1", "0.5", "0.25"][draw(5)] ?? "1");
    const middle = 20_000 + draw(5_000_000);
    const side = (direction: bigint): Level[] => {
      const levels: Level[] = [];
      let price = BigInt(middle) * tick + (direction > 0n ? tick : 0n);
      for (let left = draw(60); left > 0; left -= 1) {
        const quantity = decimal(`${draw(50)}.${String(1 + draw(99_999)).padStart(5, "0")}`);
        if (price > 0n) levels.push({ price, quantity });
        price += direction * tick * BigInt(1 + draw(draw(4) === 0 ? 4_000 : 12));
      }
      return levels;
    };
    const steps = groupingSteps({ price: { step: tick } } as Market);
    return { steps, bids: side(-1n), asks: side(1n) };
  }

  const total = (levels: readonly Level[]) =>
    levels.reduce((sum, { quantity }) => sum + quantity, 0n);

  test.each(Array.from({ length: 200 }, (_, seed) => seed))("book %i", (seed) => {
    const { steps, bids, asks } = randomBook(seed);
    expect(steps).toHaveLength(7);
    for (const step of steps) {
      const whole = {
        bid: grouped(bids, "bid", step, Number.POSITIVE_INFINITY),
        ask: grouped(asks, "ask", step, Number.POSITIVE_INFINITY),
      };
      for (const [side, levels] of [
        ["bid", bids],
        ["ask", asks],
      ] as const) {
        const groups = whole[side];
        expect(total(groups)).toBe(total(levels));
        for (const [at, { price, quantity }] of groups.entries()) {
          expect(price % step).toBe(0n);
          // Whoever sells to a bid gets its price or more, whoever buys an ask pays it or less.
          const its = levels.filter((level) =>
            side === "bid"
              ? level.price >= price && level.price < price + step
              : level.price <= price && level.price > price - step,
          );
          expect(its.length).toBeGreaterThan(0);
          expect(quantity).toBe(total(its));
          const next = groups[at + 1]?.price;
          if (next !== undefined) expect(side === "bid" ? next < price : next > price).toBe(true);
        }
        for (const count of [0, 1, 7]) {
          expect(grouped(levels, side, step, count)).toEqual(groups.slice(0, count));
        }
      }
      const [bid, ask] = [whole.bid[0], whole.ask[0]];
      if (bid && ask) expect(bid.price < ask.price).toBe(true);
    }
    expect(grouped(bids, "bid", steps[0] ?? 1n, bids.length)).toEqual(bids);
    expect(grouped(asks, "ask", steps[0] ?? 1n, asks.length)).toEqual(asks);
  });
});

describe("a feed", () => {
  function scene(answers: Result<DepthSnapshot>[]) {
    const world = new World();
    const streams = new StreamClient("ws://x/stream", world);
    const asked: string[] = [];
    const feed = new DepthFeed(
      "BTCUSD",
      streams,
      (symbol) => {
        asked.push(symbol);
        return Promise.resolve(answers.shift() ?? refused(-1000, "none left"));
      },
      world,
    );
    streams.start();
    world.socket.accept();
    world.pass(50);
    const confirm = () =>
      world.socket.say({ result: null, id: world.socket.request("SUBSCRIBE").id });
    const say = (data: DepthUpdate) => world.socket.say({ stream: "btcusd@depth@100ms", data });
    return { world, feed, asked, confirm, say };
  }

  test("asks for the snapshot once the stream runs", async () => {
    const { feed, asked, confirm, say } = scene([answered(snapshot(5))]);
    expect(asked).toEqual([]);
    confirm();
    say(update(6, 6, [["100", "5"]]));
    await settled();

    expect(asked).toEqual(["BTCUSD"]);
    expect(texts(feed.book.bids)[0]).toBe("100x5");
  });

  test("tries again a second after a refusal", async () => {
    const { world, feed, confirm } = scene([refused(-1008, "busy"), answered(snapshot(5))]);
    confirm();
    await settled();
    expect(feed.book.isLive).toBe(false);
    world.pass(1_000);
    await settled();

    expect(feed.book.isLive).toBe(true);
  });

  test("a reconnection starts from a new snapshot", async () => {
    const { world, feed, asked, confirm, say } = scene([
      answered(snapshot(5)),
      answered(snapshot(50)),
    ]);
    confirm();
    await settled();
    world.socket.breakOff();
    expect(feed.book.isLive).toBe(false);
    world.pass(1_000);
    world.socket.accept();
    confirm();
    say(update(51, 51, [["100", "8"]]));
    await settled();

    expect(asked.length).toBe(2);
    expect(feed.book.lastUpdateId).toBe(51);
    expect(texts(feed.book.bids)[0]).toBe("100x8");
  });

  test("a closed feed takes no late answer", async () => {
    const { feed, confirm } = scene([answered(snapshot(5))]);
    confirm();
    feed.close();
    await settled();

    expect(feed.book.isLive).toBe(false);
  });
});
