-- Votes that count towards medals: those by people who had a submission scored. All of it follows from
-- submissions and votes; recount_medals() makes it anew.

alter table users add column first_scored_at timestamptz; -- null: a Novice as a voter
alter table votes add column is_by_novice boolean not null default true;
alter table subjects add column n_medal_votes integer not null default 0; -- sum of the votes by others than Novices

create index subjects_by_medal_votes on subjects (author_id, kind, n_medal_votes)
    where hidden_at is null and deleted_at is null;
create index subjects_by_author_and_time on subjects (author_id, created_at);

create function weigh_vote() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    new.is_by_novice := not exists (select from users where id = new.user_id and first_scored_at is not null);
    return new;
end
$$;
create trigger votes_are_weighed before insert on votes for each row execute function weigh_vote();

create function count_medal_vote() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    before integer := case when old.is_by_novice then 0 else coalesce(old.value, 0) end;
    now_is integer := case when new.is_by_novice then 0 else coalesce(new.value, 0) end;
begin
    if now_is <> before then
        update subjects set n_medal_votes = n_medal_votes + now_is - before
        where id = coalesce(new.subject_id, old.subject_id);
    end if;
    return null;
end
$$;
create trigger votes_make_medals after insert or update of value, is_by_novice or delete on votes
    for each row execute function count_medal_vote();

-- The first scored submission ends being a Novice: what was voted before counts from then on.
create function leave_novices() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update users set first_scored_at = clock_now() where id = new.user_id and first_scored_at is null;
    if found then
        update votes set is_by_novice = false where user_id = new.user_id and is_by_novice;
    end if;
    return null;
end
$$;
create trigger submissions_end_being_a_novice after update of state on submissions for each row
    when (new.state = 'scored' and old.state <> 'scored') execute function leave_novices();

create function recount_medals() returns void
language sql
as $$
    update users u
    set first_scored_at = (
        select min(x.scored_at) from submissions s join scores x on x.submission_id = s.id
        where s.user_id = u.id and s.state = 'scored');
    update votes v
    set is_by_novice = not exists (select from users where id = v.user_id and first_scored_at is not null);
    update subjects s
    set n_medal_votes = coalesce((select sum(value) from votes where subject_id = s.id and not is_by_novice), 0);
$$;
revoke all on function weigh_vote(), count_medal_vote(), leave_novices(), recount_medals() from public;
select recount_medals();
