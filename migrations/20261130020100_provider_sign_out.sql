-- Signing out at a provider of OpenID Connect: as whom a session was begun there, so that the provider can end it here, and
-- which of its logout tokens were taken already.

alter table sessions
    add column issuer text check (length(issuer) between 1 and 500), -- null: by password, link or registration
    add column subject text check (length(subject) between 1 and 255),
    add column sid text check (length(sid) between 1 and 255), -- what the provider calls its own session, where it says so
    add constraint sessions_begun_elsewhere check
        ((issuer is null) = (subject is null) and (sid is null or issuer is not null));
create index sessions_by_subject on sessions (issuer, subject) where issuer is not null;
create index sessions_by_sid on sessions (issuer, sid) where sid is not null;

alter table sign_in_challenges
    add column issuer text check (length(issuer) between 1 and 500),
    add column subject text check (length(subject) between 1 and 255),
    add column sid text check (length(sid) between 1 and 255),
    add constraint sign_in_challenges_begun_elsewhere check
        ((issuer is null) = (subject is null) and (sid is null or issuer is not null));
create index sign_in_challenges_by_subject on sign_in_challenges (issuer, subject) where issuer is not null;
create index sign_in_challenges_by_sid on sign_in_challenges (issuer, sid) where sid is not null;

create table logout_tokens (
    token_hash bytea primary key check (length(token_hash) = 32), -- SHA-256 of the issuer and the claim jti
    expires_at timestamptz not null -- from when on its time alone has it refused
);
create index logout_tokens_by_expiry on logout_tokens (expires_at);
grant select, insert, delete on logout_tokens to holdout_web;

-- Rows from before obeyed a narrower rule: nobody waits while they are read again.
alter table account_events drop constraint account_events_what_check;
alter table account_events add constraint account_events_what_check check (what in (
    'registered', 'signed_in', 'made_token', 'revoked_token', 'wrong_password', 'wrong_code', 'changed_password',
    'set_password', 'two_factors_on', 'two_factors_off', 'two_factors_reset', 'new_recovery_codes',
    'used_recovery_code', 'linked', 'unlinked', 'ended_sessions', 'signed_out_elsewhere')) not valid;
