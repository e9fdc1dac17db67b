-- no-transaction
-- One address at a time waits to be confirmed: the link to another takes the place of the one before.
create unique index concurrently one_time_links_one_confirmation
    on one_time_links (user_id) where purpose = 'confirm_email' and used_at is null;
