//! Edit distances: per row, and as a ratio of sums over the split.

use holdout_contract::spec::Direction;
use holdout_evaluator::{Evaluator, Suite};

use crate::influence::Sums;
use crate::kernels::{distance, sum, text_distance};
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{
    Files, Laws, Metric, Params, PartScores, PerRow, Rows, ScoresPerRow, ScoresTogether, Undefined, finite,
};

use super::words::{Numbering, is_space, numbered};
use super::{BLANK, ONE_SIDED, SYMMETRIC, no_words};

fn pairs<'a>(rows: &Rows<'a>, cut: fn(&str) -> &str) -> Vec<(&'a str, &'a str)> {
    let (truths, predictions) = (rows.truths[0], rows.predictions[0]);
    (0..rows.len()).map(|at| (cut(truths.text(at)), cut(predictions.text(at)))).collect()
}

/// The distances of the texts of every row, each cut to what counts of it, file by file.
fn distances_of_files(files: &Files<'_>, cut: fn(&str) -> &str) -> Vec<Vec<u32>> {
    let n_rows = files.rows.first().map_or(0, Rows::len);
    if n_rows == 0 {
        return vec![Vec::new(); files.rows.len()];
    }
    let mut found = Vec::with_capacity(files.rows.len());
    for rows in files.by_question() {
        let pairs: Vec<(&str, &str)> = rows.iter().flat_map(|rows| pairs(rows, cut)).collect();
        let Ok(distances) = files.evaluator.text_distances(&pairs);
        found.extend(distances.chunks(n_rows).map(<[u32]>::to_vec));
    }
    found
}

/// Words as jiwer cuts them: at single blanks, and at two and more spaces of any kind. A tab alone
/// between two letters does not part them.
fn rated_words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_matches(is_space);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut spaces = rest.char_indices().filter(|(_, c)| is_space(*c));
        let parting = spaces.find(|(at, c)| {
            let next = rest[at + c.len_utf8()..].chars().next();
            *c == ' ' || next.is_some_and(is_space)
        });
        let (word, after) = match parting {
            Some((at, _)) => (&rest[..at], rest[at..].trim_start_matches(is_space)),
            None => (rest, ""),
        };
        rest = after;
        Some(word)
    })
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn similarity(distance: u32, truth: &str, prediction: &str) -> f64 {
    let longer = truth.chars().count().max(prediction.chars().count());
    match longer {
        0 => 1.0,
        longer => 1.0 - f64::from(distance) / longer as f64,
    }
}

/// A mean over rows of something that follows from a row's edit distance.
pub struct MeanOfEdits {
    about: About,
    /// Of the distance, the truth and the prediction.
    term: fn(u32, &str, &str) -> f64,
}

impl Metric for MeanOfEdits {
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

impl PerRow for MeanOfEdits {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<f64> {
        rows.each_pair(|truth, prediction| {
            (self.term)(text_distance(truth, prediction) as u32, truth, prediction)
        })
    }

    fn add_up(&self, rows: &Rows<'_>, terms: &[f64], _: &Params) -> Result<f64, Undefined> {
        rows.mean(|at| terms[at])
    }
}

impl ScoresTogether for MeanOfEdits {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let of_file = |(rows, distances): (&Rows<'_>, Vec<u32>)| {
            let (truths, predictions) = (rows.truths[0], rows.predictions[0]);
            rows.each(|at| (self.term)(distances[at], truths.text(at), predictions.text(at)))
        };
        let found = files.rows.iter().zip(distances_of_files(files, |text| text)).map(of_file).collect();
        files.add_up(self, found)
    }
}

#[derive(Clone, Copy)]
enum Units {
    Words,
    Characters,
}

/// Edits over the length of the truth.
pub struct ErrorRate {
    about: About,
    units: Units,
}

impl Metric for ErrorRate {
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
        if params.text(AVERAGE.name) == Some(OVER_ROWS) {
            return None;
        }
        let counts = self.find(rows, params);
        let column =
            |part: usize| -> Vec<f64> { counts.iter().map(|counts| f64::from(counts[part])).collect() };
        let terms = vec![column(0), column(1)];
        Some(Sums { terms, combine: Box::new(|sums| finite(sums[0] / sums[1])) })
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

/// The words of one row of several files as numbers: a truth is cut and kept once, and of a prediction counts which of
/// the truth's words it has.
struct RowWords {
    words: Vec<u32>,
    /// Where the truth's words end, and then those of every file.
    ends: Vec<usize>,
}

impl RowWords {
    fn of<'a>(truth: &'a str, predictions: impl Iterator<Item = &'a str>) -> Self {
        let mut numbering = Numbering::default();
        let mut words = numbering.of(rated_words(truth));
        let mut ends = vec![words.len()];
        for text in predictions {
            words.extend(numbering.known(rated_words(text)));
            ends.push(words.len());
        }
        Self { words, ends }
    }

    fn truth(&self) -> &[u32] {
        &self.words[..self.ends[0]]
    }

    /// The truth beside what each file says.
    fn pairs(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        self.ends.windows(2).map(|ends| (self.truth(), &self.words[ends[0]..ends[1]]))
    }
}

/// Edits and length of every row, in words, file by file.
fn word_edits(files: &[Rows<'_>], evaluator: &Evaluator) -> Vec<Vec<[u32; 2]>> {
    let rows = Rows::each_across(files, |at| {
        let predictions = files.iter().map(|rows| rows.predictions[0].text(at));
        RowWords::of(files[0].truths[0].text(at), predictions)
    });
    let pairs: Vec<_> = rows.iter().flat_map(RowWords::pairs).collect();
    let Ok(distances) = evaluator.distances(&pairs);
    let of_file = |file: usize| {
        let edits = distances.iter().skip(file).step_by(files.len());
        edits.zip(&rows).map(|(edits, row)| [*edits, row.truth().len() as u32]).collect()
    };
    (0..files.len()).map(of_file).collect()
}

fn words(truth: &str, prediction: &str) -> (Vec<u32>, Vec<u32>) {
    numbered(rated_words(truth), rated_words(prediction))
}

fn length(text: &str) -> u32 {
    text.chars().count() as u32
}

impl PerRow for ErrorRate {
    /// Edits and length of a row.
    type Found = [u32; 2];

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<[u32; 2]> {
        match self.units {
            Units::Words => rows.each_pair(|truth, prediction| {
                let (truth, prediction) = words(truth, prediction);
                [distance(&truth, &prediction) as u32, truth.len() as u32]
            }),
            Units::Characters => rows.each_pair(|truth, prediction| {
                let (truth, prediction) = (trimmed(truth), trimmed(prediction));
                [text_distance(truth, prediction) as u32, length(truth)]
            }),
        }
    }

    fn add_up(&self, rows: &Rows<'_>, counts: &[[u32; 2]], params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        if counts.iter().all(|[_, length]| *length == 0) {
            return Err(no_words());
        }
        if params.text(AVERAGE.name) == Some(OVER_ROWS) {
            return rows.mean(|at| rate_of_row(counts[at]));
        }
        let total = |part: usize| sum(rows.len(), |at| rows.weight(at) * f64::from(counts[at][part]));
        Ok(total(0) / total(1))
    }
}

impl ScoresTogether for ErrorRate {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let found = match self.units {
            Units::Words => files.by_question().flat_map(|rows| word_edits(rows, files.evaluator)).collect(),
            Units::Characters => {
                let of_file = |(rows, distances): (&Rows<'_>, Vec<u32>)| {
                    let truths = rows.truths[0];
                    rows.each(|at| [distances[at], length(trimmed(truths.text(at)))])
                };
                files.rows.iter().zip(distances_of_files(files, trimmed)).map(of_file).collect()
            }
        };
        files.add_up(self, found)
    }
}

fn rate_of_row([edits, length]: [u32; 2]) -> f64 {
    match length {
        0 => f64::from(edits.min(1)),
        length => f64::from(edits) / f64::from(length),
    }
}

const OVER_ROWS: &str = "rows";
const AVERAGE: ParameterAbout = ParameterAbout {
    name: "average",
    kind: Kind::Choice(&["corpus", OVER_ROWS], "corpus"),
    description: "All edits over the length of all truths, so that long texts decide; or the rate of every row, averaged.",
    is_main: false,
};
const OF_ROWS: &str =
    "Averaged over rows, an empty truth counts 0 where the prediction is empty, too, else 1.";

const POINTS: &str = "Characters are Unicode code points; a letter with a combining accent is two.";
const EXACT: &str = "Case, punctuation and spaces count as they stand.";
const SHORT: &str = "Where a row is doubtful a short, safe text loses less than a long guess.";
const ABOVE: &str =
    "May exceed 1 where predictions are longer than truths. Undefined where the truths are all empty.";

pub static LEVENSHTEIN_MEAN: MeanOfEdits = MeanOfEdits {
    about: About {
        name: "levenshtein_mean",
        title: "Mean Levenshtein distance",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The insertions, deletions and substitutions of characters that turn the prediction into the truth, averaged over rows.",
        formula: r"\frac1n\sum_{i=1}^{n}\mathrm{lev}(y_i,p_i)",
        edge_cases: &[POINTS, EXACT],
        gaming: SHORT,
        ..BLANK
    },
    term: |distance, _, _| f64::from(distance),
};

pub static LEVENSHTEIN_SIMILARITY: MeanOfEdits = MeanOfEdits {
    about: About {
        name: "levenshtein_similarity",
        title: "Normalised Levenshtein similarity",
        sentence: "One less the edit distance over the length of the longer text, averaged over rows.",
        formula: r"\frac1n\sum_{i=1}^{n}\Bigl(1-\frac{\mathrm{lev}(y_i,p_i)}{\max(|y_i|,|p_i|)}\Bigr)",
        edge_cases: &["Two empty texts count 1.", POINTS, EXACT],
        gaming: "Short texts count as much as long ones: one wrong letter in a short text costs most.",
        ..BLANK
    },
    term: similarity,
};

pub static WER: ErrorRate = ErrorRate {
    about: About {
        name: "wer",
        title: "Word error rate",
        parameters: &[AVERAGE],
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "Words to insert, delete or substitute over the words of the truth, all rows together.",
        formula: r"\frac{\sum_i(S_i+D_i+I_i)}{\sum_i N_i}",
        edge_cases: &[
            "Words are parted by a blank, or by two and more spaces of any kind; spaces at the ends do not count.",
            "Case and punctuation count.",
            ABOVE,
            OF_ROWS,
        ],
        gaming: "Long texts decide. A word left out costs as much as a wrong one, so guessing costs nothing.",
        ..BLANK
    },
    units: Units::Words,
};

pub static CER: ErrorRate = ErrorRate {
    about: About {
        name: "cer",
        title: "Character error rate",
        parameters: &[AVERAGE],
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "Characters to insert, delete or substitute over the characters of the truth, all rows together.",
        formula: r"\frac{\sum_i(S_i+D_i+I_i)}{\sum_i N_i}",
        edge_cases: &["Spaces at the ends do not count, spaces between words do.", POINTS, ABOVE, OF_ROWS],
        gaming: "Long texts decide. A character left out costs as much as a wrong one.",
        ..BLANK
    },
    units: Units::Characters,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_as_jiwer_parts_them() {
        let words = |text| rated_words(text).collect::<Vec<_>>();
        assert_eq!(words("  a  b c "), ["a", "b", "c"]);
        assert_eq!(words("a\tb c\t\td \te"), ["a\tb", "c", "d", "e"]);
        assert_eq!(words("a\t b\n"), ["a", "b"]);
        assert_eq!(words(" \t "), [""; 0]);
    }
}
