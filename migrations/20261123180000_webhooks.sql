-- Webhooks: addresses of a host's own that are told what happens, and the record of every telling.

create table webhooks (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    url text not null check (url ~ '^https?://' and length(url) <= 500),
    secret bytea not null check (length(secret) = 32), -- signs what is sent
    events text[] not null check (
        events <@ array['submission.scored', 'competition.closed'] and cardinality(events) between 1 and 2
    ),
    created_by bigint references users on delete set null,
    created_at timestamptz not null,
    disabled_at timestamptz -- the receiver said that it is gone
);
create index webhooks_by_competition on webhooks (competition_id, id);
create index webhooks_by_person on webhooks (created_by);

create table webhook_deliveries (
    id bigint generated always as identity primary key,
    webhook_id bigint not null references webhooks on delete cascade,
    message_id uuid not null default gen_random_uuid(), -- the same for every attempt
    event text not null,
    subject bigint, -- what it is about is told once; null: a trial, told as often as asked for
    payload jsonb not null,
    created_at timestamptz not null,
    attempts integer not null default 0 check (attempts >= 0),
    next_attempt_at timestamptz, -- null: delivered, or given up
    delivered_at timestamptz,
    last_status integer,
    last_error text check (length(last_error) <= 300),
    constraint webhook_deliveries_delivered_is_over check (delivered_at is null or next_attempt_at is null)
);
create unique index webhook_deliveries_once on webhook_deliveries (webhook_id, event, subject) where subject is not null;
create index webhook_deliveries_by_hook on webhook_deliveries (webhook_id, id desc);
create index webhook_deliveries_waiting on webhook_deliveries (next_attempt_at) where next_attempt_at is not null;
create index webhook_deliveries_over on webhook_deliveries (created_at) where next_attempt_at is null;

grant select, insert, update, delete on webhooks, webhook_deliveries to holdout_web;

-- Puts a message for every webhook that wants it into the outbox, in the transaction of what it is about.
-- A message names things and holds no score.
create function tell_webhooks(p_competition_id bigint, p_event text, p_subject bigint, p_data jsonb) returns void
language sql security definer set search_path = public, pg_temp
as $$
    insert into webhook_deliveries (webhook_id, event, subject, payload, created_at, next_attempt_at)
    select w.id, p_event, p_subject,
           jsonb_build_object(
               'type', p_event,
               'timestamp', to_char(clock_now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'data', jsonb_build_object('competition', c.slug) || p_data
           ),
           clock_now(), clock_now()
    from webhooks w
    join competitions c on c.id = w.competition_id
    where w.competition_id = p_competition_id and w.disabled_at is null and p_event = any (w.events)
    on conflict do nothing
$$;
revoke all on function tell_webhooks(bigint, text, bigint, jsonb) from public;

create function tell_of_scored_submission() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if exists (select from webhooks where competition_id = new.competition_id and disabled_at is null) then
        perform tell_webhooks(new.competition_id, 'submission.scored', new.id, jsonb_build_object(
            'submission_id', new.id,
            'team_id', new.team_id,
            'team', (select name from teams where id = new.team_id)
        ));
    end if;
    return null;
end
$$;
create trigger submissions_tell_webhooks after update of state on submissions
    for each row when (old.state is distinct from new.state and new.state = 'scored')
    execute function tell_of_scored_submission();

create function tell_of_closed_competition() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform tell_webhooks(new.id, 'competition.closed', new.id, jsonb_build_object('ends_at', new.ends_at));
    return null;
end
$$;
create trigger competitions_tell_webhooks after update of settled_at on competitions
    for each row when (old.settled_at is null and new.settled_at is not null)
    execute function tell_of_closed_competition();
revoke all on function tell_of_scored_submission(), tell_of_closed_competition() from public;
