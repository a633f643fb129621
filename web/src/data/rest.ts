/** HTTP with JSON: answers and refusals are values, and nothing is thrown. */

import { answered, failed, problem, problemOf, type Result } from "./problems";
import { OwnChanges, type TokenChanges } from "./token-changes";

/** The refusal of a call whose session token nobody knows; nothing has been done. */
const SIGN_IN_FIRST = "SIGN_IN_FIRST";

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface RestOptions {
  /** Where the API is; empty for the page's own origin. */
  readonly base: string;
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
  readonly changes?: TokenChanges;
}

const TIMEOUT_MS = 15_000;

export class RestClient {
  private readonly base: string;
  private readonly fetcher: typeof fetch;
  private readonly timeoutMs: number;
  private readonly changes: TokenChanges;

  constructor(options: RestOptions) {
    this.base = options.base;
    this.fetcher = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.changes = options.changes ?? new OwnChanges();
  }

  /** Steadily: no change of the session's token overtakes it, so what it says of the session is so. */
  get<T>(path: string, query: Query = {}, { steadily = false } = {}): Promise<Result<T>> {
    if (!steadily) return this.send<T>("GET", path, query);
    return this.changes.between(() => this.sendOnce<T>("GET", path, query));
  }

  /** Without a body where nobody reads one: the exchange refuses what it does not expect. */
  post<T>(path: string, body?: unknown): Promise<Result<T>> {
    return this.send<T>("POST", path, {}, body);
  }

  put<T>(path: string, body: unknown): Promise<Result<T>> {
    return this.send<T>("PUT", path, {}, body);
  }

  patch<T>(path: string, body: unknown): Promise<Result<T>> {
    return this.send<T>("PATCH", path, {}, body);
  }

  delete<T>(path: string, query: Query = {}): Promise<Result<T>> {
    return this.send<T>("DELETE", path, query);
  }

  /** A POST whose answer may bring a new session token; calls sent with the old one are made again. */
  renew<T>(path: string, body: unknown): Promise<Result<T>> {
    return this.changes.during(
      () => this.sendOnce<T>("POST", path, {}, body),
      (result) => result.ok,
    );
  }

  private async send<T>(
    method: string,
    path: string,
    query: Query,
    body?: unknown,
  ): Promise<Result<T>> {
    const changesBefore = this.changes.count();
    const result = await this.sendOnce<T>(method, path, query, body);
    if (result.ok || result.problem.code !== SIGN_IN_FIRST) return result;
    // The exchange may have changed the token already, and its answer that says so be still under way.
    return this.changes.between(async () =>
      this.changes.count() === changesBefore ? result : this.sendOnce<T>(method, path, query, body),
    );
  }

  private async sendOnce<T>(
    method: string,
    path: string,
    query: Query,
    body?: unknown,
  ): Promise<Result<T>> {
    const headers: Record<string, string> = { Accept: "application/json" };
    // Says that a script of this origin asked: a form of another site cannot send it.
    if (method !== "GET") headers["X-Outcry-CSRF"] = "1";
    const init: RequestInit = {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(this.timeoutMs),
    };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    try {
      const response = await this.fetcher(this.base + path + queryText(query), init);
      return await read<T>(response);
    } catch (error) {
      const timedOut = error instanceof DOMException && error.name === "TimeoutError";
      return failed(
        timedOut ? problem("timeout", "TIMEOUT", "") : problem("offline", "OFFLINE", ""),
      );
    }
  }
}

export function queryText(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") given.append(name, String(value));
  }
  const text = given.toString();
  return text ? `?${text}` : "";
}

async function read<T>(response: Response): Promise<Result<T>> {
  const text = await response.text();
  let body: unknown;
  try {
    body = text === "" ? undefined : JSON.parse(text);
  } catch {
    if (response.ok) return failed(problem("unreadable", "UNREADABLE", "", response.status));
  }
  if (response.ok) return answered(body as T);
  return failed(problemOf(response.status, body, response.headers.get("Retry-After")));
}
