-- Room for files: how many bytes of each person and of each competition are kept, counted in the transaction that records
-- a file or lets it go, and how many may be. What the platform makes of them for itself (drawn notebooks, influence
-- values, covariances) can be made anew and is not counted.

create table stored_of_people (
    user_id bigint primary key references users,
    data_bytes bigint not null default 0 check (data_bytes >= 0), -- of competitions that they made
    submission_bytes bigint not null default 0 check (submission_bytes >= 0),
    notebook_bytes bigint not null default 0 check (notebook_bytes >= 0), -- versions, and what runs of them made
    other_bytes bigint not null default 0 check (other_bytes >= 0), -- images, checks, bundles, uploads on their way
    used_bytes bigint not null generated always as (data_bytes + submission_bytes + notebook_bytes + other_bytes) stored,
    allowed_bytes bigint check (allowed_bytes between 0 and 1000000000000000) -- null: what the site allows
) with (fillfactor = 70);
create index stored_of_people_largest on stored_of_people (used_bytes desc, user_id desc);

create table stored_of_competitions (
    competition_id bigint primary key references competitions on delete cascade,
    data_bytes bigint not null default 0 check (data_bytes >= 0), -- data, solutions, labelled tables, metrics
    submission_bytes bigint not null default 0 check (submission_bytes >= 0),
    notebook_bytes bigint not null default 0 check (notebook_bytes = 0), -- notebooks are their authors'
    other_bytes bigint not null default 0 check (other_bytes >= 0), -- uploads on their way
    used_bytes bigint not null generated always as (data_bytes + submission_bytes + notebook_bytes + other_bytes) stored,
    allowed_bytes bigint check (allowed_bytes between 0 and 1000000000000000) -- null: what the site allows
) with (fillfactor = 70);
create index stored_of_competitions_largest on stored_of_competitions (used_bytes desc, competition_id desc);

alter table site_settings
    add column person_bytes bigint not null default 50000000000 check (person_bytes between 0 and 1000000000000000),
    add column competition_bytes bigint not null default 500000000000
        check (competition_bytes between 0 and 1000000000000000);

-- The whole site, added up once an hour from what is counted of people: each file is somebody's.
create table stored_in_all (
    is_only boolean primary key default true check (is_only),
    data_bytes bigint not null,
    submission_bytes bigint not null,
    notebook_bytes bigint not null,
    other_bytes bigint not null,
    added_up_at timestamptz not null
);

grant select on stored_of_people, stored_of_competitions to holdout_web;
grant insert (user_id, allowed_bytes), update (allowed_bytes) on stored_of_people to holdout_web;
grant insert (competition_id, allowed_bytes), update (allowed_bytes) on stored_of_competitions to holdout_web;
grant select, insert, update on stored_in_all to holdout_web;

-- Null where the table was sent before its size was kept.
alter table labelled_tables add column sealed_bytes bigint check (sealed_bytes > 0);

-- The row that is counted in stays locked until the transaction ends, so that of two files for the last room one is
-- refused, whichever servers take them. What scorers make of a host's own table is counted and not refused: they say so
-- by a setting of their transaction.
create function count_stored(p_owner text, p_id bigint, p_kind text, p_bytes bigint, p_is_refused boolean) returns void
language plpgsql set search_path = public, pg_temp
as $$
declare
    used bigint;
    allowed bigint;
begin
    if p_id is null or p_bytes = 0 then
        return;
    end if;
    for turn in 1..2 loop
        if p_owner = 'person' then
            update stored_of_people
            set data_bytes = data_bytes + case p_kind when 'data' then p_bytes else 0 end,
                submission_bytes = submission_bytes + case p_kind when 'submissions' then p_bytes else 0 end,
                notebook_bytes = notebook_bytes + case p_kind when 'notebooks' then p_bytes else 0 end,
                other_bytes = other_bytes + case p_kind when 'other' then p_bytes else 0 end
            where user_id = p_id
            returning used_bytes, coalesce(allowed_bytes, (select person_bytes from site_settings)) into used, allowed;
        else
            update stored_of_competitions
            set data_bytes = data_bytes + case p_kind when 'data' then p_bytes else 0 end,
                submission_bytes = submission_bytes + case p_kind when 'submissions' then p_bytes else 0 end,
                other_bytes = other_bytes + case p_kind when 'other' then p_bytes else 0 end
            where competition_id = p_id
            returning used_bytes, coalesce(allowed_bytes, (select competition_bytes from site_settings))
            into used, allowed;
        end if;
        exit when found or p_bytes < 0; -- whose competition is gone has no counter
        if p_owner = 'person' then
            insert into stored_of_people (user_id) values (p_id) on conflict do nothing;
        else
            insert into stored_of_competitions (competition_id) values (p_id) on conflict do nothing;
        end if;
    end loop;
    if p_bytes > 0 and used > allowed and p_is_refused
        and current_setting('holdout.counts_only', true) is distinct from 'yes' then
        raise exception 'no room for % bytes', p_bytes using
            errcode = 'check_violation',
            constraint = 'stored_of_' || p_owner || '_fits',
            detail = json_build_object('used', used - p_bytes, 'allowed', allowed, 'asked', p_bytes)::text;
    end if;
end
$$;
revoke all on function count_stored(text, bigint, text, bigint, boolean) from public;

-- A pair of triggers for each table that names files people sent: whose a row is, its kind, its bytes, and whether more of
-- it is refused where there is no room. Competitions are counted before people and each in the order of their ids, so that
-- no two transactions wait for each other. What is counted from now on stands here at once; what was there before is
-- added up in one reading of each table, at about a second a million rows, while nothing is written to it.
create temporary table counted_before (owner text, id bigint, kind text, bytes bigint) on commit drop;
do $do$
declare
    t record;
    maker text := '(select c.created_by from competitions c where c.id = f.competition_id)';
    author text := '(select n.owner_id from notebooks n join subjects s on s.id = n.id
                      where n.id = f.notebook_id and s.deleted_at is null)';
begin
    for t in
        select * from (values
            ('submissions', 'f.competition_id', 'f.user_id', 'submissions', 'f.size_bytes', true),
            ('file_checks', 'null::bigint', 'f.user_id', 'other', 'f.size_bytes', true),
            ('uploads', 'f.competition_id', 'f.user_id', 'other', 'case when f.spent_at is null then f.total_bytes else 0 end', true),
            ('data_files', 'f.competition_id', maker, 'data', 'f.size_bytes', true),
            ('solutions', 'f.competition_id', maker, 'data', 'f.sealed_bytes', true),
            ('labelled_tables', 'f.competition_id', maker, 'data', 'coalesce(f.sealed_bytes, 0)', true),
            ('custom_metrics', 'f.competition_id', maker, 'data', 'octet_length(f.source)', true),
            ('notebook_versions', 'null::bigint', author, 'notebooks', 'f.size_bytes', true),
            ('images', 'null::bigint', 'f.owner_id', 'other', 'f.size_bytes', true),
            ('bundle_files', 'null::bigint', '(select b.owner_id from bundles b where b.id = f.bundle_id)', 'other',
             'f.size_bytes', true),
            ('notebook_runs', 'null::bigint', author, 'notebooks', 'coalesce(f.executed_bytes, 0)', false),
            ('notebook_run_files', 'null::bigint',
             '(select n.owner_id from notebook_runs r join notebooks n on n.id = r.notebook_id join subjects s on s.id = n.id
               where r.id = f.run_id and s.deleted_at is null)', 'notebooks', 'f.size_bytes', false)
        ) tables (name, competition, person, kind, bytes, is_refused)
    loop
        execute format($f$
            create function count_files_of_%1$s() returns trigger
            language plpgsql security definer set search_path = public, pg_temp
            as $body$
            begin
                if tg_op = 'INSERT' then
                    perform count_stored('competition', o.id, %4$L, o.bytes, %6$L)
                    from (select %2$s as id, sum(%5$s)::bigint as bytes from come f group by 1 order by 1) o;
                    perform count_stored('person', o.id, %4$L, o.bytes, %6$L)
                    from (select %3$s as id, sum(%5$s)::bigint as bytes from come f group by 1 order by 1) o;
                else
                    perform count_stored('competition', o.id, %4$L, -o.bytes, false)
                    from (select %2$s as id, sum(%5$s)::bigint as bytes from gone f group by 1 order by 1) o;
                    perform count_stored('person', o.id, %4$L, -o.bytes, false)
                    from (select %3$s as id, sum(%5$s)::bigint as bytes from gone f group by 1 order by 1) o;
                end if;
                return null;
            end
            $body$;
            create trigger count_come after insert on %1$s referencing new table as come
                for each statement execute function count_files_of_%1$s();
            create trigger count_gone after delete on %1$s referencing old table as gone
                for each statement execute function count_files_of_%1$s();
            insert into counted_before
            select 'competition', %2$s, %4$L, sum(%5$s)::bigint from %1$s f group by 2
            union all
            select 'person', %3$s, %4$L, sum(%5$s)::bigint from %1$s f group by 2
            $f$, t.name, t.competition, t.person, t.kind, t.bytes, t.is_refused);
    end loop;
end
$do$;
insert into stored_of_people (user_id, data_bytes, submission_bytes, notebook_bytes, other_bytes)
select id, coalesce(sum(bytes) filter (where kind = 'data'), 0), coalesce(sum(bytes) filter (where kind = 'submissions'), 0),
       coalesce(sum(bytes) filter (where kind = 'notebooks'), 0), coalesce(sum(bytes) filter (where kind = 'other'), 0)
from counted_before where owner = 'person' and id is not null group by id;
insert into stored_of_competitions (competition_id, data_bytes, submission_bytes, other_bytes)
select id, coalesce(sum(bytes) filter (where kind = 'data'), 0), coalesce(sum(bytes) filter (where kind = 'submissions'), 0),
       coalesce(sum(bytes) filter (where kind = 'other'), 0)
from counted_before where owner = 'competition' and id is not null group by id;

-- An upload is no longer on its way once it is spent: what it was spent on is counted in the same transaction.
create function count_upload_anew() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    before bigint := case when old.spent_at is null then old.total_bytes else 0 end;
    after bigint := case when new.spent_at is null then new.total_bytes else 0 end;
begin
    perform count_stored('competition', new.competition_id, 'other', after - before, true);
    perform count_stored('person', new.user_id, 'other', after - before, true);
    return null;
end
$$;
create trigger count_anew after update of spent_at, total_bytes on uploads
    for each row when (old.spent_at is distinct from new.spent_at or old.total_bytes <> new.total_bytes)
    execute function count_upload_anew();

create function count_run() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform count_stored('person', n.owner_id, 'notebooks',
        coalesce(new.executed_bytes, 0) - coalesce(old.executed_bytes, 0), false)
    from notebooks n join subjects s on s.id = n.id
    where n.id = new.notebook_id and s.deleted_at is null;
    return null;
end
$$;
create trigger count_anew after update of executed_bytes on notebook_runs
    for each row when (old.executed_bytes is distinct from new.executed_bytes) execute function count_run();

-- What leaves with its owner's row is counted while that still says whose it was.
create function count_files_of_run() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform count_stored('person', n.owner_id, 'notebooks', -f.bytes, false)
    from notebooks n
    join subjects s on s.id = n.id,
         (select coalesce(sum(size_bytes), 0)::bigint as bytes from notebook_run_files where run_id = old.id) f
    where n.id = old.notebook_id and s.deleted_at is null;
    return old;
end
$$;
create trigger count_files before delete on notebook_runs for each row execute function count_files_of_run();

create function count_files_of_bundle() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform count_stored('person', old.owner_id, 'other',
        -(select coalesce(sum(size_bytes), 0)::bigint from bundle_files where bundle_id = old.id), false);
    return old;
end
$$;
create trigger count_files before delete on bundles for each row execute function count_files_of_bundle();

-- Rows of a notebook that its author deleted stay, and none of its files.
create function count_deleted_notebook() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform count_stored('person', n.owner_id, 'notebooks', -(
        (select coalesce(sum(size_bytes), 0) from notebook_versions where notebook_id = n.id)
        + (select coalesce(sum(executed_bytes), 0) from notebook_runs where notebook_id = n.id)
        + (select coalesce(sum(f.size_bytes), 0) from notebook_runs r join notebook_run_files f on f.run_id = r.id
           where r.notebook_id = n.id))::bigint, false)
    from notebooks n where n.id = new.id;
    return null;
end
$$;
create trigger count_deleted after update of deleted_at on subjects
    for each row when (new.kind = 'notebook' and old.deleted_at is null and new.deleted_at is not null)
    execute function count_deleted_notebook();
