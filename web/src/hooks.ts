/** How views follow what the data layer says. */

import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { AccountView, FeeRates } from "./data/account-feed";
import type { Market } from "./data/markets";
import type { Problem, Result } from "./data/problems";
import type { LinkState } from "./data/socket";
import type { Listeners } from "./data/surroundings";
import type { Tickers } from "./data/tickers";
import type { SessionState } from "./data/trading-session";
import type { Exchange, Markets, Note, Person } from "./exchange";

export const ExchangeContext = createContext<Exchange | null>(null);

export function useExchange(): Exchange {
  const exchange = useContext(ExchangeContext);
  if (!exchange) throw new Error("outside of the exchange");
  return exchange;
}

/** The latest value of something that tells of its changes. */
export function useFollowed<T, N>(news: Listeners<N>, read: () => T): T {
  const subscribe = useCallback((listener: () => void) => news.add(listener), [news]);
  return useSyncExternalStore(subscribe, read);
}

export function useMarkets(): Markets {
  const exchange = useExchange();
  return useFollowed(exchange.marketNews, () => exchange.markets);
}

export function useTickers(): Tickers {
  const { tickers } = useExchange();
  return useFollowed(tickers.changes, () => tickers.tickers);
}

export function usePerson(): Person {
  const exchange = useExchange();
  return useFollowed(exchange.personNews, () => exchange.person);
}

export function useAccount(): AccountView {
  const { account } = useExchange();
  return useFollowed(account.changes, () => account.view);
}

const NO_FEES: FeeRates = { maker: 0n, taker: 0n };

/** What trading costs oneself in a market; nothing is known until the session stands. */
export function useFees(symbol: string): FeeRates {
  const { account } = useExchange();
  const isReady = useSessionState() === "ready";
  const [fees, setFees] = useState(NO_FEES);
  useEffect(() => {
    if (!isReady) return;
    let isCurrent = true;
    void account.feeRates(symbol).then((result) => {
      if (isCurrent && result.ok) setFees(result.value);
    });
    return () => {
      isCurrent = false;
      setFees(NO_FEES);
    };
  }, [account, symbol, isReady]);
  return fees;
}

export function useUnread(): number {
  const exchange = useExchange();
  return useFollowed(exchange.unreadNews, () => exchange.unread);
}

export function useNotes(): readonly Note[] {
  const exchange = useExchange();
  return useFollowed(exchange.noteNews, () => exchange.notes);
}

export function useLink(): LinkState {
  const { streams } = useExchange();
  return useFollowed(streams.states, () => streams.state);
}

export function useSessionState(): SessionState {
  const { session } = useExchange();
  return useFollowed(session.states, () => session.state);
}

/** Draw again when something changes, at most once a frame: books change faster than anybody sees. */
export function useFrames<N>(news: Listeners<N> | undefined): void {
  const [, setFrame] = useState(0);
  useEffect(() => {
    if (!news) return;
    let request = 0;
    const leave = news.add(() => {
      if (request !== 0) return;
      request = requestAnimationFrame(() => {
        request = 0;
        setFrame((frame) => frame + 1);
      });
    });
    setFrame((frame) => frame + 1);
    return () => {
      cancelAnimationFrame(request);
      leave();
    };
  }, [news]);
}

/** Something that lives as long as what it is for is shown. */
export function useLiving<T extends { close(): void }>(make: () => T): T | undefined {
  const [living, setLiving] = useState<T>();
  useEffect(() => {
    const made = make();
    setLiving(made);
    return () => made.close();
  }, [make]);
  return living;
}

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const media = window.matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches);
}

export function useOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      window.addEventListener("online", listener);
      window.addEventListener("offline", listener);
      return () => {
        window.removeEventListener("online", listener);
        window.removeEventListener("offline", listener);
      };
    },
    () => navigator.onLine,
  );
}

export type Loaded<T> =
  | { readonly state: "loading"; readonly value?: T }
  | { readonly state: "ready"; readonly value: T }
  | { readonly state: "failed"; readonly problem: Problem; readonly value?: T };

/** What a call answers, and a way to make it again; an old answer stays while a new one is awaited. */
export function useLoaded<T>(load: () => Promise<Result<T>>): [Loaded<T>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: "loading" });
  const latest = useRef(0);
  const reload = useCallback(() => {
    latest.current += 1;
    const mine = latest.current;
    setLoaded((before) =>
      before.value === undefined ? { state: "loading" } : { ...before, state: "loading" },
    );
    void load().then((result) => {
      if (mine !== latest.current) return;
      setLoaded((before) => {
        if (result.ok) return { state: "ready", value: result.value };
        const failed = { state: "failed", problem: result.problem } as const;
        return before.value === undefined ? failed : { ...failed, value: before.value };
      });
    });
  }, [load]);
  useEffect(() => {
    reload();
    return () => {
      latest.current += 1;
    };
  }, [reload]);
  return [loaded, reload];
}

export function useMarket(symbol: string): Market | undefined {
  return useMarkets().list.find((market) => market.symbol === symbol);
}
