-- How a team's file differs from its best one before, row by row. Of public rows alone: the end needs none of it.

create table gains (
    submission_id bigint not null references submissions on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    before_id bigint not null references submissions on delete cascade,
    standard_error double precision check (standard_error >= 0), -- of the difference; null: of these two none is known
    primary key (submission_id, version_id)
);
create index gains_by_version on gains (version_id);
create index gains_by_before on gains (before_id);

grant select on gains to holdout_web;
grant select, insert, update, delete on gains to holdout_scorer;
