-- no-transaction
-- Of a team's files, those that wait to be judged the first time: however many others wait on the site, none of them is read.
create index concurrently submissions_open_of_team on submissions (team_id, id)
    where not is_late and state in ('queued', 'scoring');
