-- One row a batch. The primary key and the owner's epoch fence.
CREATE TABLE journal.row(
  partition integer NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  epoch bigint NOT NULL,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL,
  n_commands integer NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (partition, seq));

-- Who may append. A lease that was given back is NULL; times are the database's.
CREATE TABLE journal.owner(
  partition integer PRIMARY KEY,
  epoch bigint NOT NULL,
  owner text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  lease_until timestamptz,
  preferred text NOT NULL DEFAULT '')
  WITH (fillfactor = 50);

CREATE TABLE journal.snapshot(
  partition integer NOT NULL,
  seq bigint NOT NULL,
  commands bigint NOT NULL,
  time_us bigint NOT NULL,
  header bytea NOT NULL,
  digest bytea NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (partition, seq));

CREATE TABLE journal.snapshot_chunk(
  partition integer NOT NULL,
  seq bigint NOT NULL,
  n integer NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (partition, seq, n),
  FOREIGN KEY (partition, seq) REFERENCES journal.snapshot ON DELETE CASCADE);

-- The owner's rolling hash of events after a batch, now and then.
CREATE TABLE journal.hash(
  partition integer NOT NULL,
  seq bigint NOT NULL,
  events_hash bytea NOT NULL,
  PRIMARY KEY (partition, seq));

CREATE TABLE journal.route(
  entity bigint PRIMARY KEY,
  partition integer NOT NULL,
  version bigint NOT NULL);

-- A snapshot's pieces are too large for compression to be worth the time. Commands compress to a
-- fraction; the quicker way of it is not in every server.
ALTER TABLE journal.snapshot_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
DO $$ BEGIN
  ALTER TABLE journal.row ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END $$;
