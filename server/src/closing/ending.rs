//! Telling people how a competition ended, once its final board stands: each team its rank and medal, the hosts what they can
//! do next. Where the board changes afterwards, whoever has another rank or medal is told of it.
//!
//! Everybody is told once, whatever is restarted and however many servers there are: each batch is one transaction, which
//! holds the competition's row of `endings`, notes how far it came and keeps what each team was told.
//!
//! Never here: a word before `settle_competition()` made the final board, which writes that row, or of another team's place.

use std::time::Duration;

use super::store;
use super::store::ending::{self, Standing, Told};
use crate::app::App;
use crate::competitions::store as competitions;
use crate::error::Result;
use crate::ids::CompetitionId;
use crate::medals;
use crate::medals::model::{Medal, of_rank};
use crate::notifications::model::{Event, next_digest};
use crate::web::format;

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Told in one transaction.
const TEAMS: i64 = 200;

/// Runs for ever.
pub async fn tell_forever(app: App) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::warn!(%error, "nobody can be told how a competition ended; trying again");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Tells everybody who is to be told.
///
/// # Errors
/// Those of the database.
pub async fn round(app: &App) -> Result<()> {
    let due = ending::due(&mut *app.db.acquire().await?, app.clock.now()).await?;
    for id in due {
        while tell_next(app, id).await? {}
    }
    Ok(())
}

/// Tells some teams; `false` where none are left, or another server is at it.
///
/// # Errors
/// Those of the database.
pub async fn tell_next(app: &App, id: CompetitionId) -> Result<bool> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(reached) = ending::hold(&mut tx, id, now).await? else { return Ok(false) };
    let Some(competition) = competitions::find_by_id(&mut tx, id).await? else { return Ok(false) };
    let (title, digest_at) = (competition.title.as_str(), next_digest(now));
    let n_teams = store::n_ranked(&mut tx, id).await?;
    let n_medalled = medals::store::n_medalled(&mut tx, id).await?;
    if !reached.is_told && reached.after.0 == 0 {
        ending::tell_hosts(&mut tx, id, &words_for_hosts(title, n_teams), now, digest_at).await?;
    }
    let standings = ending::standings(&mut tx, id, reached.after, TEAMS).await?;
    let (mut ended, mut changed) = (Told::default(), Told::default());
    for team in &standings {
        let medal = team.rank.zip(n_medalled).and_then(|(rank, n)| of_rank(rank, n));
        if !team.was_told {
            ended.add(team.team_id, team.rank, medal, ending_words(title, team.rank, medal, n_teams));
        } else if is_other(team, medal) {
            changed.add(team.team_id, team.rank, medal, change_words(title, team, medal, n_teams));
        }
    }
    ending::tell(&mut tx, id, Event::Ended, &ended, now, digest_at).await?;
    ending::tell(&mut tx, id, Event::OutcomeChanged, &changed, now, digest_at).await?;
    match standings.last() {
        Some(last) => ending::reach(&mut tx, id, last.team_id).await?,
        None => ending::done(&mut tx, id, now).await?,
    }
    tx.commit().await?;
    Ok(!standings.is_empty())
}

fn is_other(team: &Standing, medal: Option<Medal>) -> bool {
    team.rank != team.told_rank || medal.map(Medal::name) != team.told_medal.as_deref()
}

/// `rank 3 of 41, a silver medal`.
fn place(rank: i64, medal: Option<&str>, n_teams: i64) -> String {
    let medal = medal.map_or_else(String::new, |medal| format!(", a {medal} medal"));
    format!("rank {} of {}{medal}", format::count(rank), format::count(n_teams))
}

/// A sentence, and below it what goes with it.
fn ending_words(title: &str, rank: Option<i64>, medal: Option<Medal>, n_teams: i64) -> String {
    match rank {
        Some(rank) => format!(
            "“{title}” ended: your team has final {}\nThe final board is out, based on the scores that count in the \
            end. You can get a certificate.",
            place(rank, medal.map(Medal::name), n_teams)
        ),
        None => format!(
            "“{title}” ended: your team is not on the final board\nIt has no submission with a score that counts in the end."
        ),
    }
}

fn change_words(title: &str, team: &Standing, medal: Option<Medal>, n_teams: i64) -> String {
    let before = match (team.told_rank, team.told_medal.as_deref()) {
        (Some(rank), Some(medal)) => format!("rank {}, a {medal} medal", format::count(rank)),
        (Some(rank), None) => format!("rank {}", format::count(rank)),
        (None, _) => "not on the board".to_owned(),
    };
    let now = match team.rank {
        Some(rank) => format!("has {} now", place(rank, medal.map(Medal::name), n_teams)),
        None => "is no longer on it".to_owned(),
    };
    format!("The final board of “{title}” changed: your team {now}\nBefore: {before}.")
}

fn words_for_hosts(title: &str, n_teams: i64) -> String {
    let teams = format::counted(&i32::try_from(n_teams).unwrap_or(i32::MAX), "team", "teams");
    format!(
        "“{title}” ended: the final board is out, with {teams}\nNext steps for hosts: confirm the winners with your \
        closing words, and release the hidden labels if they may be public, so that anyone can compute the board \
        again. Participants have been notified of their ranks."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TeamId;

    fn team(rank: Option<i64>, told_rank: Option<i64>, told_medal: Option<&str>) -> Standing {
        let told_medal = told_medal.map(str::to_owned);
        Standing { team_id: TeamId(1), rank, was_told: true, told_rank, told_medal }
    }

    #[test]
    fn another_rank_or_medal_is_told_and_nothing_else() {
        assert!(!is_other(&team(Some(3), Some(3), Some("silver")), Some(Medal::Silver)));
        assert!(is_other(&team(Some(3), Some(3), Some("silver")), Some(Medal::Gold)));
        assert!(is_other(&team(Some(3), Some(3), Some("silver")), None));
        assert!(is_other(&team(Some(2), Some(3), None), None));
        assert!(is_other(&team(None, Some(3), None), None));
        assert!(!is_other(&team(None, None, None), None));
    }

    #[test]
    fn words_name_the_rank_and_what_it_was() {
        let won = ending_words("Houses", Some(3), Some(Medal::Silver), 1041);
        assert!(won.starts_with("“Houses” ended: your team has final rank 3 of 1,041, a silver medal\n"));
        let unranked = ending_words("Houses", None, None, 41);
        assert!(unranked.starts_with("“Houses” ended: your team is not on the final board\n"));
        let told = change_words("Houses", &team(Some(2), Some(3), Some("silver")), Some(Medal::Gold), 40);
        assert!(
            told.ends_with("your team has rank 2 of 40, a gold medal now\nBefore: rank 3, a silver medal.")
        );
        let gone = change_words("Houses", &team(None, Some(3), None), None, 40);
        assert!(gone.ends_with("your team is no longer on it\nBefore: rank 3."), "{gone}");
    }
}
