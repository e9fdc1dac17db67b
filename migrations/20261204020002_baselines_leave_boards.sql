-- Baselines of demonstrations and archives had ranks: boards on which they were are made anew.

-- locks: some rows of competitions that have baselines, which demonstrations and archives alone had
do $$
declare
    board record;
begin
    for board in
        select t.competition_id as id, count(*)::integer as n, array_agg(t.id) as teams
        from teams t
        where t.is_baseline
        group by t.competition_id
        order by t.competition_id
    loop
        delete from board_entries where competition_id = board.id and team_id = any (board.teams);
        perform make_final_board(f.competition_id, f.version_id)
        from (
            select distinct competition_id, version_id from final_entries
            where competition_id = board.id and team_id = any (board.teams)
        ) f;
        update competitions
        set n_teams = greatest(n_teams - board.n, 0), board_revision = board_revision + 1
        where id = board.id;
    end loop;
end
$$;
