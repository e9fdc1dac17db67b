//! What a host should know of a board: what is noise on it, what the end may bring, and how many rows the next
//! competition would need. Before the start, what the audit forecasts for good teams that nobody knows yet.

use holdout_contract::audit::Check;
use holdout_contract::examine::Finding;

use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::Phase;
use crate::competitions::setup::Draft;
use crate::error::Result;
use crate::leaderboard::model::View;
use crate::leaderboard::read;
use crate::leaderboard::sight::BoardSight;
use crate::ranks::attach;
use crate::ranks::compare::{by_parts, difference};

/// Of the audit: how far the end will move teams; and the same among what the examination found, where it is a fault.
const SHAKE_UP: &str = "P shake-up";
const SHAKE_UP_FINDING: &str = "audit_shake-up";

/// How far the end will move teams, as far as sizes, metric and labels tell before the first entry.
pub fn shake_up(draft: &Draft) -> Option<&Check> {
    let audit = draft.report.as_ref()?.audit.as_ref()?;
    audit.checks.iter().find(|check| check.check == SHAKE_UP)
}

/// Whether a finding tells what [`shake_up`] does.
pub fn is_of_shake_up(finding: &Finding) -> bool {
    finding.check == SHAKE_UP_FINDING
}

/// The same in a sentence or two, with what would change it.
fn before_the_start(draft: &Draft) -> Option<String> {
    shake_up(draft).map(|check| format!("{} {}", check.text, check.repair).trim().to_owned())
}

/// What the ranks are worth, of public rows alone.
#[derive(Debug, Default)]
pub struct Outlook {
    /// None before anybody looked at the board.
    pub sentences: Vec<String>,
    /// Whether two teams are ranked, so that they can be compared.
    pub has_two_teams: bool,
}

impl Outlook {
    fn before_the_start(draft: &Draft) -> Self {
        Self { sentences: before_the_start(draft).into_iter().collect(), has_two_teams: false }
    }
}

/// # Errors
/// Those of the database.
pub async fn outlook(app: &App, seen: &Seen, draft: &Draft) -> Result<Outlook> {
    let competition = &seen.competition;
    let view = View::Public;
    match competition.phase(app.clock.now()) {
        Phase::Draft | Phase::Upcoming => return Ok(Outlook::before_the_start(draft)),
        Phase::Open => {}
        Phase::Closed | Phase::Final => return Ok(Outlook::default()),
    }
    let Some(summary) = attach::summary(app, competition, view).await? else { return Ok(Outlook::default()) };
    let mut sentences = vec![summary.noise_sentence(), summary.forecast()];
    let top = read::first_ranked(app, competition, view, &BoardSight::of(seen), 2).await?;
    if let [first, second] = top.as_slice() {
        let lead = |is_noise: bool| {
            let verdict = if is_noise { "may be chance" } else { "is more than chance" };
            format!("The lead of {} over {} {verdict}.", first.team, second.team)
        };
        if let Some(difference) = difference(app, competition, view, first, second).await? {
            let needed = difference.needed(&summary).filter(|_| difference.is_noise());
            sentences.push(format!("{} {}", lead(difference.is_noise()), needed.unwrap_or_default()));
        }
        let apart = by_parts(app, competition, view, first, second).await?;
        sentences.extend(apart.map(|apart| lead(apart.is_noise())));
    }
    let sentences = sentences.iter().map(|sentence| sentence.trim().to_owned());
    Ok(Outlook {
        sentences: sentences.filter(|sentence| !sentence.is_empty()).collect(),
        has_two_teams: top.len() == 2,
    })
}
