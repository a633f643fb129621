/** A surrounding for sockets and feeds in which time and chance are the test's. */

import { apiProblem, failed, type Result } from "../../src/data/problems";
import type { SocketLike, Surroundings } from "../../src/data/surroundings";

export class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: { id?: number; method?: string; params?: unknown }[] = [];
  closedWith: number | null = null;

  constructor(readonly url: string) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code = 1000): void {
    this.closedWith = code;
  }

  accept(): void {
    this.onopen?.();
  }

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  breakOff(code = 1006): void {
    this.onclose?.({ code });
  }

  /** The last message of a method, or a failure of the test. */
  request(method: string): { id?: number; method?: string; params?: unknown } {
    const found = this.sent.filter((message) => message.method === method).pop();
    if (!found) throw new Error(`nothing sent ${method}`);
    return found;
  }
}

export class World implements Surroundings {
  readonly sockets: FakeSocket[] = [];
  private timers: { atMs: number; act: () => void }[] = [];
  private timeMs = 1_000_000;

  open(url: string): FakeSocket {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket;
  }

  after(delayMs: number, act: () => void): () => void {
    const timer = { atMs: this.timeMs + delayMs, act };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  random(): number {
    return 0.5;
  }

  nowMs(): number {
    return this.timeMs;
  }

  /** Let time pass; timers go off in their order. */
  pass(ms: number): void {
    const untilMs = this.timeMs + ms;
    for (;;) {
      const [next] = [...this.timers].sort((a, b) => a.atMs - b.atMs);
      if (!next || next.atMs > untilMs) break;
      this.timers = this.timers.filter((other) => other !== next);
      this.timeMs = next.atMs;
      next.act();
    }
    this.timeMs = untilMs;
  }

  get socket(): FakeSocket {
    const last = this.sockets[this.sockets.length - 1];
    if (!last) throw new Error("no socket was opened");
    return last;
  }
}

/** Let everything that only waits for promises run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export function refused<T>(code: number, msg: string): Result<T> {
  const found = apiProblem(400, { code, msg });
  if (!found) throw new Error("no problem");
  return failed(found);
}
