/** Sensitive acts ask once more who one is; this asks, and then does what was wanted. */

import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
import { knowsPasskeys, passkeyAnswer } from "../data/passkeys";
import type { Result } from "../data/problems";
import { useExchange, usePerson } from "../hooks";
import { texts } from "../texts/en";
import { Dialog } from "./dialog";
import { Field } from "./field";
import { Form, ProblemLine, SubmitButton, useSending } from "./form";

/** Make a call; when it needs a fresh proof of identity, ask for one and make it again. */
type Assured = <T>(call: () => Promise<Result<T>>) => Promise<Result<T>>;

const StepUpContext = createContext<Assured>((call) => call());

export function useAssured(): Assured {
  return useContext(StepUpContext);
}

export function StepUp({ children }: { readonly children: ReactNode }) {
  const [isAsking, setAsking] = useState(false);
  const answer = useRef<(isProved: boolean) => void>(() => undefined);
  const assured = useCallback<Assured>(async (call) => {
    const result = await call();
    if (result.ok || result.problem.code !== "STEP_UP_FIRST") return result;
    const isProved = await new Promise<boolean>((resolve) => {
      answer.current = resolve;
      setAsking(true);
    });
    setAsking(false);
    return isProved ? call() : result;
  }, []);
  return (
    <StepUpContext value={assured}>
      {children}
      {isAsking && <Proof onEnd={(isProved) => answer.current(isProved)} />}
    </StepUpContext>
  );
}

function firstFactor(ways: readonly string[]): string {
  for (const factor of ["TOTP", "PASSWORD", "RECOVERY_CODE"]) {
    if (ways.includes(factor)) return factor;
  }
  return "PASSKEY";
}

function Proof({ onEnd }: { readonly onEnd: (isProved: boolean) => void }) {
  const { house } = useExchange();
  const ways: readonly string[] = usePerson().me?.step_up_by ?? ["PASSWORD"];
  const [factor, setFactor] = useState(() => firstFactor(ways));
  const [text, setText] = useState("");
  const sending = useSending();
  const labels: Record<string, string> = {
    PASSWORD: texts.auth.password,
    TOTP: texts.auth.code,
    RECOVERY_CODE: texts.auth.recoveryCode,
  };
  async function submit(): Promise<void> {
    const result = await sending.send(() =>
      factor === "PASSWORD" ? house.stepUpPassword(text) : house.stepUpCode(factor, text.trim()),
    );
    if (result.ok) onEnd(true);
  }
  async function byPasskey(): Promise<void> {
    const result = await sending.send(async (): Promise<Result<unknown>> => {
      const options = await house.stepUpPasskeyOptions();
      if (!options.ok) return options;
      const found = await passkeyAnswer(options.value.public_key);
      return found.ok ? house.stepUpPasskey(found.value) : found;
    });
    if (result.ok) onEnd(true);
  }
  const others = ways.filter((way) => way !== factor && way in labels);
  return (
    <Dialog title={texts.stepUp.title} onClose={() => onEnd(false)}>
      <p className="field-hint">{texts.stepUp.hint}</p>
      {ways.includes("PASSKEY") && knowsPasskeys() && (
        <button type="button" className="button is-wide" onClick={() => void byPasskey()}>
          {texts.auth.usePasskey}
        </button>
      )}
      {factor in labels && (
        <Form onSubmit={submit}>
          <Field
            key={factor}
            label={labels[factor] ?? ""}
            name="proof"
            type={factor === "PASSWORD" ? "password" : "text"}
            inputMode={factor === "TOTP" ? "numeric" : "text"}
            autoComplete={factor === "PASSWORD" ? "current-password" : "one-time-code"}
            value={text}
            error={sending.wrong(factor === "PASSWORD" ? "password" : "code")}
            onChange={(event) => setText(event.target.value)}
          />
          <ProblemLine sending={sending} fields={["password", "code"]} />
          <div className="dialog-actions">
            {others.map((other) => (
              <button
                key={other}
                type="button"
                className="button"
                onClick={() => {
                  setFactor(other);
                  setText("");
                  sending.clear();
                }}
              >
                {labels[other]}
              </button>
            ))}
            <SubmitButton sending={sending}>{texts.actions.confirm}</SubmitButton>
          </div>
        </Form>
      )}
    </Dialog>
  );
}
