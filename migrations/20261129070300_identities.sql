-- Who somebody is at a provider of OpenID Connect: issuer and subject, never an address. And who may say so of
-- themself: somebody who gave the password a moment ago.

create table identities (
    issuer text not null check (length(issuer) between 1 and 500),
    subject text not null check (length(subject) between 1 and 255),
    user_id bigint not null references users on delete cascade,
    created_at timestamptz not null,
    primary key (issuer, subject),
    constraint identities_one_an_issuer unique (user_id, issuer)
);

create table link_attempts (
    token_hash bytea primary key check (length(token_hash) = 32), -- SHA-256 of the cookie's secret
    user_id bigint not null references users on delete cascade,
    issuer text not null check (length(issuer) between 1 and 500),
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at)
);
create index link_attempts_by_user on link_attempts (user_id);
create index link_attempts_by_expiry on link_attempts (expires_at);

grant select, insert, delete on identities, link_attempts to holdout_web;
