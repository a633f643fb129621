/** Forms that send something to /x/v1: one button, what is wrong next to its field, the rest above it. */

import { type FormEvent, type ReactNode, useState } from "react";
import type { Problem, Result } from "../data/problems";
import { texts } from "../texts/en";

/** What the exchange says is wrong, in its words or ours. */
export function houseText(problem: Problem): string {
  switch (problem.kind) {
    case "offline":
      return texts.refusals.offline;
    case "timeout":
      return texts.house.timeout;
    case "unreadable":
      return texts.house.codes[problem.code] ?? texts.house.unreadable;
    default:
      return texts.house.codes[problem.code] ?? problem.detail;
  }
}

export interface Sending {
  readonly isSending: boolean;
  readonly problem: Problem | null;
  /** What is wrong with a field, if anything is. */
  wrong(field: string): string | undefined;
  send<T>(call: () => Promise<Result<T>>): Promise<Result<T>>;
  clear(): void;
}

export function useSending(): Sending {
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  return {
    isSending,
    problem,
    wrong: (field) => problem?.fields.find((one) => one.field === field)?.message,
    async send(call) {
      setSending(true);
      setProblem(null);
      const result = await call();
      setSending(false);
      if (!result.ok) setProblem(result.problem);
      return result;
    },
    clear: () => setProblem(null),
  };
}

export function ProblemLine({
  sending,
  fields = [],
}: {
  readonly sending: Sending;
  /** Fields that say themselves what is wrong with them. */
  readonly fields?: readonly string[];
}) {
  const { problem } = sending;
  if (!problem) return null;
  const isSaid =
    problem.fields.length > 0 && problem.fields.every((one) => fields.includes(one.field));
  if (isSaid) return null;
  const wait = problem.retryAfterSeconds;
  return (
    <p className="form-error" role="alert">
      {houseText(problem)}
      {wait !== undefined && wait > 0 && ` ${texts.house.retryAfter(wait)}`}
    </p>
  );
}

export function Form({
  onSubmit,
  children,
  className = "form",
}: {
  readonly onSubmit: () => Promise<void> | void;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  function submit(event: FormEvent): void {
    event.preventDefault();
    void onSubmit();
  }
  return (
    <form noValidate className={className} onSubmit={submit}>
      {children}
    </form>
  );
}

export function SubmitButton({
  sending,
  children,
  isWide = false,
}: {
  readonly sending: Sending;
  readonly children: ReactNode;
  readonly isWide?: boolean;
}) {
  return (
    <button
      type="submit"
      className={isWide ? "button is-main is-wide" : "button is-main"}
      disabled={sending.isSending}
    >
      {sending.isSending ? texts.form.sending : children}
    </button>
  );
}

/** The end of a dialog's form: back out, or send it. */
export function DialogButtons({
  sending,
  onCancel,
  children,
}: {
  readonly sending: Sending;
  readonly onCancel: () => void;
  readonly children: ReactNode;
}) {
  return (
    <div className="dialog-actions">
      <button type="button" className="button" onClick={onCancel}>
        {texts.actions.cancel}
      </button>
      <SubmitButton sending={sending}>{children}</SubmitButton>
    </div>
  );
}
