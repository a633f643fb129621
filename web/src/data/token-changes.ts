/**
 * Changes of the session's token. It is a cookie that all windows of a browser share, and any of them may
 * have it changed: a call that another one had under way with the old token is refused, and made again.
 */

export interface TokenChanges {
  /** Another number after each change, whichever window made it. */
  count(): number;
  /** Make a call that changes the token when it is answered well. */
  during<T>(call: () => Promise<T>, isChange: (answer: T) => boolean): Promise<T>;
  /** Wait until no change is under way, and let none begin while something is asked. */
  between<T>(call: () => Promise<T>): Promise<T>;
}

/** Those of one window, where windows cannot know of each other. */
export class OwnChanges implements TokenChanges {
  private made = 0;
  private readonly underWay = new Set<Promise<unknown>>();

  count(): number {
    return this.made;
  }

  async during<T>(call: () => Promise<T>, isChange: (answer: T) => boolean): Promise<T> {
    const asked = call();
    this.underWay.add(asked);
    try {
      const answer = await asked;
      if (isChange(answer)) this.made += 1;
      return answer;
    } finally {
      this.underWay.delete(asked);
    }
  }

  async between<T>(call: () => Promise<T>): Promise<T> {
    const before = this.made;
    while (this.made === before && this.underWay.size > 0) await Promise.race(this.underWay);
    return call();
  }
}

const LOCK = "outcry.token";

/** Where a number is kept that all windows see. */
export interface SharedCount {
  read(): number;
  write(count: number): void;
}

/** Those of every window: the browser's locks order them, its storage counts them. */
export class SharedChanges implements TokenChanges {
  constructor(
    private readonly locks: LockManager,
    private readonly shared: SharedCount,
  ) {}

  count(): number {
    return this.shared.read();
  }

  during<T>(call: () => Promise<T>, isChange: (answer: T) => boolean): Promise<T> {
    return this.locks.request(LOCK, async () => {
      const answer = await call();
      if (isChange(answer)) this.shared.write(this.shared.read() + 1);
      return answer;
    }) as Promise<T>;
  }

  between<T>(call: () => Promise<T>): Promise<T> {
    return this.locks.request(LOCK, { mode: "shared" }, call) as Promise<T>;
  }
}
