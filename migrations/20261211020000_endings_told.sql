-- What people are told of the end of a competition, and of another scoring version.

-- Rows from before obeyed narrower rules: nobody waits while they are read again.
alter table bulletins
    drop constraint bulletins_event_check,
    add constraint bulletins_event_check check (event in ('announced', 'changed', 'rescored')) not valid;
alter table notifications
    drop constraint notifications_event_check,
    add constraint notifications_event_check check (event in (
        'posted', 'accepted', 'hidden', 'warned', 'team', 'ends_soon', 'ends_tomorrow', 'announced', 'changed',
        'outage', 'invited', 'ended', 'to_close', 'outcome_changed', 'rescored')) not valid,
    drop constraint notifications_of_bulletin,
    add constraint notifications_of_bulletin check (
        (bulletin_id is not null) = (event in ('announced', 'changed', 'rescored'))) not valid;
