-- Bulletins, which everybody who takes part in a competition is told, each once; and announcements, which are such.

create table bulletins (
    id bigint generated always as identity primary key,
    competition_id bigint not null references competitions on delete cascade,
    event text not null check (event in ('announced')),
    sentence text not null check (length(sentence) between 1 and 500),
    excerpt text not null default '' check (length(excerpt) <= 1000), -- quoted below the sentence
    posted_by bigint references users on delete set null,
    posted_at timestamptz not null,
    told_at timestamptz -- null: those who take part are not told yet
);
create index bulletins_by_competition on bulletins (competition_id);
create index bulletins_by_person on bulletins (posted_by) where posted_by is not null;
create index bulletins_untold on bulletins (id) where told_at is null;
grant select, insert, update on bulletins to holdout_web;

-- Never removed: what people were told stays readable, with a mark where it was wrong.
create table announcements (
    id bigint primary key references bulletins on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    title text not null check (length(title) between 3 and 150),
    markdown text not null check (length(markdown) between 1 and 40000),
    html text not null,
    corrected_at timestamptz,
    withdrawn_at timestamptz,
    withdrawn_because text check (length(withdrawn_because) between 1 and 1000),
    constraint announcements_withdrawn_says_why check ((withdrawn_at is null) = (withdrawn_because is null))
);
create index announcements_by_competition on announcements (competition_id, id desc);
grant select, insert, update on announcements to holdout_web;

alter table notifications
    add column bulletin_id bigint references bulletins on delete cascade,
    drop constraint notifications_event_check,
    add constraint notifications_event_check check (event in (
        'posted', 'accepted', 'hidden', 'warned', 'team', 'ends_soon', 'ends_tomorrow', 'announced')),
    drop constraint notifications_reason_check,
    add constraint notifications_reason_check
        check (reason in ('mention', 'reply', 'subject', 'person', 'forum', 'own', 'team', 'taking_part')),
    add constraint notifications_of_bulletin check ((bulletin_id is not null) = (event in ('announced'))),
    add constraint notifications_bulletin_once unique (user_id, bulletin_id);
create index notifications_by_bulletin on notifications (bulletin_id) where bulletin_id is not null;

-- As before; of a bulletin the words as they are now, so that no letter carries what was corrected meanwhile.
create or replace view readable_notifications as
select n.id, n.user_id, n.event, n.reason, n.subject_id, coalesce(s.kind = 'post', false) as is_post,
       coalesce(a.display_name, '') as actor, coalesce(t.title, k.title, c.title, '') as title,
       coalesce(p.plain, '') as plain, coalesce(b.sentence || E'\n' || b.excerpt, n.words) as words, n.created_at,
       n.read_at, case when p.id is null then o.username end as owner, case when p.id is null then k.slug end as slug,
       coalesce(c.slug, '') as competition_slug
from notifications n
left join subjects s on s.id = n.subject_id
left join posts p on p.id = s.id
left join topics t on t.id = coalesce(p.under_id, s.id)
left join notebooks k on k.id = coalesce(p.under_id, s.id)
left join users o on o.id = k.owner_id
left join users a on a.id = n.actor_id
left join competitions c on c.id = n.competition_id
left join bulletins b on b.id = n.bulletin_id
where (n.subject_id is null or n.event in ('hidden', 'warned') or (s.hidden_at is null and s.deleted_at is null))
  and (coalesce(s.competition_id, n.competition_id) is null
       or sees_competition(n.user_id, coalesce(s.competition_id, n.competition_id)))
  and (k.id is null or k.visibility = 'public' or k.owner_id = n.user_id);
