//! Metrics of which several files' scores are computed together: what is the same work for every file, sums, sorts,
//! distances, overlaps, is asked of the evaluator once. A score is the same to the last bit as the file's alone.
//!
//! Not here, and scored file by file: what one pass over a file's rows counts (labels, tags, clusters), since laying
//! it out for a device would take as long; what needs a mean, a median or a fit before it can add anything up; and
//! matchings, of which each step depends on the one before.

use std::ops::Range;

use holdout_evaluator::{Evaluator, Suite, order_key};

use super::{Params, PerRow, Rows, Undefined};
use crate::parallel;

/// Pairs of a truth and a prediction that are asked about at once: what names them takes up to 32 bytes each.
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
        self.by_question_of(1)
    }

    /// As [`Files::by_question`], where so many values are laid out for every row.
    pub(crate) fn by_question_of(&self, n_per_row: usize) -> impl Iterator<Item = &'a [Rows<'a>]> {
        let n_values = self.rows.first().map_or(0, Rows::len).max(1) * n_per_row.max(1);
        self.rows.chunks((MOST_PAIRS / n_values).max(1))
    }

    /// Looks at the rows of a part of every file by falling value of a predicted column; equal values keep the order
    /// of the solution file.
    pub(crate) fn by_falling<T>(
        &self,
        part: &Range<usize>,
        column: usize,
        look: impl Fn(&Rows<'_>, &[u32]) -> T,
    ) -> Vec<T> {
        let Some(first) = self.rows.first() else { return Vec::new() };
        let row_numbers = &first.row_numbers[part.clone()];
        let mut places: Vec<u32> = (0..row_numbers.len() as u32).collect();
        places.sort_by_key(|at| row_numbers[*at as usize]);
        let keys = |rows: &Rows<'_>| -> Vec<u64> {
            let values = &rows.predictions[column].numbers()[part.clone()];
            places.iter().map(|at| !order_key(values[*at as usize])).collect()
        };
        let look_at = |rows: &Rows<'_>, order: Vec<u32>| {
            let order: Vec<u32> = order.into_iter().map(|at| places[at as usize]).collect();
            rows.with_part(part.clone(), |rows| look(rows, &order))
        };
        let of_question = |files: &[Rows<'_>]| -> Vec<T> {
            let keys: Vec<Vec<u64>> = files.iter().map(keys).collect();
            let Ok(orders) = self.evaluator.orders(&keys.iter().map(Vec::as_slice).collect::<Vec<_>>());
            files.iter().zip(orders).map(|(rows, order)| look_at(rows, order)).collect()
        };
        self.by_question().flat_map(of_question).collect()
    }

    /// What follows from the truths of a part alone, which are those of all files; `None` where there is no file.
    pub(crate) fn of_truths<T>(&self, part: &Range<usize>, look: impl FnOnce(&Rows<'_>) -> T) -> Option<T> {
        self.rows.first().map(|rows| rows.with_part(part.clone(), look))
    }

    /// The scores of all files, of what was found out about the rows of each.
    pub(crate) fn add_up<M: PerRow>(&self, metric: &M, found: Vec<Vec<M::Found>>) -> Vec<PartScores> {
        self.rows.iter().zip(found).map(|(rows, found)| self.add_up_parts(metric, rows, &found)).collect()
    }

    /// As [`Files::add_up`], of one file.
    fn add_up_parts<M: PerRow>(&self, metric: &M, rows: &Rows<'_>, found: &[M::Found]) -> PartScores {
        let of_part = |part: &Range<usize>| {
            rows.with_part(part.clone(), |rows| metric.add_up(rows, &found[part.clone()], self.params))
        };
        self.parts.iter().map(of_part).collect()
    }

    /// The scores of all files, of those that each part has of them.
    pub(crate) fn by_part(&self, scores: impl Fn(&Range<usize>) -> PartScores) -> Vec<PartScores> {
        let mut of_files: Vec<PartScores> = self.rows.iter().map(|_| Vec::new()).collect();
        for part in self.parts {
            of_files.iter_mut().zip(scores(part)).for_each(|(of_file, score)| of_file.push(score));
        }
        of_files
    }
}

/// A metric that scores many files of one solution at once: what is the same work for each is done once for all.
pub trait ScoresTogether {
    /// As [`super::Metric::score_parts`], of every file.
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores>;
}

/// A metric that follows from sums over rows of what each of them adds, times its weight: the mean of what they add,
/// unless it says otherwise.
pub trait SumsTogether: Sync {
    /// What is found out about a row.
    type Found: Send + Sync;

    /// As [`PerRow::find`].
    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<Self::Found>;

    fn n_sums(&self) -> usize {
        1
    }

    /// What a row adds to one of the sums.
    fn term(&self, found: &Self::Found, at_sum: usize) -> f64;

    /// As [`PerRow::add_up`], given the sums.
    ///
    /// # Errors
    /// Why these rows have no score.
    fn of_sums(
        &self,
        rows: &Rows<'_>,
        found: &[Self::Found],
        _params: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        rows.mean_of(|| sum(0), |at| self.term(&found[at], 0))
    }
}

impl<M: SumsTogether> PerRow for M {
    type Found = M::Found;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<M::Found> {
        SumsTogether::find(self, rows, params)
    }

    fn add_up(&self, rows: &Rows<'_>, found: &[M::Found], params: &Params) -> Result<f64, Undefined> {
        self.of_sums(rows, found, params, |at_sum| rows.sum(|at| self.term(&found[at], at_sum)))
    }
}

impl<M: SumsTogether> ScoresTogether for M {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        // A processor adds up what it just found faster than what was laid out in columns first.
        if files.evaluator.device().is_none() {
            return score_one_by_one(self, files);
        }
        files.by_question_of(self.n_sums()).flat_map(|rows| score_by_sums(self, rows, files)).collect()
    }
}

fn score_one_by_one<M: SumsTogether>(metric: &M, files: &Files<'_>) -> Vec<PartScores> {
    let n_items = files.rows.iter().map(Rows::len).sum();
    parallel::map(files.rows.len(), n_items, |file| {
        let rows = &files.rows[file];
        files.add_up_parts(metric, rows, &SumsTogether::find(metric, rows, files.params))
    })
}

/// The scores of the files of one question; the evaluator adds up.
fn score_by_sums<M: SumsTogether>(metric: &M, rows: &[Rows<'_>], files: &Files<'_>) -> Vec<PartScores> {
    let Files { parts, params, evaluator, .. } = *files;
    let n_sums = metric.n_sums();
    let n_items = rows.iter().map(Rows::len).sum();
    let found: Vec<Vec<M::Found>> =
        parallel::map(rows.len(), n_items, |file| SumsTogether::find(metric, &rows[file], params));
    let columns_of = |file: usize| -> Vec<Vec<f64>> {
        let terms = |at_sum: usize| found[file].iter().map(|found| metric.term(found, at_sum)).collect();
        (0..n_sums).map(|at_sum| rows[file].weighted(terms(at_sum))).collect()
    };
    let columns: Vec<Vec<Vec<f64>>> = parallel::map(rows.len(), n_items, columns_of);
    let mut asked: Vec<&[f64]> = Vec::with_capacity(rows.len() * parts.len() * n_sums);
    for columns in &columns {
        for part in parts {
            asked.extend(columns.iter().map(|column| &column[part.clone()]));
        }
    }
    let Ok(sums) = evaluator.sums(&asked);
    let score = |file: usize, at: usize| {
        let (part, sums) = (parts[at].clone(), &sums[(file * parts.len() + at) * n_sums..][..n_sums]);
        let found = &found[file][part.clone()];
        rows[file].with_part(part, |rows| metric.of_sums(rows, found, params, |at_sum| sums[at_sum]))
    };
    let scores = |file: usize| (0..parts.len()).map(|at| score(file, at)).collect();
    parallel::map(rows.len(), n_items, scores)
}
