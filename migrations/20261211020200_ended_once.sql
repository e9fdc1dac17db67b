-- no-transaction
-- A person is told once that a competition ended; that its outcome changed is one notification, however often it does.
create unique index concurrently notifications_ended_once on notifications (user_id, competition_id, event)
    where event in ('ended', 'to_close', 'outcome_changed');
