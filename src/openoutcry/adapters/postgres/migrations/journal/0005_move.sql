-- Moves that somebody has asked for and that are not finished: whoever owns the source does them.
CREATE TABLE journal.move(
  entity bigint PRIMARY KEY,
  source integer NOT NULL,
  target integer NOT NULL,
  version bigint NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp());
