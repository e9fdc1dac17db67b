//! The verb: find what fits.

use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::Result;
use crate::forum::list::Key;
use crate::search::model::{Found, Hit, Part, meant};
use crate::search::store::{self, Asked};

/// Posts that are ranked by how well they fit; where more have the words, the newest come first.
const RANKED_AT_MOST: i64 = 1500;
/// Titles that are asked what might have been meant.
const TITLES_ASKED: i64 = 20;
/// Number of the keys of what comes by its age.
const BY_AGE: i64 = -1;

/// Everything of one kind behind `after`.
///
/// # Errors
/// Those of the database.
pub async fn part(
    app: &App,
    viewer: Option<&Member>,
    query: &str,
    part: Part,
    after: Option<Key>,
    limit: i64,
) -> Result<Found> {
    let mut conn = app.db.acquire().await?;
    let own = match viewer {
        Some(member) => store::own_competitions(&mut conn, member.id).await?,
        None => Vec::new(),
    };
    let asked = Asked { query, own: &own, after, limit: limit + 1 };
    let mut found = look(&mut conn, part, &asked).await?;
    let mut instead = None;
    if found.is_empty() && after.is_none() {
        let titles = store::titles_alike(&mut conn, query, TITLES_ASKED).await?;
        if let Some(other) = meant(query, &titles) {
            found = look(&mut conn, part, &Asked { query: &other, ..asked }).await?;
            instead = Some(other).filter(|_| !found.is_empty());
        }
    }
    if found.is_empty() && after.is_none() {
        found = look_alike(&mut conn, part, &asked).await?;
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX)); // guesses have no second page
    }
    let is_more = i64::try_from(found.len()).is_ok_and(|n| n > limit);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().map(|hit| hit.key).filter(|_| is_more && instead.is_none());
    Ok(Found { part, hits: found, next, instead })
}

async fn look(conn: &mut PgConnection, part: Part, asked: &Asked<'_>) -> Result<Vec<Hit>> {
    match part {
        Part::Competitions => Ok(store::competitions(conn, asked).await?),
        Part::People => Ok(store::people(conn, asked).await?),
        Part::Discussion => {
            let by_age = match asked.after {
                Some(key) => key.number == BY_AGE,
                None => store::count_posts(conn, asked.query, RANKED_AT_MOST + 1).await? > RANKED_AT_MOST,
            };
            if by_age {
                Ok(store::newest_posts(conn, asked).await?)
            } else {
                Ok(store::ranked_posts(conn, asked, RANKED_AT_MOST).await?)
            }
        }
    }
}

/// What is spelled like the query.
async fn look_alike(conn: &mut PgConnection, part: Part, asked: &Asked<'_>) -> Result<Vec<Hit>> {
    match part {
        Part::Competitions => Ok(store::competitions_alike(conn, asked).await?),
        Part::People => Ok(store::people_alike(conn, asked).await?),
        Part::Discussion => Ok(Vec::new()), // its words were corrected already
    }
}
