-- What the migration before added as not yet valid holds for the rows from before as well. Writers do not wait for this.

alter table one_time_links validate constraint one_time_links_purpose_check;
alter table one_time_links validate constraint one_time_links_whose;
alter table one_time_links validate constraint one_time_links_address;
alter table competition_invitations validate constraint competition_invitations_user_id_fkey;
