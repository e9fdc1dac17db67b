-- What the migration before added as not yet valid holds for the rows from before as well. Writers do not wait for this.

alter table bulletins validate constraint bulletins_event_check;
alter table notifications validate constraint notifications_event_check;
alter table notifications validate constraint notifications_of_bulletin;
