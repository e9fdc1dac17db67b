-- Changes after the launch that everybody reads: times that moved, data files that came, changed or went.

create table changes (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    bulletin_id bigint references bulletins on delete set null, -- null: nobody was told
    about text not null check (about in ('timeline', 'data')),
    item text not null check (length(item) between 1 and 200), -- which time, or the file's name
    verb text not null check (verb in ('moved', 'added', 'replaced', 'removed')),
    moved_from timestamptz,
    moved_to timestamptz,
    note text not null default '' check (length(note) <= 1000), -- the host's
    changed_by bigint references users on delete set null,
    changed_at timestamptz not null,
    constraint changes_move_times check ((about = 'timeline') = (verb = 'moved')),
    constraint changes_name_both_times check ((verb = 'moved') = (moved_from is not null and moved_to is not null)),
    constraint changes_never_shorten check (moved_from < moved_to)
);
create index changes_by_competition on changes (competition_id, id desc);
create index changes_by_kind on changes (competition_id, about, id desc);
create index changes_by_bulletin on changes (bulletin_id) where bulletin_id is not null;
create index changes_by_person on changes (changed_by) where changed_by is not null;
grant select, insert on changes to holdout_web;

alter table bulletins
    drop constraint bulletins_event_check,
    add constraint bulletins_event_check check (event in ('announced', 'changed'));
alter table notifications
    drop constraint notifications_event_check,
    add constraint notifications_event_check check (event in (
        'posted', 'accepted', 'hidden', 'warned', 'team', 'ends_soon', 'ends_tomorrow', 'announced', 'changed')),
    drop constraint notifications_of_bulletin,
    add constraint notifications_of_bulletin check ((bulletin_id is not null) = (event in ('announced', 'changed')));
