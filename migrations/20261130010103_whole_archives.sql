-- Archives hold all that scores came from: the order in which a Ladder's files were judged, decisions about files and
-- teams, and what files came to that were let go. An import takes them over, before the launch alone.

-- A file that is not there cannot come to count.
alter table submissions
    add constraint submissions_gone_not_chosen check (file_gone_at is null or selected_at is null);

-- What was let go where it comes from takes no room here.
create or replace function count_files_of_submissions() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        perform count_stored('competition', o.id, 'submissions', o.bytes, true)
        from (
            select competition_id as id, sum(size_bytes)::bigint as bytes from come
            where file_gone_at is null group by 1 order by 1
        ) o;
        perform count_stored('person', o.id, 'submissions', o.bytes, true)
        from (
            select user_id as id, sum(size_bytes)::bigint as bytes from come
            where file_gone_at is null group by 1 order by 1
        ) o;
    else
        perform count_stored('competition', o.id, 'submissions', -o.bytes, false)
        from (
            select competition_id as id, sum(size_bytes)::bigint as bytes from gone
            where file_gone_at is null group by 1 order by 1
        ) o;
        perform count_stored('person', o.id, 'submissions', -o.bytes, false)
        from (
            select user_id as id, sum(size_bytes)::bigint as bytes from gone
            where file_gone_at is null group by 1 order by 1
        ) o;
    end if;
    return null;
end
$$;

create function count_let_go() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into files_let_go as g (competition_id, n_gone, last_gone_at)
    values (new.competition_id, 1, new.file_gone_at)
    on conflict (competition_id) do update
    set n_gone = g.n_gone + 1, last_gone_at = greatest(g.last_gone_at, excluded.last_gone_at);
    return null;
end
$$;
create trigger submissions_come_without_file after insert on submissions
    for each row when (new.file_gone_at is not null) execute function count_let_go();

-- A score without the solution it was computed with is the word of another installation. Like one that was held back it
-- takes no place on a board, and nothing is judged against it.
alter table scores
    alter column solution_sha256 drop not null,
    alter column engine_version drop not null,
    add constraint scores_computed_or_taken_over check (
        (solution_sha256 is null) = (engine_version is null)
        and (solution_sha256 is not null or public_score is null or ladder_step is not distinct from 'held'));

create or replace function scores_climb() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    climbs boolean;
begin
    select c.ladder = 'on' and not s.is_late into climbs
    from submissions s
    join competitions c on c.id = s.competition_id
    where s.id = new.submission_id;
    if new.public_score is not null and new.solution_sha256 is not null and climbs <> (new.ladder_step is not null) then
        raise exception 'a public score stands on a ladder exactly where the board is one';
    end if;
    return new;
end
$$;

-- What a file came to that was let go, as an archive says.
create function take_over_score(
    p_submission_id bigint, p_public_score double precision, p_public_undefined text,
    p_private_score double precision, p_private_undefined text
) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    f record;
begin
    select s.id, s.team_id, s.received_at, s.is_late, s.sha256, s.scored_at, v.id as version_id, v.higher_is_better into f
    from submissions s
    join competitions c on c.id = s.competition_id and c.launched_at is null
    join scoring_versions v on v.competition_id = c.id
    where s.id = p_submission_id and s.state = 'scored' and s.file_gone_at is not null
    order by v.number
    limit 1;
    if not found then
        raise exception 'a score is taken over before the launch, of a file that was let go';
    end if;
    insert into scores
        (submission_id, version_id, team_id, received_at, is_late, public_score, public_undefined, rank_key,
         submission_sha256, ladder_step, scored_at)
    values
        (f.id, f.version_id, f.team_id, f.received_at, f.is_late, p_public_score, p_public_undefined,
         case when f.higher_is_better then 0 - p_public_score else 0 + p_public_score end,
         f.sha256, case when p_public_score is not null then 'held' end, f.scored_at);
    insert into private_scores (submission_id, version_id, private_score, private_undefined)
    values (f.id, f.version_id, p_private_score, p_private_undefined);
end
$$;
revoke all on function take_over_score(bigint, double precision, text, double precision, text) from public;
grant execute on function take_over_score(bigint, double precision, text, double precision, text) to holdout_web;

-- New turns, in their order.
create function draw_ladder_turns(p_n integer) returns bigint[]
language sql security definer set search_path = public, pg_temp
as $$
    select array(select nextval('ladder_turn_numbers') from generate_series(1, p_n))
$$;
revoke all on function draw_ladder_turns(integer) from public;
grant execute on function draw_ladder_turns(integer) to holdout_web;

-- When a file was judged elsewhere, and in which team.
create function take_over_turn(p_submission_id bigint, p_turn bigint, p_team_id bigint) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into ladder_turns (submission_id, turn, team_id)
    select s.id, p_turn, t.id
    from submissions s
    join competitions c on c.id = s.competition_id and c.launched_at is null
    join teams t on t.id = p_team_id and t.competition_id = c.id
    where s.id = p_submission_id;
    if not found then
        raise exception 'turns are taken over before the launch';
    end if;
end
$$;
revoke all on function take_over_turn(bigint, bigint, bigint) from public;
grant execute on function take_over_turn(bigint, bigint, bigint) to holdout_web;
grant select on ladder_turns to holdout_web;
