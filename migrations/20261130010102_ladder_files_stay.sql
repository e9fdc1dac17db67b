-- Files that a Ladder released are not let go: later ones were judged against them, and are again when scores are verified.

-- As before, without what was released under any version.
create or replace function let_go_of_files(p_competition_id bigint, p_before timestamptz, p_limit integer) returns text[]
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
               and not exists (select from scores x where x.submission_id = s.id and x.ladder_step = 'released')
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
