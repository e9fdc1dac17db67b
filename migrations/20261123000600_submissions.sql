-- Submissions, their scores and the append-only log. The private score has a table of its own.

create table submissions (
    id bigint generated always as identity primary key,
    competition_id bigint not null,
    team_id bigint not null,
    user_id bigint not null references users,
    received_at timestamptz not null,
    is_late boolean not null, -- received after the end: scored, never ranked
    file_name text not null check (length(file_name) between 1 and 200),
    storage_key text not null unique,
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 bytea not null check (length(sha256) = 32),
    description text not null default '' check (length(description) <= 500),
    idempotency_key text check (length(idempotency_key) between 1 and 200),
    state text not null default 'queued' check (state in ('queued', 'scoring', 'scored', 'rejected', 'failed')),
    rejection jsonb, -- holdout_contract::rejection::Rejection
    failure text, -- our fault, in words for the host
    version_id bigint, -- the scoring version the public score below was made with
    public_score double precision
        check (public_score not in ('NaN', 'Infinity', '-Infinity')),
    public_undefined text, -- why there is no public score
    rank_key double precision, -- public_score turned so that lower ranks higher
    scored_at timestamptz,
    selected_at timestamptz, -- chosen for the final
    foreign key (competition_id, team_id) references teams (competition_id, id),
    foreign key (competition_id, version_id) references scoring_versions (competition_id, id),
    constraint submissions_rejected_says_why check ((state = 'rejected') = (rejection is not null)),
    constraint submissions_failed_says_why check ((state = 'failed') = (failure is not null)),
    constraint submissions_scored_is_whole check (
        state <> 'scored'
        or (version_id is not null and scored_at is not null and (public_score is null) = (rank_key is null)
            and (public_score is null) = (public_undefined is not null))
    ),
    constraint submissions_unscored_has_none check (state = 'scored' or (public_score is null and rank_key is null)),
    constraint submissions_selected_counts check (selected_at is null or not is_late)
);
create unique index submissions_once on submissions (team_id, idempotency_key) where idempotency_key is not null;
create index submissions_by_team on submissions (team_id, id desc);
create index submissions_of_day on submissions (team_id, received_at) where state not in ('rejected', 'failed');
create index submissions_best on submissions (team_id, rank_key, received_at, id)
    where state = 'scored' and rank_key is not null and not is_late;
create index submissions_chosen on submissions (team_id) where selected_at is not null;
create index submissions_by_competition on submissions (competition_id, id desc);
create index submissions_unfinished on submissions (competition_id, id) where state in ('queued', 'scoring');
create index submissions_broken on submissions (competition_id, id desc) where state = 'failed';
create index submissions_by_user on submissions (user_id, id desc);
alter table submissions set (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 90);

-- Each public score with what it was computed from.
create table scores (
    submission_id bigint not null references submissions on delete cascade,
    version_id bigint not null references scoring_versions,
    public_score double precision check (public_score not in ('NaN', 'Infinity', '-Infinity')),
    submission_sha256 bytea not null check (length(submission_sha256) = 32),
    solution_sha256 bytea not null check (length(solution_sha256) = 32),
    engine_version text not null,
    scored_at timestamptz not null,
    primary key (submission_id, version_id)
);

-- Not granted to holdout_web: released_private_scores() is the only way out, after the end.
create table private_scores (
    submission_id bigint not null references submissions on delete cascade,
    version_id bigint not null references scoring_versions,
    private_score double precision check (private_score not in ('NaN', 'Infinity', '-Infinity')),
    private_undefined text,
    primary key (submission_id, version_id),
    constraint private_scores_one_or_reason check ((private_score is null) = (private_undefined is not null))
);

create table submission_log_heads (
    competition_id bigint primary key references competitions on delete cascade,
    length bigint not null default 0 check (length >= 0),
    head_hash bytea not null check (length(head_hash) = 32)
);
create table submission_log (
    competition_id bigint not null references competitions on delete cascade,
    position bigint not null check (position > 0),
    submission_id bigint not null unique references submissions,
    entry_hash bytea not null check (length(entry_hash) = 32), -- SHA-256 of previous hash, file hash, time and team
    primary key (competition_id, position)
);

-- Files a participant asked to have checked without spending an entry.
create table file_checks (
    id uuid primary key default gen_random_uuid(),
    competition_id bigint not null references competitions on delete cascade,
    user_id bigint not null references users on delete cascade,
    file_name text not null,
    storage_key text not null unique,
    size_bytes bigint not null,
    created_at timestamptz not null,
    verdict jsonb -- holdout_contract::job::CheckVerdict
);
create index file_checks_by_user on file_checks (user_id, created_at desc);
create index file_checks_by_age on file_checks (created_at);

grant select, insert on submissions, submission_log to holdout_web;
grant update (description, selected_at) on submissions to holdout_web;
grant select, insert, update on submission_log_heads to holdout_web;
grant select, insert, delete on file_checks to holdout_web;
grant select on scores to holdout_web;
grant select, update on submissions to holdout_scorer;
grant select, update, delete on file_checks to holdout_scorer;
grant select, insert, update on scores, private_scores to holdout_scorer;

-- A person's own private scores or everyone's: none before the end, whoever asks.
create function released_private_scores(p_competition_id bigint, p_submission_ids bigint[])
returns table (submission_id bigint, private_score double precision, private_undefined text)
language sql stable security definer set search_path = public, pg_temp
as $$
    select p.submission_id, p.private_score, p.private_undefined
    from submissions s
    join competitions c on c.id = s.competition_id
    join private_scores p on p.submission_id = s.id and p.version_id = s.version_id
    where s.competition_id = p_competition_id
      and s.id = any (p_submission_ids)
      and c.launched_at is not null
      and c.ends_at <= clock_now()
$$;
revoke all on function released_private_scores(bigint, bigint[]) from public;
grant execute on function released_private_scores(bigint, bigint[]) to holdout_web;
