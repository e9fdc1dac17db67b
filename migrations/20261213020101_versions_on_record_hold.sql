-- What the migration before added as not yet valid holds for the rows from before as well. Writers do not wait for this.

alter table version_changes validate constraint version_changes_kind_check;
alter table changes validate constraint changes_about_check;
alter table changes validate constraint changes_verb_check;
alter table changes validate constraint changes_of_versions;
