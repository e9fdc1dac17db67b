-- On a Ladder a file waits under a version while one of its team is to be judged before it: in the order on record or, where
-- they were never judged, in that in which they came.

create view waiting_on_ladders as
select s.id as submission_id, v.id as version_id
from submissions s
join competitions c on c.id = s.competition_id and c.ladder = 'on'
join scoring_versions v on v.competition_id = c.id
left join ladder_turns own on own.submission_id = s.id
where not s.is_late
  and exists (
    select from submissions e
    left join ladder_turns t on t.submission_id = e.id
    where e.team_id = s.team_id and not e.is_late and e.state in ('queued', 'scoring', 'scored')
      and (coalesce(t.turn, 9223372036854775807), e.id) < (coalesce(own.turn, 9223372036854775807), s.id)
      and not exists (select from scores x where x.submission_id = e.id and x.version_id = v.id)
  );
grant select on waiting_on_ladders to holdout_scorer;

-- What asked for it before.
drop index jobs_open_of_team;
