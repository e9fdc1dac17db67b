-- Whoever hosted a competition once is never ranked in it, as whoever hosts it is not: they know what its hosts know.

create table former_hosts (
    user_id bigint not null references users on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    left_at timestamptz not null default clock_now(),
    primary key (user_id, competition_id)
);
create index former_hosts_by_competition on former_hosts (competition_id);
grant select on former_hosts to holdout_web;

-- Nobody writes them but this; of a draft that is discarded nothing is left.
create function hosts_are_remembered() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into former_hosts (user_id, competition_id)
    select u.id, c.id from users u, competitions c where u.id = old.user_id and c.id = old.competition_id
    on conflict (user_id, competition_id) do update set left_at = excluded.left_at;
    return null;
end
$$;
create trigger competition_hosts_are_remembered after delete on competition_hosts
    for each row execute function hosts_are_remembered();

-- Who is a former member comes into no team any more, and what they hosted names them no longer.
create function erased_hosts_are_forgotten() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    delete from former_hosts where user_id = new.id;
    return null;
end
$$;
create trigger users_erased_hosts_are_forgotten after update of erased_at on users
    for each row when (old.erased_at is null and new.erased_at is not null) execute function erased_hosts_are_forgotten();

-- Those who left before this was asked, as far as the log tells; whoever of them is in a team by now stays in it.
insert into former_hosts (user_id, competition_id, left_at)
select u.id, c.id, max(a.at)
from audit_log a
join users u on u.id = (a.detail ->> 'user_id')::bigint
join competitions c on c.id = a.competition_id
where a.action = 'remove_host' and u.erased_at is null
group by u.id, c.id;

-- As before; and nobody comes into a team who hosted once.
create or replace function members_host_not() returns trigger
language plpgsql
as $$
begin
    if exists (
        select from added a
        join competitions c on c.id = a.competition_id and c.launched_at is not null
        where exists (select from competition_hosts h where h.competition_id = a.competition_id and h.user_id = a.user_id)
           or exists (select from former_hosts f where f.competition_id = a.competition_id and f.user_id = a.user_id)
    ) then
        raise exception 'a host is in no team'
            using errcode = 'check_violation', constraint = 'team_members_host_not';
    end if;
    return null;
end
$$;
