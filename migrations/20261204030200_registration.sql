-- Who may register: anybody; whose address is at some domains or invited to a competition; whom a provider of sign-in knows;
-- or nobody, where administrators make accounts.

alter table site_settings
    add column registration text, -- null: as open_registration says
    add column registration_domains text[] not null default '{}';
alter table site_settings
    add constraint site_settings_registration_check
        check (registration in ('anybody', 'addresses', 'providers', 'administrators')) not valid,
    add constraint site_settings_registration_domains_check check (cardinality(registration_domains) <= 50) not valid;

-- Signs in only once the address is confirmed: it was let in for its address.
alter table users add column must_confirm boolean not null default false;
