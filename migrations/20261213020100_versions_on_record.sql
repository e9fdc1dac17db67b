-- Every version that was ever scored stands in the record that everybody reads, and among the changes; also where it was given up.

-- Rows from before obeyed narrower rules: nobody waits while they are read again.
alter table version_changes
    drop constraint version_changes_kind_check,
    add constraint version_changes_kind_check check (kind in ('start', 'abandon', 'publish', 'roll_back')) not valid;
alter table changes
    drop constraint changes_about_check,
    add constraint changes_about_check check (about in ('timeline', 'data', 'page', 'version')) not valid,
    drop constraint changes_verb_check,
    add constraint changes_verb_check check (verb in (
        'moved', 'added', 'replaced', 'removed', 'edited', 'started', 'abandoned', 'published', 'restored')) not valid,
    add constraint changes_of_versions check (
        (about = 'version') = (verb in ('started', 'abandoned', 'published', 'restored'))) not valid;

-- What happened to a version is a change like others.
create function version_change_is_told() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into changes (competition_id, about, item, verb, note, changed_by, changed_at)
    select new.competition_id, 'version', v.number::text,
           case new.kind when 'start' then 'started' when 'abandon' then 'abandoned'
                         when 'publish' then 'published' else 'restored' end,
           new.reason, new.actor_id, new.at
    from scoring_versions v
    where v.id = new.version_id;
    return null;
end
$$;
create trigger version_changes_are_told after insert on version_changes
    for each row execute function version_change_is_told();

-- Whoever starts one or gives it up: the reason stands for good.
create function version_goes_on_record() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into version_changes (competition_id, version_id, kind, reason, at)
    values (new.competition_id, new.id, case new.stage when 'abandoned' then 'abandon' else 'start' end,
            coalesce(nullif(new.reason, ''), 'No reason was given.'), clock_now());
    return null;
end
$$;
create trigger scoring_versions_go_on_record after update of stage on scoring_versions
    for each row when ((old.stage = 'draft' and new.stage = 'rescoring')
                       or (old.stage = 'rescoring' and new.stage = 'abandoned'))
    execute function version_goes_on_record();

-- Those of before: what was given up, with the day that the audit log has, and what is being computed.
insert into version_changes (competition_id, version_id, kind, reason, at)
select v.competition_id, v.id, 'start', v.reason, v.started_at
from scoring_versions v
where v.started_at is not null and v.stage in ('rescoring', 'abandoned') and v.reason <> ''
order by v.id;
insert into version_changes (competition_id, version_id, kind, reason, at)
select v.competition_id, v.id, 'abandon', v.reason, max(a.at)
from scoring_versions v
join audit_log a on a.competition_id = v.competition_id and a.action = 'abandon_version'
                and a.detail ->> 'version' = v.number::text
where v.started_at is not null and v.stage = 'abandoned' and v.reason <> ''
group by v.id
order by v.id;
