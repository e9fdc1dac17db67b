//! One metric in every group of rows: the mean over groups, or the worst group.

use std::ops::Range;

use holdout_contract::spec::Direction;
use holdout_evaluator::Evaluator;

use super::worse;
use crate::kernels::sum;
use crate::metrics::gathered::Gathered;
use crate::metrics::groups::Groups;
use crate::metrics::{Files, Metric, Params, PartScores, Rows, Undefined};

pub(super) const NONE: &str = "none";
const MEAN: &str = "mean";

/// What orders rows asks about one group after the other; questions of fewer keys are not worth a device's way.
const FEWEST_KEYS: usize = 1 << 14;

pub(super) fn is_wanted(params: &Params) -> bool {
    params.text("groups").is_some_and(|how| how != NONE)
}

/// The score of every group, put together as the host chose; of all rows at once where groups are
/// none of the host's wishes. Groups without weight count for nothing.
pub(super) fn score(
    params: &Params,
    direction: Direction,
    rows: &Rows<'_>,
    of_rows: impl Fn(&Rows<'_>) -> Result<f64, Undefined>,
) -> Result<f64, Undefined> {
    if !is_wanted(params) {
        return of_rows(rows);
    }
    let groups = Groups::of(rows)?;
    let score = |members: &[u32]| Gathered::new(rows, members).with_rows(rows, &of_rows);
    put_together(params, direction, counted(rows, &groups).map(score).collect())
}

/// As [`score`], of several files: the groups of all parts stand side by side, and are asked about at once.
pub(super) fn score_files(
    metric: &dyn Metric,
    files: &Files<'_>,
    of_files: impl Fn(&Files<'_>) -> Vec<PartScores>,
) -> Vec<PartScores> {
    if !is_wanted(files.params) {
        return of_files(files);
    }
    let Some(first) = files.rows.first() else { return Vec::new() };
    let side_by_side = SideBySide::of(first, files.parts);
    let processor = Evaluator::default();
    let of_question = |rows: &[Rows<'_>]| {
        if side_by_side.groups.is_empty() {
            return vec![Vec::new(); rows.len()];
        }
        let asks_once = metric.per_row().is_some();
        let is_worth_a_device = asks_once || side_by_side.n_rows_each() * rows.len() >= FEWEST_KEYS;
        let evaluator = if is_worth_a_device { files.evaluator } else { &processor };
        Gathered::with_files(rows, &side_by_side.members, |rows| {
            of_files(&Files { rows, parts: &side_by_side.groups, evaluator, ..*files })
        })
    };
    let of_file = |scores: PartScores| side_by_side.by_part(files.params, metric.about().direction, scores);
    files.by_question().flat_map(of_question).map(of_file).collect()
}

/// The groups that count.
fn counted<'a>(rows: &Rows<'_>, groups: &'a Groups) -> impl Iterator<Item = &'a [u32]> {
    groups
        .iter()
        .map(|(_, members)| members)
        .filter(move |members| members.iter().any(|at| rows.weight(*at as usize) > 0.0))
}

/// The rows of the groups of several parts, one group behind the other.
struct SideBySide {
    members: Vec<u32>,
    groups: Vec<Range<usize>>,
    /// How many of these groups are every part's, or why it has none.
    of_parts: Vec<Result<usize, Undefined>>,
}

impl SideBySide {
    fn of(rows: &Rows<'_>, parts: &[Range<usize>]) -> Self {
        let mut found = Self { members: Vec::new(), groups: Vec::new(), of_parts: Vec::new() };
        for part in parts {
            let n_groups = rows.with_part(part.clone(), |rows| found.add(rows, part.start as u32));
            found.of_parts.push(n_groups);
        }
        found
    }

    /// Adds the groups of a part that begins at such a row, and counts them.
    fn add(&mut self, rows: &Rows<'_>, start: u32) -> Result<usize, Undefined> {
        let groups = Groups::of(rows)?;
        let n_before = self.groups.len();
        for members in counted(rows, &groups) {
            let first = self.members.len();
            self.members.extend(members.iter().map(|at| start + at));
            self.groups.push(first..self.members.len());
        }
        Ok(self.groups.len() - n_before)
    }

    fn n_rows_each(&self) -> usize {
        self.members.len() / self.groups.len().max(1)
    }

    /// The score of every part, of the scores of all groups.
    fn by_part(&self, params: &Params, direction: Direction, scores: PartScores) -> PartScores {
        let mut scores = scores.into_iter();
        let of_part = |n_groups: &Result<usize, Undefined>| {
            let scores = scores.by_ref().take(n_groups.clone()?).collect();
            put_together(params, direction, scores)
        };
        self.of_parts.iter().map(of_part).collect()
    }
}

fn put_together(params: &Params, direction: Direction, of_groups: PartScores) -> Result<f64, Undefined> {
    let (mut scores, mut undefined) = (Vec::new(), Vec::new());
    for score in of_groups {
        match score {
            Ok(score) => scores.push(score),
            Err(reason) => undefined.push(reason),
        }
    }
    let is_skipping = params.text("undefined_groups") == Some("skip");
    if let Some(first) = undefined.first().filter(|_| !is_skipping || scores.is_empty()) {
        return Err(Undefined::because(format!(
            "The metric has no value in {} of the {} groups of this split. {first}",
            undefined.len(),
            undefined.len() + scores.len()
        )));
    }
    if params.text("groups") == Some(MEAN) {
        return Ok(sum(scores.len(), |at| scores[at]) / scores.len() as f64);
    }
    scores
        .into_iter()
        .reduce(|a, b| worse(direction, a, b))
        .ok_or_else(|| Undefined::because("This split has no groups."))
}
