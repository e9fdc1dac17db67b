//! Metrics of which several files' scores are computed together: what is the same work for every file, sums, sorts,
//! distances, overlaps, is asked of the evaluator once. A score is the same to the last bit as the file's alone.

use std::ops::Range;

use holdout_evaluator::Evaluator;

use super::{Params, PerRow, Rows, Undefined};

/// Pairs of a truth and a prediction that are asked about at once: what names them takes 32 bytes each.
const MOST_PAIRS: usize = 1 << 20;

/// Of a file, the score of every part of its rows.
pub type PartScores = Vec<Result<f64, Undefined>>;

/// Files that predict the same rows, and what is wanted of them.
pub struct Files<'a> {
    pub rows: &'a [Rows<'a>],
    pub parts: &'a [Range<usize>],
    pub params: &'a Params,
    pub evaluator: &'a Evaluator,
}

impl<'a> Files<'a> {
    /// The files of one question after another: as many as have few enough pairs, one at least.
    pub(crate) fn by_question(&self) -> impl Iterator<Item = &'a [Rows<'a>]> {
        let n_rows = self.rows.first().map_or(0, Rows::len).max(1);
        self.rows.chunks((MOST_PAIRS / n_rows).max(1))
    }
}

pub trait ScoresTogether {
    /// As [`super::Metric::score_parts`], of every file.
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores>;
}

/// A metric that finds something out about the rows of all files at once, and then adds up file by file.
pub trait FindsTogether: PerRow {
    /// As [`PerRow::find`], of every file.
    fn find_in_files(&self, files: &Files<'_>) -> Vec<Vec<Self::Found>>;
}

impl<M: FindsTogether> ScoresTogether for M {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let of_file = |(rows, found): (&Rows<'_>, Vec<M::Found>)| {
            let of_part = |part: &Range<usize>| {
                rows.with_part(part.clone(), |rows| self.add_up(rows, &found[part.clone()], files.params))
            };
            files.parts.iter().map(of_part).collect()
        };
        files.rows.iter().zip(self.find_in_files(files)).map(of_file).collect()
    }
}
