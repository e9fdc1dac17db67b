//! H: do a few rows decide? And J: how small a difference between two entries is more than chance?

use holdout_contract::audit::{Check, FOUND, Verdict};

use super::case::{Case, Family, deviation, mean};
use super::forecast::{Forecaster, Forecasters};
use super::ground::Ground;
use super::metric::Trial;
use super::normal;
use super::repair;
use super::report::{SMALL_STEP, advised, check, judged, percent, short, some_of};

const MAX_UNITS: usize = 1200;
/// Possible truths of which one must have a score, and have it without most of its units.
const MAX_DRAWS: usize = 16;
/// Two good entries are usually correlated by 0.75, which halves the error of their difference.
const PAIRED: f64 = 0.5;

/// What leaving out single units does to a score.
pub struct Influence {
    pub check: Check,
    /// The standard error of a score on all rows of the solution.
    pub error: f64,
}

pub fn influence(case: &Case<'_>, known: &Forecasters, usual: &[f64]) -> Option<Influence> {
    let forecaster = match case.family {
        Family::Number | Family::Rating => &known.strong,
        _ => &known.usual,
    };
    // Of a rare class some of them have no row, and then there may be no score.
    forecaster.draws.iter().take(MAX_DRAWS).find_map(|truth| of_units(case, truth, usual))
}

/// As [`influence`], of one possible truth and a usual report.
pub fn of_units(case: &Ground<'_>, truth: &[f64], usual: &[f64]) -> Option<Influence> {
    let base = case.score(truth, usual)?;
    let units = case.units();
    let chosen = normal::some(units.len(), MAX_UNITS);
    let without = |unit: &u32| Trial { without: &units[*unit as usize], ..Trial::of(truth, usual) };
    let trials: Vec<Trial<'_>> = chosen.iter().map(without).collect();
    let n = units.len() as f64;
    let moves: Vec<f64> = case
        .metric
        .score_each(&trials)
        .into_iter()
        .flatten()
        .map(|score| (score - base) * (n - 1.0))
        .collect();
    if moves.len() * 2 < chosen.len() {
        return None;
    }
    let n_needed = chosen.len() - moves.len();
    let centre = mean(&moves);
    let mut weights: Vec<f64> = moves.iter().map(|step| (step - centre).abs()).collect();
    let share = share_of_half(&mut weights);
    let error = deviation(&moves) / n.sqrt();
    if weights.iter().all(|weight| *weight == 0.0) {
        let text = format!(
            "No single one decides: leaving out any one of the {} does not move the score.",
            case.unit_name()
        );
        let check = check("H influence", Verdict::Info, None, text);
        return Some(Influence { check, error });
    }
    let verdict = match on_share(share) {
        Verdict::Pass if n_needed > 0 => Verdict::Warn,
        verdict => verdict,
    };
    let what = case.unit_name();
    let meant = match verdict {
        Verdict::Pass => format!("The score rests on many {what}, not on a lucky few."),
        _ => format!("A few {what} decide the order of the board."),
    };
    let text = format!(
        "{meant} Half of what moves a score comes from {}, and the heaviest one alone moves it by {}, which is {} of what chance usually does{}.",
        some_of(share, what),
        short(weights[0] / n),
        percent(weights[0] / n / error.max(1e-12)),
        needed(n_needed, chosen.len(), what)
    );
    let check = advised(
        check("H influence", verdict, share, text),
        format!("Be lucky on a few {what}: the order of the board says little about the rest."),
        format!(
            "Collect more of the rare rows, use a metric that weighs rows more alike ({} for amounts, {} for classes), and score more rows privately.",
            repair::one_of(case, &["mae", "rmsle"]),
            repair::one_of(case, &["roc_auc", "log_loss"])
        ),
    );
    Some(Influence { check, error: error * (case.n_looked() as f64 / case.n_rows as f64).sqrt() })
}

/// The share of the heaviest that have half of all weight; they are sorted by it, the heaviest first.
pub(super) fn share_of_half(weights: &mut [f64]) -> f64 {
    weights.sort_by(|a, b| b.total_cmp(a));
    let half = weights.iter().sum::<f64>() / 2.0;
    let mut sum = 0.0;
    let n_heavy = weights.iter().take_while(|weight| {
        sum += **weight;
        sum < half
    });
    (n_heavy.count() + 1).min(weights.len()) as f64 / weights.len() as f64
}

/// The verdict on [`share_of_half`].
pub(super) fn on_share(share: f64) -> Verdict {
    if share < 0.02 {
        Verdict::Fail
    } else if share < 0.06 {
        Verdict::Warn
    } else {
        Verdict::Pass
    }
}

/// That there is no score without some of the units.
fn needed(n_needed: usize, n: usize, what: &str) -> String {
    match n_needed {
        0 => String::new(),
        _ => format!(
            "; without {}, each by itself, there is no score at all",
            some_of(n_needed as f64 / n as f64, what)
        ),
    }
}

/// J, with the numbers that the plan of a contest needs.
pub struct Resolution {
    pub check: Check,
    /// The smallest true difference that all rows tell apart.
    pub least: f64,
    /// The difference between a good forecaster and a slightly better one.
    pub step: f64,
    /// The standard error of a score on all rows.
    pub error: f64,
}

impl Resolution {
    /// What of the error is not common to two good entries.
    pub fn own_error(&self) -> f64 {
        PAIRED * self.error
    }
}

pub fn resolution(case: &Case<'_>, known: &Forecasters, error: f64) -> Option<Resolution> {
    let expect = |forecaster: &Forecaster| forecaster.expect_one(case, plain(case, forecaster));
    Some(of_step(case, (expect(&known.strong)?.mean - expect(&known.stronger)?.mean).abs(), error))
}

/// As [`resolution`], of the difference between a good forecaster and a slightly better one.
pub fn of_step(case: &Ground<'_>, step: f64, error: f64) -> Resolution {
    let least = FOUND * std::f64::consts::SQRT_2 * PAIRED * error;
    let ratio = least / step.max(1e-12);
    let verdict = judged(ratio, 1.0, 3.0);
    let meant = match verdict {
        Verdict::Pass => "There are enough rows to see which of two good entries is better.",
        _ => "There are too few rows to see which of two good entries is better.",
    };
    let text = format!(
        "{meant} On {} rows a true difference of about {} shows in 80 of 100 contests, and {SMALL_STEP} is worth {}.",
        case.n_rows,
        short(least),
        short(step)
    );
    let check = advised(
        check("J resolution", verdict, ratio, text),
        "Enter often: among entries that are truly alike, chance chooses the winner.",
        format!(
            "Score about {} rows, or share the prize among entries that cannot be told apart.",
            (ratio * ratio * case.n_rows as f64).ceil()
        ),
    );
    Resolution { check, least, step, error }
}

/// A usual honest report.
fn plain(case: &Case<'_>, forecaster: &Forecaster) -> Vec<f64> {
    match case.family {
        Family::Number => case.clamped(forecaster.median()),
        Family::Rating => {
            let (low, high) = (case.classes[0], case.classes[case.classes.len() - 1]);
            forecaster.median().into_iter().map(|value| value.round_ties_even().clamp(low, high)).collect()
        }
        Family::Yes => forecaster.shares().iter().map(|share| f64::from(u8::from(*share >= 0.5))).collect(),
        Family::Class => super::honesty::likeliest(case, forecaster),
        Family::Probability | Family::ClassProbabilities => forecaster.shares().to_vec(),
        Family::Distribution => {
            forecaster.normals().map_or_else(Vec::new, |belief| belief.report(&case.says))
        }
    }
}
