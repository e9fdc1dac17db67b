-- Who finds what, each rule once: lists, the search and front pages read by these.

-- Found by everybody; unlisted ones are seen by address alone.
create function is_listed(competition competitions) returns boolean
language sql immutable
as $$ select competition.visibility = 'public' and competition.launched_at is not null $$;

-- Notebooks that everybody reads who may see their competition.
create view public_notebooks as
select n.*
from notebooks n
join subjects s on s.id = n.id
where n.visibility = 'public' and is_shown(s);

-- Notebooks that everybody finds.
create view listed_notebooks as
select n.*
from public_notebooks n
left join competitions c on c.id = n.competition_id
where c.id is null or is_listed(c);

-- Notebooks that somebody finds (null: a visitor) who has a part in these competitions. The rule of
-- `notebooks::access` for many notebooks at once, but for moderators; a test compares the two.
create function findable_notebooks(p_user_id bigint, p_own bigint[]) returns setof notebooks
language sql stable
as $$
    select n.*
    from notebooks n
    join subjects s on s.id = n.id and is_shown(s)
    left join competitions c on c.id = n.competition_id
    where n.owner_id = p_user_id
       or (n.visibility = 'public' and (c.id is null or is_listed(c) or c.id = any(p_own)))
       or (n.visibility = 'team' and exists (
              select from team_members mine
              join team_members theirs
                on theirs.competition_id = mine.competition_id and theirs.team_id = mine.team_id
              where mine.competition_id = n.competition_id and mine.user_id = p_user_id
                and theirs.user_id = n.owner_id))
$$;

-- Posts that are read by everybody who may see their competition.
create view shown_posts as
select p.id, p.under_id, p.is_opening, s.author_id, s.created_at, s.competition_id,
       c.id is null or is_listed(c) as is_listed -- read by everybody
from posts p
join subjects s on s.id = p.id and s.kind = 'post' and is_shown(s)
join subjects b on b.id = p.under_id and is_shown(b)
left join notebooks n on n.id = p.under_id
left join competitions c on c.id = s.competition_id
where n.id is null or n.visibility = 'public';

grant select on public_notebooks, listed_notebooks, shown_posts to holdout_web;
