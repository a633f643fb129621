/** What is around every view: navigation, the state of the connection, notes. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import { assetText } from "../format";
import {
  useExchange,
  useLink,
  useMarkets,
  useNotes,
  useOnline,
  usePerson,
  useSessionState,
  useUnread,
} from "../hooks";
import { go, Link, usePath } from "../router";
import { texts } from "../texts/en";
import { chooseTheme, useTheme } from "../theme";
import { Icon } from "../ui/icons";

export function Shell({ children }: { readonly children: ReactNode }) {
  return (
    <>
      <a className="skip" href="#content">
        {texts.skip}
      </a>
      <Head />
      <LinkBanner />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Notes />
      <AccountNews />
    </>
  );
}

function Head() {
  const { config } = useExchange();
  const person = usePerson();
  const [isOpen, setOpen] = useState(false);
  const path = usePath();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place closes the menu
  useEffect(() => setOpen(false), [path]);
  const isOperator = person.me !== null && person.me.session.roles.length > 0;
  return (
    <header className="head">
      <Link className="brand" to="/" aria-label={texts.name}>
        <img src="/favicon.svg" alt="" width="22" height="22" />
        <span>{texts.name}</span>
      </Link>
      {config.demo && (
        <span className="badge" title={texts.demoHint}>
          {texts.demo}
        </span>
      )}
      <button
        type="button"
        className="icon-button menu-button"
        aria-expanded={isOpen}
        aria-controls="main-nav"
        aria-label={texts.nav.menu}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name={isOpen ? "close" : "menu"} />
      </button>
      <nav id="main-nav" aria-label={texts.nav.label} className={isOpen ? "nav is-open" : "nav"}>
        <Link to="/trade">{texts.nav.trade}</Link>
        {person.state === "in" && <Link to="/account/wallet">{texts.nav.wallet}</Link>}
        {person.state === "in" && <Link to="/account/security">{texts.nav.account}</Link>}
        {isOperator && <Link to="/operator">{texts.nav.operator}</Link>}
        {config.mailbox && <Link to="/mailbox">{texts.nav.mailbox}</Link>}
        <span className="nav-gap" />
        <PersonLinks />
      </nav>
      <LinkLight />
      {person.state === "in" && <Bell />}
      <ThemeButton />
    </header>
  );
}

function PersonLinks() {
  const exchange = useExchange();
  const person = usePerson();
  if (person.state === "unknown") return null;
  if (person.me === null) {
    return (
      <>
        <Link to="/sign-in">{texts.nav.signIn}</Link>
        <Link className="button is-main" to="/sign-up">
          {texts.nav.signUp}
        </Link>
      </>
    );
  }
  async function leave(): Promise<void> {
    await exchange.signOut();
    go("/");
  }
  return (
    <>
      <span className="who">{person.me.session.email}</span>
      <button type="button" className="button" onClick={() => void leave()}>
        {texts.nav.signOut}
      </button>
    </>
  );
}

function Bell() {
  const unread = useUnread();
  return (
    <Link
      className="icon-button bell"
      to="/account/notifications"
      aria-label={texts.notifications.bell(unread)}
    >
      <Icon name="bell" />
      {unread > 0 && <span className="bell-count">{unread > 99 ? "99+" : unread}</span>}
    </Link>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={other === "light" ? texts.nav.toLight : texts.nav.toDark}
      onClick={() => chooseTheme(other)}
    >
      <Icon name={other === "light" ? "sun" : "moon"} />
    </button>
  );
}

type Light = "live" | "connecting" | "waiting" | "offline";

function useLight(): Light {
  const isOnline = useOnline();
  const link = useLink();
  const session = useSessionState();
  if (!isOnline && link !== "open") return "offline";
  if (link === "waiting" || session === "waiting") return "waiting";
  return link === "open" ? "live" : "connecting";
}

function LinkLight() {
  const light = useLight();
  return (
    <span className={`light is-${light}`} role="status" data-testid="link">
      <span className="light-dot" aria-hidden="true" />
      {texts.link[light]}
    </span>
  );
}

/** Said loudly only when it lasts: a short break mends itself before anybody could read of it. */
function LinkBanner() {
  const light = useLight();
  const [isLong, setLong] = useState(false);
  const isDown = light === "offline" || light === "waiting";
  useEffect(() => {
    if (!isDown) return;
    const timer = setTimeout(() => setLong(true), 1_500);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [isDown]);
  if (!isDown || !isLong) return null;
  return (
    <p className="banner" role="alert">
      {light === "offline" ? texts.link.offlineHint : texts.link.waitingHint}
    </p>
  );
}

function Notes() {
  const exchange = useExchange();
  const notes = useNotes();
  return (
    <div className="notes" role="log" aria-live="polite">
      {notes.map((note) => (
        <p key={note.id} className={`note is-${note.tone}`}>
          <span>{note.text}</span>
          <button
            type="button"
            className="icon-button"
            aria-label={texts.actions.close}
            onClick={() => exchange.dismiss(note.id)}
          >
            <Icon name="close" />
          </button>
        </p>
      ))}
    </div>
  );
}

/** Own fills and expiries are told wherever on the page somebody is. */
function AccountNews() {
  const exchange = useExchange();
  const markets = useMarkets();
  const known = useRef(markets.list);
  known.current = markets.list;
  useEffect(
    () =>
      exchange.account.news.add((news) => {
        const { order } = news;
        const base = known.current.find((one) => one.symbol === order.symbol)?.base ?? "";
        if (news.kind === "ended") {
          const side = order.side === "BUY" ? texts.form.buy : texts.form.sell;
          exchange.tell("plain", texts.orders.expiredNews(side, base));
          return;
        }
        const side = order.side === "BUY" ? texts.orders.bought : texts.orders.sold;
        const { quantity, price } = news.fill;
        const amount = assetText(base, quantity);
        exchange.tell("good", texts.orders.filledNews(side, amount, base, assetText("USD", price)));
      }),
    [exchange],
  );
  return null;
}
