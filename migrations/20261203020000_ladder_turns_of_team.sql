-- no-transaction
-- A team's files on a Ladder, in the order in which they were judged.
create index concurrently ladder_turns_of_team on ladder_turns (team_id, turn) include (submission_id);
