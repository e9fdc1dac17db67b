-- Disqualified teams and submissions: on no board as long as it lasts, with a reason, and on record.

-- A decision a row; what is disqualified now has an open one.
create table disqualifications (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    team_id bigint not null references teams on delete cascade,
    submission_id bigint references submissions on delete cascade, -- null: the whole team
    reason text not null check (length(reason) between 1 and 1000), -- told to the team
    decided_by bigint references users on delete set null,
    decided_at timestamptz not null,
    lifted_by bigint references users on delete set null,
    lifted_at timestamptz,
    lifted_because text check (length(lifted_because) between 1 and 1000),
    constraint disqualifications_lifted_says_why check ((lifted_at is null) = (lifted_because is null))
);
create unique index disqualifications_of_team on disqualifications (team_id)
    where submission_id is null and lifted_at is null;
create unique index disqualifications_of_submission on disqualifications (submission_id)
    where submission_id is not null and lifted_at is null;
create index disqualifications_by_competition on disqualifications (competition_id, id desc);
create index disqualifications_by_team on disqualifications (team_id);
create index disqualifications_by_any_submission on disqualifications (submission_id) where submission_id is not null;
create index disqualifications_by_decider on disqualifications (decided_by);
create index disqualifications_by_lifter on disqualifications (lifted_by) where lifted_by is not null;
grant select, insert, update on disqualifications to holdout_web;

alter table team_events
    drop constraint team_events_kind_check,
    add constraint team_events_kind_check check (kind in (
        'renamed', 'invited', 'invitation_withdrawn', 'invitation_declined', 'joined', 'left', 'handed_over',
        'merge_asked', 'merge_withdrawn', 'merge_declined', 'merged', 'disqualified', 'reinstated')),
    drop constraint team_events_words_check,
    add constraint team_events_words_check check (length(words) <= 1200);

-- What boards read: barred while a decision about the submission or its team is open.
alter table scores add column is_barred boolean not null default false;
drop index scores_best;
create index scores_best on scores (version_id, team_id, rank_key, received_at, submission_id)
    where rank_key is not null and not is_late and not is_barred;

create function is_disqualified(p_team_id bigint, p_submission_id bigint) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (
            select from disqualifications
            where team_id = p_team_id and submission_id is null and lifted_at is null)
        or exists (
            select from disqualifications where submission_id = p_submission_id and lifted_at is null)
$$;
revoke all on function is_disqualified(bigint, bigint) from public;
grant execute on function is_disqualified(bigint, bigint) to holdout_web, holdout_scorer;

create function scores_know_bars() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    new.is_barred := is_disqualified(new.team_id, new.submission_id);
    return new;
end
$$;
create trigger scores_know_bars before insert or update of team_id on scores
    for each row execute function scores_know_bars();

-- As before, without what is barred.
create or replace function public_board(p_competition_id bigint, p_version_id bigint)
returns table (team_id bigint, submission_id bigint, public_score double precision, rank_key double precision,
               reached_at timestamptz, n_entries integer, last_entry_at timestamptz, part_scores double precision[])
language sql stable
as $$
    select t.id, best.submission_id, best.public_score, best.rank_key, best.received_at, entries.n, entries.last_at,
           best.part_scores
    from teams t
    cross join lateral (
        select x.submission_id, x.public_score, x.rank_key, x.received_at, x.part_scores
        from scores x
        where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late and not x.is_barred
        order by x.rank_key, x.received_at, x.submission_id
        limit 1
    ) best
    cross join lateral (
        select count(*)::integer as n, max(x.received_at) as last_at
        from scores x
        where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late and not x.is_barred
    ) entries
    where t.competition_id = p_competition_id
$$;

create or replace function place_on_board(p_competition_id bigint, p_team_id bigint, p_version_id bigint) returns void
language plpgsql
as $$
declare
    best record;
    entries record;
begin
    perform 1 from teams where id = p_team_id for no key update;
    select x.submission_id, x.public_score, x.rank_key, x.received_at, x.part_scores into best
    from scores x
    where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late and not x.is_barred
    order by x.rank_key, x.received_at, x.submission_id
    limit 1;
    if not found then
        delete from board_entries
        where competition_id = p_competition_id and version_id = p_version_id and team_id = p_team_id;
    else
        select count(*)::integer as n, max(x.received_at) as last_at into entries
        from scores x
        where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late and not x.is_barred;
        insert into board_entries as b
            (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries,
             last_entry_at, part_scores)
        values
            (p_competition_id, p_version_id, p_team_id, best.submission_id, best.public_score, best.rank_key,
             best.received_at, entries.n, entries.last_at, best.part_scores)
        on conflict (competition_id, version_id, team_id) do update set
            submission_id = excluded.submission_id,
            public_score = excluded.public_score,
            rank_key = excluded.rank_key,
            reached_at = excluded.reached_at,
            n_entries = excluded.n_entries,
            last_entry_at = excluded.last_entry_at,
            part_scores = excluded.part_scores;
    end if;
end
$$;

-- As before, without what is barred. A chosen submission that is barred still keeps stand-ins away:
-- its team did choose.
create or replace function final_board(p_competition_id bigint, p_version_id bigint)
returns table (
    team_id bigint, rank integer, public_rank integer, submission_id bigint, private_score double precision,
    public_score double precision, was_selected boolean, n_entries integer, last_entry_at timestamptz,
    mean_rank double precision, part_ranks double precision[], part_scores double precision[],
    public_mean_rank double precision, public_part_ranks double precision[], public_part_scores double precision[])
language sql stable
as $$
    with counting as materialized (
        select f.*, entries.n as n_entries, entries.last_at
        from teams t
        cross join lateral (
            select count(*)::integer as n, max(n.received_at) as last_at
            from scores n
            where n.version_id = p_version_id and n.team_id = t.id and n.rank_key is not null and not n.is_late and not n.is_barred
        ) entries
        cross join lateral (
            -- Chosen submissions; where a team chose none, its best public ones stand in.
            select t.id as team_id, s.id, s.received_at, s.rank_key, s.public_score, s.part_scores, s.was_selected,
                   p.private_score, p.part_scores as private_parts,
                   case when v.higher_is_better then -p.private_score else p.private_score end as private_key
            from (
                select chosen.id, x.received_at, x.rank_key, x.public_score, x.part_scores, true as was_selected
                from submissions chosen
                join scores x on x.submission_id = chosen.id and x.version_id = p_version_id
                where chosen.team_id = t.id and chosen.state = 'scored' and not chosen.is_late and not x.is_barred
                  and chosen.selected_at is not null
                union all
                select best.* from (
                    select x.submission_id as id, x.received_at, x.rank_key, x.public_score, x.part_scores,
                           false as was_selected
                    from scores x
                    where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late and not x.is_barred
                    order by x.rank_key, x.received_at, x.submission_id
                    limit (select final_limit from competitions where id = p_competition_id)
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
        where t.competition_id = p_competition_id and entries.n > 0
    )
    select c.team_id, private.rank, public.rank, c.id, c.private_score, c.public_score, c.was_selected, c.n_entries,
           c.last_at, private.mean_rank, private.part_ranks, c.private_parts, public.mean_rank, public.part_ranks,
           c.part_scores
    from counting c
    join rank_entries(
        array(select row(k.team_id, k.id, k.private_parts, k.private_key, k.received_at)::ranked_entry from counting k),
        parts_of_version(p_version_id)) private on private.team_id = c.team_id
    join rank_entries(
        array(select row(k.team_id, k.id, k.part_scores, k.rank_key, k.received_at)::ranked_entry from counting k),
        parts_of_version(p_version_id)) public on public.team_id = c.team_id
$$;

-- Has every board say what the decisions about a team say. The order of locks is that of scores.
create function judge_conduct(p_competition_id bigint, p_team_id bigint) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    board bigint;
    settled timestamptz;
begin
    perform 1 from teams where id = p_team_id for no key update;
    perform 1 from scoring_versions where competition_id = p_competition_id order by id for share;
    select settled_at into settled from competitions where id = p_competition_id for no key update;
    update scores x set is_barred = is_disqualified(s.team_id, s.id)
    from submissions s
    where s.team_id = p_team_id and x.submission_id = s.id and x.is_barred <> is_disqualified(s.team_id, s.id);
    for board in
        select v.id from scoring_versions v
        join competitions c on c.id = v.competition_id
        where v.competition_id = p_competition_id and (v.id = c.active_version_id or v.prepared_at is not null)
    loop
        perform place_on_board(p_competition_id, p_team_id, board);
        if settled is not null then
            perform make_final_board(p_competition_id, board);
        end if;
    end loop;
    update competitions set board_revision = board_revision + 1 where id = p_competition_id;
end
$$;
revoke all on function judge_conduct(bigint, bigint) from public;
grant execute on function judge_conduct(bigint, bigint) to holdout_web;
