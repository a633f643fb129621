/** From a stranger to a session: sign-up, confirmation, sign-in with its steps, reset. */

import { type ReactNode, useEffect, useState } from "react";
import type { SignInStep } from "../../data/house-api";
import { knowsPasskeys, passkeyAnswer } from "../../data/passkeys";
import type { Result } from "../../data/problems";
import { useExchange, usePerson } from "../../hooks";
import { go, Link } from "../../router";
import { texts } from "../../texts/en";
import { Field } from "../../ui/field";
import { Form, ProblemLine, type Sending, SubmitButton, useSending } from "../../ui/form";
import { Loading } from "../../ui/states";
import { StepUp, useAssured } from "../../ui/step-up";

function Card({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} | ${texts.name}`;
  }, [title]);
  return (
    <section className="card panel" aria-label={title}>
      <h1>{title}</h1>
      {children}
    </section>
  );
}

/** The secret of a link is in its fragment, which is sent to nobody; it is taken out of the address. */
function useLinkToken(): string | null {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get("token"));
  useEffect(() => {
    if (location.hash) history.replaceState(null, "", location.pathname);
  }, []);
  return token;
}

function EmailField({
  email,
  onEmail,
  error,
}: {
  readonly email: string;
  readonly onEmail: (email: string) => void;
  readonly error: string | undefined;
}) {
  return (
    <Field
      label={texts.auth.email}
      type="email"
      name="email"
      autoComplete="username"
      inputMode="email"
      value={email}
      error={error}
      onChange={(event) => onEmail(event.target.value)}
    />
  );
}

function PasswordField({
  password,
  onPassword,
  error,
  isNew = false,
}: {
  readonly password: string;
  readonly onPassword: (password: string) => void;
  readonly error: string | undefined;
  readonly isNew?: boolean;
}) {
  const [isShown, setShown] = useState(false);
  return (
    <Field
      label={isNew ? texts.auth.newPassword : texts.auth.password}
      type={isShown ? "text" : "password"}
      name="password"
      autoComplete={isNew ? "new-password" : "current-password"}
      value={password}
      error={error}
      hint={isNew ? texts.auth.passwordHint : undefined}
      action={
        <button
          type="button"
          className="field-action"
          aria-pressed={isShown}
          onClick={() => setShown(!isShown)}
        >
          {isShown ? texts.auth.hide : texts.auth.show}
        </button>
      }
      onChange={(event) => onPassword(event.target.value)}
    />
  );
}

/** Whoever is signed in already has no use for this form. */
function useStrangersOnly(): void {
  const person = usePerson();
  useEffect(() => {
    if (person.state === "in") go("/", { replace: true });
  }, [person]);
}

export function SignUp() {
  const { house, config } = useExchange();
  useStrangersOnly();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [isSent, setSent] = useState(false);
  const sending = useSending();
  if (isSent) {
    return (
      <Card title={texts.auth.lookIntoMail}>
        <p>{texts.auth.signUpSent(email)}</p>
        {config.mailbox && <Link to="/mailbox">{texts.auth.toMailbox}</Link>}
      </Card>
    );
  }
  async function submit(): Promise<void> {
    const result = await sending.send(() => house.signUp(email.trim(), password));
    if (result.ok) setSent(true);
  }
  return (
    <Card title={texts.auth.signUp}>
      <Form onSubmit={submit}>
        <EmailField email={email} onEmail={setEmail} error={sending.wrong("email")} />
        <PasswordField
          isNew
          password={password}
          onPassword={setPassword}
          error={sending.wrong("password")}
        />
        <ProblemLine sending={sending} fields={["email", "password"]} />
        <SubmitButton sending={sending} isWide>
          {texts.auth.signUp}
        </SubmitButton>
      </Form>
      <p>
        {texts.auth.haveAccount} <Link to="/sign-in">{texts.auth.signIn}</Link>
      </p>
    </Card>
  );
}

export function Confirm() {
  const { house } = useExchange();
  const token = useLinkToken();
  const [password, setPassword] = useState("");
  const [step, setStep] = useState<SignInStep | null>(null);
  const sending = useSending();
  if (!token) {
    return (
      <Card title={texts.auth.confirm}>
        <p>{texts.auth.noToken}</p>
        <Link to="/sign-up">{texts.auth.signUp}</Link>
      </Card>
    );
  }
  if (step) return <NextStep step={step} onStep={setStep} />;
  async function submit(secret: string): Promise<void> {
    const result = await sending.send(() => house.confirm(secret, password));
    if (result.ok) setStep(result.value);
  }
  return (
    <Card title={texts.auth.confirm}>
      <p>{texts.auth.confirmHint}</p>
      <Form onSubmit={() => submit(token)}>
        <PasswordField
          password={password}
          onPassword={setPassword}
          error={sending.wrong("password")}
        />
        <ProblemLine sending={sending} fields={["password"]} />
        <SubmitButton sending={sending} isWide>
          {texts.auth.confirm}
        </SubmitButton>
      </Form>
    </Card>
  );
}

export function SignIn() {
  const { house } = useExchange();
  useStrangersOnly();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [step, setStep] = useState<SignInStep | null>(null);
  const sending = useSending();
  if (step) return <NextStep step={step} onStep={setStep} />;

  async function submit(): Promise<void> {
    const result = await sending.send(() => house.signIn(email.trim(), password));
    if (result.ok) setStep(result.value);
  }
  async function byPasskey(): Promise<void> {
    const result = await sending.send(async (): Promise<Result<SignInStep>> => {
      const options = await house.passkeyOptions();
      if (!options.ok) return options;
      const answer = await passkeyAnswer(options.value.public_key);
      return answer.ok ? house.passkeySignIn(answer.value) : answer;
    });
    if (result.ok) setStep(result.value);
  }
  return (
    <Card title={texts.auth.signIn}>
      <Form onSubmit={submit}>
        <EmailField email={email} onEmail={setEmail} error={sending.wrong("email")} />
        <PasswordField
          password={password}
          onPassword={setPassword}
          error={sending.wrong("password")}
        />
        <ProblemLine sending={sending} fields={["email", "password"]} />
        <SubmitButton sending={sending} isWide>
          {texts.auth.signIn}
        </SubmitButton>
      </Form>
      {knowsPasskeys() && (
        <button
          type="button"
          className="button is-wide"
          disabled={sending.isSending}
          onClick={() => void byPasskey()}
        >
          {texts.auth.byPasskey}
        </button>
      )}
      <p className="card-links">
        <Link to="/reset">{texts.auth.forgot}</Link>
        <Link to="/sign-up">{texts.auth.signUp}</Link>
      </p>
    </Card>
  );
}

/** What is still missing after a password was right; or nothing, and the session has begun. */
function NextStep({
  step,
  onStep,
}: {
  readonly step: SignInStep;
  readonly onStep: (step: SignInStep | null) => void;
}) {
  const exchange = useExchange();
  useEffect(() => {
    if (step.isDone) void exchange.loadPerson().then(() => go("/", { replace: true }));
  }, [step, exchange]);
  if (step.isDone) return <Card title={texts.auth.signIn}>{texts.states.loading}</Card>;
  return step.next === "NEW_PASSWORD" ? (
    <NewPassword token={step.token} onStep={onStep} />
  ) : (
    <SecondFactor token={step.token} factors={step.factors} onStep={onStep} />
  );
}

function NewPassword({
  token,
  onStep,
}: {
  readonly token: string;
  readonly onStep: (step: SignInStep) => void;
}) {
  const { house } = useExchange();
  const sending = useSending();
  async function choose(password: string): Promise<void> {
    const result = await sending.send(() => house.answerNewPassword(token, password));
    if (result.ok) onStep(result.value);
  }
  return (
    <Card title={texts.auth.newPassword}>
      <p>{texts.auth.oneTimePassword}</p>
      <ChoosePassword sending={sending} onChoose={choose}>
        {texts.auth.signIn}
      </ChoosePassword>
    </Card>
  );
}

/** A new password, and what sends it. */
function ChoosePassword({
  sending,
  onChoose,
  children,
}: {
  readonly sending: Sending;
  readonly onChoose: (password: string) => Promise<void>;
  /** The words of the button. */
  readonly children: ReactNode;
}) {
  const [password, setPassword] = useState("");
  return (
    <Form onSubmit={() => onChoose(password)}>
      <PasswordField
        isNew
        password={password}
        onPassword={setPassword}
        error={sending.wrong("password")}
      />
      <ProblemLine sending={sending} fields={["password"]} />
      <SubmitButton sending={sending} isWide>
        {children}
      </SubmitButton>
    </Form>
  );
}

function SecondFactor({
  token,
  factors,
  onStep,
}: {
  readonly token: string;
  readonly factors: readonly string[];
  readonly onStep: (step: SignInStep | null) => void;
}) {
  const { house } = useExchange();
  const [factor, setFactor] = useState(factors.includes("TOTP") ? "TOTP" : "RECOVERY_CODE");
  const [code, setCode] = useState("");
  const sending = useSending();
  const hasPasskey = factors.includes("PASSKEY") && knowsPasskeys();
  const hasCodes = factors.includes("TOTP") || factors.includes("RECOVERY_CODE");
  async function submit(): Promise<void> {
    const result = await sending.send(() => house.answerCode(token, factor, code.trim()));
    if (result.ok) onStep(result.value);
  }
  async function byPasskey(): Promise<void> {
    const result = await sending.send(async (): Promise<Result<SignInStep>> => {
      const options = await house.factorPasskeyOptions(token);
      if (!options.ok) return options;
      const answer = await passkeyAnswer(options.value.public_key);
      return answer.ok ? house.answerPasskey(token, answer.value) : answer;
    });
    if (result.ok) onStep(result.value);
  }
  const isTotp = factor === "TOTP";
  return (
    <Card title={texts.auth.secondFactor}>
      {hasPasskey && (
        <button type="button" className="button is-main is-wide" onClick={() => void byPasskey()}>
          {texts.auth.usePasskey}
        </button>
      )}
      {hasCodes && (
        <Form onSubmit={submit}>
          <Field
            key={factor}
            label={isTotp ? texts.auth.code : texts.auth.recoveryCode}
            name="code"
            inputMode={isTotp ? "numeric" : "text"}
            autoComplete="one-time-code"
            value={code}
            error={sending.wrong("code")}
            onChange={(event) => setCode(event.target.value)}
          />
          <ProblemLine sending={sending} fields={["code"]} />
          <SubmitButton sending={sending} isWide>
            {texts.auth.signIn}
          </SubmitButton>
        </Form>
      )}
      <p className="card-links">
        {factors.includes("TOTP") && factors.includes("RECOVERY_CODE") && (
          <button
            type="button"
            className="link"
            onClick={() => {
              setFactor(isTotp ? "RECOVERY_CODE" : "TOTP");
              setCode("");
            }}
          >
            {isTotp ? texts.auth.useRecovery : texts.auth.useTotp}
          </button>
        )}
        <button type="button" className="link" onClick={() => onStep(null)}>
          {texts.actions.back}
        </button>
      </p>
    </Card>
  );
}

export function Reset() {
  const token = useLinkToken();
  return token ? <SetPassword token={token} /> : <AskReset />;
}

function AskReset() {
  const { house, config } = useExchange();
  const [email, setEmail] = useState("");
  const [isSent, setSent] = useState(false);
  const sending = useSending();
  async function submit(): Promise<void> {
    const result = await sending.send(() => house.requestReset(email.trim()));
    if (result.ok) setSent(true);
  }
  return (
    <Card title={texts.auth.reset}>
      {isSent ? (
        <>
          <p>{texts.auth.resetSent(email)}</p>
          {config.mailbox && <Link to="/mailbox">{texts.auth.toMailbox}</Link>}
        </>
      ) : (
        <Form onSubmit={submit}>
          <p>{texts.auth.resetHint}</p>
          <EmailField email={email} onEmail={setEmail} error={sending.wrong("email")} />
          <ProblemLine sending={sending} fields={["email"]} />
          <SubmitButton sending={sending} isWide>
            {texts.auth.sendLink}
          </SubmitButton>
        </Form>
      )}
    </Card>
  );
}

function SetPassword({ token }: { readonly token: string }) {
  const { house } = useExchange();
  const [isDone, setDone] = useState(false);
  const sending = useSending();
  async function choose(password: string): Promise<void> {
    const result = await sending.send(() => house.reset(token, password));
    if (result.ok) setDone(true);
  }
  if (isDone) {
    return (
      <Card title={texts.auth.reset}>
        <p>{texts.auth.resetDone}</p>
        <Link className="button is-main" to="/sign-in">
          {texts.auth.signIn}
        </Link>
      </Card>
    );
  }
  return (
    <Card title={texts.auth.reset}>
      <ChoosePassword sending={sending} onChoose={choose}>
        {texts.auth.setPassword}
      </ChoosePassword>
    </Card>
  );
}

/** The link of a letter to an address that somebody wants: taken where they are signed in. */
export function NewAddress() {
  const token = useLinkToken();
  const person = usePerson();
  if (person.state === "unknown") return <Loading />;
  if (token && person.state === "in") {
    return (
      <StepUp>
        <TakeAddress token={token} />
      </StepUp>
    );
  }
  return (
    <Card title={texts.auth.newAddress}>
      <p>{token ? texts.auth.newAddressOut : texts.auth.newAddressNoToken}</p>
      {token ? (
        <Link to="/sign-in">{texts.auth.signIn}</Link>
      ) : (
        <Link to="/account/security">{texts.account.security}</Link>
      )}
    </Card>
  );
}

function TakeAddress({ token }: { readonly token: string }) {
  const exchange = useExchange();
  const assured = useAssured();
  const sending = useSending();
  async function take(): Promise<void> {
    const result = await sending.send(() => assured(() => exchange.house.changeEmail(token)));
    if (!result.ok) return;
    exchange.tell("good", texts.account.emailChanged);
    await exchange.loadPerson();
    go("/account/security", { replace: true });
  }
  return (
    <Card title={texts.auth.newAddress}>
      <p>{texts.auth.newAddressHint}</p>
      <Form onSubmit={take}>
        <ProblemLine sending={sending} />
        <SubmitButton sending={sending} isWide>
          {texts.auth.takeAddress}
        </SubmitButton>
      </Form>
    </Card>
  );
}
