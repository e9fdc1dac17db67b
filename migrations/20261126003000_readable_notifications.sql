-- What people are told, as far as they may read it now: on the site and in letters by the same rule.
create view readable_notifications as
select n.id, n.user_id, n.event, n.reason, n.subject_id, s.kind = 'post' as is_post,
       coalesce(a.display_name, '') as actor, coalesce(t.title, k.title, '') as title,
       coalesce(p.plain, '') as plain, n.words, n.created_at, n.read_at
from notifications n
join subjects s on s.id = n.subject_id
left join posts p on p.id = s.id
left join topics t on t.id = coalesce(p.under_id, s.id)
left join notebooks k on k.id = coalesce(p.under_id, s.id)
left join users a on a.id = n.actor_id
where (n.event in ('hidden', 'warned') or (s.hidden_at is null and s.deleted_at is null))
  and (s.competition_id is null or sees_competition(n.user_id, s.competition_id))
  and (k.id is null or k.visibility = 'public' or k.owner_id = n.user_id);
grant select on readable_notifications to holdout_web;
