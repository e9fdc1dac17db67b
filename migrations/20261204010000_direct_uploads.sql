-- Places in the bucket that are open to one file of a person each. The store takes what is put there without asking the
-- platform, so its room is held from the moment that its address is signed until it is taken in or gone.

create table direct_uploads (
    id uuid primary key,
    user_id bigint not null references users on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    sha256 bytea not null check (length(sha256) = 32),
    size_bytes bigint not null check (size_bytes >= 0),
    opened_at timestamptz not null, -- the last time: who asks again for the same file gets the same place
    unique (user_id, competition_id, sha256, size_bytes)
);
create index direct_uploads_by_competition on direct_uploads (competition_id);
create index direct_uploads_by_opening on direct_uploads (opened_at);

grant select, insert, delete, update (opened_at) on direct_uploads to holdout_web;

-- As every table that names files people sent is counted: see `migrations/*_quotas.sql`.
create function count_files_of_direct_uploads() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        perform count_stored('competition', o.id, 'other', o.bytes, true)
        from (select f.competition_id as id, sum(f.size_bytes)::bigint as bytes from come f group by 1 order by 1) o;
        perform count_stored('person', o.id, 'other', o.bytes, true)
        from (select f.user_id as id, sum(f.size_bytes)::bigint as bytes from come f group by 1 order by 1) o;
    else
        perform count_stored('competition', o.id, 'other', -o.bytes, false)
        from (select f.competition_id as id, sum(f.size_bytes)::bigint as bytes from gone f group by 1 order by 1) o;
        perform count_stored('person', o.id, 'other', -o.bytes, false)
        from (select f.user_id as id, sum(f.size_bytes)::bigint as bytes from gone f group by 1 order by 1) o;
    end if;
    return null;
end
$$;
create trigger count_come after insert on direct_uploads referencing new table as come
    for each statement execute function count_files_of_direct_uploads();
create trigger count_gone after delete on direct_uploads referencing old table as gone
    for each statement execute function count_files_of_direct_uploads();
