//! I: how much one crafted file, and a whole contest of them, tells about the public labels.

use std::collections::BTreeSet;

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family, quantile};
use super::ground::Ground;
use super::metric::Trial;
use super::report::{advised, check, some_of};

/// Rows that a crafted file asks about.
const ASKED: usize = 10;
/// Truths that are tried where there are too many patterns of labels.
const PATTERNS: usize = 1500;
/// Values of one row that are tried.
const VALUES: usize = 1025;
/// More decimals than these are never shown.
pub const MAX_DIGITS: u32 = 12;

/// What one file reveals, in bits, by the number of decimals that are shown.
pub struct Probing {
    pub check: Check,
    /// Bits a file at every number of decimals from 0.
    pub bits: Vec<f64>,
    pub n_public: usize,
}

/// Where nobody sees a score before the end.
pub fn of_nothing() -> Check {
    check(
        "I probing",
        Verdict::Pass,
        0.0,
        "Nobody can ask the board for hidden labels: no row is public, and no score is shown before the end.",
    )
}

/// What somebody learns of hidden labels who sends files made to ask the public board.
pub fn probing(case: &Case<'_>) -> Option<Probing> {
    let (labels, n_public) = case.public();
    Some(told(case, &scores_of_designs(case, &labels), labels.len(), n_public))
}

/// What files reveal, by the scores that each has over possible truths of so many rows.
pub fn told(case: &Ground<'_>, designs: &[Vec<f64>], n_labels: usize, n_public: usize) -> Probing {
    // One label among fewer rows moves the score more; a coarser display makes up for it.
    let scale = n_public as f64 / n_labels as f64;
    let bits_at = |digits: u32| {
        let step = scale * 10_f64.powi(-(digits as i32));
        designs.iter().map(|scores| bits(scores, step)).fold(0.0, f64::max)
    };
    let settings = case.settings;
    let bits: Vec<f64> = (0..=MAX_DIGITS.max(settings.digits)).map(bits_at).collect();
    let now = bits[settings.digits as usize];
    let share = now * f64::from(settings.n_submissions) / n_public as f64;
    let verdict = if share < 0.1 {
        Verdict::Pass
    } else if settings.public_fraction >= 1.0 && share >= 1.0 {
        Verdict::Fail
    } else {
        Verdict::Warn
    };
    let meant = match verdict {
        Verdict::Pass => "Asking the board by crafted files tells little of the hidden public labels.",
        _ => "Participants can ask the board for hidden public labels by files that are crafted for it.",
    };
    let is_same_at_3 = answers(now, "none") == answers(bits[3], "none");
    let labels = match share >= 1.0 {
        true => format!("all {n_public} public labels"),
        false => format!("{} (there are {n_public})", some_of(share, "public labels")),
    };
    let text = format!(
        "{meant} At {} decimals one such file answers {} yes-or-no questions about them{}; {} files tell {labels}{}.",
        settings.digits,
        answers(now, "no"),
        if is_same_at_3 { String::new() } else { format!(" ({} at 3)", answers(bits[3], "none")) },
        settings.n_submissions,
        together(share)
    );
    let repair = match is_same_at_3 {
        true => "Allow fewer submissions, and let private rows alone decide.",
        false => "Show fewer decimals, allow fewer submissions, and let private rows alone decide.",
    };
    let check = advised(
        check("I probing", verdict, now, text),
        "Send files that are made to ask about labels, read the answers off the public score, and be first on the public board.",
        repair,
    );
    Probing { check, bits, n_public }
}

/// As many yes-or-no questions as a score has bits.
fn answers(bits: f64, none: &str) -> String {
    if bits < 0.05 {
        return none.to_owned();
    }
    let digits = if bits < 9.95 { format!("{bits:.1}") } else { format!("{bits:.0}") };
    format!("about {}", digits.strip_suffix(".0").unwrap_or(&digits))
}

/// More teams than these do not belong to one person.
const MAX_ACCOUNTS: f64 = 1000.0;

/// What several teams tell one another, or one person with several accounts.
fn together(share: f64) -> String {
    let n_teams = (1.0 / share).ceil();
    if (2.0..=MAX_ACCOUNTS).contains(&n_teams) {
        format!(", and {n_teams} teams together, or one person with as many accounts, all of them")
    } else {
        String::new()
    }
}

/// The bits in the number of different scores that are shown.
fn bits(scores: &[f64], step: f64) -> f64 {
    let shown: BTreeSet<u64> = scores.iter().map(|score| (score / step).round().to_bits()).collect();
    libm::log2(shown.len().max(1) as f64)
}

/// For every crafted file, its scores over the truths that are possible.
fn scores_of_designs(case: &Case<'_>, labels: &[f64]) -> Vec<Vec<f64>> {
    let asked = ASKED.min(labels.len());
    let (files, truths) = match case.family {
        Family::Number => (of_numbers(labels), values(labels)),
        Family::Distribution => (super::distributions::probes(case, labels), values(labels)),
        Family::Probability => (of_scores(labels.len(), asked), patterns(&[0.0, 1.0], asked)),
        Family::Yes => (vec![block(labels.len(), asked, 0.0, 1.0)], patterns(&[0.0, 1.0], asked)),
        Family::Rating | Family::Class => {
            let (low, high) = (case.classes[0], case.classes[case.classes.len() - 1]);
            (vec![block(labels.len(), asked, low, high)], patterns(&case.classes, asked))
        }
        Family::ClassProbabilities => {
            (of_class_columns(case, labels.len(), asked), patterns(&case.classes, asked))
        }
    };
    let files = files.iter().map(|file| {
        let trial = |truths: &Vec<(u32, f64)>| Trial { truths: truths.clone(), ..Trial::of(labels, file) };
        let trials: Vec<Trial<'_>> = truths.iter().map(trial).collect();
        case.metric.score_each(&trials).into_iter().flatten().collect()
    });
    files.collect()
}

fn block(n: usize, asked: usize, rest: f64, first: f64) -> Vec<f64> {
    (0..n).map(|row| if row < asked { first } else { rest }).collect()
}

/// Labels of the rows that are asked about: all patterns, or some where there are too many.
fn patterns(values: &[f64], asked: usize) -> Vec<Vec<(u32, f64)>> {
    let base = values.len() as u128;
    let n_all = base.saturating_pow(asked as u32);
    let n_tried = if values.len() == 2 { n_all } else { (PATTERNS as u128).min(n_all) };
    let pattern = |number: u128| {
        let mut left = number;
        (0..asked as u32)
            .map(|row| {
                let digit = left % base;
                left /= base;
                (row, values[digit as usize])
            })
            .collect()
    };
    (0..n_tried).map(|at| pattern(if n_all == n_tried { at } else { (at * 2_654_435_761) % n_all })).collect()
}

/// Values that the first row's truth may have.
fn values(labels: &[f64]) -> Vec<Vec<(u32, f64)>> {
    let (low, high) = (quantile(labels, 0.01), quantile(labels, 0.99));
    (0..VALUES).map(|at| vec![(0, low + (high - low) * at as f64 / (VALUES - 1) as f64)]).collect()
}

fn of_numbers(labels: &[f64]) -> Vec<Vec<f64>> {
    let plain = vec![quantile(labels, 0.5); labels.len()];
    let mut huge = plain.clone();
    huge[0] = 1e6 * quantile(labels, 0.99).abs().max(1.0);
    vec![plain, huge]
}

fn of_scores(n: usize, asked: usize) -> Vec<Vec<f64>> {
    let place = |row: usize| row as f64 / (asked.max(2) - 1) as f64;
    let with = |rest: &dyn Fn(usize) -> f64, first: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..n).map(|row| if row < asked { first(row) } else { rest(row - asked) }).collect()
    };
    let sigmoid = |logit: f64| 1.0 / (1.0 + libm::exp(-logit));
    let half = |_: usize| 0.5;
    vec![
        with(&half, &|row| sigmoid(0.02 + (34.0 - 0.02) * place(row))),
        with(&half, &|row| 1.0 - libm::pow(10.0, -(0.3 + (14.0 - 0.3) * place(row)))),
        with(&half, &|row| sigmoid(34.0 * 0.5_f64.powi(row as i32))),
        with(&|row| (row as f64 + 0.5) / (n - asked).max(1) as f64, &|row| 0.999 * 0.5_f64.powi(row as i32)),
        with(&|_| 0.1, &|row| 0.9 + 0.1 * place(row)),
    ]
}

fn of_class_columns(case: &Case<'_>, n: usize, asked: usize) -> Vec<Vec<f64>> {
    let n_classes = case.classes.len();
    let rest = 1.0 / n_classes as f64;
    let ladder = |row: usize, code: usize| match row < asked {
        true => libm::exp((row * n_classes + code) as f64 * -34.0 / (asked * n_classes) as f64),
        false => rest,
    };
    let mut columns: Vec<f64> = (0..n * n_classes).map(|at| ladder(at % n, at / n)).collect();
    for row in 0..asked {
        let total: f64 = (0..n_classes).map(|code| columns[code * n + row]).sum();
        (0..n_classes).for_each(|code| columns[code * n + row] /= total);
    }
    vec![columns]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_say_something() {
        let told = [0.0, 0.04, 2.0, 7.24, 9.94, 9.97, 12.6].map(|bits| answers(bits, "none"));
        assert_eq!(told, ["none", "none", "about 2", "about 7.2", "about 9.9", "about 10", "about 13"]);
    }
}
