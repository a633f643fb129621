/** The calls of /x/v1: people, keys, money, notifications. */

import type {
  AlertList,
  AlertView,
  AlertWish,
  ApiKeyList,
  ChoicesView,
  ChoiceWish,
  CurrentSession,
  InboxView,
  MadeApiKey,
  MadeWebhook,
  MailView,
  MeView,
  NewApiKey,
  OwnSessions,
  PasskeyList,
  PasskeyOptionsView,
  RecoveryCodesView,
  SignInView,
  Ticket,
  TotpSecret,
  TrialView,
  UnreadView,
  WebhookList,
  WebhookWish,
} from "./openapi";
import type { PasskeyAnswer } from "./passkeys";
import type { Result } from "./problems";
import type { RestClient } from "./rest";

/** Where a sign-in stands: done, or which step comes next. */
export type SignInStep =
  | { readonly isDone: true }
  | {
      readonly isDone: false;
      readonly next: string;
      readonly token: string;
      readonly factors: readonly string[];
    };

function stepOf(result: Result<SignInView>): Result<SignInStep> {
  if (!result.ok) return result;
  const { next, token, factors } = result.value;
  if (next === "DONE") return { ok: true, value: { isDone: true } };
  return { ok: true, value: { isDone: false, next, token, factors } };
}

export class HouseApi {
  constructor(private readonly rest: RestClient) {}

  /** Who is signed in, if anybody is; no refusal when nobody is. */
  session(): Promise<Result<CurrentSession>> {
    return this.rest.get("/x/v1/session", {}, { steadily: true });
  }

  me(): Promise<Result<MeView>> {
    return this.rest.get("/x/v1/me");
  }

  streamTicket(): Promise<Result<Ticket>> {
    return this.rest.post("/x/v1/stream-tickets");
  }

  // -- signing in

  signUp(email: string, password: string): Promise<Result<unknown>> {
    return this.rest.post("/x/v1/auth/sign-up", { email, password });
  }

  async confirm(token: string, password: string): Promise<Result<SignInStep>> {
    return stepOf(await this.rest.renew("/x/v1/auth/confirm", { token, password }));
  }

  async signIn(email: string, password: string): Promise<Result<SignInStep>> {
    return stepOf(await this.rest.renew("/x/v1/auth/sign-in", { email, password }));
  }

  async answerCode(token: string, factor: string, code: string): Promise<Result<SignInStep>> {
    return stepOf(await this.rest.renew("/x/v1/auth/sign-in/code", { token, factor, code }));
  }

  factorPasskeyOptions(token: string): Promise<Result<PasskeyOptionsView>> {
    return this.rest.post("/x/v1/auth/sign-in/passkey-options", { token });
  }

  async answerPasskey(token: string, answer: PasskeyAnswer): Promise<Result<SignInStep>> {
    return stepOf(
      await this.rest.renew("/x/v1/auth/sign-in/passkey", { token, credential: answer }),
    );
  }

  async answerNewPassword(token: string, password: string): Promise<Result<SignInStep>> {
    return stepOf(await this.rest.renew("/x/v1/auth/sign-in/new-password", { token, password }));
  }

  passkeyOptions(): Promise<Result<PasskeyOptionsView>> {
    return this.rest.post("/x/v1/auth/passkey-options");
  }

  async passkeySignIn(answer: PasskeyAnswer): Promise<Result<SignInStep>> {
    return stepOf(await this.rest.renew("/x/v1/auth/passkey", { credential: answer }));
  }

  requestReset(email: string): Promise<Result<unknown>> {
    return this.rest.post("/x/v1/auth/reset-request", { email });
  }

  reset(token: string, password: string): Promise<Result<unknown>> {
    return this.rest.post("/x/v1/auth/reset", { token, password });
  }

  signOut(): Promise<Result<unknown>> {
    return this.rest.post("/x/v1/auth/sign-out");
  }

  async mails(): Promise<Result<readonly MailView[]>> {
    const result = await this.rest.get<{ mails: readonly MailView[] }>("/x/v1/mailbox");
    return result.ok ? { ok: true, value: result.value.mails } : result;
  }

  // -- proving once more who one is

  stepUpPassword(password: string): Promise<Result<unknown>> {
    return this.rest.renew("/x/v1/auth/step-up/password", { password });
  }

  stepUpCode(factor: string, code: string): Promise<Result<unknown>> {
    return this.rest.renew("/x/v1/auth/step-up/code", { factor, code });
  }

  stepUpPasskeyOptions(): Promise<Result<PasskeyOptionsView>> {
    return this.rest.post("/x/v1/auth/step-up/passkey-options");
  }

  stepUpPasskey(answer: PasskeyAnswer): Promise<Result<unknown>> {
    return this.rest.renew("/x/v1/auth/step-up/passkey", { credential: answer });
  }

  // -- one's own account

  changePassword(password: string): Promise<Result<unknown>> {
    return this.rest.renew("/x/v1/me/password", { password });
  }

  askEmail(email: string): Promise<Result<unknown>> {
    return this.rest.post("/x/v1/me/email", { email });
  }

  changeEmail(token: string): Promise<Result<unknown>> {
    return this.rest.renew("/x/v1/me/email/confirm", { token });
  }

  beginTotp(): Promise<Result<TotpSecret>> {
    return this.rest.post("/x/v1/me/totp");
  }

  confirmTotp(code: string): Promise<Result<RecoveryCodesView>> {
    return this.rest.renew("/x/v1/me/totp/confirm", { code });
  }

  removeTotp(): Promise<Result<unknown>> {
    return this.rest.delete("/x/v1/me/totp");
  }

  makeRecoveryCodes(): Promise<Result<RecoveryCodesView>> {
    return this.rest.post("/x/v1/me/recovery-codes");
  }

  passkeys(): Promise<Result<PasskeyList>> {
    return this.rest.get("/x/v1/me/passkeys");
  }

  addPasskeyOptions(): Promise<Result<PasskeyOptionsView>> {
    return this.rest.post("/x/v1/me/passkey-options");
  }

  addPasskey(name: string, answer: PasskeyAnswer): Promise<Result<RecoveryCodesView>> {
    return this.rest.renew("/x/v1/me/passkeys", { name, credential: answer });
  }

  removePasskey(passkeyId: string): Promise<Result<unknown>> {
    return this.rest.delete(`/x/v1/me/passkeys/${passkeyId}`);
  }

  sessions(): Promise<Result<OwnSessions>> {
    return this.rest.get("/x/v1/me/sessions");
  }

  endSession(sessionId: string): Promise<Result<unknown>> {
    return this.rest.delete(`/x/v1/me/sessions/${encodeURIComponent(sessionId)}`);
  }

  endOtherSessions(): Promise<Result<unknown>> {
    return this.rest.post("/x/v1/me/sessions/end-others");
  }

  apiKeys(): Promise<Result<ApiKeyList>> {
    return this.rest.get("/x/v1/me/api-keys");
  }

  makeApiKey(key: NewApiKey): Promise<Result<MadeApiKey>> {
    return this.rest.post("/x/v1/me/api-keys", key);
  }

  revokeApiKey(apiKey: string): Promise<Result<unknown>> {
    return this.rest.delete(`/x/v1/me/api-keys/${encodeURIComponent(apiKey)}`);
  }

  // -- notifications

  inbox(before?: number): Promise<Result<InboxView>> {
    return this.rest.get("/x/v1/notifications", { before, limit: 30 });
  }

  markRead(upTo: number): Promise<Result<UnreadView>> {
    return this.rest.post("/x/v1/notifications/read", { up_to: upTo });
  }

  choices(): Promise<Result<ChoicesView>> {
    return this.rest.get("/x/v1/notifications/preferences");
  }

  choose(choice: ChoiceWish): Promise<Result<ChoicesView>> {
    return this.rest.patch("/x/v1/notifications/preferences", { choices: [choice] });
  }

  webhooks(): Promise<Result<WebhookList>> {
    return this.rest.get("/x/v1/notifications/webhooks");
  }

  addWebhook(webhook: WebhookWish): Promise<Result<MadeWebhook>> {
    return this.rest.post("/x/v1/notifications/webhooks", webhook);
  }

  pauseWebhook(id: string, active: boolean): Promise<Result<unknown>> {
    return this.rest.patch(`/x/v1/notifications/webhooks/${encodeURIComponent(id)}`, { active });
  }

  removeWebhook(id: string): Promise<Result<unknown>> {
    return this.rest.delete(`/x/v1/notifications/webhooks/${encodeURIComponent(id)}`);
  }

  tryWebhook(id: string): Promise<Result<TrialView>> {
    return this.rest.post(`/x/v1/notifications/webhooks/${encodeURIComponent(id)}/test`);
  }

  alerts(): Promise<Result<AlertList>> {
    return this.rest.get("/x/v1/notifications/alerts");
  }

  addAlert(alert: AlertWish): Promise<Result<AlertView>> {
    return this.rest.post("/x/v1/notifications/alerts", alert);
  }

  removeAlert(id: string): Promise<Result<unknown>> {
    return this.rest.delete(`/x/v1/notifications/alerts/${encodeURIComponent(id)}`);
  }
}
