-- Files of submissions that count for nothing can be let go after a competition, where an administrator says so. The row
-- stays with score, hash and receipt. How long unfinished uploads wait is set there too.

alter table retention_settings
    drop constraint retention_settings_what_check,
    add constraint retention_settings_what_check check (what in
        ('sessions', 'sign_ins', 'addresses', 'mails', 'deliveries', 'notifications', 'log', 'submission_files', 'uploads'));

alter table submissions add column file_gone_at timestamptz; -- no file lies under its key any more

-- How far a competition's submissions were looked at. Those that come later are looked at once they are old enough.
create table files_let_go (
    competition_id bigint primary key references competitions on delete cascade,
    looked_upto bigint not null default 0, -- a submission
    n_gone bigint not null default 0 check (n_gone >= 0),
    last_gone_at timestamptz,
    constraint files_let_go_when check ((n_gone = 0) = (last_gone_at is null))
);
grant select on files_let_go to holdout_web, holdout_scorer;

create function count_gone_file() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform count_stored('competition', new.competition_id, 'submissions', -new.size_bytes, false);
    perform count_stored('person', new.user_id, 'submissions', -new.size_bytes, false);
    return null;
end
$$;
create trigger count_gone_file after update of file_gone_at on submissions
    for each row when (old.file_gone_at is null and new.file_gone_at is not null) execute function count_gone_file();

-- The next competition with files to look at: over for as long as asked, settled, and with nothing under way that reads files.
create function next_with_old_files(p_before timestamptz, p_after bigint) returns bigint
language sql stable security definer set search_path = public, pg_temp
as $$
    select c.id
    from competitions c
    left join files_let_go g on g.competition_id = c.id
    where c.id > p_after and c.settled_at is not null and c.ends_at < p_before
      and exists (
        select from (
            select s.received_at from submissions s
            where s.competition_id = c.id and s.id > coalesce(g.looked_upto, 0)
            order by s.id limit 1
        ) first
        where first.received_at < p_before
      )
    order by c.id
    limit 1
$$;

-- Lets the files of the next submissions go that were received before p_before and that no result rests on, and gives the
-- keys under which they lie. What stays, whatever is asked: all until thirty days after the end, the time in which results
-- are appealed; what a team selected; what stands on a board of any version; what still waits, or has no score by a fault
-- of ours. Null: nothing is left to look at, or another server does it.
create function let_go_of_files(p_competition_id bigint, p_before timestamptz, p_limit integer) returns text[]
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    upto bigint;
    last_seen bigint;
    gone bigint[];
    keys text[];
begin
    perform from competitions
    where id = p_competition_id and settled_at is not null
      and ends_at < least(p_before, clock_now() - interval '30 days')
    for no key update skip locked;
    if not found
        or exists (select from jobs where competition_id = p_competition_id and state = 'queued')
        or exists (select from jobs where competition_id = p_competition_id and state = 'leased')
        or exists (select from verifications where competition_id = p_competition_id and finished_at is null)
        or exists (
            select from scoring_versions
            where competition_id = p_competition_id and stage in ('draft', 'rescoring')
        ) then
        return null;
    end if;
    insert into files_let_go (competition_id) values (p_competition_id) on conflict do nothing;
    select looked_upto into upto from files_let_go where competition_id = p_competition_id for update;

    with batch as materialized (
        select s.id, s.received_at, s.file_gone_at is null and s.selected_at is null and s.state in ('scored', 'rejected')
               and not exists (
                    select from board_entries b
                    where b.competition_id = s.competition_id and b.team_id = s.team_id and b.submission_id = s.id)
               and not exists (
                    select from final_entries f
                    where f.competition_id = s.competition_id and f.team_id = s.team_id and f.submission_id = s.id)
               as is_free
        from submissions s
        where s.competition_id = p_competition_id and s.id > upto
        order by s.id
        limit p_limit
    ), young as (
        select min(id) as id from batch where received_at >= least(p_before, clock_now() - interval '30 days')
    ), old as (
        select b.id, b.is_free from batch b, young y where y.id is null or b.id < y.id
    )
    select max(id), coalesce(array_agg(id order by id) filter (where is_free), '{}') into last_seen, gone from old;
    if last_seen is null then
        return null;
    end if;

    -- The counters in their order, as everybody takes them.
    perform from stored_of_competitions where competition_id = p_competition_id for update;
    perform from stored_of_people
    where user_id in (select user_id from submissions where id = any (gone))
    order by user_id for update;
    with freed as (
        update submissions set file_gone_at = clock_now() where id = any (gone) returning storage_key
    )
    select coalesce(array_agg(storage_key), '{}') into keys from freed;
    update files_let_go
    set looked_upto = last_seen, n_gone = n_gone + cardinality(keys),
        last_gone_at = case when cardinality(keys) > 0 then clock_now() else last_gone_at end
    where competition_id = p_competition_id;
    return keys;
end
$$;
revoke all on function next_with_old_files(timestamptz, bigint) from public;
revoke all on function let_go_of_files(bigint, timestamptz, integer) from public;
grant execute on function next_with_old_files(timestamptz, bigint) to holdout_web;
grant execute on function let_go_of_files(bigint, timestamptz, integer) to holdout_web;

-- No score is computed again of what is not there.
create function verify_what_is_there() returns trigger
language plpgsql
as $$
begin
    if exists (select from submissions where id = new.submission_id and file_gone_at is not null) then
        return null;
    end if;
    return new;
end
$$;
create trigger verify_what_is_there before insert on jobs
    for each row when (new.kind = 'verify') execute function verify_what_is_there();
