-- An end that hosts agreed to move over an outage takes effect once a server was there after it and found that nothing kept
-- people from sending; until then nothing private comes out, and the end may still move. Afterwards it never does.

create function is_over(c competitions) returns boolean
language sql stable
as $$
    select c.launched_at is not null and c.ends_at <= clock_now()
       and (not c.moves_over_outage or c.settled_at is not null
            or coalesce((select p.seen_at >= c.ends_at from site_pulse p), true))
$$;

-- What an outage that lasts moves out so far. The end was to be at `held_end_at`; the length counts from `held_since`.
-- locks: some rows an outage in both tables, and only the watch writes into them
alter table extension_offers
    add column held_since timestamptz,
    add column held_end_at timestamptz,
    add constraint extension_offers_held_over_the_end check (
        (held_since is null and held_end_at is null)
        or (held_since < held_end_at and held_since is not null and held_end_at is not null and is_accepted is true));
-- locks: some incidents a month
create index incidents_by_beginning on incidents (began_at, id);

-- Also: an end that has come stays, and whether it waits for an outage is agreed before it.
create or replace function end_stands() returns trigger
language plpgsql
as $$
begin
    if current_user = 'holdout_web' and old.launched_at is not null then
        if new.launched_at is distinct from old.launched_at or new.ends_at is null or new.ends_at < old.ends_at then
            raise exception 'the end of a launched competition is moved out, never in'
                using errcode = 'check_violation', constraint = 'competitions_end_stands';
        end if;
        if new.ends_at > old.ends_at and is_over(old) then
            raise exception 'an end that has come stays'
                using errcode = 'check_violation', constraint = 'competitions_end_stands';
        end if;
        if new.moves_over_outage is distinct from old.moves_over_outage and old.ends_at <= clock_now() then
            raise exception 'whether an end moves over an outage is agreed before it'
                using errcode = 'check_violation', constraint = 'competitions_end_stands';
        end if;
    end if;
    return new;
end
$$;
drop trigger competitions_end_stands on competitions;
create trigger competitions_end_stands before update of launched_at, ends_at, moves_over_outage on competitions
    for each row execute function end_stands();

create or replace function released_private_scores(p_competition_id bigint, p_submission_ids bigint[])
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
      and is_over(c)
$$;

create or replace function told_public_score(x scores) returns double precision
language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce((
        select e.public_score
        from exact_public_scores e
        join submissions s on s.id = e.submission_id
        join competitions c on c.id = s.competition_id
        where x.ladder_step is not null and e.submission_id = x.submission_id and e.version_id = x.version_id
          and is_over(c)
    ), x.public_score)
$$;

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
end
$$;

create or replace function settle_competition(p_competition_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c record;
begin
    select k.id, k.active_version_id, k.settled_at into c
    from competitions k
    where k.id = p_competition_id and is_over(k)
    for update of k;
    if not found then
        return false;
    end if;
    if exists (
        select from submissions
        where competition_id = p_competition_id and state in ('queued', 'scoring') and not is_late
    ) then
        return false;
    end if;
    -- Counted submissions that the active version has not scored yet: published a moment ago.
    if exists (
        select from jobs
        where version_id = c.active_version_id and kind = 'rescore' and state in ('queued', 'leased')
    ) then
        return false;
    end if;
    perform make_final_board(p_competition_id, c.active_version_id);
    if c.settled_at is null then
        insert into final_teams (team_id, competition_id, n_members)
        select team_id, competition_id, count(*)
        from team_members
        where competition_id = p_competition_id
        group by team_id, competition_id
        on conflict (team_id) do nothing;
    end if;
    update competitions
    set settled_at = coalesce(settled_at, clock_now()), board_revision = board_revision + 1
    where id = p_competition_id;
    return true;
end
$$;
