-- Certificates: what the final board said about somebody when they asked for it, under a code that anyone can verify.

-- A board that is computed anew makes another certificate; the old one stays, and says that it is no longer true.
create table certificates (
    code uuid primary key, -- random: whoever holds it may read the certificate
    competition_id bigint not null,
    user_id bigint not null,
    rank integer not null check (rank > 0),
    n_teams integer not null,
    counts_for_medals boolean not null, -- the medal follows from it, the rank and the number of teams
    score double precision,
    mean_rank double precision, -- where teams were ranked by several metrics
    issued_at timestamptz not null,
    constraint certificates_rank_among_teams check (rank <= n_teams),
    constraint certificates_one_for_a_placing unique nulls not distinct
        (competition_id, user_id, rank, n_teams, counts_for_medals, score, mean_rank),
    foreign key (competition_id, user_id) references team_members on delete cascade
);
grant select, insert on certificates to holdout_web;
