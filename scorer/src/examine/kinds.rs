//! What kind of target a column of text is, told from its cells and its name.

use holdout_contract::examine::TargetKind;

use super::frame::frequencies;

const RATING_NAMES: [&str; 7] = ["rating", "stars", "grade", "score", "level", "quality", "severity"];
const MAX_RATINGS: f64 = 11.0;
const MAX_NUMBER_CLASSES: usize = 30;
const MAX_CLASSES: usize = 1000;

/// The kind of a target column.
pub fn target_kind<'a>(name: &str, cells: impl Iterator<Item = &'a str> + Clone) -> TargetKind {
    let counts = frequencies(cells.clone());
    let n_rows: usize = counts.iter().map(|(_, n)| n).sum();
    if counts.len() == 2 {
        return TargetKind::Binary { classes: sorted(&counts) };
    }
    match numbers(&counts) {
        Some(numbers) => number_kind(name, &numbers, &counts, n_rows),
        None => text_kind(&counts, n_rows),
    }
}

/// The numbers of all cells, or `None` when one is no finite number.
fn numbers(counts: &[(&str, usize)]) -> Option<Vec<f64>> {
    counts.iter().map(|(cell, _)| number(cell)).collect()
}

/// A cell as a finite number.
pub fn number(cell: &str) -> Option<f64> {
    cell.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

fn number_kind(name: &str, numbers: &[f64], counts: &[(&str, usize)], n_rows: usize) -> TargetKind {
    let minimum = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let maximum = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_whole = numbers.iter().all(|number| number.fract() == 0.0 && number.abs() < 1e15);
    if is_whole && n_rows >= 5 * counts.len() {
        // Without gaps: every whole number of the range is used.
        let is_range = (maximum - minimum) as usize + 1 == counts.len();
        let lower = name.to_lowercase();
        let is_named = RATING_NAMES.iter().any(|hint| lower.contains(hint));
        let looks_rated = is_range && minimum == 1.0 && [4, 5, 6, 7, 10].contains(&counts.len());
        let is_short = minimum >= 0.0 && maximum - minimum < MAX_RATINGS;
        if is_short && (is_named || looks_rated) {
            return TargetKind::Ratings { minimum: minimum as i64, maximum: maximum as i64 };
        }
        if counts.len() <= MAX_NUMBER_CLASSES && is_range && (minimum == 0.0 || minimum == 1.0) {
            return TargetKind::Classes { classes: sorted(counts) };
        }
    }
    TargetKind::Number { is_whole, has_negative: minimum < 0.0, has_zero: numbers.contains(&0.0) }
}

fn text_kind(counts: &[(&str, usize)], n_rows: usize) -> TargetKind {
    if counts.len() <= MAX_CLASSES && n_rows >= 2 * counts.len() {
        return TargetKind::Classes { classes: sorted(counts) };
    }
    let words: usize = counts.iter().map(|(cell, _)| cell.split_whitespace().count()).sum();
    let different = frequencies(counts.iter().flat_map(|(cell, _)| cell.split_whitespace())).len();
    let is_prose = counts.iter().any(|(cell, _)| cell.contains(['.', ',', '!', '?']));
    if !is_prose && words > counts.len() && different * 2 <= words {
        TargetKind::Lists
    } else {
        TargetKind::Text
    }
}

/// Class names in order: as numbers where all are, else as text.
fn sorted(counts: &[(&str, usize)]) -> Vec<String> {
    let mut classes: Vec<String> = counts.iter().map(|(cell, _)| (*cell).to_owned()).collect();
    classes.sort_by(|a, b| match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    });
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, cells: &[&str], times: usize) -> TargetKind {
        target_kind(name, cells.iter().copied().cycle().take(cells.len() * times))
    }

    #[test]
    fn kinds_are_told_apart() {
        assert_eq!(kind("y", &["1", "0"], 9), TargetKind::Binary { classes: vec!["0".into(), "1".into()] });
        assert!(matches!(
            kind("stars", &["1", "2", "3", "4", "5"], 9),
            TargetKind::Ratings { minimum: 1, maximum: 5 }
        ));
        assert!(matches!(kind("digit", &["0", "1", "2", "10", "3", "4", "5", "6", "7", "8", "9"], 9),
            TargetKind::Classes { classes } if classes[10] == "10"));
        assert!(matches!(kind("species", &["cat", "dog", "eel"], 9), TargetKind::Classes { .. }));
        assert_eq!(
            kind("price", &["1.5", "-2", "0", "7"], 1),
            TargetKind::Number { is_whole: false, has_negative: true, has_zero: true }
        );
        assert_eq!(kind("tags", &["a b", "b c", "c a", "a c b"], 1), TargetKind::Lists);
        assert_eq!(kind("caption", &["A dog runs.", "Rain, again.", "Go!"], 1), TargetKind::Text);
    }
}
