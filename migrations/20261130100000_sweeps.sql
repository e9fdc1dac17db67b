-- Whose turn it is to look for files that no row names: each room once a week, by one server at a time.
create table sweeps (
    room text primary key,
    due_at timestamptz not null -- while a server is at it: when another takes over
);
grant select, insert, update on sweeps to holdout_web;

-- Scorers look for such files in their rooms: of a notebook that was deleted none is left, and one that an upload names
-- is on its way.
grant select (id, deleted_at) on subjects to holdout_scorer;
grant select (storage_key) on uploads to holdout_scorer;
