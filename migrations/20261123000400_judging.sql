-- Judging: the metrics that scorers announce, sealed solutions, scoring versions.

create table metrics (
    name text primary key,
    spec jsonb not null, -- holdout_contract::spec::MetricSpec
    engine_version text not null,
    announced_at timestamptz not null
);

create table scorers (
    id uuid primary key,
    host text not null,
    engine_version text not null,
    started_at timestamptz not null,
    last_seen_at timestamptz not null
);
create index scorers_by_last_seen on scorers (last_seen_at);

-- Public halves of the scorers' keys. The newest that is not retired seals new uploads.
create table scorer_keys (
    id bigint generated always as identity primary key,
    recipient text not null unique check (recipient like 'age1%'),
    created_at timestamptz not null default clock_now(),
    retired_at timestamptz
);

-- A solution exists only encrypted to a scorer key; no label is ever in this database.
create table solutions (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    recipient text not null,
    storage_key text not null unique,
    sealed_bytes bigint not null check (sealed_bytes > 0),
    sealed_sha256 bytea not null check (length(sealed_sha256) = 32),
    uploaded_at timestamptz not null default clock_now(),
    unique (competition_id, id)
);
create index solutions_by_competition on solutions (competition_id, id desc);

-- One labelled table, sealed, from which a scorer makes train, test, sample and solution.
create table labelled_tables (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    storage_key text not null unique,
    sealed_sha256 bytea not null check (length(sealed_sha256) = 32),
    target_column text not null,
    test_fraction double precision not null default 0.3 check (test_fraction between 0.01 and 0.9),
    public_fraction double precision not null default 0.3 check (public_fraction between 0.01 and 0.99),
    seed bigint not null,
    proposal jsonb, -- holdout_contract::examine::Proposal once a scorer has read the table
    rejection jsonb,
    uploaded_at timestamptz not null default clock_now()
);
create index labelled_tables_by_competition on labelled_tables (competition_id, id desc);

-- What a score is computed with. Number 1 is the draft's; launching freezes it.
create table scoring_versions (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    number integer not null check (number > 0),
    solution_id bigint,
    metric text references metrics (name),
    params jsonb not null default '{}' check (jsonb_typeof(params) = 'object'),
    context jsonb not null default '{}' check (jsonb_typeof(context) = 'object'),
    public_fraction double precision not null default 0.3 check (public_fraction > 0 and public_fraction < 1),
    split_seed bigint not null default 1,
    higher_is_better boolean, -- copied from the metric when it is chosen
    reason text not null default '',
    input_revision integer not null default 1, -- grows with every change that the examination reads
    examined_revision integer,
    report jsonb, -- holdout_contract::examine::Report of examined_revision
    created_at timestamptz not null default clock_now(),
    activated_at timestamptz,
    constraint scoring_versions_number unique (competition_id, number),
    constraint scoring_versions_of_competition unique (competition_id, id),
    foreign key (competition_id, solution_id) references solutions (competition_id, id),
    constraint scoring_versions_active_is_whole check (
        activated_at is null or (solution_id is not null and metric is not null and higher_is_better is not null)
    )
);

alter table competitions add column active_version_id bigint;
alter table competitions add constraint competitions_active_version
    foreign key (id, active_version_id) references scoring_versions (competition_id, id);
alter table competitions add constraint competitions_launched_has_version
    check (launched_at is null or active_version_id is not null);

grant select on metrics, scorers, scorer_keys to holdout_web;
grant select, insert, update on metrics, scorer_keys to holdout_scorer;
grant select, insert, update, delete on scorers to holdout_scorer;
grant select, insert, update, delete on solutions, labelled_tables, scoring_versions to holdout_web;
grant select, insert, update on solutions, labelled_tables, scoring_versions to holdout_scorer;
