-- What several web servers of one installation share beside its data: the keys that sign download addresses for
-- Kaggle's client, so that each server takes what another signed. They are replaced daily, and no backup holds them.

create unlogged table ticket_keys (
    key bytea primary key check (octet_length(key) = 32),
    made_at timestamptz not null default now()
);
grant select, insert, delete on ticket_keys to holdout_web;
