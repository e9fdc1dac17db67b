//! The dashboard as a whole, for its page and for the API.

use chrono::{DateTime, Utc};

use super::csv::MOST_DAYS;
use super::model::{Day, Participant, Reason, Refused, Spread, Waiting};
use super::{count, store};
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access::Seen;
use crate::error::Result;
use crate::ids::{SubmissionId, UserId};
use crate::leaderboard::model::{Key, Row, View};
use crate::leaderboard::read as board;
use crate::leaderboard::sight::BoardSight;
use crate::quotas;
use crate::quotas::model::Usage;

/// Steps of the spread of scores.
const N_STEPS: i32 = 20;
const N_TOP: i64 = 10;

#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    pub counted_at: Option<DateTime<Utc>>,
    pub n_received: i64,
    pub n_participants: i64,
    pub waiting: Waiting,
    /// Oldest first.
    pub days: Vec<Day>,
    pub reasons: Vec<Reason>,
    /// `None` while nobody is on the board.
    pub spread: Option<Spread>,
    /// The head of the public board.
    pub top: Vec<Row>,
    /// Of the competition's files.
    pub room: Usage,
}

impl Dashboard {
    pub fn n_rejected(&self) -> i64 {
        self.reasons.iter().map(|reason| reason.n).sum()
    }

    pub fn n_failed(&self) -> i64 {
        self.days.iter().map(|day| i64::from(day.n_failed)).sum()
    }

    pub fn sample() -> Self {
        Self {
            counted_at: Some(DateTime::UNIX_EPOCH),
            n_received: 1234,
            n_participants: 56,
            waiting: Waiting { n: 3, oldest_received_at: Some(DateTime::UNIX_EPOCH) },
            days: vec![Day::sample()],
            reasons: vec![Reason { kind: holdout_contract::rejection::RejectionKind::MissingIds, n: 2 }],
            spread: Some(Spread::sample()),
            top: vec![Row::sample()],
            room: Usage::sample(),
        }
    }
}

/// Counts what is new, and reads.
///
/// # Errors
/// Those of the database.
pub async fn dashboard(app: &App, seen: &Seen) -> Result<Dashboard> {
    let competition = &seen.competition;
    let id = competition.id;
    count::refresh(app, id).await?;
    let sight = BoardSight::of(seen);
    let top = board::page(app, competition, View::Public, &sight, Key::first(), N_TOP).await?;
    let mut conn = app.db.acquire().await?;
    let (n_received, n_participants) = store::totals(&mut conn, id).await?;
    let spread = match competition.active_version_id {
        Some(version) => store::spread(&mut conn, id, version, N_STEPS).await?,
        None => None,
    };
    Ok(Dashboard {
        counted_at: store::counted_at(&mut conn, id).await?,
        n_received,
        n_participants,
        waiting: store::waiting(&mut conn, id).await?,
        days: store::days(&mut conn, id, MOST_DAYS).await?,
        reasons: store::reasons(&mut conn, id).await?,
        spread,
        top,
        room: quotas::store::of_competition(&mut conn, id).await?,
    })
}

/// Everybody who takes part, newest accounts first; with final ranks and private scores once the competition is over.
///
/// # Errors
/// Those of the database.
pub async fn participants(
    app: &App,
    seen: &Seen,
    keyset: Keyset,
    now: DateTime<Utc>,
) -> Result<Slice<Participant>> {
    let (id, ended) = (seen.competition.id, seen.competition.ended(now));
    let mut conn = app.db.acquire().await?;
    let before = UserId(keyset.before());
    let found = store::participants(&mut conn, ended, id, before, keyset.fetched()).await?;
    Ok(keyset.slice(found, |person| person.user_id.0))
}

/// Refused files, newest first, without anything that stands in them.
///
/// # Errors
/// Those of the database.
pub async fn refused(app: &App, seen: &Seen, keyset: Keyset) -> Result<Slice<Refused>> {
    let mut conn = app.db.acquire().await?;
    let before = SubmissionId(keyset.before());
    let found = store::refused(&mut conn, seen.competition.id, before, keyset.fetched()).await?;
    Ok(keyset.slice(found, |file| file.submission_id.0))
}
