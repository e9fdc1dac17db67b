-- How many teams of a board were compared with each other, of how many on it.

alter table rank_summaries
    add column n_compared integer check (n_compared >= 0), -- the first ones; null: looked at before it was kept
    add column n_teams integer check (n_teams >= n_compared);

create or replace view shown_rank_summaries as
    select r.* from rank_summaries r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null);
