-- A launch that nobody entered can be taken back: no score was told, and nobody holds the competition to anything. Whoever has taken
-- the server over can do no more than that.

create function take_launch_back(p_competition_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    -- Whoever enters holds the row as well: what is looked at next has their team, or they find a draft.
    perform from competitions where id = p_competition_id for update;
    update competitions c set launched_at = null, active_version_id = null
    where c.id = p_competition_id and c.launched_at is not null and c.settled_at is null and c.imported_at is null
      and not is_over(c)
      and not exists (select from teams where competition_id = c.id)
      and not exists (select from submissions where competition_id = c.id)
      and (select count(*) from scoring_versions where competition_id = c.id) = 1;
    if not found then
        return false;
    end if;
    update scoring_versions set activated_at = null, stage = 'draft' where competition_id = p_competition_id;
    update commitments set stands = false where competition_id = p_competition_id;
    delete from end_reminders where competition_id = p_competition_id; -- of its next end they are told anew
    return true;
end
$$;
revoke all on function take_launch_back(bigint) from public;
grant execute on function take_launch_back(bigint) to holdout_web;

-- A version that counted is no draft again but so.
create function version_stays_activated() returns trigger
language plpgsql
as $$
begin
    if current_user in ('holdout_web', 'holdout_scorer') then
        raise exception 'a version that may count stays one'
            using errcode = 'check_violation', constraint = 'scoring_versions_stay_activated';
    end if;
    return new;
end
$$;
create trigger scoring_versions_stay_activated before update of activated_at, stage on scoring_versions
    for each row when (old.activated_at is not null and (new.activated_at is null or new.stage = 'draft'))
    execute function version_stays_activated();

-- As before, but for a commitment whose version is a draft again.
create or replace function commitments_stand() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op <> 'INSERT' and old.stands and exists (
        select from scoring_versions
        where id = old.version_id and (activated_at is not null or stage <> 'draft')) then
        raise exception 'a commitment stands once its version may count'
            using errcode = 'check_violation', constraint = 'commitments_stand';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    new.stands := exists (
        select from scoring_versions
        where id = new.version_id and (activated_at is not null or stage <> 'draft'));
    if tg_op = 'INSERT' or new.sha256 <> old.sha256 then
        new.made_at := clock_now();
    else
        new.made_at := old.made_at;
    end if;
    return new;
end
$$;
