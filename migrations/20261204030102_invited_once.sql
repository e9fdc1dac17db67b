-- no-transaction
-- A person is told once of being invited into a competition; told again, it is the same notification.
create unique index concurrently notifications_invited_once
    on notifications (user_id, competition_id) where event = 'invited';
