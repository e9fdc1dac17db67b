-- Discussion: forums with topics, posts under a topic or a notebook, edits that stay readable, votes.

-- General ones have an address of their own; every competition has exactly one more.
create table forums (
    id bigint generated always as identity primary key,
    competition_id bigint unique references competitions on delete cascade, -- null: of the whole site
    slug text constraint forums_slug_taken unique
        constraint forums_slug_shape check (slug ~ '^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$'),
    title text not null check (length(title) between 1 and 60),
    description text not null default '' check (length(description) <= 200),
    position integer not null default 0,
    n_topics integer not null default 0 check (n_topics >= 0), -- that everybody may read who may read the forum
    constraint forums_general_has_slug check ((competition_id is null) = (slug is not null))
);
create index forums_general on forums (position, id) where competition_id is null;

-- What is discussed and voted on, whatever it is: an identity, its author, and whether it is shown.
-- A room with a new kind of subject points to this table with its own rows' ids, and says in
-- `forum::subjects` who may see it.
create table subjects (
    id bigint generated always as identity primary key,
    kind text not null constraint subjects_kind check (kind in ('topic', 'post', 'notebook')),
    competition_id bigint references competitions on delete cascade, -- who may see that one may see this
    author_id bigint not null references users,
    created_at timestamptz not null,
    hidden_at timestamptz, -- by a moderator
    deleted_at timestamptz -- by its author
);
create index subjects_by_author on subjects (author_id, kind, id desc);
create index subjects_by_competition on subjects (competition_id);

create table topics (
    id bigint primary key references subjects on delete cascade,
    forum_id bigint not null references forums on delete cascade,
    title text not null check (length(title) between 3 and 150),
    pinned_at timestamptz,
    locked_at timestamptz, -- nobody but moderators writes any more
    accepted_post_id bigint, -- what the asker calls the answer
    n_replies integer not null default 0 check (n_replies >= 0),
    n_votes integer not null default 0, -- of the opening post
    active_at timestamptz not null -- of the newest post
);
create index topics_newest on topics (forum_id, active_at desc, id desc) where pinned_at is null;
create index topics_most_voted on topics (forum_id, n_votes desc, id desc) where pinned_at is null;
create index topics_unanswered on topics (forum_id, id desc) where n_replies = 0;
create index topics_pinned on topics (forum_id, pinned_at desc) where pinned_at is not null;

create table posts (
    id bigint primary key references subjects on delete cascade,
    under_id bigint not null references subjects on delete cascade, -- a topic or a notebook
    parent_id bigint references posts on delete cascade, -- the post that it answers
    root_id bigint not null references posts on delete cascade, -- the first of its thread; itself
    is_opening boolean not null default false, -- the text of a topic
    markdown text not null check (length(markdown) between 1 and 40000),
    html text not null, -- drawn and sanitised from markdown when it was saved
    plain text not null, -- the words alone, for excerpts and search
    edited_at timestamptz,
    n_votes integer not null default 0,
    n_replies integer not null default 0 check (n_replies >= 0), -- of a thread's first post: posts below it
    constraint posts_root_is_top check ((parent_id is null) = (root_id = id)),
    constraint posts_opening_is_top check (not is_opening or parent_id is null)
);
create unique index posts_one_opening on posts (under_id) where is_opening;
create index posts_oldest on posts (under_id, id) where parent_id is null and not is_opening;
create index posts_most_voted on posts (under_id, n_votes desc, id) where parent_id is null and not is_opening;
create index posts_of_thread on posts (root_id, id);
create index posts_by_parent on posts (parent_id) where parent_id is not null;
create index posts_under on posts (under_id, id desc);
alter table posts set (fillfactor = 90); -- counts change more often than texts

alter table topics add foreign key (accepted_post_id) references posts on delete set null;
create index topics_by_answer on topics (accepted_post_id) where accepted_post_id is not null;

-- What stood there before an edit.
create table post_versions (
    post_id bigint not null references posts on delete cascade,
    number integer not null check (number > 0),
    title text, -- of a topic, with its opening post
    markdown text not null,
    html text not null,
    written_at timestamptz not null,
    replaced_at timestamptz not null,
    primary key (post_id, number)
);

create table votes (
    subject_id bigint not null references subjects on delete cascade,
    user_id bigint not null references users on delete cascade,
    value smallint not null check (value in (-1, 1)),
    cast_at timestamptz not null,
    primary key (subject_id, user_id) -- one a person
);
create index votes_by_user on votes (user_id, subject_id);

grant select, insert, update, delete on forums, subjects, topics, posts, post_versions, votes to holdout_web;

-- The numbers that lists are sorted by are kept by triggers, so that nothing can forget them.
-- `recount_discussion()` makes them anew from the rows themselves.

create function is_shown(subject subjects) returns boolean
language sql immutable
as $$ select subject.hidden_at is null and subject.deleted_at is null $$;

create function count_vote() returns trigger
language plpgsql
as $$
declare
    difference integer := coalesce(new.value, 0) - coalesce(old.value, 0);
    voted_for posts;
begin
    update posts set n_votes = n_votes + difference
    where id = coalesce(new.subject_id, old.subject_id)
    returning * into voted_for;
    if voted_for.is_opening then
        update topics set n_votes = n_votes + difference where id = voted_for.under_id;
    end if;
    return null;
end
$$;
create trigger votes_are_counted after insert or update of value or delete on votes
    for each row execute function count_vote();

create function count_post() returns trigger
language plpgsql
as $$
begin
    if not new.is_opening then
        update topics
        set n_replies = n_replies + 1,
            active_at = greatest(active_at, (select created_at from subjects where id = new.id))
        where id = new.under_id;
        update posts set n_replies = n_replies + 1 where id = new.root_id and id <> new.id;
    end if;
    return null;
end
$$;
create trigger posts_are_counted after insert on posts for each row execute function count_post();

create function count_topic() returns trigger
language plpgsql
as $$
declare
    is_counted boolean := exists (select from subjects s where s.id = new.id and is_shown(s));
begin
    if tg_op = 'INSERT' then
        update forums set n_topics = n_topics + 1 where id = new.forum_id;
    elsif is_counted and new.forum_id <> old.forum_id then
        update forums set n_topics = n_topics + case when id = new.forum_id then 1 else -1 end
        where id in (old.forum_id, new.forum_id);
    end if;
    return null;
end
$$;
create trigger topics_are_counted after insert or update of forum_id on topics
    for each row execute function count_topic();

-- What is hidden or deleted, or shown again, counts no more, or again.
create function count_change_of_showing() returns trigger
language plpgsql
as $$
declare
    difference integer := is_shown(new)::integer - is_shown(old)::integer;
    post posts;
begin
    if difference = 0 then
        return null;
    end if;
    update forums set n_topics = n_topics + difference
    where id = (select forum_id from topics where id = new.id);
    select * into post from posts where id = new.id;
    if not post.is_opening then
        update posts set n_replies = n_replies + difference where id = post.root_id and id <> post.id;
        update topics
        set n_replies = n_replies + difference,
            active_at = coalesce(
                (select s.created_at
                 from posts p
                 join subjects s on s.id = p.id
                 where p.under_id = post.under_id and is_shown(s)
                 order by p.id desc
                 limit 1),
                active_at)
        where id = post.under_id;
    end if;
    return null;
end
$$;
create trigger subjects_are_counted_while_shown after update of hidden_at, deleted_at on subjects
    for each row execute function count_change_of_showing();

create function recount_discussion() returns void
language sql
as $$
    update posts p
    set n_votes = coalesce((select sum(value) from votes where subject_id = p.id), 0),
        n_replies = case when p.parent_id is null then
            (select count(*) from posts below join subjects s on s.id = below.id
             where below.root_id = p.id and below.id <> p.id and is_shown(s))
        else 0 end;
    update topics t
    set n_votes = coalesce((select n_votes from posts where under_id = t.id and is_opening), 0),
        n_replies = (select count(*) from posts p join subjects s on s.id = p.id
                     where p.under_id = t.id and not p.is_opening and is_shown(s)),
        active_at = coalesce(
            (select s.created_at from posts p join subjects s on s.id = p.id
             where p.under_id = t.id and is_shown(s) order by p.id desc limit 1),
            t.active_at);
    update forums f
    set n_topics = (select count(*) from topics t join subjects s on s.id = t.id
                    where t.forum_id = f.id and is_shown(s));
$$;
revoke all on function recount_discussion() from public;

-- Every competition has a forum from the first moment on.
create function open_forum() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into forums (competition_id, title) values (new.id, 'Discussion');
    return null;
end
$$;
revoke all on function open_forum() from public;
create trigger competitions_have_a_forum after insert on competitions for each row execute function open_forum();
insert into forums (competition_id, title) select id, 'Discussion' from competitions;

insert into forums (slug, title, description, position) values
    ('general', 'General', 'Methods, papers, tools, careers: whatever has no place elsewhere.', 1),
    ('questions', 'Questions', 'Ask for help; the asker marks the answer that helped.', 2),
    ('about-this-site', 'About this site', 'What is broken, what is missing, what is good.', 3);
