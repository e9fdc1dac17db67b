-- A competition: its timeline, limits, pages and data files. States follow from the timeline.

create table competitions (
    id bigint generated always as identity primary key,
    slug text not null constraint competitions_slug_taken unique
        constraint competitions_slug_shape check (slug ~ '^[a-z0-9][a-z0-9-]{1,58}[a-z0-9]$'),
    title text not null check (length(title) between 1 and 120),
    subtitle text not null default '' check (length(subtitle) <= 200),
    created_by bigint not null references users,
    visibility text not null default 'public' check (visibility in ('public', 'unlisted', 'invitation')),
    launched_at timestamptz, -- null: a draft
    starts_at timestamptz,
    entry_deadline_at timestamptz,
    merger_deadline_at timestamptz,
    ends_at timestamptz,
    daily_limit integer not null default 5 check (daily_limit between 1 and 1000),
    final_limit integer not null default 2 check (final_limit between 1 and 20),
    team_limit integer not null default 5 check (team_limit between 1 and 100),
    max_upload_bytes bigint not null default 104857600 check (max_upload_bytes between 1024 and 10737418240),
    score_decimals integer not null default 5 check (score_decimals between 0 and 12),
    counts_for_medals boolean not null default true,
    is_demo boolean not null default false,
    is_synthetic boolean not null default false,
    n_teams integer not null default 0 check (n_teams >= 0),
    n_entries integer not null default 0 check (n_entries >= 0),
    board_revision bigint not null default 0, -- grows with every change of the board; keys every cached board
    settled_at timestamptz, -- the final board stands
    created_at timestamptz not null default clock_now(),
    constraint competitions_timeline check (
        starts_at < ends_at
        and entry_deadline_at between starts_at and ends_at
        and merger_deadline_at between starts_at and ends_at
    ),
    constraint competitions_launched_has_timeline check (
        launched_at is null
        or (starts_at is not null and ends_at is not null and entry_deadline_at is not null and merger_deadline_at is not null)
    )
);
create index competitions_listed on competitions (ends_at desc, id desc)
    where launched_at is not null and visibility = 'public';
create index competitions_unsettled on competitions (ends_at) where launched_at is not null and settled_at is null;
create index competitions_by_creator on competitions (created_by, id desc);

create table competition_hosts (
    competition_id bigint not null references competitions on delete cascade,
    user_id bigint not null references users on delete cascade,
    added_at timestamptz not null default clock_now(),
    primary key (competition_id, user_id)
);
create index competition_hosts_by_user on competition_hosts (user_id, competition_id desc);

-- Who may see a competition "by invitation": named addresses, or anyone who holds the link.
create table competition_invitations (
    competition_id bigint not null references competitions on delete cascade,
    email text not null check (email = lower(email)),
    created_at timestamptz not null default clock_now(),
    primary key (competition_id, email)
);
create table competition_invite_links (
    competition_id bigint primary key references competitions on delete cascade,
    secret text not null unique check (length(secret) >= 20),
    created_at timestamptz not null default clock_now()
);

create table pages (
    competition_id bigint not null references competitions on delete cascade,
    slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,40}$'),
    title text not null check (length(title) between 1 and 60),
    position integer not null,
    markdown text not null check (length(markdown) <= 200000),
    html text not null, -- drawn and sanitised from markdown when it was saved
    is_proposed boolean not null default false, -- written by the platform from facts; no host has touched it
    updated_at timestamptz not null default clock_now(),
    primary key (competition_id, slug)
);

create table data_files (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    name text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$'),
    role text not null default 'data' check (role in ('data', 'train', 'test', 'sample_submission', 'history')),
    storage_key text not null,
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 bytea not null check (length(sha256) = 32),
    description text not null default '' check (length(description) <= 1000),
    uploaded_at timestamptz not null default clock_now(),
    constraint data_files_name_taken unique (competition_id, name)
);
create unique index data_files_one_per_role on data_files (competition_id, role) where role <> 'data';

alter table audit_log add foreign key (competition_id) references competitions on delete set null;

grant select, insert, update, delete on
    competitions, competition_hosts, competition_invitations, competition_invite_links, pages, data_files
    to holdout_web;
grant select on competitions to holdout_scorer;
grant update (n_entries, n_teams, board_revision, settled_at, title, subtitle) on competitions to holdout_scorer;
grant select, insert, update on pages to holdout_scorer;
grant select, insert, update, delete on data_files to holdout_scorer;
