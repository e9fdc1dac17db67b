-- Private scores come out at the end: the web server's role, which moves ends out, cannot move one in, nor take a launch back,
-- whoever has taken the server over.
create function end_stands() returns trigger
language plpgsql
as $$
begin
    if current_user = 'holdout_web' and old.launched_at is not null
        and (new.launched_at is distinct from old.launched_at or new.ends_at is null or new.ends_at < old.ends_at) then
        raise exception 'the end of a launched competition is moved out, never in'
            using errcode = 'check_violation', constraint = 'competitions_end_stands';
    end if;
    return new;
end
$$;
create trigger competitions_end_stands before update of launched_at, ends_at on competitions
    for each row execute function end_stands();
