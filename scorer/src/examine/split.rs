//! Launch from one file: one labelled table becomes train, test, sample submission and solution.
//!
//! Rows with the same features stay on one side, classes have their share on each side, and the
//! order of rows and the ids tell nothing about labels. Never here: a file or the database; the
//! parts are written by [`super::write`].

use std::collections::{BTreeMap, HashMap};

use holdout_contract::examine::{Proposal, TargetKind};
use holdout_contract::rejection::{Rejection, RejectionKind};

use super::frame::Frame;
use super::identity::{self, Identity};
use super::kinds::{number, target_kind};
use super::shuffle::Shuffle;
use super::suggest::{self, Shape, Suggestion};
use crate::intake::expected;
use crate::metrics;
use crate::split::Usage;

const MIN_ROWS: usize = 10;
const NUMBER_STRATA: usize = 10;
/// A class needs a group of rows for training, one for the public and one for the private side.
const MIN_GROUPS_OF_A_CLASS: usize = 3;

/// How to split.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    pub target_column: String,
    pub test_fraction: f64,
    pub public_fraction: f64,
    pub seed: i64,
}

/// A table taken apart: rows by number, in the order in which they are to be written.
pub struct Parts {
    pub identity: Identity,
    pub target: usize,
    pub features: Vec<usize>,
    pub train: Vec<usize>,
    pub test: Vec<(usize, Usage)>,
    /// The constant guess of the sample submission, made from training rows.
    pub baseline: String,
    pub proposal: Proposal,
}

/// Takes a labelled table apart.
///
/// # Errors
/// Why the table cannot be split, for its host.
pub fn take_apart(frame: &Frame, wish: &Wish) -> Result<Parts, Rejection> {
    let target = find_target(frame, &wish.target_column)?;
    let labelled: Vec<usize> =
        (0..frame.n_rows()).filter(|row| !frame.cell(*row, target).is_empty()).collect();
    let labels = || labelled.iter().map(|row| frame.cell(*row, target));
    refuse_unusable(frame, target, &labelled)?;

    let kind = target_kind(&frame.names[target], labels());
    let mut remarks = Vec::new();
    let identity = identity::find(frame, target, &labelled, &kind, &mut remarks);
    let features: Vec<usize> =
        (0..frame.names.len()).filter(|column| *column != target && !identity.hides(*column)).collect();
    if features.is_empty() {
        return Err(unusable(
            "The table has no columns but an id and the target, so there is nothing to predict from.",
        ));
    }
    remark_on_features(frame, target, &features, &labelled, &mut remarks);

    let strata = strata(frame, target, &kind, &labelled);
    let mut sides =
        sides(frame, &features, &labelled, &strata, wish, super::has_classes(&kind), &mut remarks);
    if sides.test.len() < 2 || sides.train.is_empty() {
        return Err(unusable(
            "The table has too few different rows to be split into training and test rows.",
        ));
    }
    let unlabelled: Vec<usize> =
        (0..frame.n_rows()).filter(|row| frame.cell(*row, target).is_empty()).collect();
    if !unlabelled.is_empty() {
        remarks.push(format!(
            "{} rows have no target. They are in train.csv with an empty cell, and never in the test.",
            unlabelled.len()
        ));
    }
    sides.train.extend(unlabelled);
    Shuffle::new(wish.seed, 3).shuffle(&mut sides.train);
    let test = with_usage(&sides.test, &strata, wish, super::has_classes(&kind));

    let chosen = choose_metric(&kind, suggest::shape(&kind, labels()), &mut remarks);
    let baseline = baseline(frame, target, &sides.train, &kind, chosen.metric);
    let proposal = Proposal {
        id_column: identity.name.clone(),
        id_was_made: identity.column.is_none(),
        target_column: frame.names[target].clone(),
        feature_columns: features.iter().map(|column| frame.names[*column].clone()).collect(),
        n_train: sides.train.len() as u64,
        n_test: test.len() as u64,
        target: kind,
        metric: chosen.metric.to_owned(),
        metric_reason: chosen.reason.to_owned(),
        remarks,
    };
    Ok(Parts { identity, target, features, train: sides.train, test, baseline, proposal })
}

fn find_target(frame: &Frame, name: &str) -> Result<usize, Rejection> {
    let target = frame.position(name.trim()).or_else(|| frame.position(name)).ok_or_else(|| {
        let hint = expected::hint(name, &frame.names);
        Rejection::new(
            RejectionKind::MissingColumn,
            format!("The table has no column “{name}”. Its columns are: {}.{hint}", frame.names.join(", ")),
        )
        .with_column(name)
        .with_examples(frame.names.iter().map(String::as_str))
        .with_total(frame.names.len() as u64)
    })?;
    if frame.names[target].eq_ignore_ascii_case("usage") {
        return Err(unusable(
            "The target cannot be called “Usage”, which names the split in a solution. Rename the column.",
        ));
    }
    Ok(target)
}

fn refuse_unusable(frame: &Frame, target: usize, labelled: &[usize]) -> Result<(), Rejection> {
    let name = &frame.names[target];
    if labelled.len() < MIN_ROWS {
        let rows = match labelled.len() {
            0 => "No row has".to_owned(),
            1 => "Only 1 row has".to_owned(),
            n => format!("Only {n} rows have"),
        };
        return Err(unusable(format!("{rows} a value in “{name}”; at least {MIN_ROWS} rows are needed."))
            .with_column(name));
    }
    let first = frame.cell(labelled[0], target);
    if labelled.iter().all(|row| frame.cell(*row, target) == first) {
        return Err(unusable(format!(
            "Every row has the same value in “{name}”: there is nothing to predict."
        ))
        .with_column(name));
    }
    Ok(())
}

fn unusable(message: impl AsRef<str>) -> Rejection {
    Rejection::new(RejectionKind::BadSolution, message)
}

fn remark_on_features(
    frame: &Frame,
    target: usize,
    features: &[usize],
    labelled: &[usize],
    remarks: &mut Vec<String>,
) {
    for column in features {
        let is_copy = labelled.iter().all(|row| frame.cell(*row, *column) == frame.cell(*row, target));
        if is_copy {
            remarks.push(format!(
                "The column “{}” equals the target in every row. Remove it from the table and upload it again, \
                 or everybody reaches a perfect score.",
                frame.names[*column]
            ));
        }
    }
}

/// Each labelled row's stratum: its class, or its tenth of the numbers.
fn strata(frame: &Frame, target: usize, kind: &TargetKind, labelled: &[usize]) -> HashMap<usize, usize> {
    let mut order: Vec<usize> = labelled.to_vec();
    match kind {
        TargetKind::Number { .. } => {
            let value = |row: &usize| number(frame.cell(*row, target)).unwrap_or(0.0);
            order.sort_by(|a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
            let size = order.len().div_ceil(NUMBER_STRATA);
            order.iter().enumerate().map(|(at, row)| (*row, at / size)).collect()
        }
        _ if super::has_classes(kind) => {
            let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
            order.iter().for_each(|row| {
                numbers.insert(frame.cell(*row, target), 0);
            });
            numbers.values_mut().enumerate().for_each(|(at, class)| *class = at);
            order.iter().map(|row| (*row, numbers[frame.cell(*row, target)])).collect()
        }
        _ => order.iter().map(|row| (*row, 0)).collect(),
    }
}

struct Sides {
    train: Vec<usize>,
    test: Vec<usize>,
}

/// Rows with equal features form a group; groups go to one side whole, stratum by stratum.
fn sides(
    frame: &Frame,
    features: &[usize],
    labelled: &[usize],
    strata: &HashMap<usize, usize>,
    wish: &Wish,
    has_classes: bool,
    remarks: &mut Vec<String>,
) -> Sides {
    let mut by_key: HashMap<u128, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for row in labelled {
        let group = *by_key.entry(frame.key(*row, features)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(*row);
    }
    // A row without a label keeps its equals out of the test as well.
    for row in (0..frame.n_rows()).filter(|row| !strata.contains_key(row)) {
        by_key.remove(&frame.key(row, features)).into_iter().for_each(|group| groups[group].push(usize::MAX));
    }
    let n_repeated: usize = groups.iter().map(|group| group.len() - 1).sum();
    if n_repeated > 0 {
        let repeat = if n_repeated == 1 { "row repeats" } else { "rows repeat" };
        remarks.push(format!(
            "{n_repeated} {repeat} the features of another row. Equal rows were kept together on one side, \
             so that no test row can be looked up in the training file."
        ));
    }
    Shuffle::new(wish.seed, 1).shuffle(&mut groups);
    let mut by_stratum: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    for group in groups {
        by_stratum.entry(strata[&group[0]]).or_default().push(group);
    }
    let mut sides = Sides { train: Vec::new(), test: Vec::new() };
    let mut n_rare = 0;
    let mut owed = 0.0;
    for groups in by_stratum.into_values() {
        if has_classes && groups.len() < MIN_GROUPS_OF_A_CLASS {
            n_rare += 1;
            sides.train.extend(groups.into_iter().flatten());
            continue;
        }
        let (train, test) = divide(groups, wish.test_fraction, &mut owed, if has_classes { 2 } else { 0 });
        sides.train.extend(train.into_iter().flatten());
        sides.test.extend(test.into_iter().flatten());
    }
    if n_rare > 0 {
        remarks.push(format!(
            "{n_rare} classes have fewer than {MIN_GROUPS_OF_A_CLASS} different rows, too few for a fair test; \
             all of them are in train.csv."
        ));
    }
    sides.train.retain(|row| *row != usize::MAX);
    sides
}

type Groups = Vec<Vec<usize>>;

/// Gives every second or third group, as the fraction says, to the test; at least `least` of them,
/// and at least one to training. What is owed is carried from stratum to stratum.
fn divide(groups: Groups, fraction: f64, owed: &mut f64, least: usize) -> (Groups, Groups) {
    let most = groups.len().saturating_sub(1);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for group in groups {
        let size = group.len() as f64;
        *owed += size * fraction;
        let holds_unlabelled = group.contains(&usize::MAX);
        if *owed >= size / 2.0 && test.len() < most && !holds_unlabelled {
            *owed -= size;
            test.push(group);
        } else {
            train.push(group);
        }
    }
    while test.len() < least && train.len() > 1 {
        let Some(at) = train.iter().position(|group: &Vec<usize>| !group.contains(&usize::MAX)) else {
            break;
        };
        let group = train.remove(at);
        *owed -= group.len() as f64;
        test.push(group);
    }
    (train, test)
}

/// Splits test rows into public and private and puts them into an order that tells nothing.
fn with_usage(
    test: &[usize],
    strata: &HashMap<usize, usize>,
    wish: &Wish,
    has_classes: bool,
) -> Vec<(usize, Usage)> {
    let mut by_stratum: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    let mut rows = test.to_vec();
    rows.sort_unstable();
    Shuffle::new(wish.seed, 2).shuffle(&mut rows);
    for row in rows {
        by_stratum.entry(strata[&row]).or_default().push(vec![row]);
    }
    let mut used = Vec::with_capacity(test.len());
    let mut owed = 0.0;
    for rows in by_stratum.into_values() {
        let (private, public) = divide(rows, wish.public_fraction, &mut owed, usize::from(has_classes));
        used.extend(private.into_iter().flatten().map(|row| (row, Usage::Private)));
        used.extend(public.into_iter().flatten().map(|row| (row, Usage::Public)));
    }
    ensure_public(&mut used);
    used.sort_unstable_by_key(|(row, _)| *row);
    Shuffle::new(wish.seed, 4).shuffle(&mut used);
    used
}

/// A very small test still has a public row.
fn ensure_public(used: &mut [(usize, Usage)]) {
    if used.len() > 1
        && used.iter().all(|(_, usage)| *usage == Usage::Private)
        && let Some(first) = used.first_mut()
    {
        first.1 = Usage::Public;
    }
}

/// The first suggestion that this scorer can compute.
fn choose_metric(kind: &TargetKind, shape: Shape, remarks: &mut Vec<String>) -> Suggestion {
    let none = serde_json::Map::new();
    let suggested = suggest::metrics(kind, shape);
    if let Some(found) =
        suggested.into_iter().find(|suggestion| metrics::find(suggestion.metric, &none).is_ok())
    {
        return found;
    }
    remarks.push("No metric fits this kind of target well; look through the list and choose one.".to_owned());
    Suggestion { metric: "accuracy", reason: "The share of answers that are exactly right." }
}

fn baseline(frame: &Frame, target: usize, train: &[usize], kind: &TargetKind, metric: &str) -> String {
    let labels = || train.iter().map(|row| frame.cell(*row, target)).filter(|label| !label.is_empty());
    let numbers: Vec<f64> = labels().filter_map(number).collect();
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / numbers.len().max(1) as f64;
    match (kind, metric) {
        (TargetKind::Number { .. }, "rmsle") => {
            rounded(mean(&mut numbers.iter().map(|number| number.ln_1p())).exp_m1())
        }
        (TargetKind::Number { .. }, _) => rounded(mean(&mut numbers.iter().copied())),
        (TargetKind::Binary { .. }, "roc_auc" | "log_loss" | "average_precision") => {
            rounded(mean(&mut numbers.iter().copied()))
        }
        (TargetKind::Ratings { .. }, _) => {
            let mut sorted = numbers.clone();
            sorted.sort_by(f64::total_cmp);
            sorted.get(sorted.len() / 2).map_or_else(String::new, |median| format!("{median:.0}"))
        }
        _ => super::frame::frequencies(labels())
            .first()
            .map_or_else(String::new, |(label, _)| (*label).to_owned()),
    }
}

/// Six significant digits, without needless zeros.
fn rounded(value: f64) -> String {
    let digits = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    let factor = 10_f64.powi(5 - digits as i32);
    format!("{}", (value * factor).round() / factor)
}
