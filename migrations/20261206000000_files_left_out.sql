-- How many of the first teams of a board have no range, since of their files it is not known what is chance.

-- locks: two rows a board, which one look at it writes every ten seconds at most
alter table rank_summaries
    add column n_left_out integer not null default 0 check (n_left_out >= 0);

create or replace view shown_rank_summaries as
    select r.* from rank_summaries r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null);
