/** Market streams: one socket, and whoever wants a stream subscribes to it by name. */

import { type LinkState, RecoveringSocket } from "./socket";
import type { Listeners, Surroundings } from "./surroundings";

export interface StreamListener {
  event(data: unknown): void;
  /** The subscription is in force from now on, at first and after each reconnection. */
  began?(): void;
  /** Nothing comes any more; began will say when it does again. */
  ended?(): void;
}

/** The server counts what clients send: names are gathered for a moment and sent together. */
const GATHER_MS = 30;

export class StreamClient {
  readonly states: Listeners<LinkState>;
  private readonly socket: RecoveringSocket;
  private readonly wanted = new Map<string, Set<StreamListener>>();
  private readonly inForce = new Set<string>();
  private readonly asked = new Map<number, readonly string[]>();
  private nextId = 1;
  private gathering = false;

  constructor(
    private readonly url: string,
    private readonly surroundings: Surroundings,
  ) {
    this.socket = new RecoveringSocket({
      surroundings,
      url: () => this.url,
      onOpen: () => this.settle(),
      onText: (text) => this.read(text),
      onGone: () => this.gone(),
      probe: JSON.stringify({ method: "LIST_SUBSCRIPTIONS", id: 0 }),
      watches: true,
    });
    this.states = this.socket.states;
  }

  get state(): LinkState {
    return this.socket.state;
  }

  start(): void {
    this.socket.start();
  }

  stop(): void {
    this.socket.stop();
    this.gone();
  }

  hurry(): void {
    this.socket.hurry();
  }

  /** Listen to a stream until the returned function is called. */
  subscribe(name: string, listener: StreamListener): () => void {
    const listeners = this.wanted.get(name);
    if (listeners) {
      listeners.add(listener);
      if (this.inForce.has(name)) listener.began?.();
    } else {
      this.wanted.set(name, new Set([listener]));
      this.settleSoon();
    }
    return () => this.unsubscribe(name, listener);
  }

  private unsubscribe(name: string, listener: StreamListener): void {
    const listeners = this.wanted.get(name);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.wanted.delete(name);
    this.settleSoon();
  }

  private settleSoon(): void {
    if (this.gathering) return;
    this.gathering = true;
    this.surroundings.after(GATHER_MS, () => {
      this.gathering = false;
      this.settle();
    });
  }

  /** Bring what the server sends in line with what is wanted. */
  private settle(): void {
    if (this.socket.state !== "open") return;
    const asked = new Set([...this.asked.values()].flat());
    const missing = [...this.wanted.keys()].filter((n) => !this.inForce.has(n) && !asked.has(n));
    const surplus = [...this.inForce].filter((name) => !this.wanted.has(name));
    if (surplus.length > 0) {
      for (const name of surplus) this.inForce.delete(name);
      this.request("UNSUBSCRIBE", surplus);
    }
    if (missing.length > 0) this.asked.set(this.request("SUBSCRIBE", missing), missing);
  }

  private request(method: string, params: readonly string[]): number {
    const id = this.nextId;
    this.nextId += 1;
    this.socket.send(JSON.stringify({ method, params, id }));
    return id;
  }

  private read(text: string): void {
    const message = JSON.parse(text) as { stream?: string; data?: unknown; id?: number };
    if (message.stream !== undefined) {
      for (const listener of this.wanted.get(message.stream) ?? []) listener.event(message.data);
      return;
    }
    const names = message.id === undefined ? undefined : this.asked.get(message.id);
    if (names === undefined || message.id === undefined) return;
    this.asked.delete(message.id);
    for (const name of names) {
      this.inForce.add(name);
      for (const listener of this.wanted.get(name) ?? []) listener.began?.();
    }
    this.settle();
  }

  private gone(): void {
    const ended = [...this.inForce];
    this.inForce.clear();
    this.asked.clear();
    for (const name of ended) {
      for (const listener of this.wanted.get(name) ?? []) listener.ended?.();
    }
  }
}
