-- Moderation: reports of posts, suspensions that end by themselves, and the log of what moderators did.

create table reports (
    id bigint generated always as identity primary key,
    subject_id bigint not null references subjects on delete cascade,
    reporter_id bigint not null references users on delete cascade,
    reason text not null check (reason in ('spam', 'abuse', 'leak', 'off_topic', 'other')),
    words text not null default '' check (length(words) <= 1000),
    reported_at timestamptz not null,
    closed_at timestamptz,
    constraint reports_one_a_person unique (subject_id, reporter_id)
);
create index reports_open on reports (subject_id, id) where closed_at is null;
create index reports_by_reporter on reports (reporter_id);

alter table users add column suspended_until timestamptz, -- null: until somebody is let in again
    add constraint users_suspended_until_an_end check (suspended_until is null or suspended_at is not null);
create index users_suspended_for_a_time on users (suspended_until) where suspended_until is not null;

create index audit_log_of_moderators on audit_log (id desc) where action ^@ 'moderate_';
create index audit_log_of_moderators_in on audit_log (competition_id, id desc) where action ^@ 'moderate_';
grant select, insert, update, delete on reports to holdout_web;
