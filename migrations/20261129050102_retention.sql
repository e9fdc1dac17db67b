-- For how long the platform keeps what it does not need for ever. What is not named here is kept as `retention::model` says.

create table retention_settings (
    what text primary key check (what in ('sessions', 'addresses', 'mails', 'deliveries', 'notifications', 'log')),
    days integer check (days between 1 and 36500) -- null: for ever
);
grant select, insert, update on retention_settings to holdout_web;

create index sessions_with_address on sessions (last_seen_at) where ip <> '' or user_agent <> '';
create index mails_by_age on mails (created_at);
create index audit_log_by_age on audit_log (at);

-- The record of what was done can be shortened from its far end alone, and by no more than leaves a year.
create function forget_log(p_before timestamptz, p_limit integer) returns bigint
language sql security definer set search_path = public, pg_temp
as $$
    with gone as (
        delete from audit_log where id = any (array(
            select id from audit_log
            where at < least(p_before, clock_now() - interval '365 days')
            order by at limit p_limit))
        returning 1
    )
    select count(*) from gone
$$;
revoke all on function forget_log(timestamptz, integer) from public;
grant execute on function forget_log(timestamptz, integer) to holdout_web;
