-- Gateways keep copies of owners and routes: tell them which one has changed.
CREATE FUNCTION journal.tell_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('outcry_owner', NEW.partition::text);
  RETURN NULL;
END $$;

CREATE FUNCTION journal.tell_route() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('outcry_route', NEW.entity::text);
  RETURN NULL;
END $$;

CREATE TRIGGER owner_came AFTER INSERT ON journal.owner
  FOR EACH ROW EXECUTE FUNCTION journal.tell_owner();
-- Not at each renewal of a lease, nor when an append is confirmed.
CREATE TRIGGER owner_changed AFTER UPDATE ON journal.owner
  FOR EACH ROW WHEN (
    (OLD.epoch, OLD.owner, OLD.address, OLD.lease_until IS NULL)
    IS DISTINCT FROM (NEW.epoch, NEW.owner, NEW.address, NEW.lease_until IS NULL))
  EXECUTE FUNCTION journal.tell_owner();
CREATE TRIGGER route_changed AFTER INSERT OR UPDATE ON journal.route
  FOR EACH ROW EXECUTE FUNCTION journal.tell_route();
