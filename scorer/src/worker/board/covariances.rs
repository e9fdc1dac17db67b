//! Covariances of the scores of a board's teams: as they were found the last time, and anew for new submissions. Where
//! teams are ranked by several metrics, each of a team's scores has its own place, team by team.

use std::collections::HashMap;
use std::io::{self, Write};

use holdout_evaluator::{Cpu, Suite};

use super::Desk;
use super::column::{Column, keep, read_column, read_columns};
use crate::ranks::{self, Covariance};
use crate::worker::message::{Board, BoardEntry, BoardRanks};

/// Columns that are in memory together.
const MOST_BYTES: usize = 128 << 20;

/// Of all teams of the board: as it was found the last time, and anew where a submission is new. `None` where their
/// files were judged on different rows.
pub(super) fn covariance<D: Desk>(
    desk: &D,
    board: &Board,
    columns: &[Column],
    found: &mut BoardRanks,
    known: &Known,
) -> Result<Option<Covariance>, D::Fault> {
    let n_parts = n_parts(board);
    let (mut covariance, new) = known.of_board(board, n_parts);
    (found.n_units, found.counts_groups) = (known.n_units, known.counts_groups);
    let mut rest = new.as_slice();
    while let Some(first) = rest.first() {
        let first = read_column(desk, &columns[*first])?;
        let n_values = first.values.len();
        if (found.n_units != 0 && found.n_units != first.n_units) || first.n_parts != n_parts {
            return Ok(None);
        }
        (found.n_units, found.counts_groups) = (first.n_units, first.counts_groups);
        let n_batch = (MOST_BYTES / (4 * n_values.max(1))).clamp(1, rest.len());
        let (teams, later) = rest.split_at(n_batch);
        rest = later;
        let further = teams[1..].iter().map(|team| &columns[*team]);
        let Some(further) = read_columns(desk, further, n_values)? else { return Ok(None) };
        let values: Vec<Vec<f32>> = std::iter::once(first.values).chain(further).collect();
        let held = Held { teams, values, n_values, n_parts };
        if !held.compare(desk, board, columns, &mut covariance)? {
            return Ok(None);
        }
    }
    if !new.is_empty() {
        let known = Known::of(board, &covariance, found);
        found.covariances = Some(keep(desk, board, |output| known.write(output))?);
    }
    Ok(Some(covariance))
}

fn n_parts(board: &Board) -> usize {
    board.parts.len().max(1)
}

/// New teams whose columns are in memory.
struct Held<'a> {
    teams: &'a [usize],
    values: Vec<Vec<f32>>,
    /// Of a team, under all metrics.
    n_values: usize,
    n_parts: usize,
}

impl Held<'_> {
    /// With every team of the board; `false` where another file was judged on other rows.
    fn compare<D: Desk>(
        &self,
        desk: &D,
        board: &Board,
        columns: &[Column],
        covariance: &mut Covariance,
    ) -> Result<bool, D::Fault> {
        let n_of_part = (self.n_values / self.n_parts).max(1);
        let held: Vec<&[f32]> = self.values.iter().flat_map(|values| values.chunks(n_of_part)).collect();
        let scores_of = |teams: &[usize]| -> Vec<usize> {
            teams.iter().flat_map(|team| team * self.n_parts..(team + 1) * self.n_parts).collect()
        };
        let own_scores = scores_of(self.teams);
        let place_here = |team: &usize| self.teams.iter().position(|held| held == team);
        let all: Vec<usize> = (0..columns.len()).collect();
        for teams in all.chunks(ranks::together(self.n_values)) {
            let others = teams.iter().filter(|team| place_here(team).is_none()).map(|team| &columns[*team]);
            let Some(read) = read_columns(desk, others, self.n_values)? else { return Ok(false) };
            let mut read = read.iter();
            let with = teams.iter().map(|team| match place_here(team) {
                Some(at) => Some(&self.values[at]),
                None => read.next(),
            });
            let with: Vec<&[f32]> = with.flatten().flat_map(|values| values.chunks(n_of_part)).collect();
            // What is shown of a final board has the same digits on every machine.
            let Ok(found) = if board.is_final {
                Cpu.products(&held, &with)
            } else {
                desk.evaluator().products(&held, &with)
            };
            for (score, products) in scores_of(teams).into_iter().zip(found) {
                for (own, product) in own_scores.iter().zip(products) {
                    covariance.set(*own, score, product, n_of_part);
                }
            }
        }
        Ok(true)
    }
}

/// Covariances by submission, as they are kept.
#[derive(Default)]
pub(super) struct Known {
    n_units: u64,
    counts_groups: bool,
    /// Scores of each submission.
    n_parts: usize,
    submissions: Vec<i64>,
    places: HashMap<i64, usize>,
    /// The lower triangle, row by row.
    values: Vec<f64>,
}

impl Known {
    fn of(board: &Board, covariance: &Covariance, found: &BoardRanks) -> Self {
        let submissions: Vec<i64> = board.entries.iter().map(|entry| entry.kept.submission_id).collect();
        let n_parts = n_parts(board);
        let rows = 0..submissions.len() * n_parts;
        let values = rows.flat_map(|a| (0..=a).map(move |b| (a, b))).map(|(a, b)| covariance.at(a, b));
        Self {
            n_units: found.n_units,
            counts_groups: found.counts_groups,
            n_parts,
            values: values.collect(),
            submissions,
            ..Self::default()
        }
    }

    /// What is known of the teams of a board, and which of them are new.
    fn of_board(&self, board: &Board, n_parts: usize) -> (Covariance, Vec<usize>) {
        let known = |id: &i64| self.places.get(id).copied().filter(|_| self.n_parts == n_parts);
        let place = |entry: &BoardEntry| known(&entry.kept.submission_id);
        let places: Vec<Option<usize>> = board.entries.iter().map(place).collect();
        let score = |at: usize| places[at / n_parts].map(|place| place * n_parts + at % n_parts);
        let scores: Vec<Option<usize>> = (0..places.len() * n_parts).map(score).collect();
        let mut covariance = Covariance::zeros(scores.len());
        for a in 0..scores.len() {
            for b in 0..=a {
                if let (Some(place_a), Some(place_b)) = (scores[a], scores[b]) {
                    covariance.put(a, b, self.at(place_a, place_b));
                }
            }
        }
        let new = (0..places.len()).filter(|team| places[*team].is_none()).collect();
        (covariance, new)
    }

    fn at(&self, a: usize, b: usize) -> f64 {
        let (high, low) = (a.max(b), a.min(b));
        self.values[high * (high + 1) / 2 + low]
    }

    pub(super) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(32 + 8 * (self.submissions.len() + self.values.len()));
        let n_submissions = self.submissions.len() as u64;
        for number in [self.n_units, u64::from(self.counts_groups), self.n_parts as u64, n_submissions] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.submissions.iter().flat_map(|id| id.to_le_bytes()));
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        output.write_all(&bytes)
    }

    /// `None` for what was written by another program: all is found out anew.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let (head, body) = words.split_first_chunk::<4>()?;
        let [n_units, counts_groups, n_parts, n_submissions] = head.map(u64::from_le_bytes);
        let n = usize::try_from(n_submissions).ok()?;
        let n_parts = usize::try_from(n_parts).ok()?;
        let n_scores = n.checked_mul(n_parts)?;
        let n_values = n_scores.checked_mul(n_scores.checked_add(1)?)? / 2;
        let is_whole = rest.is_empty() && body.len() == n.checked_add(n_values)?;
        let (submissions, values) = body.split_at_checked(n).filter(|_| is_whole)?;
        let submissions: Vec<i64> = submissions.iter().map(|word| i64::from_le_bytes(*word)).collect();
        Some(Self {
            n_units,
            counts_groups: counts_groups == 1,
            n_parts,
            places: submissions.iter().enumerate().map(|(place, id)| (*id, place)).collect(),
            values: values.iter().map(|word| f64::from_le_bytes(*word)).collect(),
            submissions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_nothing_else_is() {
        let mut covariance = Covariance::zeros(3);
        for (at, (a, b)) in [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)].into_iter().enumerate() {
            covariance.put(a, b, at as f64 + 0.1);
        }
        let known = Known {
            n_units: 7,
            counts_groups: true,
            n_parts: 1,
            submissions: vec![30, 10, 20],
            values: vec![0.1, 1.1, 2.1, 3.1, 4.1, 5.1],
            ..Known::default()
        };
        let mut bytes = Vec::new();
        known.write(&mut bytes).expect("written");
        let read = Known::read(&bytes).expect("read");
        assert_eq!((read.n_units, read.counts_groups, read.places[&20]), (7, true, 2));
        assert_eq!((read.at(2, 1), read.at(1, 2), read.at(0, 0)), (covariance.at(2, 1), 4.1, 0.1));
        assert!(Known::read(&bytes[..bytes.len() - 8]).is_none());
        assert!(Known::read(&[0xff; 32]).is_none());
        let of_two = Known { n_parts: 3, submissions: vec![30, 10], values: vec![0.5; 21], ..known };
        let mut bytes = Vec::new();
        of_two.write(&mut bytes).expect("written");
        let read = Known::read(&bytes).expect("read");
        assert_eq!((read.n_parts, read.submissions.len(), read.values.len()), (3, 2, 21));
    }
}
