-- What is under way with this database as a whole: a move into it that has not been finished.
CREATE TABLE journal.note(
  name text PRIMARY KEY,
  value text NOT NULL);
