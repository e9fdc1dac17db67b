-- Hosts, files and whether the winners are named stand on a competition's pages as well, and are kept under the same number.

create trigger hosts_change_texts after insert or update or delete on competition_hosts
    for each row execute function texts_changed();
create trigger files_change_texts after insert or update or delete on data_files
    for each row execute function texts_changed();
create trigger closings_change_texts after insert or update or delete on closings
    for each row execute function texts_changed();

-- The pages of whatever somebody hosts tell their name.
create function host_was_renamed() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    -- In order of their ids, so that two who are renamed at once do not wait for each other.
    perform from competitions
    where id in (select competition_id from competition_hosts where user_id = new.id)
    order by id for no key update;
    update competitions set texts_revision = texts_revision + 1
    where id in (select competition_id from competition_hosts where user_id = new.id);
    return null;
end
$$;

create trigger names_change_texts after update of username, display_name on users
    for each row when ((old.username, old.display_name) is distinct from (new.username, new.display_name))
    execute function host_was_renamed();
