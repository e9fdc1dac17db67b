-- Uploads that arrive in parts: of one person, for one purpose, each spent once.

create table uploads (
    id uuid primary key,
    user_id bigint not null references users on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    purpose text not null check (purpose in ('submission', 'check', 'data', 'solution', 'table')),
    file_name text not null check (length(file_name) <= 200),
    metadata text not null default '' check (length(metadata) <= 4096), -- as it was sent; the protocol repeats it
    address_hash bytea unique check (length(address_hash) = 32), -- SHA-256 of an address that needs no other credential
    recipient text, -- whom a sealed file was sealed to, as far as its sender could know
    total_bytes bigint not null check (total_bytes >= 0),
    received_bytes bigint not null default 0, -- so many are on the disk, whatever happens
    digest_state bytea, -- the running SHA-256 of those bytes; null before the first
    storage_key text unique, -- where the whole file is kept, once a verb asked for it
    created_at timestamptz not null,
    expires_at timestamptz not null,
    spent_at timestamptz, -- the file belongs to what it was spent on
    constraint uploads_received_fits check (received_bytes between 0 and total_bytes),
    constraint uploads_spent_is_whole check (spent_at is null or (received_bytes = total_bytes and storage_key is not null))
);
create index uploads_open on uploads (user_id, created_at) where spent_at is null;
create index uploads_by_competition on uploads (competition_id);
create index uploads_by_expiry on uploads (expires_at);

grant select, insert, update, delete on uploads to holdout_web;
