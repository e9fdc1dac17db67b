-- Teams: every participant is in exactly one team of a competition, at first alone in it.

create table teams (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    name text not null check (length(name) between 1 and 60),
    is_baseline boolean not null default false, -- the host's reference entries, shown as such
    created_at timestamptz not null default clock_now(),
    unique (competition_id, id)
);
create unique index teams_name_taken on teams (competition_id, lower(name));

create table team_members (
    competition_id bigint not null,
    team_id bigint not null,
    user_id bigint not null references users on delete cascade,
    is_leader boolean not null,
    rules_accepted_at timestamptz not null,
    joined_at timestamptz not null,
    primary key (competition_id, user_id), -- one team a person
    foreign key (competition_id, team_id) references teams (competition_id, id) on delete cascade
);
create index team_members_by_team on team_members (team_id);
create unique index team_members_one_leader on team_members (team_id) where is_leader;
create index team_members_by_user on team_members (user_id, competition_id desc);

grant select, insert, update, delete on teams, team_members to holdout_web;
grant select, update on teams to holdout_scorer;
grant select on team_members to holdout_scorer;
