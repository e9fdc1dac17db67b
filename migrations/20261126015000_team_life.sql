-- Teams that change: invitations, merges, and what became of a team, for its members to read.

-- A team that was merged into another stays as a row without people and without submissions. Nothing
-- writes to it again, because whoever waits for it in vain holds it while waiting for another.
alter table teams
    add column merged_into bigint,
    add column merged_at timestamptz,
    add column is_live boolean not null generated always as (merged_into is null) stored,
    add constraint teams_merged_into foreign key (competition_id, merged_into) references teams (competition_id, id),
    add constraint teams_merged_has_time check ((merged_into is null) = (merged_at is null)),
    add constraint teams_not_into_itself check (merged_into <> id),
    add constraint teams_live unique (competition_id, id, is_live);
create index teams_by_merged_into on teams (competition_id, merged_into) where merged_into is not null;
drop index teams_name_taken;
create unique index teams_name_taken on teams (competition_id, lower(name)) where merged_into is null;

-- People, submissions and what is under way belong to live teams alone.
alter table team_members
    add column of_live_team boolean not null default true check (of_live_team),
    drop constraint team_members_competition_id_team_id_fkey,
    add constraint team_members_of_live_team foreign key (competition_id, team_id, of_live_team)
        references teams (competition_id, id, is_live) on delete cascade;
alter table submissions
    add column of_live_team boolean not null default true check (of_live_team),
    drop constraint submissions_competition_id_team_id_fkey,
    add constraint submissions_of_live_team foreign key (competition_id, team_id, of_live_team)
        references teams (competition_id, id, is_live);

-- The entry's hash names the team that sent the file; null: the submission is still that team's.
alter table submission_log add column sent_as bigint references teams on delete cascade;
create index submission_log_by_sender on submission_log (sent_as) where sent_as is not null;

-- Nobody joins a full team.
create function team_has_room() returns trigger
language plpgsql
as $$
begin
    perform 1 from teams where id = new.team_id for no key update;
    if (select count(*) from team_members where team_id = new.team_id)
        > (select team_limit from competitions where id = new.competition_id)
    then
        raise exception 'the team has no room for one more'
            using errcode = 'check_violation', constraint = 'team_members_fit';
    end if;
    return null;
end
$$;
create trigger team_members_fit after update of team_id on team_members
    for each row when (old.team_id <> new.team_id) execute function team_has_room();

-- Where people come and go, each team they leave behind and each they come to has a leader, or is no more.
create function team_has_leader() returns trigger
language plpgsql
as $$
begin
    if exists (
        select from teams t
        where t.id in (old.team_id, new.team_id) and t.is_live and not t.is_baseline
          and not exists (select from team_members m where m.team_id = t.id and m.is_leader)
    ) then
        raise exception 'a team has a leader'
            using errcode = 'check_violation', constraint = 'team_members_have_leader';
    end if;
    return null;
end
$$;
create constraint trigger team_members_have_leader after update of team_id, is_leader on team_members
    deferrable initially deferred for each row execute function team_has_leader();

create table team_invitations (
    id bigint generated always as identity primary key,
    competition_id bigint not null,
    team_id bigint not null,
    of_live_team boolean not null default true check (of_live_team),
    user_id bigint not null references users on delete cascade,
    invited_by bigint not null references users on delete cascade,
    invited_at timestamptz not null,
    foreign key (competition_id, team_id, of_live_team)
        references teams (competition_id, id, is_live) on delete cascade,
    constraint team_invitations_once unique (team_id, user_id)
);
create index team_invitations_by_user on team_invitations (user_id, competition_id);
create index team_invitations_by_inviter on team_invitations (invited_by);

-- Whoever holds the link may join.
create table team_links (
    team_id bigint primary key,
    competition_id bigint not null,
    of_live_team boolean not null default true check (of_live_team),
    secret text not null unique check (length(secret) >= 20),
    created_at timestamptz not null,
    foreign key (competition_id, team_id, of_live_team)
        references teams (competition_id, id, is_live) on delete cascade
);

-- One team asks another whether it will become part of it.
create table merge_requests (
    id bigint generated always as identity primary key,
    competition_id bigint not null,
    from_team_id bigint not null, -- goes on, if the other accepts
    to_team_id bigint not null,
    of_live_teams boolean not null default true check (of_live_teams),
    asked_by bigint not null references users on delete cascade,
    asked_at timestamptz not null,
    foreign key (competition_id, from_team_id, of_live_teams)
        references teams (competition_id, id, is_live) on delete cascade,
    foreign key (competition_id, to_team_id, of_live_teams)
        references teams (competition_id, id, is_live) on delete cascade,
    constraint merge_requests_not_to_itself check (from_team_id <> to_team_id)
);
create unique index merge_requests_once
    on merge_requests (least(from_team_id, to_team_id), greatest(from_team_id, to_team_id));
create index merge_requests_by_sender on merge_requests (from_team_id);
create index merge_requests_by_receiver on merge_requests (to_team_id);
create index merge_requests_by_person on merge_requests (asked_by);

create table team_events (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    team_id bigint not null references teams on delete cascade,
    at timestamptz not null,
    kind text not null check (kind in (
        'renamed', 'invited', 'invitation_withdrawn', 'invitation_declined', 'joined', 'left', 'handed_over',
        'merge_asked', 'merge_withdrawn', 'merge_declined', 'merged')),
    actor_id bigint references users on delete set null,
    person_id bigint references users on delete set null, -- who was invited, or leads from now on
    other_team_id bigint references teams on delete cascade,
    words text not null default '' check (length(words) <= 300) -- names as they were then
);
create index team_events_by_team on team_events (team_id, id desc);
create index team_events_by_competition on team_events (competition_id);
create index team_events_by_other_team on team_events (other_team_id) where other_team_id is not null;
create index team_events_by_actor on team_events (actor_id);
create index team_events_by_person on team_events (person_id) where person_id is not null;

grant select, insert, update, delete on team_invitations, team_links, merge_requests to holdout_web;
grant select, insert on team_events to holdout_web;

-- Makes one team of two: `p_gone` becomes part of `p_kept`. Its callers hold both teams, the scoring
-- versions and the competition, in this order, and have asked the rules.
create function merge_teams(p_kept bigint, p_gone bigint, p_now timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c record;
    board bigint;
    rank_before integer;
begin
    select k.competition_id as id, o.final_limit, o.active_version_id into strict c
    from teams k
    join teams g on g.competition_id = k.competition_id and g.id = p_gone and g.is_live
    join competitions o on o.id = k.competition_id
    where k.id = p_kept and k.is_live and k.id <> g.id;
    -- The choices that stay are the best by public score, where the two chose more than one team may.
    update submissions set selected_at = null
    where id in (
        select s.id
        from submissions s
        left join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
        where s.team_id in (p_kept, p_gone) and s.selected_at is not null
        order by x.rank_key nulls last, s.received_at, s.id
        offset c.final_limit);
    -- Keys were each team's own.
    update submissions g set idempotency_key = null
    where g.team_id = p_gone and g.idempotency_key is not null
      and exists (select from submissions k where k.team_id = p_kept and k.idempotency_key = g.idempotency_key);
    update submission_log l set sent_as = p_gone
    from submissions s
    where s.team_id = p_gone and l.submission_id = s.id and l.sent_as is null;
    update submissions set team_id = p_kept where team_id = p_gone;
    -- What a scorer has in hand names the team again when it ends.
    update jobs set team_id = p_kept
    where id in (select id from jobs where team_id = p_gone and state = 'queued' for update skip locked);
    delete from team_invitations where team_id = p_gone;
    delete from team_invitations i using team_members m
    where m.team_id = p_gone and i.user_id = m.user_id and i.competition_id = c.id;
    delete from team_links where team_id = p_gone;
    delete from merge_requests where p_gone in (from_team_id, to_team_id);
    update team_members set team_id = p_kept, is_leader = false, joined_at = p_now where team_id = p_gone;
    update teams set merged_into = p_kept, merged_at = p_now where id = p_gone;
    delete from version_moves m using scoring_versions v
    where m.team_id = p_gone and v.id = m.version_id and v.stage in ('rescoring', 'standby');
    select min(rank_at_midnight) into rank_before
    from board_entries
    where competition_id = c.id and team_id in (p_kept, p_gone) and version_id = c.active_version_id;
    for board in
        select distinct version_id from board_entries where competition_id = c.id and team_id in (p_kept, p_gone)
    loop
        delete from board_entries where competition_id = c.id and version_id = board and team_id = p_gone;
        perform place_on_board(c.id, p_kept, board);
    end loop;
    update board_entries set rank_at_midnight = rank_before
    where competition_id = c.id and team_id = p_kept and version_id = c.active_version_id;
    update competitions set n_teams = n_teams - 1, board_revision = board_revision + 1 where id = c.id;
end
$$;
revoke all on function merge_teams(bigint, bigint, timestamptz) from public;
grant execute on function merge_teams(bigint, bigint, timestamptz) to holdout_web;

-- The team of a submission, held: who waited for it may find that it was merged meanwhile.
create function hold_team_of_submission(p_submission_id bigint) returns bigint
language plpgsql
as $$
declare
    team bigint;
    held bigint;
begin
    loop
        select team_id into team from submissions where id = p_submission_id;
        if team is not distinct from held then
            return team;
        end if;
        perform 1 from teams where id = team for no key update;
        held := team;
    end loop;
end
$$;
grant execute on function hold_team_of_submission(bigint) to holdout_scorer;

-- Notifications that are about a team, in place of a text.
alter table notifications
    alter column subject_id drop not null,
    add column competition_id bigint references competitions on delete cascade,
    add column team_event_id bigint references team_events on delete cascade,
    drop constraint notifications_event_check,
    add constraint notifications_event_check check (event in ('posted', 'accepted', 'hidden', 'warned', 'team')),
    drop constraint notifications_reason_check,
    add constraint notifications_reason_check
        check (reason in ('mention', 'reply', 'subject', 'person', 'forum', 'own', 'team')),
    add constraint notifications_about_one check (num_nonnulls(subject_id, competition_id) = 1),
    add constraint notifications_of_team check ((event = 'team') = (team_event_id is not null)),
    add constraint notifications_team_once unique (user_id, team_event_id);
create index notifications_by_team_event on notifications (team_event_id) where team_event_id is not null;
create index notifications_by_competition on notifications (competition_id) where competition_id is not null;

-- As before, and what is about a competition.
create or replace view readable_notifications as
select n.id, n.user_id, n.event, n.reason, n.subject_id, coalesce(s.kind = 'post', false) as is_post,
       coalesce(a.display_name, '') as actor, coalesce(t.title, k.title, c.title, '') as title,
       coalesce(p.plain, '') as plain, n.words, n.created_at, n.read_at,
       case when p.id is null then o.username end as owner, case when p.id is null then k.slug end as slug,
       coalesce(c.slug, '') as competition_slug
from notifications n
left join subjects s on s.id = n.subject_id
left join posts p on p.id = s.id
left join topics t on t.id = coalesce(p.under_id, s.id)
left join notebooks k on k.id = coalesce(p.under_id, s.id)
left join users o on o.id = k.owner_id
left join users a on a.id = n.actor_id
left join competitions c on c.id = n.competition_id
where (n.subject_id is null or n.event in ('hidden', 'warned') or (s.hidden_at is null and s.deleted_at is null))
  and (coalesce(s.competition_id, n.competition_id) is null
       or sees_competition(n.user_id, coalesce(s.competition_id, n.competition_id)))
  and (k.id is null or k.visibility = 'public' or k.owner_id = n.user_id);
