-- Rows for the tables that the synthetic competition leaves small, so that plans are made for
-- tables as they are after years of use: many competitions, people who come back, old mail.
set session_replication_role = replica;

insert into competitions (slug, title, created_by, launched_at, starts_at, entry_deadline_at, merger_deadline_at,
                          ends_at, active_version_id, settled_at, ladder)
select 'old-' || i, 'Old competition ' || i, 1 + i % 1000, now() - interval '90 days' * (i % 9 + 1), now() - interval '90 days' * (i % 9 + 1),
       now() - interval '40 days', now() - interval '40 days', now() - interval '30 days', 1, now() - interval '29 days', 'off'
from generate_series(1, 5000) i;

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

insert into exact_public_scores (submission_id, version_id, public_score)
select submission_id, version_id, public_score from scores where engine_version = 'old';

insert into ladder_turns (submission_id, turn, team_id)
select submission_id, 1000000 + submission_id, team_id from scores where engine_version = 'old';

insert into ladder_reach (team_id, version_id, turn)
select team_id, 1, max(turn) - 1 from ladder_turns group by team_id;

insert into board_entries (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries,
                           last_entry_at)
select distinct on (s.team_id) s.competition_id, 1, s.team_id, s.id, x.public_score, x.rank_key, s.received_at, 3, s.received_at
from submissions s
join scores x on x.submission_id = s.id
where s.competition_id in (select id from competitions where slug like 'old-%')
order by s.team_id, x.rank_key, s.received_at, s.id;

insert into end_reminders (competition_id, hours, told_at)
select id, hours, now() from competitions cross join (values (72), (24)) kinds (hours) where slug like 'old-%';

insert into endings (competition_id, told_at) select id, now() from competitions where slug like 'old-%';

insert into told_places (team_id, competition_id, rank)
select t.id, t.competition_id, 1 from teams t join competitions c on c.id = t.competition_id
where c.slug like 'old-%' and not t.is_baseline;

insert into competition_tallies (competition_id, counted_at) select id, now() from competitions where slug like 'old-%';

insert into competition_days (competition_id, day, n_received, n_scored, n_rejected, n_failed, n_teams, n_joined)
select id, current_date - 60 - d, 3, 2, 1, 0, 1, 1
from competitions cross join generate_series(1, 10) d where slug like 'old-%';

insert into competition_day_rejections (competition_id, day, kind, n)
select competition_id, day, 'missing_ids', 1 from competition_days;

insert into influences (submission_id, version_id, split, storage_key, sealed_sha256)
select submission_id, competition_id, 'public', 'old/influence/' || submission_id, sha256('old')
from board_entries where competition_id in (select id from competitions where slug like 'old-%');

insert into gains (submission_id, version_id, before_id, standard_error)
select submission_id, version_id, submission_id - 1, 0.1 from scores where engine_version = 'old';

insert into rank_summaries (competition_id, version_id, split, board_revision, computed_at, n_units, counts_groups)
select id, id, 'public', 3, now(), 100, false from competitions where slug like 'old-%';

insert into rank_ranges (competition_id, version_id, split, team_id, submission_id, place, rank_low, rank_high,
                         standard_error, difference_errors)
select competition_id, competition_id, 'public', team_id, submission_id, 1, 1, 2, 0.1, '{0}'
from board_entries where competition_id in (select id from competitions where slug like 'old-%');

insert into rank_pictures (competition_id, version_id, board_revision, teams, submissions, is_exact, n_draws, frequencies,
                           p_values)
select id, id, 3, '{1,2}', '{1,2}', false, 2000, '{1500,400,100,500,1500,0}', '{1,0.2,1,1}'
from competitions where slug like 'old-%';

insert into other_metrics (version_id, competition_id, place, metric, params, note, higher_is_better, is_absent)
select id, id, place, 'rmse', '{}', '', false, false
from competitions cross join generate_series(1, 4) place where slug like 'old-%';

insert into other_looks (version_id, competition_id, is_complete)
select id, id, true from competitions where slug like 'old-%';

insert into other_scores (version_id, competition_id, place, submission_id, score)
select competition_id, competition_id, place, submission_id, 0.5
from board_entries cross join generate_series(1, 4) place
where competition_id in (select id from competitions where slug like 'old-%');

insert into version_changes (competition_id, version_id, kind, reason, actor_id, at)
select id, 1, 'publish', 'A label was wrong.', 1 + id % 1000, now()
from competitions cross join generate_series(1, 3) where slug like 'old-%';

insert into version_moves (version_id, team_id, distance, old_rank, new_rank)
select 1, id, id % 100, 1, 2 from teams;

insert into verifications (competition_id, version_id, asked_at, finished_at)
select id, 1, now(), now() from competitions where slug like 'old-%';

insert into verification_faults (verification_id, submission_id, what)
select 1 + id % 2000, id, 'The public score differs.' from submissions where competition_id in (select id from competitions where slug like 'old-%');

insert into probing_signs (submission_id, competition_id, n_rows, n_changed)
select id, competition_id, 1000, 3 from submissions where competition_id in (select id from competitions where slug like 'old-%');

insert into comparisons (competition_id, asked_at, finished_at, failure)
select id, now(), now(), 'The platform could not finish.' from competitions where slug like 'old-%';

insert into similar_pairs (comparison_id, place, first_id, second_id, n_same)
select 1 + id % 2000, 1 + id / 2000, id, id + 1, 7 from submissions;

insert into closings (competition_id, html, confirmed_at, changed_at)
select id, '', now(), now() from competitions where slug like 'old-%';

insert into bulletins (competition_id, event, sentence, posted_by, posted_at, told_at)
select id, 'announced', 'News', 1, now(), now()
from competitions cross join generate_series(1, 20) where slug like 'old-%';
insert into announcements (id, competition_id, title, markdown, html)
select id, competition_id, 'News', 'News', 'News' from bulletins;

insert into changes (competition_id, about, item, verb, changed_at)
select id, 'data', 'train.csv', 'replaced', now()
from competitions cross join generate_series(1, 20) where slug like 'old-%';

insert into page_versions (competition_id, slug, number, title, markdown, edited_at)
select id, 'rules', i, 'Rules', 'Be fair.', now()
from competitions cross join generate_series(1, 20) i where slug like 'old-%';

insert into custom_metrics (competition_id, file_name, source, sha256, uploaded_at)
select id, 'metric.py', 'def score(): pass', sha256('x'), now() from competitions where slug like 'old-%';

insert into metric_failures (submission_id, version_id, report, at)
select id, 1 + id % 2000, 'ValueError', now() from submissions;

insert into final_entries (competition_id, version_id, team_id, rank, public_rank, submission_id, private_score, public_score,
                           was_selected, n_entries, last_entry_at)
select b.competition_id, 1, b.team_id, r, r, b.submission_id, b.public_score, b.public_score, false, b.n_entries, b.last_entry_at
from (select *, row_number() over (partition by competition_id order by rank_key, reached_at, submission_id) r
      from board_entries) b;

insert into final_teams (team_id, competition_id, n_members) select id, competition_id, 1 from teams;

insert into submission_log (competition_id, position, submission_id, entry_hash, nonce, leaf)
select competition_id, row_number() over (partition by competition_id order by id), id, sha256, sha256, sha256
from submissions;

insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at, issuer, subject, sid)
select sha256(int8send(i)), 1 + i % 20000, now(), now(), now() + interval '30 days', 'https://lab.example',
       (1 + i % 20000)::text, i::text
from generate_series(1, 60000) i;

insert into api_tokens (user_id, name, token_hash, hint, scopes, created_at)
select 1 + i % 20000, 'token', sha256(int8send(i)), 'hld_', array['read', 'submit'], now() from generate_series(1, 40000) i;

insert into one_time_links (token_hash, purpose, user_id, created_at, expires_at)
select sha256(int8send(i)), 'reset_password', 1 + i % 20000, now(), now() + interval '1 hour' from generate_series(1, 20000) i;
insert into one_time_links (token_hash, purpose, user_id, created_at, expires_at, email)
select sha256(int8send(20000 + i)), 'confirm_email', i, now(), now() + interval '1 day', 'person-' || i || '@example.org'
from generate_series(1, 20000) i;

insert into account_events (user_id, at, what)
select 1 + i % 20000, now() - make_interval(mins => i), 'signed_in' from generate_series(1, 40000) i;

insert into identities (issuer, subject, user_id, created_at)
select 'https://lab.example', i::text, i, now() from generate_series(1, 20000) i;

insert into link_attempts (token_hash, user_id, issuer, created_at, expires_at)
select sha256(int8send(i)), 1 + i % 20000, 'https://lab.example', now(), now() + interval '10 minutes'
from generate_series(1, 20000) i;

insert into logout_tokens (token_hash, expires_at)
select sha256(int8send(i)), now() + interval '10 minutes' from generate_series(1, 20000) i;

insert into second_factors (user_id, sealed_secret, created_at, confirmed_at)
select i, sha256(int8send(i)) || substring(sha256(int8send(i)) for 16), now(), now() from generate_series(1, 20000) i;

insert into recovery_codes (user_id, code_hash)
select 1 + i % 20000, sha256(int8send(i)) from generate_series(1, 200000) i;

insert into sign_in_challenges (token_hash, user_id, created_at, expires_at, issuer, subject, sid)
select sha256(int8send(i)), 1 + i % 20000, now(), now() + interval '10 minutes', 'https://lab.example',
       (1 + i % 20000)::text, i::text
from generate_series(1, 20000) i;

insert into mails (to_address, subject, body, sent_at)
select 'person' || i || '@synthetic.invalid', 'Reset your password', repeat('x', 400),
       case when i % 1000 > 0 then now() end
from generate_series(1, 50000) i;

insert into data_files (competition_id, name, storage_key, size_bytes, sha256)
select id, 'file' || n || '.csv', 'data/' || id || '/' || n, 1000, sha256(int8send(id))
from competitions cross join generate_series(1, 3) n;

insert into bundles (id, owner_id, kind, contents, open_times, is_direction_open, report, read_at, expires_at)
select gen_random_uuid(), 1 + i % 20000, 'kaggle', '{}', '{}', false, '{}', now(), now() + interval '1 second' * (1 + i)
from generate_series(1, 20000) i;
insert into bundle_files (bundle_id, position, storage_key, size_bytes, sha256)
select id, n, 'bundles/' || id || '/' || n, 1000, sha256(uuid_send(id)) from bundles cross join generate_series(0, 2) n;

insert into file_checks (competition_id, user_id, file_name, storage_key, size_bytes, created_at)
select 1, 1 + i % 20000, 'predictions.csv', 'check/' || i, 1000, now() - interval '1 minute' * i
from generate_series(1, 40000) i;

insert into uploads (id, user_id, competition_id, purpose, file_name, total_bytes, received_bytes, storage_key, created_at,
                     expires_at, spent_at)
select gen_random_uuid(), 1 + i % 20000, 1 + i % 5000, 'data', 'train.csv', 9, 9, 'upload/' || i, now() - interval '1 minute' * i,
       now() - interval '1 minute' * i + interval '1 day', case when i % 3 > 0 then now() end
from generate_series(1, 40000) i;

insert into direct_uploads (id, user_id, competition_id, sha256, size_bytes, opened_at)
select gen_random_uuid(), 1 + i % 20000, 1 + i % 5000, sha256(int8send(i)), 9, now() - interval '1 second' * i
from generate_series(1, 40000) i;

insert into audit_log (at, actor_id, action, competition_id)
select now() - interval '1 minute' * i, 1 + i % 20000, 'looked', 1 + i % 5000 from generate_series(1, 60000) i;

insert into scoring_versions (competition_id, number, solution_id, metric, higher_is_better, activated_at)
select id, 1, 1, 'rmse', false, now() from competitions where slug like 'old-%';

insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256)
select id, 'none', 'old/' || id, 1, sha256(int8send(id)) from competitions where slug like 'old-%';

insert into pages (competition_id, slug, title, position, markdown, html)
select id, 'overview', 'Overview', 1, '', '' from competitions where slug like 'old-%';

insert into jobs (kind, priority, turn, competition_id, version_id, state, attempts, finished_at, error)
select 'examine', 8, 0, id, 1, 'failed', 3, now(), 'broken' from competitions where slug like 'old-%';

insert into jobs (kind, priority, turn, competition_id, version_id)
select 'examine', 8, 0, id, 1 from competitions where slug like 'old-%' and id % 50 = 0;

insert into webhooks (competition_id, url, secret, events, created_by, created_at)
select id, 'https://example.org/' || n, sha256(int8send(id)), array['submission.scored'], 1 + id % 20000, now()
from competitions cross join generate_series(1, 3) n;

insert into webhook_deliveries (webhook_id, event, subject, payload, created_at, delivered_at)
select w.id, 'submission.scored', n, '{}', now() - interval '1 minute' * n, now()
from webhooks w cross join generate_series(1, 10) n;

insert into webhook_deliveries (webhook_id, event, payload, created_at, next_attempt_at)
select id, 'ping', '{}', now(), now() from webhooks where id % 50 = 0;

insert into competition_invitations (competition_id, email, told_at)
select id, 'invited-' || n || '@people.test', clock_now() from competitions, generate_series(1, 20) n;
insert into competition_guests (competition_id, user_id, came_at)
select competition_id, user_id, clock_now() from team_members where user_id % 7 = 0;
insert into invited_as (competition_id, user_id, email)
select m.competition_id, m.user_id, u.email from team_members m join users u on u.id = m.user_id where m.user_id % 3 = 0;
insert into invitation_letters (competition_id, invited_by, address_digest, sent_at)
select c.id, u.id, sha256(u.username::bytea), clock_now() - u.id * interval '1 minute'
from users u, (select id from competitions where slug = 'large') c;
insert into team_invitations (competition_id, team_id, user_id, invited_by, invited_at)
select competition_id, id, 1 + (id * 7) % 20000, 1 + id % 20000, now() from teams on conflict do nothing;
insert into team_links (competition_id, team_id, secret, created_at)
select competition_id, id, md5(id::text), now() from teams;
insert into merge_requests (competition_id, from_team_id, to_team_id, asked_by, asked_at)
select competition_id, id, id + 1, 1 + id % 20000, now() from teams where id % 6 = 1;
insert into team_events (competition_id, team_id, at, kind, actor_id)
select competition_id, id, now(), 'joined', 1 + id % 20000 from teams cross join generate_series(1, 3);

insert into disqualifications (competition_id, team_id, reason, decided_by, decided_at, lifted_at, lifted_because, turn,
                               lifted_turn)
select competition_id, id, 'wrong', 1, now(), now(), 'right', 1, 2 from teams;

insert into account_deletions (user_id, asked_at, due_at, removes_posts)
select id, now(), now() + interval '7 days', true from users where id % 4 = 0;

insert into incidents (title, affects, began_at, ended_at)
select 'It was slow', array['uploads'], now() - interval '1 hour' * n, now() - interval '1 hour' * n + interval '10 minutes'
from generate_series(1, 5000) n;
insert into incident_updates (incident_id, markdown, html, written_at)
select id, 'It is slow.', '', began_at from incidents cross join generate_series(1, 3);
insert into extension_offers (incident_id, competition_id, asked_at)
select i.id, c.id, now() from competitions c
join lateral (select id from incidents order by id limit 20) i on true;

insert into certificates (code, competition_id, user_id, rank, n_teams, counts_for_medals, score, issued_at)
select gen_random_uuid(), competition_id, user_id, 1, 9, true, 0.5, now() from team_members;

insert into stored_of_people (user_id, submission_bytes) select id, id * 1000 from users on conflict (user_id) do nothing;
insert into stored_of_competitions (competition_id, data_bytes) select id, id * 1000 from competitions
on conflict (competition_id) do nothing;

insert into files_let_go (competition_id, looked_upto, n_gone, last_gone_at)
select id, 9223372036854775807, 3, now() from competitions where slug like 'old-%';

insert into site_texts (kind, number, markdown, html, written_at)
select kind, n, 'Text', '<p>Text</p>', now() from unnest(array['privacy', 'imprint', 'terms']) kind, generate_series(1, 5) n;
insert into terms_acceptances (user_id, number, accepted_at) select u.id, n, now() from users u, generate_series(1, 3) n;
insert into former_hosts (user_id, competition_id, left_at)
select u.id, c.id, now() from users u cross join lateral (select id from competitions order by id limit 3) c;

reset session_replication_role;
analyze;
