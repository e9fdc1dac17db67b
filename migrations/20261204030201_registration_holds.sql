-- What the migration before added as not yet valid holds for the row from before as well.

alter table site_settings validate constraint site_settings_registration_check;
alter table site_settings validate constraint site_settings_registration_domains_check;
