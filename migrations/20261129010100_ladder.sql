-- The parameter-free Ladder (Blum and Hardt, 2015): a team sees a new public score only when it is better than its
-- best one by more than chance, and else its last released score again.

-- auto: as Holdout proposes at the launch. From then on it is on or off, and stays so.
alter table competitions add column ladder text not null default 'off' check (ladder in ('auto', 'on', 'off'));
alter table competitions alter column ladder set default 'auto'; -- what was there before stays as it was
alter table competitions add constraint competitions_launched_on_or_off check (launched_at is null or ladder <> 'auto');
grant update (ladder) on competitions to holdout_web;

create function ladder_stands() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and old.launched_at is not null and new.ladder <> old.ladder then
        raise exception 'whether the board is a ladder is fixed since the launch';
    end if;
    -- Whoever launches past the web server, such as made-up competitions, has an ordinary board.
    if new.launched_at is not null and new.ladder = 'auto' then
        new.ladder := 'off';
    end if;
    if new.launched_at is not null and new.ladder = 'on' and exists (
        select from scoring_versions
        where id = new.active_version_id and (custom_metric_id is not null or ranked_parts is not null)
    ) then
        raise exception 'of this metric no row''s influence is known, and its board can be no ladder';
    end if;
    return new;
end
$$;
create trigger competitions_ladder_stands before insert or update of ladder, launched_at, active_version_id on competitions
    for each row execute function ladder_stands();

-- On a ladder, scores.public_score and rank_key are those that were released: everything that shows a public
-- score reads them, and can show no other.
alter table scores
    add column ladder_step text check (ladder_step in ('released', 'held')),
    add constraint scores_step_of_a_score check (ladder_step is null or public_score is not null);

create function scores_climb() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    climbs boolean;
begin
    select c.ladder = 'on' and not s.is_late into climbs
    from submissions s
    join competitions c on c.id = s.competition_id
    where s.id = new.submission_id;
    if new.public_score is not null and climbs <> (new.ladder_step is not null) then
        raise exception 'a public score stands on a ladder exactly where the board is one';
    end if;
    return new;
end
$$;
create trigger scores_climb before insert or update of public_score, ladder_step on scores
    for each row execute function scores_climb();

-- What such a submission came to in truth. holdout_web is granted nothing here.
create table exact_public_scores (
    submission_id bigint not null,
    version_id bigint not null,
    public_score double precision not null check (public_score not in ('NaN', 'Infinity', '-Infinity')),
    primary key (submission_id, version_id),
    foreign key (submission_id, version_id) references scores (submission_id, version_id) on delete cascade
);
create index exact_public_scores_by_version on exact_public_scores (version_id);
grant select, insert, update, delete on exact_public_scores to holdout_scorer;

-- Of a team's files, an earlier one is judged first.
create index jobs_open_of_team on jobs (team_id, submission_id)
    where state in ('queued', 'leased') and kind in ('score', 'rescore');

-- As before; a score that was held back is that of an earlier file, which has the place.
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
        where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null and not x.is_late
          and not x.is_barred and x.ladder_step is distinct from 'held'
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
    where x.version_id = p_version_id and x.team_id = p_team_id and x.rank_key is not null and not x.is_late
      and not x.is_barred and x.ladder_step is distinct from 'held'
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

-- As before; what stands in for a choice is what was released. A chosen submission that is barred still keeps stand-ins away:
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
                    where x.version_id = p_version_id and x.team_id = t.id and x.rank_key is not null
                      and not x.is_late and not x.is_barred and x.ladder_step is distinct from 'held'
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
