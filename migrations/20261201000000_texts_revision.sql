-- What a competition's page says changes seldom and is read often: servers keep it under this number.

alter table competitions add column texts_revision bigint not null default 0;

-- Runs as its owner: whoever writes a page need not be allowed to change its competition.
create function texts_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update competitions set texts_revision = texts_revision + 1
    where id = coalesce(new.competition_id, old.competition_id);
    return null;
end
$$;

create trigger pages_change_texts after insert or update or delete on pages
    for each row execute function texts_changed();
create trigger announcements_change_texts after insert or update or delete on announcements
    for each row execute function texts_changed();
create trigger changes_change_texts after insert or update or delete on changes
    for each row execute function texts_changed();
