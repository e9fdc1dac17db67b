//! What somebody has earned, for profile, page and JSON alike.

use chrono::{DateTime, TimeDelta};
use sqlx::PgConnection;

use crate::app::App;
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

/// Somebody's record now.
///
/// # Errors
/// Those of the database.
pub async fn record(app: &App, conn: &mut PgConnection, user: UserId) -> sqlx::Result<Record> {
    let now = app.clock.now();
    let finishes = store::finishes(conn, user).await?;
    let by_notebooks = store::medals_by_votes(conn, user, "notebook", &app.config.notebook_medals).await?;
    let by_posts = store::medals_by_votes(conn, user, "post", &app.config.post_medals).await?;
    let did = store::contributions(conn, user).await?;
    let days = store::active_days(conn, user, now - TimeDelta::days(Year::DAYS)).await?;
    let standings = [
        (Category::Competitions, Medals::of_finishes(&finishes), did.competitions),
        (Category::Notebooks, by_notebooks, did.notebooks),
        (Category::Discussion, by_posts, did.discussion),
    ];
    let standing = |(category, medals, has_contributed): (Category, Medals, bool)| Standing {
        category,
        tier: category.tier(&medals, has_contributed),
        medals,
    };
    Ok(Record {
        standings: standings.map(standing).to_vec(),
        // A sum of nothing would be -0.
        points: finishes.iter().map(|finish| finish.points(now)).fold(0.0, |sum, points| sum + points),
        year: Year::new(now, &days),
    })
}
