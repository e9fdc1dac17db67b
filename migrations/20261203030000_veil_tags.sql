-- What vouches for a bundle that lies veiled on the disk, once it is whole: an HMAC of its SHA-256 under its key.
alter table uploads add column veil_tag bytea;
