-- Jobs that are put off because something around them is away, such as the storage of files.

-- How often; no attempt was spent on it.
alter table jobs add column setbacks integer not null default 0 check (setbacks >= 0);
