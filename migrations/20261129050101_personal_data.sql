-- The end of an account: asked for, waited for, carried out. The row of a person stays, without anything of theirs in it,
-- because final boards, teams and votes rest on it.

alter table users
    add column erased_at timestamptz,
    add constraint users_erased_is_shut check (
        erased_at is null or (suspended_at is not null and suspended_until is null and password_hash = '!' and not is_admin));

create table account_deletions (
    user_id bigint primary key references users on delete cascade,
    asked_at timestamptz not null,
    due_at timestamptz not null check (due_at > asked_at),
    removes_posts boolean not null -- posts and notebooks that others can read go too
);
create index account_deletions_due on account_deletions (due_at);
grant select, insert, update, delete on account_deletions to holdout_web;

create index mails_by_address on mails (to_address);
create index uploads_by_person on uploads (user_id);
create index notebook_runs_by_canceller on notebook_runs (cancelled_by) where cancelled_by is not null;
create index certificates_by_person on certificates (user_id);

-- Texts of teams that hold the name of somebody who is gone.
create function unname_teams(p_user_id bigint, p_username text, p_name text) returns void
language plpgsql
as $$
declare
    t record;
    new_name text;
begin
    for t in
        select x.id, x.competition_id, x.name, x.merged_into is null as is_live,
               (select count(*) from team_members o where o.team_id = x.id) as n
        from team_members m
        join teams x on x.competition_id = m.competition_id and (x.id = m.team_id or x.merged_into = m.team_id)
        where m.user_id = p_user_id
    loop
        if t.n = 1 or strpos(lower(t.name), lower(p_username)) > 0 or strpos(lower(t.name), lower(p_name)) > 0 then
            new_name := case when t.n = 1 then 'Former member ' else 'Team ' end || t.id;
            if t.is_live and exists (
                select from teams
                where competition_id = t.competition_id and lower(name) = lower(new_name) and merged_into is null
                  and id <> t.id
            ) then
                new_name := left(new_name || ' ' || gen_random_uuid(), 60);
            end if;
            update teams set name = new_name where id = t.id;
            update team_events set words = replace(words, t.name, new_name)
            where team_id = t.id and strpos(words, t.name) > 0;
            update team_events set words = replace(words, t.name, new_name)
            where other_team_id = t.id and strpos(words, t.name) > 0;
        end if;
        update team_events
        set words = replace(replace(words, p_name, 'Former member'), p_username, 'former member')
        where team_id = t.id and (strpos(words, p_name) > 0 or strpos(words, p_username) > 0);
        update competitions set board_revision = board_revision + 1 where id = t.competition_id;
    end loop;
end
$$;

-- Whoever led a team of others hands it to the member who came first.
create function hand_over_teams(p_user_id bigint) returns void
language plpgsql
as $$
declare
    t record;
begin
    for t in
        select m.team_id, (
            select o.user_id from team_members o
            join users u on u.id = o.user_id and u.erased_at is null
            where o.team_id = m.team_id and o.user_id <> p_user_id
            order by o.joined_at, o.user_id limit 1
        ) as successor
        from team_members m
        where m.user_id = p_user_id and m.is_leader
    loop
        if t.successor is not null then
            update team_members set is_leader = false where team_id = t.team_id and user_id = p_user_id;
            update team_members set is_leader = true where team_id = t.team_id and user_id = t.successor;
        end if;
    end loop;
end
$$;

-- Takes out of the database what is a person's own, and their name of what stays. Gives the keys of files that nothing
-- names any more. Notebooks were marked as deleted before.
create function erase_person(p_user_id bigint, p_removes_posts boolean, p_now timestamptz) returns text[]
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    p users;
    keys text[] := '{}';
    found_keys text[];
    own record;
    stand_in text := 'former-' || p_user_id;
begin
    select * into p from users where id = p_user_id and erased_at is null for update;
    if not found then
        return keys;
    end if;
    if exists (select from users where username = stand_in) then
        stand_in := stand_in || '-' || left(md5(gen_random_uuid()::text), 6);
    end if;

    delete from notifications where actor_id = p_user_id and event = 'team'; -- their words name who acted
    delete from mails where to_address = p.email;
    delete from competition_invitations where email = p.email;
    delete from certificates where user_id = p_user_id;
    update reports set words = '' where reporter_id = p_user_id and words <> '';

    with gone as (delete from file_checks where user_id = p_user_id returning storage_key)
    select coalesce(array_agg(storage_key), '{}') into found_keys from gone;
    keys := keys || found_keys;
    select coalesce(array_agg(f.storage_key), '{}') into found_keys
    from bundles b join bundle_files f on f.bundle_id = b.id
    where b.owner_id = p_user_id;
    keys := keys || found_keys;
    with gone as (
        delete from images i
        where i.owner_id = p_user_id
          and (p_removes_posts or not exists (select from image_uses u where u.image_id = i.id))
        returning storage_key
    )
    select coalesce(array_agg(storage_key), '{}') into found_keys from gone;
    keys := keys || found_keys;
    -- All that would leave with the row of a person, also where a later table says so; but for what others rely on.
    for own in
        select c.conrelid::regclass as held_in, a.attname as named_by
        from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype = 'f' and c.confrelid = 'users'::regclass and c.confdeltype = 'c'
          and c.conrelid::regclass::text not in ('team_members', 'votes', 'reports', 'images', 'uploads')
    loop
        execute format('delete from %s where %I = $1', own.held_in, own.named_by) using p_user_id;
    end loop;
    -- Their parts lie on a disk that this function does not reach: they end now, and are swept.
    update uploads set file_name = '', metadata = '', expires_at = least(expires_at, p_now) where user_id = p_user_id;

    perform hand_over_teams(p_user_id);
    perform unname_teams(p_user_id, p.username, p.display_name);
    delete from webhook_deliveries d
    using submissions s, webhooks w
    where s.user_id = p_user_id and w.competition_id = s.competition_id and d.webhook_id = w.id
      and d.event = 'submission.scored' and d.subject = s.id;
    update submissions
    set description = '', idempotency_key = null,
        file_name = 'submission' || coalesce(substring(file_name from '((?:\.[A-Za-z0-9]{1,8})+)$'), '')
    where user_id = p_user_id;
    update notebook_versions set message = '' where pushed_by = p_user_id and message <> '';

    if p_removes_posts then
        delete from post_versions v using subjects s
        where s.author_id = p_user_id and s.kind = 'post' and v.post_id = s.id;
        update topics t set title = 'Removed topic'
        from subjects s where s.author_id = p_user_id and s.kind = 'topic' and t.id = s.id;
        update posts o
        set markdown = 'Removed by its author.', html = '<p>Removed by its author.</p>', plain = 'Removed by its author.'
        from subjects s where s.author_id = p_user_id and s.kind = 'post' and o.id = s.id;
        update subjects s set deleted_at = p_now
        from posts o
        where s.author_id = p_user_id and s.kind = 'post' and s.deleted_at is null and o.id = s.id and not o.is_opening;
        update subjects s set deleted_at = p_now
        from topics t
        where s.author_id = p_user_id and s.kind = 'topic' and s.deleted_at is null and t.id = s.id and t.n_replies = 0;
    end if;

    -- Titles may have taught them; a title that still has one teaches it again when it is next written.
    delete from title_words where word in (select words_of_title(p.username || ' ' || p.display_name));
    update users
    set username = stand_in, email = stand_in || '@former.invalid', display_name = 'Former member', bio = '',
        password_hash = '!', is_admin = false, suspended_at = p_now, suspended_until = null, erased_at = p_now
    where id = p_user_id;
    return keys;
end
$$;
revoke all on function erase_person(bigint, boolean, timestamptz) from public;
revoke all on function unname_teams(bigint, text, text) from public;
revoke all on function hand_over_teams(bigint) from public;
grant execute on function erase_person(bigint, boolean, timestamptz) to holdout_web;
