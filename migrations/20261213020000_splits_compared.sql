-- Whether a new version's split may count while private scores are hidden, as a scorer found that holds the key.

-- Whether it was sent without a split and a scorer wrote the one that counts into it.
-- locks: some solutions a version, and a constant that no row is written for
alter table solutions add column keeps_split boolean not null default false;

create table split_comparisons (
    version_id bigint primary key references scoring_versions on delete cascade,
    input_revision integer not null, -- of the version, when it was compared
    active_version_id bigint not null references scoring_versions on delete cascade, -- which counted then
    is_allowed boolean not null -- no row that was private becomes public, and half of the public ones stay
);
create index split_comparisons_by_active on split_comparisons (active_version_id);
grant select on split_comparisons to holdout_web;
grant select, insert, update on split_comparisons to holdout_scorer;
grant select on site_pulse to holdout_scorer; -- for is_over: no comparison is needed after the end

-- Before the end a version is scored only where its split, as it is now, was held against that of the version that
-- counts now. A public score over rows that were private would be a private score.
create function split_is_compared() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c competitions;
begin
    select * into c from competitions where id = new.competition_id for share;
    if c.active_version_id is null or is_over(c) then
        return new;
    end if;
    if not exists (
        select from split_comparisons k
        where k.version_id = new.id and k.input_revision = new.input_revision
          and k.active_version_id = c.active_version_id and k.is_allowed
    ) then
        raise exception 'a version that would open private rows is not scored before the end'
            using errcode = 'check_violation', constraint = 'split_is_compared';
    end if;
    return new;
end
$$;
create trigger scoring_versions_split_is_compared before update of stage on scoring_versions
    for each row when (old.stage = 'draft' and new.stage = 'rescoring') execute function split_is_compared();
