-- Rescoring: versions side by side, a score under each, boards prepared by version, one switch for all.

-- draft: being put together; rescoring: every submission is scored under it in the background;
-- published: counts, or counted; standby: the one before, followed so that it can come back at once.
-- Which version counts is competitions.active_version_id alone.
alter table scoring_versions
    add column stage text not null default 'draft'
        constraint scoring_versions_stage
        check (stage in ('draft', 'rescoring', 'published', 'standby', 'retired', 'abandoned')),
    add column created_by bigint references users on delete set null,
    add column started_at timestamptz, -- when the rescoring began
    add column n_total bigint not null default 0, -- submissions to be rescored when it began
    add column n_asked bigint not null default 0, -- of them, how many were put into the queue
    add column asked_upto bigint not null default 0, -- the last submission that was
    add column asked_all_at timestamptz, -- from then on each new score asks for its own rescoring
    add column prepared_at timestamptz, -- board and preview stand
    add column n_moved bigint not null default 0, -- teams whose public rank would change
    add constraint scoring_versions_reason check (length(reason) <= 1000);
update scoring_versions v set stage = 'published' from competitions c where c.active_version_id = v.id;
create index scoring_versions_followed on scoring_versions (competition_id) where stage in ('rescoring', 'standby');
create index scoring_versions_rescoring on scoring_versions (id) where stage = 'rescoring';
-- One version is put together or rescored at a time.
create unique index scoring_versions_one_open on scoring_versions (competition_id)
    where stage in ('draft', 'rescoring');
create index scoring_versions_by_solution on scoring_versions (solution_id);

-- The version that counts is published, whoever made it count.
create function publish_active_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update scoring_versions set stage = 'published' where id = new.active_version_id and stage <> 'published';
    return null;
end
$$;
create trigger competitions_publish_active after insert or update of active_version_id on competitions
    for each row when (new.active_version_id is not null) execute function publish_active_version();

-- What counted when, and why; shown to everyone who may see the competition.
create table version_changes (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    version_id bigint not null references scoring_versions on delete cascade,
    previous_version_id bigint references scoring_versions on delete cascade,
    kind text not null check (kind in ('publish', 'roll_back')),
    reason text not null check (length(reason) between 1 and 1000),
    actor_id bigint references users on delete set null,
    at timestamptz not null
);
create index version_changes_by_competition on version_changes (competition_id, id desc);
create index version_changes_by_actor on version_changes (actor_id);

-- The score that shows is the one under the active version; submissions hold none themselves.
alter table scores
    add column team_id bigint,
    add column received_at timestamptz,
    add column is_late boolean,
    add column rank_key double precision, -- public_score turned so that lower ranks higher
    add column public_undefined text, -- why there is no public score
    add column rejection jsonb, -- a later version cannot read the file: holdout_contract::rejection::Rejection
    add column metric_sha256 bytea check (length(metric_sha256) = 32); -- null: scored before it was kept
update scores x
set team_id = s.team_id, received_at = s.received_at, is_late = s.is_late,
    rank_key = s.rank_key, public_undefined = s.public_undefined
from submissions s
where s.id = x.submission_id;
alter table scores
    alter column team_id set not null,
    alter column received_at set not null,
    alter column is_late set not null,
    add constraint scores_one_or_reason
        check ((public_score is null) = (rank_key is null) and (public_score is null) = (public_undefined is not null)),
    add constraint scores_rejected_has_none check (rejection is null or public_score is null);
create index scores_best on scores (version_id, team_id, rank_key, received_at, submission_id)
    where rank_key is not null and not is_late;
create index scores_rejected on scores (version_id, submission_id) where rejection is not null;

drop index submissions_best;
alter table submissions drop constraint submissions_scored_is_whole, drop constraint submissions_unscored_has_none;
alter table submissions
    drop column version_id, drop column public_score, drop column public_undefined, drop column rank_key;
alter table submissions
    add constraint submissions_scored_is_whole check (state <> 'scored' or scored_at is not null);
grant update (scored_at) on submissions to holdout_scorer;

create function scores_follow_submission() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update scores
    set team_id = new.team_id, received_at = new.received_at, is_late = new.is_late
    where submission_id = new.id;
    return null;
end
$$;
create trigger scores_follow after update of team_id, received_at, is_late on submissions
    for each row
    when ((old.team_id, old.received_at, old.is_late) is distinct from (new.team_id, new.received_at, new.is_late))
    execute function scores_follow_submission();

create or replace function released_private_scores(p_competition_id bigint, p_submission_ids bigint[])
returns table (submission_id bigint, private_score double precision, private_undefined text)
language sql stable security definer set search_path = public, pg_temp
as $$
    select p.submission_id, p.private_score, p.private_undefined
    from submissions s
    join competitions c on c.id = s.competition_id
    join private_scores p on p.submission_id = s.id and p.version_id = c.active_version_id
    where s.competition_id = p_competition_id
      and s.id = any (p_submission_ids)
      and c.launched_at is not null
      and c.ends_at <= clock_now()
$$;

-- Boards, one a version.
alter table board_entries add column version_id bigint references scoring_versions on delete cascade;
update board_entries b set version_id = c.active_version_id from competitions c where c.id = b.competition_id;
alter table board_entries alter column version_id set not null;
alter table board_entries drop constraint board_entries_pkey;
alter table board_entries add primary key (competition_id, version_id, team_id);
drop index board_entries_in_order;
create unique index board_entries_in_order
    on board_entries (competition_id, version_id, rank_key, reached_at, submission_id);
create index board_entries_by_team on board_entries (competition_id, team_id);

alter table final_entries add column version_id bigint references scoring_versions on delete cascade;
update final_entries f set version_id = c.active_version_id from competitions c where c.id = f.competition_id;
alter table final_entries alter column version_id set not null;
alter table final_entries drop constraint final_entries_pkey;
alter table final_entries add primary key (competition_id, version_id, team_id);
drop index final_entries_in_order;
drop index final_entries_by_public_rank;
create unique index final_entries_in_order on final_entries (competition_id, version_id, rank);
create index final_entries_by_public_rank on final_entries (competition_id, version_id, public_rank);
create index final_entries_by_team on final_entries (competition_id, team_id);

-- Who would move if a version were published; made when its board is. Ranks of the final board only
-- once that stands: before the end nothing here comes from private rows.
create table version_moves (
    version_id bigint not null references scoring_versions on delete cascade,
    team_id bigint not null references teams on delete cascade,
    distance integer not null check (distance >= 0), -- places; a team that comes or goes moves all of them
    old_rank integer,
    new_rank integer,
    old_score double precision,
    new_score double precision,
    old_final_rank integer,
    new_final_rank integer,
    primary key (version_id, team_id)
);
create index version_moves_in_order on version_moves (version_id, distance desc, team_id);
create index version_moves_by_team on version_moves (team_id);

-- Recompute one team's row of a version's public board from its scores.
create function place_on_board(p_competition_id bigint, p_team_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
declare
    best record;
    entries record;
begin
    perform 1 from teams where id = p_team_id for update;
    select x.submission_id, x.public_score, x.rank_key, x.received_at into best
    from scores x
    where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late
    order by x.rank_key, x.received_at, x.submission_id
    limit 1;
    if not found then
        delete from board_entries
        where competition_id = p_competition_id and version_id = p_version_id and team_id = p_team_id;
    else
        select count(*)::integer as n, max(x.received_at) as last_at into entries
        from scores x
        where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late;
        insert into board_entries as b
            (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries, last_entry_at)
        values
            (p_competition_id, p_version_id, p_team_id, best.submission_id, best.public_score, best.rank_key,
             best.received_at, entries.n, entries.last_at)
        on conflict (competition_id, version_id, team_id) do update set
            submission_id = excluded.submission_id,
            public_score = excluded.public_score,
            rank_key = excluded.rank_key,
            reached_at = excluded.reached_at,
            n_entries = excluded.n_entries,
            last_entry_at = excluded.last_entry_at;
    end if;
end
$$;

create or replace function place_on_board(p_competition_id bigint, p_team_id bigint) returns void
language sql
as $$
    select place_on_board(p_competition_id, p_team_id, active_version_id) from competitions where id = p_competition_id
$$;

-- Throw a version's public board away and make it again. Ranks of midnight are the active board's,
-- so that a board that is swapped in shows who moved.
create function rebuild_board(p_competition_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
begin
    create temporary table if not exists remembered (team_id bigint primary key, rank integer) on commit drop;
    truncate remembered;
    insert into remembered
    select b.team_id, b.rank_at_midnight
    from board_entries b
    join competitions c on c.id = b.competition_id and c.active_version_id = b.version_id
    where b.competition_id = p_competition_id;
    delete from board_entries where competition_id = p_competition_id and version_id = p_version_id;
    insert into board_entries
        (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries,
         last_entry_at, rank_at_midnight)
    select p_competition_id, p_version_id, t.id, best.submission_id, best.public_score, best.rank_key,
           best.received_at, entries.n, entries.last_at, r.rank
    from teams t
    cross join lateral (
        select x.submission_id, x.public_score, x.rank_key, x.received_at
        from scores x
        where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late
        order by x.rank_key, x.received_at, x.submission_id
        limit 1
    ) best
    cross join lateral (
        select count(*)::integer as n, max(x.received_at) as last_at
        from scores x
        where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late
    ) entries
    left join remembered r on r.team_id = t.id
    where t.competition_id = p_competition_id;
end
$$;

create or replace function rebuild_board(p_competition_id bigint) returns void
language sql
as $$
    select rebuild_board(p_competition_id, active_version_id) from competitions where id = p_competition_id;
    update competitions set board_revision = board_revision + 1 where id = p_competition_id;
$$;

-- Make a version's private board. Its callers have looked at the clock.
create function make_final_board(p_competition_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
declare
    c record;
begin
    select final_limit into c from competitions where id = p_competition_id and ends_at <= clock_now();
    if not found then
        raise exception 'no final board stands before the end';
    end if;
    delete from final_entries where competition_id = p_competition_id and version_id = p_version_id;
    insert into final_entries
        (competition_id, version_id, team_id, rank, public_rank, submission_id, private_score, public_score,
         was_selected, n_entries, last_entry_at)
    select p_competition_id, p_version_id, f.team_id,
           (row_number() over (order by f.private_key, f.received_at, f.id))::integer,
           (row_number() over (order by f.rank_key nulls last, f.received_at, f.id))::integer,
           f.id, f.private_score, f.public_score, f.was_selected, f.n_entries, f.last_entry_at
    from teams t
    cross join lateral (
        select count(*)::integer as n, max(n.received_at) as last_at
        from scores n
        where n.version_id = p_version_id and n.team_id = t.id and n.rank_key is not null and not n.is_late
    ) entries
    cross join lateral (
        -- Chosen submissions; where a team chose none, its best public ones stand in.
        select s.id, t.id as team_id, s.received_at, s.rank_key, s.public_score,
               p.private_score, s.was_selected,
               case when v.higher_is_better then -p.private_score else p.private_score end as private_key,
               entries.n as n_entries, entries.last_at as last_entry_at
        from (
            select chosen.id, x.received_at, x.rank_key, x.public_score, true as was_selected
            from submissions chosen
            join scores x on x.submission_id = chosen.id and x.version_id = p_version_id
            where chosen.team_id = t.id and chosen.state = 'scored' and not chosen.is_late
              and chosen.selected_at is not null
            union all
            select best.* from (
                select x.submission_id as id, x.received_at, x.rank_key, x.public_score, false as was_selected
                from scores x
                where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late
                order by x.rank_key, x.received_at, x.submission_id
                limit c.final_limit
            ) best
            where not exists (
                select from submissions any_chosen
                where any_chosen.team_id = t.id and any_chosen.state = 'scored'
                  and not any_chosen.is_late and any_chosen.selected_at is not null)
        ) s
        join private_scores p on p.submission_id = s.id and p.version_id = p_version_id
        join scoring_versions v on v.id = p_version_id
        where p.private_score is not null
        order by private_key, s.received_at, s.id
        limit 1
    ) f
    where t.competition_id = p_competition_id and entries.n > 0;
end
$$;

create or replace function settle_competition(p_competition_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c record;
begin
    select id, active_version_id into c
    from competitions
    where id = p_competition_id and launched_at is not null and ends_at <= clock_now()
    for update;
    if not found then
        return false;
    end if;
    if exists (
        select from submissions
        where competition_id = p_competition_id and state in ('queued', 'scoring') and not is_late
    ) then
        return false;
    end if;
    -- Counted submissions that the active version has not scored yet: published a moment ago.
    if exists (
        select from jobs
        where version_id = c.active_version_id and kind = 'rescore' and state in ('queued', 'leased')
    ) then
        return false;
    end if;
    perform make_final_board(p_competition_id, c.active_version_id);
    update competitions
    set settled_at = coalesce(settled_at, clock_now()), board_revision = board_revision + 1
    where id = p_competition_id;
    return true;
end
$$;

create or replace function remember_ranks(p_competition_id bigint) returns void
language sql security definer set search_path = public, pg_temp
as $$
    update board_entries b
    set rank_at_midnight = r.rank
    from (
        select e.version_id, e.team_id,
               (row_number() over (order by e.rank_key, e.reached_at, e.submission_id))::integer as rank
        from board_entries e
        where e.competition_id = p_competition_id
          and e.version_id = (select active_version_id from competitions where id = p_competition_id)
    ) r
    where b.competition_id = p_competition_id and b.version_id = r.version_id and b.team_id = r.team_id
      and b.rank_at_midnight is distinct from r.rank;
$$;

-- The queue: a competition's turn first, within it a team's, so that a burst delays only itself.
alter table jobs
    add column team_turn bigint not null default 0,
    add column leased_at timestamptz,
    drop constraint jobs_kind_check,
    add constraint jobs_kind check (kind ~ '^[a-z_]+$'),
    add constraint jobs_rescore_subject
        check (kind <> 'rescore' or (submission_id is not null and team_id is not null and version_id is not null));
drop index jobs_waiting_of_team;
create index jobs_waiting_of_team on jobs (team_id, priority, team_turn) where state = 'queued';
create index jobs_waiting_of_competition on jobs (competition_id, priority, turn, id) where state = 'queued';
create index jobs_waiting_within on jobs (competition_id, priority, team_turn, id) where state = 'queued';
create index jobs_waiting_without_team on jobs (competition_id, priority, team_turn)
    where state = 'queued' and team_id is null;
create unique index jobs_one_rescore on jobs (submission_id, version_id)
    where kind = 'rescore' and state in ('queued', 'leased');
create index jobs_done on jobs (finished_at desc) where state = 'done';
create index jobs_failed_rescoring on jobs (version_id, id) where kind = 'rescore' and state = 'failed';
create index jobs_waiting_rescoring on jobs (version_id, id) where kind = 'rescore' and state in ('queued', 'leased');

-- Puts a version's next submissions into the queue; once all are scored, makes its board and its
-- preview. Returns how many were put in; -1 while another scorer does this. Called by idle scorers.
create function advance_rescoring(p_version_id bigint, p_batch integer) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v record;
    active bigint;
    settled timestamptz;
    n integer := 0;
    upto bigint;
    first_turn bigint;
    first_team_turn bigint;
begin
    select id, competition_id, asked_upto, asked_all_at into v
    from scoring_versions
    where id = p_version_id and stage = 'rescoring' and prepared_at is null
    for update skip locked;
    if not found then
        return case when exists (
            select from scoring_versions where id = p_version_id and stage = 'rescoring' and prepared_at is null
        ) then -1 else 0 end;
    end if;
    if v.asked_all_at is null then
        if (select count(*) from (
                select from jobs where version_id = v.id and kind = 'rescore' and state in ('queued', 'leased')
                limit p_batch) w) * 2 > p_batch then
            return 0;
        end if;
        select coalesce(greatest(
            (select turn from jobs where state = 'queued' and priority = 5 order by turn, id limit 1),
            (select turn + 1 from jobs where state = 'queued' and priority = 5 and competition_id = v.competition_id
             order by turn desc limit 1)), 0)
        into first_turn;
        select coalesce((select team_turn + 1 from jobs
            where state = 'queued' and priority = 5 and competition_id = v.competition_id
            order by team_turn desc limit 1), 0)
        into first_team_turn;
        with batch as materialized (
            select s.id, s.team_id, s.state
            from submissions s
            where s.competition_id = v.competition_id and s.id > v.asked_upto
            order by s.id
            limit p_batch
        ), asked as (
            insert into jobs (kind, priority, turn, team_turn, competition_id, team_id, submission_id, version_id)
            select 'rescore', 5, first_turn + row_number() over (order by b.id),
                   first_team_turn + row_number() over (order by b.id), v.competition_id, b.team_id, b.id, v.id
            from batch b
            where b.state = 'scored'
              and not exists (select from scores x where x.submission_id = b.id and x.version_id = v.id)
            on conflict do nothing
            returning 1
        )
        select (select count(*) from asked), (select max(id) from batch) into n, upto;
        update scoring_versions
        set asked_upto = coalesce(upto, asked_upto), n_asked = n_asked + n,
            asked_all_at = case when upto is null then clock_now() end
        where id = v.id;
        if upto is not null then
            return greatest(n, 1);
        end if;
    end if;
    if exists (select from jobs where version_id = v.id and kind = 'rescore' and state in ('queued', 'leased'))
        or exists (select from jobs where version_id = v.id and kind = 'rescore' and state = 'failed') then
        return 0;
    end if;
    select active_version_id, settled_at into active, settled from competitions where id = v.competition_id;
    perform rebuild_board(v.competition_id, v.id);
    if settled is not null then
        perform make_final_board(v.competition_id, v.id);
    end if;
    delete from version_moves where version_id = v.id;
    insert into version_moves
        (version_id, team_id, distance, old_rank, new_rank, old_score, new_score, old_final_rank, new_final_rank)
    select v.id, coalesce(o.team_id, w.team_id),
           case when o.rank is null then w.n - w.rank + 1 when w.rank is null then o.n - o.rank + 1
                else abs(o.rank - w.rank) end,
           o.rank, w.rank, o.public_score, w.public_score, fo.rank, fn.rank
    from (
        select team_id, public_score, (count(*) over ())::integer as n,
               (row_number() over (order by rank_key, reached_at, submission_id))::integer as rank
        from board_entries where competition_id = v.competition_id and version_id = active
    ) o
    full join (
        select team_id, public_score, (count(*) over ())::integer as n,
               (row_number() over (order by rank_key, reached_at, submission_id))::integer as rank
        from board_entries where competition_id = v.competition_id and version_id = v.id
    ) w on w.team_id = o.team_id
    left join final_entries fo
        on fo.competition_id = v.competition_id and fo.version_id = active
        and fo.team_id = coalesce(o.team_id, w.team_id)
    left join final_entries fn
        on fn.competition_id = v.competition_id and fn.version_id = v.id
        and fn.team_id = coalesce(o.team_id, w.team_id);
    update scoring_versions
    set prepared_at = clock_now(),
        n_moved = (select count(*) from version_moves m where m.version_id = v.id and m.distance > 0)
    where id = v.id;
    return 0;
end
$$;
revoke all on function advance_rescoring(bigint, integer) from public;

-- Makes a prepared or followed version the one that counts, in one step for boards, scores and the
-- final board. Returns null, or why not: not_ready, failed, waiting.
create function switch_version(
    p_competition_id bigint, p_version_id bigint, p_kind text, p_reason text, p_actor_id bigint
) returns text
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c record;
    v record;
begin
    -- Versions first, then the competition: the order in which scores are written.
    perform 1 from scoring_versions where competition_id = p_competition_id order by id for update;
    select id, active_version_id, settled_at into c from competitions where id = p_competition_id for no key update;
    select id, stage, prepared_at into v
    from scoring_versions
    where id = p_version_id and competition_id = p_competition_id and id <> c.active_version_id
      and stage = case p_kind when 'publish' then 'rescoring' else 'standby' end and prepared_at is not null;
    if not found then
        return 'not_ready';
    end if;
    if exists (select from jobs where version_id = v.id and kind = 'rescore' and state = 'failed') then
        return 'failed';
    end if;
    -- What arrived this very minute is scored in a moment, like everything that arrives.
    if exists (
        select from jobs
        where version_id = v.id and kind = 'rescore' and state in ('queued', 'leased')
          and created_at < now() - interval '1 minute'
    ) then
        return 'waiting';
    end if;
    if c.settled_at is not null and not exists (
        select from final_entries where competition_id = c.id and version_id = v.id
    ) then
        perform make_final_board(c.id, v.id);
    end if;
    update scoring_versions set stage = 'retired'
    where competition_id = c.id and stage = 'standby' and id <> v.id;
    update scoring_versions set stage = 'standby', prepared_at = clock_now() where id = c.active_version_id;
    update scoring_versions
    set stage = 'published', activated_at = coalesce(activated_at, clock_now())
    where id = v.id;
    update competitions
    set active_version_id = v.id, board_revision = board_revision + 1
    where id = c.id;
    insert into version_changes (competition_id, version_id, previous_version_id, kind, reason, actor_id, at)
    values (c.id, v.id, c.active_version_id, p_kind, p_reason, p_actor_id, clock_now());
    delete from version_moves where version_id = v.id;
    return null;
end
$$;
revoke all on function switch_version(bigint, bigint, text, text, bigint) from public;

-- Gives up a version that does not count: what waits for it leaves the queue.
create function abandon_version(p_competition_id bigint, p_version_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update scoring_versions set stage = 'abandoned'
    where id = p_version_id and competition_id = p_competition_id and stage in ('draft', 'rescoring')
      and exists (select from competitions c where c.id = p_competition_id and c.launched_at is not null);
    if not found then
        return false;
    end if;
    delete from jobs where version_id = p_version_id and kind = 'rescore' and state in ('queued', 'failed');
    delete from board_entries where competition_id = p_competition_id and version_id = p_version_id;
    delete from final_entries where competition_id = p_competition_id and version_id = p_version_id;
    delete from version_moves where version_id = p_version_id;
    return true;
end
$$;
revoke all on function abandon_version(bigint, bigint) from public;

-- Has the failed rescorings of a version tried again.
create function retry_rescoring(p_version_id bigint) returns bigint
language sql security definer set search_path = public, pg_temp
as $$
    with again as (
        update jobs
        set state = 'queued', attempts = 0, finished_at = null, run_at = now(), error = null
        where version_id = p_version_id and kind = 'rescore' and state = 'failed'
        returning 1
    )
    select count(*) from again
$$;
revoke all on function retry_rescoring(bigint) from public;

grant select on version_changes, version_moves to holdout_web, holdout_scorer;
grant execute on function advance_rescoring(bigint, integer) to holdout_scorer;
grant execute on function switch_version(bigint, bigint, text, text, bigint), retry_rescoring(bigint), abandon_version(bigint, bigint) to holdout_web;
