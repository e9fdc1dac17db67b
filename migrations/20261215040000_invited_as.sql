-- By which of the addresses that hosts typed somebody came who lets them see it, so that a class's list and its results can be brought
-- together. Of everybody else nothing is here.
create table invited_as (
    competition_id bigint not null,
    user_id bigint not null references users on delete cascade,
    email text not null,
    primary key (competition_id, user_id),
    foreign key (competition_id, user_id) references team_members (competition_id, user_id) on delete cascade
);
create index invited_as_by_person on invited_as (user_id);
grant select, insert on invited_as to holdout_web;
