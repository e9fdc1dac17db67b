//! Whether a board is a Ladder: what its host chose, what Holdout proposes where they chose nothing, and what
//! either means, in words. Scorers decide what a Ladder shows; here nothing of that is known.

use holdout_contract::custom;
use holdout_contract::examine::Verdict;
use serde::{Deserialize, Serialize};

use crate::competitions::model::Competition;
use crate::competitions::setup::Draft;
use crate::competitions::visibility::Visibility;
use crate::error::{AppError, Result};

/// What a team reads whose file is not shown.
pub const HELD: &str = "Not better than your best score so far by more than chance: this board is a Ladder, and \
                        shows that score again.";

/// What participants read beside the rules.
const RULE: &str = "The public board is a Ladder. Your team sees a new public score only when a file is better \
                    than your best one by more than chance; otherwise you see your last score again. This way nobody can tune files to the public rows by trial and error. Scores you have been shown do not change; a \
                    disqualified file does not count as your best one, until it is reinstated. The final ranking \
                    uses the exact scores of the private rows, and after the end everyone sees exact public scores \
                    too.";

/// As [`RULE`], where every row is public.
const RULE_OF_ALL: &str = "The board is a Ladder. Your team sees a new score only when a file is better than your \
                           best one by more than chance; otherwise you see your last score again. This way nobody can tune files to the rows by trial and error. Scores you have been shown do not change; a \
                           disqualified file does not count as your best one, until it is reinstated. The final \
                           ranking uses the exact scores of the same rows, and after the end everyone sees them.";

/// What a host reads who chose a Ladder in vain.
pub const IMPOSSIBLE: &str = "If a board shows several metrics, each file has a score under each, while a Ladder \
shows one. If a metric of your own gives no score, or takes too long, when some rows are left out, chance \
cannot be estimated. In both cases the board cannot be a Ladder. It is protected instead by a daily limit, few \
decimals, and private rows that decide.";

/// What participants read beside the rules of a competition whose board is a Ladder.
pub fn rule(competition: &Competition) -> &'static str {
    if competition.is_all_public { RULE_OF_ALL } else { RULE }
}

/// What a host reads before they choose.
pub const CONSEQUENCE: &str = "On a Ladder, a team sees a new public score only when its file is better than its \
best one by more than chance; otherwise it sees its last score again. Nobody can climb by trial and error, but \
small true gains stay hidden until the end. The final ranking follows exact private scores either way. This cannot \
be changed after the launch.";

/// Boards with fewer public rows can be climbed by trying.
const ENOUGH_ROWS: u64 = 2000;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Ladder {
    /// As Holdout proposes at the launch; from then on it is one of the others.
    #[default]
    Auto,
    On,
    Off,
}

impl Ladder {
    pub const ALL: [Self; 3] = [Self::Auto, Self::On, Self::Off];

    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// In a list to choose from.
    pub fn words(self) -> &'static str {
        match self {
            Self::Auto => "As Holdout proposes",
            Self::On => "A Ladder",
            Self::Off => "Every score is shown",
        }
    }

    /// # Errors
    /// [`AppError::Field`] for any other word.
    pub fn read(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == name.trim())
            .ok_or_else(|| AppError::field("ladder", "Choose auto, on or off."))
    }
}

/// What a proposal is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Rows of both splits; `None` before the solution was examined.
    pub n_public: Option<u64>,
    pub n_private: Option<u64>,
    /// Whether anybody may register here and enter.
    pub is_open_to_anybody: bool,
    /// Several metrics are more than a Ladder can hold back; of one that its host wrote, chance is known where the examination
    /// found it.
    pub is_possible: bool,
}

impl Facts {
    pub fn of(competition: &Competition, draft: &Draft, anybody_may_register: bool) -> Self {
        let profile = draft.report.as_ref().and_then(|report| report.profile.as_ref());
        Self {
            n_public: profile.map(|profile| profile.n_public),
            n_private: profile.map(|profile| profile.n_private),
            is_open_to_anybody: anybody_may_register && competition.visibility != Visibility::Invitation,
            is_possible: is_possible(competition, draft),
        }
    }
}

/// Whether a Ladder was chosen that this metric rules out.
pub fn is_chosen_in_vain(competition: &Competition, draft: &Draft) -> bool {
    let is_known = competition.shows_several() || draft.report_is_current();
    competition.ladder == Ladder::On && is_known && !is_possible(competition, draft)
}

fn is_possible(competition: &Competition, draft: &Draft) -> bool {
    !competition.shows_several() && knows_chance(competition.metric.as_deref(), draft)
}

/// Of a host's own metric, whether the examination had it score blocks of rows: a metric that nobody asked is not known to.
fn knows_chance(metric: Option<&str>, draft: &Draft) -> bool {
    let mut found = draft.report.iter().flat_map(|report| &report.findings);
    metric != Some(custom::NAME)
        || found.any(|one| one.check == custom::CHANCE_IS_KNOWN && one.verdict == Verdict::Pass)
}

/// What Holdout would choose, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    pub is_on: bool,
    pub because: &'static str,
}

pub fn proposal(facts: &Facts) -> Proposal {
    let on = |because| Proposal { is_on: true, because };
    let off = |because| Proposal { is_on: false, because };
    if !facts.is_possible {
        return off(
            "With several metrics, or one of your own for which chance cannot be estimated, the board cannot be a \
            Ladder.",
        );
    }
    match (facts.n_public, facts.n_private) {
        (None, _) => off("There is no solution yet to base a proposal on."),
        (_, Some(0)) => on("Every row is public, and the public score decides."),
        (Some(n), _) if n < ENOUGH_ROWS => {
            on("With fewer than 2,000 public rows, files can be tuned to them by trial and error.")
        }
        _ if facts.is_open_to_anybody => {
            on("Anyone can register here, and try under as many names as they like.")
        }
        _ => off("There are enough public rows, and registration is restricted."),
    }
}

/// What the launch makes of the host's choice.
///
/// # Errors
/// [`AppError::Field`] for a Ladder that is not possible.
pub fn at_launch(chosen: Ladder, facts: &Facts) -> Result<Ladder> {
    match chosen {
        Ladder::On if !facts.is_possible => Err(impossible()),
        Ladder::Auto if proposal(facts).is_on => Ok(Ladder::On),
        Ladder::Auto => Ok(Ladder::Off),
        chosen => Ok(chosen),
    }
}

/// What a change makes of the host's wish. After the launch only what stands can be wished, and leaving it to
/// Holdout changes nothing.
///
/// # Errors
/// [`AppError::Field`] for another wish after the launch.
pub fn changed(before: &Competition, wish: Ladder) -> Result<Ladder> {
    if before.launched_at.is_none() {
        return Ok(wish);
    }
    if wish == before.ladder || wish == Ladder::Auto {
        return Ok(before.ladder);
    }
    Err(AppError::field(
        "ladder",
        "Whether the board is a Ladder cannot be changed after the launch: people rely on it.",
    ))
}

/// Why a version cannot count on a Ladder.
///
/// # Errors
/// [`AppError::Field`]
pub fn allows(competition: &Competition, draft: &Draft, shows_several: bool) -> Result<()> {
    let is_possible = !shows_several && knows_chance(draft.version.metric.as_deref(), draft);
    if competition.is_ladder() && !is_possible { Err(impossible()) } else { Ok(()) }
}

fn impossible() -> AppError {
    AppError::field("ladder", IMPOSSIBLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_climbed_by_trying_is_a_ladder_unless_its_host_says_otherwise() {
        let large = Facts {
            n_public: Some(2000),
            n_private: Some(5000),
            is_open_to_anybody: false,
            is_possible: true,
        };
        assert!(!proposal(&large).is_on);
        for climbable in [
            Facts { n_public: Some(1999), ..large },
            Facts { n_private: Some(0), ..large },
            Facts { is_open_to_anybody: true, ..large },
        ] {
            assert!(proposal(&climbable).is_on, "{climbable:?}");
            assert_eq!(at_launch(Ladder::Auto, &climbable).ok(), Some(Ladder::On));
            assert_eq!(at_launch(Ladder::Off, &climbable).ok(), Some(Ladder::Off));
            let own = Facts { is_possible: false, ..climbable };
            assert_eq!(at_launch(Ladder::Auto, &own).ok(), Some(Ladder::Off));
            assert!(at_launch(Ladder::On, &own).is_err());
        }
        assert_eq!(at_launch(Ladder::On, &large).ok(), Some(Ladder::On));
    }

    #[test]
    fn after_the_launch_it_stays_as_it_is() {
        let launched = Competition { ladder: Ladder::On, ..Competition::sample() };
        assert_eq!(changed(&launched, Ladder::Auto).ok(), Some(Ladder::On));
        assert!(changed(&launched, Ladder::Off).is_err());
        let draft = Competition { launched_at: None, ..launched };
        assert_eq!(changed(&draft, Ladder::Off).ok(), Some(Ladder::Off));
        let read = Ladder::ALL.map(|known| Ladder::read(known.name()).ok());
        assert_eq!(read, Ladder::ALL.map(Some));
        assert!(Ladder::read("perhaps").is_err());
    }
}
