//! From a prepared solution to the labels that the checks look at.

use std::collections::BTreeMap;

use holdout_contract::audit::{Check, Verdict};
use holdout_contract::spec::{Cell, Layout, Task};

use super::ask::{Declared, Settings};
use super::case::{Case, Family};
use super::columns;
use super::distributions::{self, Says};
use super::ground::Ground;
use super::metric::{Encoding, OfCatalogue, kept_rows};
use super::normal;
use super::report::{advised, check, some_of};
use super::unjudged;
use crate::metrics::{Metric, NoMeasure, grouped};
use crate::score::{measure, score_splits};
use crate::solution::{Solution, Split, Truth};

/// Fewer rows say nothing.
pub const MIN_ROWS: usize = 10;
/// More rows than these are judged by a part of them.
pub(super) const MAX_ROWS: usize = 5000;
/// Groups of numbers are whole, and a few of them say little of the heaviest.
const MAX_ROWS_OF_GROUPS: usize = 15_000;
/// Whole numbers without a gap are a scale up to this many values.
const MAX_RATINGS: usize = 11;
/// Where a metric takes any number, more of them are counts rather than a scale.
const MAX_RATINGS_OF_NUMBERS: usize = 7;
/// More ratings than these are not judged.
const MAX_SCALE: usize = 101;
/// Fewer rows are looked at where a report has many columns.
const MAX_CELLS: usize = 200_000;
const MAX_CELLS_OF_CLASSES: usize = 25_000;
const LEAST_ROWS: usize = 500;

const NAME: &str = "R refusal";
/// Where no file whatever has a score.
pub(super) const WITHOUT_VALUE: &str =
    "No file could be scored, for the metric has no value on these labels, not even for the truth itself.";
/// What participants could do then.
pub(super) const NO_SCORES: &str =
    "Nothing: whatever is sent, a good file and a bad one have no score alike.";

type Refusal = Box<Check>;

/// Does some work with the case that a solution makes, or with the reason why there is none.
pub fn with_case<T>(
    solution: &Solution,
    settings: &Settings,
    then: impl FnOnce(Result<Case<'_>, Refusal>) -> T,
) -> T {
    let range = solution.range(Split::All);
    if range.len() < MIN_ROWS {
        return then(Err(Box::new(check(
            NAME,
            Verdict::Info,
            None,
            "There are too few rows to judge a metric on them.",
        ))));
    }
    let context = columns::context(solution);
    let read = columns::read(solution)
        .or_else(|| distributions::read(solution))
        .or_else(|| read(solution, settings));
    let Some(Read { family, encoding, truth, classes, n_columns, says }) = read else {
        return then(Err(Box::new(unjudged::reason(solution))));
    };
    let judge = solution.judge();
    let groups = solution.groups.as_ref().filter(|_| judge.needs_groups()).map(|groups| &groups[range]);
    let most = most_rows(family, n_columns, classes.len(), says.len());
    let n_rows = truth.len() / n_columns;
    let rows = match n_columns {
        1 => chosen(&truth, groups, family, most),
        _ => normal::some(n_rows, most),
    };
    let groups = groups.map(|groups| kept_rows(groups, &rows));
    let series = solution.series_of_rows().filter(|_| n_columns == 1).map(|series| kept_rows(series, &rows));
    let weights = solution.weights.as_ref().map(|weights| kept_rows(weights, &rows));
    let written = match &groups {
        Some(groups) => weights_of_groups(solution, groups),
        None => weights.clone(),
    };
    let metric = OfCatalogue {
        judge,
        encoding,
        groups: groups.clone(),
        weights,
        group_names: &solution.group_names,
        column_names: &solution.target_names,
        context: context.as_ref().unwrap_or(&judge.context),
    };
    let truth =
        truth.chunks(n_rows).flat_map(|column| rows.iter().map(move |row| column[*row as usize])).collect();
    let ground =
        Ground { truth, n_columns, groups, series, weights: written, n_rows, metric: &metric, settings };
    let takes_numbers = matches!(judge.layout(), Layout::Target { submission: Cell::Number, .. });
    let is_between = family == Family::Rating && takes_numbers;
    let mut case = Case { ground, family, classes, says, is_between, floor: None };
    case.floor = case.find_floor();
    let mut refusal = refusal_of(&case);
    if refusal.is_some() && is_between {
        // Few whole numbers are amounts where a metric has no value at the lowest rating.
        case = Case { family: Family::Number, classes: Vec::new(), is_between: false, ..case };
        case.floor = case.find_floor();
        refusal = refusal_of(&case);
    }
    then(match refusal {
        Some(refusal) => Err(Box::new(refusal)),
        None => Ok(case),
    })
}

/// As many as are judged in a bearable time, however many cells each of them has.
fn most_rows(family: Family, n_columns: usize, n_classes: usize, n_said: usize) -> usize {
    match family {
        Family::ClassProbabilities => (MAX_CELLS_OF_CLASSES / n_classes).clamp(LEAST_ROWS, MAX_ROWS),
        Family::Distribution => (MAX_CELLS / n_said).clamp(LEAST_ROWS, MAX_ROWS),
        _ if n_columns > 1 => (columns::MAX_CELLS / n_columns).clamp(columns::LEAST_ROWS, MAX_ROWS),
        _ => MAX_ROWS,
    }
}

/// The weight of every row's group, where the host wrote them down for a metric that reads them.
fn weights_of_groups(solution: &Solution, groups: &[u32]) -> Option<Vec<f64>> {
    let judge = solution.judge();
    let is_weighted = judge.metric.about().name == grouped::WRMSSE.about().name;
    let written = judge.context.get(grouped::SERIES_WEIGHT).filter(|_| is_weighted)?;
    let weight = |group: &u32| written.get(&solution.group_names[*group as usize])?.as_f64();
    groups.iter().map(weight).collect::<Option<Vec<f64>>>().filter(|all| all.iter().all(|one| *one > 0.0))
}

/// Kinds of problems for which an honest forecaster can be made up.
const JUDGED: [Task; 7] = [
    Task::Regression,
    Task::BinaryProbability,
    Task::MulticlassProbability,
    Task::Labels,
    Task::Ordinal,
    Task::Forecast,
    Task::Composite,
];

/// What there is to predict, and how a metric wants to see it.
pub(super) struct Read {
    pub family: Family,
    pub encoding: Encoding,
    pub truth: Vec<f64>,
    /// The values that labels have.
    pub classes: Vec<f64>,
    pub n_columns: usize,
    /// What the columns of a report say, where it is a distribution.
    pub says: Vec<Says>,
}

fn read(solution: &Solution, settings: &Settings) -> Option<Read> {
    let [truth] = solution.truths.as_slice() else { return None };
    if !JUDGED.contains(&solution.judge().metric.about().task) {
        return None;
    }
    let range = solution.range(Split::All);
    match (truth, solution.judge().layout()) {
        (Truth::Numbers(numbers), Layout::Target { solution: truth, submission }) => {
            of_numbers(numbers[range].to_vec(), (truth, submission), settings)
        }
        (Truth::Codes(codes), Layout::Target { .. }) => of_labels(&codes[range], &solution.class_names()),
        (Truth::Codes(codes), Layout::ClassColumns) => {
            let values: Vec<f64> = (0..solution.class_names().len()).map(|code| code as f64).collect();
            let truth = codes[range].iter().map(|code| f64::from(*code)).collect();
            let encoding = Encoding::ClassColumns(values.clone());
            (values.len() > 1).then(|| Read::of_column(Family::ClassProbabilities, encoding, truth, values))
        }
        _ => None,
    }
}

fn of_numbers(numbers: Vec<f64>, cells: (Cell, Cell), settings: &Settings) -> Option<Read> {
    let classes = scale(&numbers);
    let family = match cells {
        (Cell::Binary, Cell::Binary) => Family::Yes,
        (Cell::Binary, _) => Family::Probability,
        (Cell::Integer, _) => Family::Rating,
        _ if settings.declared.as_ref().is_some_and(Declared::is_functional) => Family::Number,
        _ if classes == [0.0, 1.0] => Family::Probability,
        _ if (3..=MAX_RATINGS_OF_NUMBERS).contains(&classes.len()) => Family::Rating,
        _ => Family::Number,
    };
    let classes = if family == Family::Rating && classes.is_empty() { distinct(&numbers) } else { classes };
    let is_judged = (2..=MAX_SCALE).contains(&classes.len()) || family == Family::Number;
    is_judged.then(|| Read::of_column(family, Encoding::Numbers, numbers, classes))
}

fn of_labels(codes: &[u32], names: &[String]) -> Option<Read> {
    let values = values_of(names);
    let family = match names.len() {
        0 | 1 => return None,
        2 => Family::Yes,
        _ if values.is_some() => Family::Rating,
        _ => Family::Class,
    };
    let plain = || (0..names.len()).map(|code| code as f64).collect::<Vec<f64>>();
    let values = values.filter(|_| family == Family::Rating).unwrap_or_else(plain);
    let truth = codes.iter().map(|code| values[*code as usize]).collect();
    Some(Read::of_column(family, Encoding::Labels(values.clone()), truth, values))
}

impl Read {
    fn of_column(family: Family, encoding: Encoding, truth: Vec<f64>, classes: Vec<f64>) -> Self {
        Self { family, encoding, truth, classes, n_columns: 1, says: Vec::new() }
    }
}

/// The values of a short scale of whole numbers without a gap; empty where it is none.
pub(crate) fn scale(numbers: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::new();
    for number in numbers {
        if number.fract() != 0.0 {
            return Vec::new();
        }
        if let Err(at) = values.binary_search_by(|known| known.total_cmp(number)) {
            values.insert(at, *number);
        }
        if values.len() > MAX_RATINGS {
            return Vec::new();
        }
    }
    let is_whole = values.windows(2).all(|pair| pair[1] - pair[0] == 1.0);
    if is_whole && values.len() > 1 { values } else { Vec::new() }
}

pub(crate) fn distinct(numbers: &[f64]) -> Vec<f64> {
    let mut values = numbers.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// The numbers that classes are named by, where these are a scale.
fn values_of(names: &[String]) -> Option<Vec<f64>> {
    let values: Vec<f64> = names.iter().map(|name| name.parse().ok()).collect::<Option<_>>()?;
    (scale(&values) == values).then_some(values)
}

/// The rows that are looked at: all, or a part in which classes and sizes have their share, and
/// groups are whole.
pub(crate) fn chosen(truth: &[f64], groups: Option<&[u32]>, family: Family, most: usize) -> Vec<u32> {
    let n = truth.len();
    if let Some(groups) = groups {
        return some_groups(groups, if family == Family::Number { MAX_ROWS_OF_GROUPS } else { MAX_ROWS });
    }
    if n <= most {
        return (0..n as u32).collect();
    }
    let mut order = normal::order(n, 0);
    // Every n-th row in order of the truth has the distribution of all of them, whatever its shape.
    order.sort_by(|a, b| truth[*a as usize].total_cmp(&truth[*b as usize]));
    let mut rows: Vec<u32> = match family {
        Family::Number | Family::Distribution => {
            (0..most).map(|at| order[(2 * at + 1) * n / (2 * most)]).collect()
        }
        _ => {
            let mut by_class: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
            order
                .iter()
                .for_each(|row| by_class.entry(truth[*row as usize].to_bits()).or_default().push(*row));
            by_class
                .values()
                .flat_map(|rows| rows.iter().take((rows.len() * most / n).max(1)).copied())
                .collect()
        }
    };
    rows.sort_unstable();
    rows
}

/// Whole groups of at most so many rows.
pub(super) fn some_groups(groups: &[u32], most: usize) -> Vec<u32> {
    let n_groups = groups.iter().max().map_or(0, |last| *last as usize + 1);
    let mut sizes = vec![0; n_groups];
    groups.iter().for_each(|group| sizes[*group as usize] += 1);
    let mut is_chosen = vec![false; n_groups];
    let mut n_rows = 0;
    for group in normal::order(n_groups, 0) {
        if n_rows > 0 && n_rows + sizes[group as usize] > most {
            break;
        }
        n_rows += sizes[group as usize];
        is_chosen[group as usize] = true;
    }
    (0..groups.len() as u32).filter(|row| is_chosen[groups[*row as usize] as usize]).collect()
}

/// Why there can be no score: the metric has a value on all rows, and none on the public or on the private ones alone,
/// not even for the truth.
pub(super) fn without_a_side(solution: &Solution) -> Option<Check> {
    if solution.split_was_made() {
        return None;
    }
    let perfect = solution.perfect()?;
    let [all, public, private] =
        score_splits(solution, &perfect, [Split::All, Split::Public, Split::Private]);
    // Some metrics take no report that is the truth, as of amounts that are 0: that is not the split's fault.
    all.value()?;
    let sides = [(Split::Public, "public", public), (Split::Private, "private", private)];
    let (name, reason) = sides
        .into_iter()
        .filter(|(split, ..)| !solution.range(*split).is_empty())
        .find_map(|(_, name, score)| Some((name, score.reason()?.to_owned())))?;
    Some(advised(
        check(
            NAME,
            Verdict::Refused,
            None,
            format!(
                "No file could be scored, for the metric has no value on the {name} rows, not even for the truth itself. {reason}"
            ),
        ),
        NO_SCORES,
        "Leave the column “Usage” out and have the split made, so that both sides have rows of every class, or choose a metric that needs no such rows.",
    ))
}

/// Why a metric has no meaning on these labels.
pub(crate) fn refusal_of(case: &Case<'_>) -> Option<Check> {
    let itself = match case.family {
        Family::ClassProbabilities | Family::Distribution => return None,
        _ => case.clamped(case.truth.clone()),
    };
    if case.score(&case.truth, &itself).is_some() {
        return None;
    }
    let alternative = super::repair::of_numbers(case);
    Some(advised(
        check(NAME, Verdict::Refused, None, WITHOUT_VALUE),
        NO_SCORES,
        format!("Choose a metric that takes all of them. {alternative}"),
    ))
}

/// Errors that are measured by nothing, in any row of the solution: nobody may launch with them, whatever else was found.
pub fn unmeasured(solution: &Solution, known: &[Check]) -> Option<Check> {
    let is_known = known.iter().any(|check| check.verdict == Verdict::Refused);
    let Some(Err(NoMeasure { reason, mend })) = measure(solution).filter(|_| !is_known) else { return None };
    Some(advised(
        check(NAME, Verdict::Refused, None, reason),
        "Get these rows right and ignore all others.",
        mend,
    ))
}

/// Errors by percentage, where the truth is 0: one such row drowns all others.
pub fn zeros(case: &Case<'_>) -> Option<Check> {
    if case.family != Family::Number {
        return None;
    }
    let zero = case.truth.iter().position(|truth| *truth == 0.0)?;
    let spreads = case.spreads();
    let mut report = case.truth.clone();
    report[zero] = spreads[zero];
    let missed: Vec<f64> = case.truth.iter().zip(&spreads).map(|(truth, spread)| truth + spread).collect();
    let usual = case.score(&case.truth, &missed)?;
    let one = case.score(&case.truth, &report)?;
    let share = case.truth.iter().filter(|truth| **truth == 0.0).count() as f64 / case.n() as f64;
    // A single row of 0 may cost more than a miss on all rows of an ordinary metric, and much more.
    let is_endless = one.abs() > 1e9 && usual.abs() > 1e9;
    is_endless.then(|| {
        advised(
            check(
                NAME,
                Verdict::Refused,
                share,
                format!("One kind of row alone decides the score: in {} the true value is 0, and no error is a percentage of 0.", some_of(share, "rows")),
            ),
            "Get these rows right and ignore all others.",
            format!("Use {}, or mark these rows “Ignored”.", super::repair::one_of(case, &["mae", "rmsle"])),
        )
    })
}

/// Says when not every row was looked at.
pub fn sampled(case: &Ground<'_>) -> Option<Check> {
    (case.n_looked() < case.n_rows).then(|| {
        let text = format!(
            "Not every row was looked at, but {} of {}, chosen so that every class and every size has its share; what chance does is told for all of them.",
            case.n_looked(),
            case.n_rows
        );
        check("R rows looked at", Verdict::Info, None, text)
    })
}
