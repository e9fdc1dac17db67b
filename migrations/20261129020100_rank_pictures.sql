-- After the end: how often each of the best teams takes each rank when the contest is imagined again, and
-- which of their differences are more than chance.

-- Of the final board alone. Reached through shown_rank_pictures.
create table rank_pictures (
    competition_id bigint not null references competitions on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    board_revision bigint not null, -- of the board that was looked at
    teams bigint[] not null check (cardinality(teams) between 1 and 25), -- best first
    submissions bigint[] not null, -- theirs, in the same order
    is_exact boolean not null, -- of scores computed anew, not of draws with their covariance
    n_draws integer not null check (n_draws > 0),
    frequencies integer[] not null, -- team by team: of rank 1, 2, … up to the number of teams, then of all lower ones
    p_values real[] not null, -- team by team, against every other; by Holm
    primary key (competition_id, version_id),
    constraint rank_pictures_fit check (
        cardinality(submissions) = cardinality(teams)
        and cardinality(frequencies) = cardinality(teams) * (cardinality(teams) + 1)
        and cardinality(p_values) = cardinality(teams) * cardinality(teams))
);
create index rank_pictures_by_version on rank_pictures (version_id);

create trigger rank_pictures_after_the_end before insert or update on rank_pictures
    for each row execute function refuse_private_ranks();

-- Whatever stands in the table: nothing before the end, and nothing of a board that changed since in who is on it.
create view shown_rank_pictures as
    select r.* from rank_pictures r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where c.ends_at <= clock_now() and c.settled_at is not null
      and not exists (
        select from unnest(r.teams, r.submissions) as p (team_id, submission_id)
        where not exists (
            select from final_entries f
            where f.competition_id = r.competition_id and f.team_id = p.team_id
              and f.submission_id = p.submission_id and f.version_id = r.version_id));

grant select on shown_rank_pictures to holdout_web;
grant select, insert, update, delete on rank_pictures to holdout_scorer;
