-- Who came into a competition by its link, as people: hosts see their user names, and an address only where they typed it.

create table competition_guests (
    competition_id bigint not null references competitions on delete cascade,
    user_id bigint not null references users on delete cascade,
    came_at timestamptz not null,
    primary key (competition_id, user_id)
);
create index competition_guests_by_time on competition_guests (competition_id, came_at desc, user_id desc);
create index competition_guests_by_person on competition_guests (user_id, competition_id);
grant select, insert, delete on competition_guests to holdout_web;

-- Rows of people, and addresses of accounts that stand there without a host's change on record: these came by a link too.
insert into competition_guests (competition_id, user_id, came_at)
select i.competition_id, coalesce(i.user_id, u.id), i.created_at
from competition_invitations i
left join users u on u.email = i.email and u.email_confirmed_at is not null
where i.user_id is not null
   or (u.id is not null
       and not exists (
           select from audit_log a
           where a.competition_id = i.competition_id and a.action in ('edit_visibility', 'edit_settings')
             and a.at between i.created_at and i.created_at + interval '1 minute'))
on conflict do nothing;
-- locks: rows of people who came by a link, whose access the rows above go on giving
delete from competition_invitations i
using competition_guests g
left join users u on u.id = g.user_id
where g.competition_id = i.competition_id and g.came_at = i.created_at
  and (i.user_id = g.user_id or i.email = u.email);

create or replace function is_invited(p_user_id bigint, p_competition_id bigint) returns boolean
language sql stable
as $$
    select exists (
            select from users u
            join competition_invitations i on i.email = u.email
            where u.id = p_user_id and u.email_confirmed_at is not null and i.competition_id = p_competition_id)
        or exists (
            select from competition_guests
            where competition_id = p_competition_id and user_id = p_user_id)
$$;

alter table competition_invitations drop column user_id;
