-- What an installation of the release whose newest migration is 20261128050100 holds, for the migrations that came
-- after it. Frozen with that release: a column that came later has no place here.
set session_replication_role = replica;

insert into users (username, email, display_name, password_hash)
select 'person-' || i, 'person-' || i || '@people.test', 'Person ' || i, '!' from generate_series(1, 1000) i;

insert into competitions (slug, title, created_by, launched_at, starts_at, entry_deadline_at, merger_deadline_at,
                          ends_at, active_version_id, settled_at)
select 'old-' || i, 'Old competition ' || i, 1, now() - interval '90 days' * (i % 9 + 1), now() - interval '90 days' * (i % 9 + 1),
       now() - interval '40 days', now() - interval '40 days', now() - interval '30 days', 1, now() - interval '29 days'
from generate_series(1, 200) i;

insert into competition_hosts (competition_id, user_id)
select id, 1 + id % 1000 from competitions on conflict do nothing;

insert into teams (competition_id, name)
select id, 'Team ' || t from competitions cross join generate_series(1, 6) t where slug like 'old-%';

insert into team_members (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
select competition_id, id, 1 + id % (select count(*) from users), true, now(), now()
from teams where competition_id in (select id from competitions where slug like 'old-%')
on conflict do nothing;

insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes,
                         sha256, state, scored_at)
select t.competition_id, t.id, 1 + t.id % 1000, now() - interval '60 days', false, 'predictions.csv',
       'old/' || t.id || '/' || n, 1000, sha256(int8send(t.id)), 'scored', now()
from teams t cross join generate_series(1, 3) n
where t.competition_id in (select id from competitions where slug like 'old-%');

insert into scores (submission_id, version_id, team_id, received_at, is_late, public_score, rank_key, submission_sha256,
                    solution_sha256, engine_version, scored_at)
select id, 1, team_id, received_at, false, 1.0 + id % 3, 1.0 + id % 3, sha256, sha256('old'), 'old', now()
from submissions
where competition_id in (select id from competitions where slug like 'old-%');

insert into board_entries (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries,
                           last_entry_at)
select distinct on (s.team_id) s.competition_id, 1, s.team_id, s.id, x.public_score, x.rank_key, s.received_at, 3, s.received_at
from submissions s
join scores x on x.submission_id = s.id
where s.competition_id in (select id from competitions where slug like 'old-%')
order by s.team_id, x.rank_key, s.received_at, s.id;

insert into end_reminders (competition_id, hours, told_at)
select id, hours, now() from competitions cross join (values (72), (24)) kinds (hours) where slug like 'old-%';

insert into competition_tallies (competition_id, counted_at) select id, now() from competitions where slug like 'old-%';

insert into competition_days (competition_id, day, n_received, n_scored, n_rejected, n_failed, n_teams, n_joined)
select id, current_date - 60 - d, 3, 2, 1, 0, 1, 1
from competitions cross join generate_series(1, 10) d where slug like 'old-%';

insert into competition_day_rejections (competition_id, day, kind, n)
select competition_id, day, 'missing_ids', 1 from competition_days;

insert into jobs (kind, priority, turn, competition_id, team_id, submission_id, state, finished_at)
select 'score', 0, 0, competition_id, team_id, id, 'done', now() from submissions;
insert into jobs (kind, priority, turn, competition_id, state) select 'ranks', 8, id, id, 'queued' from competitions;

insert into scorers (id, host, engine_version, started_at, last_seen_at)
values (gen_random_uuid(), 'here', 'holdout-scorer 0.1.0', now(), now());
insert into mails (to_address, subject, body, created_at, next_attempt_at)
select email, 'News', 'Text', now(), now() from users;

set session_replication_role = origin;
