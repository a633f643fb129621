/** Everything that the views talk to, made once at the start. */

import { AccountFeed } from "./data/account-feed";
import { HouseApi } from "./data/house-api";
import { MarketApi } from "./data/market-api";
import { type Market, marketOf } from "./data/markets";
import type { MeView } from "./data/openapi";
import type { Result } from "./data/problems";
import { RestClient } from "./data/rest";
import { StreamClient } from "./data/streams";
import { browser, Listeners } from "./data/surroundings";
import { TickerFeed } from "./data/tickers";
import { OwnChanges, SharedChanges, type TokenChanges } from "./data/token-changes";
import { TradingSession } from "./data/trading-session";
import { keeping, remember, remembered } from "./preferences";

/** What `config.json` says: the same build runs wherever it is put. */
export interface PageConfig {
  readonly apiBase: string;
  readonly wsBase: string;
  readonly demo: boolean;
  /** The exchange keeps its mails to be read here. */
  readonly mailbox: boolean;
}

export type Markets =
  | { readonly state: "loading" | "failed"; readonly list: readonly Market[] }
  | { readonly state: "ready"; readonly list: readonly Market[] };

export type Person =
  | { readonly state: "unknown" | "out"; readonly me: null }
  | { readonly state: "in"; readonly me: MeView };

export interface Note {
  readonly id: number;
  readonly tone: "good" | "bad" | "plain";
  readonly text: string;
}

const MARKETS_EVERY_MS = 20_000;
const MARKETS_RETRY_MS = 2_000;
const NOTE_MS = 6_000;
const NOTES_MAX = 4;

/** How the page looks belongs to the device, not to who is signed in. */
const KEPT_CHOICES = ["theme", "market", "interval"];

export class Exchange {
  readonly rest: RestClient;
  readonly api: MarketApi;
  readonly house: HouseApi;
  readonly streams: StreamClient;
  readonly session: TradingSession;
  readonly account: AccountFeed;
  readonly tickers: TickerFeed;

  readonly marketNews = new Listeners<void>();
  markets: Markets = { state: "loading", list: [] };
  readonly personNews = new Listeners<void>();
  person: Person = { state: "unknown", me: null };
  readonly unreadNews = new Listeners<void>();
  /** Notifications that nobody has read yet. */
  unread = 0;
  readonly noteNews = new Listeners<void>();
  notes: readonly Note[] = [];
  private nextNote = 1;

  constructor(readonly config: PageConfig) {
    this.rest = new RestClient({ base: config.apiBase, changes: tokenChanges() });
    const wsBase = config.wsBase || location.origin.replace(/^http/, "ws");
    this.api = new MarketApi(this.rest);
    this.house = new HouseApi(this.rest);
    this.streams = new StreamClient(`${wsBase}/stream`, browser);
    this.tickers = new TickerFeed(this.streams, this.api.tickers);
    this.session = new TradingSession({
      url: `${wsBase}/ws-api/v3`,
      surroundings: browser,
      ticket: () => this.house.streamTicket(),
    });
    this.account = new AccountFeed(this.session);
    this.session.events.add((event) => {
      const { e: kind, unread } = event as { e?: string; unread?: number };
      if (kind === "inboxChanged" && unread !== undefined) this.setUnread(unread);
    });
    this.session.states.add((state) => {
      if (state === "ready") {
        void this.loadUnread();
      }
      if (state === "signed-out") this.setPerson({ state: "out", me: null });
    });
    window.addEventListener("online", () => {
      this.streams.hurry();
      this.session.hurry();
    });
  }

  start(): void {
    this.streams.start();
    // The first time they are being asked for already.
    let isBack = false;
    this.streams.states.add((state) => {
      if (state === "open" && (isBack || this.markets.state === "failed")) void this.loadMarkets();
      isBack ||= state === "open";
      if (state === "waiting") this.session.check();
    });
    void this.keepMarkets();
    void this.loadPerson();
  }

  /** Ask who is signed in: at the start, and after everything that may have changed it. */
  async loadPerson(): Promise<void> {
    const result = await this.house.session();
    if (result.ok && result.value.me) {
      this.setPerson({ state: "in", me: result.value.me });
      this.session.start();
    } else if (result.ok) {
      this.session.stop();
      this.setPerson({ state: "out", me: null });
    } else if (this.person.state === "unknown") {
      // No answer says nothing about who it is. The market is shown, and the question asked again.
      this.setPerson({ state: "out", me: null });
      browser.after(MARKETS_RETRY_MS, () => void this.loadPerson());
    }
  }

  async signOut(): Promise<Result<unknown>> {
    const result = await keeping(KEPT_CHOICES, () => this.house.signOut());
    this.session.stop();
    this.setPerson({ state: "out", me: null });
    return result;
  }

  async loadMarkets(): Promise<boolean> {
    const result = await this.api.info();
    if (result.ok) this.markets = { state: "ready", list: result.value.symbols.map(marketOf) };
    else if (this.markets.state !== "ready") this.markets = { state: "failed", list: [] };
    this.marketNews.tell();
    return result.ok;
  }

  async loadUnread(): Promise<void> {
    const result = await this.house.inbox();
    if (result.ok) this.setUnread(result.value.unread);
  }

  tell(tone: Note["tone"], text: string): void {
    const id = this.nextNote;
    this.nextNote += 1;
    this.notes = [...this.notes, { id, tone, text }].slice(-NOTES_MAX);
    this.noteNews.tell();
    browser.after(NOTE_MS, () => this.dismiss(id));
  }

  dismiss(id: number): void {
    this.notes = this.notes.filter((note) => note.id !== id);
    this.noteNews.tell();
  }

  private async keepMarkets(): Promise<void> {
    const isOk = document.hidden || (await this.loadMarkets());
    browser.after(isOk ? MARKETS_EVERY_MS : MARKETS_RETRY_MS, () => void this.keepMarkets());
  }

  private setUnread(unread: number): void {
    if (unread === this.unread) return;
    this.unread = unread;
    this.unreadNews.tell();
  }

  private setPerson(person: Person): void {
    if (person.state !== "in") {
      this.setUnread(0);
    }
    this.person = person;
    this.personNews.tell();
  }
}

const TOKEN_CHANGES = "token-changes";

/** Of all windows of this browser, where it has locks and keeps what it is given. */
function tokenChanges(): TokenChanges {
  const { locks } = navigator as { locks?: LockManager };
  const read = () => Number(remembered(TOKEN_CHANGES) ?? 0);
  const write = (count: number) => remember(TOKEN_CHANGES, String(count));
  write(read());
  const isKept = remembered(TOKEN_CHANGES) !== null;
  return locks && isKept ? new SharedChanges(locks, { read, write }) : new OwnChanges();
}

export async function loadConfig(): Promise<PageConfig> {
  const fallback: PageConfig = { apiBase: "", wsBase: "", demo: false, mailbox: false };
  const result = await new RestClient({ base: "" }).get<Partial<PageConfig>>("/config.json");
  return result.ok ? { ...fallback, ...result.value } : fallback;
}
