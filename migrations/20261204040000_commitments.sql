-- What a scorer committed to when it examined a version: a salted hash of the labels and of which rows are public.

create table commitments (
    version_id bigint primary key references scoring_versions on delete cascade,
    input_revision integer not null, -- of the version, when it was examined
    sha256 bytea not null check (length(sha256) = 32), -- holdout_contract::commitment
    sealed_salt bytea not null check (length(sealed_salt) between 1 and 1000), -- to a scorer's key
    made_at timestamptz not null
);
grant select (version_id, sha256, made_at) on commitments to holdout_web;
grant select, insert, update on commitments to holdout_scorer;

-- From its launch, or from the moment in which everything is scored under it.
create function may_count(p_version_id bigint) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (
        select from scoring_versions
        where id = p_version_id and (activated_at is not null or stage <> 'draft'))
$$;
revoke all on function may_count(bigint) from public;
grant execute on function may_count(bigint) to holdout_scorer;

-- Whoever writes: none changes, goes, or says another time than that at which it was made.
create function commitments_stand() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op <> 'INSERT' and may_count(old.version_id) then
        raise exception 'a commitment stands once its version may count'
            using errcode = 'check_violation', constraint = 'commitments_stand';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    new.made_at := clock_now();
    return new;
end
$$;
create trigger commitments_stand before insert or update or delete on commitments
    for each row execute function commitments_stand();

-- What was changed since it was examined has no commitment.
create function forget_stale_commitment() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    delete from commitments where version_id = new.id and input_revision <> new.input_revision;
    return new;
end
$$;
create trigger scoring_versions_forget_stale_commitment before update of activated_at, stage on scoring_versions
    for each row when (old.activated_at is null and old.stage = 'draft'
                       and (new.activated_at is not null or new.stage <> 'draft'))
    execute function forget_stale_commitment();
