//! A metric as the audit sees it: truths and reports go in, scores come out. What the metric computes
//! is not looked at, so that a metric written by a host is judged like one of the catalogue.

use holdout_contract::spec::Direction;

use crate::intake::{Place, Texts};
use crate::judge::{Context, Judge};
use crate::metrics::compose::PartScore;
use crate::metrics::{Rows, Values, finite};
use crate::parallel;

/// One question to a metric. Reports of several columns stand one column after the other.
#[derive(Debug, Clone, Default)]
pub struct Trial<'a> {
    pub truth: &'a [f64],
    pub report: &'a [f64],
    /// Rows left out, in ascending order.
    pub without: &'a [u32],
    /// Cells of the first column of the report that are changed.
    pub reports: Vec<(u32, f64)>,
    /// Truths that are changed.
    pub truths: Vec<(u32, f64)>,
}

impl<'a> Trial<'a> {
    pub fn of(truth: &'a [f64], report: &'a [f64]) -> Self {
        Self { truth, report, ..Self::default() }
    }

    /// Truth and report with all changes made.
    pub fn columns(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut truth, mut report) = (self.truth.to_vec(), self.report.to_vec());
        self.truths.iter().for_each(|(row, value)| truth[*row as usize] = *value);
        self.reports.iter().for_each(|(row, value)| report[*row as usize] = *value);
        (kept(&truth, truth.len(), self.without), kept(&report, truth.len(), self.without))
    }
}

/// The values of all rows but those left out, column by column.
pub fn kept<T: Copy>(values: &[T], n_rows: usize, without: &[u32]) -> Vec<T> {
    if without.is_empty() {
        return values.to_vec();
    }
    let mut is_kept = vec![true; n_rows];
    without.iter().for_each(|row| is_kept[*row as usize] = false);
    let keep = |(at, value): (usize, &T)| is_kept[at % n_rows].then_some(*value);
    values.iter().enumerate().filter_map(keep).collect()
}

/// The values at some places.
pub fn kept_rows<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|row| values[*row as usize]).collect()
}

/// Anything that scores.
pub trait BlackBox: Sync {
    fn direction(&self) -> Direction;

    /// The scores of several trials, in order; `None` where there is none.
    fn score_each(&self, trials: &[Trial<'_>]) -> Vec<Option<f64>>;

    /// Its name in the catalogue, so that it is not recommended instead of itself.
    fn name(&self) -> Option<&str> {
        None
    }

    /// What a truth column is called, where that is known.
    fn column_name(&self, _at: usize) -> Option<&str> {
        None
    }

    /// What the metrics that a score adds up come to, each with its name and times its weight; empty where it is no sum.
    fn parts(&self, _trial: &Trial<'_>) -> Vec<(String, f64)> {
        Vec::new()
    }
}

/// How truths and reports are written for a metric of the catalogue.
#[derive(Debug, Clone)]
pub enum Encoding {
    Numbers,
    /// Labels: the value of every code.
    Labels(Vec<f64>),
    /// Labels as truth, a column of numbers for every class as report.
    ClassColumns(Vec<f64>),
    /// One column of numbers as truth, several as report.
    Reports,
    /// So many columns of numbers, one after the other, as truth and as report.
    Columns(usize),
    /// A set of tags for every row: for each tag a column of 0 and 1, one after the other.
    Tags(Vec<String>),
    Shaped(Shaped),
}

/// Columns of several kinds, one after the other.
#[derive(Debug, Clone)]
pub struct Shaped {
    pub truths: Vec<Kind>,
    pub reports: Vec<Kind>,
    /// What the numbers of cells stand for.
    pub cells: Texts,
    pub n_classes: usize,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number,
    /// A label's code.
    Code,
    /// The number of a cell.
    Cell,
}

/// A column as a metric reads it.
enum Held<'a> {
    Numbers(&'a [f64]),
    Codes(Vec<u32>),
    Cells(Vec<Place>),
}

impl Shaped {
    fn hold<'a>(&self, kinds: &[Kind], values: &'a [f64], n_rows: usize) -> Vec<Held<'a>> {
        let columns = kinds.iter().zip(values.chunks(n_rows.max(1)));
        let held = columns.map(|(kind, column)| match kind {
            Kind::Number => Held::Numbers(column),
            Kind::Code => Held::Codes(column.iter().map(|code| *code as u32).collect()),
            Kind::Cell => {
                Held::Cells(column.iter().map(|cell| self.cells.places()[*cell as usize]).collect())
            }
        });
        held.collect()
    }

    fn values<'a>(&'a self, held: &'a [Held<'a>]) -> Vec<Values<'a>> {
        let values = held.iter().map(|column| match column {
            Held::Numbers(numbers) => Values::Numbers(numbers),
            Held::Codes(codes) => Values::Codes(codes),
            Held::Cells(places) => Values::Texts { texts: &self.cells, places },
        });
        values.collect()
    }
}

/// A metric of the catalogue.
pub struct OfCatalogue<'a> {
    pub judge: &'a Judge,
    pub encoding: Encoding,
    pub groups: Option<Vec<u32>>,
    /// Of every row, where the solution has weights. A trial of fewer rows has those of the first.
    pub weights: Option<Vec<f64>>,
    pub group_names: &'a [String],
    /// Of truth columns.
    pub column_names: &'a [String],
    pub context: &'a Context,
}

/// A thread is worth its cost for so many rows scored.
const ROWS_PER_THREAD: usize = 4;

impl BlackBox for OfCatalogue<'_> {
    fn direction(&self) -> Direction {
        self.judge.direction()
    }

    fn score_each(&self, trials: &[Trial<'_>]) -> Vec<Option<f64>> {
        let n_rows = trials.iter().map(|trial| trial.truth.len()).sum::<usize>();
        parallel::map(trials.len(), n_rows * ROWS_PER_THREAD, |at| self.score(&trials[at]))
    }

    fn name(&self) -> Option<&str> {
        Some(self.judge.metric.about().name)
    }

    fn column_name(&self, at: usize) -> Option<&str> {
        self.column_names.get(at).map(String::as_str)
    }

    fn parts(&self, trial: &Trial<'_>) -> Vec<(String, f64)> {
        if self.judge.shows_parts() || self.judge.params.value("parts").is_none() {
            return Vec::new();
        }
        let parts = self.with_rows(trial, |rows| self.judge.part_scores(rows).ok()).flatten();
        let told = |part: PartScore| {
            let name =
                part.target.map_or_else(|| part.metric.clone(), |of| format!("{} of {of}", part.metric));
            (name, part.weight * part.score)
        };
        parts.unwrap_or_default().into_iter().map(told).collect()
    }
}

/// The place of a label's value; often the value itself.
fn code(value: f64, known: &[f64]) -> Option<u32> {
    let at = value as usize;
    let found =
        if known.get(at) == Some(&value) { Some(at) } else { known.iter().position(|known| *known == value) };
    found.map(|at| at as u32)
}

fn columns(values: &[f64], n_rows: usize) -> Vec<Values<'_>> {
    values.chunks(n_rows.max(1)).map(Values::Numbers).collect()
}

fn texts(texts: &Texts) -> Values<'_> {
    Values::Texts { texts, places: texts.places() }
}

/// The names of every row's tags.
fn tagged(cells: &[f64], names: &[String]) -> Texts {
    let n_rows = cells.len() / names.len();
    let mut text = String::new();
    let mut texts = Texts::default();
    for row in 0..n_rows {
        text.clear();
        let is_on = |(at, _): &(usize, &String)| cells[at * n_rows + row] >= 0.5;
        for (_, name) in names.iter().enumerate().filter(is_on) {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(name);
        }
        texts.push(&text);
    }
    texts
}

/// What is said of rows beside truth and report.
#[derive(Clone, Copy)]
struct Units<'a> {
    groups: Option<&'a [u32]>,
    weights: Option<&'a [f64]>,
}

impl OfCatalogue<'_> {
    fn score(&self, trial: &Trial<'_>) -> Option<f64> {
        self.with_rows(trial, |rows| self.judge.score(rows).and_then(finite).ok()).flatten()
    }

    /// Does some work with a trial as the metric reads it.
    fn with_rows<T>(&self, trial: &Trial<'_>, then: impl FnOnce(&Rows<'_>) -> T) -> Option<T> {
        let (truth, report) = trial.columns();
        let groups = self.groups.as_ref().map(|groups| kept(groups, trial.truth.len(), trial.without));
        let weights = self.weights.as_ref().map(|weights| {
            kept(&weights[..weights.len().min(trial.truth.len())], trial.truth.len(), trial.without)
        });
        let units = Units { groups: groups.as_deref(), weights: weights.as_deref() };
        let codes = |values: &[f64], known: &[f64]| -> Option<Vec<u32>> {
            values.iter().map(|value| code(*value, known)).collect()
        };
        match &self.encoding {
            Encoding::Numbers => {
                self.rows(&[Values::Numbers(&truth)], &[Values::Numbers(&report)], units, 0, then)
            }
            Encoding::Labels(known) => {
                let (truth, report) = (codes(&truth, known)?, codes(&report, known)?);
                let report = [Values::Codes(&report)];
                self.rows(&[Values::Codes(&truth)], &report, units, known.len(), then)
            }
            Encoding::ClassColumns(known) => {
                let codes = codes(&truth, known)?;
                let columns: Vec<Values<'_>> = report.chunks(truth.len()).map(Values::Numbers).collect();
                self.rows(&[Values::Codes(&codes)], &columns, units, known.len(), then)
            }
            Encoding::Reports => {
                let reports = columns(&report, truth.len());
                self.rows(&[Values::Numbers(&truth)], &reports, units, 0, then)
            }
            Encoding::Columns(n_columns) => {
                let n_rows = truth.len() / n_columns;
                self.rows(&columns(&truth, n_rows), &columns(&report, n_rows), units, 0, then)
            }
            Encoding::Tags(names) => {
                let (truth, report) = (tagged(&truth, names), tagged(&report, names));
                self.rows(&[texts(&truth)], &[texts(&report)], units, 0, then)
            }
            Encoding::Shaped(shaped) => {
                let n_rows = truth.len() / shaped.truths.len();
                let truths = shaped.hold(&shaped.truths, &truth, n_rows);
                let reports = shaped.hold(&shaped.reports, &report, n_rows);
                let (truths, reports) = (shaped.values(&truths), shaped.values(&reports));
                self.rows(&truths, &reports, units, shaped.n_classes, then)
            }
        }
    }

    fn rows<T>(
        &self,
        truths: &[Values<'_>],
        reports: &[Values<'_>],
        Units { groups, weights }: Units<'_>,
        n_classes: usize,
        then: impl FnOnce(&Rows<'_>) -> T,
    ) -> Option<T> {
        let row_numbers: Vec<u32> = (0..truths.first().map_or(0, Values::len) as u32).collect();
        let classes = vec![(0..n_classes as u32).collect::<Vec<u32>>()];
        let rows = Rows {
            truths,
            predictions: reports,
            weights,
            groups,
            row_numbers: &row_numbers,
            n_classes,
            column_classes: &classes,
            context: self.context,
            group_names: self.group_names,
        };
        Some(then(&rows))
    }
}
