-- Whether the end moves out when it passes while no server is there, which nobody can answer afterwards: then the private
-- scores are out. Hosts of competitions that exist were never asked, so theirs stay where they are.
alter table competitions add column moves_over_outage boolean not null default false;
alter table competitions alter column moves_over_outage set default true;
