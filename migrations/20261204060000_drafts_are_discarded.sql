-- A draft that nobody entered can be given up, with all that was made for it. What was launched stays for ever.
create function discard_draft(p_competition_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    delete from competitions c
    where c.id = p_competition_id and c.launched_at is null
      and not exists (select from teams where competition_id = c.id);
    return found;
end
$$;
revoke all on function discard_draft(bigint) from public;
grant execute on function discard_draft(bigint) to holdout_web;
