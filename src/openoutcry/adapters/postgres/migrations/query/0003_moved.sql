-- Entities that have left a partition, as far as it is projected: where they went may go on then.
CREATE TABLE query.moved(
  entity bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (entity, version));
