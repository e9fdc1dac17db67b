-- Whether hosts may have the files that participants send: said before anybody sends one, and never given afterwards.

alter table competitions add column hosts_may_have_files boolean not null default false;

create function files_stay_promised() returns trigger
language plpgsql
as $$
begin
    if current_user = 'holdout_web' and old.launched_at is not null then
        raise exception 'files that were sent are not given to hosts later'
            using errcode = 'check_violation', constraint = 'competitions_files_stay_promised';
    end if;
    return new;
end
$$;
create trigger competitions_files_stay_promised before update of hosts_may_have_files on competitions
    for each row when (new.hosts_may_have_files and not old.hosts_may_have_files)
    execute function files_stay_promised();
