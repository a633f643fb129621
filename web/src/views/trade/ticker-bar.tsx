/** The market that is traded, its figures of the last 24 hours, and the way to another market. */

import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { type Market, searchMarkets } from "../../data/markets";
import { assetText, percentText, priceText, toneOf } from "../../format";
import { useMarkets, useTickers } from "../../hooks";
import { go } from "../../router";
import { texts } from "../../texts/en";
import { Icon } from "../../ui/icons";

export function TickerBar({
  symbol,
  market,
}: {
  readonly symbol: string;
  readonly market: Market | undefined;
}) {
  const ticker = useTickers().get(symbol);
  const tone = toneOf(ticker?.change ?? "0");
  return (
    <section className="panel ticker" aria-label={texts.market.title}>
      <MarketSwitcher symbol={symbol} market={market} />
      {market?.status === "TRADING" || !market ? null : (
        <span className="badge is-bad" title={texts.market.haltedHint}>
          {texts.market.halted}
        </span>
      )}
      {market && ticker && (
        <>
          <p className={`ticker-last is-${tone}`}>
            <span className="hidden">{texts.market.last}: </span>
            <span data-testid="last-price">{priceText(market, ticker.last)}</span>
          </p>
          <dl className="figures" tabIndex={0} aria-label={texts.market.figures}>
            <div>
              <dt>{texts.market.change}</dt>
              <dd className={`is-${tone}`}>
                {tone === "up" && "+"}
                {priceText(market, ticker.change)} ({percentText(ticker.changePercent)})
              </dd>
            </div>
            <div>
              <dt>{texts.market.high}</dt>
              <dd>{priceText(market, ticker.high)}</dd>
            </div>
            <div>
              <dt>{texts.market.low}</dt>
              <dd>{priceText(market, ticker.low)}</dd>
            </div>
            <div>
              <dt>{texts.market.volume(market.base)}</dt>
              <dd>{assetText(market.base, ticker.volume, 3)}</dd>
            </div>
            <div>
              <dt>{texts.market.volume(market.quote)}</dt>
              <dd>{assetText(market.quote, ticker.quoteVolume, 3)}</dd>
            </div>
          </dl>
        </>
      )}
    </section>
  );
}

function MarketSwitcher({
  symbol,
  market,
}: {
  readonly symbol: string;
  readonly market: Market | undefined;
}) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const name = market ? `${market.base}/${market.quote}` : symbol;
  function close(): void {
    setOpen(false);
    button.current?.focus();
  }
  return (
    <div className="switcher">
      <h1>
        <button
          type="button"
          ref={button}
          className="switcher-button"
          aria-expanded={isOpen}
          aria-haspopup="dialog"
          aria-label={texts.market.choose(name)}
          onClick={() => setOpen(!isOpen)}
        >
          {name}
          <Icon name="down" />
        </button>
      </h1>
      {isOpen && <MarketList chosen={symbol} onClose={close} />}
    </div>
  );
}

function MarketList({
  chosen,
  onClose,
}: {
  readonly chosen: string;
  readonly onClose: () => void;
}) {
  const markets = useMarkets();
  const tickers = useTickers();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const found = useMemo(() => searchMarkets(markets.list, typed), [markets.list, typed]);
  const at = Math.min(active, found.length - 1);

  useEffect(() => {
    input.current?.focus();
    function outside(event: PointerEvent): void {
      const target = event.target as Element;
      if (!list.current?.contains(target) && !target.closest(".switcher-button")) onClose();
    }
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [onClose]);

  function choose(market: Market | undefined): void {
    if (!market) return;
    onClose();
    go(`/trade/${market.symbol}`);
  }
  function key(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) setActive(Math.max(0, Math.min(found.length - 1, at + step)));
    else if (event.key === "Enter") choose(found[at]);
    else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
  }
  return (
    <div className="market-list" role="dialog" aria-label={texts.market.title} ref={list}>
      <div className="search">
        <Icon name="search" />
        <input
          ref={input}
          type="search"
          role="combobox"
          aria-expanded="true"
          aria-controls="market-options"
          aria-activedescendant={found[at] ? `market-${found[at].symbol}` : undefined}
          aria-label={texts.market.search}
          placeholder={texts.market.search}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setActive(0);
          }}
          onKeyDown={key}
        />
      </div>
      <div className="market-head" aria-hidden="true">
        <span>{texts.market.pair}</span>
        <span>{texts.market.last}</span>
        <span>{texts.market.change}</span>
      </div>
      <div role="listbox" id="market-options" aria-label={texts.market.title}>
        {found.map((market, index) => {
          const ticker = tickers.get(market.symbol);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the search field has the keys
            <div
              key={market.symbol}
              role="option"
              id={`market-${market.symbol}`}
              tabIndex={-1}
              aria-selected={market.symbol === chosen}
              className={index === at ? "market-option is-active" : "market-option"}
              onClick={() => choose(market)}
            >
              <span>
                <b>{market.base}</b>
                <small>/{market.quote}</small>
                {market.status !== "TRADING" && (
                  <span className="badge is-bad">{texts.market.halted}</span>
                )}
              </span>
              <span className="number">{ticker ? priceText(market, ticker.last) : "–"}</span>
              <span className={`number is-${toneOf(ticker?.change ?? "0")}`}>
                {ticker ? percentText(ticker.changePercent) : "–"}
              </span>
            </div>
          );
        })}
      </div>
      {found.length === 0 && <p className="state">{texts.market.none}</p>}
    </div>
  );
}
