-- Notebooks that people share: subjects of discussion whose versions never change, the pictures of their
-- outputs, and the page that each version was drawn as.

create table notebooks (
    id bigint primary key references subjects on delete cascade,
    owner_id bigint not null references users, -- the subject's author
    slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,78}[a-z0-9]$'),
    title text not null check (length(title) between 2 and 120),
    competition_id bigint references competitions on delete cascade, -- the subject's; fixed, see `notebooks::model`
    visibility text not null check (visibility in ('private', 'team', 'public')),
    licence text not null check (length(licence) between 1 and 40),
    tags text[] not null default '{}' check (cardinality(tags) <= 6),
    forked_from_id bigint,
    forked_from_number integer,
    latest integer not null default 0 check (latest >= 0), -- number of the newest version
    n_votes integer not null default 0,
    n_comments integer not null default 0 check (n_comments >= 0), -- that are shown
    heat double precision not null default 0, -- grows with votes and with the day it became public
    published_at timestamptz, -- public since
    updated_at timestamptz not null,
    constraint notebooks_slug_taken unique (owner_id, slug),
    constraint notebooks_team_is_of_competition check (visibility <> 'team' or competition_id is not null),
    constraint notebooks_public_since check (visibility <> 'public' or published_at is not null)
);
create index notebooks_newest on notebooks (published_at desc, id desc) where visibility = 'public';
create index notebooks_most_voted on notebooks (n_votes desc, id desc) where visibility = 'public';
create index notebooks_hottest on notebooks (heat desc, id desc) where visibility = 'public';
create index notebooks_newest_of_competition on notebooks (competition_id, published_at desc, id desc)
    where visibility = 'public';
create index notebooks_most_voted_of_competition on notebooks (competition_id, n_votes desc, id desc)
    where visibility = 'public';
create index notebooks_hottest_of_competition on notebooks (competition_id, heat desc, id desc)
    where visibility = 'public';
create index notebooks_of_team on notebooks (competition_id, owner_id) where visibility = 'team';
create index notebooks_by_owner on notebooks (owner_id, id desc);
create index notebooks_by_competition on notebooks (competition_id) where competition_id is not null;

create table notebook_versions (
    notebook_id bigint not null references notebooks on delete cascade,
    number integer not null check (number > 0),
    pushed_by bigint not null references users,
    pushed_at timestamptz not null,
    message text not null default '' check (length(message) <= 500),
    storage_key text not null unique,
    size_bytes bigint not null check (size_bytes > 0),
    sha256 bytea not null check (length(sha256) = 32),
    language text not null check (length(language) <= 40),
    n_cells integer not null check (n_cells >= 0),
    n_code_cells integer not null check (n_code_cells >= 0),
    primary key (notebook_id, number)
);
create index notebook_versions_by_person on notebook_versions (pushed_by, pushed_at);

alter table notebooks add constraint notebooks_forked_from
    foreign key (forked_from_id, forked_from_number) references notebook_versions on delete set null;
create index notebooks_forks on notebooks (forked_from_id, forked_from_number) where forked_from_id is not null;

-- Pictures are decoded once and stored one behind the other, a file a push.
create table notebook_pictures (
    notebook_id bigint not null references notebooks on delete cascade,
    digest bytea not null check (length(digest) = 16),
    kind text not null check (kind in ('png', 'jpg', 'gif', 'webp', 'svg')),
    storage_key text not null,
    starts_at bigint not null check (starts_at >= 0),
    size_bytes bigint not null check (size_bytes > 0),
    primary key (notebook_id, digest)
);

-- Can be made anew from the version's file, and is when the drawer has changed.
create table notebook_drawings (
    notebook_id bigint not null,
    number integer not null,
    drawer integer not null, -- which way of drawing made it
    storage_key text not null unique,
    size_bytes bigint not null check (size_bytes >= 0),
    contents jsonb not null, -- notebooks::draw::Heading
    drawn_at timestamptz not null,
    primary key (notebook_id, number),
    foreign key (notebook_id, number) references notebook_versions on delete cascade
);

grant select, insert, update on notebooks, notebook_drawings to holdout_web;
grant select, insert on notebook_versions, notebook_pictures to holdout_web;

-- The version of a notebook that a submission came from.
alter table submissions
    add column notebook_id bigint,
    add column notebook_number integer,
    add constraint submissions_came_from
        foreign key (notebook_id, notebook_number) references notebook_versions on delete set null;
create index submissions_of_notebook on submissions (notebook_id, notebook_number) where notebook_id is not null;
create index submissions_of_notebooks on submissions (competition_id, notebook_id) where notebook_id is not null;
grant update (notebook_id, notebook_number) on submissions to holdout_web;

-- Ten times the votes weigh as much as a week.
create function notebook_heat(n_votes integer, published_at timestamptz) returns double precision
language sql stable
as $$ select log(1 + greatest(n_votes, 0))::double precision + extract(epoch from published_at)::double precision / 604800 $$;

create function keep_notebook_heat() returns trigger
language plpgsql
as $$
begin
    new.heat := coalesce(notebook_heat(new.n_votes, new.published_at), 0);
    return new;
end
$$;
create trigger notebooks_keep_heat before insert or update of n_votes, published_at on notebooks
    for each row execute function keep_notebook_heat();

create function count_notebook_vote() returns trigger
language plpgsql
as $$
begin
    update notebooks set n_votes = n_votes + coalesce(new.value, 0) - coalesce(old.value, 0)
    where id = coalesce(new.subject_id, old.subject_id);
    return null;
end
$$;
create trigger votes_are_counted_by_notebooks after insert or update of value or delete on votes
    for each row execute function count_notebook_vote();

create function count_notebook_comment() returns trigger
language plpgsql
as $$
begin
    update notebooks set n_comments = n_comments + 1 where id = new.under_id;
    return null;
end
$$;
create trigger posts_are_counted_by_notebooks after insert on posts
    for each row execute function count_notebook_comment();

create function count_notebook_comment_while_shown() returns trigger
language plpgsql
as $$
begin
    update notebooks set n_comments = n_comments + is_shown(new)::integer - is_shown(old)::integer
    where id = (select under_id from posts where id = new.id);
    return null;
end
$$;
create trigger subjects_are_counted_by_notebooks after update of hidden_at, deleted_at on subjects
    for each row when (new.kind = 'post' and is_shown(old) is distinct from is_shown(new))
    execute function count_notebook_comment_while_shown();

create function recount_notebooks() returns void
language sql
as $$
    update notebooks n
    set n_votes = coalesce((select sum(value) from votes where subject_id = n.id), 0),
        n_comments = (select count(*) from posts p join subjects s on s.id = p.id
                      where p.under_id = n.id and is_shown(s));
$$;
revoke all on function recount_notebooks() from public;
