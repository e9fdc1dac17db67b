-- What a board's ranks are worth: influence values, their covariances, and the ranges that follow from them.

-- Influence values of a ranked submission. They follow from labels, so the files are sealed like a
-- solution, and holdout_web is granted nothing here.
create table influences (
    submission_id bigint not null references submissions on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    split text not null check (split in ('public', 'private')),
    storage_key text not null,
    sealed_sha256 bytea not null check (octet_length(sealed_sha256) = 32),
    primary key (submission_id, version_id, split)
);
create index influences_by_version on influences (version_id, split);
create index influences_by_file on influences (storage_key);

-- Covariances of the scores of all ranked teams, sealed, so that one new file changes one column only.
create table covariances (
    version_id bigint not null references scoring_versions on delete cascade,
    split text not null check (split in ('public', 'private')),
    storage_key text not null,
    sealed_sha256 bytea not null check (octet_length(sealed_sha256) = 32),
    primary key (version_id, split)
);
create index covariances_by_file on covariances (storage_key);

-- A board as a whole. Reached through shown_rank_summaries alone.
create table rank_summaries (
    competition_id bigint not null references competitions on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    split text not null check (split in ('public', 'private')),
    board_revision bigint not null, -- of the board that was looked at
    computed_at timestamptz not null,
    n_units integer not null check (n_units >= 0),
    counts_groups boolean not null, -- the units are groups of rows
    decimals integer check (decimals between 0 and 12), -- worth showing
    noise double precision check (noise > 0), -- smaller differences are noise
    shake_up double precision check (shake_up >= 0), -- mean move on the private rows, as a share of the table
    absent text, -- why there is no range
    primary key (competition_id, version_id, split),
    constraint rank_summaries_ranges_or_reason check (absent is null or (decimals is null and noise is null and shake_up is null))
);
create index rank_summaries_by_version on rank_summaries (version_id);

-- Which ranks a team may truly have. Reached through shown_rank_ranges alone.
create table rank_ranges (
    competition_id bigint not null,
    version_id bigint not null references scoring_versions on delete cascade,
    split text not null check (split in ('public', 'private')),
    team_id bigint not null,
    submission_id bigint not null references submissions on delete cascade,
    place integer not null check (place > 0), -- among the teams that were looked at
    rank_low integer not null check (rank_low between 1 and rank_high),
    rank_high integer not null,
    standard_error double precision not null check (standard_error >= 0),
    difference_errors real[] not null, -- of the difference to the team of every place
    primary key (competition_id, version_id, split, team_id),
    foreign key (competition_id, team_id) references teams (competition_id, id) on delete cascade
);
create index rank_ranges_by_version on rank_ranges (version_id);
create index rank_ranges_by_submission on rank_ranges (submission_id);
create index rank_ranges_by_team on rank_ranges (team_id);

-- Nothing that was computed on private rows exists before the end.
create function refuse_private_ranks() returns trigger
language plpgsql
as $$
begin
    if not exists (
        select from competitions
        where id = new.competition_id and settled_at is not null and ends_at <= clock_now()
    ) then
        raise exception 'no private ranks stand before the end';
    end if;
    return new;
end
$$;
create trigger rank_summaries_after_the_end before insert or update on rank_summaries
    for each row when (new.split = 'private') execute function refuse_private_ranks();
create trigger rank_ranges_after_the_end before insert or update on rank_ranges
    for each row when (new.split = 'private') execute function refuse_private_ranks();

-- What holdout_web sees: of private rows nothing before the end, whatever stands in the tables.
create view shown_rank_summaries as
    select r.* from rank_summaries r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null);
create view shown_rank_ranges as
    select r.* from rank_ranges r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null);

-- Boards that changed and were not looked at since: one row a competition, however many files arrive.
create table rank_refreshes (
    competition_id bigint primary key references competitions on delete cascade,
    due_at timestamptz not null
);
create index rank_refreshes_due on rank_refreshes (due_at);

create function want_ranks() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into rank_refreshes (competition_id, due_at) values (new.id, now() + interval '10 seconds')
    on conflict (competition_id) do nothing;
    return null;
end
$$;
create trigger competitions_want_ranks after update of board_revision on competitions
    for each row when (new.board_revision is distinct from old.board_revision and new.launched_at is not null)
    execute function want_ranks();

create unique index jobs_one_ranks on jobs (competition_id) where kind = 'ranks' and state in ('queued', 'leased');

alter table competitions
    add column ranks_revision bigint not null default 0, -- goes up when ranges change
    add column worth_decimals integer check (worth_decimals between 0 and 12), -- as the noise justifies
    add column are_decimals_chosen boolean not null default false; -- by the host, whose number then counts

grant select on shown_rank_summaries, shown_rank_ranges to holdout_web;
grant update (are_decimals_chosen) on competitions to holdout_web;
grant select, insert, update, delete on influences, covariances, rank_summaries, rank_ranges, rank_refreshes to holdout_scorer;
grant update (ranks_revision, worth_decimals) on competitions to holdout_scorer;
grant select on final_entries to holdout_scorer; -- it has the private scores that they are made of
