-- Mean of ranks: teams ranked by each of several metrics, ordered by the mean of those ranks.

alter table scoring_versions
    -- [holdout_contract::ranks::RankedPart], the primary first; the score's direction is the primary's.
    add column ranked_parts jsonb
        constraint scoring_versions_ranked_parts check (
            case jsonb_typeof(ranked_parts) when 'array' then jsonb_array_length(ranked_parts) > 0
                else ranked_parts is null end),
    add constraint scoring_versions_ranked_has_parts
        check ((metric is not distinct from 'mean_rank') = (ranked_parts is not null));

-- A submission's value under every part, the primary's, which is its score, first.
alter table scores
    add column part_scores double precision[],
    add constraint scores_parts_are_finite check (
        not part_scores && array['NaN', 'Infinity', '-Infinity']::double precision[]
        and array_position(part_scores, null) is null),
    add constraint scores_first_part_is_score
        check (part_scores is null or part_scores[1] is not distinct from public_score);
alter table private_scores
    add column part_scores double precision[],
    add constraint private_scores_parts_are_finite check (
        not part_scores && array['NaN', 'Infinity', '-Infinity']::double precision[]
        and array_position(part_scores, null) is null),
    add constraint private_scores_first_part_is_score
        check (part_scores is null or part_scores[1] is not distinct from private_score);
alter table board_entries add column part_scores double precision[];
alter table final_entries
    add column mean_rank double precision,
    add column part_ranks double precision[],
    add column part_scores double precision[],
    add column public_mean_rank double precision,
    add column public_part_ranks double precision[],
    add column public_part_scores double precision[];

-- The order of a board. A board is a pure function of these.
create type ranked_entry as (
    team_id bigint,
    submission_id bigint,
    part_scores double precision[], -- null: no score under some part; ranks last
    rank_key double precision, -- of the primary; null: no score
    received_at timestamptz
);

-- Ranks entries by the mean of their ranks under every part; where there are no parts, by their keys.
-- Equal values share the mean of their ranks. Equal means: the primary's key, then the earlier
-- submission. Sums are exact, so that means are equal whenever they are on paper.
create function rank_entries(p_entries ranked_entry[], p_parts jsonb)
returns table (team_id bigint, rank integer, mean_rank double precision, part_ranks double precision[])
language sql immutable parallel safe
set work_mem = '32MB'
rows 10000
as $$
    with part as materialized (
        select listed.number::integer as number, (listed.part ->> 'weight')::numeric as weight,
               case when (listed.part ->> 'higher_is_better')::boolean then -1 else 1 end as sign
        from jsonb_array_elements(p_parts) with ordinality as listed (part, number)
    ), keyed as (
        select e.team_id, e.submission_id, e.rank_key, e.received_at, p.number, p.weight,
               p.sign * e.part_scores[p.number] as key
        from unnest(p_entries) e
        left join part p on e.part_scores is not null
    ), placed as (
        -- The first and the last place of a value, together twice the mean of its places.
        select k.*, rank() over places + count(*) over places as twice_the_rank
        from keyed k
        window places as (partition by k.number order by k.key)
    ), averaged as (
        select p.team_id, p.submission_id, p.rank_key, p.received_at,
               sum(p.weight * p.twice_the_rank)::double precision / (2 * sum(p.weight))::double precision as mean_rank,
               array_agg(p.twice_the_rank / 2.0::double precision order by p.number)
                   filter (where p.number is not null) as part_ranks
        from placed p
        group by p.team_id, p.submission_id, p.rank_key, p.received_at
    )
    select a.team_id,
           (row_number() over (order by a.mean_rank nulls last, a.rank_key nulls last, a.received_at, a.submission_id))::integer,
           a.mean_rank, a.part_ranks
    from averaged a
$$;

-- What a version's teams are ranked by; an empty list: by their scores.
create function parts_of_version(p_version_id bigint) returns jsonb
language sql stable
as $$
    select coalesce(ranked_parts, '[]') from scoring_versions where id = p_version_id
$$;

-- A team's counting submission under a version: the best one by its public score.
create function public_board(p_competition_id bigint, p_version_id bigint)
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
        order by x.rank_key, x.received_at, x.submission_id
        limit 1
    ) best
    cross join lateral (
        select count(*)::integer as n, max(x.received_at) as last_at
        from scores x
        where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late
    ) entries
    where t.competition_id = p_competition_id
$$;

-- The ranks of a version's public board.
create function board_ranks(p_competition_id bigint, p_version_id bigint)
returns table (team_id bigint, rank integer, mean_rank double precision, part_ranks double precision[])
language sql stable
rows 10000
as $$
    select r.team_id, r.rank, r.mean_rank, r.part_ranks
    from rank_entries(
        array(
            select row(b.team_id, b.submission_id, b.part_scores, b.rank_key, b.reached_at)::ranked_entry
            from board_entries b
            where b.competition_id = p_competition_id and b.version_id = p_version_id),
        parts_of_version(p_version_id)) r
$$;

create or replace function place_on_board(p_competition_id bigint, p_team_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
declare
    best record;
    entries record;
begin
    perform 1 from teams where id = p_team_id for update;
    select x.submission_id, x.public_score, x.rank_key, x.received_at, x.part_scores into best
    from scores x
    where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late
    order by x.rank_key, x.received_at, x.submission_id
    limit 1;
    if not found then
        delete from board_entries
        where competition_id = p_competition_id and version_id = p_version_id and team_id = p_team_id;
    else
        select count(*)::integer as n, max(x.received_at) as last_at into entries
        from scores x
        where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late;
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

create or replace function rebuild_board(p_competition_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
begin
    create temporary table if not exists remembered (team_id bigint primary key, rank integer) on commit drop;
    truncate remembered;
    insert into remembered
    select b.team_id, b.rank_at_midnight
    from board_entries b
    join competitions c on c.id = b.competition_id and c.active_version_id = b.version_id
    where b.competition_id = p_competition_id;
    delete from board_entries where competition_id = p_competition_id and version_id = p_version_id;
    insert into board_entries
        (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries,
         last_entry_at, part_scores, rank_at_midnight)
    select p_competition_id, p_version_id, b.team_id, b.submission_id, b.public_score, b.rank_key, b.reached_at,
           b.n_entries, b.last_entry_at, b.part_scores, r.rank
    from public_board(p_competition_id, p_version_id) b
    left join remembered r on r.team_id = b.team_id;
end
$$;

create or replace function remember_ranks(p_competition_id bigint) returns void
language sql security definer set search_path = public, pg_temp
as $$
    update board_entries b
    set rank_at_midnight = r.rank
    from competitions c
    cross join lateral board_ranks(c.id, c.active_version_id) r
    where c.id = p_competition_id
      and b.competition_id = c.id and b.version_id = c.active_version_id and b.team_id = r.team_id
      and b.rank_at_midnight is distinct from r.rank;
$$;

-- A version's private board, as it follows from scores and selections. Of no use before the end: its
-- callers have looked at the clock.
create function final_board(p_competition_id bigint, p_version_id bigint)
returns table (
    team_id bigint, rank integer, public_rank integer, submission_id bigint, private_score double precision,
    public_score double precision, was_selected boolean, n_entries integer, last_entry_at timestamptz,
    mean_rank double precision, part_ranks double precision[], part_scores double precision[],
    public_mean_rank double precision, public_part_ranks double precision[], public_part_scores double precision[])
language sql stable
as $$
    with counting as materialized (
        select f.*, entries.n as n_entries, entries.last_at
        from teams t
        cross join lateral (
            select count(*)::integer as n, max(n.received_at) as last_at
            from scores n
            where n.version_id = p_version_id and n.team_id = t.id and n.rank_key is not null and not n.is_late
        ) entries
        cross join lateral (
            -- Chosen submissions; where a team chose none, its best public ones stand in.
            select t.id as team_id, s.id, s.received_at, s.rank_key, s.public_score, s.part_scores, s.was_selected,
                   p.private_score, p.part_scores as private_parts,
                   case when v.higher_is_better then -p.private_score else p.private_score end as private_key
            from (
                select chosen.id, x.received_at, x.rank_key, x.public_score, x.part_scores, true as was_selected
                from submissions chosen
                join scores x on x.submission_id = chosen.id and x.version_id = p_version_id
                where chosen.team_id = t.id and chosen.state = 'scored' and not chosen.is_late
                  and chosen.selected_at is not null
                union all
                select best.* from (
                    select x.submission_id as id, x.received_at, x.rank_key, x.public_score, x.part_scores,
                           false as was_selected
                    from scores x
                    where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late
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
            where p.private_score is not null
            order by private_key, s.received_at, s.id
            limit 1
        ) f
        where t.competition_id = p_competition_id and entries.n > 0
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
revoke all on function final_board(bigint, bigint) from public;

create or replace function make_final_board(p_competition_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
begin
    if not exists (select from competitions where id = p_competition_id and ends_at <= clock_now()) then
        raise exception 'no final board stands before the end';
    end if;
    delete from final_entries where competition_id = p_competition_id and version_id = p_version_id;
    insert into final_entries
        (competition_id, version_id, team_id, rank, public_rank, submission_id, private_score, public_score,
         was_selected, n_entries, last_entry_at, mean_rank, part_ranks, part_scores, public_mean_rank,
         public_part_ranks, public_part_scores)
    select p_competition_id, p_version_id, f.*
    from final_board(p_competition_id, p_version_id) f;
end
$$;

-- Now with what a submission came to under every part.
drop function released_private_scores(bigint, bigint[]);
create function released_private_scores(p_competition_id bigint, p_submission_ids bigint[])
returns table (submission_id bigint, private_score double precision, private_undefined text,
               part_scores double precision[])
language sql stable security definer set search_path = public, pg_temp
as $$
    select p.submission_id, p.private_score, p.private_undefined, p.part_scores
    from submissions s
    join competitions c on c.id = s.competition_id
    join private_scores p on p.submission_id = s.id and p.version_id = c.active_version_id
    where s.competition_id = p_competition_id
      and s.id = any (p_submission_ids)
      and c.launched_at is not null
      and c.ends_at <= clock_now()
$$;
revoke all on function released_private_scores(bigint, bigint[]) from public;
grant execute on function released_private_scores(bigint, bigint[]) to holdout_web;

-- As before; the preview compares ranks as the boards have them.
create or replace function advance_rescoring(p_version_id bigint, p_batch integer) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v record;
    active bigint;
    settled timestamptz;
    n integer := 0;
    upto bigint;
    first_turn bigint;
    first_team_turn bigint;
begin
    select id, competition_id, asked_upto, asked_all_at into v
    from scoring_versions
    where id = p_version_id and stage = 'rescoring' and prepared_at is null
    for update skip locked;
    if not found then
        return case when exists (
            select from scoring_versions where id = p_version_id and stage = 'rescoring' and prepared_at is null
        ) then -1 else 0 end;
    end if;
    if v.asked_all_at is null then
        if (select count(*) from (
                select from jobs where version_id = v.id and kind = 'rescore' and state in ('queued', 'leased')
                limit p_batch) w) * 2 > p_batch then
            return 0;
        end if;
        select coalesce(greatest(
            (select turn from jobs where state = 'queued' and priority = 5 order by turn, id limit 1),
            (select turn + 1 from jobs where state = 'queued' and priority = 5 and competition_id = v.competition_id
             order by turn desc limit 1)), 0)
        into first_turn;
        select coalesce((select team_turn + 1 from jobs
            where state = 'queued' and priority = 5 and competition_id = v.competition_id
            order by team_turn desc limit 1), 0)
        into first_team_turn;
        with batch as materialized (
            select s.id, s.team_id, s.state
            from submissions s
            where s.competition_id = v.competition_id and s.id > v.asked_upto
            order by s.id
            limit p_batch
        ), asked as (
            insert into jobs (kind, priority, turn, team_turn, competition_id, team_id, submission_id, version_id)
            select 'rescore', 5, first_turn + row_number() over (order by b.id),
                   first_team_turn + row_number() over (order by b.id), v.competition_id, b.team_id, b.id, v.id
            from batch b
            where b.state = 'scored'
              and not exists (select from scores x where x.submission_id = b.id and x.version_id = v.id)
            on conflict do nothing
            returning 1
        )
        select (select count(*) from asked), (select max(id) from batch) into n, upto;
        update scoring_versions
        set asked_upto = coalesce(upto, asked_upto), n_asked = n_asked + n,
            asked_all_at = case when upto is null then clock_now() end
        where id = v.id;
        if upto is not null then
            return greatest(n, 1);
        end if;
    end if;
    if exists (select from jobs where version_id = v.id and kind = 'rescore' and state in ('queued', 'leased'))
        or exists (select from jobs where version_id = v.id and kind = 'rescore' and state = 'failed') then
        return 0;
    end if;
    select active_version_id, settled_at into active, settled from competitions where id = v.competition_id;
    perform rebuild_board(v.competition_id, v.id);
    if settled is not null then
        perform make_final_board(v.competition_id, v.id);
    end if;
    delete from version_moves where version_id = v.id;
    insert into version_moves
        (version_id, team_id, distance, old_rank, new_rank, old_score, new_score, old_final_rank, new_final_rank)
    select v.id, coalesce(o.team_id, w.team_id),
           case when o.rank is null then w.n - w.rank + 1 when w.rank is null then o.n - o.rank + 1
                else abs(o.rank - w.rank) end,
           o.rank, w.rank, o.public_score, w.public_score, fo.rank, fn.rank
    from (
        select b.team_id, b.public_score, r.rank, (count(*) over ())::integer as n
        from board_ranks(v.competition_id, active) r
        join board_entries b
            on b.competition_id = v.competition_id and b.version_id = active and b.team_id = r.team_id
    ) o
    full join (
        select b.team_id, b.public_score, r.rank, (count(*) over ())::integer as n
        from board_ranks(v.competition_id, v.id) r
        join board_entries b
            on b.competition_id = v.competition_id and b.version_id = v.id and b.team_id = r.team_id
    ) w on w.team_id = o.team_id
    left join final_entries fo
        on fo.competition_id = v.competition_id and fo.version_id = active
        and fo.team_id = coalesce(o.team_id, w.team_id)
    left join final_entries fn
        on fn.competition_id = v.competition_id and fn.version_id = v.id
        and fn.team_id = coalesce(o.team_id, w.team_id);
    update scoring_versions
    set prepared_at = clock_now(),
        n_moved = (select count(*) from version_moves m where m.version_id = v.id and m.distance > 0)
    where id = v.id;
    return 0;
end
$$;

-- Compares boards with those that follow from the scores; every row that differs is a fault.
create function verify_boards(p_verification_id bigint, p_competition_id bigint, p_version_id bigint) returns void
language sql
as $$
    with shown as materialized (
        select team_id, submission_id, public_score, rank_key, reached_at, n_entries, last_entry_at, part_scores
        from board_entries
        where competition_id = p_competition_id and version_id = p_version_id
    ), given as materialized (
        select * from public_board(p_competition_id, p_version_id)
    ), differing as (
        (select * from shown except select * from given) union all (select * from given except select * from shown)
    ), settled as materialized (
        select id from competitions
        where id = p_competition_id and settled_at is not null and active_version_id = p_version_id
    ), stored as materialized (
        select f.team_id, f.rank, f.public_rank, f.submission_id, f.private_score, f.public_score, f.was_selected,
               f.n_entries, f.last_entry_at, f.mean_rank, f.part_ranks, f.part_scores, f.public_mean_rank,
               f.public_part_ranks, f.public_part_scores
        from settled c
        join final_entries f on f.competition_id = c.id and f.version_id = p_version_id
    ), computed as materialized (
        select f.* from settled c cross join lateral final_board(c.id, p_version_id) f
    ), final_differing as (
        (select * from stored except select * from computed)
        union all
        (select * from computed except select * from stored)
    ), faults as (
        select submission_id, 'The public board is not the one that the scores give.' as what from differing
        union
        select submission_id, 'The final board is not the one that the scores give.' from final_differing
    )
    insert into verification_faults as f (verification_id, submission_id, what)
    select p_verification_id, submission_id, string_agg(what, ' ' order by what desc) from faults group by submission_id
    on conflict (verification_id, submission_id) do update set what = f.what || ' ' || excluded.what
$$;
revoke all on function verify_boards(bigint, bigint, bigint) from public;

-- As before; at its end the boards are compared too.
create or replace function advance_verification(p_verification_id bigint, p_batch integer) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v record;
    n integer := 0;
    upto bigint;
    first_turn bigint;
begin
    select id, competition_id, version_id, asked_upto, asked_all_at into v
    from verifications
    where id = p_verification_id and finished_at is null
    for update skip locked;
    if not found then
        return case when exists (select from verifications where id = p_verification_id and finished_at is null)
            then -1 else 0 end;
    end if;
    if v.asked_all_at is null then
        if (select count(*) from (
                select from jobs where verification_id = v.id and state in ('queued', 'leased') limit p_batch) w)
            * 2 > p_batch then
            return 0;
        end if;
        select coalesce((select turn + 1 from jobs where state = 'queued' and priority = 8 order by turn desc limit 1), 0)
        into first_turn;
        with batch as materialized (
            select s.id, s.team_id
            from submissions s
            where s.competition_id = v.competition_id and s.id > v.asked_upto
            order by s.id
            limit p_batch
        ), asked as (
            insert into jobs (kind, priority, turn, competition_id, team_id, submission_id, verification_id)
            select 'verify', 8, first_turn + row_number() over (order by b.id), v.competition_id, b.team_id, b.id, v.id
            from batch b
            where exists (select from scores x where x.submission_id = b.id and x.version_id = v.version_id)
            returning 1
        )
        select (select count(*) from asked), (select max(id) from batch) into n, upto;
        update verifications
        set asked_upto = coalesce(upto, asked_upto), n_asked = n_asked + n,
            asked_all_at = case when upto is null then clock_now() end
        where id = v.id;
        if upto is not null then
            return greatest(n, 1);
        end if;
    end if;
    if not exists (select from jobs where verification_id = v.id and state in ('queued', 'leased')) then
        perform verify_boards(v.id, v.competition_id, v.version_id);
        update verifications set finished_at = clock_now() where id = v.id;
    end if;
    return 0;
end
$$;

-- As before; the final board is made anew, because submissions may have been scored since it was made.
create or replace function switch_version(
    p_competition_id bigint, p_version_id bigint, p_kind text, p_reason text, p_actor_id bigint
) returns text
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c record;
    v record;
begin
    -- Versions first, then the competition: the order in which scores are written.
    perform 1 from scoring_versions where competition_id = p_competition_id order by id for update;
    select id, active_version_id, settled_at into c from competitions where id = p_competition_id for no key update;
    select id, stage, prepared_at into v
    from scoring_versions
    where id = p_version_id and competition_id = p_competition_id and id <> c.active_version_id
      and stage = case p_kind when 'publish' then 'rescoring' else 'standby' end and prepared_at is not null;
    if not found then
        return 'not_ready';
    end if;
    if exists (select from jobs where version_id = v.id and kind = 'rescore' and state = 'failed') then
        return 'failed';
    end if;
    -- What arrived this very minute is scored in a moment, like everything that arrives.
    if exists (
        select from jobs
        where version_id = v.id and kind = 'rescore' and state in ('queued', 'leased')
          and created_at < now() - interval '1 minute'
    ) then
        return 'waiting';
    end if;
    if c.settled_at is not null then
        perform make_final_board(c.id, v.id);
    end if;
    update scoring_versions set stage = 'retired'
    where competition_id = c.id and stage = 'standby' and id <> v.id;
    update scoring_versions set stage = 'standby', prepared_at = clock_now() where id = c.active_version_id;
    update scoring_versions
    set stage = 'published', activated_at = coalesce(activated_at, clock_now())
    where id = v.id;
    update competitions
    set active_version_id = v.id, board_revision = board_revision + 1
    where id = c.id;
    insert into version_changes (competition_id, version_id, previous_version_id, kind, reason, actor_id, at)
    values (c.id, v.id, c.active_version_id, p_kind, p_reason, p_actor_id, clock_now());
    delete from version_moves where version_id = v.id;
    return null;
end
$$;
