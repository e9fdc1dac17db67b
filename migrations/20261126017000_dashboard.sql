-- What happened in a competition day by day, counted for its hosts. Thrown away and counted again at will.

create table competition_tallies (
    competition_id bigint primary key references competitions on delete cascade,
    counted_at timestamptz, -- null: never
    open_from timestamptz not null default '-infinity' -- what was received before is counted for good
);
create table competition_days (
    competition_id bigint not null references competition_tallies on delete cascade,
    day date not null, -- UTC
    n_received integer not null check (n_received >= 0),
    n_scored integer not null check (n_scored >= 0),
    n_rejected integer not null check (n_rejected >= 0),
    n_failed integer not null check (n_failed >= 0),
    n_teams integer not null check (n_teams >= 0), -- that sent something
    n_joined integer not null check (n_joined >= 0), -- people who accepted the rules
    median_wait_seconds double precision check (median_wait_seconds >= 0), -- from received to scored
    p95_wait_seconds double precision check (p95_wait_seconds >= 0),
    primary key (competition_id, day),
    constraint competition_days_parts_of_whole check (n_scored + n_rejected + n_failed <= n_received)
);
create table competition_day_rejections (
    competition_id bigint not null,
    day date not null,
    kind text not null, -- holdout_contract::rejection::RejectionKind
    n integer not null check (n > 0),
    primary key (competition_id, day, kind),
    foreign key (competition_id, day) references competition_days on delete cascade
);
create index submissions_by_time on submissions (competition_id, received_at);
create index submissions_rejected on submissions (competition_id, id desc) where state = 'rejected';

grant select, insert, update, delete on competition_tallies, competition_days, competition_day_rejections to holdout_web;
