-- Whether a file waits on a Ladder is asked whenever a job is taken: of a team's files an index alone is read, and turns are
-- looked up for those alone that are not judged yet.

create or replace view waiting_on_ladders as
select s.id as submission_id, v.id as version_id
from submissions s
join competitions c on c.id = s.competition_id and c.ladder = 'on'
join scoring_versions v on v.competition_id = c.id
where not s.is_late
  and exists (
    select from (
        select e.id from submissions e
        where e.team_id = s.team_id and not e.is_late and e.state in ('queued', 'scoring', 'scored')
          and not exists (select from scores x where x.submission_id = e.id and x.version_id = v.id)
        offset 0 -- keeps the turns out of this search
    ) unjudged
    where (coalesce((select t.turn from ladder_turns t where t.submission_id = unjudged.id), 9223372036854775807), unjudged.id)
          < (coalesce((select own.turn from ladder_turns own where own.submission_id = s.id), 9223372036854775807), s.id)
  );
