//! Which columns of a solution mean what, from its header and the metric's layout.

use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_contract::spec::{CLUSTER_COLUMN, Cell, Layout};

use crate::intake::{CellRule, Expected, Plan, Wanted};
use crate::judge::Judge;
use crate::metrics::labels::ordinal::rating_range;
use crate::metrics::segmentation;
use crate::solution::Truth;

/// A solution's columns by role; indexes into [`Plan::columns`].
pub(super) struct SolutionPlan {
    pub(super) plan: Plan,
    pub(super) n_truths: usize,
    pub(super) usage: Option<usize>,
    pub(super) weight: Option<usize>,
    pub(super) group: Option<usize>,
    pub(super) cluster: Option<usize>,
    pub(super) id_name: String,
    pub(super) weight_name: Option<String>,
    pub(super) extra_names: Vec<String>,
}

pub(super) fn bad(message: impl AsRef<str>) -> Rejection {
    Rejection::new(RejectionKind::BadSolution, message)
}

/// Finds id, targets, weight, group and usage in a solution's header.
///
/// # Errors
/// `bad_solution`, naming the column that is missing.
pub(super) fn solution_plan(
    header: &[String],
    judge: &Judge,
    layout: &Layout,
    split_group: Option<&str>,
) -> Result<SolutionPlan, Rejection> {
    let finder = Finder { header };
    let id = match judge.context.text("id_column") {
        Some(name) => finder.require(name)?,
        None => 0,
    };
    let usage =
        header.iter().position(|name| name.trim().eq_ignore_ascii_case("usage")).filter(|at| *at != id);
    let weight = judge.named("weight_column").map(|name| finder.require(&name)).transpose()?;
    let group = group_column(&finder, judge, split_group)?;
    let cluster = judge.context.text(CLUSTER_COLUMN).map(|name| finder.require(name)).transpose()?;
    let taken: Vec<usize> = [Some(id), usage, weight, group, cluster].into_iter().flatten().collect();
    let truths = truth_columns(&finder, judge, layout, &taken)?;
    let n_truths = truths.len();
    let is_taken = |field: usize| Some(field) == weight || truths.iter().any(|truth| truth.field == field);
    if let Some(field) = cluster.filter(|field| is_taken(*field)) {
        return Err(bad(format!(
            "The column “{}” has another meaning and cannot name clusters.",
            header[field]
        )));
    }
    let mut columns = truths;
    let mut add = |field: Option<usize>, rule: CellRule| {
        let field = field.filter(|field| columns.iter().all(|column| column.field != *field))?;
        columns.push(Wanted { name: header[field].clone(), field, rule });
        Some(columns.len() - 1)
    };
    let usage = add(usage, CellRule::Label);
    let weight_field = weight;
    let weight = add(weight, CellRule::NotNegative);
    let is_group = cluster.is_some() && cluster == group;
    let group = add(group, CellRule::Label);
    let cluster = if is_group { group } else { add(cluster, CellRule::Label) };
    let used = |at: &usize| {
        *at == id
            || columns[..n_truths].iter().any(|c| c.field == *at)
            || Some(*at) == usage_field(&columns, usage)
    };
    let extra_names = (0..header.len()).filter(|at| !used(at)).map(|at| header[at].clone()).collect();
    Ok(SolutionPlan {
        plan: Plan::new(header, Some(id), columns),
        n_truths,
        usage,
        weight,
        group,
        cluster,
        id_name: header[id].clone(),
        weight_name: weight_field.map(|field| header[field].clone()),
        extra_names,
    })
}

fn usage_field(columns: &[Wanted], usage: Option<usize>) -> Option<usize> {
    usage.map(|at| columns[at].field)
}

/// What a column is usually called that names groups.
pub(super) const USUAL_GROUPS: [&str; 4] = ["query_id", "series", "group", "class"];

fn group_column(
    finder: &Finder<'_>,
    judge: &Judge,
    split_group: Option<&str>,
) -> Result<Option<usize>, Rejection> {
    if !judge.needs_groups() {
        return split_group.map(|name| finder.require(name)).transpose();
    }
    if let Some(name) = judge.named("group_column") {
        return finder.require(&name).map(Some);
    }
    let found = USUAL_GROUPS.iter().find_map(|name| finder.find(name));
    found.map(Some).ok_or_else(|| {
        bad(format!(
            "The metric {} needs a column of the solution that names each row's group; name it in the parameter “group_column”.",
            judge.metric.about().name
        ))
    })
}

fn truth_columns(
    finder: &Finder<'_>,
    judge: &Judge,
    layout: &Layout,
    taken: &[usize],
) -> Result<Vec<Wanted>, Rejection> {
    let wanted = |field: usize, cell: Cell| Wanted {
        name: finder.header[field].clone(),
        field,
        rule: rule(cell, judge),
    };
    match layout {
        Layout::Target { solution, .. } => Ok(vec![wanted(target(finder, judge, taken)?, *solution)]),
        Layout::ClassColumns => Ok(vec![wanted(target(finder, judge, taken)?, Cell::Label)]),
        Layout::TargetColumns { cell } => {
            targets(finder, judge, taken)?.into_iter().map(|field| Ok(wanted(field, *cell))).collect()
        }
        Layout::Named { solution, .. } => {
            solution.iter().map(|(name, cell)| Ok(wanted(finder.require(name)?, *cell))).collect()
        }
    }
}

fn target(finder: &Finder<'_>, judge: &Judge, taken: &[usize]) -> Result<usize, Rejection> {
    if let Some(name) = judge.context.text("target") {
        return finder.require(name);
    }
    let free: Vec<usize> = (0..finder.header.len()).filter(|at| !taken.contains(at)).collect();
    match free.as_slice() {
        [] => Err(bad("The solution has no column beside id and Usage; it needs one with the true values.")),
        [only] => Ok(*only),
        [first, ..] => Ok(free.iter().copied().find(|at| finder.header[*at] == "target").unwrap_or(*first)),
    }
}

fn targets(finder: &Finder<'_>, judge: &Judge, taken: &[usize]) -> Result<Vec<usize>, Rejection> {
    let named = judge.context.names("targets").or_else(|| judge.context.names("vocab"));
    match named {
        Some(names) => names.iter().map(|name| finder.require(name)).collect(),
        None => {
            let free: Vec<usize> = (0..finder.header.len()).filter(|at| !taken.contains(at)).collect();
            if free.is_empty() {
                return Err(bad("The solution has no column beside id and Usage; it needs the true values."));
            }
            Ok(free)
        }
    }
}

/// What a cell of this kind must hold, given the competition's context.
pub(crate) fn rule(cell: Cell, judge: &Judge) -> CellRule {
    match cell {
        Cell::Number => CellRule::Number,
        Cell::Positive => CellRule::Positive,
        Cell::Probability => CellRule::Probability,
        Cell::Integer => CellRule::Integer { range: rating_range(&judge.params, &judge.context) },
        Cell::Binary => CellRule::Binary { positive: positive(judge) },
        Cell::Label => CellRule::Label,
        Cell::Text | Cell::List => CellRule::Text,
        Cell::Mask => CellRule::Mask { n_pixels: n_pixels(judge) },
        Cell::Masks => CellRule::Masks { n_pixels: n_pixels(judge) },
        Cell::Boxes => CellRule::Boxes { scored: false },
        Cell::ScoredBoxes => CellRule::Boxes { scored: true },
    }
}

fn n_pixels(judge: &Judge) -> Option<u64> {
    let (height, width) = segmentation::image_size(&judge.params, &judge.context)?;
    Some(u64::from(height) * u64::from(width))
}

fn positive(judge: &Judge) -> Option<String> {
    let named = judge.named("positive_class");
    named.or_else(|| judge.context.text("positive_class").map(str::to_owned)).filter(|name| name != "1")
}

/// Probabilities need not add up to 1: metrics divide them by their sum.
fn class_rule(judge: &Judge) -> CellRule {
    match judge.prediction_cell() {
        Cell::Number => CellRule::Number,
        _ => CellRule::NotNegative,
    }
}

/// The columns of a submission for a metric's layout.
pub(super) fn submission_columns(
    judge: &Judge,
    layout: &Layout,
    truths: &[String],
    classes: &[String],
) -> Vec<Expected> {
    let expected = |name: &String, cell: Cell| Expected { name: name.clone(), rule: rule(cell, judge) };
    match layout {
        Layout::Target { submission, .. } => truths.iter().map(|name| expected(name, *submission)).collect(),
        Layout::ClassColumns => {
            classes.iter().map(|name| Expected { name: name.clone(), rule: class_rule(judge) }).collect()
        }
        Layout::TargetColumns { cell } => {
            let cell = if *cell == Cell::Binary { judge.prediction_cell() } else { *cell };
            truths.iter().map(|name| expected(name, cell)).collect()
        }
        Layout::Named { submission, .. } => {
            submission.iter().map(|(name, cell)| expected(name, *cell)).collect()
        }
    }
}

struct Finder<'a> {
    header: &'a [String],
}

impl Finder<'_> {
    fn find(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    fn require(&self, name: &str) -> Result<usize, Rejection> {
        self.find(name).ok_or_else(|| {
            bad(format!("The solution has no column “{name}”; its columns are {}.", self.header.join(", ")))
                .with_line(1)
                .with_column(name)
        })
    }
}

/// A column that is read as numbers.
pub(crate) struct NumberColumn<'a> {
    pub(crate) name: &'a str,
    pub(crate) rule: CellRule,
    /// In slot order.
    pub(crate) numbers: &'a [f64],
}

impl super::Solution {
    /// What of the file is read as numbers: true values and weights.
    pub(crate) fn number_columns(&self) -> Vec<NumberColumn<'_>> {
        let cell_of = |column: &str| match &self.layout {
            Layout::Target { solution, .. } => Some(*solution),
            Layout::ClassColumns => None,
            Layout::TargetColumns { cell } => Some(*cell),
            Layout::Named { solution, .. } => {
                solution.iter().find(|(name, _)| name == column).map(|(_, cell)| *cell)
            }
        };
        let truths = self.target_names.iter().zip(&self.truths).filter_map(|(name, truth)| match truth {
            Truth::Numbers(numbers) => {
                let rule = cell_of(name).map_or(CellRule::Number, |cell| rule(cell, &self.judge));
                Some(NumberColumn { name, rule, numbers })
            }
            Truth::Codes(_) | Truth::Texts(_) => None,
        });
        let weights = self.weights.as_deref().zip(self.weight_name.as_deref());
        let weights =
            weights.map(|(numbers, name)| NumberColumn { name, rule: CellRule::NotNegative, numbers });
        truths.chain(weights).collect()
    }

    /// What a cell of a submission's column must hold, for a metric whose solution is not at hand.
    pub(crate) fn submission_rule(judge: &Judge, column: &str) -> CellRule {
        let cell = match judge.layout() {
            Layout::Target { submission, .. } => Some(submission),
            Layout::ClassColumns => return class_rule(judge),
            Layout::TargetColumns { cell: Cell::Binary } => Some(judge.prediction_cell()),
            Layout::TargetColumns { cell } => Some(cell),
            Layout::Named { submission, .. } => {
                submission.iter().find(|(name, _)| name == column).map(|(_, cell)| *cell)
            }
        };
        cell.map_or(CellRule::Text, |cell| rule(cell, judge))
    }
}
