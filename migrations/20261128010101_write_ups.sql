-- Write-ups: the topic in which a team tells how it solved a competition, linked from its row of the final board.

create table write_ups (
    competition_id bigint not null,
    team_id bigint not null,
    topic_id bigint not null constraint write_ups_topic_taken unique references topics on delete cascade,
    bound_at timestamptz not null,
    primary key (competition_id, team_id), -- one a team
    foreign key (competition_id, team_id) references teams (competition_id, id) on delete cascade
);
grant select, insert, update, delete on write_ups to holdout_web;

-- Only a topic of the competition's forum that somebody in the team wrote.
create function write_up_is_the_teams() returns trigger
language plpgsql
as $$
begin
    if not exists (
        select from topics t
        join forums f on f.id = t.forum_id and f.competition_id = new.competition_id
        join subjects s on s.id = t.id
        join team_members m
          on m.competition_id = new.competition_id and m.user_id = s.author_id and m.team_id = new.team_id
        where t.id = new.topic_id
    ) then
        raise exception 'topic % is not one of team %', new.topic_id, new.team_id
            using errcode = 'check_violation', constraint = 'write_ups_of_the_team';
    end if;
    return new;
end
$$;
create trigger write_ups_of_the_team before insert or update on write_ups
    for each row execute function write_up_is_the_teams();

create function write_up_leaves_with_its_topic() returns trigger
language plpgsql
as $$
begin
    delete from write_ups where topic_id = new.id;
    return null;
end
$$;
create trigger write_ups_leave_with_their_topics after update of forum_id on topics
    for each row when (new.forum_id <> old.forum_id) execute function write_up_leaves_with_its_topic();

-- Boards are kept in memory under their revision: it follows what their rows link to.
create function board_follows_write_up() returns trigger
language plpgsql
as $$
begin
    update competitions set board_revision = board_revision + 1
    where id = coalesce(new.competition_id, old.competition_id);
    return null;
end
$$;
create trigger boards_follow_write_ups after insert or update or delete on write_ups
    for each row execute function board_follows_write_up();

create function board_follows_topic() returns trigger
language plpgsql
as $$
begin
    update competitions set board_revision = board_revision + 1
    where id = (select competition_id from write_ups where topic_id = new.id);
    return null;
end
$$;
create trigger boards_follow_topics after update of hidden_at, deleted_at on subjects
    for each row when (new.kind = 'topic' and is_shown(new.*) <> is_shown(old.*)) execute function board_follows_topic();
