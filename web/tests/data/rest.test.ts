import { describe, expect, test } from "vitest";
import { HouseApi } from "../../src/data/house-api";
import { apiProblem, problemOf } from "../../src/data/problems";
import { refusalOf } from "../../src/data/refusals";
import { RestClient } from "../../src/data/rest";
import { OwnChanges, SharedChanges, type TokenChanges } from "../../src/data/token-changes";

interface Asked {
  url: string;
  init: RequestInit;
}

function client(response: () => Response) {
  const asked: Asked[] = [];
  const rest = new RestClient({
    base: "http://x",
    fetch: (url, init = {}) => {
      asked.push({ url: String(url), init });
      return Promise.resolve().then(response);
    },
  });
  return { rest, asked };
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

/** What windows of one browser share: locks, first come first served, and storage. */
class Browser {
  private count = 0;
  private ends: { isShared: boolean; end: Promise<unknown> }[] = [];

  window(): TokenChanges {
    const locks = { request: this.request.bind(this) } as unknown as LockManager;
    const write = (count: number) => {
      this.count = count;
    };
    return new SharedChanges(locks, { read: () => this.count, write });
  }

  private request(_name: string, ...rest: unknown[]): Promise<unknown> {
    const act = rest.pop() as () => Promise<unknown>;
    const isShared = (rest[0] as LockOptions | undefined)?.mode === "shared";
    const before = this.ends.filter((one) => !(isShared && one.isShared)).map((one) => one.end);
    const end = before.length === 0 ? act() : Promise.all(before).then(act);
    this.ends.push({ isShared, end });
    return end;
  }
}

describe("calls", () => {
  test("reads have a query and no proof of origin", async () => {
    const { rest, asked } = client(() => json([1]));
    const result = await rest.get<number[]>("/a", { b: "c d", none: undefined, n: 3 });

    expect(result).toEqual({ ok: true, value: [1] });
    expect(asked[0]?.url).toBe("http://x/a?b=c+d&n=3");
    expect(asked[0]?.init.headers).not.toHaveProperty("X-Outcry-CSRF");
  });

  test("changes are JSON and carry the header that no form can send", async () => {
    const { rest, asked } = client(() => new Response(null, { status: 204 }));
    const result = await rest.post("/a", { b: 1 });

    expect(result).toEqual({ ok: true, value: undefined });
    expect(asked[0]?.init).toMatchObject({
      method: "POST",
      body: '{"b":1}',
      headers: { "X-Outcry-CSRF": "1", "Content-Type": "application/json" },
    });
  });

  test("a change without a body sends none", async () => {
    const { rest, asked } = client(() => json({}));
    await rest.post("/a");

    expect(asked[0]?.init).not.toHaveProperty("body");
    expect(asked[0]?.init.headers).not.toHaveProperty("Content-Type");
  });

  test("a refusal of the house is a value with its fields", async () => {
    const body = {
      title: "Not like this",
      detail: "",
      code: "WEAK_PASSWORD",
      errors: [{ field: "password", message: "too short" }],
    };
    const { rest } = client(() => json(body, 422, { "Retry-After": "7" }));

    expect(await rest.post("/a")).toEqual({
      ok: false,
      problem: {
        kind: "house",
        status: 422,
        code: "WEAK_PASSWORD",
        detail: "Not like this",
        fields: [{ field: "password", message: "too short" }],
        retryAfterSeconds: 7,
      },
    });
  });

  test.each([
    ["no network", () => Promise.reject(new TypeError("failed")), "offline"],
    ["a page instead of JSON", () => new Response("<html>"), "unreadable"],
    ["an error page", () => new Response("<html>", { status: 502 }), "unreadable"],
    [
      "no answer in time",
      () => Promise.reject(new DOMException("late", "TimeoutError")),
      "timeout",
    ],
  ])("%s is a value too", async (_name, response, kind) => {
    const { rest } = client(response as () => Response);

    expect(await rest.get("/a")).toMatchObject({ ok: false, problem: { kind } });
  });
});

describe("a session token that changes under way", () => {
  const SIGN_IN_FIRST = { title: "Sign in first", code: "SIGN_IN_FIRST" };
  const ME = "/x/v1/me";
  const STEP_UP = "/x/v1/auth/step-up/password";

  /** An exchange that answers when the test says so: `answer(path, body, status)`, the oldest first. */
  function exchange(changes: TokenChanges = new OwnChanges()) {
    const asked: string[] = [];
    const waiting: { path: string; settle: (response: Response) => void }[] = [];
    const rest = new RestClient({
      base: "",
      changes,
      fetch: (url) => {
        asked.push(String(url));
        return new Promise((settle) => waiting.push({ path: String(url), settle }));
      },
    });
    async function answer(path: string, body: unknown, status = 200): Promise<void> {
      const at = waiting.findIndex((one) => one.path === path);
      const [found] = at < 0 ? [] : waiting.splice(at, 1);
      if (!found) throw new Error(`nobody asked for ${path}`);
      found.settle(json(body, status));
      await new Promise((resolve) => setTimeout(resolve));
    }
    return { house: new HouseApi(rest), asked, answer };
  }

  test("a call that was refused after the change is made again", async () => {
    const { house, asked, answer } = exchange();
    const me = house.me();
    const proof = house.stepUpPassword("secret");
    await answer(STEP_UP, {});
    await answer(ME, SIGN_IN_FIRST, 401);
    await answer(ME, { email: "a@example.org" });

    expect(await proof).toMatchObject({ ok: true });
    expect(await me).toEqual({ ok: true, value: { email: "a@example.org" } });
    expect(asked).toEqual([ME, STEP_UP, ME]);
  });

  test("a refusal that comes before the new token waits for it", async () => {
    const { house, asked, answer } = exchange();
    const ticket = house.streamTicket();
    const proof = house.stepUpPassword("secret");
    await answer("/x/v1/stream-tickets", SIGN_IN_FIRST, 401);
    expect(asked).toHaveLength(2);
    await answer(STEP_UP, {});
    await answer("/x/v1/stream-tickets", { ticket: "t" });

    expect(await proof).toMatchObject({ ok: true });
    expect(await ticket).toEqual({ ok: true, value: { ticket: "t" } });
  });

  test("it is made again once, and then refused", async () => {
    const { house, asked, answer } = exchange();
    const me = house.me();
    void house.signIn("a@example.org", "secret");
    await answer("/x/v1/auth/sign-in", { next: "DONE", token: "", factors: [] });
    await answer(ME, SIGN_IN_FIRST, 401);
    await answer(ME, SIGN_IN_FIRST, 401);

    expect(await me).toMatchObject({ ok: false, problem: { status: 401 } });
    expect(asked.filter((path) => path === ME)).toHaveLength(2);
  });

  test("a proof that was refused changes nothing", async () => {
    const { house, asked, answer } = exchange();
    const me = house.me();
    const proof = house.stepUpPassword("wrong");
    await answer(ME, SIGN_IN_FIRST, 401);
    await answer(STEP_UP, SIGN_IN_FIRST, 401);

    expect(await proof).toMatchObject({ ok: false, problem: { code: "SIGN_IN_FIRST" } });
    expect(await me).toMatchObject({ ok: false, problem: { code: "SIGN_IN_FIRST" } });
    expect(asked).toEqual([ME, STEP_UP]);
  });

  test("a call sent with the new token is not made again", async () => {
    const { house, asked, answer } = exchange();
    const proof = house.stepUpPassword("secret");
    await answer(STEP_UP, {});
    await proof;
    const me = house.me();
    await answer(ME, SIGN_IN_FIRST, 401);

    expect(await me).toMatchObject({ ok: false, problem: { status: 401 } });
    expect(asked).toEqual([STEP_UP, ME]);
  });

  test("asking who is signed in waits for a change that is under way", async () => {
    const { house, asked, answer } = exchange();
    const proof = house.stepUpPassword("secret");
    const session = house.session();
    await new Promise((resolve) => setTimeout(resolve));
    expect(asked).toEqual([STEP_UP]);
    await answer(STEP_UP, {});
    await answer("/x/v1/session", { me: null });

    expect(await proof).toMatchObject({ ok: true });
    expect(await session).toEqual({ ok: true, value: { me: null } });
  });

  test("a change by another window counts as one's own", async () => {
    const browser = new Browser();
    const [one, other] = [exchange(browser.window()), exchange(browser.window())];
    const me = one.house.me();
    const ticket = one.house.streamTicket();
    const proof = other.house.stepUpPassword("secret");
    await one.answer(ME, SIGN_IN_FIRST, 401);
    expect(one.asked).toHaveLength(2);
    await other.answer(STEP_UP, {});
    await one.answer("/x/v1/stream-tickets", SIGN_IN_FIRST, 401);
    await one.answer(ME, { email: "a@example.org" });
    await one.answer("/x/v1/stream-tickets", { ticket: "t" });

    expect(await proof).toMatchObject({ ok: true });
    expect(await me).toEqual({ ok: true, value: { email: "a@example.org" } });
    expect(await ticket).toEqual({ ok: true, value: { ticket: "t" } });
  });

  test("windows that change the token do so one after the other", async () => {
    const browser = new Browser();
    const [one, other] = [exchange(browser.window()), exchange(browser.window())];
    const first = one.house.stepUpPassword("secret");
    const second = other.house.stepUpPassword("secret");
    expect(other.asked).toEqual([]);
    await one.answer(STEP_UP, {});
    await other.answer(STEP_UP, {});

    expect(await first).toMatchObject({ ok: true });
    expect(await second).toMatchObject({ ok: true });
  });

  test("another refusal is not made again", async () => {
    const { house, asked, answer } = exchange();
    const me = house.endOtherSessions();
    void house.stepUpPassword("secret");
    await answer(STEP_UP, {});
    await answer(
      "/x/v1/me/sessions/end-others",
      { title: "Confirm once more who you are", code: "STEP_UP_FIRST" },
      403,
    );

    expect(await me).toMatchObject({ ok: false, problem: { code: "STEP_UP_FIRST" } });
    expect(asked).toHaveLength(2);
  });
});

describe("refusals of the API", () => {
  test.each([
    [-1013, "Filter failure: PRICE_FILTER", "price", "price-filter"],
    [-1013, "Filter failure: MARKET_LOT_SIZE", "quantity", "market-lot-size"],
    [-1013, "Filter failure: NOTIONAL", "quantity", "notional"],
    [-1013, "Filter failure: EXCHANGE_MAX_NUM_ALGO_ORDERS", "form", "max-orders"],
    [-1013, "Filter failure: MAX_NUM_ORDER_AMENDS", "form", "max-amends"],
    [-2010, "Account has insufficient balance for requested action.", "quantity", "insufficient"],
    [-2010, "Order would immediately match and take.", "price", "would-take"],
    [-2010, "Order would trigger immediately.", "stopPrice", "would-trigger"],
    [-2010, "Market is closed.", "form", "market-closed"],
    [-2011, "Unknown order sent.", "form", "unknown-order"],
    [-1003, "Too many requests.", "form", "too-many-requests"],
    [-1116, "Invalid orderType.", "form", "other"],
  ])("%i %s", (code, msg, field, key) => {
    expect(refusalOf(problemOf(400, { code, msg }, null))).toEqual({ field, key });
  });

  test("of a cancel-and-replace the half that was refused speaks", () => {
    const found = apiProblem(409, {
      code: -2021,
      msg: "Order cancel-replace partially failed.",
      data: { newOrderResponse: { code: -2010, msg: "Market is closed." } },
    });
    expect(found).toMatchObject({ code: "-2010", detail: "Market is closed." });
  });
});
