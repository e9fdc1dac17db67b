-- Which contract scorers and runners must speak to be given work: servers come first in an upgrade, scorers after them.

create table contract (
    is_only boolean primary key default true check (is_only),
    oldest integer not null, -- who speaks an older one would misunderstand what the tables say
    newest integer not null, -- who speaks a newer one expects tables that are not there yet
    check (0 < oldest and oldest <= newest)
);
insert into contract (oldest, newest) values (1, 1);
grant select on contract to holdout_web, holdout_scorer, holdout_runner;

alter table scorers
    add column contract integer, -- none: a scorer from before there was one
    add column refusal text check (refusal <> ''); -- why it takes no work now
alter table notebook_runners add column contract integer;
create view scorers_at_work as
    select s.* from scorers s join contract c on s.contract between c.oldest and c.newest
    where s.refusal is null;
grant select on scorers_at_work to holdout_web, holdout_scorer;

alter table jobs
    add column needs integer not null default 1, -- the oldest contract in which this job can be understood
    add column spoken integer; -- said by whoever takes a job, and never kept

-- What a program that knows nothing of contracts runs into as well.
create function demand_contract() returns trigger
language plpgsql
as $$
declare
    asked contract;
begin
    select * into strict asked from contract;
    if new.spoken is null or new.spoken < greatest(asked.oldest, new.needs) then
        raise exception 'This scorer is too old for this installation and is given no work. Upgrade it to the release of the web server.'
            using errcode = 'HD001';
    elsif new.spoken > asked.newest then
        raise exception 'This scorer is too new for this installation and is given no work. Upgrade the web server first, which brings the database up to date.'
            using errcode = 'HD001';
    end if;
    new.spoken := null;
    return new;
end
$$;
create trigger jobs_demand_contract before update of lease on jobs
    for each row when (new.lease is not null and new.lease is distinct from old.lease)
    execute function demand_contract();

-- Whether this program is the database's: the web server looks before it serves.
do $$
begin
    if to_regclass('_sqlx_migrations') is not null then
        grant select on _sqlx_migrations to holdout_web;
    end if;
end
$$;
