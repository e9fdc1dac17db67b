-- People: accounts, sessions, API tokens, one-time links, and the mail they are sent.

create table users (
    id bigint generated always as identity primary key,
    username text not null constraint users_username_taken unique
        constraint users_username_shape check (username ~ '^[a-z0-9][a-z0-9_-]{1,29}$'),
    email text not null
        constraint users_email_shape check (email = lower(email) and email like '%_@_%' and length(email) <= 254),
    display_name text not null check (length(display_name) between 1 and 80),
    bio text not null default '' check (length(bio) <= 2000),
    password_hash text not null check (password_hash like '$argon2id$%' or password_hash = '!'),
    is_admin boolean not null default false,
    is_synthetic boolean not null default false,
    suspended_at timestamptz,
    created_at timestamptz not null default clock_now(),
    constraint users_email_taken unique (email)
);

create index users_admins on users (id) where is_admin;
create index users_by_prefix on users (username text_pattern_ops);

create table sessions (
    token_hash bytea primary key check (length(token_hash) = 32), -- SHA-256 of the cookie's secret
    public_id uuid not null unique default gen_random_uuid(), -- names the session in "end this session"
    user_id bigint not null references users on delete cascade,
    user_agent text not null default '' check (length(user_agent) <= 300),
    ip text not null default '' check (length(ip) <= 45),
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at)
);
create index sessions_by_user on sessions (user_id, last_seen_at desc);
create index sessions_by_expiry on sessions (expires_at);

create table api_tokens (
    id bigint generated always as identity primary key,
    user_id bigint not null references users on delete cascade,
    name text not null check (length(name) between 1 and 80),
    token_hash bytea not null unique check (length(token_hash) = 32),
    hint text not null check (length(hint) <= 12), -- first characters, to tell tokens apart in a list
    scopes text[] not null
        check (scopes <@ array['read', 'submit', 'host', 'admin'] and cardinality(scopes) > 0),
    created_at timestamptz not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index api_tokens_by_user on api_tokens (user_id, id desc);

create table one_time_links (
    token_hash bytea primary key check (length(token_hash) = 32),
    purpose text not null check (purpose in ('reset_password', 'become_admin')),
    user_id bigint references users on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint one_time_links_whose check ((purpose = 'reset_password') = (user_id is not null))
);
create index one_time_links_by_user on one_time_links (user_id) where user_id is not null;
create index one_time_links_by_expiry on one_time_links (expires_at);
create index one_time_links_for_admins on one_time_links (created_at) where purpose = 'become_admin';

-- The outbox. Without an SMTP server mail stays here, where the administrator reads it.
create table mails (
    id bigint generated always as identity primary key,
    to_address text not null,
    subject text not null check (subject !~ '[\r\n]'),
    body text not null,
    created_at timestamptz not null default clock_now(),
    sent_at timestamptz,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default clock_now(),
    last_error text
);
create index mails_waiting on mails (next_attempt_at) where sent_at is null;
create index mails_newest on mails (id desc);

alter table audit_log add foreign key (actor_id) references users on delete set null;

grant select, insert, update, delete on users, sessions, api_tokens, one_time_links, mails to holdout_web;
