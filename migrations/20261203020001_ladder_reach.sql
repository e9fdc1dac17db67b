-- How far each team's files are judged under a version. Whether a file waits on a Ladder is asked whenever a job is taken: of
-- the team's files, those alone are looked at that were judged after that, or never, and not all that it ever sent.

create table ladder_reach (
    team_id bigint not null references teams on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    turn bigint not null, -- no file of the team whose turn is as early as this is still to be judged
    primary key (team_id, version_id)
);
create index ladder_reach_by_version on ladder_reach (version_id);
grant select on ladder_reach to holdout_scorer;

drop index ladder_turns_by_team; -- the one by team and turn begins alike

-- The first turn after what is known to be judged of a file that is not, or null. With `p_or_failed`, of one that a fault of ours
-- stopped as well, which may be put back at any time. Plans that fit each team would take longer to make than to follow.
create function first_unjudged_turn(p_team_id bigint, p_version_id bigint, p_or_failed boolean) returns bigint
language plpgsql stable set plan_cache_mode = force_generic_plan
as $$
declare
    reached bigint;
    first bigint;
    together bigint;
    file record;
begin
    select turn into reached from ladder_reach where team_id = p_team_id and version_id = p_version_id;
    for together in
        with recursive part as (
            select id, competition_id from teams where id = p_team_id
            union all
            select gone.id, gone.competition_id
            from part
            join teams gone on gone.competition_id = part.competition_id and gone.merged_into = part.id
        )
        select id from part
    loop
        for file in
            select t.turn, t.submission_id
            from ladder_turns t
            where t.team_id = together and t.turn > coalesce(reached, 0)
            order by t.turn
        loop
            exit when file.turn > first;
            if exists (
                select from submissions e
                where e.id = file.submission_id and e.team_id = p_team_id and not e.is_late
                  and (e.state in ('queued', 'scoring', 'scored') or p_or_failed and e.state = 'failed'))
                and not exists (
                    select from scores x where x.submission_id = file.submission_id and x.version_id = p_version_id)
            then
                first := file.turn;
                exit;
            end if;
        end loop;
    end loop;
    return first;
end
$$;

-- As before.
create or replace view waiting_on_ladders as
select s.id as submission_id, v.id as version_id
from submissions s
join competitions c on c.id = s.competition_id and c.ladder = 'on'
join scoring_versions v on v.competition_id = c.id
left join ladder_turns own on own.submission_id = s.id
where not s.is_late
  and (first_unjudged_turn(s.team_id, v.id, false) < coalesce(own.turn, 9223372036854775807)
       or own.turn is null and exists (
          select from submissions e
          where e.team_id = s.team_id and e.id < s.id and not e.is_late and e.state in ('queued', 'scoring')
            and not exists (select from ladder_turns t where t.submission_id = e.id)
            and not exists (select from scores x where x.submission_id = e.id and x.version_id = v.id)));

-- Called with every score on a Ladder. The team is held, so that its files do not move meanwhile.
create function reach_on_ladder(p_submission_id bigint, p_version_id bigint) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    own record;
begin
    select hold_team_of_submission(p_submission_id) as team_id, t.turn into own
    from ladder_turns t
    where t.submission_id = p_submission_id;
    if not found then
        return;
    end if;
    insert into ladder_reach as r (team_id, version_id, turn)
    values (own.team_id, p_version_id, coalesce(first_unjudged_turn(own.team_id, p_version_id, true) - 1, own.turn))
    on conflict (team_id, version_id) do update set turn = excluded.turn where r.turn < excluded.turn;
end
$$;
revoke all on function reach_on_ladder(bigint, bigint), first_unjudged_turn(bigint, bigint, boolean) from public;
grant execute on function reach_on_ladder(bigint, bigint), first_unjudged_turn(bigint, bigint, boolean) to holdout_scorer;

-- A file that may have to be judged again, or for the first time, is beyond what was reached; whoever writes.
create function shorten_ladder_reach() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update ladder_reach r
    set turn = t.turn - 1
    from ladder_turns t
    where t.submission_id = new.id and r.team_id = new.team_id and r.turn >= t.turn;
    return null;
end
$$;
create trigger submissions_shorten_ladder_reach after update of team_id, state on submissions
    for each row
    when (old.team_id <> new.team_id or (old.state = 'rejected' and new.state <> 'rejected'))
    execute function shorten_ladder_reach();

create function turns_shorten_ladder_reach() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update ladder_reach r
    set turn = new.turn - 1
    from submissions s
    where s.id = new.submission_id and r.team_id = s.team_id and r.turn >= new.turn;
    return null;
end
$$;
create trigger turns_shorten_ladder_reach after insert on ladder_turns
    for each row execute function turns_shorten_ladder_reach();

create function gone_scores_shorten_ladder_reach() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update ladder_reach r
    set turn = f.turn - 1
    from (
        select x.team_id, x.version_id, min(t.turn) as turn
        from gone x
        join ladder_turns t on t.submission_id = x.submission_id
        group by x.team_id, x.version_id
    ) f
    where r.team_id = f.team_id and r.version_id = f.version_id and r.turn >= f.turn;
    return null;
end
$$;
create trigger gone_scores_shorten_ladder_reach after delete on scores
    referencing old table as gone
    for each statement execute function gone_scores_shorten_ladder_reach();
