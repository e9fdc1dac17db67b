-- On how many rows a team of a final board is better than others. Exact counts tell labels: there are none before the end.

alter table rank_ranges
    add column units_won integer[], -- against the teams of the first places; null: no row is won under this metric
    add constraint rank_ranges_won_at_the_end check (units_won is null or split = 'private');

create or replace view shown_rank_ranges as
    select r.* from rank_ranges r
    join competitions c on c.id = r.competition_id and c.active_version_id = r.version_id
    where r.split = 'public' or (c.ends_at <= clock_now() and c.settled_at is not null);
