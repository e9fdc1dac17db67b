//! What somebody has earned, for profile, page and JSON alike.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::ids::UserId;
use crate::medals::activity::Year;
use crate::medals::model::{Category, Medals, Tier};
use crate::medals::store;

/// Somebody's place in one category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub category: Category,
    pub tier: Tier,
    pub medals: Medals,
}

/// What somebody has earned, and when they were active.
#[derive(Debug, Clone)]
pub struct Record {
    pub standings: Vec<Standing>,
    /// Of all finishes together; falls as they grow old.
    pub points: f64,
    pub year: Year,
}

impl Record {
    /// In whole points.
    pub fn shown_points(&self) -> i64 {
        self.points.round() as i64
    }

    pub fn sample() -> Self {
        let now = DateTime::UNIX_EPOCH;
        let medals = Medals { gold: 1, silver: 2, bronze: 3, solo_gold: 1 };
        let standing = |category: Category| Standing { category, tier: category.tier(&medals, true), medals };
        Self {
            standings: Category::ALL.map(standing).to_vec(),
            points: 12_345.6,
            year: Year::new(now, &[store::ActiveDay { day: now.date_naive(), n: 3 }]),
        }
    }
}

/// Somebody's record at `now`.
///
/// # Errors
/// Those of the database.
pub async fn record(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> sqlx::Result<Record> {
    let finishes = store::finishes(conn, user).await?;
    let has_scored = store::has_scored(conn, user).await?;
    let medals = Medals::of_finishes(&finishes);
    let competitions = Standing {
        category: Category::Competitions,
        tier: Category::Competitions.tier(&medals, has_scored),
        medals,
    };
    let days = store::submitting_days(conn, user, now - TimeDelta::days(Year::DAYS)).await?;
    Ok(Record {
        standings: vec![competitions],
        points: finishes.iter().map(|finish| finish.points(now)).sum(),
        year: Year::new(now, &days),
    })
}
