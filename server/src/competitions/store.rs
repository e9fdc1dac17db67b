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
pub mod sealings;
pub mod texts;

use std::collections::HashMap;

use holdout_contract::ranks::{RankedPart, ShownMetric};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::competitions::board_shows::{BoardShows, VeilSecret};
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
                    shown_decimals(c) as \"score_decimals!\",
                    c.ladder as \"ladder: Ladder\", c.board_shows as \"board_shows: BoardShows\", c.board_stays_veiled,
                    c.veil_secret as \"veil_secret: VeilSecret\", c.moves_over_outage, c.hosts_may_have_files, c.counts_for_medals, c.is_demo, c.is_synthetic, c.n_teams, c.n_entries, c.board_revision, c.ranks_revision, c.texts_revision, c.settled_at,
                    c.active_version_id as \"active_version_id: VersionId\",
                    v.number as \"version_number?\",
                    v.metric as \"metric?\", m.spec ->> 'title' as \"metric_title?\", v.higher_is_better as \"higher_is_better?\",
                    coalesce(v.all_public, false) as \"is_all_public!\", v.ranked_parts as \"ranked_parts?: Json<Vec<RankedPart>>\",
                    v.shown_metrics as \"shown_metrics?: Json<Vec<ShownMetric>>\"
             from competitions c
             left join lateral (
                select number, metric, higher_is_better, all_public, ranked_parts, shown_metrics from scoring_versions
                where competition_id = c.id and (c.active_version_id is null or id = c.active_version_id)
                order by number desc
                limit 1
             ) v on true
             left join metrics m on m.name = coalesce(v.shown_metrics -> 0 ->> 'metric', v.metric)
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

/// Somebody who looks at the competition of a slug; `None` who is not signed in.
pub type Onlooker = (String, Option<UserId>);

/// What is read of a competition whenever somebody looks at it.
#[derive(Debug, Clone)]
pub struct Glance {
    /// Another after every change of what [`find`] reads; `None` as long as versions may be changed. Names and titles that do not
    /// stand in the competition itself are left out.
    pub state: Option<String>,
    pub is_among_hosts: bool,
    pub was_host: bool,
    pub team_id: Option<TeamId>,
}

/// What each of these sees at a glance.
///
/// # Errors
/// Those of the database.
pub async fn glances(
    conn: &mut PgConnection,
    onlookers: &[Onlooker],
) -> sqlx::Result<HashMap<Onlooker, Glance>> {
    let slugs: Vec<&str> = onlookers.iter().map(|(slug, _)| slug.as_str()).collect();
    let people: Vec<Option<i64>> = onlookers.iter().map(|(_, user)| user.map(|user| user.0)).collect();
    // The planner does not look into the inner selects: however many are asked for, one plan serves. Whoever writes a row gives
    // it another `xmin`.
    let rows = sqlx::query!(
        "select w.slug as \"slug!\", w.user_id as \"user_id: UserId\",
                c.xmin::text || ' ' || (select v.xmin::text from scoring_versions v where v.id = c.active_version_id) as state,
                exists (select from competition_hosts h
                        where h.competition_id = c.id and h.user_id = w.user_id) as \"is_host!\",
                exists (select from former_hosts f
                        where f.competition_id = c.id and f.user_id = w.user_id) as \"was_host!\",
                (select m.team_id from team_members m
                 where m.competition_id = c.id and m.user_id = w.user_id) as \"team_id: TeamId\"
         from unnest((select $1::text[]), (select $2::bigint[])) w (slug, user_id)
         cross join lateral (
            select id, xmin, active_version_id from competitions where slug = w.slug limit 1) c",
        &slugs as &[&str],
        &people as &[Option<i64>],
    )
    .fetch_all(conn)
    .await?;
    let glances = rows.into_iter().map(|row| {
        let glance = Glance {
            state: row.state,
            is_among_hosts: row.is_host,
            was_host: row.was_host,
            team_id: row.team_id,
        };
        ((row.slug, row.user_id), glance)
    });
    Ok(glances.collect())
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
