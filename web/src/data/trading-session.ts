/**
 * The signed-in socket. A ticket, got over HTTP with the session's cookie, logs it on; orders, reads and own
 * events then go over it. What was under way when it broke has an unknown outcome, and says so.
 */

import { answered, apiProblem, failed, type Problem, problem, type Result } from "./problems";
import { RecoveringSocket } from "./socket";
import { Listeners, type Surroundings } from "./surroundings";

/** `ready`: logged on and subscribed. `signed-out`: the exchange knows no session of ours. */
export type SessionState = "idle" | "connecting" | "ready" | "waiting" | "signed-out";

export interface TradingSessionOptions {
  readonly url: string;
  readonly surroundings: Surroundings;
  readonly ticket: () => Promise<Result<{ readonly ticket: string }>>;
}

interface Waiting {
  readonly settle: (result: Result<unknown>) => void;
  readonly cancelTimer: () => void;
}

interface ApiMessage {
  readonly id?: number;
  readonly status?: number;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly event?: unknown;
}

const CALL_MS = 10_000;
const WINDOW_MS = 10_000;
/** Public methods, for which the API knows no time stamp. */
const UNSTAMPED = new Set(["time", "ping", "session.ticket", "userDataStream.subscribe"]);

export class TradingSession {
  readonly states = new Listeners<SessionState>();
  readonly events = new Listeners<unknown>();
  state: SessionState = "idle";
  private readonly socket: RecoveringSocket;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private aheadMs = 0;

  constructor(private readonly options: TradingSessionOptions) {
    this.socket = new RecoveringSocket({
      surroundings: options.surroundings,
      url: () => options.url,
      onOpen: () => void this.logOn(),
      onText: (text) => this.read(text),
      onGone: () => this.gone(),
      probe: JSON.stringify({ id: 0, method: "ping" }),
      // What is sent here counts as somebody using the session, and would keep it alive for ever.
      watches: false,
    });
    this.socket.states.add((state) => {
      if (state === "waiting" || state === "connecting") this.become(state);
      if (state === "idle" && this.state !== "signed-out") this.become("idle");
    });
  }

  start(): void {
    if (this.state === "signed-out") this.become("idle");
    this.socket.start();
  }

  stop(): void {
    this.socket.stop();
    this.gone();
    this.become("idle");
  }

  hurry(): void {
    this.socket.hurry();
  }

  /** Something else went silent: see whether this link is alive. */
  check(): void {
    this.socket.check();
  }

  /** What the exchange's clock says now, as far as we know. */
  exchangeTimeMs(): number {
    return this.options.surroundings.nowMs() + this.aheadMs;
  }

  async call<T>(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<Result<T>> {
    if (this.state !== "ready") return failed(problem("offline", "OFFLINE", ""));
    return this.request<T>(method, params);
  }

  private request<T>(
    method: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<Result<T>> {
    const id = this.nextId;
    this.nextId += 1;
    const stamp = UNSTAMPED.has(method)
      ? {}
      : { timestamp: this.exchangeTimeMs(), recvWindow: WINDOW_MS };
    return new Promise((resolve) => {
      const cancelTimer = this.options.surroundings.after(CALL_MS, () => {
        this.settle(id, failed(problem("lost", "LOST", "")));
      });
      const settle = (result: Result<unknown>) => resolve(result as Result<T>);
      this.waiting.set(id, { settle, cancelTimer });
      const text = JSON.stringify({ id, method, params: { ...params, ...stamp } });
      if (!this.socket.send(text)) this.settle(id, failed(problem("offline", "OFFLINE", "")));
    });
  }

  private async logOn(): Promise<void> {
    const ticket = await this.options.ticket();
    if (!ticket.ok) return this.refused(ticket.problem);
    const session = await this.request("session.ticket", { ticket: ticket.value.ticket });
    if (!session.ok) return this.refused(session.problem);
    const sentMs = this.options.surroundings.nowMs();
    const time = await this.request<{ serverTime: number }>("time", {});
    if (time.ok) {
      const nowMs = this.options.surroundings.nowMs();
      this.aheadMs = time.value.serverTime - Math.round((sentMs + nowMs) / 2);
    }
    const subscription = await this.request("userDataStream.subscribe", {});
    if (!subscription.ok) return this.refused(subscription.problem);
    this.become("ready");
  }

  private refused(why: Problem): void {
    if (this.socket.state !== "open") return;
    if (why.kind === "house" && (why.status === 401 || why.status === 403)) {
      this.state = "signed-out";
      this.socket.stop();
      this.gone();
      this.states.tell("signed-out");
    } else this.socket.restart();
  }

  private read(text: string): void {
    const message = JSON.parse(text) as ApiMessage;
    if (message.event !== undefined) {
      this.events.tell(message.event);
      const kind = (message.event as { e?: string }).e;
      if (kind === "eventStreamTerminated") this.socket.restart();
      return;
    }
    if (message.id === undefined || message.status === undefined) return;
    if (message.status === 200) this.settle(message.id, answered(message.result));
    else {
      const why =
        apiProblem(message.status, message.error) ??
        problem("unreadable", "UNREADABLE", "", message.status);
      this.settle(message.id, failed(why));
    }
  }

  private settle(id: number, result: Result<unknown>): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    waiting.cancelTimer();
    waiting.settle(result);
  }

  private gone(): void {
    for (const id of [...this.waiting.keys()]) this.settle(id, failed(problem("lost", "LOST", "")));
  }

  private become(state: SessionState): void {
    if (this.state === state) return;
    this.state = state;
    this.states.tell(state);
  }
}
