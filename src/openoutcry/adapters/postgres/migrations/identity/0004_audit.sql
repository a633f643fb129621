-- The audit log: records chained by their digests, and the head in a row of its own.
CREATE TABLE identity.audit_record(
  number bigint PRIMARY KEY,
  time_us bigint NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  details text NOT NULL,
  request_id text NOT NULL,
  previous bytea NOT NULL,
  digest bytea NOT NULL);
CREATE INDEX audit_record_actor ON identity.audit_record(actor, number);
CREATE INDEX audit_record_target ON identity.audit_record(target, number);

-- One row: who appends takes its lock, so that records follow one another over all processes.
CREATE TABLE identity.audit_head(
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  number bigint NOT NULL,
  digest bytea NOT NULL);
INSERT INTO identity.audit_head(number, digest) VALUES(0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION identity.audit_record_is_final() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'records of the audit log are not changed'; END$$;
CREATE TRIGGER audit_record_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON identity.audit_record
  EXECUTE FUNCTION identity.audit_record_is_final();
