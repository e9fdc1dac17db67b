-- no-transaction
-- Which of a team's files a Ladder looks at, of which an index alone is read.
create index concurrently submissions_on_ladders on submissions (team_id, id)
    where not is_late and state in ('queued', 'scoring', 'scored');
