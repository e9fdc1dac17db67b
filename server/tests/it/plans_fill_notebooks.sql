-- As plans_fill.sql: notebooks, their versions, pictures and drawings after years of use.
set session_replication_role = replica;

insert into subjects (id, kind, competition_id, author_id, created_at) overriding system value
select 2000000 + i, 'notebook', case when i % 3 > 0 then c.id end, 1 + (i * 7919) % 20000, now() - interval '1 hour' * i
from generate_series(1, 60000) i
join (select id, row_number() over (order by id) as n from competitions) c on c.n = 1 + i % (select count(*) from competitions);

insert into notebooks (id, owner_id, slug, title, competition_id, visibility, licence, latest, n_votes, heat, published_at,
    updated_at)
select s.id, s.author_id, 'notebook-' || s.id, 'Notebook', s.competition_id,
       case when s.id % 5 < 3 then 'public' when s.id % 5 = 3 and s.competition_id is not null then 'team' else 'private' end,
       'MIT', 2, s.id % 50, s.id % 977, s.created_at, s.created_at
from subjects s where s.kind = 'notebook';

insert into notebook_versions (notebook_id, number, pushed_by, pushed_at, storage_key, size_bytes, sha256, language, n_cells,
    n_code_cells)
select n.id, v, n.owner_id, n.updated_at, 'notebooks/' || n.id || '/' || v, 1000, sha256(n.id::text::bytea), 'python', 9, 5
from notebooks n cross join generate_series(1, 2) v;

update notebooks set forked_from_id = id - 1, forked_from_number = 1 where id % 4 = 0 and id > 2000001;

insert into notebook_pictures (notebook_id, digest, kind, storage_key, starts_at, size_bytes)
select n.id, substr(sha256((n.id * 10 + p)::text::bytea), 1, 16), 'png', 'pictures/' || n.id, 0, 10
from notebooks n cross join generate_series(1, 3) p;

insert into notebook_drawings (notebook_id, number, drawer, storage_key, size_bytes, contents, drawn_at)
select notebook_id, number, 1, 'pages/' || notebook_id || '/' || number, 100, '[]', now() from notebook_versions;

insert into notebook_words (notebook_id, sources, heading, words)
select n.id, '', to_tsvector('english', 'title'), to_tsvector('english', 'title word' || n.id % 997) from notebooks n;

insert into title_words (word) select 'word' || i from generate_series(1, 20000) i on conflict do nothing;

insert into notebook_runs (notebook_id, number, asked_by, asked_at, state, started_at, finished_at, at_cell, n_code_cells,
    n_cells_run, took_seconds, executed_key, executed_bytes, executed_sha256)
select v.notebook_id, v.number, v.pushed_by, v.pushed_at, case when r = 1 then 'cell_failed' else 'ran' end, v.pushed_at,
       v.pushed_at, case when r = 1 then 2 end, 5, case when r = 1 then 1 else 5 end, 9,
       'runs/' || v.notebook_id || '/' || v.number || '/' || r, 1000, v.sha256
from notebook_versions v cross join generate_series(1, 2) r where v.notebook_id % 2 = 0;

insert into notebook_runs (notebook_id, number, asked_by, asked_at)
select notebook_id, number, pushed_by, pushed_at from notebook_versions where notebook_id % 100 = 1;

insert into notebook_run_files (run_id, place, path, storage_key, size_bytes, sha256)
select r.id, p, 'file-' || p, 'runs/files/' || r.id || '/' || p, 10, r.executed_sha256
from notebook_runs r cross join generate_series(1, 2) p where r.finished_at is not null;

insert into notebook_run_drawings (run_id, drawer, storage_key, size_bytes, contents, drawn_at)
select id, 1, 'pages/runs/' || id, 100, '[]', now() from notebook_runs where finished_at is not null;

update submissions s set notebook_id = n.id, notebook_number = 1
from (select id, row_number() over (order by id) as place from notebooks where competition_id = (select min(id) from competitions)) n
where s.id = (select min(id) from submissions) + n.place * 7;

select setval(pg_get_serial_sequence('subjects', 'id'), 3000000);

reset session_replication_role;
analyze;
