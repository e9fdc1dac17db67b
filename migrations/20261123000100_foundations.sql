-- Roles, the one clock, and the audit log: what every other concept stands on.

-- The web server runs as holdout_web and the scorers as holdout_scorer; private
-- scores are granted to the second only.
do $$
begin
    if not exists (select from pg_roles where rolname = 'holdout_web') then
        create role holdout_web login;
    end if;
    if not exists (select from pg_roles where rolname = 'holdout_scorer') then
        create role holdout_scorer login;
    end if;
exception
    when duplicate_object or unique_violation then null; -- another database of this cluster was first
end
$$;

-- Asked first, because two databases of one cluster may be migrated at once.
do $$
begin
    if not pg_has_role(current_user, 'holdout_web', 'member') then
        grant holdout_web to current_user;
    end if;
    if not pg_has_role(current_user, 'holdout_scorer', 'member') then
        grant holdout_scorer to current_user;
    end if;
end
$$;

grant usage on schema public to holdout_web, holdout_scorer;

-- Contest time. Tests replace this function in their own database to move the clock.
create function clock_now() returns timestamptz
language sql stable
as $$ select now() $$;

create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_now(),
    actor_id bigint, -- null: the platform itself
    action text not null check (action ~ '^[a-z_]+$'),
    competition_id bigint,
    detail jsonb not null default '{}'
);
create index audit_log_by_competition on audit_log (competition_id, id desc);
create index audit_log_by_actor on audit_log (actor_id, id desc);
grant select, insert on audit_log to holdout_web, holdout_scorer;
