-- What people query. Events are the records that they are; columns are what is searched by.
-- Everything but the ledger can be built again from the journal.

-- How far the projection of each partition is: in the transaction of the rows that brought it there.
CREATE TABLE query.cursor(
  partition integer PRIMARY KEY,
  seq bigint NOT NULL);

CREATE TABLE query.orders(
  order_id bigint PRIMARY KEY,
  account_id bigint NOT NULL,
  market integer NOT NULL,
  created_us bigint NOT NULL,
  entity_seq bigint NOT NULL,
  client_id bytea NOT NULL,
  event bytea NOT NULL)
  WITH (fillfactor = 70);
CREATE INDEX orders_of_account ON query.orders(account_id, market, order_id, created_us);
CREATE INDEX orders_of_client_id ON query.orders(account_id, client_id, market, order_id);

CREATE TABLE query.fills(
  account_id bigint NOT NULL,
  market integer NOT NULL,
  trade_id bigint NOT NULL,
  entity_seq bigint NOT NULL,
  order_id bigint NOT NULL,
  event bytea NOT NULL,
  PRIMARY KEY (account_id, market, trade_id, entity_seq));
CREATE INDEX fills_of_order ON query.fills(order_id, trade_id, entity_seq);

CREATE TABLE query.amendments(
  order_id bigint NOT NULL,
  execution_id bigint NOT NULL,
  account_id bigint NOT NULL,
  lots_before bigint NOT NULL,
  event bytea NOT NULL,
  PRIMARY KEY (order_id, execution_id));

CREATE TABLE query.prevented(
  account_id bigint NOT NULL,
  market integer NOT NULL,
  prevented_id bigint NOT NULL,
  taker_order_id bigint NOT NULL,
  maker_order_id bigint NOT NULL,
  event bytea NOT NULL,
  PRIMARY KEY (account_id, market, prevented_id));

CREATE TABLE query.markets(
  market integer PRIMARY KEY,
  base_asset integer NOT NULL,
  quote_asset integer NOT NULL,
  last_aggregate_id bigint NOT NULL DEFAULT 0);

CREATE TABLE query.trades(
  market integer NOT NULL,
  trade_id bigint NOT NULL,
  time_us bigint NOT NULL,
  event bytea NOT NULL,
  PRIMARY KEY (market, trade_id));
CREATE INDEX trades_of_time ON query.trades(market, time_us, trade_id);

CREATE TABLE query.aggregates(
  market integer NOT NULL,
  aggregate_id bigint NOT NULL,
  time_us bigint NOT NULL,
  price_ticks bigint NOT NULL,
  lots numeric NOT NULL,
  first_trade_id bigint NOT NULL,
  last_trade_id bigint NOT NULL,
  buyer_is_maker boolean NOT NULL,
  PRIMARY KEY (market, aggregate_id));
CREATE INDEX aggregates_of_time ON query.aggregates(market, time_us, aggregate_id);

-- Intervals by name; sums may be larger than 64 bits.
CREATE TABLE query.candles(
  market integer NOT NULL,
  "interval" text NOT NULL,
  open_us bigint NOT NULL,
  open_ticks bigint NOT NULL,
  high_ticks bigint NOT NULL,
  low_ticks bigint NOT NULL,
  close_ticks bigint NOT NULL,
  lots numeric NOT NULL,
  quote_atoms numeric NOT NULL,
  trades bigint NOT NULL,
  taker_buy_lots numeric NOT NULL,
  taker_buy_quote_atoms numeric NOT NULL,
  first_trade_id bigint NOT NULL,
  last_trade_id bigint NOT NULL,
  PRIMARY KEY (market, "interval", open_us));
