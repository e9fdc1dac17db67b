//! Edit distances: per row, and as a ratio of sums over the split.

use holdout_contract::spec::Direction;

use crate::kernels::{distance, text_distance};
use crate::metrics::Undefined;
use crate::metrics::about::About;

use super::words::{is_space, numbered};
use super::{BLANK, Corpus, Mean, no_words};

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

fn rate([edits, length]: [f64; 2]) -> Result<f64, Undefined> {
    if length > 0.0 { Ok(edits / length) } else { Err(no_words()) }
}

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

pub static WER: Corpus<2> = Corpus {
    about: About {
        name: "wer",
        title: "Word error rate",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "Words to insert, delete or substitute over the words of the truth, all rows together.",
        formula: r"\frac{\sum_i(S_i+D_i+I_i)}{\sum_i N_i}",
        edge_cases: &[
            "Words are parted by a blank, or by two and more spaces of any kind; spaces at the ends do not count.",
            "Case and punctuation count.",
            ABOVE,
        ],
        gaming: "Long texts decide. A word left out costs as much as a wrong one, so guessing costs nothing.",
        ..BLANK
    },
    counts: word_edits,
    combine: rate,
};

pub static CER: Corpus<2> = Corpus {
    about: About {
        name: "cer",
        title: "Character error rate",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "Characters to insert, delete or substitute over the characters of the truth, all rows together.",
        formula: r"\frac{\sum_i(S_i+D_i+I_i)}{\sum_i N_i}",
        edge_cases: &["Spaces at the ends do not count, spaces between words do.", POINTS, ABOVE],
        gaming: "Long texts decide. A character left out costs as much as a wrong one.",
        ..BLANK
    },
    counts: character_edits,
    combine: rate,
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
