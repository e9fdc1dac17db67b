-- What the files that participants get give away, since one of them was replaced after the launch. The report of the
-- launch stays what the competition was launched with.

alter table scoring_versions
    -- goes up with every such change while the version counts
    add column files_revision integer not null default 0,
    add column files_examined_revision integer,
    add column files_findings jsonb; -- holdout_contract::examine::Finding, of files_examined_revision
