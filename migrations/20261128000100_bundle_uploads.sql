-- Bundles of other platforms arrive in parts as well. They belong to no competition, and as labels may be in them, they
-- lie on the disk under a key that only their sender keeps.

alter table uploads
    alter column competition_id drop not null,
    add column key_hash bytea check (length(key_hash) = 32), -- SHA-256 of that key
    drop constraint uploads_purpose_check,
    add constraint uploads_purpose_check
        check (purpose in ('submission', 'check', 'data', 'solution', 'table', 'archive', 'bundle')),
    add constraint uploads_of_competition check ((purpose = 'bundle') = (competition_id is null)),
    add constraint uploads_veiled check ((purpose = 'bundle') = (key_hash is not null));
