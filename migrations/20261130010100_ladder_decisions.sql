-- On a Ladder, a file that was disqualified is none that others are judged against while that lasts. Decisions take turns
-- among files, so that whoever judges a file again knows which held when it was judged first, and what was released stays.
--
-- A decision about a whole team changes nothing of this: its files are all alike, and without one to be better than,
-- each would be shown.

-- A decision holds for files whose turn is later than `turn`, up to `lifted_turn`.
alter table disqualifications
    add column turn bigint,
    add column lifted_turn bigint;

-- What was decided before this was on record: after the last file of the team that had been scored by then.
update disqualifications d
set turn = f.turn, lifted_turn = f.lifted_turn
from (
    select d.id, coalesce(max(t.turn) filter (where s.scored_at <= d.decided_at), 0) as turn,
           case when d.lifted_at is not null then coalesce(max(t.turn) filter (where s.scored_at <= d.lifted_at), 0)
           end as lifted_turn
    from disqualifications d
    left join submissions o on o.id = d.submission_id
    left join submissions s on s.team_id = o.team_id
    left join ladder_turns t on t.submission_id = s.id
    group by d.id
) f
where f.id = d.id;

alter table disqualifications
    alter column turn set not null,
    add constraint disqualifications_lifted_has_turn check ((lifted_at is null) = (lifted_turn is null));

create function decisions_take_a_turn() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    new.turn := coalesce(new.turn, nextval('ladder_turn_numbers'));
    if new.lifted_at is not null then
        new.lifted_turn := coalesce(new.lifted_turn, nextval('ladder_turn_numbers'));
    end if;
    return new;
end
$$;
create trigger disqualifications_take_a_turn before insert or update of lifted_at on disqualifications
    for each row execute function decisions_take_a_turn();
grant select (submission_id, turn, lifted_turn) on disqualifications to holdout_scorer;

create index scores_released on scores (version_id, team_id, rank_key, received_at, submission_id)
    where ladder_step = 'released';

-- Scorers of the release before would go by what is decided now.
update contract set oldest = 2, newest = 2;
