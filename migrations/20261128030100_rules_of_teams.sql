-- What the rules forbid of teams, merges, choices and submissions, the schema refuses, whoever writes and
-- however many at once. Each check holds the team first: of two that come together, the second sees the first.

-- Nobody comes into a full team, and nobody is in a team without a leader.
create trigger team_members_fit_at_once after insert on team_members
    for each row execute function team_has_room();
create or replace function team_has_leader() returns trigger
language plpgsql
as $$
begin
    if exists (
        select from teams t
        where t.id in (old.team_id, new.team_id) and t.is_live and not t.is_baseline
          and not exists (select from team_members m where m.team_id = t.id and m.is_leader)
          and (tg_op <> 'DELETE' or exists (select from team_members m where m.team_id = t.id))
    ) then
        raise exception 'a team has a leader'
            using errcode = 'check_violation', constraint = 'team_members_have_leader';
    end if;
    return null;
end
$$;
create constraint trigger team_members_come_with_leader after insert or delete on team_members
    deferrable initially deferred for each row execute function team_has_leader();

-- What was sent is everybody's: no member of a team that has sent anything leaves it. In a merge everything
-- that was sent goes first.
create function team_stays_together() returns trigger
language plpgsql
as $$
begin
    perform 1 from teams where id = old.team_id for no key update;
    if exists (select from submissions where team_id = old.team_id) then
        raise exception 'a team that has sent something stays together'
            using errcode = 'check_violation', constraint = 'team_members_stay';
    end if;
    return new;
end
$$;
create trigger team_members_stay before update of team_id on team_members
    for each row when (old.team_id <> new.team_id) execute function team_stays_together();
-- A participant is in a team, always: rows go with their competition or their user alone.
revoke delete on teams, team_members from holdout_web;

-- Asked of all rows that a statement adds.
create function submissions_obey() returns trigger
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
    return null;
end
$$;
create trigger submissions_obey after insert on submissions
    referencing new table as added for each statement execute function submissions_obey();

-- Choices that come with a row, or with a row that changes its team, count like all others.
create trigger submissions_choices_fit_at_once after insert on submissions
    for each row when (new.selected_at is not null) execute function choices_fit();
create trigger submissions_choices_fit_team after update of team_id on submissions
    for each row when (new.selected_at is not null and old.team_id <> new.team_id)
    execute function choices_fit();
alter table submissions
    add constraint submissions_rejected_not_chosen check (selected_at is null or state <> 'rejected');

-- One team becomes part of another once, in time, and only where together they are a team that could have been.
create function merges_obey() returns trigger
language plpgsql
as $$
declare
    c record;
    n_days integer;
begin
    perform 1 from teams where id in (new.id, new.merged_into) order by id for no key update;
    if old.merged_into is not null or new.is_baseline
        or not exists (select from teams where id = new.merged_into and is_live and not is_baseline)
    then
        raise exception 'teams merge once, into a team that goes on'
            using errcode = 'check_violation', constraint = 'teams_merge_once';
    end if;
    select starts_at, merger_deadline_at, ends_at, settled_at, daily_limit into strict c
    from competitions where id = new.competition_id;
    if c.settled_at is not null or least(c.merger_deadline_at, c.ends_at) <= clock_now() then
        raise exception 'the last time to merge has passed'
            using errcode = 'check_violation', constraint = 'teams_merge_in_time';
    end if;
    if exists (
        select from disqualifications
        where team_id in (new.id, new.merged_into) and submission_id is null and lifted_at is null
    ) then
        raise exception 'a team that is disqualified does not merge'
            using errcode = 'check_violation', constraint = 'teams_merge_unbarred';
    end if;
    n_days := (clock_now() at time zone 'UTC')::date
        - (least(coalesce(c.starts_at, clock_now()), clock_now()) at time zone 'UTC')::date + 1;
    if (
        select count(*) from submissions
        where team_id in (new.id, new.merged_into) and state not in ('rejected', 'failed')
    ) > n_days * c.daily_limit then
        raise exception 'together they sent more than one team could have sent'
            using errcode = 'check_violation', constraint = 'teams_merge_within_days';
    end if;
    return null;
end
$$;
create trigger teams_merges_obey after update of merged_into on teams
    for each row when (old.merged_into is distinct from new.merged_into) execute function merges_obey();
