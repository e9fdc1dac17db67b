//! Texts against texts: edits, words, and n-grams.
//!
//! Definitions are those of the libraries that people publish with (sacrebleu, rouge_score, jiwer,
//! rapidfuzz), down to what counts as a space.

mod bleu;
mod chrf;
mod edits;
mod rouge;
mod shifts;
mod ter;
pub(crate) mod words;
mod wordwise;

pub use bleu::BLEU;
pub use chrf::CHRF;
pub use edits::{CER, LEVENSHTEIN_MEAN, LEVENSHTEIN_SIMILARITY, WER};
pub use rouge::{ROUGE_1, ROUGE_2, ROUGE_L};
pub use ter::TER;
pub use wordwise::{EXACT_MATCH_TEXT, TOKEN_F1, WORD_JACCARD};

use holdout_contract::spec::{Cell, Direction, Task};

use crate::influence::Sums;
use crate::metrics::about::{About, fields};
use crate::metrics::{
    Degenerate, Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined,
};

const TEXTS: fields::Fields = fields::Fields::Target { solution: Cell::Text, submission: Cell::Text };

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Text,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: TEXTS,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "",
};

const SYMMETRIC: Laws = Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] };
const ONE_SIDED: Laws = Laws { is_symmetric: false, ..SYMMETRIC };

/// A mean over rows of a term of truth and prediction.
pub struct Mean {
    about: About,
    term: fn(&str, &str) -> f64,
}

impl Metric for Mean {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        SYMMETRIC
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl SumsTogether for Mean {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<f64> {
        rows.each_pair(self.term)
    }

    fn term(&self, term: &f64, _: usize) -> f64 {
        *term
    }
}

/// A function of counts of every row, added up over the split.
pub struct Corpus<const N: usize> {
    about: About,
    /// Of truth and prediction.
    counts: fn(&str, &str) -> [u32; N],
    combine: fn([f64; N]) -> Result<f64, Undefined>,
}

impl<const N: usize> Metric for Corpus<N> {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        ONE_SIDED
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn sums<'a>(&'a self, rows: &Rows<'_>, params: &Params) -> Option<Sums<'a>> {
        let counts = self.find(rows, params);
        let column = |part: usize| counts.iter().map(|counts| f64::from(counts[part])).collect();
        let combine = |sums: &[f64]| (self.combine)(std::array::from_fn(|part| sums[part]));
        Some(Sums { terms: (0..N).map(column).collect(), combine: Box::new(combine) })
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl<const N: usize> SumsTogether for Corpus<N> {
    type Found = [u32; N];

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<[u32; N]> {
        rows.each_pair(self.counts)
    }

    fn n_sums(&self) -> usize {
        N
    }

    fn term(&self, counts: &[u32; N], at_sum: usize) -> f64 {
        f64::from(counts[at_sum])
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        _: &[[u32; N]],
        _: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        (self.combine)(std::array::from_fn(sum))
    }
}

/// The score of a corpus whose truths hold nothing to compare with.
fn no_words() -> Undefined {
    Undefined::because("The true texts of this split hold no word at all.")
}

/// 2ab / (a + b), 0 where both are 0.
fn harmonic(a: f64, b: f64) -> f64 {
    if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 }
}
