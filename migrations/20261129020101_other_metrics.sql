-- After the end: what other metrics would have said of the final board's files.

-- Metrics that read the same files, chosen by the scorers. Reached through shown_other_metrics.
create table other_metrics (
    version_id bigint not null references scoring_versions on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    place smallint not null check (place between 1 and 9), -- in which they are shown
    metric text not null,
    params jsonb not null,
    note text not null, -- beside its name: a column, an aggregation
    higher_is_better boolean not null,
    is_absent boolean not null, -- the solution cannot be used with it
    primary key (version_id, place)
);
create index other_metrics_by_competition on other_metrics (competition_id);

-- Of the private rows of the best teams' final submissions. Reached through shown_other_scores.
create table other_scores (
    version_id bigint not null,
    competition_id bigint not null references competitions on delete cascade,
    place smallint not null,
    submission_id bigint not null references submissions on delete cascade,
    score double precision check (abs(score) < 'infinity'), -- null: it gives this file none
    primary key (version_id, place, submission_id),
    foreign key (version_id, place) references other_metrics on delete cascade
);
create index other_scores_by_submission on other_scores (submission_id, version_id);
create index other_scores_by_competition on other_scores (competition_id);

-- That scorers looked, and whether a submission of the final board still waits. Reached through shown_other_looks.
create table other_looks (
    version_id bigint primary key references scoring_versions on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    is_complete boolean not null
);
create index other_looks_by_competition on other_looks (competition_id);

create trigger other_metrics_after_the_end before insert or update on other_metrics
    for each row execute function refuse_private_ranks();
create trigger other_scores_after_the_end before insert or update on other_scores
    for each row execute function refuse_private_ranks();
create trigger other_looks_after_the_end before insert or update on other_looks
    for each row execute function refuse_private_ranks();

-- What holdout_web sees: nothing before the end, whatever stands in the tables.
create view shown_other_metrics as
    select o.* from other_metrics o
    join competitions c on c.id = o.competition_id and c.active_version_id = o.version_id
    where c.ends_at <= clock_now() and c.settled_at is not null;
create view shown_other_scores as
    select o.* from other_scores o
    join competitions c on c.id = o.competition_id and c.active_version_id = o.version_id
    where c.ends_at <= clock_now() and c.settled_at is not null;
create view shown_other_looks as
    select o.* from other_looks o
    join competitions c on c.id = o.competition_id and c.active_version_id = o.version_id
    where c.ends_at <= clock_now() and c.settled_at is not null;

create unique index jobs_one_other_metrics on jobs (competition_id)
    where kind = 'other_metrics' and state in ('queued', 'leased');

grant select on shown_other_metrics, shown_other_scores, shown_other_looks to holdout_web;
grant select, insert, update, delete on other_metrics, other_scores, other_looks to holdout_scorer;
