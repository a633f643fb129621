/** A WebSocket that comes back by itself, and notices when the other side has gone silent. */

import { backoffMs, Listeners, type SocketLike, type Surroundings } from "./surroundings";

export type LinkState = "idle" | "connecting" | "open" | "waiting";

export interface SocketOptions {
  readonly surroundings: Surroundings;
  /** Asked before each attempt. Null says: do not try again until somebody calls start. */
  readonly url: () => string | null;
  readonly onOpen: () => void;
  readonly onText: (text: string) => void;
  readonly onGone: (code: number) => void;
  /** A message that is always answered, whereby a silent link shows that it is alive. */
  readonly probe: string;
  /** Sends it by itself after a while of silence; else only when somebody calls check. */
  readonly watches: boolean;
}

const SILENCE_MS = 20_000;
const ANSWER_MS = 10_000;
const STABLE_MS = 5_000;

export class RecoveringSocket {
  readonly states = new Listeners<LinkState>();
  state: LinkState = "idle";
  private socket: SocketLike | null = null;
  private attempt = 0;
  private wanted = false;
  private heardMs = 0;
  private openedMs = 0;
  private cancelTimer: () => void = () => undefined;

  constructor(private readonly options: SocketOptions) {}

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.attempt = 0;
    this.connect();
  }

  stop(): void {
    this.wanted = false;
    this.drop(1000);
    this.become("idle");
  }

  /** Try now rather than after the wait: the browser says that the network is back. */
  hurry(): void {
    if (!this.wanted || this.state !== "waiting") return;
    this.attempt = 0;
    this.connect();
  }

  /** Give this connection up and make another one. */
  restart(): void {
    if (!this.wanted) return;
    this.drop(4000);
    this.options.onGone(4000);
    this.retry();
  }

  send(text: string): boolean {
    if (this.state !== "open" || !this.socket) return false;
    this.socket.send(text);
    return true;
  }

  private connect(): void {
    this.cancelTimer();
    const url = this.options.url();
    if (url === null) {
      this.wanted = false;
      this.become("idle");
      return;
    }
    this.become("connecting");
    const socket = this.options.surroundings.open(url);
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket === socket) this.opened();
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      this.heardMs = this.options.surroundings.nowMs();
      if (typeof event.data === "string") this.options.onText(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.cancelTimer();
      this.options.onGone(event.code);
      if (this.wanted) this.retry();
    };
  }

  private opened(): void {
    this.openedMs = this.options.surroundings.nowMs();
    this.heardMs = this.openedMs;
    this.become("open");
    this.watch();
    this.options.onOpen();
  }

  private retry(): void {
    const { surroundings } = this.options;
    // Only a connection that lasted counts as success: one that is shut at once must not be hammered.
    if (this.openedMs > 0 && surroundings.nowMs() - this.openedMs > STABLE_MS) this.attempt = 0;
    this.openedMs = 0;
    const delayMs = backoffMs(this.attempt, surroundings.random());
    this.attempt += 1;
    this.become("waiting");
    this.cancelTimer();
    this.cancelTimer = surroundings.after(delayMs, () => this.connect());
  }

  /** Ask for a sign of life, and make a new connection when none comes. */
  check(): void {
    const { surroundings, probe } = this.options;
    const askedMs = surroundings.nowMs();
    if (!this.send(probe)) return;
    this.cancelTimer();
    this.cancelTimer = surroundings.after(ANSWER_MS, () => {
      if (this.heardMs >= askedMs) this.watch();
      else this.restart();
    });
  }

  private watch(): void {
    const { surroundings, watches } = this.options;
    this.cancelTimer();
    if (!watches) return;
    const dueMs = Math.max(0, this.heardMs + SILENCE_MS - surroundings.nowMs());
    this.cancelTimer = surroundings.after(dueMs, () => {
      if (surroundings.nowMs() - this.heardMs < SILENCE_MS) this.watch();
      else this.check();
    });
  }

  private drop(code: number): void {
    this.cancelTimer();
    const socket = this.socket;
    this.socket = null;
    socket?.close(code);
  }

  private become(state: LinkState): void {
    if (this.state === state) return;
    this.state = state;
    this.states.tell(state);
  }
}
