//! ROUGE (Lin 2004), F measure, tokens as Google's rouge_score cuts them, without a stemmer.

use crate::kernels::common_subsequence;
use crate::metrics::about::About;

use super::words::{common_ngrams, n_ngrams, numbered};
use super::{BLANK, Mean, harmonic};

fn tokens(lower: &str) -> impl Iterator<Item = &str> {
    let is_token = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    lower.split(move |c: char| !is_token(c)).filter(|token| !token.is_empty())
}

fn sides(truth: &str, prediction: &str) -> (Vec<u32>, Vec<u32>) {
    let (truth, prediction) = (truth.to_lowercase(), prediction.to_lowercase());
    numbered(tokens(&truth), tokens(&prediction))
}

fn f_measure(common: u32, n_true: u32, n_predicted: u32) -> f64 {
    let share = |n: u32| f64::from(common) / f64::from(n.max(1));
    harmonic(share(n_predicted), share(n_true))
}

fn of_ngrams(truth: &str, prediction: &str, n: usize) -> f64 {
    let (y, p) = sides(truth, prediction);
    f_measure(common_ngrams(&y, &p, n, 32), n_ngrams(y.len(), n), n_ngrams(p.len(), n))
}

fn of_subsequence(truth: &str, prediction: &str) -> f64 {
    let (y, p) = sides(truth, prediction);
    f_measure(common_subsequence(&y, &p) as u32, y.len() as u32, p.len() as u32)
}

const TOKENS: &str = "Words are runs of the letters a to z and digits, in lower case; everything else parts them, accented letters too. No stemmer.";
const EMPTY: &str =
    "A row scores 0 where one of the texts has nothing to count, also where both have nothing.";
const GAMING: &str =
    "Copying likely phrases scores without saying anything; length is balanced by F, not meaning.";

pub static ROUGE_1: Mean = Mean {
    about: About {
        name: "rouge1",
        title: "ROUGE-1",
        sentence: "The F score of the words that prediction and truth share, averaged over rows.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{2P_iR_i}{P_i+R_i}",
        edge_cases: &[TOKENS, EMPTY],
        gaming: GAMING,
        ..BLANK
    },
    term: |truth, prediction| of_ngrams(truth, prediction, 1),
};

pub static ROUGE_2: Mean = Mean {
    about: About {
        name: "rouge2",
        title: "ROUGE-2",
        sentence: "The F score of the pairs of neighbouring words that prediction and truth share, averaged over rows.",
        ..ROUGE_1.about
    },
    term: |truth, prediction| of_ngrams(truth, prediction, 2),
};

pub static ROUGE_L: Mean = Mean {
    about: About {
        name: "rougeL",
        title: "ROUGE-L",
        sentence: "The F score of the longest sequence of words that prediction and truth have in common in this order, averaged over rows.",
        ..ROUGE_1.about
    },
    term: of_subsequence,
};
