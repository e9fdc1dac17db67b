-- Why files of a board have no range: by submission, for its team and for hosts.

-- locks: two rows a board, which one look at it writes every ten seconds at most
alter table rank_summaries
    add column left_out jsonb; -- no_score, too_slow, one_block, or null where an earlier release did not keep it

create or replace view shown_rank_summaries as
    select r.* from rank_summaries r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null);
