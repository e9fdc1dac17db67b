-- Incidents: what did not work, from when to when, and what everybody was told of it; and what hosts answered when
-- they were asked whether their competition should end later by as much.

create table incidents (
    id bigint generated always as identity primary key,
    title text not null check (length(title) between 3 and 150),
    affects text[] not null constraint incidents_affect_something check (
        affects <@ array['pages', 'uploads', 'scoring', 'mail'] and cardinality(affects) > 0),
    found text check (found in ('away', 'scorers', 'storage', 'mail')), -- by the platform; null: an administrator opened it
    began_at timestamptz not null,
    ended_at timestamptz, -- null: it lasts
    constraint incidents_end_later check (ended_at > began_at)
);
create unique index incidents_found_once on incidents (found) where ended_at is null;
grant select, insert, update on incidents to holdout_web;

create table incident_updates (
    id bigint generated always as identity primary key,
    incident_id bigint not null references incidents on delete cascade,
    markdown text not null check (length(markdown) between 1 and 10000),
    html text not null,
    written_by bigint references users on delete set null, -- null: the platform, or the account is gone
    written_at timestamptz not null
);
create index incident_updates_by_incident on incident_updates (incident_id, id);
create index incident_updates_by_person on incident_updates (written_by) where written_by is not null;
grant select, insert on incident_updates to holdout_web;

-- What is shown stays as it was shown: an incident that is over stays over, and keeps its length.
create function incidents_stay_ended() returns trigger
language plpgsql
as $$
begin
    if old.ended_at is not null and new is distinct from old then
        raise exception 'an incident that is over stays as it was' using errcode = 'check_violation',
            constraint = 'incidents_stay_ended';
    end if;
    return new;
end
$$;
create trigger incidents_stay_ended before update on incidents
    for each row execute function incidents_stay_ended();

-- When a server last said that it is there: a gap is a time in which none was.
create table site_pulse (
    is_only boolean primary key default true check (is_only),
    seen_at timestamptz -- null: never
);
insert into site_pulse default values;
grant select, update on site_pulse to holdout_web;

-- One question an incident and competition, and one answer.
create table extension_offers (
    incident_id bigint not null references incidents on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    asked_at timestamptz not null,
    is_accepted boolean, -- null: no host has answered
    answered_by bigint references users on delete set null,
    answered_at timestamptz,
    primary key (incident_id, competition_id),
    constraint extension_offers_answer_has_time check ((is_accepted is null) = (answered_at is null)),
    constraint extension_offers_answer_has_host check (answered_by is null or is_accepted is not null)
);
create index extension_offers_by_competition on extension_offers (competition_id, incident_id desc);
create index extension_offers_by_person on extension_offers (answered_by) where answered_by is not null;
grant select, insert, update on extension_offers to holdout_web;

create function extension_offers_are_answered_once() returns trigger
language plpgsql
as $$
begin
    if old.is_accepted is not null and (new.is_accepted, new.answered_at) is distinct from (old.is_accepted, old.answered_at) then
        raise exception 'this question has its answer' using errcode = 'check_violation',
            constraint = 'extension_offers_are_answered_once';
    end if;
    return new;
end
$$;
create trigger extension_offers_are_answered_once before update on extension_offers
    for each row execute function extension_offers_are_answered_once();

-- Hosts are told that they are asked.
alter table notifications
    add column incident_id bigint references incidents on delete cascade,
    drop constraint notifications_event_check,
    add constraint notifications_event_check check (event in (
        'posted', 'accepted', 'hidden', 'warned', 'team', 'ends_soon', 'ends_tomorrow', 'announced', 'changed',
        'outage')),
    drop constraint notifications_reason_check,
    add constraint notifications_reason_check check (reason in (
        'mention', 'reply', 'subject', 'person', 'forum', 'own', 'team', 'taking_part', 'hosting')),
    add constraint notifications_of_incident check ((incident_id is not null) = (event = 'outage'));
create unique index notifications_outage_once on notifications (user_id, competition_id, incident_id)
    where incident_id is not null;
create index notifications_by_incident on notifications (incident_id) where incident_id is not null;
