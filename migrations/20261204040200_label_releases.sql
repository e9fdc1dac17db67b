-- Hidden labels that a host released after the end: why, and the file and the salt that a scorer then published.

create table label_releases (
    competition_id bigint primary key references competitions on delete cascade,
    version_id bigint not null,
    reason text not null check (length(reason) between 1 and 1000),
    asked_by bigint references users on delete set null,
    asked_at timestamptz not null,
    failure text, -- why a scorer could not, in words for the host
    released_at timestamptz,
    salt bytea check (length(salt) = 32), -- of the version's commitment
    storage_key text unique,
    size_bytes bigint check (size_bytes >= 0),
    sha256 bytea check (length(sha256) = 32), -- of the file
    foreign key (competition_id, version_id) references scoring_versions (competition_id, id) on delete cascade,
    constraint label_releases_whole check (num_nulls(released_at, salt, storage_key, size_bytes, sha256) in (0, 5)),
    constraint label_releases_done_or_failed check (released_at is null or failure is null)
);
create index label_releases_by_version on label_releases (version_id);
create index label_releases_by_person on label_releases (asked_by) where asked_by is not null;
grant select, insert (competition_id, version_id, reason, asked_by, asked_at) on label_releases to holdout_web;
grant update (version_id, reason, asked_by, asked_at, failure) on label_releases to holdout_web;
grant select, update on label_releases to holdout_scorer;

-- Whoever writes: not before the final board stands, and what was released stays so.
create function labels_are_released_once() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        if not exists (
            select from competitions c where c.id = new.competition_id and is_over(c) and c.settled_at is not null
        ) then
            raise exception 'labels are released once the final board stands'
                using errcode = 'check_violation', constraint = 'label_releases_after_the_end';
        end if;
    elsif new.competition_id <> old.competition_id
        or (old.released_at is not null and to_jsonb(new) - 'asked_by' is distinct from to_jsonb(old) - 'asked_by')
    then
        raise exception 'what was released stays as it is'
            using errcode = 'check_violation', constraint = 'label_releases_stand';
    end if;
    return new;
end
$$;
create trigger label_releases_once before insert or update on label_releases
    for each row execute function labels_are_released_once();

-- A scorer of an earlier release knows no such job.
alter table jobs add constraint jobs_release_subject check (kind <> 'release' or version_id is not null) not valid;
-- locks: the one row that says which contracts are understood
update contract set newest = 3;
