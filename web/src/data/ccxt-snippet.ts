/** A first program for a new key, whole: it runs as pasted. */

export interface SnippetKey {
  readonly apiKey: string;
  readonly secret: string;
  readonly symbol: string;
  readonly mayTrade: boolean;
}

function text(value: string): string {
  return JSON.stringify(value);
}

/** Where the API is for a program: the page's own origin, unless the page lies elsewhere. */
export function apiAddress(apiBase: string, origin: string): string {
  return apiBase || origin;
}

export function ccxtSnippet(key: SnippetKey, address: string): string {
  const trade = key.mayTrade
    ? `
market = exchange.market(${text(key.symbol)})
price = exchange.price_to_precision(market["symbol"], best_bid * 0.9)
amount = exchange.amount_to_precision(market["symbol"], market["limits"]["cost"]["min"] * 2 / float(price))
order = exchange.create_limit_buy_order(market["symbol"], amount, price)
print("placed", order["id"], order["status"])
print("cancelled", exchange.cancel_order(order["id"], market["symbol"])["status"])
`
    : "";
  return `import ccxt

address = ${text(address)}
exchange = ccxt.binance({
    "apiKey": ${text(key.apiKey)},
    "secret": ${text(key.secret)},
    "urls": {"api": {"public": address + "/api/v3", "private": address + "/api/v3"}},
    "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
})

best_bid = exchange.fetch_order_book(${text(key.symbol)})["bids"][0][0]
print("best bid", best_bid)
print("balance", exchange.fetch_balance()["total"])
${trade}`;
}
