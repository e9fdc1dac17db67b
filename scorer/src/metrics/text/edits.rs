//! Edit distances: per row, and as a ratio of sums over the split.

use holdout_contract::spec::Direction;

use crate::kernels::{distance, sum, text_distance};
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{Laws, Metric, Params, PerRow, Rows, ScoresPerRow, Undefined};

use super::words::{is_space, numbered};
use super::{BLANK, Mean, ONE_SIDED, no_words};

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

fn word_edits(truth: &str, prediction: &str) -> [u32; 2] {
    let (truth, prediction) = numbered(rated_words(truth), rated_words(prediction));
    [distance(&truth, &prediction) as u32, truth.len() as u32]
}

fn character_edits(truth: &str, prediction: &str) -> [u32; 2] {
    let (truth, prediction) = (truth.trim_matches(is_space), prediction.trim_matches(is_space));
    [text_distance(truth, prediction) as u32, truth.chars().count() as u32]
}

fn similarity(truth: &str, prediction: &str) -> f64 {
    let longer = truth.chars().count().max(prediction.chars().count());
    match longer {
        0 => 1.0,
        longer => 1.0 - text_distance(truth, prediction) as f64 / longer as f64,
    }
}

/// Edits over the length of the truth.
pub struct ErrorRate {
    about: About,
    /// Edits and length of a row.
    counts: fn(&str, &str) -> [u32; 2],
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

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }
}

impl PerRow for ErrorRate {
    type Found = [u32; 2];

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<[u32; 2]> {
        rows.each_pair(self.counts)
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

pub static LEVENSHTEIN_MEAN: Mean = Mean {
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
    term: |truth, prediction| text_distance(truth, prediction) as f64,
};

pub static LEVENSHTEIN_SIMILARITY: Mean = Mean {
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
    counts: word_edits,
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
    counts: character_edits,
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
