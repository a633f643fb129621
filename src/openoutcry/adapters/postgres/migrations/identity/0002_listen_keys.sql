-- Listen keys: which account a user data stream is of, whichever gateway it comes to.
CREATE TABLE identity.listen_key(
  account_id bigint PRIMARY KEY,
  listen_key text NOT NULL UNIQUE,
  expires_us bigint NOT NULL);
