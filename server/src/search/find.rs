//! The verb: find what fits.

use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::Result;
use crate::forum::list::Key;
use crate::search::model::{Found, Hit, Part, meant};
use crate::search::store::{self, Asked};

/// Hits that are ranked by how well they fit; of words that more posts have, the newest come first.
const RANKED_AT_MOST: i64 = 1500;
/// Words that might have been meant, for each that was typed.
const WORDS_ALIKE: i64 = 5;

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
    let viewer = viewer.map(|member| member.id);
    let asked = Asked { query, viewer, own: &own, after, limit: limit + 1 };
    let mut found = look(&mut conn, part, &asked).await?;
    let mut instead = None;
    if found.is_empty() && after.is_none() {
        let words = store::words_alike(&mut conn, query, WORDS_ALIKE).await?;
        if let Some(other) = meant(query, &words) {
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
        Part::Competitions => Ok(store::competitions(conn, asked, RANKED_AT_MOST).await?),
        Part::People => Ok(store::people(conn, asked).await?),
        Part::Notebooks => Ok(store::notebooks(conn, asked, RANKED_AT_MOST).await?),
        Part::Discussion => {
            let keys = matching_posts(conn, asked).await?;
            Ok(store::posts(conn, asked.query, &keys).await?)
        }
    }
}

async fn matching_posts(conn: &mut PgConnection, asked: &Asked<'_>) -> Result<Vec<Key>> {
    let by_age = match asked.after {
        Some(key) => key.number == store::BY_AGE,
        None => store::are_common(conn, asked.query).await?,
    };
    if !by_age && let Some(ranked) = store::ranked_posts(conn, asked, RANKED_AT_MOST).await? {
        return Ok(ranked);
    }
    Ok(store::newest_posts(conn, asked).await?)
}

/// What is spelled like the query.
async fn look_alike(conn: &mut PgConnection, part: Part, asked: &Asked<'_>) -> Result<Vec<Hit>> {
    match part {
        Part::Competitions => Ok(store::competitions_alike(conn, asked).await?),
        Part::People => Ok(store::people_alike(conn, asked).await?),
        // Their words were corrected already.
        Part::Notebooks | Part::Discussion => Ok(Vec::new()),
    }
}
