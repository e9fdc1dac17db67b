-- Follows and notifications: who is told of what, on the site and by mail, each event once.

-- Of a topic or notebook, of a forum's new topics, or of a person's topics and posts.
create table follows (
    id bigint generated always as identity primary key,
    user_id bigint not null references users on delete cascade,
    subject_id bigint references subjects on delete cascade,
    forum_id bigint references forums on delete cascade,
    person_id bigint references users on delete cascade,
    followed_at timestamptz not null,
    constraint follows_one_thing check (num_nonnulls(subject_id, forum_id, person_id) = 1),
    constraint follows_not_oneself check (person_id is distinct from user_id)
);
create unique index follows_of_subject on follows (subject_id, user_id) where subject_id is not null;
create unique index follows_of_forum on follows (forum_id, user_id) where forum_id is not null;
create unique index follows_of_person on follows (person_id, user_id) where person_id is not null;
create index follows_by_user on follows (user_id, id desc);

create table mail_preferences (
    user_id bigint primary key references users on delete cascade,
    mail text not null default 'daily' check (mail in ('immediately', 'daily', 'never')),
    unsubscribe_token uuid not null unique default gen_random_uuid() -- in every letter; stops them, and nothing else
);

create table notifications (
    id bigint generated always as identity primary key,
    user_id bigint not null references users on delete cascade,
    event text not null check (event in ('posted', 'accepted', 'hidden', 'warned')),
    reason text not null check (reason in ('mention', 'reply', 'subject', 'person', 'forum', 'own')),
    subject_id bigint not null references subjects on delete cascade,
    actor_id bigint references users on delete set null, -- null: a moderator, who is not named
    words text not null default '' check (length(words) <= 2000), -- of a moderator
    created_at timestamptz not null,
    read_at timestamptz,
    mail_at timestamptz, -- when a letter is due; null: none, or in the outbox
    constraint notifications_once unique (user_id, event, subject_id)
);
create index notifications_by_user on notifications (user_id, id desc);
create index notifications_unread on notifications (user_id, id desc) where read_at is null;
create index notifications_due on notifications (mail_at) where mail_at is not null;
create index notifications_due_of_user on notifications (user_id, mail_at) where mail_at is not null;
create index notifications_by_subject on notifications (subject_id);
create index notifications_by_actor on notifications (actor_id);
create index notifications_by_age on notifications (created_at);

-- Posts whose followers were not told yet: written with the post, gone with the telling.
create table tellings (
    post_id bigint primary key references posts on delete cascade,
    is_edit boolean not null -- then those alone are told whom the text mentions
);

-- Sent as List-Unsubscribe, which mail programs offer as a button.
alter table mails add column unsubscribe_url text check (unsubscribe_url !~ '[\r\n<>]');

grant select, insert, update, delete on follows, mail_preferences, notifications, tellings to holdout_web;

-- The rule of `competitions::access::see` for many people at once; a test compares the two.
create function sees_competition(p_user_id bigint, p_competition_id bigint) returns boolean
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
                   or exists (
                       select from competition_invitations i
                       join users u on u.email = i.email
                       where i.competition_id = c.id and u.id = p_user_id)))
$$;
