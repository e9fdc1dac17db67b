//! Reading everything of a competition, part by part, each by key.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::archives::model::{
    DisqualificationLine, Lifted, MemberLine, MergedTeamLine, PersonLine, PostLine, PostVersionLine,
    SubmissionLine, TeamLine, TopicLine, Turn, VersionLine,
};
use crate::ids::CompetitionId;

/// Rows read at once.
pub const ROWS: i64 = 1000;

/// The newest submission of a competition; those that come while it is read are left for another time.
///
/// # Errors
/// Those of the database.
pub async fn newest_submission(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<i64> {
    let newest = sqlx::query_scalar!(
        "select id from submissions where competition_id = $1 order by id desc limit 1",
        id.0,
    );
    Ok(newest.fetch_optional(conn).await?.unwrap_or(0))
}

/// # Errors
/// Those of the database.
pub async fn versions(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<VersionLine>> {
    sqlx::query_as!(
        VersionLine,
        "select v.number, v.stage, v.metric, v.reason, v.created_at, v.activated_at,
                encode(s.sealed_sha256, 'hex') as sealed_sha256, v.params, v.context, v.higher_is_better,
                v.public_fraction as \"public_fraction?\", v.split_seed as \"split_seed?\", v.declared, v.audit_reason, m.source as \"module?\"
         from scoring_versions v
         left join solutions s on s.id = v.solution_id
         left join custom_metrics m on m.id = v.custom_metric_id
         where v.competition_id = $1
         order by v.number",
        id.0,
    )
    .fetch_all(conn)
    .await
}

/// Where the solution of the version at hand lies, and the key it is sealed to.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub storage_key: String,
    pub size_bytes: i64,
    pub recipient: String,
}

/// # Errors
/// Those of the database.
pub async fn sealed_solution(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<Sealed>> {
    sqlx::query_as!(
        Sealed,
        "select s.storage_key, s.sealed_bytes as size_bytes, s.recipient
         from competitions c
         join scoring_versions v
           on v.competition_id = c.id and (v.id = c.active_version_id or (c.active_version_id is null and v.number = 1))
         join solutions s on s.id = v.solution_id
         where c.id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Teams after `after`, with their members.
///
/// # Errors
/// Those of the database.
pub async fn teams(conn: &mut PgConnection, id: CompetitionId, after: i64) -> sqlx::Result<Vec<TeamLine>> {
    let rows = sqlx::query!(
        "select id, name, is_baseline, created_at
         from teams
         where competition_id = $1 and id > $2 and merged_into is null
         order by id
         limit $3",
        id.0,
        after,
        ROWS,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<i64> = rows.iter().map(|team| team.id).collect();
    let mut teams: Vec<TeamLine> = rows
        .into_iter()
        .map(|team| TeamLine {
            id: team.id,
            name: team.name,
            is_baseline: team.is_baseline,
            created_at: team.created_at,
            members: Vec::new(),
        })
        .collect();
    let members = sqlx::query!(
        "select m.team_id, u.username, u.display_name, m.is_leader, m.rules_accepted_at, m.joined_at
         from team_members m
         join users u on u.id = m.user_id
         where m.team_id = any($1)
         order by m.team_id, m.joined_at, m.user_id",
        &ids,
    )
    .fetch_all(conn)
    .await?;
    for member in members {
        if let Ok(at) = teams.binary_search_by_key(&member.team_id, |team| team.id) {
            teams[at].members.push(MemberLine {
                person: PersonLine { username: member.username, name: member.display_name },
                is_leader: member.is_leader,
                rules_accepted_at: member.rules_accepted_at,
                joined_at: member.joined_at,
            });
        }
    }
    Ok(teams)
}

/// Teams after `after` that became part of others, in a competition whose board is a Ladder.
///
/// # Errors
/// Those of the database.
pub async fn merged_teams(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: i64,
) -> sqlx::Result<Vec<MergedTeamLine>> {
    sqlx::query_as!(
        MergedTeamLine,
        "select t.id, t.name, t.created_at, t.merged_into as \"merged_into!\", t.merged_at as \"merged_at!\",
                coalesce(t.merged_turn, 0) as \"turn!\"
         from teams t
         join competitions c on c.id = t.competition_id and c.ladder = 'on'
         where t.competition_id = $1 and t.id > $2 and t.merged_into is not null
         order by t.id
         limit $3",
        id.0,
        after,
        ROWS,
    )
    .fetch_all(conn)
    .await
}

/// Whether anything was disqualified, for a while at least.
///
/// # Errors
/// Those of the database.
pub async fn has_decisions(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "select exists (select from disqualifications where competition_id = $1) as \"has!\"",
        id.0
    );
    found.fetch_one(conn).await
}

/// Decisions after `after` about teams that go on and their submissions, each with its key.
///
/// # Errors
/// Those of the database.
pub async fn decisions(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: i64,
) -> sqlx::Result<Vec<(i64, DisqualificationLine)>> {
    let rows = sqlx::query!(
        "select d.id, t.id as team, d.submission_id, d.reason, d.decided_at, d.turn, d.lifted_at, d.lifted_because,
                d.lifted_turn
         from disqualifications d
         left join submissions s on s.id = d.submission_id
         join teams t on t.id = coalesce(s.team_id, d.team_id) and t.merged_into is null
         where d.competition_id = $1 and d.id > $2
         order by d.id
         limit $3",
        id.0,
        after,
        ROWS,
    )
    .fetch_all(conn)
    .await?;
    let line = rows.into_iter().map(|row| {
        let lifted = row.lifted_at.zip(row.lifted_because).zip(row.lifted_turn);
        let line = DisqualificationLine {
            team: row.team,
            submission: row.submission_id,
            reason: row.reason,
            decided_at: row.decided_at,
            turn: row.turn,
            lifted: lifted.map(|((at, because), turn)| Lifted { at, because, turn }),
        };
        (row.id, line)
    });
    Ok(line.collect())
}

/// A submission as it stands, and where its bytes lie.
#[derive(Debug)]
pub struct SubmissionRow {
    pub id: i64,
    pub team_id: i64,
    pub username: String,
    pub display_name: String,
    pub received_at: DateTime<Utc>,
    pub is_late: bool,
    pub file_name: String,
    pub storage_key: String,
    /// Since when no file lies there.
    pub file_gone_at: Option<DateTime<Utc>>,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    pub description: String,
    pub state: String,
    pub rejection: Option<Value>,
    pub public_score: Option<f64>,
    pub public_undefined: Option<String>,
    pub scored_at: Option<DateTime<Utc>>,
    pub selected_at: Option<DateTime<Utc>>,
    pub log_position: Option<i64>,
    pub entry_hash: Option<Vec<u8>>,
    pub log_nonce: Option<Vec<u8>>,
    pub log_team: Option<i64>,
    pub turn: Option<i64>,
    pub judged_in: Option<i64>,
}

impl From<SubmissionRow> for SubmissionLine {
    fn from(row: SubmissionRow) -> Self {
        Self {
            id: row.id,
            team: row.team_id,
            sender: PersonLine { username: row.username, name: row.display_name },
            received_at: row.received_at,
            is_late: row.is_late,
            file_name: row.file_name,
            size_bytes: row.size_bytes.unsigned_abs(),
            sha256: hex::encode(row.sha256),
            description: row.description,
            state: row.state,
            rejection: row.rejection,
            public_score: row.public_score,
            public_decimals: None,
            public_undefined: row.public_undefined,
            private_score: None,
            private_undefined: None,
            scored_at: row.scored_at,
            selected_at: row.selected_at,
            log_position: row.log_position,
            entry_hash: row.entry_hash.map(hex::encode),
            log_nonce: row.log_nonce.map(hex::encode),
            log_team: row.log_team,
            file_gone_at: row.file_gone_at,
            turn: row.turn.zip(row.judged_in).map(|(number, team)| Turn { number, team }),
        }
    }
}

/// Submissions after `after` and up to `newest`, the oldest first, with their scores under the version that
/// counts. Private scores are asked for elsewhere.
///
/// # Errors
/// Those of the database.
pub async fn submissions(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: i64,
    newest: i64,
) -> sqlx::Result<Vec<SubmissionRow>> {
    sqlx::query_as!(
        SubmissionRow,
        "select s.id, s.team_id, u.username, u.display_name, s.received_at, s.is_late, s.file_name, s.storage_key,
                s.size_bytes, s.sha256, s.description, s.file_gone_at,
                case when x.rejection is null then s.state else 'rejected' end as \"state!\",
                coalesce(x.rejection, s.rejection) as rejection,
                told_public_score(x) as \"public_score?\", x.public_undefined as \"public_undefined?\", s.scored_at,
                s.selected_at, l.position as \"log_position?\", l.entry_hash as \"entry_hash?\",
                l.nonce as \"log_nonce?\", l.sent_as as \"log_team?\",
                t.turn as \"turn?\", t.team_id as \"judged_in?\"
         from submissions s
         join users u on u.id = s.user_id
         join competitions c on c.id = s.competition_id
         left join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         left join submission_log l on l.submission_id = s.id
         left join ladder_turns t on t.submission_id = s.id
         where s.competition_id = $1 and s.id > $2 and s.id <= $3
         order by s.id
         limit $4",
        id.0,
        after,
        newest,
        ROWS,
    )
    .fetch_all(conn)
    .await
}

/// Topics of the competition's forum after `after` that everybody in it may read.
///
/// # Errors
/// Those of the database.
pub async fn topics(conn: &mut PgConnection, id: CompetitionId, after: i64) -> sqlx::Result<Vec<TopicLine>> {
    let rows = sqlx::query!(
        "select t.id, t.title, t.pinned_at, t.locked_at, t.accepted_post_id, s.created_at, u.username, u.display_name,
                (select team_id from write_ups where topic_id = t.id) as write_up_of_team
         from forums f
         join topics t on t.forum_id = f.id
         join subjects s on s.id = t.id
         join users u on u.id = s.author_id
         where f.competition_id = $1 and t.id > $2 and is_shown(s)
         order by t.id
         limit $3",
        id.0,
        after,
        ROWS,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|topic| TopicLine {
            id: topic.id,
            author: PersonLine { username: topic.username, name: topic.display_name },
            title: topic.title,
            created_at: topic.created_at,
            pinned_at: topic.pinned_at,
            locked_at: topic.locked_at,
            accepted_post: topic.accepted_post_id,
            write_up_of_team: topic.write_up_of_team,
        })
        .collect())
}

/// Posts of a topic after `after` that everybody may read, the oldest first.
///
/// # Errors
/// Those of the database.
pub async fn posts(conn: &mut PgConnection, topic: i64, after: i64) -> sqlx::Result<Vec<PostLine>> {
    let rows = sqlx::query!(
        "select p.id, p.parent_id, p.is_opening, p.markdown, p.n_votes, p.edited_at, s.created_at, u.username,
                u.display_name
         from posts p
         join subjects s on s.id = p.id
         join users u on u.id = s.author_id
         where p.under_id = $1 and p.id > $2 and is_shown(s)
         order by p.id
         limit $3",
        topic,
        after,
        ROWS,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|post| PostLine {
            id: post.id,
            topic,
            parent: post.parent_id,
            is_opening: post.is_opening,
            author: PersonLine { username: post.username, name: post.display_name },
            created_at: post.created_at,
            markdown: post.markdown,
            n_votes: post.n_votes,
            edited_at: post.edited_at,
        })
        .collect())
}

/// What stood before in the posts of a topic that everybody may read, after a version of a post.
///
/// # Errors
/// Those of the database.
pub async fn post_versions(
    conn: &mut PgConnection,
    topic: i64,
    after: (i64, i32),
) -> sqlx::Result<Vec<PostVersionLine>> {
    sqlx::query_as!(
        PostVersionLine,
        "select v.post_id as post, v.number, v.title, v.markdown, v.written_at, v.replaced_at
         from posts p
         join subjects s on s.id = p.id
         join post_versions v on v.post_id = p.id
         where p.under_id = $1 and (v.post_id, v.number) > ($2, $3) and is_shown(s)
         order by v.post_id, v.number
         limit $4",
        topic,
        after.0,
        after.1,
        ROWS,
    )
    .fetch_all(conn)
    .await
}
