//! Every SQL statement about competitions; here what every page of one needs, in the modules below
//! what single rooms of the house need.

pub mod changes;
pub mod cohosts;
pub mod copies;
pub mod data;
pub mod drafts;
pub mod invitations;
pub mod judging;
pub mod lists;
pub mod page_versions;
pub mod texts;

use std::collections::HashMap;

use holdout_contract::ranks::RankedPart;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::competitions::access::Role;
use crate::competitions::ladder::Ladder;
use crate::competitions::model::Competition;
use crate::competitions::visibility::Visibility;
use crate::ids::{CompetitionId, TeamId, UserId, VersionId};

/// Competitions as they stand, with the version that counts: before the launch the draft's.
macro_rules! competitions {
    ($which:literal, $value:expr) => {
        sqlx::query_as!(
            Competition,
            "select c.id as \"id: CompetitionId\", c.slug, c.title, c.subtitle,
                    c.created_by as \"created_by: UserId\",
                    c.visibility as \"visibility: Visibility\", c.launched_at, c.starts_at,
                    c.entry_deadline_at, c.merger_deadline_at, c.ends_at, c.daily_limit, c.total_limit, c.final_limit,
                    c.team_limit, c.max_upload_bytes,
                    case when c.are_decimals_chosen then c.score_decimals
                         else coalesce(c.worth_decimals, c.score_decimals) end as \"score_decimals!\",
                    c.ladder as \"ladder: Ladder\", c.moves_over_outage, c.hosts_may_have_files, c.counts_for_medals, c.is_demo, c.is_synthetic, c.n_teams, c.n_entries, c.board_revision, c.ranks_revision, c.texts_revision, c.settled_at,
                    c.active_version_id as \"active_version_id: VersionId\",
                    v.number as \"version_number?\",
                    v.metric as \"metric?\", m.spec ->> 'title' as \"metric_title?\", v.higher_is_better as \"higher_is_better?\",
                    coalesce(v.all_public, false) as \"is_all_public!\", v.ranked_parts as \"ranked_parts?: Json<Vec<RankedPart>>\"
             from competitions c
             left join lateral (
                select number, metric, higher_is_better, all_public, ranked_parts from scoring_versions
                where competition_id = c.id and (c.active_version_id is null or id = c.active_version_id)
                order by number desc
                limit 1
             ) v on true
             left join metrics m on m.name = v.metric
             where " + $which,
            $value,
        )
    };
}

/// One competition by its slug.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, slug: &str) -> sqlx::Result<Option<Competition>> {
    competitions!("c.slug = $1", slug).fetch_optional(conn).await
}

/// One competition by its id.
///
/// # Errors
/// Those of the database.
pub async fn find_by_id(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<Competition>> {
    Ok(find_by_ids(conn, &[id]).await?.pop())
}

/// Competitions by their ids, in no order.
///
/// # Errors
/// Those of the database.
pub async fn find_by_ids(conn: &mut PgConnection, ids: &[CompetitionId]) -> sqlx::Result<Vec<Competition>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    competitions!("c.id = any($1)", &ids).fetch_all(conn).await
}

/// Whether an address is taken.
///
/// # Errors
/// Those of the database.
pub async fn exists(conn: &mut PgConnection, slug: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select exists (select from competitions where slug = $1) as \"exists!\"", slug)
        .fetch_one(conn)
        .await
}

/// Somebody who looks at a competition.
pub type Onlooker = (CompetitionId, UserId);

/// Whether they are among the hosts, and their team, of each of these.
///
/// # Errors
/// Those of the database.
pub async fn roles(conn: &mut PgConnection, onlookers: &[Onlooker]) -> sqlx::Result<HashMap<Onlooker, Role>> {
    let (competitions, people): (Vec<i64>, Vec<i64>) =
        onlookers.iter().map(|(id, user)| (id.0, user.0)).unzip();
    // The planner does not look into the inner selects: however many are asked for, one plan serves.
    let rows = sqlx::query!(
        "select w.competition_id as \"competition_id!: CompetitionId\", w.user_id as \"user_id!: UserId\",
                exists (select from competition_hosts h
                        where h.competition_id = w.competition_id and h.user_id = w.user_id) as \"is_host!\",
                exists (select from former_hosts f
                        where f.competition_id = w.competition_id and f.user_id = w.user_id) as \"was_host!\",
                (select m.team_id from team_members m
                 where m.competition_id = w.competition_id and m.user_id = w.user_id) as \"team_id: TeamId\"
         from unnest((select $1::bigint[]), (select $2::bigint[])) w (competition_id, user_id)",
        &competitions,
        &people,
    )
    .fetch_all(conn)
    .await?;
    let roles = rows.into_iter().map(|row| {
        let role = Role { is_among_hosts: row.is_host, was_host: row.was_host, team_id: row.team_id };
        ((row.competition_id, row.user_id), role)
    });
    Ok(roles.collect())
}

/// The teams that somebody has in these competitions.
///
/// # Errors
/// Those of the database.
pub async fn teams_of(
    conn: &mut PgConnection,
    user: UserId,
    ids: &[CompetitionId],
) -> sqlx::Result<Vec<(CompetitionId, TeamId)>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select competition_id as \"competition_id: CompetitionId\", team_id as \"team_id: TeamId\"
         from team_members
         where user_id = $1 and competition_id = any($2)",
        user.0,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.competition_id, row.team_id)).collect())
}

/// Whether a by-invitation competition names this person, or an address that is known to be theirs.
///
/// # Errors
/// Those of the database.
pub async fn is_invited(conn: &mut PgConnection, id: CompetitionId, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select is_invited($1, $2) as \"invited!\"", user.0, id.0).fetch_one(conn).await
}
