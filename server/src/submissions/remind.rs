//! A word three days and one day before the end: what counts as things stand. Everybody gets each at
//! most once, whatever is restarted and however the end is moved.

use std::fmt::Write;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::App;
use crate::competitions::model::Competition;
use crate::competitions::store as competitions;
use crate::error::Result;
use crate::ids::{CompetitionId, UserId};
use crate::notifications::model::Event;
use crate::notifications::tell;
use crate::submissions::final_choice::{self, FinalChoice};
use crate::submissions::store::choice;
use crate::web::format;

const LOOK_EVERY: Duration = Duration::from_secs(60);
/// People who are told in one transaction.
const PEOPLE: i64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reminder {
    ThreeDays,
    OneDay,
}

impl Reminder {
    const ALL: [Self; 2] = [Self::ThreeDays, Self::OneDay];

    /// Before the end.
    pub fn hours(self) -> i32 {
        match self {
            Self::ThreeDays => 72,
            Self::OneDay => 24,
        }
    }

    /// From when on the next reminder is due in place of this one.
    pub fn hours_of_next(self) -> i32 {
        match self {
            Self::ThreeDays => Self::OneDay.hours(),
            Self::OneDay => 0,
        }
    }

    fn event(self) -> Event {
        match self {
            Self::ThreeDays => Event::EndsSoon,
            Self::OneDay => Event::EndsTomorrow,
        }
    }
}

/// Runs for ever.
pub async fn remind_forever(app: App) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::warn!(%error, "nobody can be reminded of an end; trying again");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Sends every reminder that is due.
///
/// # Errors
/// Those of the database.
pub async fn round(app: &App) -> Result<()> {
    let now = app.clock.now();
    for reminder in Reminder::ALL {
        let due = choice::to_remind(&mut *app.db.acquire().await?, reminder, now).await?;
        for id in due {
            remind(app, id, reminder, now).await?;
        }
    }
    Ok(())
}

async fn remind(app: &App, id: CompetitionId, reminder: Reminder, now: DateTime<Utc>) -> Result<()> {
    let mut after = UserId(0);
    loop {
        let mut tx = app.db.begin().await?;
        let Some(competition) = competitions::find_by_id(&mut tx, id).await? else { return Ok(()) };
        let people = choice::participants(&mut tx, id, after, PEOPLE).await?;
        let Some((last, _)) = people.last().copied() else {
            choice::reminded(&mut tx, id, reminder, now).await?;
            tx.commit().await?;
            return Ok(());
        };
        for (user, team) in people {
            let stands = final_choice::read(&mut tx, &competition, team).await?;
            if !stands.counting().is_empty() {
                let words = words(&competition, &stands, now);
                tell::of_end(&mut tx, user, reminder.event(), id, &words, now).await?;
            }
        }
        tx.commit().await?;
        after = last;
    }
}

/// A sentence, and below it what counts as things stand.
fn words(competition: &Competition, stands: &FinalChoice, now: DateTime<Utc>) -> String {
    let ends_at = competition.ends_at.unwrap_or(now);
    // A word sent a few seconds late still says "in 3 days".
    let rounded = now - TimeDelta::minutes(30);
    let mut words = format!(
        "“{}” ends at {}, {}\n{}",
        competition.title,
        format::time(&ends_at),
        format::relative(&ends_at, &rounded),
        stands.sentence()
    );
    for submission in stands.counting() {
        let score = match submission.shown_score(&competition.score_decimals) {
            score if score.is_empty() => submission.state.name().to_owned(),
            score => format!("public score {score}"),
        };
        let _ =
            write!(words, "\n{} of {}, {score}", submission.file_name, format::time(&submission.received_at));
    }
    words.chars().take(2000).collect()
}
