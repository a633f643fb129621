/** What went wrong, as a value: every call of the data layer returns one or its answer. */

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** `api` is a refusal of /api/v3, `house` one of /x/v1; the others never reached an answer. */
export type ProblemKind = "api" | "house" | "offline" | "timeout" | "unreadable" | "lost";

export interface Problem {
  readonly kind: ProblemKind;
  readonly status: number;
  /** The API's number as text, or the house's own word. */
  readonly code: string;
  readonly detail: string;
  readonly fields: readonly FieldError[];
  readonly retryAfterSeconds?: number;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export function answered<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failed<T>(problem: Problem): Result<T> {
  return { ok: false, problem };
}

export function problem(
  kind: ProblemKind,
  code: string,
  detail: string,
  status = 0,
  fields: readonly FieldError[] = [],
): Problem {
  return { kind, status, code, detail, fields };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A refusal of /api/v3 or the WebSocket API: `{"code": -1121, "msg": "Invalid symbol."}`. */
export function apiProblem(status: number, body: unknown): Problem | null {
  if (!isRecord(body) || typeof body.code !== "number") return null;
  // Of a cancel-and-replace the refused half says why, not the whole.
  const data = isRecord(body.data) ? body.data : {};
  for (const half of [data.newOrderResponse, data.cancelResponse]) {
    if (isRecord(half) && typeof half.code === "number") return apiProblem(status, half);
  }
  return problem("api", String(body.code), String(body.msg ?? ""), status);
}

/** A refusal of /x/v1: RFC 9457, with a code, and with the fields that it is about. */
export function houseProblem(status: number, body: unknown): Problem | null {
  if (!isRecord(body) || typeof body.title !== "string") return null;
  const errors = Array.isArray(body.errors) ? body.errors.filter(isRecord) : [];
  const fields = errors.map((error) => ({
    field: String(error.field ?? ""),
    message: String(error.message ?? ""),
  }));
  const code = typeof body.code === "string" ? body.code : "UNKNOWN";
  const detail = typeof body.detail === "string" && body.detail ? body.detail : body.title;
  return problem("house", code, detail, status, fields);
}

/** The problem that an answer with an error status carries, whatever it looks like. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): Problem {
  const found =
    houseProblem(status, body) ??
    apiProblem(status, body) ??
    problem("unreadable", "UNREADABLE", `HTTP ${status}`, status);
  const seconds = retryAfter === null ? Number.NaN : Number.parseInt(retryAfter, 10);
  return Number.isNaN(seconds) ? found : { ...found, retryAfterSeconds: seconds };
}
