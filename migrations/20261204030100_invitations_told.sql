-- Whoever is invited by address is told: an account on the site, anybody else by one letter; and how many a host may send.

alter table competition_invitations add column told_at timestamptz; -- null: nobody was told yet

-- What went out lately, by which new ones are counted; swept after a week. Addresses as SHA-256.
create table invitation_letters (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    invited_by bigint not null references users on delete cascade,
    address_digest bytea not null check (length(address_digest) = 32),
    sent_at timestamptz not null
);
create index invitation_letters_by_age on invitation_letters (sent_at);
create index invitation_letters_by_address on invitation_letters (address_digest, sent_at);
create index invitation_letters_by_person on invitation_letters (invited_by, sent_at);
create index invitation_letters_by_competition on invitation_letters (competition_id);
grant select, insert, delete on invitation_letters to holdout_web;

-- Rows from before obeyed narrower rules: nobody waits while they are read again.
alter table notifications
    drop constraint notifications_event_check,
    add constraint notifications_event_check check (event in (
        'posted', 'accepted', 'hidden', 'warned', 'team', 'ends_soon', 'ends_tomorrow', 'announced', 'changed',
        'outage', 'invited')) not valid,
    drop constraint notifications_reason_check,
    add constraint notifications_reason_check check (reason in (
        'mention', 'reply', 'subject', 'person', 'forum', 'own', 'team', 'taking_part', 'hosting', 'invited')) not valid;
