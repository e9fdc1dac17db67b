-- Runs of notebooks from the top: what was asked for, what came of it, and the programs that do it.

-- Those programs run what members wrote, so that their role reads neither labels nor scores.
do $$
begin
    if not exists (select from pg_roles where rolname = 'holdout_runner') then
        create role holdout_runner login;
    end if;
exception
    when duplicate_object or unique_violation then null; -- another database of this cluster was first
end
$$;
do $$
begin
    if not pg_has_role(current_user, 'holdout_runner', 'member') then
        grant holdout_runner to current_user;
    end if;
end
$$;
grant usage on schema public to holdout_runner;

create table notebook_runs (
    id bigint generated always as identity primary key,
    notebook_id bigint not null,
    number integer not null, -- of the version
    asked_by bigint not null references users,
    asked_at timestamptz not null,
    state text not null default 'waiting'
        check (state in ('waiting', 'running', 'ran', 'cell_failed', 'stopped', 'failed')),
    started_at timestamptz,
    finished_at timestamptz,
    at_cell integer check (at_cell > 0), -- among the cells of code: the one that runs, or at which it ended
    n_code_cells integer not null default 0 check (n_code_cells >= 0),
    n_cells_run integer not null default 0 check (n_cells_run >= 0),
    report text not null default '' check (length(report) <= 70000), -- the traceback, or why it was stopped
    log text not null default '' check (length(log) <= 140000), -- what was printed beside the cells
    took_seconds double precision check (took_seconds >= 0),
    environment text not null default '' check (length(environment) <= 1000),
    executed_key text unique, -- the notebook with its outputs
    executed_bytes bigint check (executed_bytes > 0),
    executed_sha256 bytea check (length(executed_sha256) = 32),
    foreign key (notebook_id, number) references notebook_versions on delete cascade,
    constraint notebook_runs_finished check ((finished_at is null) = (state in ('waiting', 'running'))),
    constraint notebook_runs_from_the_top check (state <> 'ran' or (n_cells_run = n_code_cells and at_cell is null)),
    constraint notebook_runs_executed_whole
        check ((executed_key is null) = (executed_bytes is null) and (executed_key is null) = (executed_sha256 is null))
);
create unique index notebook_runs_one_open on notebook_runs (notebook_id, number) where finished_at is null;
create index notebook_runs_of_version on notebook_runs (notebook_id, number, id desc);
create index notebook_runs_of_notebook on notebook_runs (notebook_id, id desc);
create index notebook_runs_judged on notebook_runs (notebook_id, number, id desc)
    where state in ('ran', 'cell_failed', 'stopped');
create index notebook_runs_by_person on notebook_runs (asked_by, asked_at);

create table notebook_run_files (
    run_id bigint not null references notebook_runs on delete cascade,
    place integer not null check (place > 0),
    path text not null check (length(path) between 1 and 200),
    storage_key text not null unique,
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 bytea not null check (length(sha256) = 32),
    primary key (run_id, place)
);

-- As notebook_drawings: can be made anew.
create table notebook_run_drawings (
    run_id bigint primary key references notebook_runs on delete cascade,
    drawer integer not null,
    storage_key text not null unique,
    size_bytes bigint not null check (size_bytes >= 0),
    contents jsonb not null, -- notebooks::draw::Heading
    drawn_at timestamptz not null
);

create table notebook_runners (
    id uuid primary key,
    host text not null check (length(host) <= 300),
    started_at timestamptz not null,
    last_seen_at timestamptz not null,
    at_once integer not null check (at_once > 0),
    memory_mb integer not null check (memory_mb > 0),
    disk_mb integer not null check (disk_mb > 0),
    seconds integer not null check (seconds > 0),
    environment text, -- the interpreter and its libraries
    refusal text, -- why it cannot run notebooks
    constraint notebook_runners_environment_or_refusal check ((environment is null) <> (refusal is null))
);

alter table jobs
    add column run_id bigint references notebook_runs on delete cascade,
    add constraint jobs_run_subject check ((kind = 'run') = (run_id is not null)),
    -- Scorers take what is above, runners what is below.
    add constraint jobs_runs_are_last check ((kind = 'run') = (priority = 9));
create unique index jobs_one_run on jobs (run_id) where run_id is not null and state in ('queued', 'leased');
create index jobs_by_run on jobs (run_id) where run_id is not null;

grant select, insert on notebook_runs to holdout_web;
grant select on notebook_run_files, notebook_runners to holdout_web;
grant select, insert, update on notebook_run_drawings to holdout_web;

grant select, update on jobs to holdout_runner;
grant select, update, delete on notebook_runs to holdout_runner;
grant select, insert on notebook_run_files to holdout_runner;
grant select on notebook_run_drawings to holdout_runner;
grant select (id, slug) on competitions to holdout_runner;
grant select on notebooks, notebook_versions, subjects, data_files to holdout_runner;
grant select, insert, update, delete on notebook_runners to holdout_runner;

-- Scorers put back what a lost runner held, and sweep files that nobody names.
grant select, update on notebook_runs to holdout_scorer;
grant select on notebook_run_files to holdout_scorer;
