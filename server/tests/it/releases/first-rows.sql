-- What the rows below need, and a database after years of use has: people, private scores, work that waits.
set session_replication_role = replica;

insert into users (username, email, display_name, password_hash)
select 'person-' || i, 'person-' || i || '@people.test', 'Person ' || i, '!' from generate_series(1, 1000) i;

insert into private_scores (submission_id, version_id, private_score) select i, 1, 0.5 from generate_series(1, 3000) i;

insert into jobs (kind, priority, turn, competition_id, state) select 'ranks', 8, i, i, 'queued' from generate_series(1, 500) i;

