-- Runs of notebooks that are cancelled, that wait again after their runner died, and that belong to no competition.

alter table notebook_runs
    add column cancelled_by bigint references users,
    drop constraint notebook_runs_state_check,
    add constraint notebook_runs_state
        check (state in ('waiting', 'running', 'ran', 'cell_failed', 'stopped', 'failed', 'cancelled')),
    add constraint notebook_runs_cancelled check ((state = 'cancelled') = (cancelled_by is not null));
create index notebook_runs_open_of_person on notebook_runs (asked_by) where finished_at is null;

alter table jobs
    alter column competition_id drop not null,
    add constraint jobs_competition check (competition_id is not null or kind = 'run');

-- A run waits while its job does.
create function wait_again() returns trigger
language plpgsql
as $$
begin
    update notebook_runs set state = 'waiting', started_at = null, at_cell = null
    where id = new.run_id and state = 'running';
    return null;
end
$$;
create trigger runs_wait_again after update of state on jobs
    for each row when (new.run_id is not null and old.state = 'leased' and new.state = 'queued')
    execute function wait_again();
update notebook_runs r set state = 'waiting', started_at = null, at_cell = null
where r.state = 'running' and exists (select from jobs j where j.run_id = r.id and j.state = 'queued');

-- What waits vanishes; what runs is on record as cancelled, and its runner finds its lease gone. Gives what it was,
-- or null when it has ended.
create function cancel_notebook_run(p_run_id bigint, p_by bigint) returns text
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    job record;
begin
    select id, state into job from jobs where run_id = p_run_id and state in ('queued', 'leased') for update;
    if not found then
        return null;
    end if;
    if job.state = 'queued' then
        delete from notebook_runs where id = p_run_id;
        return 'waiting';
    end if;
    update jobs set state = 'done', lease = null, lease_until = null, finished_at = now() where id = job.id;
    update notebook_runs
    set state = 'cancelled', cancelled_by = p_by, finished_at = clock_now(),
        took_seconds = greatest(0, extract(epoch from clock_now() - started_at))
    where id = p_run_id and finished_at is null;
    return 'running';
end
$$;
revoke all on function cancel_notebook_run(bigint, bigint) from public;
grant execute on function cancel_notebook_run(bigint, bigint) to holdout_web;
