-- A row about zelda in every table that names people and that she filled in no other way. She hosts "club".

insert into one_time_links (token_hash, purpose, user_id, created_at, expires_at)
select sha256('x'), 'reset_password', id, clock_now(), clock_now() + interval '1 hour' from users where username = 'zelda_quux';
insert into one_time_links (token_hash, purpose, user_id, email, created_at, expires_at)
select sha256('e'), 'confirm_email', id, 'zelda_quux@elsewhere.test', clock_now(), clock_now() + interval '1 hour'
from users where username = 'zelda_quux';
insert into mails (to_address, subject, body) values ('zelda_quux@elsewhere.test', 'Hello zelda_quux', 'Dear zelda_quux');
insert into second_factors (user_id, sealed_secret, created_at)
select id, sha256('one') || substr(sha256('two'), 1, 16), clock_now() from users where username = 'zelda_quux';
insert into recovery_codes (user_id, code_hash) select user_id, sha256('code') from second_factors;
insert into sign_in_challenges (token_hash, user_id, created_at, expires_at)
select sha256('c'), id, clock_now(), clock_now() + interval '1 hour' from users where username = 'zelda_quux';
insert into account_events (user_id, at, what)
select id, clock_now(), 'signed_in' from users where username = 'zelda_quux';
insert into identities (issuer, subject, user_id, created_at)
select 'https://lab.example', '4711', id, clock_now() from users where username = 'zelda_quux';
insert into link_attempts (token_hash, user_id, issuer, created_at, expires_at)
select sha256('l'), id, 'https://uni.example', clock_now(), clock_now() + interval '1 hour' from users where username = 'zelda_quux';
insert into mails (to_address, subject, body) values ('zelda_quux@people.test', 'Hello zelda_quux', 'Dear zelda_quux');
insert into follows (user_id, person_id, followed_at)
select z.id, b.id, clock_now() from users z, users b where z.username = 'zelda_quux' and b.username = 'bob';
insert into follows (user_id, person_id, followed_at)
select b.id, z.id, clock_now() from users z, users b where z.username = 'zelda_quux' and b.username = 'bob';
insert into mail_preferences (user_id, mail) select id, 'never' from users where username = 'zelda_quux';
insert into competition_invitations (competition_id, email)
select id, 'zelda_quux@people.test' from competitions where slug = 'club';
insert into invited_as (competition_id, user_id, email)
select m.competition_id, m.user_id, 'zelda_quux@people.test'
from team_members m join users z on z.id = m.user_id where z.username = 'zelda_quux';
insert into former_hosts (user_id, competition_id)
select z.id, c.id from competitions c, users z where c.slug = 'club' and z.username = 'zelda_quux';
insert into competition_guests (competition_id, user_id, came_at)
select c.id, z.id, clock_now() from competitions c, users z where c.slug = 'club' and z.username = 'zelda_quux';
insert into invitation_letters (competition_id, invited_by, address_digest, sent_at)
select c.id, z.id, sha256('someone@people.test'), clock_now()
from competitions c, users z where c.slug = 'club' and z.username = 'zelda_quux';
insert into team_invitations (competition_id, team_id, user_id, invited_by, invited_at)
select m.competition_id, m.team_id, z.id, b.id, clock_now()
from users z, users b, team_members m join competitions c on c.id = m.competition_id
where z.username = 'zelda_quux' and b.username = 'bob' and m.user_id = b.id and c.slug = 'houses';
insert into team_invitations (competition_id, team_id, user_id, invited_by, invited_at)
select m.competition_id, m.team_id, a.id, m.user_id, clock_now()
from users z, users a, team_members m join competitions c on c.id = m.competition_id
where z.username = 'zelda_quux' and a.username = 'root' and m.user_id = z.id and c.slug = 'houses';
insert into merge_requests (competition_id, from_team_id, to_team_id, asked_by, asked_at)
select z.competition_id, z.team_id, b.team_id, z.user_id, clock_now()
from team_members z join team_members b on b.competition_id = z.competition_id
join competitions c on c.id = z.competition_id
where z.user_id = (select id from users where username = 'zelda_quux') and c.slug = 'houses'
  and b.user_id = (select id from users where username = 'bob');
insert into team_events (competition_id, team_id, at, kind, actor_id, person_id, words)
select competition_id, team_id, clock_now(), 'renamed', user_id, user_id, '“zelda_quux zelda_quuxson” to “Us”'
from team_members where user_id = (select id from users where username = 'zelda_quux');
insert into notifications (user_id, event, reason, competition_id, team_event_id, actor_id, words, created_at)
select b.id, 'team', 'team', e.competition_id, e.id, e.actor_id, 'zelda_quux zelda_quuxson renamed your team', clock_now()
from users b, team_events e
where b.username = 'bob' and e.words like '%zelda_quux%' limit 1;
insert into notifications (user_id, event, reason, competition_id, words, created_at)
select z.id, 'ends_soon', 'team', c.id, 'It ends soon, zelda_quux', clock_now()
from users z, competitions c where z.username = 'zelda_quux' and c.slug = 'club';
insert into file_checks (competition_id, user_id, file_name, storage_key, size_bytes, created_at)
select c.id, z.id, 'zelda_quux.csv', 'checks/none', 1, clock_now()
from users z, competitions c where z.username = 'zelda_quux' and c.slug = 'club';
insert into uploads (id, user_id, competition_id, purpose, file_name, metadata, total_bytes, created_at, expires_at)
select gen_random_uuid(), z.id, c.id, 'data', 'zelda_quux.csv', 'filename zelda_quux', 9, clock_now(), clock_now() + interval '90 days'
from users z, competitions c where z.username = 'zelda_quux' and c.slug = 'club';
insert into direct_uploads (id, user_id, competition_id, sha256, size_bytes, opened_at)
select gen_random_uuid(), z.id, c.id, sha256('zelda_quux'), 9, clock_now()
from users z, competitions c where z.username = 'zelda_quux' and c.slug = 'club';
insert into bundles (id, owner_id, kind, contents, open_times, is_direction_open, report, read_at, expires_at)
select gen_random_uuid(), id, 'kaggle', '{"title": "By zelda_quux"}', '{}', false, '[]', clock_now(), clock_now() + interval '90 days'
from users where username = 'zelda_quux';
insert into reports (subject_id, reporter_id, reason, words, reported_at)
select s.id, z.id, 'spam', 'I am zelda_quux', clock_now()
from users z, subjects s where z.username = 'zelda_quux' and s.kind = 'post' and s.author_id <> z.id limit 1;
insert into notebook_runs (notebook_id, number, asked_by, cancelled_by, asked_at, state, finished_at)
select id, 1, owner_id, owner_id, clock_now(), 'cancelled', clock_now() from notebooks where slug = 'tour';

-- What hosts, moderators and administrators do.
update scoring_versions set created_by = (select id from users where username = 'zelda_quux'), reason = 'A row was wrong'
where competition_id = (select id from competitions where slug = 'club');
insert into version_changes (competition_id, version_id, kind, reason, actor_id, at)
select v.competition_id, v.id, 'publish', 'Right now', v.created_by, clock_now() from scoring_versions v where v.created_by is not null;
insert into verifications (competition_id, version_id, asked_by, asked_at, finished_at)
select competition_id, id, created_by, clock_now(), clock_now() from scoring_versions where created_by is not null;
insert into comparisons (competition_id, asked_by, asked_at, finished_at, failure)
select competition_id, created_by, clock_now(), clock_now(), 'none' from scoring_versions where created_by is not null;
insert into webhooks (competition_id, url, secret, events, created_by, created_at)
select competition_id, 'https://example.org/hook', sha256('s'), array['submission.scored'], created_by, clock_now()
from scoring_versions where created_by is not null;
insert into custom_metrics (competition_id, file_name, source, sha256, uploaded_by, uploaded_at)
select competition_id, 'mine.py', 'pass', sha256('pass'), created_by, clock_now()
from scoring_versions where created_by is not null;
insert into disqualifications (competition_id, team_id, reason, decided_by, decided_at, lifted_by, lifted_at, lifted_because)
select m.competition_id, m.team_id, 'By mistake', z.id, clock_now(), z.id, clock_now(), 'It was one'
from users z, team_members m join competitions c on c.id = m.competition_id
where z.username = 'zelda_quux' and c.slug = 'club' and m.user_id <> z.id limit 1;
insert into closings (competition_id, words, html, confirmed_by, confirmed_at, changed_at)
select competition_id, 'Thanks', '', created_by, clock_now(), clock_now() from scoring_versions where created_by is not null;
alter table label_releases disable trigger label_releases_once;
insert into label_releases (competition_id, version_id, reason, asked_by, asked_at)
select competition_id, id, 'To check', created_by, clock_now() from scoring_versions where created_by is not null;
alter table label_releases enable trigger label_releases_once;
insert into bulletins (competition_id, event, sentence, posted_by, posted_at, told_at)
select competition_id, 'announced', 'More time', created_by, clock_now(), clock_now() from scoring_versions where created_by is not null;
insert into changes (competition_id, about, item, verb, changed_by, changed_at)
select competition_id, 'data', 'train.csv', 'added', created_by, clock_now() from scoring_versions where created_by is not null;
insert into page_versions (competition_id, slug, number, title, markdown, edited_by, edited_at)
select competition_id, 'overview', 1, 'Overview', 'Words', created_by, clock_now() from scoring_versions where created_by is not null;
insert into incidents (title, affects, began_at, ended_at)
values ('It was slow', array['uploads'], clock_now() - interval '1 hour', clock_now());
insert into incident_updates (incident_id, markdown, html, written_by, written_at)
select i.id, 'Slow.', '', z.id, clock_now() from incidents i, users z where z.username = 'zelda_quux';
insert into extension_offers (incident_id, competition_id, asked_at, is_accepted, answered_by, answered_at)
select i.id, v.competition_id, clock_now(), false, v.created_by, clock_now()
from incidents i, scoring_versions v where v.created_by is not null;
insert into audit_log (actor_id, action, detail)
select id, 'change_site', '{}' from users where username = 'zelda_quux';
insert into site_texts (kind, number, markdown, html, written_at) values ('terms', 1, 'Be kind.', '<p>Be kind.</p>', clock_now());
insert into terms_acceptances (user_id, number, accepted_at) select id, 1, clock_now() from users where username = 'zelda_quux';
