-- Ranges of ranks that were found out among other teams than stand on a board are not shown: whoever lost a place since, by a merge,
-- a decision of the hosts or a new score, moves everybody below.

alter table competitions
    add column teams_left_revision bigint not null default 0; -- of the board, when a team last left it

create function team_left_board() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update competitions c set teams_left_revision = c.board_revision
    where c.id = old.competition_id and c.active_version_id = old.version_id
      and not exists (
        select from board_entries b
        where b.competition_id = old.competition_id and b.version_id = old.version_id and b.team_id = old.team_id);
    return null;
end
$$;
revoke all on function team_left_board() from public;

-- At the end of the transaction, which counts up the revision and may have put the team back.
-- locks: no row is read, and writers of scores wait for a moment
create constraint trigger board_entries_team_left after delete on board_entries
    deferrable initially deferred for each row execute function team_left_board();

-- As before, but for looks among other teams. That nothing can be known holds for any teams.
create or replace view shown_rank_summaries as
    select r.* from rank_summaries r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where (r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null))
      and (r.absent is not null or r.board_revision >= c.teams_left_revision);
