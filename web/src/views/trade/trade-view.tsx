/** The trading screen: on a wide window everything at once, on a phone one panel at a time. */

import { useCallback, useEffect, useState } from "react";
import { DepthFeed } from "../../data/depth";
import type { Market } from "../../data/markets";
import { EMPTY_DRAFT } from "../../data/order-form";
import { browser } from "../../data/surroundings";
import { priceText } from "../../format";
import { useExchange, useLiving, useMarket, useMarkets, useMedia, useTickers } from "../../hooks";
import { remember } from "../../preferences";
import { texts } from "../../texts/en";
import { Icon, type IconName } from "../../ui/icons";
import { Failed, Loading } from "../../ui/states";
import { type Tab, TabPanel, Tabs } from "../../ui/tabs";
import { ChartPanel } from "./chart-panel";
import { OrderBook } from "./order-book";
import { OrderForm, withPicked } from "./order-form";
import { OrdersPanel } from "./orders-panel";
import { Tape } from "./tape";
import { TickerBar } from "./ticker-bar";

export function TradeView({ symbol }: { readonly symbol: string }) {
  const exchange = useExchange();
  const markets = useMarkets();
  const market = useMarket(symbol);
  useEffect(() => {
    if (market) remember("market", market.symbol);
  }, [market]);
  if (market) return <MarketView key={market.symbol} market={market} />;
  if (markets.state === "loading") return <Loading />;
  if (markets.state === "failed") return <Failed onRetry={() => void exchange.loadMarkets()} />;
  return (
    <>
      <TickerBar symbol={symbol} market={undefined} />
      <p className="state">{texts.market.unknown}</p>
    </>
  );
}

type PanelName = "chart" | "book" | "tape" | "trade" | "orders";

const panels: readonly { id: PanelName; icon: IconName; label: string }[] = [
  { id: "chart", icon: "chart", label: texts.chart.candles },
  { id: "book", icon: "book", label: texts.book.title },
  { id: "tape", icon: "tape", label: texts.tape.title },
  { id: "trade", icon: "trade", label: texts.nav.trade },
  { id: "orders", icon: "list", label: texts.orders.short },
];

const phoneTabs: readonly Tab<PanelName>[] = panels.map(({ id, icon, label }) => ({
  id,
  label: (
    <>
      <Icon name={icon} />
      <span>{label}</span>
    </>
  ),
}));

function MarketView({ market }: { readonly market: Market }) {
  const exchange = useExchange();
  const { symbol } = market;
  const makeDepth = useCallback(
    () => new DepthFeed(symbol, exchange.streams, exchange.api.depth, browser),
    [symbol, exchange],
  );
  const depth = useLiving(makeDepth);
  // Kept here, so that a phone's other panels do not cost what was typed.
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const isPhone = useMedia("(max-width: 759px)");
  const [panel, setPanel] = useState<PanelName>("chart");
  useTitle(market);

  const pick = (price: string) => {
    setDraft((now) => withPicked(now, price));
    if (isPhone) setPanel("trade");
  };
  const parts: Record<PanelName, React.ReactNode> = {
    chart: <ChartPanel market={market} depth={depth} />,
    book: <OrderBook market={market} depth={depth} onPick={pick} />,
    tape: <Tape market={market} onPick={pick} />,
    trade: <OrderForm market={market} depth={depth} draft={draft} setDraft={setDraft} />,
    orders: <OrdersPanel market={market} />,
  };
  if (isPhone) {
    return (
      <div className="trade is-phone">
        <TickerBar symbol={symbol} market={market} />
        <TabPanel id="phone-panel" chosen={panel} className="phone-panel">
          {parts[panel]}
        </TabPanel>
        <Tabs
          label={texts.nav.trade}
          tabs={phoneTabs}
          chosen={panel}
          onChoose={setPanel}
          controls="phone-panel"
          className="phone-tabs"
        />
      </div>
    );
  }
  return (
    <div className="trade">
      <TickerBar symbol={symbol} market={market} />
      {parts.chart}
      {parts.book}
      {parts.tape}
      {parts.trade}
      {parts.orders}
    </div>
  );
}

/** The price in the window's title, for whoever looks at another window. */
function useTitle(market: Market): void {
  const last = useTickers().get(market.symbol)?.last;
  const price = last === undefined ? "" : `${priceText(market, last)} | `;
  const title = `${price}${market.base}/${market.quote} | ${texts.name}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}
