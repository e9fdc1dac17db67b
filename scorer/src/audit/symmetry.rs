//! A to D: does the score treat truth and forecast, too much and too little, and the classes alike? And which changes of
//! all forecasts does it not even notice?

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family};
use super::forecast::{Forecaster, Forecasters};
use super::metric::Trial;
use super::repair;
use super::report::{advised, check, percent, short, times};

/// Differences that rounding explains.
const NOTHING: f64 = 1e-9;

/// A: truth and forecast exchanged.
pub fn exchange(case: &Case<'_>, known: &Forecasters) -> Option<Check> {
    let of_labels;
    let draws = match case.family {
        Family::Number | Family::Rating => &known.strong.draws,
        Family::Yes | Family::Class => {
            of_labels = Forecaster::of_ranks(case, 0.8);
            &of_labels.draws
        }
        Family::Probability | Family::ClassProbabilities | Family::Distribution => return None,
    };
    let reports = [&draws[1], &draws[0]].map(|draw| case.clamped(draw.clone()));
    let (one, other) = (case.score(&draws[0], &reports[0])?, case.score(&draws[1], &reports[1])?);
    let change = (one - other).abs() / one.abs().max(other.abs()).max(1e-12);
    let verdict = if change < 0.02 { Verdict::Pass } else { Verdict::Info };
    Some(check("A exchange", verdict, change, exchanged(verdict, change)))
}

/// What exchanging truth and report does.
pub fn exchanged(verdict: Verdict, change: f64) -> String {
    let change = percent(change);
    match verdict {
        Verdict::Pass => {
            format!(
                "It makes no difference which of two files is called the truth: exchanged, they score the same to within {change}."
            )
        }
        _ => format!(
            "It makes a difference which of two files is called the truth, which is common and no fault by itself: exchanged, their score differs by {change}."
        ),
    }
}

/// B: too much against too little, by an amount and by a factor.
pub struct OverUnder {
    pub check: Check,
    /// Whether the score reacts to a shift or a factor of all reports at all.
    pub reacts: bool,
}

const AMOUNTS: [f64; 3] = [0.1, 0.25, 0.5];
const FACTORS: [f64; 4] = [1.1, 1.25, 1.5, 2.0];

/// Whether errors upward cost the same as errors downward; numbers alone have a direction.
pub fn over_under(case: &Case<'_>) -> Option<OverUnder> {
    if case.family != Family::Number {
        return None;
    }
    let truth = case.clamped(case.truth.clone());
    let spreads = case.spreads();
    let step = |truth: f64, spread: f64, amount: f64| match case.floor {
        Some(_) => amount * spread.min(0.9 * truth),
        None => amount * spread,
    };
    let shifted = |sign: f64, amount: f64| {
        let cells = truth.iter().zip(&spreads);
        cells.map(|(truth, spread)| truth + sign * step(*truth, *spread, amount)).collect()
    };
    let scaled = |factor: f64| truth.iter().map(|truth| truth * factor).collect();
    if !reacts(case, &truth, &spreads)? {
        let text = "Neither side is favoured: the score does not change when all forecasts are shifted or multiplied alike.";
        let check = check("B over/under", Verdict::Info, None, text);
        return Some(OverUnder { check, reacts: false });
    }
    let mut reports: Vec<Vec<f64>> = vec![truth.clone()];
    reports.extend(AMOUNTS.iter().flat_map(|amount| [shifted(1.0, *amount), shifted(-1.0, *amount)]));
    reports.extend(FACTORS.iter().flat_map(|factor| [scaled(*factor), scaled(1.0 / factor)]));
    let scores = case.scores(&case.truth, &reports);
    let base = scores.first().copied().flatten()?;
    let costs: Vec<f64> =
        scores[1..].iter().map(|score| score.map_or(f64::NAN, |score| (score - base).abs())).collect();
    let (amounts, factors) = costs.split_at(2 * AMOUNTS.len());
    let (by_amount, by_factor) = (asymmetry(amounts), asymmetry(factors));
    Some(OverUnder { check: judged(case, by_amount, by_factor, [amounts, factors]), reacts: true })
}

/// Whether a shift or a factor of all reports alike changes the score.
fn reacts(case: &Case<'_>, truth: &[f64], spreads: &[f64]) -> Option<bool> {
    let shifted = truth.iter().zip(spreads).map(|(truth, spread)| truth + 0.5 * spread).collect();
    let doubled = truth.iter().map(|truth| 2.0 * truth).collect();
    let scores = case.scores(&case.truth, &[truth.to_vec(), shifted, doubled]);
    let base = scores[0]?;
    Some(scores[1..].iter().any(|score| score.is_none_or(|score| (score - base).abs() > NOTHING)))
}

/// The largest ratio of the two sides' costs; `None` where some cost is nothing.
fn asymmetry(costs: &[f64]) -> Option<f64> {
    let pairs = costs.chunks(2).map(|pair| (pair[0].max(pair[1]), pair[0].min(pair[1])));
    let ratios: Option<Vec<f64>> =
        pairs.map(|(more, less)| (more > NOTHING).then(|| more / less.max(1e-12))).collect();
    ratios?.into_iter().reduce(f64::max)
}

fn judged(
    case: &Case<'_>,
    by_amount: Option<f64>,
    by_factor: Option<f64>,
    [amounts, factors]: [&[f64]; 2],
) -> Check {
    let least = by_amount.unwrap_or(f64::INFINITY).min(by_factor.unwrap_or(f64::INFINITY));
    let least = Some(least).filter(|least| least.is_finite());
    let verdict = if least.is_some_and(|least| least > 1.05) { Verdict::Warn } else { Verdict::Pass };
    let last = |costs: &[f64]| costs[costs.len() - 2] > costs[costs.len() - 1];
    let (by_amount, by_factor) =
        (by_amount.map(|ratio| (ratio, last(amounts))), by_factor.map(|ratio| (ratio, last(factors))));
    let fairer = [by_amount, by_factor].into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0));
    let meant = match (verdict, fairer) {
        (Verdict::Warn, Some((_, true))) => {
            "Too high costs more than too low, so whoever is unsure will guess low."
        }
        (Verdict::Warn, _) => "Too low costs more than too high, so whoever is unsure will guess high.",
        _ => "Too high and too low are treated alike, by amount or by percentage.",
    };
    let text = format!(
        "{meant} Missed by the same amount, {}; missed by the same factor, {}.",
        dearer(by_amount),
        dearer(by_factor)
    );
    advised(
        check("B over/under", verdict, least, text),
        "Whoever is unsure leans to the cheaper side.",
        format!(
            "If both sides are to cost the same, use {} (amounts){}. If not, keep it and say so in the rules.",
            repair::one_of(case, &["mae", "rmse"]),
            if repair::is_fit(case, "male") { " or male (factors)" } else { "" }
        ),
    )
}

/// By how much one side is dearer, and whether that is the side of too much.
fn dearer(found: Option<(f64, bool)>) -> String {
    match found {
        None => "nothing is lost on either side".to_owned(),
        Some((ratio, _)) if ratio < 1.005 => "both sides cost the same".to_owned(),
        Some((ratio, true)) => format!("too high costs up to {} as much", times(ratio)),
        Some((ratio, false)) => format!("too low costs up to {} as much", times(ratio)),
    }
}

/// C: the classes' names exchanged, or the scale reversed.
pub fn relabelling(case: &Case<'_>, known: &Forecasters) -> Option<Check> {
    let (name, truth, report) = match case.family {
        Family::Number | Family::Distribution => return None,
        Family::Probability => ("C relabel", &known.usual.draws[0], known.usual.shares().to_vec()),
        Family::Yes => {
            let labels =
                known.usual.shares().iter().map(|share| f64::from(u8::from(*share >= 0.5))).collect();
            ("C relabel", &known.usual.draws[0], labels)
        }
        Family::Rating => (
            "C reversal",
            &known.strong.draws[0],
            known.strong.median().into_iter().map(f64::round_ties_even).collect(),
        ),
        Family::Class | Family::ClassProbabilities => return of_many(case, known),
    };
    let (low, high) = match case.family {
        Family::Rating => (case.classes[0], case.classes[case.classes.len() - 1]),
        _ => (0.0, 1.0),
    };
    let turned = |values: &[f64]| values.iter().map(|value| low + high - value).collect::<Vec<f64>>();
    let (plain, other) = (case.score(truth, &report)?, case.score(&turned(truth), &turned(&report))?);
    Some(told(name, plain, other))
}

/// Every class takes the name of the next.
fn of_many(case: &Case<'_>, known: &Forecasters) -> Option<Check> {
    let n_classes = case.classes.len();
    let next = |value: &f64| {
        let at = case.classes.iter().position(|class| class == value).unwrap_or(0);
        case.classes[(at + 1) % n_classes]
    };
    let truth = &known.usual.draws[0];
    let turned: Vec<f64> = truth.iter().map(next).collect();
    let (report, other) = if case.family == Family::Class {
        let report = super::honesty::likeliest(case, &known.usual);
        let other = report.iter().map(next).collect();
        (report, other)
    } else {
        let report = known.usual.shares().to_vec();
        let mut other = report.clone();
        other.rotate_right(case.n());
        (report, other)
    };
    let scores = case.metric.score_each(&[Trial::of(truth, &report), Trial::of(&turned, &other)]);
    Some(told("C relabel", scores[0]?, scores[1]?))
}

fn told(name: &str, plain: f64, other: f64) -> Check {
    let change = (plain - other).abs();
    let verdict = if change < NOTHING { Verdict::Pass } else { Verdict::Warn };
    let [turned, matters] = match name {
        "C reversal" => ["with the scale turned round", "which end of the scale is called the upper one"],
        _ => ["with the names of the classes exchanged", "which class is called which"],
    };
    let text = match verdict {
        Verdict::Pass => {
            format!(
                "It does not matter {matters}: {turned}, the same forecasts score {} again.",
                short(plain)
            )
        }
        _ => format!(
            "The score depends on {matters}. {}, the same forecasts score {} instead of {}.",
            upper(turned),
            short(other),
            short(plain)
        ),
    };
    advised(
        check(name, verdict, change, text),
        "Nothing by itself, but the score says as much about the choice of the positive class as about a model.",
        "Name the positive class in the rules, or use a metric that treats classes alike: roc_auc, log_loss, mcc.",
    )
}

/// With a capital letter at the beginning.
fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// D: changes of all forecasts alike that the score does not notice, of metrics that take numbers.
pub fn invariance(case: &Case<'_>, known: &Forecasters) -> Option<Check> {
    let takes_numbers = case.family == Family::Number || case.family == Family::Rating && case.is_between;
    if !takes_numbers {
        return None;
    }
    let truth = &known.strong.draws[0];
    let report = case.clamped(known.strong.median());
    let most = report.iter().fold(0.0, |most: f64, value| most.max(value.abs())).max(f64::MIN_POSITIVE);
    let turned = |turn: &dyn Fn(f64) -> f64| report.iter().map(|value| turn(*value)).collect::<Vec<f64>>();
    let files = [
        report.clone(),
        turned(&|value| value * (value / most) * (value / most)),
        turned(&|value| 1.5 * value + 0.5 * most),
        turned(&|value| 2.0 * value),
    ];
    let scores = case.scores(truth, &files);
    let plain = scores[0]?;
    let is_same =
        |score: Option<f64>| score.is_some_and(|score| (score - plain).abs() <= NOTHING * plain.abs());
    let [of_order, of_rises, of_proportions] = [1, 2, 3].map(|at| is_same(scores[at]));
    let text = if of_order {
        "Only the order of the forecasts counts: how large they are is not rewarded, so do not read the winner's values as amounts."
    } else if of_rises {
        "Only how forecasts rise and fall together with the truth counts: all multiplied by one number, or raised by one, they score the same, so do not read the winner's values as amounts."
    } else if of_proportions {
        "Only the proportions of the forecasts count: all multiplied by one number, they score the same, so do not read the winner's values as amounts."
    } else {
        "The values themselves count: forecasts must be right in size, not only in order."
    };
    Some(check("D invariance", Verdict::Info, None, text))
}
