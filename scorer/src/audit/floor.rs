//! F: can a file without content beat a weak but honest forecaster?

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family, mean, quantile};
use super::constants;
use super::distributions::Normals;
use super::forecast::{Forecaster, Forecasters};
use super::ground::Ground;
use super::honesty::{Tuned, honest_numbers, honest_ratings, likeliest};
use super::normal;
use super::repair;
use super::report::{advised, check, judged, short};

const NAME: &str = "F degenerate";
/// Constants of so many classes are tried.
const MAX_CLASSES: usize = 30;
/// So many of the commonest labels are tried.
const MAX_COMMON: usize = 8;
/// The stream of an order that knows nothing.
const SHUFFLED: u64 = 900;
/// Of the way from a file that knows nothing to weak work, what good work is ahead of that at least.
const IN_VAIN: f64 = 0.01;

/// What files without content score, against what honest work does.
pub fn floors(case: &Case<'_>, known: &Forecasters, tuned: Option<&Tuned>) -> Vec<Check> {
    let Some(skill) = Skill::of(case, known, tuned) else { return Vec::new() };
    [degenerate(case, known, &skill), constants::of_groups(case, &skill)].into_iter().flatten().collect()
}

/// The best expected scores of two honest forecasters.
pub(super) struct Skill {
    pub weak: f64,
    pub good: f64,
}

impl Skill {
    pub fn of(case: &Case<'_>, known: &Forecasters, tuned: Option<&Tuned>) -> Option<Self> {
        Some(match tuned {
            Some(tuned) => Self { weak: tuned.weak.score, good: tuned.strong.score },
            None => Self { weak: honest(case, &known.weak)?, good: honest(case, &known.strong)? },
        })
    }

    /// How far a score is beyond the weak forecaster's, as a part of the way from there to the good one's.
    pub fn lead(&self, case: &Case<'_>, score: f64) -> f64 {
        case.gain(score, self.weak) / case.gain(self.good, self.weak).abs().max(1e-12)
    }
}

fn degenerate(case: &Case<'_>, known: &Forecasters, skill: &Skill) -> Option<Check> {
    let (mut empty, mut report) = best_empty(case, known)?;
    // Made-up truths change more from row to row than those of a series do: it must be ahead of good work, too.
    let of_groups = constants::score_of_others(case).filter(|score| skill.lead(case, *score) > 1.0);
    if let Some(score) = of_groups.filter(|score| case.gain(*score, empty) > 0.0) {
        (empty, report) = (score, "the middle of the other rows of each series".to_owned());
    }
    let lead = skill.lead(case, empty);
    let is_in_vain = is_in_vain(case, [empty, skill.weak, skill.good]);
    let verdict = match case.family {
        _ if is_in_vain => Verdict::Fail,
        Family::Number | Family::Distribution if lead > 0.0 => judged(lead, 0.0, 0.1),
        Family::Number | Family::Distribution => Verdict::Pass,
        _ => on_lead(lead),
    };
    let text = match is_in_vain {
        true => in_vain(&report, [empty, skill.weak, skill.good]),
        false => against_honest(verdict, lead, &report, [empty, skill.weak, skill.good]),
    };
    let repair = match case.family {
        Family::Number => repair::of_numbers(case),
        Family::Yes | Family::Class => format!(
            "Ask for probabilities (log_loss, brier, roc_auc), or use {}, where constants score nothing.",
            repair::one_of(case, &["balanced_accuracy", "mcc"])
        ),
        Family::Rating if !repair::is_fit(case, "qwk") => "Use mae.".to_owned(),
        Family::Rating if !repair::is_fit(case, "mae") => "Use qwk, where a constant scores 0.".to_owned(),
        Family::Rating => "Use qwk, where a constant scores 0, or mae.".to_owned(),
        Family::Distribution => "Use a score that rewards narrow distributions as well as right ones: crps_gaussian, mean_pinball, wis, interval_score.".to_owned(),
        Family::Probability | Family::ClassProbabilities => {
            let better = repair::one_of(case, &["log_loss", "roc_auc"]);
            format!("Use {better}, and show the score of a constant beside the board.")
        }
    };
    Some(advised(
        check(NAME, verdict, lead, text),
        "Send the same value in every row and stand above honest work.",
        repair,
    ))
}

/// What a file without content scores, beside a weak and a good honest forecast.
pub fn against_honest(verdict: Verdict, lead: f64, report: &str, scores: [f64; 3]) -> String {
    let meant = match verdict {
        _ if lead > 0.0 => "A file that knows nothing beats weak but honest work.",
        Verdict::Pass => "Knowing something pays: a file that knows nothing stays behind honest work.",
        _ => "Knowing something hardly pays: a file that knows nothing comes close to weak but honest work.",
    };
    let [empty, weak, good] = scores.map(short);
    format!("{meant} With {report} it scores {empty}, weak honest work {weak} and good honest work {good}.")
}

/// The verdict on how far a file that knows nothing is ahead of weak work, where that needs no forecast of numbers.
pub fn on_lead(lead: f64) -> Verdict {
    if lead > 0.02 {
        Verdict::Fail
    } else if lead > -0.1 {
        Verdict::Warn
    } else {
        Verdict::Pass
    }
}

/// Whether knowing more is worth next to nothing beside what a weak forecaster is ahead of a file that knows nothing.
pub fn is_in_vain(ground: &Ground<'_>, [empty, weak, good]: [f64; 3]) -> bool {
    ground.gain(good, weak) <= IN_VAIN * ground.gain(weak, empty).abs()
}

/// That knowing more does not pay, in words.
pub fn in_vain(report: &str, scores: [f64; 3]) -> String {
    let [empty, weak, good] = scores.map(short);
    format!(
        "Knowing more does not pay: good honest work scores no better than weak honest work. With {report} a file that knows nothing scores {empty}, weak honest work {weak} and good honest work {good}."
    )
}

/// The best score of a file without content, and what it holds.
fn best_empty(case: &Case<'_>, known: &Forecasters) -> Option<(f64, String)> {
    let n = case.n();
    let constant = |value: f64| case.clamped(vec![value; n]);
    let files: Vec<(String, Vec<f64>)> = match case.family {
        Family::Number => vec![
            ("zeros".to_owned(), constant(0.0)),
            ("one tiny constant".to_owned(), constant(1e-6)),
            ("one low constant".to_owned(), case.clamped(case.by_column(|column| quantile(column, 0.05)))),
            ("one high constant".to_owned(), case.clamped(case.by_column(|column| quantile(column, 0.95)))),
        ]
        .into_iter()
        .chain(constants::of_scored_groups(case))
        .collect(),
        Family::Distribution => {
            let alike = Normals::of_nothing(&case.truth);
            vec![
                ("one distribution for all".to_owned(), alike.report(&case.says)),
                ("endlessly wide distributions".to_owned(), alike.turned(0.0, 1e6).report(&case.says)),
            ]
        }
        Family::Probability => vec![
            ("zeros".to_owned(), constant(0.0)),
            ("ones".to_owned(), constant(1.0)),
            ("the share of the positive class everywhere".to_owned(), case.by_column(mean)),
        ],
        Family::ClassProbabilities => {
            let alike = vec![1.0 / case.classes.len() as f64; n * case.classes.len()];
            let shares = known.weak.shares();
            let frequencies = shares.chunks(n).flat_map(|column| vec![mean(column); n]).collect();
            vec![
                ("equal probabilities".to_owned(), alike),
                ("the classes' frequencies".to_owned(), frequencies),
            ]
        }
        Family::Yes | Family::Rating | Family::Class => {
            let constants = case.classes.iter().take(MAX_CLASSES);
            let constants = constants.map(|class| (format!("the label {class} everywhere"), vec![*class; n]));
            constants.chain(commonest(case)).collect()
        }
    };
    let reports: Vec<Vec<f64>> = files.iter().map(|(_, report)| report.clone()).collect();
    let expected = known.weak.expect(case, &reports);
    let scores = expected.iter().map(|found| found.as_ref().map_or(f64::NAN, |found| found.mean));
    let Some((at, score)) = case.best(scores) else {
        return Some((
            known.weak.expect_one(case, shuffled(case)?)?.mean,
            "values in a random order".to_owned(),
        ));
    };
    let name = match case.family {
        // Codes of classes are no names that a host knows.
        Family::Class => "one and the same class everywhere".to_owned(),
        _ => files[at].0.clone(),
    };
    Some((score, name))
}

/// Where every row has several yes or no: the commonest ones in every row.
fn commonest(case: &Case<'_>) -> Vec<(String, Vec<f64>)> {
    if case.n_columns == 1 {
        return Vec::new();
    }
    let mut shares: Vec<f64> = case.columns().map(mean).collect();
    let shares_of_cells = case.by_column(mean);
    shares.sort_by(|a, b| b.total_cmp(a));
    let file = |(at, least): (usize, &f64)| {
        let report = shares_of_cells.iter().map(|share| f64::from(u8::from(share >= least))).collect();
        (format!("the {} commonest labels everywhere", at + 1), report)
    };
    shares.iter().enumerate().take(MAX_COMMON).map(file).collect()
}

/// The labels themselves in an order that knows nothing: what a constant is to a metric that has no value on
/// constants.
fn shuffled(case: &Case<'_>) -> Option<Vec<f64>> {
    let is_one_column = !matches!(case.family, Family::ClassProbabilities | Family::Distribution);
    is_one_column.then(|| in_another_order(case, SHUFFLED))
}

/// The truths in a hashed order.
pub(super) fn in_another_order(case: &Case<'_>, stream: u64) -> Vec<f64> {
    normal::order(case.n(), stream).into_iter().map(|row| case.truth[row as usize]).collect()
}

/// The best score of an honest report.
fn honest(case: &Case<'_>, forecaster: &Forecaster) -> Option<f64> {
    let reports: Vec<Vec<f64>> = match case.family {
        Family::Number => {
            honest_numbers(case, forecaster).into_iter().map(|(_, report)| case.clamped(report)).collect()
        }
        Family::Rating => honest_ratings(case, forecaster).into_iter().map(|(_, report)| report).collect(),
        Family::Class => vec![likeliest(case, forecaster)],
        Family::Probability | Family::Yes | Family::ClassProbabilities => vec![forecaster.shares().to_vec()],
        Family::Distribution => {
            forecaster.normals().map(|belief| belief.report(&case.says)).into_iter().collect()
        }
    };
    let expected = forecaster.expect(case, &reports);
    let scores = expected.iter().map(|found| found.as_ref().map_or(f64::NAN, |found| found.mean));
    case.best(scores).map(|(_, score)| score)
}
