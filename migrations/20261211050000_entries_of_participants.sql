-- A competition's entries are those of participants: what its hosts sent to be compared with was counted among them.

-- locks: some rows of competitions that have baselines
update competitions c
set n_entries = greatest(c.n_entries - sent.n, 0)
from (
    select t.competition_id, count(*)::integer as n
    from teams t
    join submissions s on s.team_id = t.id
    where t.is_baseline and s.state = 'scored' and not s.is_late
    group by t.competition_id
) sent
where sent.competition_id = c.id;
