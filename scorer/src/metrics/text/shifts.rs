//! The fewest edits and moves that turn one list of words into another, found greedily with the bounds
//! and the order of choices that Tercom and sacrebleu have.

const MAX_SHIFT_SIZE: usize = 10;
const MAX_SHIFT_DISTANCE: usize = 50;
const MAX_CANDIDATES: usize = 1000;
const BEAM_WIDTH: usize = 25;
/// A cell outside of the beam.
const FAR: u32 = u32::MAX / 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Keep,
    Substitute,
    /// A word of the truth that the prediction lacks.
    Insert,
    /// A word of the prediction that the truth lacks.
    Delete,
    Unknown,
}

/// Edits and moves from `predicted` to `truth`.
pub(super) fn edits_with_shifts(predicted: &[u32], truth: &[u32]) -> u32 {
    if truth.is_empty() {
        return predicted.len() as u32;
    }
    let mut words = predicted.to_vec();
    let mut table = Table::new(words.len(), truth.len());
    let (mut n_shifts, mut n_tried) = (0, 0);
    loop {
        let edits = table.fill(&words, truth);
        match best_shift(&words, truth, &mut table, &mut n_tried) {
            Some((gain, shifted)) if n_tried < MAX_CANDIDATES && gain > 0 => {
                n_shifts += 1;
                words = shifted;
            }
            _ => return n_shifts + edits,
        }
    }
}

/// The edit distances of all beginnings near the diagonal, with the last step to each. Only the cells
/// inside the beam are stored.
struct Table {
    rows: Vec<Band>,
    n_columns: usize,
    /// The words that the rows below the first were last filled for.
    filled: Vec<u32>,
}

struct Band {
    first: usize,
    cells: Vec<(u32, Step)>,
}

impl Band {
    fn cell(&self, column: usize) -> (u32, Step) {
        let inside = column.checked_sub(self.first).and_then(|at| self.cells.get(at));
        inside.copied().unwrap_or((FAR, Step::Unknown))
    }
}

impl Table {
    fn new(n_predicted: usize, n_true: usize) -> Self {
        let ratio = if n_predicted == 0 { 1.0 } else { n_true as f64 / n_predicted as f64 };
        let beam = if (BEAM_WIDTH as f64) < ratio / 2.0 {
            (ratio / 2.0 + BEAM_WIDTH as f64).ceil() as usize
        } else {
            BEAM_WIDTH
        };
        let band = |row: usize| {
            let diagonal = (row as f64 * ratio).floor() as usize;
            let end = if row == n_predicted { n_true + 1 } else { (n_true + 1).min(diagonal + beam) };
            let first = diagonal.saturating_sub(beam).min(end);
            Band { first, cells: vec![(FAR, Step::Unknown); end - first] }
        };
        let above = (0..=n_true).map(|column| (column as u32, Step::Insert)).collect();
        let mut rows = vec![Band { first: 0, cells: above }];
        rows.extend((1..=n_predicted).map(band));
        Self { rows, n_columns: n_true + 1, filled: Vec::new() }
    }

    fn distance(&self) -> u32 {
        self.rows.last().map_or(FAR, |row| row.cell(self.n_columns - 1).0)
    }

    /// Fills the rows from the first word that is not as it was; returns the distance of the whole.
    fn fill(&mut self, words: &[u32], truth: &[u32]) -> u32 {
        let same = self.filled.iter().zip(words).take_while(|(a, b)| a == b).count();
        for row in same + 1..self.rows.len() {
            self.fill_row(row, words[row - 1], truth);
        }
        self.filled.clear();
        self.filled.extend_from_slice(words);
        self.distance()
    }

    fn fill_row(&mut self, row: usize, word: u32, truth: &[u32]) {
        let (above, here) = self.rows.split_at_mut(row);
        let (above, here) = (&above[row - 1], &mut here[0]);
        let mut left = FAR;
        for (at, cell) in here.cells.iter_mut().enumerate() {
            let column = here.first + at;
            *cell = (FAR, Step::Unknown);
            if column == 0 {
                *cell = (above.cell(0).0 + 1, Step::Delete);
            } else {
                let is_same = word == truth[column - 1];
                let through = if is_same { Step::Keep } else { Step::Substitute };
                for (cost, step) in [
                    (above.cell(column - 1).0 + u32::from(!is_same), through),
                    (above.cell(column).0 + 1, Step::Delete),
                    (left + 1, Step::Insert),
                ] {
                    if cost < cell.0 {
                        *cell = (cost, step);
                    }
                }
            }
            left = cell.0;
        }
    }

    fn alignment(&self) -> Alignment {
        let (mut row, mut column) = (self.rows.len() - 1, self.n_columns - 1);
        let mut found = Alignment {
            of_true: vec![None; column],
            true_is_wrong: vec![false; column],
            predicted_is_wrong: vec![false; row],
        };
        while row > 0 || column > 0 {
            let step = match self.rows[row].cell(column).1 {
                // Outside of the beam no step is known; any way to the start will do.
                Step::Unknown if row > 0 => Step::Delete,
                Step::Unknown => Step::Insert,
                step => step,
            };
            let is_wrong = step != Step::Keep;
            if step != Step::Insert {
                row -= 1;
                found.predicted_is_wrong[row] = is_wrong;
            }
            if step != Step::Delete {
                column -= 1;
                found.true_is_wrong[column] = is_wrong;
                // A missing word is aligned with the predicted word before it, if there is one.
                found.of_true[column] = if step == Step::Insert { row.checked_sub(1) } else { Some(row) };
            }
        }
        found
    }
}

struct Alignment {
    /// The predicted word that each true word stands at; `None`: before the first.
    of_true: Vec<Option<usize>>,
    true_is_wrong: Vec<bool>,
    predicted_is_wrong: Vec<bool>,
}

/// How good a move is: what it gains, then longer, then earlier, then to an earlier place.
type Rank = (i64, usize, std::cmp::Reverse<usize>, std::cmp::Reverse<usize>);

/// The best move of a sequence that stands elsewhere in the truth, with what it gains; `table` must be
/// filled for `words`.
fn best_shift(
    words: &[u32],
    truth: &[u32],
    table: &mut Table,
    n_tried: &mut usize,
) -> Option<(i64, Vec<u32>)> {
    let alignment = table.alignment();
    let before = i64::from(table.distance());
    let mut best: Option<(Rank, Vec<u32>)> = None;
    'search: for start in 0..words.len() {
        let first = start.saturating_sub(MAX_SHIFT_DISTANCE);
        let end = truth.len().min(start + MAX_SHIFT_DISTANCE + 1);
        for goal in first..end {
            let longest = words[start..].iter().zip(&truth[goal..]).take(MAX_SHIFT_SIZE);
            let longest = longest.take_while(|(a, b)| a == b).count();
            for length in 1..=longest {
                if !alignment.is_worth_moving(start, goal, length) {
                    continue;
                }
                for target in alignment.targets(goal, length) {
                    let shifted = moved(words, start, length, target);
                    let gain = before - i64::from(table.fill(&shifted, truth));
                    let rank = (gain, length, std::cmp::Reverse(start), std::cmp::Reverse(target));
                    *n_tried += 1;
                    if best.as_ref().is_none_or(|(best, _)| rank > *best) {
                        best = Some((rank, shifted));
                    }
                }
                if *n_tried >= MAX_CANDIDATES {
                    break 'search;
                }
            }
        }
    }
    best.map(|(rank, shifted)| (rank.0, shifted))
}

impl Alignment {
    fn is_worth_moving(&self, start: usize, goal: usize, length: usize) -> bool {
        let stands_there = self.of_true[goal].is_some_and(|at| (start..start + length).contains(&at));
        self.predicted_is_wrong[start..start + length].contains(&true)
            && self.true_is_wrong[goal..goal + length].contains(&true)
            && !stands_there
    }

    /// Places to move to: behind the words that stand at the goal and at each word of it.
    fn targets(&self, goal: usize, length: usize) -> Vec<usize> {
        let behind = |at: usize| self.of_true[at].map_or(0, |place| place + 1);
        let first = goal.checked_sub(1).map_or(0, behind);
        let mut targets = vec![first];
        for at in goal..goal + length {
            let target = behind(at);
            if targets.last() != Some(&target) {
                targets.push(target);
            }
        }
        targets
    }
}

fn moved(words: &[u32], start: usize, length: usize, target: usize) -> Vec<u32> {
    let sequence = &words[start..start + length];
    if target < start {
        return [&words[..target], sequence, &words[target..start], &words[start + length..]].concat();
    }
    if target > start + length {
        return [&words[..start], &words[start + length..target], sequence, &words[target..]].concat();
    }
    // Into itself: as far to the right as the target is from the start.
    let until = (length + target).min(words.len());
    [&words[..start], &words[start + length..until], sequence, &words[until..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_sequence_is_one_edit() {
        assert_eq!(edits_with_shifts(&[1, 2, 3, 4, 5, 6], &[4, 5, 6, 1, 2, 3]), 1);
        assert_eq!(edits_with_shifts(&[1, 2, 3], &[1, 2, 3]), 0);
        assert_eq!(edits_with_shifts(&[], &[1, 2]), 2);
        assert_eq!(edits_with_shifts(&[1, 2], &[]), 2);
        assert_eq!(edits_with_shifts(&[2, 1, 9], &[1, 2, 3]), 2);
    }
}
