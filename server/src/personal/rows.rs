//! Every SQL statement that reads what the platform holds about a person, a JSON document a subject. Columns are named
//! one by one, so that a new one cannot leak.

use serde_json::Value;
use sqlx::PgConnection;

use crate::ids::UserId;

/// A list of what belongs to one person.
macro_rules! of_person {
    ($conn:expr, $user:expr, $statement:literal) => {
        sqlx::query_scalar!($statement, $user.0).fetch_all(&mut *$conn).await?
    };
}

/// Everything, by the names of its documents.
///
/// # Errors
/// Those of the database.
#[expect(clippy::too_many_lines, reason = "a list: one statement a subject")]
pub async fn documents(
    conn: &mut PgConnection,
    user: UserId,
) -> sqlx::Result<Vec<(&'static str, Vec<Value>)>> {
    Ok(vec![
        // The account.
        (
            "profile",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('id', id, 'username', username, 'email', email, 'email_confirmed_at', email_confirmed_at, 'display_name', display_name, 'bio', bio,
                    'is_admin', is_admin, 'created_at', created_at, 'first_scored_at', first_scored_at, 'suspended_at', suspended_at,
                    'suspended_until', suspended_until) as "row!"
                from users where id = $1"#
            ),
        ),
        // Where they are signed in.
        (
            "sessions",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('id', public_id, 'user_agent', user_agent, 'ip', ip, 'created_at', created_at,
                    'last_seen_at', last_seen_at, 'expires_at', expires_at, 'issuer', issuer, 'subject', subject, 'sid', sid) as "row!"
                from sessions where user_id = $1 order by last_seen_at desc"#
            ),
        ),
        // API tokens, without their text.
        (
            "tokens",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('name', name, 'begins', hint, 'scopes', scopes, 'created_at', created_at,
                    'expires_at', expires_at, 'last_used_at', last_used_at, 'revoked_at', revoked_at) as "row!"
                from api_tokens where user_id = $1 order by id"#
            ),
        ),
        // That they sign in with a second factor, without its secret.
        (
            "second_factors",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('created_at', created_at, 'confirmed_at', confirmed_at,
                    'n_recovery_codes', (select count(*) from recovery_codes c where c.user_id = f.user_id)) as "row!"
                from second_factors f where user_id = $1"#
            ),
        ),
        // Who they are at providers of sign-in.
        (
            "identities",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('issuer', issuer, 'subject', subject, 'created_at', created_at) as "row!"
                from identities where user_id = $1 order by issuer"#
            ),
        ),
        // How much room their files take.
        (
            "storage",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('data_bytes', data_bytes, 'submission_bytes', submission_bytes,
                    'notebook_bytes', notebook_bytes, 'other_bytes', other_bytes, 'allowed_bytes', allowed_bytes) as "row!"
                from stored_of_people where user_id = $1"#
            ),
        ),
        // Who signed in, failed to, or changed how.
        (
            "account_events",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('at', at, 'what', what, 'detail', detail, 'place', place, 'browser', browser,
                    'n', n) as "row!"
                from account_events where user_id = $1 order by id"#
            ),
        ),
        // Which terms of use they accepted.
        (
            "terms",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('version', number, 'accepted_at', accepted_at) as "row!"
                from terms_acceptances where user_id = $1 order by number"#
            ),
        ),
        // Links that were asked for.
        (
            "links",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('purpose', purpose, 'email', email, 'created_at', created_at, 'expires_at', expires_at,
                    'used_at', used_at) as "row!"
                from one_time_links where user_id = $1 order by created_at"#
            ),
        ),
        // Letters to them, without texts, which may hold a link.
        (
            "mails",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('to', to_address, 'subject', subject, 'created_at', created_at, 'sent_at', sent_at) as "row!"
                from mails
                where to_address in (
                    select email from users where id = $1
                    union select email from one_time_links where user_id = $1 and email is not null)
                order by id"#
            ),
        ),
        // The wish to delete the account.
        (
            "deletion",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('asked_at', asked_at, 'due_at', due_at, 'removes_posts', removes_posts) as "row!"
                from account_deletions where user_id = $1"#
            ),
        ),
        // When they want letters.
        (
            "mail_preferences",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('mail', mail) as "row!" from mail_preferences where user_id = $1"#
            ),
        ),
        // What they follow.
        (
            "follows",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('subject', f.subject_id, 'forum', f.forum_id, 'person', u.username,
                    'followed_at', f.followed_at) as "row!"
                from follows f left join users u on u.id = f.person_id
                where f.user_id = $1 order by f.id"#
            ),
        ),
        // What they were told.
        (
            "notifications",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('event', event, 'reason', reason, 'words', words, 'subject', subject_id,
                    'created_at', created_at, 'read_at', read_at) as "row!"
                from notifications where user_id = $1 order by id"#
            ),
        ),
        // Competitions that they host, hosted or began.
        (
            "hosting",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('competition', (select slug from competitions where id = h.competition_id),
                    'title', (select title from competitions where id = h.competition_id), 'added_at', h.added_at, 'left_at', h.left_at,
                    'began_it', h.began_it) as "row!"
                from (select competition_id, added_at, null::timestamptz as left_at, false as began_it
                      from competition_hosts where user_id = $1
                      union all
                      select competition_id, null, left_at, false from former_hosts where user_id = $1
                      union all
                      select id, created_at, null, true from competitions where created_by = $1) h
                order by h.competition_id"#
            ),
        ),
        // Invitations into competitions, and into and out of teams.
        (
            "invitations",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object(
                    'kind', kind, 'competition', (select slug from competitions where id = i.competition_id),
                    'team', (select name from teams where id = i.team_id), 'at', i.at) as "row!"
                from (select 'by address' as kind, competition_id, null::bigint as team_id, created_at as at
                      from competition_invitations where email = (select email from users where id = $1)
                      union all
                      select 'by link', competition_id, null, came_at from competition_guests where user_id = $1
                      union all
                      select 'sent to an address', competition_id, null, sent_at from invitation_letters where invited_by = $1
                      union all
                      select 'into a team', competition_id, team_id, invited_at from team_invitations where user_id = $1
                      union all
                      select 'sent', competition_id, team_id, invited_at from team_invitations where invited_by = $1
                      union all
                      select 'to merge', competition_id, to_team_id, asked_at from merge_requests where asked_by = $1) i
                order by i.at"#
            ),
        ),
        // Their teams.
        (
            "teams",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('competition', c.slug, 'team', t.name, 'is_leader', m.is_leader,
                    'rules_accepted_at', m.rules_accepted_at, 'joined_at', m.joined_at, 'invited_as', a.email) as "row!"
                from team_members m
                join teams t on t.id = m.team_id
                join competitions c on c.id = m.competition_id
                left join invited_as a on a.competition_id = m.competition_id and a.user_id = m.user_id
                where m.user_id = $1 order by m.competition_id"#
            ),
        ),
        // What they did in teams, or others with them.
        (
            "team_events",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('competition', c.slug, 'team', t.name, 'kind', e.kind, 'at', e.at, 'words', e.words,
                    'did_it', e.actor_id is not distinct from $1) as "row!"
                from (select * from team_events where actor_id = $1
                      union
                      select * from team_events where person_id = $1) e
                join teams t on t.id = e.team_id
                join competitions c on c.id = e.competition_id
                order by e.id"#
            ),
        ),
        // What they sent, with private scores once these are out; until then with the digits that every board shows.
        (
            "submissions",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('id', s.id, 'competition', c.slug, 'team', t.name, 'received_at', s.received_at,
                    'file_name', s.file_name, 'size_bytes', s.size_bytes, 'sha256', encode(s.sha256, 'hex'),
                    'description', s.description, 'state', s.state, 'rejection', s.rejection, 'selected_at', s.selected_at,
                    'public_score', case when is_over(c) then told_public_score(p)
                        else round(told_public_score(p)::numeric, shown_decimals(c))::float8 end,
                    'private_score', r.private_score) as "row!"
                from submissions s
                join competitions c on c.id = s.competition_id
                join teams t on t.id = s.team_id
                left join scores p on p.submission_id = s.id and p.version_id = c.active_version_id
                left join lateral released_private_scores(s.competition_id, array[s.id]) r on true
                where s.user_id = $1 order by s.id"#
            ),
        ),
        // Files they had checked.
        (
            "checks",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('competition', (select slug from competitions where id = f.competition_id), 'file_name', f.file_name, 'description', f.description, 'size_bytes', f.size_bytes,
                    'created_at', f.created_at, 'verdict', f.verdict) as "row!"
                from file_checks f
                where f.user_id = $1 order by f.created_at"#
            ),
        ),
        // Files that arrived, or arrive, in parts.
        (
            "uploads",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('purpose', purpose, 'file_name', file_name, 'total_bytes', total_bytes,
                    'received_bytes', received_bytes, 'created_at', created_at, 'expires_at', expires_at, 'spent_at', spent_at) as "row!"
                from uploads where user_id = $1 order by created_at"#
            ),
        ),
        // Files they may put into the bucket.
        (
            "direct_uploads",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('competition', (select slug from competitions where id = d.competition_id),
                    'size_bytes', d.size_bytes, 'sha256', encode(d.sha256, 'hex'), 'opened_at', d.opened_at) as "row!"
                from direct_uploads d where d.user_id = $1 order by d.opened_at"#
            ),
        ),
        // Competitions of other platforms they had read.
        (
            "bundles",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('kind', kind, 'contents', contents, 'report', report, 'read_at', read_at,
                    'expires_at', expires_at) as "row!"
                from bundles where owner_id = $1 order by read_at"#
            ),
        ),
        // Images they uploaded.
        (
            "images",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('id', id, 'content_type', content_type, 'width', width, 'height', height,
                    'size_bytes', size_bytes, 'uploaded_at', uploaded_at) as "row!"
                from images where owner_id = $1 order by uploaded_at"#
            ),
        ),
        // What they wrote, with what stood there before.
        (
            "posts",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('id', s.id, 'topic', t.title, 'is_opening', p.is_opening, 'text', p.markdown,
                    'created_at', s.created_at, 'edited_at', p.edited_at, 'hidden_at', s.hidden_at, 'deleted_at', s.deleted_at,
                    'before', (select jsonb_agg(jsonb_build_object('title', v.title, 'text', v.markdown, 'written_at', v.written_at)
                                                order by v.number)
                               from post_versions v where v.post_id = p.id)) as "row!"
                from subjects s
                join posts p on p.id = s.id
                left join topics t on t.id = p.under_id
                where s.author_id = $1 and s.kind = 'post' order by s.id"#
            ),
        ),
        // How they voted.
        (
            "votes",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('subject', subject_id, 'value', value, 'cast_at', cast_at) as "row!"
                from votes where user_id = $1 order by subject_id"#
            ),
        ),
        // What they reported to moderators.
        (
            "reports",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('subject', subject_id, 'reason', reason, 'words', words, 'reported_at', reported_at,
                    'closed_at', closed_at) as "row!"
                from reports where reporter_id = $1 order by id"#
            ),
        ),
        // Their notebooks and every version they pushed.
        (
            "notebooks",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('name', n.slug, 'title', n.title, 'visibility', n.visibility, 'licence', n.licence,
                    'tags', n.tags, 'is_own', n.owner_id = $1, 'number', v.number, 'pushed_at', v.pushed_at, 'message', v.message,
                    'size_bytes', v.size_bytes) as "row!"
                from (select id from notebooks where owner_id = $1
                      union
                      select notebook_id from notebook_versions where pushed_by = $1) o
                join notebooks n on n.id = o.id
                left join notebook_versions v on v.notebook_id = n.id and (n.owner_id = $1 or v.pushed_by = $1)
                order by n.id, v.number"#
            ),
        ),
        // Runs they asked for or cancelled.
        (
            "notebook_runs",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('notebook', (select slug from notebooks where id = r.notebook_id), 'number', r.number,
                    'asked_at', r.asked_at, 'state', r.state, 'finished_at', r.finished_at,
                    'cancelled_it', r.cancelled_by is not distinct from $1) as "row!"
                from (select id, notebook_id, number, asked_at, state, finished_at, cancelled_by
                      from notebook_runs where asked_by = $1
                      union
                      select id, notebook_id, number, asked_at, state, finished_at, cancelled_by
                      from notebook_runs where cancelled_by = $1) r
                order by r.id"#
            ),
        ),
        // Topics that tell how a team of theirs did it.
        (
            "write_ups",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('competition', c.slug, 'topic', t.title, 'bound_at', w.bound_at) as "row!"
                from team_members m
                join write_ups w on w.competition_id = m.competition_id and w.team_id = m.team_id
                join topics t on t.id = w.topic_id
                join competitions c on c.id = w.competition_id
                where m.user_id = $1 order by w.bound_at"#
            ),
        ),
        // Their certificates.
        (
            "certificates",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('code', code, 'competition', c.slug, 'rank', f.rank, 'n_teams', f.n_teams,
                    'score', f.score, 'issued_at', f.issued_at) as "row!"
                from certificates f join competitions c on c.id = f.competition_id
                where f.user_id = $1 order by f.issued_at"#
            ),
        ),
        // What they did as a host, moderator or administrator.
        (
            "acts",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('what', a.what, 'competition', (select slug from competitions where id = a.competition_id), 'at', a.at, 'words', a.words) as "row!"
                from (select 'scoring version' as what, competition_id, created_at as at, reason as words from scoring_versions where created_by = $1
                      union all select kind, competition_id, at, reason from version_changes where actor_id = $1
                      union all select 'verification', competition_id, asked_at, '' from verifications where asked_by = $1
                      union all select 'comparison', competition_id, asked_at, '' from comparisons where asked_by = $1
                      union all select 'webhook', competition_id, created_at, url from webhooks where created_by = $1
                      union all select 'metric', competition_id, uploaded_at, file_name from custom_metrics where uploaded_by = $1
                      union all select 'disqualification', competition_id, decided_at, reason from disqualifications where decided_by = $1
                      union all select 'reinstatement', competition_id, lifted_at, lifted_because from disqualifications where lifted_by = $1
                      union all select 'closing', competition_id, confirmed_at, words from closings where confirmed_by = $1
                      union all select 'release of labels', competition_id, asked_at, reason from label_releases where asked_by = $1
                      union all select event, competition_id, posted_at, sentence from bulletins where posted_by = $1
                      union all select 'change of ' || item, competition_id, changed_at, note from changes where changed_by = $1
                      union all select 'page ' || slug, competition_id, edited_at, markdown from page_versions where edited_by = $1
                      union all select 'answer after an outage', competition_id, answered_at, is_accepted::text from extension_offers where answered_by = $1
                      union all select 'word on an incident', null, written_at, markdown from incident_updates where written_by = $1) a
                order by a.at"#
            ),
        ),
        // The record of what they did.
        (
            "log",
            of_person!(
                conn,
                user,
                r#"select jsonb_build_object('at', l.at, 'action', l.action, 'competition', c.slug, 'detail', l.detail) as "row!"
                from audit_log l left join competitions c on c.id = l.competition_id
                where l.actor_id = $1 order by l.id"#
            ),
        ),
    ])
}

/// A file of a person's.
#[derive(Debug, Clone)]
pub struct StoredFile {
    pub folder: String,
    pub id: String,
    pub name: String,
    pub storage_key: String,
    pub size_bytes: i64,
}

/// # Errors
/// Those of the database.
pub async fn files(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<StoredFile>> {
    sqlx::query_as!(
        StoredFile,
        r#"select 'submissions' as "folder!", id::text as "id!", file_name as "name!", storage_key as "storage_key!",
                  size_bytes as "size_bytes!"
           from submissions where user_id = $1 and file_gone_at is null
           union all
           select 'notebooks', v.notebook_id || '-' || v.number, n.slug || '.ipynb', v.storage_key, v.size_bytes
           from notebook_versions v
           join notebooks n on n.id = v.notebook_id
           join subjects s on s.id = n.id and s.deleted_at is null
           where v.pushed_by = $1
           union all
           select 'images', id::text, replace(content_type, 'image/', 'image.'), storage_key, size_bytes
           from images where owner_id = $1"#,
        user.0,
    )
    .fetch_all(conn)
    .await
}
