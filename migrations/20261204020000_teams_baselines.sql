-- no-transaction
-- The baselines of a competition: few, whatever number of teams stands beside them.
create index concurrently teams_baselines on teams (competition_id, id) where is_baseline;
