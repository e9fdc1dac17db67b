-- Whether a competition counts for medals is decided before its end, and stands from then on: nobody's finish is weighed by its result.

create function medals_stand() returns trigger
language plpgsql
as $$
begin
    if current_user = 'holdout_web' and is_over(old) then
        raise exception 'whether it counts for medals is decided before the end'
            using errcode = 'check_violation', constraint = 'competitions_medals_stand';
    end if;
    return new;
end
$$;
create trigger competitions_medals_stand before update of counts_for_medals on competitions
    for each row when (old.counts_for_medals <> new.counts_for_medals) execute function medals_stand();
