-- What an administrator sets for the whole installation while it runs. Null: as it is configured.

create table site_settings (
    is_only boolean primary key default true check (is_only),
    name text check (length(name) between 1 and 60),
    notice text not null default '' check (length(notice) <= 500), -- shown above every page
    open_registration boolean,
    members_may_host boolean
);
insert into site_settings default values;

grant select, update on site_settings to holdout_web;
