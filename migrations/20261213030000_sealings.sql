-- Which competitions a sealed file came to: its bytes are those of labels that its sealer alone need know.

create table sealings (
    id bigint generated always as identity primary key, -- in the order in which they came
    sealed_sha256 bytea not null check (length(sealed_sha256) = 32), -- no byte can be changed without breaking the seal
    competition_id bigint references competitions on delete set null, -- of a draft that was discarded: none
    known_at timestamptz not null default clock_now(),
    unique (sealed_sha256, competition_id)
);
create index sealings_by_competition on sealings (competition_id);
grant select on sealings to holdout_web;

-- Whoever writes: no sealed file becomes a competition's without a row here, and no role of a program takes one away.
create function sealing_is_known() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into sealings (sealed_sha256, competition_id) values (new.sealed_sha256, new.competition_id)
    on conflict do nothing;
    return null;
end
$$;
create trigger solutions_sealing after insert or update of sealed_sha256, competition_id on solutions
    for each row execute function sealing_is_known();
create trigger labelled_tables_sealing after insert or update of sealed_sha256, competition_id on labelled_tables
    for each row execute function sealing_is_known();

insert into sealings (sealed_sha256, competition_id)
select sealed_sha256, competition_id
from (
    select sealed_sha256, competition_id, min(uploaded_at) as first_at
    from (
        select sealed_sha256, competition_id, uploaded_at from solutions
        union all
        select sealed_sha256, competition_id, uploaded_at from labelled_tables
    ) known
    group by sealed_sha256, competition_id
) found
order by first_at
on conflict do nothing;

-- Asked by scorers before they open a file: whether it came to another competition before, which is not over, and not from
-- that one's hosts. Whose it is goes on from the competition that it came to first to those that have a host in common.
create function is_sealed_for_another(sealed bytea, competition bigint) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (
        select from sealings s
        join competitions c on c.id = s.competition_id
        where s.sealed_sha256 = sealed and s.competition_id <> competition and c.settled_at is null
          and not exists (
              select from sealings own
              where own.sealed_sha256 = sealed and own.competition_id = competition and own.id < s.id)
    ) and not exists (
        with recursive rightly as (
            (select s.competition_id from sealings s
             where s.sealed_sha256 = sealed and s.competition_id is not null
             order by s.id limit 1)
            union
            select s.competition_id
            from rightly r
            join competition_hosts theirs on theirs.competition_id = r.competition_id
            join competition_hosts ours on ours.user_id = theirs.user_id
            join sealings s on s.competition_id = ours.competition_id and s.sealed_sha256 = sealed
        )
        select from rightly r
        join competition_hosts theirs on theirs.competition_id = r.competition_id
        join competition_hosts ours on ours.user_id = theirs.user_id and ours.competition_id = competition
        where r.competition_id <> competition
    )
$$;
revoke execute on function is_sealed_for_another(bytea, bigint) from public;
grant execute on function is_sealed_for_another(bytea, bigint) to holdout_scorer;

-- Asked by scorers before they release labels: whether a launched competition that is not over has the same file.
create function judges_another(sealed bytea, competition bigint) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (
        select from sealings s
        join competitions c on c.id = s.competition_id
        where s.sealed_sha256 = sealed and s.competition_id <> competition
          and c.launched_at is not null and c.settled_at is null)
$$;
revoke execute on function judges_another(bytea, bigint) from public;
grant execute on function judges_another(bytea, bigint) to holdout_scorer;
