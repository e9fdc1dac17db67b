-- The queue between the web server and the scorers. A job commits together with what it is about.

create table jobs (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('score', 'check', 'examine', 'split')),
    priority smallint not null, -- lower first: 0 interactive, 5 rescoring, 8 examinations of live competitions
    turn bigint not null, -- start-time fair queueing: a team's burst delays only itself
    competition_id bigint not null references competitions on delete cascade,
    team_id bigint references teams on delete cascade,
    submission_id bigint references submissions on delete cascade,
    check_id uuid references file_checks on delete cascade,
    version_id bigint references scoring_versions on delete cascade,
    table_id bigint references labelled_tables on delete cascade,
    state text not null default 'queued' check (state in ('queued', 'leased', 'done', 'failed')),
    run_at timestamptz not null default now(),
    attempts integer not null default 0,
    lease uuid,
    lease_until timestamptz,
    leased_by uuid,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    error text,
    constraint jobs_leased_has_lease check ((state = 'leased') = (lease is not null and lease_until is not null)),
    constraint jobs_subject check (
        case kind
            when 'score' then submission_id is not null and team_id is not null
            when 'check' then check_id is not null
            when 'examine' then version_id is not null
            when 'split' then table_id is not null
        end
    )
);
create index jobs_waiting on jobs (priority, turn, id) where state = 'queued';
create index jobs_waiting_of_team on jobs (team_id, priority, turn) where state = 'queued';
create index jobs_leased on jobs (lease_until) where state = 'leased';
create index jobs_finished on jobs (finished_at) where state in ('done', 'failed');
create unique index jobs_one_score on jobs (submission_id) where kind = 'score' and state in ('queued', 'leased');
create index jobs_by_submission on jobs (submission_id) where submission_id is not null;
create index jobs_by_version on jobs (version_id) where version_id is not null;
create index jobs_by_table on jobs (table_id) where table_id is not null;
create index jobs_by_check on jobs (check_id) where check_id is not null;
create index jobs_failed on jobs (id desc) where state = 'failed';
create index jobs_failed_of_competition on jobs (competition_id, id desc) where state = 'failed';
alter table jobs set (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 70);

create function announce_job() returns trigger
language plpgsql
as $$
begin
    perform pg_notify('holdout_jobs', '');
    return null;
end
$$;
create trigger jobs_announced after insert on jobs
    for each statement execute function announce_job();

grant select, insert on jobs to holdout_web;
grant select, insert, update, delete on jobs to holdout_scorer;
