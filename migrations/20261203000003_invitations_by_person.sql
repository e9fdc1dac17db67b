-- no-transaction
-- What somebody was let into by a link.
create index concurrently competition_invitations_by_person
    on competition_invitations (user_id) where user_id is not null;
