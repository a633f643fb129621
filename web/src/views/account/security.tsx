/** How one proves who one is: password, authenticator, passkeys, recovery codes. */

import { type ReactNode, useCallback, useMemo, useState } from "react";
import type { MeView } from "../../data/openapi";
import { knowsPasskeys, makePasskey } from "../../data/passkeys";
import type { Result } from "../../data/problems";
import { qrPicture } from "../../data/qr";
import { microsecondsText } from "../../format";
import { useExchange, useLoaded, usePerson } from "../../hooks";
import { Link } from "../../router";
import { texts } from "../../texts/en";
import { Copyable, CopyButton } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { download } from "../../ui/download";
import { Field } from "../../ui/field";
import { Form, ProblemLine, SubmitButton, useSending } from "../../ui/form";
import { ListState } from "../../ui/list-state";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";

export function Security() {
  const { me } = usePerson();
  const [codes, setCodes] = useState<readonly string[]>([]);
  if (!me) return null;
  return (
    <>
      <Address me={me} />
      <Password />
      <Authenticator me={me} onCodes={setCodes} />
      <Passkeys onCodes={setCodes} />
      <RecoveryCodes me={me} onCodes={setCodes} />
      {codes.length > 0 && <CodesDialog codes={codes} onClose={() => setCodes([])} />}
    </>
  );
}

function Part({
  title,
  state,
  children,
}: {
  readonly title: string;
  readonly state?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className="panel" aria-label={title}>
      <div className="row row-wide">
        <h2>{title}</h2>
        {state}
      </div>
      {children}
    </section>
  );
}

function OnOff({ isOn }: { readonly isOn: boolean }) {
  return (
    <span className={isOn ? "badge is-good" : "badge"}>
      {isOn ? texts.account.on : texts.account.off}
    </span>
  );
}

function Address({ me }: { readonly me: MeView }) {
  const { house, config } = useExchange();
  const assured = useAssured();
  const [email, setEmail] = useState("");
  const [sentTo, setSentTo] = useState("");
  const sending = useSending();
  async function submit(): Promise<void> {
    const wanted = email.trim();
    const result = await sending.send(() => assured(() => house.askEmail(wanted)));
    if (!result.ok) return;
    setEmail("");
    setSentTo(wanted);
  }
  return (
    <Part title={texts.auth.email}>
      <Form onSubmit={submit}>
        <div className="form-row">
          <Field
            label={texts.account.newEmail}
            type="email"
            name="newEmail"
            autoComplete="email"
            inputMode="email"
            value={email}
            error={sending.wrong("email")}
            hint={texts.account.emailNow(me.session.email)}
            onChange={(event) => setEmail(event.target.value)}
          />
          <SubmitButton sending={sending}>{texts.account.changeEmail}</SubmitButton>
        </div>
        <ProblemLine sending={sending} fields={["email"]} />
      </Form>
      {sentTo && (
        <p role="status">
          {texts.account.emailSent(sentTo)}{" "}
          {config.mailbox && <Link to="/mailbox">{texts.auth.toMailbox}</Link>}
        </p>
      )}
    </Part>
  );
}

function Password() {
  const exchange = useExchange();
  const assured = useAssured();
  const [password, setPassword] = useState("");
  const sending = useSending();
  async function submit(): Promise<void> {
    const result = await sending.send(() => assured(() => exchange.house.changePassword(password)));
    if (!result.ok) return;
    setPassword("");
    exchange.tell("good", texts.account.passwordChanged);
    void exchange.loadPerson();
  }
  return (
    <Part title={texts.auth.password}>
      <Form onSubmit={submit}>
        <div className="form-row">
          <Field
            label={texts.auth.newPassword}
            type="password"
            name="newPassword"
            autoComplete="new-password"
            value={password}
            error={sending.wrong("password")}
            hint={texts.account.passwordHint}
            onChange={(event) => setPassword(event.target.value)}
          />
          <SubmitButton sending={sending}>{texts.account.changePassword}</SubmitButton>
        </div>
        <ProblemLine sending={sending} fields={["password"]} />
      </Form>
    </Part>
  );
}

interface CodesProps {
  readonly onCodes: (codes: readonly string[]) => void;
}

function Authenticator({ me, onCodes }: CodesProps & { readonly me: MeView }) {
  const exchange = useExchange();
  const assured = useAssured();
  const sending = useSending();
  const [setUp, setSetUp] = useState<{ secret: string; uri: string } | null>(null);
  const isOn = me.factors.includes("TOTP");

  async function begin(): Promise<void> {
    const result = await sending.send(() => assured(() => exchange.house.beginTotp()));
    if (result.ok) setSetUp(result.value);
  }
  async function remove(): Promise<void> {
    const result = await sending.send(() => assured(() => exchange.house.removeTotp()));
    if (result.ok) void exchange.loadPerson();
  }
  return (
    <Part title={texts.account.totp} state={<OnOff isOn={isOn} />}>
      <p className="field-hint">{texts.account.totpHint}</p>
      <ProblemLine sending={sending} />
      <div className="row">
        {isOn ? (
          <button type="button" className="button" onClick={() => void remove()}>
            {texts.account.turnOff}
          </button>
        ) : (
          <button type="button" className="button is-main" onClick={() => void begin()}>
            {texts.account.turnOnTotp}
          </button>
        )}
      </div>
      {setUp && (
        <TotpDialog
          setUp={setUp}
          onClose={() => setSetUp(null)}
          onDone={(codes) => {
            setSetUp(null);
            onCodes(codes);
            void exchange.loadPerson();
          }}
        />
      )}
    </Part>
  );
}

function TotpDialog({
  setUp,
  onClose,
  onDone,
}: {
  readonly setUp: { readonly secret: string; readonly uri: string };
  readonly onClose: () => void;
  readonly onDone: (codes: readonly string[]) => void;
}) {
  const { house } = useExchange();
  const assured = useAssured();
  const sending = useSending();
  const [code, setCode] = useState("");
  const { size, path } = useMemo(() => qrPicture(setUp.uri), [setUp.uri]);
  async function submit(): Promise<void> {
    const result = await sending.send(() => assured(() => house.confirmTotp(code.trim())));
    if (result.ok) onDone(result.value.recovery_codes);
  }
  return (
    <Dialog title={texts.account.turnOnTotp} onClose={onClose}>
      <Form onSubmit={submit}>
        <p>{texts.account.totpScan}</p>
        <svg
          className="qr"
          viewBox={`0 0 ${size} ${size}`}
          role="img"
          aria-label={texts.account.qr}
        >
          <path d={path} shapeRendering="crispEdges" />
        </svg>
        <Copyable label={texts.account.totpSecret} text={setUp.secret} />
        <Field
          label={texts.account.totpCode}
          name="totpCode"
          inputMode="numeric"
          autoComplete="one-time-code"
          value={code}
          error={sending.wrong("code")}
          onChange={(event) => setCode(event.target.value)}
        />
        <ProblemLine sending={sending} fields={["code"]} />
        <SubmitButton sending={sending}>{texts.actions.confirm}</SubmitButton>
      </Form>
    </Dialog>
  );
}

function Passkeys({ onCodes }: CodesProps) {
  const exchange = useExchange();
  const { house } = exchange;
  const assured = useAssured();
  const sending = useSending();
  const [name, setName] = useState("");
  const load = useCallback(() => house.passkeys(), [house]);
  const [loaded, reload] = useLoaded(load);
  const passkeys = loaded.value?.passkeys ?? [];

  async function add(): Promise<void> {
    const wanted = name.trim() || texts.account.passkeyName;
    const result = await sending.send(
      async (): Promise<Result<{ readonly recovery_codes: readonly string[] }>> => {
        const options = await assured(() => house.addPasskeyOptions());
        if (!options.ok) return options;
        const made = await makePasskey(options.value.public_key);
        return made.ok ? house.addPasskey(wanted, made.value) : made;
      },
    );
    if (!result.ok) return;
    setName("");
    onCodes(result.value.recovery_codes);
    reload();
    void exchange.loadPerson();
  }
  async function remove(passkeyId: string): Promise<void> {
    const result = await sending.send(() => assured(() => house.removePasskey(passkeyId)));
    if (!result.ok) return;
    reload();
    void exchange.loadPerson();
  }
  return (
    <Part title={texts.account.passkeys} state={<OnOff isOn={passkeys.length > 0} />}>
      <p className="field-hint">{texts.account.passkeysHint}</p>
      <ListState
        loaded={loaded}
        count={passkeys.length}
        empty={texts.account.noPasskeys}
        onRetry={reload}
      />
      {passkeys.length > 0 && (
        <table className="table is-text" data-testid="passkeys">
          <TableHead
            columns={[
              texts.account.name,
              texts.account.made,
              texts.account.used,
              texts.orders.actions,
            ]}
          />
          <tbody>
            {passkeys.map((one) => (
              <tr key={one.passkey_id}>
                <td data-label={texts.account.name}>{one.name}</td>
                <td data-label={texts.account.made}>{microsecondsText(one.created_us)}</td>
                <td data-label={texts.account.used}>{microsecondsText(one.used_us)}</td>
                <td data-label={texts.orders.actions}>
                  <button
                    type="button"
                    className="button is-small"
                    aria-label={`${texts.actions.remove}: ${one.name}`}
                    onClick={() => void remove(one.passkey_id)}
                  >
                    {texts.actions.remove}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {knowsPasskeys() ? (
        <Form onSubmit={add}>
          <div className="form-row">
            <Field
              label={texts.account.name}
              name="passkeyName"
              placeholder={texts.account.passkeyName}
              value={name}
              error={sending.wrong("name")}
              onChange={(event) => setName(event.target.value)}
            />
            <SubmitButton sending={sending}>{texts.account.addPasskey}</SubmitButton>
          </div>
          <ProblemLine sending={sending} fields={["name"]} />
        </Form>
      ) : (
        <p className="field-hint">{texts.account.passkeysUnknown}</p>
      )}
    </Part>
  );
}

function RecoveryCodes({ me, onCodes }: CodesProps & { readonly me: MeView }) {
  const exchange = useExchange();
  const assured = useAssured();
  const sending = useSending();
  const hasFactor = me.factors.includes("TOTP") || me.factors.includes("PASSKEY");
  async function make(): Promise<void> {
    const result = await sending.send(() => assured(() => exchange.house.makeRecoveryCodes()));
    if (!result.ok) return;
    onCodes(result.value.recovery_codes);
    void exchange.loadPerson();
  }
  return (
    <Part title={texts.account.recoveryCodes}>
      <p>{hasFactor ? texts.account.codesLeft(me.recovery_codes_left) : texts.account.noCodes}</p>
      <ProblemLine sending={sending} />
      {hasFactor && (
        <div className="row">
          <button type="button" className="button" onClick={() => void make()}>
            {texts.account.newCodes}
          </button>
        </div>
      )}
    </Part>
  );
}

function CodesDialog({
  codes,
  onClose,
}: {
  readonly codes: readonly string[];
  readonly onClose: () => void;
}) {
  const text = codes.join("\n");
  return (
    <Dialog title={texts.account.recoveryCodes} onClose={onClose}>
      <p className="warning">{texts.account.codesOnce}</p>
      <ul className="codes" data-testid="recovery-codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="dialog-actions">
        <CopyButton text={text} />
        <button
          type="button"
          className="button is-small"
          onClick={() => download("openoutcry-recovery-codes.txt", `${text}\n`, "text/plain")}
        >
          {texts.actions.download}
        </button>
        <button type="button" className="button is-main is-small" onClick={onClose}>
          {texts.account.codesKept}
        </button>
      </div>
    </Dialog>
  );
}
