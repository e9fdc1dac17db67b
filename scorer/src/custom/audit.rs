//! The launch audit of a metric that its host wrote. Every check asks the module in the sandbox, as a scorer
//! would, with files that are made up; what the module computes is not looked at.
//!
//! Never here: a word of the module or a label in a text.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use holdout_contract::audit::{Audit, Check, Verdict};
use holdout_contract::spec::Direction;

use super::Module;
use super::sandbox::{Ended, Sandbox};
use super::session::{Made, Session};
use super::shape::{self, Shape};
use super::tables::{Aligned, Pair, Solution};
use super::verdict::Task;
use crate::audit::ask::Settings;
use crate::audit::case::{Case, Family};
use crate::audit::ground::Ground;
use crate::audit::metric::{BlackBox, Trial};
use crate::audit::{examine, normal, prepare, report, whole};

/// A module is slower than a metric of the catalogue, so it is asked about fewer rows.
const MAX_ROWS: usize = 1000;
/// Cells of several columns that it is asked about, and rows at least.
const MAX_CELLS: usize = 3000;
const LEAST_ROWS: usize = 100;
/// Rows of texts.
const MAX_TEXTS: usize = 120;
/// Fewer rows say nothing.
const MIN_ROWS: usize = 10;
/// So many made-up files are sent at a time.
const BATCH: usize = 256;
/// Differences that rounding explains.
const NOTHING: f64 = 1e-9;
/// Streams of hashed orders.
const SHUFFLED: u64 = 901;
const HALVES: u64 = 902;

/// What is audited.
pub struct Subject<'a> {
    pub sandbox: &'a Sandbox,
    pub module: &'a Module,
    pub solution: &'a Solution,
    /// A file whose columns are those that predictions have.
    pub sample: &'a Aligned,
    /// As the host says; asked of the metric where nobody says it.
    pub direction: Option<Direction>,
    /// For all checks together.
    pub time: Duration,
}

/// Audits a module on a solution.
pub fn audit(subject: &Subject<'_>, settings: &Settings) -> Audit {
    if let Some(audit) = of_texts(subject, settings) {
        return audit;
    }
    let shape = match Shape::of(subject.solution, subject.sample, settings.declared) {
        Ok(shape) if shape.n_rows() >= MIN_ROWS => shape,
        Ok(_) => return Audit::not_judged("There are too few rows to judge a metric on them."),
        Err(reason) => {
            return Audit::not_judged(&format!("This metric could not be judged. {reason}"));
        }
    };
    told(subject, with_shape(subject, shape, settings))
}

/// What an audit found, or why it came to none.
fn told(subject: &Subject<'_>, found: Result<Audit, Ended>) -> Audit {
    match found {
        Ok(audit) => audit,
        Err(Ended::NotStarted(reason)) => {
            Audit::not_judged(&format!("The metric could not be tried: {reason}."))
        }
        Err(_) => Audit::not_judged(&format!(
            "The metric ended its process or was too slow for the audit: some ten thousand small files were to be scored within {} seconds.",
            subject.time.as_secs()
        )),
    }
}

fn with_shape(subject: &Subject<'_>, mut shape: Shape, settings: &Settings) -> Result<Audit, Ended> {
    let n_columns = shape.targets.len();
    let slots = match n_columns {
        1 => prepare::chosen(&shape.truth, None, shape.family, MAX_ROWS),
        _ => normal::some(shape.n_rows(), (MAX_CELLS / n_columns).clamp(LEAST_ROWS, MAX_ROWS)),
    };
    let truth = shape.truths_of(&slots);
    let tables = subject
        .solution
        .tables_of(subject.sample, slots.iter().map(|slot| *slot as usize))
        .map_err(|error| Ended::NotStarted(error.to_string()))?;
    let start = |shape: &Shape| OfModule::start(subject, shape, &tables);
    let mut metric = start(&shape)?;
    if shape.family == Family::Probability && settings.declared.is_none() && !metric.takes_halves(&truth) {
        shape.family = Family::Yes;
        metric = start(&shape)?;
    }
    let first = metric.ask(&shape.made(&truth, &shaken(&shape, &truth)));
    let again = start(&shape)?.ask(&shape.made(&truth, &shaken(&shape, &truth)));
    if first.is_none() && metric.ask(&shape.made(&truth, &as_report(&shape, &truth))).is_none() {
        return metric.ended().map_or_else(|| Ok(no_value()), Err);
    }
    if first.map(f64::to_bits) != again.map(f64::to_bits) {
        return Ok(Audit::of(vec![is_no_function()]));
    }
    let found = metric.direction_found(&shape, &truth);
    metric.direction = subject.direction.or(found).unwrap_or(Direction::HigherIsBetter);
    let laws = laws(&metric, &shape, &truth, found);
    let ground = Ground {
        truth: truth.clone(),
        n_columns,
        groups: None,
        series: None,
        weights: None,
        n_rows: shape.n_rows(),
        metric: &metric,
        settings,
    };
    let mut case = Case {
        ground,
        family: shape.family,
        classes: shape.classes.clone(),
        says: Vec::new(),
        is_between: false,
        floor: None,
    };
    case.floor = case.find_floor();
    let mut checks = match prepare::refusal_of(&case) {
        Some(refusal) => vec![refusal],
        None => examine(&case).checks,
    };
    let last = metric.ask(&shape.made(&truth, &shaken(&shape, &truth)));
    if let Some(ended) = metric.ended() {
        return Err(ended);
    }
    if first.map(f64::to_bits) != last.map(f64::to_bits) {
        return Ok(Audit::of(vec![is_no_function()]));
    }
    checks.splice(0..0, laws);
    checks.extend(made_up_alone(&shape));
    Ok(Audit::of(checks))
}

/// Audits a module that judges texts; `None` for others.
fn of_texts(subject: &Subject<'_>, settings: &Settings) -> Option<Audit> {
    let target = shape::texts(subject.solution, subject.sample)?;
    let cells = subject.solution.cells(&target)?;
    let rows = normal::some(cells.len(), MAX_TEXTS);
    let texts: Vec<&str> = rows.iter().map(|row| cells[*row as usize]).collect();
    let world = whole::of_cells(&texts, rows.clone(), cells.len()).filter(|_| texts.len() >= MIN_ROWS)?;
    let shape = Shape {
        family: Family::Class,
        others: subject.solution.names().iter().filter(|name| **name != target).cloned().collect(),
        targets: vec![target],
        predictions: subject.sample.names().to_vec(),
        truth: world.truth.clone(),
        classes: Vec::new(),
        labels: Some(world.shaped.cells.iter().map(str::to_owned).collect()),
        reports_are_labels: true,
    };
    let judge = || -> Result<Audit, Ended> {
        let tables = subject
            .solution
            .tables_of(subject.sample, rows.iter().map(|row| *row as usize))
            .map_err(|error| Ended::NotStarted(error.to_string()))?;
        let start = || OfModule::start(subject, &shape, &tables);
        let mut metric = start()?;
        let truth = &world.truth;
        let half_right = shape.made(truth, &shaken(&shape, truth));
        let first = metric.ask(&half_right);
        let again = start()?.ask(&half_right);
        if first.is_none() && metric.ask(&shape.made(truth, truth)).is_none() {
            return metric.ended().map_or_else(|| Ok(no_value()), Err);
        }
        let found = metric.direction_found(&shape, truth);
        metric.direction = subject.direction.or(found).unwrap_or(Direction::HigherIsBetter);
        let laws = laws(&metric, &shape, truth, found);
        let mut checks = whole::examine(&world, &metric, settings).checks;
        let last = metric.ask(&half_right);
        if let Some(ended) = metric.ended() {
            return Err(ended);
        }
        let bits = |score: Option<f64>| score.map(f64::to_bits);
        if bits(first) != bits(again) || bits(first) != bits(last) {
            return Ok(Audit::of(vec![is_no_function()]));
        }
        checks.splice(0..0, laws);
        checks.extend(made_up_alone(&shape));
        Ok(Audit::of(checks))
    };
    Some(told(subject, judge()))
}

/// A module as a black box.
struct OfModule {
    at_work: Mutex<AtWork>,
    direction: Direction,
    /// Of truths.
    n_columns: usize,
}

struct AtWork {
    session: Session,
    ended: Option<Ended>,
}

impl OfModule {
    fn start(subject: &Subject<'_>, shape: &Shape, tables: &Pair) -> Result<Self, Ended> {
        let task = Task::Trials {
            source: &subject.module.source,
            params: &subject.module.params,
            row_id_column_name: subject.solution.id_name(),
            solution_bytes: tables.solution.len(),
            submission_bytes: tables.submission.len(),
            targets: &shape.targets,
            predictions: &shape.predictions,
            labels: shape.labels.as_deref(),
            reports_are_labels: shape.reports_are_labels,
        };
        let session =
            Session::start(subject.sandbox, &task, [&tables.solution, &tables.submission], subject.time)?;
        Ok(Self {
            at_work: Mutex::new(AtWork { session, ended: None }),
            direction: Direction::HigherIsBetter,
            n_columns: shape.targets.len(),
        })
    }

    fn ask_all(&self, trials: &[Made]) -> Vec<Option<f64>> {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if at_work.ended.is_some() {
            return vec![None; trials.len()];
        }
        at_work.session.ask(trials).unwrap_or_else(|ended| {
            at_work.ended = Some(ended);
            vec![None; trials.len()]
        })
    }

    fn ask(&self, trial: &Made) -> Option<f64> {
        self.ask_all(std::slice::from_ref(trial)).pop().flatten()
    }

    /// Why it answers no more.
    fn ended(&self) -> Option<Ended> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).ended.clone()
    }

    /// Whether a probability is something else than the label that it is nearer to.
    fn takes_halves(&self, truth: &[f64]) -> bool {
        let shares = normal::uniforms(truth.len(), HALVES);
        let labels: Vec<f64> = shares.iter().map(|share| share.round()).collect();
        let made = |report: &[f64]| Made::of(&Trial::of(truth, report), self.n_columns);
        match (self.ask(&made(&shares)), self.ask(&made(&labels))) {
            (Some(of_shares), Some(of_labels)) => (of_shares - of_labels).abs() > NOTHING,
            (of_shares, _) => of_shares.is_some(),
        }
    }

    /// The direction in which the truth is better than the truth in another order.
    fn direction_found(&self, shape: &Shape, truth: &[f64]) -> Option<Direction> {
        let right = self.ask(&shape.made(truth, &as_report(shape, truth)))?;
        let wrong = self.ask(&shape.made(truth, &as_report(shape, &in_another_order(shape, truth))))?;
        match right.total_cmp(&wrong) {
            std::cmp::Ordering::Greater => Some(Direction::HigherIsBetter),
            std::cmp::Ordering::Less => Some(Direction::LowerIsBetter),
            std::cmp::Ordering::Equal => None,
        }
    }
}

impl BlackBox for OfModule {
    fn direction(&self) -> Direction {
        self.direction
    }

    fn score_each(&self, trials: &[Trial<'_>]) -> Vec<Option<f64>> {
        trials
            .chunks(BATCH)
            .flat_map(|batch| {
                self.ask_all(
                    &batch.iter().map(|trial| Made::of(trial, self.n_columns)).collect::<Vec<Made>>(),
                )
            })
            .collect()
    }
}

impl Made {
    fn of(trial: &Trial<'_>, n_columns: usize) -> Self {
        let (truth, report) = trial.columns();
        let mut rows: Vec<u32> = (0..(trial.truth.len() / n_columns) as u32).collect();
        rows.retain(|row| trial.without.binary_search(row).is_err());
        Self { rows, truth, report }
    }

    /// The same rows, some of them several times, in another order.
    fn taking(&self, places: &[u32]) -> Self {
        let n = self.rows.len();
        let pick = |values: &[f64]| {
            values.chunks(n).flat_map(|column| places.iter().map(|at| column[*at as usize])).collect()
        };
        Self {
            rows: places.iter().map(|at| self.rows[*at as usize]).collect(),
            truth: pick(&self.truth),
            report: pick(&self.report),
        }
    }
}

impl Shape {
    fn made(&self, truth: &[f64], report: &[f64]) -> Made {
        Made::of(&Trial::of(truth, report), self.targets.len())
    }
}

/// Labels as a submission would hold them.
fn as_report(shape: &Shape, labels: &[f64]) -> Vec<f64> {
    match shape.family {
        Family::ClassProbabilities => {
            let is_class = |class: &f64, label: &f64| f64::from(u8::from(class == label));
            shape
                .classes
                .iter()
                .flat_map(|class| labels.iter().map(move |label| is_class(class, label)))
                .collect()
        }
        _ => labels.to_vec(),
    }
}

/// The same rows in another order.
fn in_another_order(shape: &Shape, values: &[f64]) -> Vec<f64> {
    let n_rows = values.len() / shape.targets.len();
    let order = normal::order(n_rows, SHUFFLED);
    values.chunks(n_rows).flat_map(|column| order.iter().map(|row| column[*row as usize])).collect()
}

/// A report that is partly right: every other row has another's label.
fn shaken(shape: &Shape, truth: &[f64]) -> Vec<f64> {
    let other = in_another_order(shape, truth);
    let n_rows = truth.len() / shape.targets.len();
    let mixed: Vec<f64> = (0..truth.len())
        .map(|at| if (at % n_rows).is_multiple_of(2) { truth[at] } else { other[at] })
        .collect();
    as_report(shape, &mixed)
}

/// What every fair score keeps to, whatever it measures.
fn laws(metric: &OfModule, shape: &Shape, truth: &[f64], found: Option<Direction>) -> Vec<Check> {
    let n = (truth.len() / shape.targets.len()) as u32;
    let plain = shape.made(truth, &shaken(shape, truth));
    let score = metric.ask(&plain);
    let turned = metric.ask(&plain.taking(&normal::order(n as usize, SHUFFLED)));
    let doubled = metric.ask(&plain.taking(&(0..n).chain(0..n).collect::<Vec<u32>>()));
    let mut checks = vec![report::check(
        "L same answer",
        Verdict::Pass,
        None,
        "Asked again about the same file, also by another process and after all other files, the metric answers the same.",
    )];
    checks.extend(direction(metric.direction, found));
    checks.extend(row_order(score, turned));
    checks.extend(doubled_rows(score, doubled));
    checks.extend(truth_is_best(metric, shape, truth));
    checks
}

fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= NOTHING * one.abs().max(1.0)
}

fn direction(planned: Direction, found: Option<Direction>) -> Option<Check> {
    let found = found?;
    let word = |direction: Direction| if direction == Direction::HigherIsBetter { "higher" } else { "lower" };
    let verdict = if found == planned { Verdict::Pass } else { Verdict::Fail };
    let text = match verdict {
        Verdict::Pass => format!(
            "A {} score is better, and the truth scores better than the truth in another order.",
            word(planned)
        ),
        _ => format!(
            "You say that a {} score is better, but the truth scores {} than the truth in another order: the board would put the worst first.",
            word(planned),
            word(found)
        ),
    };
    Some(report::advised(
        report::check("L direction", verdict, None, text),
        "Send nonsense and lead.",
        format!("Say that a {} score is better.", word(found)),
    ))
}

fn row_order(score: Option<f64>, turned: Option<f64>) -> Option<Check> {
    let (score, turned) = (score?, turned?);
    let verdict = if is_same(score, turned) { Verdict::Pass } else { Verdict::Warn };
    let text = match verdict {
        Verdict::Pass => "The order of the rows does not matter.",
        _ => "The same rows in another order have another score.",
    };
    Some(report::advised(
        report::check("L row order", verdict, (score - turned).abs(), text),
        "Where rows with equal predictions stand in a helpful order, send the same value everywhere.",
        "Match rows by their id, and break ties by nothing that a file's order tells.",
    ))
}

fn doubled_rows(score: Option<f64>, doubled: Option<f64>) -> Option<Check> {
    let (score, doubled) = (score?, doubled?);
    let verdict = if is_same(score, doubled) { Verdict::Pass } else { Verdict::Info };
    let text = match verdict {
        Verdict::Pass => {
            "Every row written twice, the score stays as it is: scores of smaller and larger sets can be compared."
        }
        _ => {
            "Every row written twice, the score changes: it depends on how many rows there are, so public and private scores are not on one scale."
        }
    };
    Some(report::check("L doubled rows", verdict, (score - doubled).abs(), text))
}

/// Whether anything that is not the truth scores better.
fn truth_is_best(metric: &OfModule, shape: &Shape, truth: &[f64]) -> Option<Check> {
    let best = metric.ask(&shape.made(truth, &as_report(shape, truth)))?;
    let shuffled = as_report(shape, &in_another_order(shape, truth));
    let changed =
        |change: &dyn Fn(f64) -> f64| truth.iter().map(|value| change(*value)).collect::<Vec<f64>>();
    let mut reports = vec![shuffled, shaken(shape, truth)];
    if shape.family == Family::Number {
        let spread = crate::audit::case::deviation(truth);
        reports.extend([0.5, 0.9, 1.1, 2.0].map(|factor| changed(&|value| factor * value)));
        reports.extend([-0.5, -0.1, 0.1, 0.5].map(|step| changed(&|value| value + step * spread)));
    }
    let gain = |score: f64| match metric.direction {
        Direction::HigherIsBetter => score - best,
        Direction::LowerIsBetter => best - score,
    };
    let trials: Vec<Made> = reports.iter().map(|report| shape.made(truth, report)).collect();
    let lead = metric.ask_all(&trials).into_iter().flatten().map(gain).fold(0.0, f64::max);
    let verdict = if lead <= NOTHING * best.abs().max(1.0) { Verdict::Pass } else { Verdict::Fail };
    let text = match verdict {
        Verdict::Pass => "No file that was tried scores better than the truth itself.",
        _ => "A file that is not the truth scores better than the truth itself.",
    };
    Some(report::advised(
        report::check("L truth is best", verdict, lead, text),
        "Know the truth, change it, and win; or change a forecast in the same way.",
        "Mend the metric until the true values have the best score there is.",
    ))
}

fn is_no_function() -> Check {
    report::advised(
        report::check(
            "L same answer",
            Verdict::Fail,
            None,
            "Asked twice about the same file, the metric gives different scores, so nothing else could be judged.",
        ),
        "Send the same file again and again until chance helps.",
        "Take chance, the clock and whatever is kept from call to call out of the metric, or fix its seed.",
    )
}

fn no_value() -> Audit {
    Audit::not_judged(
        "The metric gave no score for files that were made from your labels, so it could not be judged: it refuses them or breaks.",
    )
}

fn made_up_alone(shape: &Shape) -> Option<Check> {
    (!shape.others.is_empty()).then(|| {
        report::check(
            "R made up alone",
            Verdict::Info,
            None,
            format!(
                "Truths were made up without regard to the solution's other columns ({}), which stayed as they are.",
                shape.others.join(", ")
            ),
        )
    })
}
