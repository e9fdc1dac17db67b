-- As plans_fill.sql: forums, topics, posts and votes after years of use.
set session_replication_role = replica;

insert into forums (competition_id, title)
select id, 'Discussion' from competitions on conflict do nothing;

-- Ids in steps of ten: a topic, its opening post, eight replies.
insert into subjects (id, kind, competition_id, author_id, created_at) overriding system value
select i, case when i % 10 = 0 then 'topic' else 'post' end, f.competition_id,
       1 + (i * 7919) % 20000, now() - interval '1 minute' * (300000 - i)
from generate_series(10, 300009::bigint) i
join (select competition_id, row_number() over (order by id) as n from forums) f on f.n = 1 + (i / 10) % 3000;

insert into topics (id, forum_id, title, n_replies, n_votes, active_at)
select s.id, coalesce(f.id, 1), 'Topic ' || s.id, 8, s.id % 40, s.created_at
from subjects s
left join forums f on f.competition_id = s.competition_id
where s.kind = 'topic';

insert into posts (id, under_id, parent_id, root_id, is_opening, markdown, html, plain, n_votes)
select id, id / 10 * 10, case when id % 10 > 5 then id / 10 * 10 + 5 end,
       case when id % 10 > 5 then id / 10 * 10 + 5 else id end, id % 10 = 1, 'text', '<p>text</p>', 'text', id % 17
from subjects where kind = 'post';

insert into write_ups (competition_id, team_id, topic_id, bound_at)
select t.competition_id, t.id, s.id, now()
from (select competition_id, id, row_number() over (order by id) as n from teams) t
join (select id, row_number() over (order by id) as n from subjects where kind = 'topic') s on s.n = t.n;

insert into post_versions (post_id, number, markdown, html, written_at, replaced_at)
select id, 1, 'text', '<p>text</p>', now(), now() from posts where id % 5 = 0;

insert into votes (subject_id, user_id, value, cast_at)
select id, 1 + (id * 31 + n) % 20000, 1, now() from posts cross join generate_series(1, 2) n
on conflict do nothing;

insert into images (owner_id, storage_key, content_type, width, height, size_bytes, uploaded_at, is_used)
select 1 + n % 20000, 'images/' || n, 'image/png', 1, 1, 1, now(), n % 1000 > 0 from generate_series(1, 60000) n;
insert into image_uses (image_id, subject_id)
select id, 10 + (row_number() over ()) * 3 from images where is_used;

insert into post_words (post_id, words)
select id, to_tsvector('english', case when id % 100 = 0 then 'rare words' else 'some text' end) from posts;

insert into follows (user_id, subject_id, followed_at)
select 1 + (id * 17 + n) % 20000, id, now() from topics cross join generate_series(1, 3) n on conflict do nothing;
insert into follows (user_id, forum_id, followed_at)
select 1 + (n * 31) % 20000, 1 + n % 3000, now() from generate_series(1, 20000) n on conflict do nothing;
insert into follows (user_id, person_id, followed_at)
select n, 1 + (n * 7) % 20000, now() from generate_series(1, 20000) n where n <> 1 + (n * 7) % 20000;

insert into mail_preferences (user_id) select id from users;

insert into notifications (user_id, event, reason, subject_id, actor_id, created_at, read_at, mail_at)
select 1 + (id * 13) % 20000, 'posted', 'subject', id, 1 + id % 20000, now() - interval '1 minute' * (300000 - id),
       case when id % 20 > 0 then now() end, case when id % 1000 = 1 then now() + interval '1 hour' end
from posts;
insert into tellings (post_id, is_edit) select id, false from posts where id % 10000 = 1;

insert into reports (subject_id, reporter_id, reason, reported_at, closed_at)
select id, 1 + (id * 11 + n) % 20000, 'spam', now(), case when id % 5000 > 1 then now() end
from posts cross join generate_series(1, 2) n where id % 2 = 1 on conflict do nothing;
insert into audit_log (actor_id, action, competition_id, detail)
select 1 + n % 100, case when n % 10 = 0 then 'moderate_hide' else 'launched' end, f.competition_id, '{}'
from generate_series(1, 50000) n left join forums f on f.id = n % 3000;
update users set suspended_at = now(), suspended_until = now() where id % 5000 = 1;

select setval(pg_get_serial_sequence('subjects', 'id'), 1000000);

reset session_replication_role;
analyze;
