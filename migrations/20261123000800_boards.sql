-- The boards: pure functions of submissions and rules, thrown away and rebuilt at will.

create table board_entries (
    competition_id bigint not null references competitions on delete cascade,
    team_id bigint not null,
    submission_id bigint not null references submissions,
    public_score double precision not null,
    rank_key double precision not null,
    reached_at timestamptz not null, -- when the best submission was received; earlier ranks higher
    n_entries integer not null,
    last_entry_at timestamptz not null,
    rank_at_midnight integer,
    primary key (competition_id, team_id),
    foreign key (competition_id, team_id) references teams (competition_id, id) on delete cascade
);
create unique index board_entries_in_order on board_entries (competition_id, rank_key, reached_at, submission_id);
alter table board_entries set (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 80);

-- The private board. Empty until the end: settle_competition() alone writes it.
create table final_entries (
    competition_id bigint not null references competitions on delete cascade,
    team_id bigint not null,
    rank integer not null check (rank > 0),
    public_rank integer not null check (public_rank > 0),
    submission_id bigint not null references submissions,
    private_score double precision not null,
    public_score double precision,
    was_selected boolean not null, -- false: a stand-in, because the team had chosen none
    n_entries integer not null,
    last_entry_at timestamptz not null,
    primary key (competition_id, team_id),
    foreign key (competition_id, team_id) references teams (competition_id, id) on delete cascade
);
create unique index final_entries_in_order on final_entries (competition_id, rank);
create index final_entries_by_public_rank on final_entries (competition_id, public_rank);

-- The UTC day whose ranks stand in rank_at_midnight.
alter table competitions add column ranks_remembered_on date;

-- Recompute one team's row of the public board from its submissions.
create function place_on_board(p_competition_id bigint, p_team_id bigint) returns void
language plpgsql
as $$
declare
    best record;
    entries record;
begin
    perform 1 from teams where id = p_team_id for update;
    select s.id, s.public_score, s.rank_key, s.received_at into best
    from submissions s
    where s.team_id = p_team_id and s.state = 'scored' and s.rank_key is not null and not s.is_late
    order by s.rank_key, s.received_at, s.id
    limit 1;
    if not found then
        delete from board_entries where competition_id = p_competition_id and team_id = p_team_id;
    else
        select count(*)::integer as n, max(s.received_at) as last_at into entries
        from submissions s
        where s.team_id = p_team_id and s.state = 'scored' and s.rank_key is not null and not s.is_late;
        insert into board_entries as b
            (competition_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries, last_entry_at)
        values
            (p_competition_id, p_team_id, best.id, best.public_score, best.rank_key, best.received_at, entries.n, entries.last_at)
        on conflict (competition_id, team_id) do update set
            submission_id = excluded.submission_id,
            public_score = excluded.public_score,
            rank_key = excluded.rank_key,
            reached_at = excluded.reached_at,
            n_entries = excluded.n_entries,
            last_entry_at = excluded.last_entry_at;
    end if;
end
$$;

-- Throw the public board away and make it again.
create function rebuild_board(p_competition_id bigint) returns void
language sql
as $$
    delete from board_entries b
    where b.competition_id = p_competition_id
      and not exists (
          select from submissions s
          where s.team_id = b.team_id and s.state = 'scored' and s.rank_key is not null and not s.is_late);
    insert into board_entries as b
        (competition_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries, last_entry_at)
    select p_competition_id, t.id, best.id, best.public_score, best.rank_key, best.received_at, entries.n, entries.last_at
    from teams t
    cross join lateral (
        select s.id, s.public_score, s.rank_key, s.received_at
        from submissions s
        where s.team_id = t.id and s.state = 'scored' and s.rank_key is not null and not s.is_late
        order by s.rank_key, s.received_at, s.id
        limit 1
    ) best
    cross join lateral (
        select count(*)::integer as n, max(s.received_at) as last_at
        from submissions s
        where s.team_id = t.id and s.state = 'scored' and s.rank_key is not null and not s.is_late
    ) entries
    where t.competition_id = p_competition_id
    on conflict (competition_id, team_id) do update set
        submission_id = excluded.submission_id,
        public_score = excluded.public_score,
        rank_key = excluded.rank_key,
        reached_at = excluded.reached_at,
        n_entries = excluded.n_entries,
        last_entry_at = excluded.last_entry_at;
    update competitions set board_revision = board_revision + 1 where id = p_competition_id;
$$;

-- Make the private board. Refuses before the end and while a counted submission waits.
-- Returns whether the board now stands.
create function settle_competition(p_competition_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c record;
begin
    select id, ends_at, final_limit, settled_at, active_version_id into c
    from competitions
    where id = p_competition_id and launched_at is not null and ends_at <= clock_now()
    for update;
    if not found then
        return false;
    end if;
    if exists (
        select from submissions
        where competition_id = p_competition_id and state in ('queued', 'scoring') and not is_late
    ) then
        return false;
    end if;
    delete from final_entries where competition_id = p_competition_id;
    insert into final_entries
        (competition_id, team_id, rank, public_rank, submission_id, private_score, public_score, was_selected, n_entries, last_entry_at)
    select p_competition_id, f.team_id,
           (row_number() over (order by f.private_key, f.received_at, f.id))::integer,
           (row_number() over (order by f.rank_key nulls last, f.received_at, f.id))::integer,
           f.id, f.private_score, f.public_score, f.was_selected, f.n_entries, f.last_entry_at
    from teams t
    cross join lateral (
        -- Chosen submissions; where a team chose none, its best public ones stand in.
        select s.id, t.id as team_id, s.received_at, s.rank_key, s.public_score,
               p.private_score, s.selected_at is not null as was_selected,
               case when v.higher_is_better then -p.private_score else p.private_score end as private_key,
               (select count(*)::integer from submissions n
                where n.team_id = t.id and n.state = 'scored' and n.rank_key is not null and not n.is_late) as n_entries,
               (select max(n.received_at) from submissions n
                where n.team_id = t.id and n.state = 'scored' and n.rank_key is not null and not n.is_late) as last_entry_at
        from (
            select chosen.* from submissions chosen
            where chosen.team_id = t.id and chosen.state = 'scored' and not chosen.is_late and chosen.selected_at is not null
            union all
            select best.* from (
                select b.* from submissions b
                where b.team_id = t.id and b.state = 'scored' and b.rank_key is not null and not b.is_late
                order by b.rank_key, b.received_at, b.id
                limit c.final_limit
            ) best
            where not exists (
                select from submissions any_chosen
                where any_chosen.team_id = t.id and any_chosen.state = 'scored'
                  and not any_chosen.is_late and any_chosen.selected_at is not null)
        ) s
        join private_scores p on p.submission_id = s.id and p.version_id = s.version_id
        join scoring_versions v on v.id = s.version_id
        where p.private_score is not null
        order by private_key, s.received_at, s.id
        limit 1
    ) f
    where t.competition_id = p_competition_id and f.n_entries > 0;
    update competitions
    set settled_at = coalesce(settled_at, clock_now()), board_revision = board_revision + 1
    where id = p_competition_id;
    return true;
end
$$;
revoke all on function settle_competition(bigint) from public;

-- Remember today's ranks, so that tomorrow's board can show who moved.
create function remember_ranks(p_competition_id bigint) returns void
language sql security definer set search_path = public, pg_temp
as $$
    update board_entries b
    set rank_at_midnight = r.rank
    from (
        select team_id, (row_number() over (order by rank_key, reached_at, submission_id))::integer as rank
        from board_entries
        where competition_id = p_competition_id
    ) r
    where b.competition_id = p_competition_id and b.team_id = r.team_id
      and b.rank_at_midnight is distinct from r.rank;
$$;
revoke all on function remember_ranks(bigint) from public;

grant select on board_entries, final_entries to holdout_web;
grant select, insert, update, delete on board_entries to holdout_scorer;
grant execute on function settle_competition(bigint), remember_ranks(bigint) to holdout_web, holdout_scorer;
