-- What people query. Events are kept as the records that they are; columns are what is searched by.
CREATE TABLE query.cursor(
  partition integer PRIMARY KEY,
  seq bigint NOT NULL);
