-- How many people a finish is shared among: counted once, when the board first stands, so that no account
-- that is removed later changes what others won.

create table final_teams (
    team_id bigint primary key,
    competition_id bigint not null,
    n_members integer not null check (n_members > 0),
    n_gone integer not null default 0 check (n_gone between 0 and n_members), -- whose accounts were removed since
    foreign key (competition_id, team_id) references teams (competition_id, id) on delete cascade
);
create index final_teams_by_competition on final_teams (competition_id);
grant select on final_teams to holdout_web;

insert into final_teams (team_id, competition_id, n_members)
select m.team_id, m.competition_id, count(*)
from team_members m
join competitions c on c.id = m.competition_id and c.settled_at is not null
group by m.team_id, m.competition_id;

create function final_team_loses_account() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update final_teams set n_gone = n_gone + 1 where team_id = old.team_id;
    return null;
end
$$;
revoke all on function final_team_loses_account() from public;
create trigger team_members_leave_final_teams after delete on team_members
    for each row execute function final_team_loses_account();

-- As before, and counts the people of every team the first time.
create or replace function settle_competition(p_competition_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c record;
begin
    select id, active_version_id, settled_at into c
    from competitions
    where id = p_competition_id and launched_at is not null and ends_at <= clock_now()
    for update;
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
    end if;
    update competitions
    set settled_at = coalesce(settled_at, clock_now()), board_revision = board_revision + 1
    where id = p_competition_id;
    return true;
end
$$;

-- A final board as it is stored, beside the one that submissions, scores, selections and decisions give now.
-- No row before the end.
create function recomputed_board(p_competition_id bigint)
returns table (
    team_id bigint, is_same boolean,
    stored_rank integer, stored_public_rank integer, stored_submission_id bigint,
    stored_private_score double precision, stored_public_score double precision, stored_n_members integer,
    given_rank integer, given_public_rank integer, given_submission_id bigint,
    given_private_score double precision, given_public_score double precision, given_n_members integer)
language sql stable security definer set search_path = public, pg_temp
as $$
    with settled as materialized (
        select id, active_version_id as version_id from competitions
        where id = p_competition_id and settled_at is not null and ends_at <= clock_now()
    ), stored as materialized (
        select f.team_id, f.rank, f.public_rank, f.submission_id, f.private_score, f.public_score, f.was_selected,
               f.n_entries, f.last_entry_at, f.mean_rank, f.part_ranks, f.part_scores, f.public_mean_rank,
               f.public_part_ranks, f.public_part_scores,
               (select t.n_members from final_teams t where t.team_id = f.team_id) as n_members
        from settled c
        join final_entries f on f.competition_id = c.id and f.version_id = c.version_id
    ), given as materialized (
        select f.*, nullif((
            select count(*) from team_members m where m.team_id = f.team_id
        ) + coalesce((select t.n_gone from final_teams t where t.team_id = f.team_id), 0), 0)::integer as n_members
        from settled c
        cross join lateral final_board(c.id, c.version_id) f
    )
    select coalesce(s.team_id, g.team_id), s is not distinct from g,
           s.rank, s.public_rank, s.submission_id, s.private_score, s.public_score, s.n_members,
           g.rank, g.public_rank, g.submission_id, g.private_score, g.public_score, g.n_members
    from stored s
    full join given g on g.team_id = s.team_id
$$;
revoke all on function recomputed_board(bigint) from public;
grant execute on function recomputed_board(bigint) to holdout_web;
