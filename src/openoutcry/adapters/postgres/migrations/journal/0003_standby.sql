-- Which engine follows which partition, and how far it is: who could take it without a cold start.
CREATE TABLE journal.standby(
  partition integer NOT NULL,
  engine text NOT NULL,
  seq bigint NOT NULL,
  is_warm boolean NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (partition, engine))
  WITH (fillfactor = 50);
