/** What sockets and feeds ask of the browser, so that tests can give them something else. */

export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface Surroundings {
  open(url: string): SocketLike;
  after(delayMs: number, act: () => void): () => void;
  random(): number;
  nowMs(): number;
}

export const browser: Surroundings = {
  open: (url) => new WebSocket(url) as unknown as SocketLike,
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  nowMs: () => Date.now(),
};

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

/** How long to wait before the next attempt: doubling, and drawn by chance, so that not all come at once. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Listeners of one kind of news. */
export class Listeners<T> {
  private readonly known = new Set<(news: T) => void>();

  add(listener: (news: T) => void): () => void {
    this.known.add(listener);
    return () => this.known.delete(listener);
  }

  tell(news: T): void {
    for (const listener of [...this.known]) listener(news);
  }
}
