//! Whole texts and sets of words.

use std::collections::HashSet;

use crate::metrics::about::About;

use super::words::{common_ngrams, numbered, words};
use super::{BLANK, Mean, harmonic};

fn jaccard(truth: &str, prediction: &str) -> f64 {
    let (truth, prediction) = (truth.to_lowercase(), prediction.to_lowercase());
    let set = |text| words(text).collect::<HashSet<&str, foldhash::fast::FixedState>>();
    let (truth, prediction) = (set(&truth), set(&prediction));
    let common = truth.intersection(&prediction).count();
    match truth.len() + prediction.len() - common {
        0 => 1.0,
        either => common as f64 / either as f64,
    }
}

/// Lower case, without ASCII punctuation and English articles, as the SQuAD evaluation does.
fn answer_words(text: &str) -> Vec<String> {
    let plain: String = text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let mut without = String::with_capacity(plain.len());
    // A run of word characters is a whole word to a regular expression; others stand between words.
    let mut rest = plain.as_str();
    while let Some(first) = rest.chars().next() {
        let is_word = first.is_alphanumeric();
        let end = rest.find(|c: char| c.is_alphanumeric() != is_word).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        without += if matches!(part, "a" | "an" | "the") { " " } else { part };
        rest = after;
    }
    words(&without).map(str::to_owned).collect()
}

fn token_f1(truth: &str, prediction: &str) -> f64 {
    let (truth, prediction) = (answer_words(truth), answer_words(prediction));
    if truth.is_empty() || prediction.is_empty() {
        return f64::from(u8::from(truth.is_empty() && prediction.is_empty()));
    }
    let (y, p) = numbered(truth.iter().map(String::as_str), prediction.iter().map(String::as_str));
    let common = f64::from(common_ngrams(&y, &p, 1, 32));
    harmonic(common / p.len() as f64, common / y.len() as f64)
}

pub static EXACT_MATCH_TEXT: Mean = Mean {
    about: About {
        name: "exact_match_text",
        title: "Exact match of texts",
        sentence: "The share of rows whose text is right to the last byte.",
        formula: r"\frac1n\sum_{i=1}^{n}[y_i=p_i]",
        edge_cases: &["Case, spaces and the Unicode form of accents count. Two empty texts are equal."],
        gaming: "There is no price for how wrong a wrong text is.",
        ..BLANK
    },
    term: |truth, prediction| f64::from(u8::from(truth == prediction)),
};

pub static TOKEN_F1: Mean = Mean {
    about: About {
        name: "token_f1",
        title: "Token F1",
        sentence: "The F1 score of the words of prediction and truth, each word as often as it occurs, averaged over rows.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{2\,|y_i\cap p_i|}{|y_i|+|p_i|}",
        edge_cases: &[
            "Words are compared in lower case, without ASCII punctuation and without the articles a, an and the.",
            "Two texts without a word count 1; one of them, 0.",
        ],
        gaming: "A few likely words are worth something in every row; the order of words is free.",
        ..BLANK
    },
    term: token_f1,
};

pub static WORD_JACCARD: Mean = Mean {
    about: About {
        name: "word_jaccard",
        title: "Word Jaccard",
        sentence: "The distinct words that both texts have over those that either has, averaged over rows.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{|Y_i\cap P_i|}{|Y_i\cup P_i|}",
        edge_cases: &[
            "Words are parted by spaces and compared in lower case; punctuation counts.",
            "Two texts without a word count 1.",
        ],
        gaming: "The order of words is free, and a word counts once however often it stands there.",
        ..BLANK
    },
    term: jaccard,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_as_squad_compares_them() {
        assert_eq!(answer_words("The cat's  hat, an A-list; theory"), ["cats", "hat", "alist", "theory"]);
        assert!((token_f1("the quick brown fox", "Quick, quick fox!") - 4.0 / 6.0).abs() < 1e-15);
        assert_eq!(token_f1("the", ""), 1.0);
        assert_eq!(token_f1("a dog", ""), 0.0);
    }
}
