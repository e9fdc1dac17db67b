-- Search: the words of posts, titles and names under GIN indexes, and what is spelled alike.

-- Beside `posts`, so that a vote does not write the words of a post again. A topic's title belongs to the
-- words of its opening post, and weighs more.
create table post_words (
    post_id bigint primary key references posts on delete cascade,
    words tsvector not null
);
create index post_words_by_word on post_words using gin (words);
grant select, insert, update, delete on post_words to holdout_web;

create function words_of_post(post posts) returns tsvector
language sql stable
as $$
    select setweight(to_tsvector('english', coalesce((select t.title from topics t where t.id = post.under_id and post.is_opening), '')), 'A')
        || setweight(to_tsvector('english', post.plain), 'D')
$$;

create function index_post() returns trigger
language plpgsql
as $$
begin
    insert into post_words (post_id, words) values (new.id, words_of_post(new))
    on conflict (post_id) do update set words = excluded.words;
    return null;
end
$$;
create trigger posts_are_found after insert or update of plain on posts for each row execute function index_post();

create function index_title() returns trigger
language plpgsql
as $$
begin
    update post_words set words = words_of_post(p)
    from posts p
    where p.under_id = new.id and p.is_opening and post_words.post_id = p.id;
    return null;
end
$$;
create trigger topics_are_found after update of title on topics for each row execute function index_title();

insert into post_words (post_id, words) select p.id, words_of_post(p) from posts p;

create index competitions_by_words on competitions using gin (to_tsvector('english', title || ' ' || subtitle));
create index users_by_words on users using gin (to_tsvector('simple', username || ' ' || display_name));
create index competition_invitations_by_email on competition_invitations (email);

-- At most so many posts with these words. For words that very many posts have it stops early.
create function matching_posts(query tsquery, most bigint) returns table (post_id bigint, words tsvector)
language sql stable rows 1000 set enable_seqscan = off
as $$ select w.post_id, w.words from post_words w where w.words @@ query limit most $$;

-- The newest posts with these words, before one, among so many: walks back, never further.
create function newest_matching_posts(query tsquery, before bigint, walked bigint, most bigint)
returns table (post_id bigint)
language sql stable rows 20
as $$
    select recent.post_id
    from (
        select w.post_id, w.words from post_words w
        where w.post_id < before
        order by w.post_id desc
        limit walked
    ) recent
    where recent.words @@ query
    order by recent.post_id desc
    limit most
$$;

-- How many posts have these words, counted up to `most`. Where posts are many, what every fiftieth of the
-- newest ones has is not looked up: the index would list every such post there is.
create function count_matching_posts(query tsquery, most bigint) returns bigint
language plpgsql stable
as $$
begin
    if (select reltuples from pg_class where oid = 'post_words'::regclass) > 100000
        and (select count(*) from newest_matching_posts(query, 9223372036854775807, 2000, 40)) = 40
    then
        return most;
    end if;
    return (select count(*) from matching_posts(query, most));
end
$$;

-- What is spelled alike needs the extension pg_trgm, which PostgreSQL brings along. Where it was left out,
-- these functions find nothing: words must then be spelled right, and everything else is as it was.
do $do$
begin
    if exists (select from pg_available_extensions where name = 'pg_trgm') then
        create extension if not exists pg_trgm;
        create index topics_alike on topics using gin (title gin_trgm_ops);
        create index competitions_alike on competitions using gin (title gin_trgm_ops);
        create index users_alike on users using gin ((username || ' ' || display_name) gin_trgm_ops);
        create function titles_alike(typed text, most bigint) returns setof text
        language sql stable rows 10 set enable_seqscan = off set pg_trgm.word_similarity_threshold = 0.5
        as $$
            select title from (
                (select title, word_similarity(typed, title) as likeness
                 from topics where typed <% title order by 2 desc limit most)
                union all
                (select title, word_similarity(typed, title)
                 from competitions where typed <% title order by 2 desc limit most)
            ) alike
            order by likeness desc
            limit most
        $$;
        create function competitions_spelled_alike(typed text, most bigint) returns table (id bigint, likeness real)
        language sql stable rows 10 set enable_seqscan = off set pg_trgm.word_similarity_threshold = 0.5
        as $$
            select c.id, word_similarity(typed, c.title) from competitions c
            where typed <% c.title order by 2 desc limit most
        $$;
        create function people_spelled_alike(typed text, most bigint) returns table (id bigint, likeness real)
        language sql stable rows 10 set enable_seqscan = off set pg_trgm.word_similarity_threshold = 0.5
        as $$
            select u.id, word_similarity(typed, u.username || ' ' || u.display_name) from users u
            where typed <% (u.username || ' ' || u.display_name) order by 2 desc limit most
        $$;
    else
        create function titles_alike(typed text, most bigint) returns setof text
        language sql stable as $$ select null::text where false $$;
        create function competitions_spelled_alike(typed text, most bigint) returns table (id bigint, likeness real)
        language sql stable as $$ select null::bigint, null::real where false $$;
        create function people_spelled_alike(typed text, most bigint) returns table (id bigint, likeness real)
        language sql stable as $$ select null::bigint, null::real where false $$;
    end if;
end
$do$;
