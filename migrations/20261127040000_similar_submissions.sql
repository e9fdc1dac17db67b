-- Similar submissions: what a host had compared, and the pairs of teams whose predictions are nearly the same.

create table comparisons (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    asked_by bigint references users on delete set null,
    asked_at timestamptz not null,
    begun_at timestamptz, -- when a scorer last took it up
    finished_at timestamptz,
    failure text, -- why there is no result
    n_teams integer check (n_teams >= 0),
    n_submissions integer check (n_submissions >= 0),
    n_left_out integer check (n_left_out >= 0),
    n_rows integer check (n_rows >= 0), -- that were drawn
    n_answers integer check (n_answers >= 0), -- in these rows, over which teams differ
    n_found integer check (n_found >= 0),
    usual double precision check (usual between -1 and 1), -- null: too few teams to be a crowd
    bound double precision check (bound between -1 and 1),
    constraint comparisons_result_or_failure check (
        (finished_at is null and failure is null and n_found is null)
        or (finished_at is not null and (failure is null) = (n_found is not null))
    ),
    constraint comparisons_whole check (
        num_nulls(n_teams, n_submissions, n_left_out, n_rows, n_answers, n_found) in (0, 6)
    )
);
-- One at a time for each competition.
create unique index comparisons_one_open on comparisons (competition_id) where finished_at is null;
create index comparisons_by_competition on comparisons (competition_id, id desc);
create index comparisons_by_person on comparisons (asked_by);

create table similar_pairs (
    comparison_id bigint not null references comparisons on delete cascade,
    place integer not null check (place > 0), -- the most alike first
    first_id bigint not null references submissions on delete cascade,
    second_id bigint not null references submissions on delete cascade,
    likeness double precision check (likeness between -1 and 1),
    n_same integer not null check (n_same >= 0),
    primary key (comparison_id, place),
    constraint similar_pairs_of_two check (first_id <> second_id)
);
create index similar_pairs_by_first on similar_pairs (first_id);
create index similar_pairs_by_second on similar_pairs (second_id);

alter table jobs
    add column comparison_id bigint references comparisons on delete cascade,
    add constraint jobs_compare_subject check ((kind = 'compare') = (comparison_id is not null));
create unique index jobs_one_comparison on jobs (comparison_id)
    where comparison_id is not null and state in ('queued', 'leased');
create index jobs_by_comparison on jobs (comparison_id) where comparison_id is not null;

grant select, insert on comparisons to holdout_web;
grant select on similar_pairs to holdout_web;
grant select, update on comparisons to holdout_scorer;
grant select, insert on similar_pairs to holdout_scorer;
