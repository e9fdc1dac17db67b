-- What hosts send belongs to baselines: teams of nobody that stand on a board in their place and have no rank. Boards hold ranked
-- teams alone, so that ranks, medals and the number of teams need not know of baselines.

-- Of a baseline as of all others; `p_baselines` says which.
create function best_public_entries(p_competition_id bigint, p_version_id bigint, p_baselines boolean)
returns table (team_id bigint, submission_id bigint, public_score double precision, rank_key double precision,
               reached_at timestamptz, n_entries integer, last_entry_at timestamptz, part_scores double precision[])
language sql stable
as $$
    select t.id, best.submission_id, best.public_score, best.rank_key, best.received_at, entries.n, entries.last_at,
           best.part_scores
    from teams t
    cross join lateral (
        select x.submission_id, x.public_score, x.rank_key, x.received_at, x.part_scores
        from scores x
        where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late
          and not x.is_barred and x.ladder_step is distinct from 'held'
        order by x.rank_key, x.received_at, x.submission_id
        limit 1
    ) best
    cross join lateral (
        select count(*)::integer as n, max(x.received_at) as last_at
        from scores x
        where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late and not x.is_barred
    ) entries
    where t.competition_id = p_competition_id and t.is_baseline = p_baselines
$$;

create or replace function public_board(p_competition_id bigint, p_version_id bigint)
returns table (team_id bigint, submission_id bigint, public_score double precision, rank_key double precision,
               reached_at timestamptz, n_entries integer, last_entry_at timestamptz, part_scores double precision[])
language sql stable
as $$
    select * from best_public_entries(p_competition_id, p_version_id, false)
$$;

-- As before; a baseline has no place among the ranked.
create or replace function place_on_board(p_competition_id bigint, p_team_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
declare
    is_ranked boolean;
    best record;
    entries record;
begin
    select not is_baseline into is_ranked from teams where id = p_team_id for no key update;
    select x.submission_id, x.public_score, x.rank_key, x.received_at, x.part_scores into best
    from scores x
    where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late
      and not x.is_barred and x.ladder_step is distinct from 'held' and is_ranked
    order by x.rank_key, x.received_at, x.submission_id
    limit 1;
    if not found then
        delete from board_entries
        where competition_id = p_competition_id and version_id = p_version_id and team_id = p_team_id;
    else
        select count(*)::integer as n, max(x.received_at) as last_at into entries
        from scores x
        where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late and not x.is_barred;
        insert into board_entries as b
            (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries,
             last_entry_at, part_scores)
        values
            (p_competition_id, p_version_id, p_team_id, best.submission_id, best.public_score, best.rank_key,
             best.received_at, entries.n, entries.last_at, best.part_scores)
        on conflict (competition_id, version_id, team_id) do update set
            submission_id = excluded.submission_id,
            public_score = excluded.public_score,
            rank_key = excluded.rank_key,
            reached_at = excluded.reached_at,
            n_entries = excluded.n_entries,
            last_entry_at = excluded.last_entry_at,
            part_scores = excluded.part_scores;
    end if;
end
$$;

-- What counts of each team in the end, without ranks.
create function counting_entries(p_competition_id bigint, p_version_id bigint, p_baselines boolean)
returns table (
    team_id bigint, id bigint, received_at timestamptz, rank_key double precision, public_score double precision,
    part_scores double precision[], was_selected boolean, private_score double precision,
    private_parts double precision[], private_key double precision, n_entries integer, last_at timestamptz)
language sql stable
as $$
    select f.team_id, f.id, f.received_at, f.rank_key, f.public_score, f.part_scores, f.was_selected, f.private_score,
           f.private_parts, f.private_key, entries.n, entries.last_at
    from teams t
    cross join lateral (
        select count(*)::integer as n, max(n.received_at) as last_at
        from scores n
        where n.version_id = p_version_id and n.team_id = t.id and n.rank_key is not null and not n.is_late and not n.is_barred
    ) entries
    cross join lateral (
        -- Chosen submissions; where a team chose none, its best public ones stand in.
        select t.id as team_id, s.id, s.received_at,
               case when e.public_score is null then s.rank_key
                    when v.higher_is_better then 0 - e.public_score
                    else 0 + e.public_score end as rank_key,
               coalesce(e.public_score, s.public_score) as public_score, s.part_scores, s.was_selected,
               p.private_score, p.part_scores as private_parts,
               case when v.higher_is_better then -p.private_score else p.private_score end as private_key
        from (
            select chosen.id, x.received_at, x.rank_key, x.public_score, x.part_scores, true as was_selected
            from submissions chosen
            join scores x on x.submission_id = chosen.id and x.version_id = p_version_id
            where chosen.team_id = t.id and chosen.state = 'scored' and not chosen.is_late and not x.is_barred
              and chosen.selected_at is not null
            union all
            select best.* from (
                select x.submission_id as id, x.received_at, x.rank_key, x.public_score, x.part_scores,
                       false as was_selected
                from scores x
                where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null
                  and not x.is_late and not x.is_barred and x.ladder_step is distinct from 'held'
                order by x.rank_key, x.received_at, x.submission_id
                limit (select final_limit from competitions where id = p_competition_id)
            ) best
            where not exists (
                select from submissions any_chosen
                where any_chosen.team_id = t.id and any_chosen.state = 'scored'
                  and not any_chosen.is_late and any_chosen.selected_at is not null)
        ) s
        join private_scores p on p.submission_id = s.id and p.version_id = p_version_id
        join scoring_versions v on v.id = p_version_id
        left join exact_public_scores e on e.submission_id = s.id and e.version_id = p_version_id
        where p.private_score is not null
        order by private_key, s.received_at, s.id
        limit 1
    ) f
    where t.competition_id = p_competition_id and t.is_baseline = p_baselines and entries.n > 0
$$;
revoke all on function counting_entries(bigint, bigint, boolean) from public;

create or replace function final_board(p_competition_id bigint, p_version_id bigint)
returns table (
    team_id bigint, rank integer, public_rank integer, submission_id bigint, private_score double precision,
    public_score double precision, was_selected boolean, n_entries integer, last_entry_at timestamptz,
    mean_rank double precision, part_ranks double precision[], part_scores double precision[],
    public_mean_rank double precision, public_part_ranks double precision[], public_part_scores double precision[])
language sql stable
as $$
    with counting as materialized (
        select * from counting_entries(p_competition_id, p_version_id, false)
    )
    select c.team_id, private.rank, public.rank, c.id, c.private_score, c.public_score, c.was_selected, c.n_entries,
           c.last_at, private.mean_rank, private.part_ranks, c.private_parts, public.mean_rank, public.part_ranks,
           c.part_scores
    from counting c
    join rank_entries(
        array(select row(k.team_id, k.id, k.private_parts, k.private_key, k.received_at)::ranked_entry from counting k),
        parts_of_version(p_version_id)) private on private.team_id = c.team_id
    join rank_entries(
        array(select row(k.team_id, k.id, k.part_scores, k.rank_key, k.received_at)::ranked_entry from counting k),
        parts_of_version(p_version_id)) public on public.team_id = c.team_id
$$;

-- Where baselines stand, each as if it alone were ranked among the entries: how many are above it and, where there are parts, its
-- ranks under them and their mean.
create function baseline_places(p_baselines ranked_entry[], p_entries ranked_entry[], p_parts jsonb)
returns table (team_id bigint, n_above integer, mean_rank double precision, part_ranks double precision[])
language sql immutable parallel safe
set work_mem = '32MB'
as $$
    with part as materialized (
        select listed.number::integer as number, (listed.part ->> 'weight')::numeric as weight,
               case when (listed.part ->> 'higher_is_better')::boolean then -1 else 1 end as sign
        from jsonb_array_elements(p_parts) with ordinality as listed (part, number)
    ), ranked as materialized (
        select e.submission_id, e.part_scores, e.rank_key, e.received_at, r.part_ranks
        from unnest(p_entries) e
        join rank_entries(p_entries, p_parts) r on r.team_id = e.team_id
        where e.part_scores is not null
    ), pushed as materialized (
        -- A team's sum of ranks, twice, which grows under each part where the baseline comes before it or beside it.
        select b.team_id, r.submission_id, r.rank_key, r.received_at,
               sum(p.weight * ((2 * r.part_ranks[p.number])::numeric
                               + case when p.sign * b.part_scores[p.number] < p.sign * r.part_scores[p.number] then 2
                                      when b.part_scores[p.number] = r.part_scores[p.number] then 1
                                      else 0 end)) as twice_the_sum
        from unnest(p_baselines) b
        cross join ranked r
        cross join part p
        where b.part_scores is not null
        group by b.team_id, r.submission_id, r.rank_key, r.received_at
    )
    select b.team_id,
           case when b.part_scores is null then cardinality(p_entries) else (
               select count(*)::integer
               from pushed t
               where t.team_id = b.team_id
                 and (t.twice_the_sum < own.twice_the_sum
                      or t.twice_the_sum = own.twice_the_sum
                      and (t.rank_key, t.received_at, t.submission_id) < (b.rank_key, b.received_at, b.submission_id))
           ) end,
           own.mean_rank, own.part_ranks
    from unnest(p_baselines) b
    cross join lateral (
        select sum(p.weight * place.twice_the_rank) as twice_the_sum,
               sum(p.weight * place.twice_the_rank)::double precision / (2 * sum(p.weight))::double precision as mean_rank,
               array_agg(place.twice_the_rank / 2.0::double precision order by p.number) as part_ranks
        from part p
        cross join lateral (
            select 2 + 2 * count(*) filter (where p.sign * e.part_scores[p.number] < p.sign * b.part_scores[p.number])
                     + count(*) filter (where e.part_scores[p.number] = b.part_scores[p.number]) as twice_the_rank
            from unnest(p_entries) e
        ) place
        where b.part_scores is not null
    ) own
    where p_parts <> '[]'
    union all
    -- What has no score stands behind all that have one.
    select b.team_id,
           (select count(*)::integer
            from unnest(p_entries) e
            where coalesce((e.rank_key, e.received_at, e.submission_id) < (b.rank_key, b.received_at, b.submission_id),
                           b.rank_key is null)),
           null, null
    from unnest(p_baselines) b
    where p_parts = '[]'
$$;

create function public_baseline_places(p_competition_id bigint, p_version_id bigint)
returns table (team_id bigint, n_above integer, mean_rank double precision, part_ranks double precision[])
language sql stable
as $$
    select r.team_id, r.n_above, r.mean_rank, r.part_ranks
    from baseline_places(
        array(
            select row(b.team_id, b.submission_id, b.part_scores, b.rank_key, b.reached_at)::ranked_entry
            from best_public_entries(p_competition_id, p_version_id, true) b),
        array(
            select row(b.team_id, b.submission_id, b.part_scores, b.rank_key, b.reached_at)::ranked_entry
            from board_entries b
            where b.competition_id = p_competition_id and b.version_id = p_version_id),
        parts_of_version(p_version_id)) r
$$;

-- Baselines beside the final board: between which ranks each stands.
create table final_baselines (
    competition_id bigint not null references competitions on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    team_id bigint not null,
    n_above integer not null check (n_above >= 0), -- ranked teams above it
    n_above_public integer not null check (n_above_public >= 0),
    submission_id bigint not null references submissions,
    private_score double precision not null,
    public_score double precision,
    n_entries integer not null,
    last_entry_at timestamptz not null,
    mean_rank double precision,
    part_ranks double precision[],
    part_scores double precision[],
    public_mean_rank double precision,
    public_part_ranks double precision[],
    public_part_scores double precision[],
    primary key (competition_id, version_id, team_id),
    foreign key (competition_id, team_id) references teams (competition_id, id) on delete cascade
);
create index final_baselines_by_version on final_baselines (version_id);
create index final_baselines_by_team on final_baselines (competition_id, team_id);
create index final_baselines_by_submission on final_baselines (submission_id);
grant select on final_baselines to holdout_web, holdout_scorer;

-- As before, and baselines beside it.
create or replace function make_final_board(p_competition_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
begin
    if not exists (select from competitions c where c.id = p_competition_id and is_over(c)) then
        raise exception 'no final board stands before the end';
    end if;
    delete from final_entries where competition_id = p_competition_id and version_id = p_version_id;
    insert into final_entries
        (competition_id, version_id, team_id, rank, public_rank, submission_id, private_score, public_score,
         was_selected, n_entries, last_entry_at, mean_rank, part_ranks, part_scores, public_mean_rank,
         public_part_ranks, public_part_scores)
    select p_competition_id, p_version_id, f.*
    from final_board(p_competition_id, p_version_id) f;
    delete from final_baselines where competition_id = p_competition_id and version_id = p_version_id;
    if not exists (select from teams where competition_id = p_competition_id and is_baseline) then
        return;
    end if;
    insert into final_baselines
        (competition_id, version_id, team_id, n_above, n_above_public, submission_id, private_score, public_score,
         n_entries, last_entry_at, mean_rank, part_ranks, part_scores, public_mean_rank, public_part_ranks,
         public_part_scores)
    with counting as materialized (
        select * from counting_entries(p_competition_id, p_version_id, true)
    ), ranked as materialized (
        select f.team_id, f.submission_id, f.part_scores, f.public_part_scores, f.private_score * v.sign as private_key,
               f.public_score * v.sign as public_key, s.received_at
        from final_entries f
        join submissions s on s.id = f.submission_id
        cross join (select case when higher_is_better then -1 else 1 end as sign
                    from scoring_versions where id = p_version_id) v
        where f.competition_id = p_competition_id and f.version_id = p_version_id
    )
    select p_competition_id, p_version_id, c.team_id, private.n_above, public.n_above, c.id, c.private_score, c.public_score,
           c.n_entries, c.last_at, private.mean_rank, private.part_ranks, c.private_parts, public.mean_rank,
           public.part_ranks, c.part_scores
    from counting c
    join baseline_places(
        array(select row(k.team_id, k.id, k.private_parts, k.private_key, k.received_at)::ranked_entry from counting k),
        array(select row(r.team_id, r.submission_id, r.part_scores, r.private_key, r.received_at)::ranked_entry from ranked r),
        parts_of_version(p_version_id)) private on private.team_id = c.team_id
    join baseline_places(
        array(select row(k.team_id, k.id, k.part_scores, k.rank_key, k.received_at)::ranked_entry from counting k),
        array(select row(r.team_id, r.submission_id, r.public_part_scores, r.public_key, r.received_at)::ranked_entry
              from ranked r),
        parts_of_version(p_version_id)) public on public.team_id = c.team_id;
end
$$;

-- No baseline is ranked, and no team becomes one, or ceases to be one, by a change.
create function ranked_are_no_baselines() returns trigger
language plpgsql
as $$
begin
    if exists (select from added a join teams t on t.id = a.team_id where t.is_baseline) then
        raise exception 'a baseline has no rank'
            using errcode = 'check_violation', constraint = 'baselines_unranked';
    end if;
    return null;
end
$$;
create trigger board_entries_unranked after insert on board_entries
    referencing new table as added for each statement execute function ranked_are_no_baselines();
create trigger final_entries_unranked after insert on final_entries
    referencing new table as added for each statement execute function ranked_are_no_baselines();

create function baselines_stay() returns trigger
language plpgsql
as $$
begin
    raise exception 'a team is a baseline from the beginning or never'
        using errcode = 'check_violation', constraint = 'baselines_stay';
end
$$;
create trigger teams_baselines_stay before update of is_baseline on teams
    for each row when (old.is_baseline <> new.is_baseline) execute function baselines_stay();

-- Ten baselines a competition: a page of a board reads them all.
create function baselines_are_few() returns trigger
language plpgsql
as $$
begin
    perform 1 from competitions where id = new.competition_id for no key update;
    if (select count(*) from teams where competition_id = new.competition_id and is_baseline) > 10 then
        raise exception 'a competition has ten baselines at most'
            using errcode = 'check_violation', constraint = 'baselines_are_few';
    end if;
    return null;
end
$$;
create trigger teams_baselines_are_few after insert on teams
    for each row when (new.is_baseline) execute function baselines_are_few();

-- Nobody hosts a competition and is ranked in it. Whoever becomes a host is held until then: those who join ask for the person too.
-- An archive brings the teams of another installation, before its competition is launched here.
create function members_host_not() returns trigger
language plpgsql
as $$
begin
    if exists (
        select from added a
        join competition_hosts h on h.competition_id = a.competition_id and h.user_id = a.user_id
        join competitions c on c.id = a.competition_id and c.launched_at is not null
    ) then
        raise exception 'a host is in no team'
            using errcode = 'check_violation', constraint = 'team_members_host_not';
    end if;
    return null;
end
$$;
create trigger team_members_host_not after insert on team_members
    referencing new table as added for each statement execute function members_host_not();

create function hosts_take_no_part() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform 1 from users where id = new.user_id for update;
    if exists (
        select from team_members m
        join competitions c on c.id = m.competition_id and c.launched_at is not null
        where m.competition_id = new.competition_id and m.user_id = new.user_id
    ) then
        raise exception 'whoever is in a team does not host'
            using errcode = 'check_violation', constraint = 'competition_hosts_take_no_part';
    end if;
    return null;
end
$$;
create trigger competition_hosts_take_no_part after insert on competition_hosts
    for each row execute function hosts_take_no_part();

-- A person alone in a team that sent nothing leaves the competition, to host it. False where their team is more than that.
create function stop_taking_part(p_competition_id bigint, p_user_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    team bigint;
    joined timestamptz;
begin
    perform 1 from users where id = p_user_id for update;
    select team_id into team from team_members where competition_id = p_competition_id and user_id = p_user_id;
    if not found then
        return true;
    end if;
    perform 1 from teams where id = team for update;
    if exists (select from submissions where team_id = team)
        or exists (select from team_members where team_id = team and user_id <> p_user_id)
        or exists (select from teams where competition_id = p_competition_id and merged_into = team)
    then
        return false;
    end if;
    delete from team_members where team_id = team and user_id = p_user_id returning joined_at into joined;
    if not found then
        return false;
    end if;
    delete from teams where id = team;
    update competitions set n_teams = greatest(n_teams - 1, 0) where id = p_competition_id and ends_at > joined;
    return true;
end
$$;
revoke all on function stop_taking_part(bigint, bigint) from public;
grant execute on function stop_taking_part(bigint, bigint) to holdout_web;

-- As before; a host's file is a baseline's, and a baseline takes fifty.
create or replace function submissions_obey() returns trigger
language plpgsql
as $$
begin
    perform 1 from teams where id in (select team_id from added) order by id for no key update;
    if exists (
        select from added a
        join teams t on t.id = a.team_id
        where not t.is_baseline
          and not exists (select from team_members m where m.team_id = a.team_id and m.user_id = a.user_id)
    ) then
        raise exception 'a submission is sent by a member of its team'
            using errcode = 'check_violation', constraint = 'submissions_by_members';
    end if;
    if exists (
        select from added a
        join teams t on t.id = a.team_id and not t.is_baseline
        join competition_hosts h on h.competition_id = a.competition_id and h.user_id = a.user_id
        join competitions c on c.id = a.competition_id and c.launched_at is not null
    ) then
        raise exception 'what a host sends is a baseline'
            using errcode = 'check_violation', constraint = 'submissions_not_by_hosts';
    end if;
    if exists (
        select from added a
        join competitions c on c.id = a.competition_id
        where not a.is_late and c.ends_at <= a.received_at
    ) then
        raise exception 'what comes after the end is late'
            using errcode = 'check_violation', constraint = 'submissions_late_after_end';
    end if;
    -- An archive brings the days of another installation, before its competition is launched here.
    if exists (
        select from (select distinct competition_id, team_id, (received_at at time zone 'UTC')::date as day from added) a
        join competitions c on c.id = a.competition_id and c.launched_at is not null
        join teams t on t.id = a.team_id and not t.is_baseline
        where (
            select count(*) from submissions s
            where s.team_id = a.team_id and s.state not in ('rejected', 'failed')
              and s.received_at >= a.day::timestamp at time zone 'UTC'
              and s.received_at < (a.day + 1)::timestamp at time zone 'UTC'
        ) > c.daily_limit
    ) then
        raise exception 'the submissions of the day are used up'
            using errcode = 'check_violation', constraint = 'submissions_fit_day';
    end if;
    if exists (
        select from (select distinct competition_id, team_id from added) a
        join competitions c on c.id = a.competition_id and c.launched_at is not null
        join teams t on t.id = a.team_id and t.is_baseline
        where (
            select count(*) from submissions s
            where s.team_id = a.team_id and s.state not in ('rejected', 'failed')
        ) > 50
    ) then
        raise exception 'a baseline takes fifty files at most'
            using errcode = 'check_violation', constraint = 'submissions_fit_baseline';
    end if;
    return null;
end
$$;

-- As before; the files of baselines stay, of which there are few: they stand on boards that these tables do not hold.
create or replace function let_go_of_files(p_competition_id bigint, p_before timestamptz, p_limit integer) returns text[]
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    upto bigint;
    last_seen bigint;
    gone bigint[];
    keys text[];
begin
    perform from competitions
    where id = p_competition_id and settled_at is not null
      and ends_at < least(p_before, clock_now() - interval '30 days')
    for no key update skip locked;
    if not found
        or exists (select from jobs where competition_id = p_competition_id and state = 'queued')
        or exists (select from jobs where competition_id = p_competition_id and state = 'leased')
        or exists (select from verifications where competition_id = p_competition_id and finished_at is null)
        or exists (
            select from scoring_versions
            where competition_id = p_competition_id and stage in ('draft', 'rescoring')
        ) then
        return null;
    end if;
    insert into files_let_go (competition_id) values (p_competition_id) on conflict do nothing;
    select looked_upto into upto from files_let_go where competition_id = p_competition_id for update;

    with batch as materialized (
        select s.id, s.received_at, s.file_gone_at is null and s.selected_at is null and s.state in ('scored', 'rejected')
               and not exists (
                    select from board_entries b
                    where b.competition_id = s.competition_id and b.team_id = s.team_id and b.submission_id = s.id)
               and not exists (
                    select from final_entries f
                    where f.competition_id = s.competition_id and f.team_id = s.team_id and f.submission_id = s.id)
               and not exists (select from scores x where x.submission_id = s.id and x.ladder_step = 'released')
               and not exists (select from teams t where t.id = s.team_id and t.is_baseline)
               as is_free
        from submissions s
        where s.competition_id = p_competition_id and s.id > upto
        order by s.id
        limit p_limit
    ), young as (
        select min(id) as id from batch where received_at >= least(p_before, clock_now() - interval '30 days')
    ), old as (
        select b.id, b.is_free from batch b, young y where y.id is null or b.id < y.id
    )
    select max(id), coalesce(array_agg(id order by id) filter (where is_free), '{}') into last_seen, gone from old;
    if last_seen is null then
        return null;
    end if;

    -- The counters in their order, as everybody takes them.
    perform from stored_of_competitions where competition_id = p_competition_id for update;
    perform from stored_of_people
    where user_id in (select user_id from submissions where id = any (gone))
    order by user_id for update;
    with freed as (
        update submissions set file_gone_at = clock_now() where id = any (gone) returning storage_key
    )
    select coalesce(array_agg(storage_key), '{}') into keys from freed;
    update files_let_go
    set looked_upto = last_seen, n_gone = n_gone + cardinality(keys),
        last_gone_at = case when cardinality(keys) > 0 then clock_now() else last_gone_at end
    where competition_id = p_competition_id;
    return keys;
end
$$;
