-- What a scorer committed to when it examined a version: a salted hash of the labels and of which rows are public.

create table commitments (
    version_id bigint primary key references scoring_versions on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    input_revision integer not null, -- of the version, when it was examined
    solution_sha256 bytea not null check (length(solution_sha256) = 32), -- of the sealed file that was opened
    sha256 bytea not null check (length(sha256) = 32), -- holdout_contract::commitment
    sealed_salt bytea not null check (length(sealed_salt) between 1 and 1000), -- to a scorer's key
    made_at timestamptz not null,
    stands boolean not null -- its version may count, or might have
);
create index commitments_by_solution on commitments (solution_sha256);
create index commitments_by_competition on commitments (competition_id);
grant select (version_id, sha256, made_at) on commitments to holdout_web;
grant select, insert, update on commitments to holdout_scorer;

-- Whoever writes: none that stands changes or goes, and each says when it was made.
create function commitments_stand() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op <> 'INSERT' and old.stands and exists (select from scoring_versions where id = old.version_id) then
        raise exception 'a commitment stands once its version may count'
            using errcode = 'check_violation', constraint = 'commitments_stand';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    new.stands := exists (
        select from scoring_versions
        where id = new.version_id and (activated_at is not null or stage <> 'draft'));
    if tg_op = 'INSERT' or new.sha256 <> old.sha256 then
        new.made_at := clock_now();
    else
        new.made_at := old.made_at;
    end if;
    return new;
end
$$;
create trigger commitments_stand before insert or update or delete on commitments
    for each row execute function commitments_stand();

-- From its launch, or from the moment in which everything is scored under it, a version's commitment stands. What was
-- changed since it was examined has none.
create function commitment_stands_from_now() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    delete from commitments where version_id = new.id and not stands and input_revision <> new.input_revision;
    update commitments set stands = true where version_id = new.id and not stands;
    return null;
end
$$;
create trigger scoring_versions_commitment_stands after update of activated_at, stage on scoring_versions
    for each row when (old.activated_at is null and old.stage = 'draft'
                       and (new.activated_at is not null or new.stage <> 'draft'))
    execute function commitment_stands_from_now();
