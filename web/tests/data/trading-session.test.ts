import { describe, expect, test } from "vitest";
import { AccountFeed } from "../../src/data/account-feed";
import { openOrders } from "../../src/data/orders";
import { answered, failed, houseProblem, type Result } from "../../src/data/problems";
import { TradingSession } from "../../src/data/trading-session";
import { settled, World } from "./world";

const ORDER = {
  symbol: "BTCUSD",
  orderId: 7,
  clientOrderId: "mine",
  price: "100",
  origQty: "2",
  executedQty: "0",
  cummulativeQuoteQty: "0",
  status: "NEW",
  timeInForce: "GTC",
  type: "LIMIT",
  side: "BUY",
  time: 1000,
  updateTime: 1000,
};

function report(changes: Record<string, unknown>) {
  return {
    e: "executionReport",
    s: "BTCUSD",
    c: "mine",
    C: "",
    S: "BUY",
    o: "LIMIT",
    f: "GTC",
    q: "2",
    p: "100",
    P: "0",
    F: "0",
    x: "NEW",
    X: "NEW",
    r: "NONE",
    i: 7,
    l: "0",
    z: "0",
    L: "0",
    n: "0",
    N: null,
    T: 1000,
    t: -1,
    m: false,
    O: 1000,
    Z: "0",
    Y: "0",
    ...changes,
  };
}

function trade(id: number, filled: string, timeMs: number, status = "PARTIALLY_FILLED") {
  const changes = { x: "TRADE", X: status, l: "1", L: "100", Y: "100", n: "0.001", N: "BTC" };
  return report({ ...changes, z: filled, T: timeMs, t: id });
}

class Scene {
  readonly world = new World();
  tickets: Result<{ ticket: string }>[] = [];
  readonly session = new TradingSession({
    url: "ws://x/ws-api/v3",
    surroundings: this.world,
    ticket: () => Promise.resolve(this.tickets.shift() ?? answered({ ticket: "t" })),
  });
  readonly account = new AccountFeed(this.session);

  async answer(method: string, result: unknown): Promise<void> {
    const { id } = this.world.socket.request(method);
    this.world.socket.say({ id, status: 200, result });
    await settled();
  }

  async logOn(orders: unknown[] = [], balances: unknown[] = []): Promise<void> {
    this.world.socket.accept();
    await settled();
    await this.answer("session.ticket", {});
    await this.answer("time", { serverTime: this.world.nowMs() + 5_000 });
    await this.answer("userDataStream.subscribe", { subscriptionId: 0 });
    await this.answer("openOrders.status", orders);
    await this.answer("account.status", { balances });
  }

  event(event: unknown): void {
    this.world.socket.say({ subscriptionId: 0, event });
  }
}

async function ready(orders: unknown[] = [], balances: unknown[] = []): Promise<Scene> {
  const scene = new Scene();
  scene.session.start();
  await scene.logOn(orders, balances);
  return scene;
}

describe("the session", () => {
  test("logs on by ticket, then everything carries the exchange's time", async () => {
    const { world, session, account } = await ready(
      [ORDER],
      [{ asset: "USD", free: "5", locked: "1" }],
    );

    expect(session.state).toBe("ready");
    expect(world.socket.request("session.ticket").params).toEqual({ ticket: "t" });
    expect(world.socket.request("account.status").params).toEqual({
      timestamp: world.nowMs() + 5_000,
      recvWindow: 10_000,
    });
    expect(openOrders(account.view.orders).map((order) => order.orderId)).toEqual([7]);
    expect(account.view.balances.get("USD")?.held).toBe(10n ** 18n);
  });

  test("without a session of ours it stays away", async () => {
    const scene = new Scene();
    const problem = houseProblem(401, { title: "Sign in", code: "SIGNED_OUT" });
    if (!problem) throw new Error("no problem");
    scene.tickets = [failed(problem)];
    scene.session.start();
    scene.world.socket.accept();
    await settled();
    scene.world.pass(100_000);

    expect(scene.session.state).toBe("signed-out");
    expect(scene.world.sockets.length).toBe(1);
    scene.session.start();
    await scene.logOn();
    expect(scene.session.state).toBe("ready");
  });

  test("a ticket that was refused is asked for again", async () => {
    const scene = new Scene();
    scene.session.start();
    scene.world.socket.accept();
    await settled();
    const { id } = scene.world.socket.request("session.ticket");
    scene.world.socket.say({ id, status: 401, error: { code: -2015, msg: "Invalid" } });
    await settled();
    expect(scene.session.state).toBe("waiting");
    scene.world.pass(1_000);
    await scene.logOn();

    expect(scene.session.state).toBe("ready");
  });

  test("what is under way when it breaks has an unknown outcome", async () => {
    const { world, session } = await ready();
    const call = session.call("account.commission", { symbol: "BTCUSD" });
    world.socket.breakOff();
    const result = await call;

    expect(result.ok || result.problem.kind).toBe("lost");
    expect(await session.call("ping")).toMatchObject({ ok: false, problem: { kind: "offline" } });
  });

  test("silence is not taken for a break, unless somebody asks and nothing answers", async () => {
    const { world, session } = await ready();
    world.pass(600_000);
    expect(session.state).toBe("ready");
    session.check();
    world.socket.say({ id: 0, status: 200, result: {} });
    world.pass(60_000);
    expect(session.state).toBe("ready");
    expect(world.sockets.length).toBe(1);
    session.check();
    world.pass(10_000);

    expect(session.state).toBe("waiting");
  });

  test("a call without an answer ends", async () => {
    const { world, session } = await ready();
    const call = session.call("account.commission");
    world.pass(10_000);

    expect(await call).toMatchObject({ ok: false, problem: { kind: "lost" } });
  });
});

describe("own orders and balances", () => {
  test("follow the reports", async () => {
    const { account, event } = await ready([ORDER]).then((scene) => ({
      account: scene.account,
      event: scene.event.bind(scene),
    }));
    const news: string[] = [];
    account.news.add((one) => news.push(one.kind));
    event(trade(1, "1", 2000));
    expect(openOrders(account.view.orders)[0]?.executed).toBe("1");
    event(trade(1, "1", 2000));
    event(trade(2, "2", 3000, "FILLED"));
    event({ e: "outboundAccountPosition", u: 3000, B: [{ a: "BTC", f: "2", l: "0" }] });

    expect(openOrders(account.view.orders)).toEqual([]);
    expect(account.view.fills.size).toBe(2);
    expect(news).toEqual(["fill", "fill"]);
    expect(account.view.balances.get("BTC")?.free).toBe(2n * 10n ** 18n);
  });

  test("an older report does not bring back what is done", async () => {
    const scene = await ready([ORDER]);
    scene.event(report({ x: "CANCELED", X: "CANCELED", C: "mine", c: "x", T: 5000 }));
    scene.event(trade(1, "1", 2000));

    expect(openOrders(scene.account.view.orders)).toEqual([]);
    expect(scene.account.view.orders.get(7)?.clientOrderId).toBe("mine");
  });

  test("after a reconnection what ended meanwhile is gone, and nothing is doubled", async () => {
    const scene = await ready([ORDER, { ...ORDER, orderId: 8 }]);
    scene.world.socket.breakOff();
    scene.world.pass(1_000);
    scene.world.socket.accept();
    await settled();
    await scene.answer("session.ticket", {});
    await scene.answer("time", { serverTime: scene.world.nowMs() });
    await scene.answer("userDataStream.subscribe", { subscriptionId: 0 });
    scene.event(trade(3, "1", 6000));
    await scene.answer("openOrders.status", [{ ...ORDER, executedQty: "1", updateTime: 6000 }]);
    await scene.answer("account.status", { balances: [] });

    const open = openOrders(scene.account.view.orders);
    expect(open.map((order) => [order.orderId, order.executed])).toEqual([[7, "1"]]);
    expect(scene.account.view.fills.size).toBe(1);
  });

  test("signing out forgets everything", async () => {
    const scene = await ready([ORDER], [{ asset: "USD", free: "5", locked: "1" }]);
    scene.session.stop();

    expect(scene.account.view.isLoaded).toBe(false);
    expect(scene.account.view.orders.size + scene.account.view.balances.size).toBe(0);
  });
});

describe("an order whose answer was lost", () => {
  async function lose(): Promise<{ scene: Scene; placing: Promise<Result<unknown>>; id: string }> {
    const scene = await ready();
    const placing = scene.account.place({ symbol: "BTCUSD", side: "BUY" });
    const sent = scene.world.socket.request("order.place").params as Record<string, string>;
    scene.world.socket.breakOff();
    await settled();
    scene.world.pass(1_000);
    await scene.logOn();
    return { scene, placing, id: sent.newClientOrderId ?? "" };
  }

  test("is looked for under its own id and found", async () => {
    const { scene, placing, id } = await lose();
    expect(scene.world.socket.request("order.status").params).toMatchObject({
      origClientOrderId: id,
    });
    await scene.answer("order.status", { ...ORDER, clientOrderId: id });

    expect(await placing).toMatchObject({ ok: true, value: { orderId: 7 } });
    expect(openOrders(scene.account.view.orders).length).toBe(1);
  });

  test("or was never placed, and says so", async () => {
    const { scene, placing } = await lose();
    const request = scene.world.socket.request("order.status");
    const error = { code: -2013, msg: "Order does not exist." };
    scene.world.socket.say({ id: request.id, status: 400, error });

    expect(await placing).toMatchObject({ ok: false, problem: { code: "NOT_PLACED" } });
  });
});
