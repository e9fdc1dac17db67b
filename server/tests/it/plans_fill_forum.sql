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

insert into post_versions (post_id, number, markdown, html, written_at, replaced_at)
select id, 1, 'text', '<p>text</p>', now(), now() from posts where id % 5 = 0;

insert into votes (subject_id, user_id, value, cast_at)
select id, 1 + (id * 31 + n) % 20000, 1, now() from posts cross join generate_series(1, 2) n
on conflict do nothing;

select setval(pg_get_serial_sequence('subjects', 'id'), 1000000);

reset session_replication_role;
analyze;
