-- What happened to an account that its owner wants to know: signing in, failing to, and what signs them in. Addresses are
-- shortened before they come here, and browsers are named in words.

create table account_events (
    id bigint generated always as identity primary key,
    user_id bigint not null references users on delete cascade,
    at timestamptz not null,
    what text not null check (what in (
        'registered', 'signed_in', 'made_token', 'revoked_token', 'wrong_password', 'wrong_code', 'changed_password',
        'set_password', 'two_factors_on', 'two_factors_off', 'two_factors_reset', 'new_recovery_codes',
        'used_recovery_code', 'linked', 'unlinked', 'ended_sessions')),
    detail text not null default '' check (length(detail) <= 120), -- a token's name, a provider's
    place text not null default '' check (length(place) <= 45),
    browser text not null default '' check (length(browser) <= 100),
    n integer not null default 1 check (n > 0) -- failures in a row, from one place, within an hour
);
create index account_events_by_user on account_events (user_id, id desc);
create index account_events_by_age on account_events (at);

grant select, insert, update, delete on account_events to holdout_web;

alter table retention_settings drop constraint retention_settings_what_check;
alter table retention_settings add constraint retention_settings_what_check
    check (what in ('sessions', 'sign_ins', 'addresses', 'mails', 'deliveries', 'notifications', 'log'));
