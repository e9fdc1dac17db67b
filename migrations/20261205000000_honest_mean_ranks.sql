-- What ranks are worth where teams are ranked by several metrics: noise under each, and how far mean ranks may truly
-- lie apart.

alter table rank_summaries
    add column part_noise double precision[]; -- under each metric: smaller differences are noise; null: none differ
alter table rank_ranges
    -- How far the team's mean rank may lie behind that of the team of every place, in 95 of 100 contests; below 0: it
    -- lies before it. Null where teams are ranked by scores. Beside it difference_errors has those of all teams under one
    -- metric after the other.
    add column most_behind real[];
alter table gains
    add column part_errors double precision[]; -- of the difference under each metric

create or replace view shown_rank_summaries as
    select r.* from rank_summaries r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null);
create or replace view shown_rank_ranges as
    select r.* from rank_ranges r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null);
