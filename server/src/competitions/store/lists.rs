//! Lists of competitions, by key.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::competitions::model::{Phase, phase_of};
use crate::competitions::visibility::Visibility;
use crate::ids::{CompetitionId, UserId};

/// A card of the competition list.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    pub id: CompetitionId,
    pub slug: String,
    pub title: String,
    pub subtitle: String,
    pub visibility: Visibility,
    pub launched_at: Option<DateTime<Utc>>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub settled_at: Option<DateTime<Utc>>,
    pub n_teams: i32,
    pub is_demo: bool,
    pub metric: Option<String>,
    pub metric_title: Option<String>,
}

impl Card {
    pub fn phase(&self, now: &DateTime<Utc>) -> Phase {
        phase_of(self.launched_at, self.starts_at, self.ends_at, self.settled_at, *now)
    }

    /// Where a list by the end goes on behind it; a draft may have no end.
    pub fn cursor(&self) -> Option<Cursor> {
        Some(Cursor { at: self.ends_at?, id: self.id.0 })
    }

    pub fn sample() -> Self {
        let now = DateTime::UNIX_EPOCH;
        Self {
            id: CompetitionId(1),
            slug: "tumours".to_owned(),
            title: "Tumours".to_owned(),
            subtitle: "Tell malignant tumours from benign ones".to_owned(),
            visibility: Visibility::Public,
            launched_at: Some(now),
            starts_at: Some(now),
            ends_at: Some(now + chrono::TimeDelta::days(30)),
            settled_at: None,
            n_teams: 12,
            is_demo: true,
            metric: Some("roc_auc".to_owned()),
            metric_title: Some("Area under the ROC curve".to_owned()),
        }
    }
}

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub at: DateTime<Utc>,
    pub id: i64,
}

impl Cursor {
    /// Before every competition.
    pub const START: Self = Self { at: DateTime::<Utc>::UNIX_EPOCH, id: 0 };
    /// Behind every competition.
    pub const END: Self = Self { at: DateTime::<Utc>::MAX_UTC, id: i64::MAX };

    /// Reads what [`std::fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('-')?;
        let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        Some(Self { at, id: id.parse().ok()? })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.at.timestamp_micros(), self.id)
    }
}

/// What the front page and the lists of a person say of competitions.
macro_rules! cards {
    ($which:literal, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(
            Card,
            "select c.id as \"id: CompetitionId\", c.slug, c.title, c.subtitle,
                    c.visibility as \"visibility: Visibility\", c.launched_at,
                    c.starts_at, c.ends_at, c.settled_at, c.n_teams, c.is_demo, v.metric as \"metric?\",
                    m.spec ->> 'title' as metric_title
             " + $which,
            $($value),+
        )
    };
}

/// Public competitions that are not over, those that end first first, after `after`.
///
/// # Errors
/// Those of the database.
pub async fn running(conn: &mut PgConnection, after: Cursor, limit: i64) -> sqlx::Result<Vec<Card>> {
    cards!(
        "from competitions c
         left join scoring_versions v on v.id = c.active_version_id
         left join metrics m on m.name = coalesce(v.shown_metrics -> 0 ->> 'metric', v.metric)
         where is_listed(c) and (c.ends_at, c.id) > ($1, $2)
         order by c.ends_at, c.id
         limit $3",
        after.at,
        after.id,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Public competitions that end before `before`, those that end last first: from now on the
/// finished ones, from the end of time on all.
///
/// # Errors
/// Those of the database.
pub async fn ending_before(conn: &mut PgConnection, before: Cursor, limit: i64) -> sqlx::Result<Vec<Card>> {
    cards!(
        "from competitions c
         left join scoring_versions v on v.id = c.active_version_id
         left join metrics m on m.name = coalesce(v.shown_metrics -> 0 ->> 'metric', v.metric)
         where is_listed(c) and (c.ends_at, c.id) < ($1, $2)
         order by c.ends_at desc, c.id desc
         limit $3",
        before.at,
        before.id,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Leaves the first `shown` of a list that one too many was read of; whether there is more of it.
pub fn cut(cards: &mut Vec<Card>, shown: usize) -> bool {
    let has_more = cards.len() > shown;
    cards.truncate(shown);
    has_more
}

/// Behind it come all competitions, newest first.
pub const NEWEST: CompetitionId = CompetitionId(i64::MAX);

/// Competitions behind `before` that a person hosts, drafts among them, newest first.
///
/// # Errors
/// Those of the database.
pub async fn hosted_by(
    conn: &mut PgConnection,
    user: UserId,
    before: CompetitionId,
    limit: i64,
) -> sqlx::Result<Vec<Card>> {
    cards!(
        "from competition_hosts h
         join competitions c on c.id = h.competition_id
         left join lateral (
            select metric, shown_metrics from scoring_versions
            where competition_id = c.id and (c.active_version_id is null or id = c.active_version_id)
            order by number desc
            limit 1
         ) v on true
         left join metrics m on m.name = coalesce(v.shown_metrics -> 0 ->> 'metric', v.metric)
         where h.user_id = $1 and h.competition_id < $2
         order by h.competition_id desc
         limit $3",
        user.0,
        before.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Who hosts a competition.
#[derive(Debug, Clone)]
pub struct Host {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
}

impl Host {
    pub fn sample() -> Self {
        Self { id: UserId(1), username: "ada".to_owned(), display_name: "Ada Lovelace".to_owned() }
    }
}

/// The hosts of a competition, the first one first.
///
/// # Errors
/// Those of the database.
pub async fn hosts(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<Host>> {
    sqlx::query_as!(
        Host,
        "select u.id as \"id: UserId\", u.username, u.display_name
         from competition_hosts h
         join users u on u.id = h.user_id
         where h.competition_id = $1
         order by h.added_at, u.id",
        id.0,
    )
    .fetch_all(conn)
    .await
}

/// Launched competitions behind `before` whose rules a person accepted, newest first. A draft that was imported has
/// members, too.
///
/// # Errors
/// Those of the database.
pub async fn joined_by(
    conn: &mut PgConnection,
    user: UserId,
    before: CompetitionId,
    limit: i64,
) -> sqlx::Result<Vec<Card>> {
    cards!(
        "from team_members t
         join competitions c on c.id = t.competition_id
         left join scoring_versions v on v.id = c.active_version_id
         left join metrics m on m.name = coalesce(v.shown_metrics -> 0 ->> 'metric', v.metric)
         where t.user_id = $1 and t.competition_id < $2 and c.launched_at is not null
         order by t.competition_id desc
         limit $3",
        user.0,
        before.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Competitions by invitation that a person is invited to, can still enter, and neither hosts nor hosted, those that end first first, after
/// `after`.
///
/// # Errors
/// Those of the database.
pub async fn invited_to(
    conn: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
    after: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Card>> {
    cards!(
        "from (
            select i.competition_id
            from users u
            join competition_invitations i on i.email = u.email
            where u.id = $1 and u.email_confirmed_at is not null
            union
            select competition_id from competition_guests where user_id = $1
         ) i
         join competitions c on c.id = i.competition_id
         left join scoring_versions v on v.id = c.active_version_id
         left join metrics m on m.name = coalesce(v.shown_metrics -> 0 ->> 'metric', v.metric)
         where c.launched_at is not null and c.visibility = 'invitation' and c.entry_deadline_at > $2 and (c.ends_at, c.id) > ($3, $4)
           and not exists (select from team_members t where t.competition_id = c.id and t.user_id = $1)
           and not exists (select from competition_hosts h where h.competition_id = c.id and h.user_id = $1)
           and not exists (select from former_hosts f where f.competition_id = c.id and f.user_id = $1)
         order by c.ends_at, c.id
         limit $5",
        user.0,
        now,
        after.at,
        after.id,
        limit,
    )
    .fetch_all(conn)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_what_it_wrote() {
        let cursor =
            Cursor { at: DateTime::from_timestamp_micros(1_764_000_000_123_456).expect("a time"), id: 7 };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        assert_eq!(Cursor::parse("yesterday"), None);
    }
}
