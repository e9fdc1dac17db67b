-- The words of titles, each once: a slip is compared with them instead of with every title that there is.

create table title_words (
    word text primary key check (length(word) between 3 and 40)
);
grant select on title_words to holdout_web;

create function words_of_title(title text) returns setof text
language sql immutable
as $$
    select distinct word from regexp_split_to_table(lower(title), '[^[:alnum:]]+') word
    where length(word) between 3 and 40
    order by word -- two who learn the same words wait for each other in one order
$$;

-- A word stays when its last title is gone: it is shown only where something is found by it.
create function learn_title() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into title_words (word) select words_of_title(new.title) on conflict do nothing;
    return null;
end
$$;
revoke all on function learn_title() from public;
create trigger topics_teach_words after insert or update of title on topics
    for each row execute function learn_title();
create trigger competitions_teach_words after insert or update of title on competitions
    for each row execute function learn_title();
create trigger notebooks_teach_words after insert or update of title, visibility on notebooks
    for each row when (new.visibility = 'public') execute function learn_title();

insert into title_words (word)
select words_of_title(title) from topics
union select words_of_title(title) from competitions
union select words_of_title(title) from notebooks where visibility = 'public';

drop function titles_alike(text, bigint);
drop index if exists topics_alike;

-- For each word that was typed, the words of titles that are spelled most like it: itself where it is one.
do $do$
begin
    if exists (select from pg_extension where extname = 'pg_trgm') then
        create index title_words_alike on title_words using gin (word gin_trgm_ops);
        create function words_alike(typed text, most bigint) returns setof text
        language sql stable rows 10 set enable_seqscan = off set pg_trgm.similarity_threshold = 0.4
        as $$
            select alike.word
            from words_of_title(typed) t (word)
            cross join lateral (
                select w.word from title_words w
                where w.word % t.word
                order by similarity(w.word, t.word) desc, w.word
                limit most
            ) alike
        $$;
    else
        create function words_alike(typed text, most bigint) returns setof text
        language sql stable as $$ select null::text where false $$;
    end if;
end
$do$;

-- Whether every fiftieth of the newest posts has these words, where posts are many: they are not looked up
-- then, since the index would list every post that has them.
alter function newest_matching_posts(tsquery, bigint, bigint, bigint) rename to newest_posts_walked;
create function are_common_words(query tsquery) returns boolean
language sql stable
as $$
    select (select reltuples from pg_class where oid = 'post_words'::regclass) > 100000
        and (select count(*) from newest_posts_walked(query, 9223372036854775807, 2000, 40)) = 40
$$;
drop function count_matching_posts(tsquery, bigint);

-- By both indexes at once: posts with these words, and posts of this span of ids. A walk over the span would
-- read the words of every post in it.
create function newest_posts_within(query tsquery, upto bigint, span bigint, most bigint)
returns table (post_id bigint)
language plpgsql stable rows 20
    set plan_cache_mode = force_custom_plan set enable_seqscan = off set enable_indexscan = off
as $$
begin
    return query
        select w.post_id from post_words w
        where w.words @@ query and w.post_id < upto and w.post_id >= upto - span
        order by w.post_id desc
        limit most;
end
$$;

-- The newest posts with these words, before one, among about so many: never further.
create function newest_matching_posts(query tsquery, before bigint, walked bigint, most bigint)
returns table (post_id bigint)
language plpgsql stable rows 20
as $$
begin
    if are_common_words(query) then
        return query select p.post_id from newest_posts_walked(query, before, walked, most) p;
    else
        return query select p.post_id
            from newest_posts_within(
                query, least(before, (select max(w.post_id) + 1 from post_words w)), walked, most) p;
    end if;
end
$$;
