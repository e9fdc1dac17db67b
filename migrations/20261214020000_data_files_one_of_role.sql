-- no-transaction
-- What checks and scores are made with is one file each. Training data may be several.
create unique index concurrently data_files_one_of_role on data_files (competition_id, role)
where role in ('test', 'sample_submission', 'history');
