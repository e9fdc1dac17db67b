-- Verification: every score of a competition computed again from the stored bytes, and compared.

create table verifications (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    asked_by bigint references users on delete set null,
    asked_at timestamptz not null,
    n_asked bigint not null default 0,
    asked_upto bigint not null default 0, -- the last submission that was put into the queue
    asked_all_at timestamptz,
    finished_at timestamptz
);
-- One at a time for each competition.
create unique index verifications_one_open on verifications (competition_id) where finished_at is null;
create index verifications_open on verifications (id) where finished_at is null;
create index verifications_by_competition on verifications (competition_id, id desc);
create index verifications_by_version on verifications (version_id);
create index verifications_by_person on verifications (asked_by);

-- What differed, without a digit of it: a private score must not come out here.
create table verification_faults (
    verification_id bigint not null references verifications on delete cascade,
    submission_id bigint not null references submissions on delete cascade,
    what text not null check (length(what) between 1 and 1000),
    primary key (verification_id, submission_id)
);
create index verification_faults_by_submission on verification_faults (submission_id);

alter table jobs
    add column verification_id bigint references verifications on delete cascade,
    add constraint jobs_verify_subject
        check (kind <> 'verify' or (submission_id is not null and team_id is not null and verification_id is not null));
create index jobs_of_verification on jobs (verification_id, state) where verification_id is not null;

-- Puts a verification's next submissions into the queue; ends it once all were looked at. Returns how
-- many were put in; -1 while another scorer does this. Called by idle scorers.
create function advance_verification(p_verification_id bigint, p_batch integer) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v record;
    n integer := 0;
    upto bigint;
    first_turn bigint;
begin
    select id, competition_id, version_id, asked_upto, asked_all_at into v
    from verifications
    where id = p_verification_id and finished_at is null
    for update skip locked;
    if not found then
        return case when exists (select from verifications where id = p_verification_id and finished_at is null)
            then -1 else 0 end;
    end if;
    if v.asked_all_at is null then
        if (select count(*) from (
                select from jobs where verification_id = v.id and state in ('queued', 'leased') limit p_batch) w)
            * 2 > p_batch then
            return 0;
        end if;
        select coalesce((select turn + 1 from jobs where state = 'queued' and priority = 8 order by turn desc limit 1), 0)
        into first_turn;
        with batch as materialized (
            select s.id, s.team_id
            from submissions s
            where s.competition_id = v.competition_id and s.id > v.asked_upto
            order by s.id
            limit p_batch
        ), asked as (
            insert into jobs (kind, priority, turn, competition_id, team_id, submission_id, verification_id)
            select 'verify', 8, first_turn + row_number() over (order by b.id), v.competition_id, b.team_id, b.id, v.id
            from batch b
            where exists (select from scores x where x.submission_id = b.id and x.version_id = v.version_id)
            returning 1
        )
        select (select count(*) from asked), (select max(id) from batch) into n, upto;
        update verifications
        set asked_upto = coalesce(upto, asked_upto), n_asked = n_asked + n,
            asked_all_at = case when upto is null then clock_now() end
        where id = v.id;
        if upto is not null then
            return greatest(n, 1);
        end if;
    end if;
    if not exists (select from jobs where verification_id = v.id and state in ('queued', 'leased')) then
        update verifications set finished_at = clock_now() where id = v.id;
    end if;
    return 0;
end
$$;
revoke all on function advance_verification(bigint, integer) from public;

grant select, insert on verifications to holdout_web;
grant select on verification_faults to holdout_web;
grant select on verifications to holdout_scorer;
grant select, insert on verification_faults to holdout_scorer;
grant execute on function advance_verification(bigint, integer) to holdout_scorer;
