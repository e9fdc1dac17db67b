//! From a solution file to a [`Solution`].

use std::collections::BTreeSet;
use std::sync::Arc;

use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_contract::spec::Layout;

use super::plan::{SolutionPlan, bad, solution_plan, submission_columns};
use super::{Solution, Truth};
use crate::intake::index::IdIndex;
use crate::intake::{self, Column, Content, Labels, Limits, Table, rejections};
use crate::judge::Judge;
use crate::kernels;
use crate::split::{self, SplitRule, Usage};

/// Up to this many distinct values, a column counts as classes and the split is stratified by them.
const MAX_STRATA: usize = 50;

impl Solution {
    /// Reads, checks and indexes a solution.
    ///
    /// # Errors
    /// `bad_solution`, with the sentence for the host.
    pub fn prepare(
        content: &Content,
        judge: Judge,
        rule: &SplitRule,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        prepare(content, judge, rule, limits).map_err(as_bad_solution)
    }
}

fn as_bad_solution(mut rejection: Rejection) -> Rejection {
    if rejection.kind != RejectionKind::BadSolution {
        rejection.kind = RejectionKind::BadSolution;
        rejection.message = format!("The solution cannot be used. {}", rejection.message);
    }
    rejection
}

fn prepare(
    content: &Content,
    judge: Judge,
    rule: &SplitRule,
    limits: &Limits,
) -> Result<Solution, Rejection> {
    judge.fits().map_err(bad)?;
    let layout = judge.layout();
    let mut found = None;
    let table = intake::read(content, limits, |header| {
        let plan = solution_plan(header, &judge, &layout, rule.group_column.as_deref())?;
        let reading = plan.plan.clone();
        found = Some(plan);
        Ok(reading)
    })?;
    let Some(plan) = found else { return Err(bad("The solution has no header.")) };
    let solution = build(content, table, plan, judge, layout, rule)?;
    solution.refuse_own_misfits(content)?;
    Ok(solution)
}

fn build(
    content: &Content,
    table: Table,
    plan: SolutionPlan,
    judge: Judge,
    layout: Layout,
    rule: &SplitRule,
) -> Result<Solution, Rejection> {
    let Table { n_rows, ids, columns } = table;
    let mut columns: Vec<Option<Column>> = columns.into_iter().map(Some).collect();
    let mut take = |at: Option<usize>| at.and_then(|at| columns[at].take());
    let truths: Vec<Column> = (0..plan.n_truths).filter_map(|at| take(Some(at))).collect();
    let usage_column = take(plan.usage);
    let weights = take(plan.weight);
    let (groups, group_names) = codes_and_names(take(plan.group));
    let of_their_own = take(plan.cluster.filter(|cluster| Some(*cluster) != plan.group));
    let (clusters, cluster_names) = match codes_and_names(of_their_own) {
        (None, _) if plan.cluster.is_some() => (groups.clone(), group_names.clone()),
        found => found,
    };
    let (together, names) =
        if clusters.is_some() { (&clusters, &cluster_names) } else { (&groups, &group_names) };
    let split_was_made = usage_column.is_none();
    let mut usage = match usage_column {
        Some(Column::Labels(labels)) => split::from_column(&labels)?,
        _ => made_split(&truths, n_rows, together.as_deref(), names, rule),
    };
    if let Some(Column::Numbers(weights)) = &weights {
        ignore_weightless(&mut usage, weights);
    }
    let Classified { truths, classes, column_classes } = with_classes(truths, &judge, &layout)?;
    let order = slot_order(&usage);
    let index =
        IdIndex::new(ids, order.slot_of_row).map_err(|twice| twice_rejection(content, twice.second))?;
    let target_names: Vec<String> =
        plan.plan.columns[..plan.n_truths].iter().map(|column| column.name.clone()).collect();
    let class_names: Vec<String> = classes.names.iter().map(str::to_owned).collect();
    let expected = submission_columns(&judge, &layout, &target_names, &class_names);
    let rows = order.row_of_slot;
    let weights = match weights {
        Some(Column::Numbers(weights)) => {
            Some(with_room(gather(&weights, &rows), order.n_public + order.n_private)?)
        }
        _ => None,
    };
    Ok(Solution {
        judge,
        layout,
        id_name: plan.id_name,
        index: Arc::new(index),
        target_names,
        extra_names: plan.extra_names,
        truths: truths.into_iter().map(|truth| in_slot_order(truth, &rows)).collect(),
        classes,
        column_classes,
        weights,
        weight_name: plan.weight_name,
        groups: groups.map(|groups| gather(&groups, &rows)),
        group_names,
        clusters: clusters.map(|clusters| gather(&clusters, &rows)),
        series: None,
        row_numbers: rows,
        n_public: order.n_public,
        n_private: order.n_private,
        split_was_made,
        expected,
    })
}

/// Nothing of a column that is not there.
fn codes_and_names(column: Option<Column>) -> (Option<Vec<u32>>, Vec<String>) {
    match column {
        Some(Column::Labels(labels)) => {
            (Some(labels.codes), labels.names.iter().map(str::to_owned).collect())
        }
        _ => (None, Vec::new()),
    }
}

fn made_split(
    truths: &[Column],
    n_rows: usize,
    groups: Option<&[u32]>,
    group_names: &[String],
    rule: &SplitRule,
) -> Vec<Usage> {
    if let Some(groups) = groups {
        return split::by_group(groups, group_names, rule);
    }
    let strata = truths.first().and_then(strata).unwrap_or_else(|| vec![0; n_rows]);
    split::by_class(&strata, rule)
}

/// Beside the largest weight, made about 1, one that is less is as good as nothing, and products of two are nothing.
const LEAST_WEIGHT: f64 = 1e-100;

/// Weights of which the first ones count, so large or so small that their sums have room.
fn with_room(mut weights: Vec<f64>, n_scored: usize) -> Result<Vec<f64>, Rejection> {
    let scored = &mut weights[..n_scored];
    if kernels::tame(scored) && scored.iter().any(|weight| *weight < LEAST_WEIGHT) {
        return Err(bad(
            "The weights lie too far apart: beside the largest one, the smallest is as good as nothing. Write weights of about the same size, and 0 for rows that are not to count.",
        ));
    }
    Ok(weights)
}

/// A row of weight 0 is not scored: nothing about it may decide whether a score exists.
fn ignore_weightless(usage: &mut [Usage], weights: &[f64]) {
    for (usage, weight) in usage.iter_mut().zip(weights) {
        if *weight == 0.0 {
            *usage = Usage::Ignored;
        }
    }
}

/// A class for every row, where a column has few distinct values that are labels or whole numbers.
fn strata(column: &Column) -> Option<Vec<u32>> {
    match column {
        Column::Labels(labels) => (labels.names.len() <= MAX_STRATA).then(|| labels.codes.clone()),
        Column::Numbers(numbers) => {
            let mut values: Vec<i64> = Vec::new();
            for number in numbers {
                let whole = (number.fract() == 0.0 && number.abs() < 1e9).then_some(*number as i64)?;
                if let Err(at) = values.binary_search(&whole) {
                    values.insert(at, whole);
                }
                if values.len() > MAX_STRATA {
                    return None;
                }
            }
            Some(numbers.iter().map(|n| values.binary_search(&(*n as i64)).unwrap_or(0) as u32).collect())
        }
        Column::Texts(_) => None,
    }
}

/// Truth columns with codes that mean the same in each.
struct Classified {
    truths: Vec<Column>,
    classes: Labels,
    /// Of every column, the classes that it has or the competition lists.
    column_classes: Vec<Vec<u32>>,
}

/// Fixes the class list: the host's, where there is one, else the labels found, in a stable order.
fn with_classes(truths: Vec<Column>, judge: &Judge, layout: &Layout) -> Result<Classified, Rejection> {
    let mut classes = Labels::knowing(judge.context.names("classes").iter().flatten().map(String::as_str));
    let listed = 0..classes.names.len() as u32;
    let is_closed = *layout == Layout::ClassColumns && !classes.names.is_empty();
    let mut mapped = Vec::with_capacity(truths.len());
    let mut column_classes = Vec::with_capacity(truths.len());
    for truth in truths {
        let Column::Labels(mut labels) = truth else {
            mapped.push(truth);
            column_classes.push(Vec::new());
            continue;
        };
        let mut names: Vec<&str> = labels.names.iter().collect();
        names.sort_by(|a, b| compare_names(a, b));
        if is_closed && let Some(name) = names.iter().find(|name| classes.find(name).is_none()) {
            return Err(bad(format!(
                "The solution holds the class “{name}”, which the list of classes does not have."
            ))
            .with_examples([*name]));
        }
        for name in names {
            classes.code(name);
        }
        let codes: Vec<u32> = labels.names.iter().map(|name| classes.code(name)).collect();
        labels.codes.iter_mut().for_each(|code| *code = codes[*code as usize]);
        column_classes.push(listed.clone().chain(codes).collect::<BTreeSet<u32>>().into_iter().collect());
        mapped.push(Column::Labels(labels));
    }
    Ok(Classified { truths: mapped, classes, column_classes })
}

/// Numbers by value, before and among texts by their letters.
fn compare_names(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => std::cmp::Ordering::Less,
        (Err(_), Ok(_)) => std::cmp::Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

/// Where each row went: public rows first, then private, then ignored.
pub(crate) struct SlotOrder {
    pub(crate) slot_of_row: Vec<u32>,
    pub(crate) row_of_slot: Vec<u32>,
    pub(crate) n_public: usize,
    pub(crate) n_private: usize,
}

pub(crate) fn slot_order(usage: &[Usage]) -> SlotOrder {
    let count = |wanted: Usage| usage.iter().filter(|usage| **usage == wanted).count();
    let (n_public, n_private) = (count(Usage::Public), count(Usage::Private));
    let mut next = [0, n_public as u32, (n_public + n_private) as u32];
    let mut row_of_slot = vec![0; usage.len()];
    let slot_of_row = usage
        .iter()
        .enumerate()
        .map(|(row, usage)| {
            let slot = next[*usage as usize];
            next[*usage as usize] += 1;
            row_of_slot[slot as usize] = row as u32;
            slot
        })
        .collect();
    SlotOrder { slot_of_row, row_of_slot, n_public, n_private }
}

fn in_slot_order(column: Column, rows: &[u32]) -> Truth {
    match column {
        Column::Numbers(numbers) => Truth::Numbers(gather(&numbers, rows)),
        Column::Labels(labels) => Truth::Codes(gather(&labels.codes, rows)),
        Column::Texts(texts) => Truth::Texts(texts.in_order(rows)),
    }
}

fn gather<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|row| values[*row as usize]).collect()
}

fn twice_rejection(content: &Content, row: usize) -> Rejection {
    let line = intake::line_of_row(content, row);
    let place = rejections::place(line, row);
    let rejection = bad(format!("The solution names an id a second time {place}; every id may appear once."));
    match line {
        Some(line) => rejection.with_line(line),
        None => rejection,
    }
}
