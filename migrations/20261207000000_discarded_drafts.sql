-- Drafts that were given up and whose files lie there still: the rows that named them are gone with the draft, so a note of it
-- stays until scorers have removed the files.
create table discarded_drafts (
    competition_id bigint primary key, -- of no row any more
    discarded_at timestamptz not null default clock_now()
);
grant select, delete on discarded_drafts to holdout_scorer;

create or replace function discard_draft(p_competition_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    delete from competitions c
    where c.id = p_competition_id and c.launched_at is null
      and not exists (select from teams where competition_id = c.id);
    if not found then
        return false;
    end if;
    insert into discarded_drafts (competition_id) values (p_competition_id);
    return true;
end
$$;
