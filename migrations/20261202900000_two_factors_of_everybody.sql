-- Sites may ask everybody for a second factor.
-- locks: one row, which administrators change a few times a year
alter table site_settings drop constraint site_settings_two_factors_for_check;
-- locks: the same one row
alter table site_settings add constraint site_settings_two_factors_for_check
    check (two_factors_for in ('nobody', 'administrators', 'hosts', 'everybody'));
