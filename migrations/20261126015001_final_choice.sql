-- Choices for the final: never more than the competition allows, none after the end; and a word before it.

-- Asked when a choice is written, under the team's lock: a choice that lands beside another waits for it.
create function choices_fit() returns trigger
language plpgsql
as $$
begin
    perform 1 from teams where id = new.team_id for no key update;
    if (select count(*) from submissions where team_id = new.team_id and selected_at is not null)
        > (select final_limit from competitions where id = new.competition_id)
    then
        raise exception 'more submissions are chosen than count in the final'
            using errcode = 'check_violation', constraint = 'submissions_choices_fit';
    end if;
    return null;
end
$$;
create trigger submissions_choices_fit after update of selected_at on submissions
    for each row when (old.selected_at is null and new.selected_at is not null)
    execute function choices_fit();

-- What was chosen at the end stands. A file that turns out to be wrong loses its place all the same.
create function choices_stand() returns trigger
language plpgsql
as $$
begin
    if exists (
        select from competitions
        where id = new.competition_id and (settled_at is not null or ends_at <= clock_now())
    ) then
        raise exception 'choices for the final stand as they were at the end'
            using errcode = 'check_violation', constraint = 'submissions_choices_stand';
    end if;
    return new;
end
$$;
create trigger submissions_choices_stand before update of selected_at on submissions
    for each row when (old.selected_at is distinct from new.selected_at and new.state <> 'rejected')
    execute function choices_stand();

-- Reminders that went out; one of each kind a competition, however often its end is moved.
create table end_reminders (
    competition_id bigint not null references competitions on delete cascade,
    hours integer not null check (hours in (72, 24)),
    told_at timestamptz not null,
    primary key (competition_id, hours)
);
grant select, insert on end_reminders to holdout_web;

alter table notifications
    drop constraint notifications_event_check,
    add constraint notifications_event_check
        check (event in ('posted', 'accepted', 'hidden', 'warned', 'team', 'ends_soon', 'ends_tomorrow'));
create unique index notifications_end_once on notifications (user_id, competition_id, event)
    where event in ('ends_soon', 'ends_tomorrow');
