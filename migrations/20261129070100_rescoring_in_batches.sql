-- Rescorings are done many at a time; a job whose batch broke is done alone, so that it breaks no other.

alter table jobs add column is_alone boolean not null default false;
