-- What is hidden stays readable for its author, with the moderator's words; notebooks are moderated as posts are.

alter table subjects add column hidden_because text not null default '' check (length(hidden_because) <= 1000),
    add constraint subjects_hidden_because_it_is check (hidden_because = '' or hidden_at is not null);

-- As before, and where a notebook is found that somebody is told about.
create or replace view readable_notifications as
select n.id, n.user_id, n.event, n.reason, n.subject_id, s.kind = 'post' as is_post,
       coalesce(a.display_name, '') as actor, coalesce(t.title, k.title, '') as title,
       coalesce(p.plain, '') as plain, n.words, n.created_at, n.read_at,
       case when p.id is null then o.username end as owner, case when p.id is null then k.slug end as slug
from notifications n
join subjects s on s.id = n.subject_id
left join posts p on p.id = s.id
left join topics t on t.id = coalesce(p.under_id, s.id)
left join notebooks k on k.id = coalesce(p.under_id, s.id)
left join users o on o.id = k.owner_id
left join users a on a.id = n.actor_id
where (n.event in ('hidden', 'warned') or (s.hidden_at is null and s.deleted_at is null))
  and (s.competition_id is null or sees_competition(n.user_id, s.competition_id))
  and (k.id is null or k.visibility = 'public' or k.owner_id = n.user_id);
