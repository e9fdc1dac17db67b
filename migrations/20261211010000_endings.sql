-- Whoever takes part is told how a competition ended, once its final board stands, and again where the board changes afterwards.
-- Competitions whose final board stood before have no row: nobody is told of them.

create table endings (
    competition_id bigint primary key references competitions on delete cascade,
    due_at timestamptz, -- from when on the board is compared with what teams were told; null: it is as they were told
    after_team_id bigint not null default 0, -- teams up to this one were compared in the round that is under way
    told_at timestamptz -- when the first round was over
);
create index endings_due on endings (due_at) where due_at is not null;

-- What each team was told last.
create table told_places (
    team_id bigint primary key references teams on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    rank integer, -- null: not on the final board
    medal text check (medal in ('gold', 'silver', 'bronze')),
    constraint told_places_medals_have_ranks check (medal is null or rank is not null)
);
create index told_places_by_competition on told_places (competition_id);

grant select, insert, update on endings, told_places to holdout_web;

-- As before; a board that is made anew is compared with what was told of it.
create or replace function make_final_board(p_competition_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
begin
    if not exists (select from competitions c where c.id = p_competition_id and is_over(c)) then
        raise exception 'no final board stands before the end';
    end if;
    delete from final_entries where competition_id = p_competition_id and version_id = p_version_id;
    insert into final_entries
        (competition_id, version_id, team_id, rank, public_rank, submission_id, private_score, public_score,
         was_selected, n_entries, last_entry_at, mean_rank, part_ranks, part_scores, public_mean_rank,
         public_part_ranks, public_part_scores)
    select p_competition_id, p_version_id, f.*
    from final_board(p_competition_id, p_version_id) f;
    -- Whoever has another place or medal now is told of it: after a pause, so that decisions in a row are told together.
    update endings
    set due_at = case when told_at is null then due_at else clock_now() + interval '10 minutes' end, after_team_id = 0
    where competition_id = p_competition_id;
    delete from final_baselines where competition_id = p_competition_id and version_id = p_version_id;
    if not exists (select from teams where competition_id = p_competition_id and is_baseline) then
        return;
    end if;
    insert into final_baselines
        (competition_id, version_id, team_id, n_above, n_above_public, submission_id, private_score, public_score,
         n_entries, last_entry_at, mean_rank, part_ranks, part_scores, public_mean_rank, public_part_ranks,
         public_part_scores)
    with counting as materialized (
        select * from counting_entries(p_competition_id, p_version_id, true)
    ), ranked as materialized (
        select f.team_id, f.submission_id, f.part_scores, f.public_part_scores, f.private_score * v.sign as private_key,
               f.public_score * v.sign as public_key, s.received_at
        from final_entries f
        join submissions s on s.id = f.submission_id
        cross join (select case when higher_is_better then -1 else 1 end as sign
                    from scoring_versions where id = p_version_id) v
        where f.competition_id = p_competition_id and f.version_id = p_version_id
    )
    select p_competition_id, p_version_id, c.team_id, private.n_above, public.n_above, c.id, c.private_score, c.public_score,
           c.n_entries, c.last_at, private.mean_rank, private.part_ranks, c.private_parts, public.mean_rank,
           public.part_ranks, c.part_scores
    from counting c
    join baseline_places(
        array(select row(k.team_id, k.id, k.private_parts, k.private_key, k.received_at)::ranked_entry from counting k),
        array(select row(r.team_id, r.submission_id, r.part_scores, r.private_key, r.received_at)::ranked_entry from ranked r),
        parts_of_version(p_version_id)) private on private.team_id = c.team_id
    join baseline_places(
        array(select row(k.team_id, k.id, k.part_scores, k.rank_key, k.received_at)::ranked_entry from counting k),
        array(select row(r.team_id, r.submission_id, r.public_part_scores, r.public_key, r.received_at)::ranked_entry
              from ranked r),
        parts_of_version(p_version_id)) public on public.team_id = c.team_id;
end
$$;

-- As before; that the final board stands for the first time is to be told.
create or replace function settle_competition(p_competition_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c record;
begin
    select k.id, k.active_version_id, k.settled_at into c
    from competitions k
    where k.id = p_competition_id and is_over(k)
    for update of k;
    if not found then
        return false;
    end if;
    if exists (
        select from submissions
        where competition_id = p_competition_id and state in ('queued', 'scoring') and not is_late
    ) then
        return false;
    end if;
    -- Counted submissions that the active version has not scored yet: published a moment ago.
    if exists (
        select from jobs
        where version_id = c.active_version_id and kind = 'rescore' and state in ('queued', 'leased')
    ) then
        return false;
    end if;
    perform make_final_board(p_competition_id, c.active_version_id);
    if c.settled_at is null then
        insert into final_teams (team_id, competition_id, n_members)
        select team_id, competition_id, count(*)
        from team_members
        where competition_id = p_competition_id
        group by team_id, competition_id
        on conflict (team_id) do nothing;
        -- Who takes part in what came as an archive of a contest that was over knows how it ended.
        insert into endings (competition_id, due_at)
        select id, clock_now() from competitions
        where id = p_competition_id and (imported_at is null or imported_at < ends_at)
        on conflict (competition_id) do nothing;
    end if;
    update competitions
    set settled_at = coalesce(settled_at, clock_now()), board_revision = board_revision + 1
    where id = p_competition_id;
    return true;
end
$$;
