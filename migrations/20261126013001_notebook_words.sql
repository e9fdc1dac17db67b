-- Notebooks in the search: what their title, their tags and the sources of their newest version say.

create table notebook_words (
    notebook_id bigint primary key references notebooks on delete cascade,
    sources text not null default '' check (octet_length(sources) <= 100000),
    heading tsvector not null, -- of title and tags: what hits are ranked by
    words tsvector not null -- of everything
);
create index notebook_words_by_word on notebook_words using gin (words);
grant select, insert, update, delete on notebook_words to holdout_web;

-- A name like `sklearn.model_selection` is found whole and by its parts.
create function index_notebook() returns trigger
language plpgsql
as $$
begin
    select to_tsvector('english', n.title || ' ' || array_to_string(n.tags, ' ')) into new.heading
    from notebooks n where n.id = new.notebook_id;
    new.words := new.heading
        || to_tsvector('english', new.sources)
        || to_tsvector('english', translate(new.sources, './_:-', '     '));
    return new;
end
$$;
create trigger notebook_words_are_kept before insert or update of sources on notebook_words
    for each row execute function index_notebook();

create function index_notebook_heading() returns trigger
language plpgsql
as $$
begin
    insert into notebook_words (notebook_id) values (new.id)
    on conflict (notebook_id) do update set sources = notebook_words.sources;
    return null;
end
$$;
create trigger notebooks_are_found after insert or update of title, tags on notebooks
    for each row execute function index_notebook_heading();

-- Found by their titles; by their sources once they are drawn anew, which happens when they are next read.
insert into notebook_words (notebook_id)
select n.id from notebooks n join subjects s on s.id = n.id where s.deleted_at is null;

-- The newest notebooks with these words, at most so many. A walk by id would read the words of each.
create function matching_notebooks(query tsquery, most bigint) returns table (notebook_id bigint, heading tsvector)
language sql stable rows 20 set enable_seqscan = off set enable_indexscan = off
as $$
    select w.notebook_id, w.heading from notebook_words w
    where w.words @@ query
    order by w.notebook_id desc
    limit most
$$;
