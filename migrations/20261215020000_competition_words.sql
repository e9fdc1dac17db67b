-- Competitions in the search: what their title, the line below it, their metric and the pages that hosts wrote say.

create table competition_words (
    competition_id bigint primary key references competitions on delete cascade,
    words tsvector not null -- the title weighs most, pages least
);
create index competition_words_by_word on competition_words using gin (words);
grant select on competition_words to holdout_web;

-- Words alone are wanted: what is left of odd HTML does no harm.
create function plain_of_html(html text) returns text
language sql immutable parallel safe
as $$
    select replace(replace(replace(replace(replace(replace(
        regexp_replace(html, '<[^>]*>', ' ', 'g'),
        '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#39;', chr(39)), '&nbsp;', ' '), '&amp;', '&')
$$;

-- Proposed pages say the same of every competition.
create function words_of_competition(p_competition_id bigint) returns tsvector
language sql stable
as $$
    select setweight(to_tsvector('english', c.title), 'A')
        || setweight(to_tsvector('english', c.subtitle), 'B')
        || setweight(to_tsvector('english', coalesce((m.spec ->> 'title') || ' ' || translate(m.name, '_', ' '), '')), 'C')
        || to_tsvector('english', left(coalesce(p.said, ''), 100000))
    from competitions c
    left join scoring_versions v on v.id = c.active_version_id
    left join metrics m on m.name = v.metric
    left join lateral (
        select string_agg(title || ' ' || plain_of_html(html), ' ' order by position, slug) as said
        from pages where competition_id = c.id and not is_proposed
    ) p on true
    where c.id = p_competition_id
$$;

create function keep_competition_words(p_competition_id bigint) returns void
language sql security definer set search_path = public, pg_temp
as $$
    insert into competition_words (competition_id, words)
    select c.id, words_of_competition(c.id) from competitions c where c.id = p_competition_id
    on conflict (competition_id) do update set words = excluded.words
$$;
revoke all on function keep_competition_words(bigint) from public;

create function index_competition() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform keep_competition_words(new.id);
    return null;
end
$$;
revoke all on function index_competition() from public;
create trigger competitions_are_found after insert or update of title, subtitle, active_version_id on competitions
    for each row execute function index_competition();

create function index_page() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if not coalesce(old.is_proposed, true) or not coalesce(new.is_proposed, true) then
        perform keep_competition_words(coalesce(new.competition_id, old.competition_id));
    end if;
    return null;
end
$$;
revoke all on function index_page() from public;
-- Its name has it run after pages_change_texts, which waits for whoever writes another page of the competition.
create trigger pages_teach_words after insert or update or delete on pages
    for each row execute function index_page();

create function index_metric() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform keep_competition_words(c.id)
    from (
        select c.id
        from scoring_versions v
        join competitions c on c.active_version_id = v.id
        where v.metric = new.name
        order by c.id
    ) c;
    return null;
end
$$;
revoke all on function index_metric() from public;
create trigger metrics_teach_words after update of spec on metrics
    for each row when (old.spec ->> 'title' is distinct from new.spec ->> 'title') execute function index_metric();

insert into competition_words (competition_id, words) select id, words_of_competition(id) from competitions;

-- The newest competitions with these words, at most so many.
create function matching_competitions(query tsquery, most bigint) returns table (competition_id bigint, words tsvector)
language sql stable rows 20 set enable_seqscan = off set enable_indexscan = off
as $$
    select w.competition_id, w.words from competition_words w
    where w.words @@ query
    order by w.competition_id desc
    limit most
$$;

-- What an excerpt is cut from: the line below the title, or the first page that has the words.
create function told_of_competition(p_competition_id bigint, p_subtitle text, query tsquery) returns text
language sql stable
as $$
    select case when to_tsvector('english', p_subtitle) @@ query then p_subtitle
        else coalesce((
            select plain_of_html(p.html) from pages p
            where p.competition_id = p_competition_id and not p.is_proposed
              and to_tsvector('english', plain_of_html(p.html)) @@ query
            order by p.position, p.slug
            limit 1), p_subtitle) end
$$;
