-- How long people waited for their scores, added up since this began: one truth for all servers, which monitors may ask.

create table score_durations (
    at_most double precision primary key, -- seconds; the last is infinity
    n bigint not null default 0
);
insert into score_durations (at_most)
values (0.25), (0.5), (1), (2.5), (5), (10), (20), (30), (60), (120), (300), (600), (1800), (3600), ('infinity');
grant select on score_durations to holdout_web;

create table score_durations_counted (
    is_only boolean primary key default true check (is_only),
    counted_until timestamptz not null, -- by the time a job was finished
    seconds double precision not null default 0 -- all of them together
);
insert into score_durations_counted (counted_until) values (now());
grant select on score_durations_counted to holdout_web;

-- Adds what was finished since it was called last, by whichever server: each job once, or never where nobody asked for a
-- day. A transaction that finishes a job commits within seconds of its time; what is younger than half a minute waits.
create function count_score_durations() returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    since timestamptz;
    upto timestamptz := now() - interval '30 seconds';
    more double precision;
begin
    select greatest(counted_until, now() - interval '1 day') into since from score_durations_counted for update;
    if upto <= since then
        return;
    end if;
    with waits as materialized (
        select extract(epoch from finished_at - created_at)::double precision as seconds
        from jobs
        where state in ('done', 'failed') and kind = 'score' and finished_at > since and finished_at <= upto
    ), counts as (
        select (select min(b.at_most) from score_durations b where b.at_most >= w.seconds) as at_most, count(*) as n
        from waits w
        group by 1
    ), added as (
        update score_durations d set n = d.n + c.n from counts c where c.at_most = d.at_most
    )
    select coalesce(sum(seconds), 0) into more from waits;
    update score_durations_counted set counted_until = upto, seconds = seconds + more;
end
$$;
revoke all on function count_score_durations() from public;
grant execute on function count_score_durations() to holdout_web;
