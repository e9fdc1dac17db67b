-- What became of the last backup, which holdout backup says itself: administrators and monitors see its age, and whether
-- one failed since.
create table last_backup (
    is_only boolean primary key default true check (is_only),
    made_at timestamptz,
    n_bytes bigint,
    failed_at timestamptz, -- after the last that was made
    failure text,
    constraint last_backup_made check ((made_at is null) = (n_bytes is null)),
    constraint last_backup_failed check ((failed_at is null) = (failure is null))
);
insert into last_backup default values;
grant select on last_backup to holdout_web;
