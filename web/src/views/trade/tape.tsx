/** The tape: every trade as it happens. */

import { useCallback } from "react";
import { decimal, plainDecimal } from "../../data/decimal";
import type { Market } from "../../data/markets";
import { TapeFeed } from "../../data/tape";
import { amountText, clockText, priceText } from "../../format";
import { useExchange, useFrames, useLiving } from "../../hooks";
import { texts } from "../../texts/en";
import { Empty, Loading } from "../../ui/states";
import { TableHead } from "../../ui/table-head";

export function Tape({
  market,
  onPick,
}: {
  readonly market: Market;
  readonly onPick: (price: string) => void;
}) {
  const exchange = useExchange();
  const { symbol } = market;
  const makeTape = useCallback(
    () => new TapeFeed(symbol, exchange.streams, exchange.api.trades),
    [symbol, exchange],
  );
  const tape = useLiving(makeTape);
  useFrames(tape?.changes);
  return (
    <section className="panel tape" aria-label={texts.tape.title}>
      <div className="panel-head">
        <h2>{texts.tape.title}</h2>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <div className="tape-body" tabIndex={0}>
        <table>
          <TableHead
            columns={[
              texts.book.price(market.quote),
              texts.book.amount(market.base),
              texts.tape.time,
            ]}
          />
          <tbody>
            {tape?.trades.map((trade) => (
              <tr key={trade.id} onClick={() => onPick(plainDecimal(decimal(trade.price)))}>
                <td className={trade.isSell ? "is-down" : "is-up"}>
                  <span className="hidden">
                    {trade.isSell ? texts.tape.sold : texts.tape.bought}{" "}
                  </span>
                  {priceText(market, trade.price)}
                </td>
                <td>{amountText(market, trade.quantity)}</td>
                <td>{clockText(trade.timeMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {!tape?.isLoaded && tape?.trades.length !== 0 && <Loading />}
        {tape?.isLoaded && tape.trades.length === 0 && <Empty>{texts.tape.empty}</Empty>}
      </div>
    </section>
  );
}
