-- Addresses of people are confirmed: by a link that was mailed there, by a provider of sign-in that says whose they are, or
-- by an administrator. What is meant for the owner of an address counts for none that is not.

-- Whoever has an account now counts as confirmed. The default is one value for all rows from before, which are not
-- written again; then it goes, so that new ones begin without.
alter table users add column email_confirmed_at timestamptz default now();
alter table users alter column email_confirmed_at drop default;

-- The address that a link confirms: the account's, or the one that it shall have from then on.
alter table one_time_links add column email text;
-- locks: links of a week, some hundreds on a large site
alter table one_time_links drop constraint one_time_links_purpose_check;
-- locks: as above
alter table one_time_links drop constraint one_time_links_whose;
alter table one_time_links
    add constraint one_time_links_purpose_check
        check (purpose in ('reset_password', 'become_admin', 'confirm_email')) not valid,
    add constraint one_time_links_whose check ((purpose <> 'become_admin') = (user_id is not null)) not valid,
    add constraint one_time_links_address check (
        (purpose = 'confirm_email') = (email is not null)
        and email = lower(email) and email like '%_@_%' and length(email) <= 254) not valid;

-- Rows from before obeyed a narrower rule: nobody waits while they are read again.
alter table account_events drop constraint account_events_what_check;
alter table account_events add constraint account_events_what_check check (what in (
    'registered', 'signed_in', 'made_token', 'revoked_token', 'wrong_password', 'wrong_code', 'changed_password',
    'set_password', 'two_factors_on', 'two_factors_off', 'two_factors_reset', 'new_recovery_codes',
    'used_recovery_code', 'linked', 'unlinked', 'ended_sessions', 'signed_out_elsewhere', 'asked_for_address',
    'withdrew_address', 'confirmed_address', 'changed_address', 'address_confirmed_by_hand')) not valid;

-- Who came by the link of a competition: let in whatever their address, and named in the list by it.
alter table competition_invitations add column user_id bigint;
alter table competition_invitations
    add constraint competition_invitations_user_id_fkey
        foreign key (user_id) references users on delete cascade not valid;

-- Whether a competition "by invitation" names this person: the address, once it is known to be theirs, or themself.
create function is_invited(p_user_id bigint, p_competition_id bigint) returns boolean
language sql stable
as $$
    select exists (
            select from users u
            join competition_invitations i on i.email = u.email
            where u.id = p_user_id and u.email_confirmed_at is not null and i.competition_id = p_competition_id)
        or exists (
            select from competition_invitations
            where competition_id = p_competition_id and user_id = p_user_id)
$$;

create or replace function sees_competition(p_user_id bigint, p_competition_id bigint) returns boolean
language sql stable
as $$
    select exists (select from users where id = p_user_id and is_admin)
        or exists (
            select from competition_hosts where competition_id = p_competition_id and user_id = p_user_id)
        or exists (
            select from competitions c
            where c.id = p_competition_id
              and c.launched_at is not null and c.starts_at is not null and c.ends_at is not null
              and (c.visibility <> 'invitation'
                   or exists (
                       select from team_members m where m.competition_id = c.id and m.user_id = p_user_id)
                   or is_invited(p_user_id, c.id)))
$$;

-- Takes out of the database what is a person's own, and their name of what stays. Gives the keys of files that nothing
-- names any more. Notebooks were marked as deleted before.
create or replace function erase_person(p_user_id bigint, p_removes_posts boolean, p_now timestamptz) returns text[]
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
    delete from mails
    where to_address = p.email
       or to_address in (select email from one_time_links where user_id = p_user_id and email is not null);
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
    set username = stand_in, email = stand_in || '@former.invalid', email_confirmed_at = null, display_name = 'Former member', bio = '',
        password_hash = '!', is_admin = false, suspended_at = p_now, suspended_until = null, erased_at = p_now
    where id = p_user_id;
    return keys;
end
$$;
