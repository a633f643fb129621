/** Made by tools/types.mjs from the OpenAPI description of /x/v1. Not to be edited. */

/** What the browser's device made, and what it is to be called. */
export interface AddPasskey {
  readonly name: string;
  readonly credential: PasskeyCredential;
}

/** A new passkey, and recovery codes when there were none; they are shown this once. */
export interface AddedPasskey {
  readonly passkey: PasskeyEntry;
  readonly recovery_codes: readonly string[];
}

/** The addresses that withdrawals may go to. */
export interface AddressList {
  readonly addresses: readonly AddressView[];
}

/** An address on one's list. */
export interface AddressView {
  readonly network: string;
  readonly address: string;
  readonly label: string;
  readonly added_us: number;
  readonly usable_us: number;
  readonly is_usable: boolean;
}

/** What is to change; what is not sent stays. */
export interface AlertChangeWish {
  readonly direction?: Direction | null;
  readonly price?: string | null;
  readonly once?: boolean | null;
}

/** All price alerts, oldest first. */
export interface AlertList {
  readonly alerts: readonly AlertView[];
}

/** A price alert. */
export interface AlertView {
  readonly id: string;
  readonly symbol: string;
  readonly direction: Direction;
  readonly price: string;
  readonly once: boolean;
  readonly active: boolean;
  readonly created_us: number;
  readonly fired_us: number | null;
}

/** A new price alert. */
export interface AlertWish {
  readonly symbol: string;
  readonly direction: Direction;
  readonly price: string;
  readonly once?: boolean;
}

/** All keys of somebody. */
export interface ApiKeyList {
  readonly keys: readonly ApiKeyView[];
  readonly keys_max: number;
}

/** A key, without its secret. */
export interface ApiKeyView {
  readonly api_key: string;
  readonly label: string;
  readonly key_type: KeyType;
  readonly public_key: string;
  readonly may_read: boolean;
  readonly may_trade: boolean;
  readonly may_withdraw: boolean;
  readonly allowed_ips: readonly string[];
  readonly allowed_symbols: readonly string[];
  readonly created_us: number;
  readonly expires_us: number;
  readonly has_expired: boolean;
}

/** All of one asset; the parts add up to zero. */
export interface AssetLedgerView {
  readonly asset: string;
  readonly free: string;
  readonly held: string;
  readonly fees: string;
  readonly clearing: string;
  readonly outside: string;
  readonly difference: string;
  readonly is_conserved: boolean;
}

/** What there is of an asset. */
export interface AssetSum {
  readonly asset: string;
  readonly amount: string;
}

/** Whose a payment is, and what an operator wants to be remembered of it. */
export interface Assignment {
  readonly account_id: number;
  readonly note?: string;
}

/** Records, the newest first. */
export interface AuditPage {
  readonly records: readonly AuditRecordView[];
}

/** One act. */
export interface AuditRecordView {
  readonly n: number;
  readonly time_us: number;
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly details: Readonly<Record<string, string>>;
  readonly request_id: string;
  readonly digest: string;
}

/** A new password. */
export interface ChangePassword {
  readonly password: string;
}

/** How a notification reaches a person. */
export type Channel = "email" | "in_app" | "webhook";

/** Whether a kind reaches you over a channel. Locked ones cannot be switched off. */
export interface ChoiceView {
  readonly kind: Kind;
  readonly channel: Channel;
  readonly wanted: boolean;
  readonly locked: boolean;
}

/** One choice. */
export interface ChoiceWish {
  readonly kind: Kind;
  readonly channel: Channel;
  readonly wanted: boolean;
}

/** Every choice as it stands. */
export interface ChoicesView {
  readonly choices: readonly ChoiceView[];
}

/** Choices to change; others stay. */
export interface ChoicesWish {
  readonly choices: readonly ChoiceWish[];
}

/** The token of a half sign-in, and a code. */
export interface CodeAnswer {
  readonly token: string;
  readonly factor: "RECOVERY_CODE" | "TOTP";
  readonly code: string;
}

/** A code of whoever has signed in. */
export interface CodeProof {
  readonly factor: "RECOVERY_CODE" | "TOTP";
  readonly code: string;
}

/** The token of the link, and the password that was chosen. */
export interface Confirm {
  readonly token: string;
  readonly password: string;
}

/** The money of the whole exchange as of one batch. */
export interface ConservationView {
  readonly seq: number;
  readonly time_us: number;
  readonly is_conserved: boolean;
  readonly negative_balances: number;
  readonly assets: readonly AssetLedgerView[];
}

/** An address and its password. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Who is signed in. */
export interface CurrentSession {
  readonly me: MeView | null;
}

/** What an operator wants to be remembered of a decision. */
export interface Decision {
  readonly note?: string;
}

/** The newest deliveries, newest first. */
export interface DeliveryList {
  readonly deliveries: readonly DeliveryView[];
}

/** Where a delivery is. All but PENDING are final, until somebody asks for another round. */
export type DeliveryState = "dead" | "pending" | "sent" | "suppressed";

/** One notification on its way to a webhook. */
export interface DeliveryView {
  readonly id: number;
  readonly notification_id: string;
  readonly event: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly due_us: number;
  readonly outcome: string;
  readonly settled_us: number | null;
}

/** Where to pay to. */
export interface DepositAddress {
  readonly asset: string;
  readonly network: string;
  readonly address: string;
  readonly confirmations: number;
}

/** Deposits, newest first. */
export interface DepositList {
  readonly deposits: readonly DepositView[];
}

/** Where a payment stands on its way into the ledger. */
export type DepositState = "blocked" | "credited" | "final" | "orphaned" | "seen" | "too_small";

/** A payment that came in. */
export interface DepositView {
  readonly number: number;
  readonly account_id: number;
  readonly asset: string;
  readonly network: string;
  readonly amount: string;
  readonly address: string;
  readonly transaction: string;
  readonly output: number;
  readonly state: DepositState;
  readonly cause: string;
  readonly confirmations: number;
  readonly confirmations_final: number;
  readonly seen_us: number;
  readonly changed_us: number;
}

/** From which side a price reaches an alert. */
export type Direction = "above" | "below";

/** Why a payment is credited to nobody. */
export interface Dismissal {
  readonly reason: string;
}

/** The token of the link. */
export interface EmailLink {
  readonly token: string;
}

/** How many sessions have ended. */
export interface EndedSessions {
  readonly ended: number;
}

/** One change of what an account has. */
export interface EntryView {
  readonly entry: string;
  readonly time_us: number;
  readonly cause: string;
  readonly purpose: string;
  readonly asset: string;
  readonly amount: string;
  readonly symbol: string;
  readonly order_id: number;
  readonly trade_id: number;
  readonly reference: string;
}

/** How somebody proves who they are. */
export type Factor = "PASSKEY" | "PASSWORD" | "RECOVERY_CODE" | "TOTP";

/** All rates that were set. */
export interface FeesList {
  readonly fees: readonly FeesView[];
}

/** What a schedule charges in a market, or in all. */
export interface FeesView {
  readonly schedule: number;
  readonly symbol: string;
  readonly maker: string;
  readonly taker: string;
}

/** What is wrong with one field of a request. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** A filter that can be set. */
export interface FilterView {
  readonly name: string;
  readonly meaning: string;
  readonly unit: string;
}

/** One figure of health. */
export interface GaugeView {
  readonly name: string;
  readonly value: number;
  readonly meaning: string;
  readonly is_alarming: boolean;
}

/** What to take from the faucet. */
export interface GiftWanted {
  readonly asset: string;
}

/** How the exchange is. */
export interface HealthView {
  readonly version: string;
  readonly started_us: number;
  readonly now_us: number;
  readonly is_open: boolean;
  readonly gauges: readonly GaugeView[];
}

/** Part of an inbox, newest first. */
export interface InboxView {
  readonly items: readonly NotificationView[];
  readonly unread: number;
  readonly next_before: number | null;
}

/** How a key signs. */
export type KeyType = "ED25519" | "HMAC" | "RSA";

/** What a notification is about; preferences are by kind. */
export type Kind = "deposit" | "fill" | "order_expired" | "price_alert" | "security" | "sign_in" | "test" | "withdrawal";

/** A new key. The secret of an HMAC key is shown this once. */
export interface MadeApiKey {
  readonly key: ApiKeyView;
  readonly secret: string;
}

/** A payment of the simulated chain, on its way. */
export interface MadePayment {
  readonly transaction: string;
}

/** A webhook with its secret, which is shown this once. */
export interface MadeWebhook {
  readonly webhook: WebhookView;
  readonly secret: string;
}

/** One mail. */
export interface MailView {
  readonly number: number;
  readonly sent_us: number;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Mails, the newest first. */
export interface MailboxView {
  readonly mails: readonly MailView[];
}

/** What has been read: some by id, or everything up to a number. */
export interface MarkRead {
  readonly ids?: readonly string[];
  readonly up_to?: number | null;
}

/** All markets, and what their filters mean. */
export interface MarketList {
  readonly markets: readonly MarketView[];
  readonly filters: readonly FilterView[];
  readonly statuses: readonly string[];
}

/** A market as operators set it; amounts are decimals. */
export interface MarketView {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly status: string;
  readonly tick: string;
  readonly lot: string;
  readonly version: number;
  readonly filters: Readonly<Record<string, string>>;
}

/** Somebody about themselves. */
export interface MeView {
  readonly session: SessionInfo;
  readonly created_us: number;
  readonly factors: readonly Factor[];
  readonly step_up_by: readonly Factor[];
  readonly recovery_codes_left: number;
  readonly passkeys: number;
  readonly security_changed_us: number;
}

/** A network of an asset, and the terms of coming and going by it. */
export interface NetworkView {
  readonly network: string;
  readonly title: string;
  readonly confirmations: number;
  readonly deposit_min: string;
  readonly withdrawal_min: string;
  readonly withdrawal_fee: string;
  readonly address_pattern: string;
  readonly arrival_minutes: number;
  readonly is_open: boolean;
  readonly hour_limit: string;
  readonly day_limit: string;
  readonly second_person_from: string;
}

/** An address that withdrawals are to go to. */
export interface NewAddress {
  readonly network: string;
  readonly address: string;
  readonly label?: string;
}

/** What a new key is to be. What it may do cannot be changed later. */
export interface NewApiKey {
  readonly label: string;
  readonly key_type?: KeyType;
  readonly public_key?: string;
  readonly may_read?: boolean;
  readonly may_trade?: boolean;
  readonly may_withdraw?: boolean;
  readonly allowed_ips?: readonly string[];
  readonly allowed_symbols?: readonly string[];
  readonly lifetime_days?: number;
}

/** The address that is wanted. */
export interface NewEmail {
  readonly email: string;
}

/** What a schedule is to charge; 0.001 is 0.1 %. */
export interface NewFees {
  readonly maker: string;
  readonly taker: string;
  readonly schedule?: number;
  readonly symbol?: string;
}

/** Filters by name; those that are not named stay as they are. */
export interface NewFilters {
  readonly filters: Readonly<Record<string, string>>;
}

/** The token of a half sign-in or of a mail, and a new password. */
export interface NewPassword {
  readonly token: string;
  readonly password: string;
}

/** What somebody may do as an operator; nothing makes them a customer. */
export interface NewRoles {
  readonly roles: readonly OperatorRole[];
}

/** How much of an asset may leave. */
export interface NewRule {
  readonly hour_limit: string;
  readonly day_limit: string;
  readonly second_person_from: string;
  readonly is_open?: boolean;
}

/** What a market is to be. */
export interface NewStatus {
  readonly status: string;
}

/** A withdrawal. `amount` leaves the balance; the network's fee is taken from it. */
export interface NewWithdrawal {
  readonly asset: string;
  readonly network: string;
  readonly amount: string;
  readonly address: string;
  readonly client_id?: string;
}

/** A notification in words and in facts. */
export interface NotificationView {
  readonly id: string;
  readonly number: number;
  readonly kind: Kind;
  readonly event: string;
  readonly title: string;
  readonly text: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly created_us: number;
  readonly read_us: number | null;
}

/** A gift of the faucet. */
export interface Offer {
  readonly asset: string;
  readonly amount: string;
  readonly left_today: number;
}

/** What the faucet gives. */
export interface Offers {
  readonly offers: readonly Offer[];
}

/** A person as operators see one. */
export interface OperatorPersonView {
  readonly person_id: number;
  readonly account_id: number;
  readonly email: string;
  readonly status: PersonStatus;
  readonly roles: readonly OperatorRole[];
  readonly factors: readonly Factor[];
  readonly created_us: number;
  readonly signed_in_us: number;
  readonly security_changed_us: number;
}

/** What an operator may do; people without roles are customers. */
export type OperatorRole = "ADMIN" | "AUDITOR" | "MARKETS" | "SUPPORT" | "TREASURY";

/** One of somebody's sessions. */
export interface OwnSessionView {
  readonly session_id: string;
  readonly current: boolean;
  readonly factors: readonly Factor[];
  readonly started_us: number;
  readonly seen_us: number;
  readonly ends_us: number;
  readonly ip: string;
  readonly user_agent: string;
}

/** Sessions that are alive, the one used last first. */
export interface OwnSessions {
  readonly sessions: readonly OwnSessionView[];
}

/** What `PublicKeyCredential.toJSON()` gives. */
export interface PasskeyCredential {
  readonly id: string;
  readonly rawId: string;
  readonly type: string;
  readonly response: PasskeyResponse;
  readonly authenticatorAttachment?: string | null;
  readonly clientExtensionResults?: Readonly<Record<string, unknown>>;
}

/** A passkey. */
export interface PasskeyEntry {
  readonly passkey_id: string;
  readonly name: string;
  readonly backed_up: boolean;
  readonly created_us: number;
  readonly used_us: number;
}

/** Passkeys, oldest first. */
export interface PasskeyList {
  readonly passkeys: readonly PasskeyEntry[];
}

/** What the browser is to be asked with, in WebAuthn's own JSON. */
export interface PasskeyOptionsView {
  readonly public_key: Readonly<Record<string, unknown>>;
}

/** What the browser's device answered. */
export interface PasskeyProof {
  readonly credential: PasskeyCredential;
}

/** The `response` of a `PublicKeyCredential`, of either ceremony. */
export interface PasskeyResponse {
  readonly clientDataJSON: string;
  readonly attestationObject?: string;
  readonly authenticatorData?: string;
  readonly signature?: string;
  readonly userHandle?: string | null;
  readonly transports?: readonly string[];
  readonly publicKey?: string | null;
  readonly publicKeyAlgorithm?: number;
}

/** The token of a half sign-in, and what the browser's device answered. */
export interface PasskeyStep {
  readonly token: string;
  readonly credential: PasskeyCredential;
}

/** The password of whoever has signed in. */
export interface PasswordProof {
  readonly password: string;
}

/** A payment that the simulated chain is to make. */
export interface PaymentWanted {
  readonly asset: string;
  readonly network: string;
  readonly amount: string;
}

/** People by id. */
export interface PeoplePage {
  readonly people: readonly OperatorPersonView[];
}

/** Whether somebody may sign in. */
export type PersonStatus = "ACTIVE" | "LOCKED";

/** A refusal as RFC 9457 has it, with a code to decide by and the fields that it is about. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
}

/** What a withdrawal would cost, and what may still leave. */
export interface QuoteView {
  readonly amount: string;
  readonly fee: string;
  readonly arrives: string;
  readonly hour_left: string;
  readonly day_left: string;
  readonly needs_second_person: boolean;
}

/** A withdrawal that somebody thinks of. */
export interface QuoteWanted {
  readonly asset: string;
  readonly network: string;
  readonly amount: string;
  readonly address?: string;
}

/** Recovery codes, shown this once; empty when there are older ones, which stay good. */
export interface RecoveryCodesView {
  readonly recovery_codes: readonly string[];
}

/** Another name for a passkey. */
export interface RenamePasskey {
  readonly name: string;
}

/** Whose password is forgotten. */
export interface ResetRequest {
  readonly email: string;
}

/** How much of an asset may leave. */
export interface RuleView {
  readonly asset: string;
  readonly hour_limit: string;
  readonly day_limit: string;
  readonly second_person_from: string;
  readonly is_open: boolean;
}

/** How far a session has come to what operators need for their work: a second factor. */
export type SecondFactor = "MISSING" | "NOT_NEEDED" | "PROVED" | "UNPROVED";

/** A session, for the page that has it. */
export interface SessionInfo {
  readonly session_id: string;
  readonly person_id: number;
  readonly account_id: number;
  readonly email: string;
  readonly roles: readonly OperatorRole[];
  readonly factors: readonly Factor[];
  readonly second_factor: SecondFactor;
  readonly stepped_up_until_us: number;
  readonly started_us: number;
  readonly idle_ends_us: number;
  readonly ends_us: number;
}

/** How far a sign-in is. With DONE the answer carries the session's cookie. */
export interface SignInView {
  readonly next: "DONE" | "NEW_PASSWORD" | "SECOND_FACTOR";
  readonly session: SessionInfo | null;
  readonly token: string;
  readonly factors: readonly Factor[];
  readonly expires_us: number;
}

/** Whom to send a link to. The password is asked for again where the link leads. */
export interface SignUp {
  readonly email: string;
  readonly password: string;
}

/** A page of a statement. Opening and all entries add up to the closing. */
export interface StatementView {
  readonly account_id: number;
  readonly start_us: number;
  readonly end_us: number;
  readonly opening: readonly AssetSum[];
  readonly closing: readonly AssetSum[];
  readonly is_whole: boolean;
  readonly entries: readonly EntryView[];
  readonly next: string;
}

/** The token of a half sign-in. */
export interface StepToken {
  readonly token: string;
}

/** A step that a withdrawal has made. */
export interface StepView {
  readonly state: WithdrawalState;
  readonly cause: WithdrawalCause;
  readonly time_us: number;
}

/** What opens one socket, once. */
export interface Ticket {
  readonly ticket: string;
  readonly expires_us: number;
}

/** A code of the generator that is being set up. */
export interface TotpCode {
  readonly code: string;
}

/** A generator's secret, shown until it is confirmed. */
export interface TotpSecret {
  readonly secret: string;
  readonly uri: string;
}

/** What came of a test. */
export interface TrialView {
  readonly ok: boolean;
  readonly outcome: string;
  readonly milliseconds: number;
}

/** Payments that were nobody's when they came, newest first. */
export interface UnclaimedList {
  readonly payments: readonly UnclaimedView[];
}

/** What became of a payment that was nobody's when it came; all but OPEN are final. */
export type UnclaimedState = "assigned" | "dismissed" | "open";

/** A payment that was nobody's when it came. */
export interface UnclaimedView {
  readonly number: number;
  readonly asset: string;
  readonly network: string;
  readonly amount: string;
  readonly address: string;
  readonly transaction: string;
  readonly output: number;
  readonly state: UnclaimedState;
  readonly account_id: number;
  readonly note: string;
  readonly seen_us: number;
  readonly changed_us: number;
}

/** How much is unread now. */
export interface UnreadView {
  readonly unread: number;
}

/** An asset, what one has of it, and how it comes and goes. */
export interface WalletAsset {
  readonly asset: string;
  readonly free: string;
  readonly locked: string;
  readonly networks: readonly NetworkView[];
}

/** Every asset of the exchange. */
export interface WalletAssets {
  readonly assets: readonly WalletAsset[];
  readonly is_demo: boolean;
}

/** What is to change; what is not sent stays. */
export interface WebhookChangeWish {
  readonly url?: string | null;
  readonly kinds?: readonly Kind[] | null;
  readonly label?: string | null;
  readonly active?: boolean | null;
}

/** All webhooks, oldest first. */
export interface WebhookList {
  readonly webhooks: readonly WebhookView[];
}

/** Whether a webhook is delivered to. */
export type WebhookState = "active" | "paused";

/** A webhook without its secret. */
export interface WebhookView {
  readonly id: string;
  readonly url: string;
  readonly kinds: readonly Kind[];
  readonly label: string;
  readonly state: WebhookState;
  readonly dead_in_a_row: number;
  readonly created_us: number;
}

/** A new webhook. */
export interface WebhookWish {
  readonly url: string;
  readonly kinds: readonly Kind[];
  readonly label?: string;
}

/** Why a withdrawal was refused or returned. */
export type WithdrawalCause = "" | "account_may_not_withdraw" | "cancelled" | "custodian_failed" | "insufficient_balance" | "interrupted" | "ledger_refused" | "rejected";

/** Withdrawals, newest first. */
export interface WithdrawalList {
  readonly withdrawals: readonly WithdrawalView[];
}

/** Where a withdrawal stands; REFUSED, SETTLED and RETURNED are final. */
export type WithdrawalState = "approved" | "awaiting" | "held" | "refused" | "requested" | "returned" | "returning" | "sending" | "sent" | "settled";

/** A withdrawal. `amount` left the balance, `arrives` is what is paid out. */
export interface WithdrawalView {
  readonly withdrawal_id: string;
  readonly client_id: string;
  readonly account_id: number;
  readonly asset: string;
  readonly network: string;
  readonly address: string;
  readonly amount: string;
  readonly fee: string;
  readonly arrives: string;
  readonly state: WithdrawalState;
  readonly cause: WithdrawalCause;
  readonly note: string;
  readonly needs_second_person: boolean;
  readonly can_cancel: boolean;
  readonly transaction: string;
  readonly confirmations: number;
  readonly requested_us: number;
  readonly changed_us: number;
  readonly steps: readonly StepView[];
}
