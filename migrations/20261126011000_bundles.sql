-- Competitions of other platforms, read from a bundle and waiting for their host's word: what they would become, and
-- the report of everything in them. They become a draft, or are forgotten after a day.

create table bundles (
    id uuid primary key,
    owner_id bigint not null references users on delete cascade,
    kind text not null check (kind in ('codabench', 'evalai', 'kaggle', 'huggingface')),
    contents jsonb not null, -- settings, pages, data files by name, metric
    open_times text[] not null, -- times that the bundle does not name
    is_direction_open boolean not null, -- whether a higher score is better is not known
    report jsonb not null,
    read_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > read_at)
);
create index bundles_by_owner on bundles (owner_id, read_at desc);
create index bundles_by_end on bundles (expires_at);

create table bundle_files (
    bundle_id uuid not null references bundles on delete cascade,
    position integer not null check (position >= 0), -- among the data files; the solution comes last
    storage_key text not null unique,
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 bytea not null check (length(sha256) = 32),
    recipient text, -- the key that the solution is sealed to; data files have none
    primary key (bundle_id, position)
);
create unique index bundle_files_one_solution on bundle_files (bundle_id) where recipient is not null;

grant select, insert, delete on bundles, bundle_files to holdout_web;
grant update on bundles to holdout_web; -- whoever removes one locks it first
