-- The double entries behind the events: `amount_atoms` of an asset left `debit` and reached `credit`.
-- Causes and purses are those of core/postings.py. FREE and HELD are the account's; EXTERNAL, FEE and
-- CLEARING (of the market) are the house's in the account's shard.
CREATE TABLE query.ledger(
  partition integer NOT NULL,
  seq bigint NOT NULL,
  number integer NOT NULL,
  time_us bigint NOT NULL,
  cause smallint NOT NULL,
  account_id bigint NOT NULL,
  asset integer NOT NULL,
  market integer NOT NULL,
  debit smallint NOT NULL,
  credit smallint NOT NULL CHECK (debit <> credit),
  amount_atoms bigint NOT NULL CHECK (amount_atoms > 0),
  PRIMARY KEY (partition, seq, number));
CREATE INDEX ledger_of_account ON query.ledger(account_id, time_us);

-- What was written stays (L15). Mistakes are mended by entries that follow.
CREATE FUNCTION query.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of %.% are never changed or deleted', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON query.ledger
  FOR EACH STATEMENT EXECUTE FUNCTION query.refuse_change();

-- Each entry as its two sides, which sum to zero.
CREATE VIEW query.ledger_sides AS
  SELECT partition, seq, number, time_us, cause, account_id, asset, market, side.purse, side.amount_atoms
  FROM query.ledger,
    LATERAL (VALUES (debit, -amount_atoms), (credit, amount_atoms)) AS side(purse, amount_atoms);
