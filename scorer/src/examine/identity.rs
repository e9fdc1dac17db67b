//! Which column names a row, and whether that name tells the label.

use holdout_contract::examine::TargetKind;

use super::frame::Frame;
use super::kinds::number;

/// The id of a split's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    /// The table's own id column; `None` where ids are made.
    pub column: Option<usize>,
    /// An id column of the table that is left out because its order follows the labels.
    left_out: Option<usize>,
}

impl Identity {
    /// Whether a column is no feature.
    pub fn hides(&self, column: usize) -> bool {
        self.column == Some(column) || self.left_out == Some(column)
    }
}

/// Finds the id column: unique and named like one, else the first unique column of whole numbers or
/// text. Where there is none, or where its order follows the labels, ids are made.
pub fn find(
    frame: &Frame,
    target: usize,
    labelled: &[usize],
    kind: &TargetKind,
    remarks: &mut Vec<String>,
) -> Identity {
    let others = || (0..frame.names.len()).filter(|column| *column != target);
    let found = others()
        .find(|column| is_named_id(&frame.names[*column]) && frame.is_unique(*column))
        .or_else(|| others().find(|column| looks_like_id(frame, *column) && frame.is_unique(*column)));
    let Some(column) = found else {
        remarks.push("No column names every row, so ids were made.".to_owned());
        return Identity { name: free_name(frame), column: None, left_out: None };
    };
    if follows_labels(frame, column, target, labelled, kind) {
        remarks.push(format!(
            "The order of “{}” follows the target, so it would give labels away. It was left out, and new ids \
             were made.",
            frame.names[column]
        ));
        return Identity { name: free_name(frame), column: None, left_out: Some(column) };
    }
    if !is_named_id(&frame.names[column]) {
        remarks.push(format!(
            "“{}” is different in every row and is used as the id. If it is a feature, add a column “id” and \
             upload the table again.",
            frame.names[column]
        ));
    }
    Identity { name: frame.names[column].clone(), column: Some(column), left_out: None }
}

fn is_named_id(name: &str) -> bool {
    let lower = name.trim().to_lowercase();
    ["id", "uuid", "guid", "key", "index", "row"].contains(&lower.as_str())
        || lower.ends_with("_id")
        || lower.ends_with(" id")
        || lower.ends_with("-id")
        || lower.starts_with("id_")
        || name.ends_with("Id")
        || name.ends_with("ID")
}

/// Whole numbers, or single words: not measurements, and not sentences.
fn looks_like_id(frame: &Frame, column: usize) -> bool {
    let mut cells = frame.columns[column].iter();
    cells.all(|cell| match number(cell) {
        Some(_) => cell.bytes().all(|byte| byte.is_ascii_digit()),
        None => !cell.contains(char::is_whitespace) && cell.len() <= 64,
    })
}

/// `id`, or the next name that is free.
fn free_name(frame: &Frame) -> String {
    let is_taken = |name: &str| frame.names.iter().any(|known| known.eq_ignore_ascii_case(name));
    ["id", "row_id", "holdout_id"]
        .into_iter()
        .find(|name| !is_taken(name))
        .unwrap_or("holdout_row_id")
        .to_owned()
}

/// Whether rows that are neighbours by id have like labels, far beyond chance.
fn follows_labels(frame: &Frame, id: usize, target: usize, labelled: &[usize], kind: &TargetKind) -> bool {
    let mut order = labelled.to_vec();
    order.sort_by_key(|row| {
        let cell = frame.cell(*row, id);
        (cell.len(), cell)
    });
    let neighbours =
        || order.windows(2).map(|pair| (frame.cell(pair[0], target), frame.cell(pair[1], target)));
    let n = order.len() as f64;
    if let TargetKind::Number { .. } | TargetKind::Ratings { .. } = kind {
        let values: Vec<f64> = order.iter().filter_map(|row| number(frame.cell(*row, target))).collect();
        return autocorrelation(&values) > 0.2 + 3.0 / n.sqrt();
    }
    let counts = super::frame::frequencies(order.iter().map(|row| frame.cell(*row, target)));
    let by_chance: f64 = counts.iter().map(|(_, count)| (*count as f64 / n).powi(2)).sum();
    let alike = neighbours().filter(|(a, b)| a == b).count() as f64 / (n - 1.0);
    alike > by_chance + (1.0 - by_chance) * (0.2 + 3.0 / n.sqrt())
}

/// Correlation of the rank of every value with the rank of the next.
fn autocorrelation(values: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut at = 0;
    while at < order.len() {
        let tied = order[at..].iter().take_while(|row| values[**row] == values[order[at]]).count();
        order[at..at + tied].iter().for_each(|row| ranks[*row] = at as f64 + (tied as f64 - 1.0) / 2.0);
        at += tied;
    }
    let mean = ranks.iter().sum::<f64>() / ranks.len() as f64;
    let variance: f64 = ranks.iter().map(|rank| (rank - mean).powi(2)).sum();
    let covariance: f64 = ranks.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    if variance > 0.0 { covariance / variance } else { 0.0 }
}
