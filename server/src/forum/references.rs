//! Drawing a text with what it refers to: people, topics and scores are looked up for its author, and
//! only what everybody may see who may read the text is linked.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::store as competitions;
use crate::error::Result;
use crate::forum::store::references;
use crate::ids::CompetitionId;
use crate::markdown::{self, Drawn, Mentions, References, Score};
use crate::submissions::store as submissions;
use crate::web::format;

/// Draws what `author` writes where the people of `competition` read it, or everybody.
///
/// # Errors
/// Those of the database.
pub async fn draw(
    app: &App,
    author: &Member,
    competition: Option<CompetitionId>,
    text: &str,
) -> Result<Drawn> {
    let read = text.to_owned();
    let (text, mentions) = apart(move || {
        let mentions = markdown::mentions(&read);
        (read, mentions)
    })
    .await?;
    let known = if mentions == Mentions::default() {
        References::default()
    } else {
        let mut conn = app.db.acquire().await?;
        look_up(&mut conn, author, competition, &mentions, app.clock.now()).await?
    };
    apart(move || markdown::draw_post(&text, &known)).await
}

/// Reading and drawing a long text takes a while: not where others wait for their answers.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(anyhow::Error::from)?)
}

async fn look_up(
    conn: &mut PgConnection,
    author: &Member,
    competition: Option<CompetitionId>,
    mentions: &Mentions,
    now: DateTime<Utc>,
) -> Result<References> {
    let people: Vec<_> = mentions.people.iter().cloned().collect();
    let topics: Vec<_> = mentions.topics.iter().copied().collect();
    let sent: Vec<_> = mentions.submissions.iter().copied().collect();
    Ok(References {
        people: references::people(conn, &people).await?.into_iter().collect(),
        topics: references::topics(conn, competition, &topics).await?.into_iter().collect(),
        submissions: scores(conn, author, competition, &sent, now).await?,
    })
}

/// Scores of the author's own submissions, as far as they are public now.
async fn scores(
    conn: &mut PgConnection,
    author: &Member,
    place: Option<CompetitionId>,
    ids: &[i64],
    now: DateTime<Utc>,
) -> Result<HashMap<i64, Score>> {
    let mut scores = HashMap::new();
    for own in references::own_scores(conn, author.id, place, ids).await? {
        let Some(competition) = competitions::find_by_id(conn, own.competition_id).await? else { continue };
        let private_score = match competition.ended(now) {
            Some(ended) => submissions::released(conn, ended, competition.id, &[own.id]).await?.pop(),
            None => None,
        };
        let written = |score: f64| format::score(score, competition.decimals(now));
        let private_score = private_score.and_then(|released| released.private_score).map(written);
        let score = Score {
            public_score: written(own.public_score),
            private_score,
            team: own.team,
            competition_slug: competition.slug,
            competition: competition.title,
        };
        scores.insert(own.id, score);
    }
    Ok(scores)
}
