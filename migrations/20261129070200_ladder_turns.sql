-- On a ladder the order in which files were judged is on record, with the team that each belonged to then, and whoever
-- judges them again follows it: a file that a fault of ours delayed stays behind those that were judged before it, and
-- one that was judged before two teams became one stays beside those of its own team.

create sequence ladder_turn_numbers;

create table ladder_turns (
    submission_id bigint primary key references submissions on delete cascade,
    turn bigint not null unique,
    team_id bigint not null references teams on delete cascade
);
create index ladder_turns_by_team on ladder_turns (team_id);

grant select, insert on ladder_turns to holdout_scorer;
grant usage on sequence ladder_turn_numbers to holdout_scorer;

-- What was judged before this was on record.
insert into ladder_turns (submission_id, turn, team_id)
select f.id, nextval('ladder_turn_numbers'), f.team_id
from (
    select s.id, s.team_id
    from submissions s
    join competitions c on c.id = s.competition_id and c.ladder = 'on'
    where not s.is_late and exists (select from scores x where x.submission_id = s.id and x.ladder_step is not null)
    order by s.id
) f;

-- From this turn on, files of the team that goes on are judged beside those of the other one, too.
alter table teams
    add column merged_turn bigint,
    add constraint teams_merged_turn_of_a_merge check (merged_turn is null or merged_into is not null);

create function merges_take_a_turn() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    new.merged_turn := nextval('ladder_turn_numbers');
    return new;
end
$$;
create trigger teams_merges_take_a_turn before update of merged_into on teams
    for each row when (old.merged_into is distinct from new.merged_into) execute function merges_take_a_turn();

-- The public score as it may be told: on a ladder what was released, and after the end what it truly is, since nobody
-- can climb any more.
create function told_public_score(x scores) returns double precision
language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce((
        select e.public_score
        from exact_public_scores e
        join submissions s on s.id = e.submission_id
        join competitions c on c.id = s.competition_id
        where x.ladder_step is not null and e.submission_id = x.submission_id and e.version_id = x.version_id
          and c.launched_at is not null and c.ends_at <= clock_now()
    ), x.public_score)
$$;
revoke all on function told_public_score(scores) from public;
grant execute on function told_public_score(scores) to holdout_web;

-- As before; public scores and ranks are exact. What stands in for a choice is still what was released.
create or replace function final_board(p_competition_id bigint, p_version_id bigint)
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

do $$
begin
    perform make_final_board(id, active_version_id)
    from competitions
    where ladder = 'on' and settled_at is not null and ends_at <= clock_now();
end
$$;
