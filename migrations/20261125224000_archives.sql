-- Competitions that came with everything that happened in them, as the archive of an installation.

alter table competitions add column imported_at timestamptz; -- null: everything in it happened here

alter table uploads
    drop constraint uploads_purpose_check,
    add constraint uploads_purpose_check
        check (purpose in ('submission', 'check', 'data', 'solution', 'table', 'archive'));

create index topics_of_forum on topics (forum_id, id);
