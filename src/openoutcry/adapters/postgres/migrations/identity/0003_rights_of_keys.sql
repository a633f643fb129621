-- What keys of people may do, from where, in which markets and for how long; secrets are sealed.
ALTER TABLE identity.api_key
  ADD COLUMN may_withdraw boolean NOT NULL DEFAULT false,
  ADD COLUMN allowed_ips text[] NOT NULL DEFAULT '{}',
  ADD COLUMN allowed_symbols text[] NOT NULL DEFAULT '{}',
  ADD COLUMN expires_us bigint NOT NULL DEFAULT 0,
  ADD COLUMN person_id bigint NOT NULL DEFAULT 0,
  ADD COLUMN is_suspended boolean NOT NULL DEFAULT false,
  ADD COLUMN is_sealed boolean NOT NULL DEFAULT false;
