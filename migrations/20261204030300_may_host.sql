-- Who may host where not every member may, besides administrators.
alter table users add column may_host boolean not null default false;
