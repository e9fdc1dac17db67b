-- How many submissions a team may send to a whole competition, beside those of a day; null: as many as the days allow.

alter table competitions add column total_limit integer;
-- locks: competitions are few, and the column that is looked at is empty.
alter table competitions add constraint competitions_total_limit check (total_limit between 1 and 100000);

-- As before; and what comes before the end fits into the total of the competition.
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
        select from (select distinct competition_id, team_id from added where not is_late) a
        join competitions c on c.id = a.competition_id and c.launched_at is not null and c.total_limit is not null
        join teams t on t.id = a.team_id and not t.is_baseline
        where (
            select count(*) from submissions s
            where s.team_id = a.team_id and not s.is_late and s.state not in ('rejected', 'failed')
        ) > c.total_limit
    ) then
        raise exception 'the submissions of the competition are used up'
            using errcode = 'check_violation', constraint = 'submissions_fit_total';
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

-- As before; together they also keep to the total.
create or replace function merges_obey() returns trigger
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
    select starts_at, merger_deadline_at, ends_at, settled_at, daily_limit, total_limit into strict c
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
    ) > least(n_days * c.daily_limit, c.total_limit) then
        raise exception 'together they sent more than one team could have sent'
            using errcode = 'check_violation', constraint = 'teams_merge_within_days';
    end if;
    return null;
end
$$;
