-- A team that is disqualified is not counted among those that take part, as long as it lasts.

-- locks: only competitions with a disqualified team change, which are few
update competitions c
set n_teams = greatest(n_teams - gone.n, 0), board_revision = board_revision + 1
from (
    select d.competition_id, count(*)::integer as n
    from disqualifications d
    join teams t on t.id = d.team_id and t.is_live and not t.is_baseline
    where d.submission_id is null and d.lifted_at is null
    group by d.competition_id
) gone
where c.id = gone.competition_id;
