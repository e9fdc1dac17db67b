-- The second factor of signing in: a secret for codes of an app, codes for whoever lost it, and the moment between
-- password and code.

create table second_factors (
    user_id bigint primary key references users on delete cascade,
    sealed_secret bytea not null check (length(sealed_secret) = 48), -- nonce, secret and tag; the key is not here
    created_at timestamptz not null,
    confirmed_at timestamptz, -- null: waits for the first code
    last_step bigint not null default 0, -- half minutes since 1970 of the last code that was taken
    n_failed integer not null default 0 check (n_failed between 0 and 10),
    failing_since timestamptz,
    constraint second_factors_failing check ((n_failed > 0) = (failing_since is not null))
);

create function refuse_taken_code() returns trigger language plpgsql as $$
begin
    if new.last_step <= old.last_step then
        raise exception 'a code is taken once' using errcode = 'check_violation', constraint = 'second_factors_code_once';
    end if;
    return new;
end
$$;
create trigger second_factors_code_once before update of last_step on second_factors
    for each row execute function refuse_taken_code();

create table recovery_codes (
    user_id bigint not null references second_factors on delete cascade,
    code_hash bytea not null check (length(code_hash) = 32), -- SHA-256 of 120 random bits; a code that was used is gone
    primary key (user_id, code_hash)
);

create table sign_in_challenges (
    token_hash bytea primary key check (length(token_hash) = 32), -- SHA-256 of the cookie's secret
    user_id bigint not null references users on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    n_tries integer not null default 0 check (n_tries between 0 and 5)
);
create index sign_in_challenges_by_user on sign_in_challenges (user_id);
create index sign_in_challenges_by_expiry on sign_in_challenges (expires_at);

-- Of whom the site asks a second factor; hosts: of administrators too.
alter table site_settings add column two_factors_for text not null default 'nobody'
    check (two_factors_for in ('nobody', 'administrators', 'hosts'));

grant select, insert, update, delete on second_factors, recovery_codes, sign_in_challenges to holdout_web;
