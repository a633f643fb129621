/** Own orders, what became of them, and what one owns. */

import { useCallback, useMemo, useState } from "react";
import { csvText } from "../../data/csv";
import { decimal, divide, readableDecimal } from "../../data/decimal";
import type { Market } from "../../data/markets";
import { type Fill, isOpen, type Order, openOrders } from "../../data/orders";
import { failed, problem, type Result } from "../../data/problems";
import { countingAsset, worthOf } from "../../data/worth";
import { amountText, assetText, dateText, exactText, isoText, priceText } from "../../format";
import {
  useAccount,
  useExchange,
  useFollowed,
  useLoaded,
  useMarkets,
  usePerson,
  useTickers,
} from "../../hooks";
import { Link } from "../../router";
import { texts } from "../../texts/en";
import { Dialog } from "../../ui/dialog";
import { download } from "../../ui/download";
import { SelectField } from "../../ui/field";
import { Icon } from "../../ui/icons";
import { ListState } from "../../ui/list-state";
import { Empty, Loading } from "../../ui/states";
import { TableHead } from "../../ui/table-head";
import { TabPanel, Tabs } from "../../ui/tabs";
import { AmendDialog } from "./amend-dialog";
import { problemText } from "./refusal-text";

type View = "open" | "history" | "fills" | "balances";

export function OrdersPanel({ market }: { readonly market: Market }) {
  const person = usePerson();
  const account = useAccount();
  const [view, setView] = useState<View>("open");
  const open = openOrders(account.orders);
  return (
    <section className="panel orders" aria-label={texts.orders.title}>
      <div className="panel-head">
        <Tabs
          label={texts.orders.title}
          tabs={[
            { id: "open", label: `${texts.orders.open} (${open.length})` },
            { id: "history", label: texts.orders.history },
            { id: "fills", label: texts.orders.fills },
            { id: "balances", label: texts.orders.balances },
          ]}
          chosen={view}
          onChoose={setView}
          controls="orders-panel"
        />
      </div>
      <TabPanel id="orders-panel" chosen={view} className="orders-body">
        {person.state !== "in" ? (
          <Empty>
            <Link to="/sign-in">{texts.orders.signIn}</Link>
          </Empty>
        ) : (
          <Content view={view} market={market} open={open} isLoaded={account.isLoaded} />
        )}
      </TabPanel>
    </section>
  );
}

function Content({
  view,
  market,
  open,
  isLoaded,
}: {
  readonly view: View;
  readonly market: Market;
  readonly open: readonly Order[];
  readonly isLoaded: boolean;
}) {
  if (!isLoaded) return <Loading />;
  switch (view) {
    case "open":
      return <OpenOrders market={market} orders={open} />;
    case "history":
      return <OrderHistory market={market} />;
    case "fills":
      return <FillHistory market={market} />;
    case "balances":
      return <BalanceTable />;
  }
}

function sideText(side: string): string {
  return side === "BUY" ? texts.form.buy : texts.form.sell;
}

function sideClass(side: string): string {
  return side === "BUY" ? "is-up" : "is-down";
}

function typeText(order: Order): string {
  const type = texts.orders.types[order.type] ?? order.type;
  return order.trailingDelta === null
    ? type
    : texts.orders.trailing(readableDecimal(BigInt(order.trailingDelta) * 10n ** 16n, 2));
}

function PriceCell({
  market,
  price,
}: {
  readonly market: Market | undefined;
  readonly price: string;
}) {
  if (decimal(price) === 0n) return <>{texts.orders.market}</>;
  return <>{market ? priceText(market, price) : price}</>;
}

function TriggerCell({
  market,
  order,
}: {
  readonly market: Market | undefined;
  readonly order: Order;
}) {
  const isEmpty = decimal(order.stopPrice) === 0n;
  const text = market ? priceText(market, order.stopPrice) : order.stopPrice;
  return (
    <td data-label={texts.orders.stop} className={isEmpty ? "number is-empty" : "number"}>
      {isEmpty ? "–" : text}
    </td>
  );
}

function useMarketOf(): (symbol: string) => Market | undefined {
  const { list } = useMarkets();
  return useCallback((symbol) => list.find((market) => market.symbol === symbol), [list]);
}

function OpenOrders({
  market,
  orders,
}: {
  readonly market: Market;
  readonly orders: readonly Order[];
}) {
  const exchange = useExchange();
  const marketOf = useMarketOf();
  const [amended, setAmended] = useState<Order | null>(null);
  const [isAsking, setAsking] = useState(false);
  const [onlyHere, setOnlyHere] = useState(false);
  const shown = onlyHere ? orders.filter((order) => order.symbol === market.symbol) : orders;
  const here = orders.filter((order) => order.symbol === market.symbol).length;

  async function cancel(order: Order): Promise<void> {
    const result = await exchange.account.cancel(order);
    if (!result.ok) exchange.tell("bad", problemText(result.problem));
  }
  async function cancelAll(): Promise<void> {
    setAsking(false);
    const result = await exchange.account.cancelAll(market.symbol);
    if (!result.ok) exchange.tell("bad", problemText(result.problem));
  }
  return (
    <>
      <div className="tools">
        <label className="check">
          <input
            type="checkbox"
            checked={onlyHere}
            onChange={(event) => setOnlyHere(event.target.checked)}
          />
          {texts.orders.thisMarket}
        </label>
        <button
          type="button"
          className="button is-small"
          disabled={here === 0}
          onClick={() => setAsking(true)}
        >
          {texts.orders.cancelAll} {market.base}/{market.quote}
        </button>
      </div>
      {shown.length === 0 ? (
        <Empty>{texts.orders.noOpen}</Empty>
      ) : (
        <table className="table is-text" data-testid="open-orders">
          <TableHead
            columns={[
              texts.orders.time,
              texts.orders.pair,
              texts.orders.type,
              texts.orders.side,
              { number: texts.orders.price },
              { number: texts.orders.amount },
              { number: texts.orders.filled },
              { number: texts.orders.stop },
              texts.orders.actions,
            ]}
          />
          <tbody>
            {shown.map((order) => (
              <OpenRow
                key={order.orderId}
                order={order}
                market={marketOf(order.symbol)}
                onAmend={() => setAmended(order)}
                onCancel={() => cancel(order)}
              />
            ))}
          </tbody>
        </table>
      )}
      {amended && <AmendDialog order={amended} onClose={() => setAmended(null)} />}
      {isAsking && (
        <Dialog title={texts.orders.cancelAll} onClose={() => setAsking(false)}>
          <p>{texts.orders.cancelAllSure(here, market.symbol)}</p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {texts.actions.back}
            </button>
            <button type="button" className="button is-sell" onClick={() => void cancelAll()}>
              {texts.orders.cancelAll}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function OpenRow({
  order,
  market,
  onAmend,
  onCancel,
}: {
  readonly order: Order;
  readonly market: Market | undefined;
  readonly onAmend: () => void;
  readonly onCancel: () => Promise<void>;
}) {
  const [isBusy, setBusy] = useState(false);
  async function cancel(): Promise<void> {
    setBusy(true);
    await onCancel();
    setBusy(false);
  }
  const name = `${sideText(order.side)} ${order.quantity} ${order.symbol}`;
  return (
    <tr data-order-id={order.orderId}>
      <td data-label={texts.orders.time}>{dateText(order.createdMs)}</td>
      <td data-label={texts.orders.pair}>{order.symbol}</td>
      <td data-label={texts.orders.type}>{typeText(order)}</td>
      <td data-label={texts.orders.side} className={sideClass(order.side)}>
        {sideText(order.side)}
      </td>
      <td data-label={texts.orders.price} className="number">
        <PriceCell market={market} price={order.price} />
      </td>
      <td data-label={texts.orders.amount} className="number">
        {market ? amountText(market, order.quantity) : order.quantity}
      </td>
      <td data-label={texts.orders.filled} className="number">
        {filledText(order)}
      </td>
      <TriggerCell market={market} order={order} />
      <td data-label={texts.orders.actions}>
        <button
          type="button"
          className="button is-small"
          aria-label={`${texts.orders.amend}: ${name}`}
          onClick={onAmend}
        >
          <Icon name="pencil" />
          <span>{texts.orders.amend}</span>
        </button>
        <button
          type="button"
          className="button is-small"
          aria-label={`${texts.orders.cancel}: ${name}`}
          disabled={isBusy}
          onClick={() => void cancel()}
        >
          <Icon name="close" />
          <span>{texts.orders.cancel}</span>
        </button>
      </td>
    </tr>
  );
}

function filledText(order: Order): string {
  const quantity = decimal(order.quantity);
  if (quantity === 0n) return "–";
  return `${readableDecimal(divide(decimal(order.executed) * 100n, quantity), 2)}%`;
}

function averageOf(order: Order): bigint {
  return divide(decimal(order.executedQuote), decimal(order.executed));
}

type Scope = "here" | "all";
type SideFilter = "" | "BUY" | "SELL";

/** History of one market or of all: the API tells it market by market. */
function useHistory<T>(
  market: Market,
  scope: Scope,
  version: unknown,
  fetch: (symbol: string) => Promise<Result<readonly T[]>>,
  timeOf: (one: T) => number,
) {
  const { list } = useMarkets();
  const symbols = scope === "here" ? market.symbol : list.map((one) => one.symbol).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is asked for anew
  const load = useCallback(async (): Promise<Result<readonly T[]>> => {
    const results = await Promise.all(symbols.split(" ").map(fetch));
    const all: T[] = [];
    for (const result of results) {
      if (!result.ok) return result;
      all.push(...result.value);
    }
    if (results.length === 0) return failed(problem("offline", "OFFLINE", ""));
    return { ok: true, value: all.sort((a, b) => timeOf(b) - timeOf(a)) };
  }, [symbols, fetch, timeOf, version]);
  return useLoaded(load);
}

function ScopeChoice({
  scope,
  onScope,
}: {
  readonly scope: Scope;
  readonly onScope: (scope: Scope) => void;
}) {
  return (
    <SelectField<Scope>
      label={texts.orders.pair}
      isLabelHidden
      value={scope}
      options={[
        { value: "here", label: texts.orders.thisMarket },
        { value: "all", label: texts.orders.allMarkets },
      ]}
      onChoose={onScope}
    />
  );
}

function SideChoice({
  side,
  onSide,
}: {
  readonly side: SideFilter;
  readonly onSide: (side: SideFilter) => void;
}) {
  return (
    <SelectField<SideFilter>
      label={texts.orders.side}
      isLabelHidden
      value={side}
      options={[
        { value: "", label: texts.orders.allSides },
        { value: "BUY", label: texts.form.buy },
        { value: "SELL", label: texts.form.sell },
      ]}
      onChoose={onSide}
    />
  );
}

function CsvButton({ onDownload, isEmpty }: { onDownload: () => void; isEmpty: boolean }) {
  return (
    <button
      type="button"
      className="button is-small"
      aria-label={texts.orders.csvLabel}
      disabled={isEmpty}
      onClick={onDownload}
    >
      <Icon name="download" />
      {texts.orders.csv}
    </button>
  );
}

const orderTime = (order: Order) => order.createdMs;
const fillTime = (fill: Fill) => fill.timeMs;

function OrderHistory({ market }: { readonly market: Market }) {
  const { account } = useExchange();
  const marketOf = useMarketOf();
  const [scope, setScope] = useState<Scope>("here");
  const [side, setSide] = useState<SideFilter>("");
  const [status, setStatus] = useState("");
  const live = useFollowed(account.changes, () => account.view.orders);
  const closed = useMemo(() => [...live.values()].filter((one) => !isOpen(one)).length, [live]);
  const fetch = useCallback((symbol: string) => account.orderHistory(symbol), [account]);
  const [loaded, reload] = useHistory(market, scope, closed, fetch, orderTime);

  const shown = (loaded.value ?? []).filter(
    (order) => (!side || order.side === side) && (!status || order.status === status),
  );
  const save = () =>
    download(
      `orders-${scope === "here" ? market.symbol : "all"}.csv`,
      csvText(
        [
          "time",
          "symbol",
          "order",
          "type",
          "side",
          "price",
          "stop",
          "quantity",
          "filled",
          "quote",
          "status",
        ],
        shown.map((order) => [
          isoText(order.createdMs),
          order.symbol,
          String(order.orderId),
          order.type,
          order.side,
          order.price,
          order.stopPrice,
          order.quantity,
          order.executed,
          order.executedQuote,
          order.status,
        ]),
      ),
    );
  const statuses = ["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "REJECTED"];
  return (
    <>
      <div className="tools">
        <ScopeChoice scope={scope} onScope={setScope} />
        <SideChoice side={side} onSide={setSide} />
        <SelectField
          label={texts.orders.status}
          isLabelHidden
          value={status}
          options={[
            { value: "", label: texts.orders.allStatuses },
            ...statuses.map((value) => ({ value, label: texts.orders.statuses[value] ?? value })),
          ]}
          onChoose={setStatus}
        />
        <CsvButton onDownload={save} isEmpty={shown.length === 0} />
      </div>
      <ListState
        loaded={loaded}
        count={shown.length}
        empty={texts.orders.noHistory}
        onRetry={reload}
      />
      {shown.length > 0 && (
        <table className="table is-text" data-testid="order-history">
          <TableHead
            columns={[
              texts.orders.time,
              texts.orders.pair,
              texts.orders.type,
              texts.orders.side,
              { number: texts.orders.price },
              { number: texts.orders.average },
              { number: texts.orders.amount },
              { number: texts.orders.filled },
              { number: texts.orders.stop },
              texts.orders.status,
            ]}
          />
          <tbody>
            {shown.map((order) => {
              const its = marketOf(order.symbol);
              const average = averageOf(order);
              return (
                <tr key={`${order.symbol}${order.orderId}`}>
                  <td data-label={texts.orders.time}>{dateText(order.createdMs)}</td>
                  <td data-label={texts.orders.pair}>{order.symbol}</td>
                  <td data-label={texts.orders.type}>{typeText(order)}</td>
                  <td data-label={texts.orders.side} className={sideClass(order.side)}>
                    {sideText(order.side)}
                  </td>
                  <td data-label={texts.orders.price} className="number">
                    <PriceCell market={its} price={order.price} />
                  </td>
                  <td data-label={texts.orders.average} className="number">
                    {average > 0n && its ? priceText(its, average) : "–"}
                  </td>
                  <td data-label={texts.orders.amount} className="number">
                    {its ? amountText(its, order.quantity) : order.quantity}
                  </td>
                  <td data-label={texts.orders.filled} className="number">
                    {filledText(order)}
                  </td>
                  <TriggerCell market={its} order={order} />
                  <td data-label={texts.orders.status}>
                    {texts.orders.statuses[order.status] ?? order.status}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </>
  );
}

function FillHistory({ market }: { readonly market: Market }) {
  const { account } = useExchange();
  const marketOf = useMarketOf();
  const [scope, setScope] = useState<Scope>("here");
  const [side, setSide] = useState<SideFilter>("");
  const count = useFollowed(account.changes, () => account.view.fills.size);
  const fetch = useCallback((symbol: string) => account.fillHistory(symbol), [account]);
  const [loaded, reload] = useHistory(market, scope, count, fetch, fillTime);
  const shown = (loaded.value ?? []).filter((fill) => !side || fill.side === side);
  const save = () =>
    download(
      `trades-${scope === "here" ? market.symbol : "all"}.csv`,
      csvText(
        [
          "time",
          "symbol",
          "trade",
          "order",
          "side",
          "price",
          "quantity",
          "quote",
          "fee",
          "fee asset",
          "role",
        ],
        shown.map((fill) => [
          isoText(fill.timeMs),
          fill.symbol,
          String(fill.id),
          String(fill.orderId),
          fill.side,
          fill.price,
          fill.quantity,
          fill.quote,
          fill.fee,
          fill.feeAsset,
          fill.isMaker ? "maker" : "taker",
        ]),
      ),
    );
  return (
    <>
      <div className="tools">
        <ScopeChoice scope={scope} onScope={setScope} />
        <SideChoice side={side} onSide={setSide} />
        <CsvButton onDownload={save} isEmpty={shown.length === 0} />
      </div>
      <ListState
        loaded={loaded}
        count={shown.length}
        empty={texts.orders.noFills}
        onRetry={reload}
      />
      {shown.length > 0 && (
        <table className="table is-text" data-testid="trade-history">
          <TableHead
            columns={[
              texts.orders.time,
              texts.orders.pair,
              texts.orders.side,
              { number: texts.orders.price },
              { number: texts.orders.amount },
              { number: texts.orders.total },
              { number: texts.orders.fee },
              texts.orders.role,
            ]}
          />
          <tbody>
            {shown.map((fill) => {
              const its = marketOf(fill.symbol);
              return (
                <tr key={`${fill.symbol}${fill.id}-${fill.orderId}`}>
                  <td data-label={texts.orders.time}>{dateText(fill.timeMs)}</td>
                  <td data-label={texts.orders.pair}>{fill.symbol}</td>
                  <td data-label={texts.orders.side} className={sideClass(fill.side)}>
                    {sideText(fill.side)}
                  </td>
                  <td data-label={texts.orders.price} className="number">
                    {its ? priceText(its, fill.price) : fill.price}
                  </td>
                  <td data-label={texts.orders.amount} className="number">
                    {its ? amountText(its, fill.quantity) : fill.quantity}
                  </td>
                  <td data-label={texts.orders.total} className="number">
                    {assetText(its?.quote ?? "", fill.quote)} {its?.quote}
                  </td>
                  <td data-label={texts.orders.fee} className="number">
                    {exactText(fill.fee)} {fill.feeAsset}
                  </td>
                  <td data-label={texts.orders.role}>
                    {fill.isMaker ? texts.orders.maker : texts.orders.taker}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </>
  );
}

export function BalanceTable() {
  const account = useAccount();
  const markets = useMarkets();
  const tickers = useTickers();
  const into = countingAsset(markets.list);
  const worth = worthOf(account.balances, into, markets.list, tickers);
  const held = [...account.balances.values()].filter((one) => one.free + one.held > 0n);
  if (held.length === 0) return <Empty>{texts.orders.noBalances}</Empty>;
  return (
    <table className="table" data-testid="balances">
      <TableHead
        columns={[
          texts.orders.asset,
          texts.orders.free,
          texts.orders.held,
          texts.orders.sum,
          texts.orders.value(into),
        ]}
      />
      <tbody>
        {held.map((one) => {
          const value = worth.each.get(one.asset);
          return (
            <tr key={one.asset} data-asset={one.asset}>
              <th scope="row">{one.asset}</th>
              <td data-label={texts.orders.free}>{assetText(one.asset, one.free)}</td>
              <td data-label={texts.orders.held}>{assetText(one.asset, one.held)}</td>
              <td data-label={texts.orders.sum}>{assetText(one.asset, one.free + one.held)}</td>
              <td data-label={texts.orders.value(into)}>
                {value === undefined ? "–" : assetText(into, value)}
              </td>
            </tr>
          );
        })}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={4}>
            {texts.orders.allValue}
          </th>
          <td data-label={texts.orders.value(into)}>{assetText(into, worth.total)}</td>
        </tr>
      </tfoot>
    </table>
  );
}
