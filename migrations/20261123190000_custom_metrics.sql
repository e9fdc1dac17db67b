-- Metrics that hosts write: a Python module pinned by each scoring version, and what it said when it broke.

-- Never changed: a scoring version that names one names these bytes.
create table custom_metrics (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    file_name text not null check (length(file_name) between 1 and 200),
    source text not null check (octet_length(source) between 1 and 262144),
    sha256 bytea not null check (length(sha256) = 32), -- of source
    uploaded_by bigint references users on delete set null,
    uploaded_at timestamptz not null,
    constraint custom_metrics_of_competition unique (competition_id, id)
);
create index custom_metrics_by_uploader on custom_metrics (uploaded_by);

-- Stands for all of them in the catalogue's table, and is no entry of the catalogue: its spec is no MetricSpec.
insert into metrics (name, spec, engine_version, announced_at)
values ('custom', '{"title": "The host''s own metric"}', '', now());

alter table scoring_versions
    add column custom_metric_id bigint,
    add constraint scoring_versions_custom_metric
        foreign key (competition_id, custom_metric_id) references custom_metrics (competition_id, id),
    add constraint scoring_versions_custom_has_module
        check ((metric is not distinct from 'custom') = (custom_metric_id is not null));
create index scoring_versions_by_custom_metric on scoring_versions (custom_metric_id)
    where custom_metric_id is not null;

-- What a host reads when their metric broke on a file. The metric saw the labels, so its words may hold
-- them: nobody else reads this, and no log holds it.
create table metric_failures (
    submission_id bigint not null references submissions on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    report text not null check (length(report) between 1 and 100000),
    at timestamptz not null,
    primary key (submission_id, version_id)
);
create index metric_failures_by_version on metric_failures (version_id, submission_id desc);

-- Whether a scorer can run such metrics; neither while it has not tried yet.
alter table scorers
    add column sandbox text, -- the interpreter and its libraries
    add column sandbox_refusal text, -- why not
    add constraint scorers_sandbox_or_refusal check (sandbox is null or sandbox_refusal is null);

-- A competition's failed submissions wait for their turn again; their ids and teams. A final board
-- that stood without them is settled anew once they are scored.
create function requeue_failed_submissions(p_competition_id bigint, p_limit integer)
returns table (submission_id bigint, team_id bigint)
language sql security definer set search_path = public, pg_temp
as $$
    with put_back as (
        update submissions
        set state = 'queued', failure = null
        where id in (
            select id from submissions
            where competition_id = p_competition_id and state = 'failed'
            order by id desc
            limit p_limit
            for update)
        returning id, team_id, is_late
    ), unsettled as (
        update competitions set settled_at = null
        where id = p_competition_id and settled_at is not null
          and exists (select from put_back where not is_late)
    )
    select id, team_id from put_back
$$;
revoke all on function requeue_failed_submissions(bigint, integer) from public;
grant execute on function requeue_failed_submissions(bigint, integer) to holdout_web;

grant select, insert, delete on custom_metrics to holdout_web;
grant select on metric_failures to holdout_web;
grant select on custom_metrics to holdout_scorer;
grant select, insert, update, delete on metric_failures to holdout_scorer;
