//! chrF2 of a corpus (Popović 2015) as sacrebleu computes it: characters without spaces, orders 1 to
//! 6, recall counted twice as much as precision, 0 to 100.

use crate::metrics::Undefined;
use crate::metrics::about::About;

use super::words::{common_ngrams, is_space, n_ngrams};
use super::{BLANK, Corpus, no_words};

const N_ORDERS: usize = 6;
/// Bits of a code point; six of them fit into 128.
const WIDTH: u32 = 21;
const BETA_SQUARED: f64 = 4.0;

fn characters(text: &str) -> Vec<u32> {
    text.chars().filter(|c| !is_space(*c)).map(u32::from).collect()
}

/// Of every order: n-grams of the prediction (where the truth has one), of the truth, and shared.
fn counts(truth: &str, prediction: &str) -> [u32; 3 * N_ORDERS] {
    let (y, p) = (characters(truth), characters(prediction));
    let mut counts = [0; 3 * N_ORDERS];
    for (order, part) in counts.chunks_exact_mut(3).enumerate() {
        let n = order + 1;
        let of_truth = n_ngrams(y.len(), n);
        let of_prediction = if of_truth > 0 { n_ngrams(p.len(), n) } else { 0 };
        part.copy_from_slice(&[of_prediction, of_truth, common_ngrams(&y, &p, n, WIDTH)]);
    }
    counts
}

fn combine(counts: [f64; 3 * N_ORDERS]) -> Result<f64, Undefined> {
    if counts[1] == 0.0 {
        return Err(no_words());
    }
    let orders = counts.chunks_exact(3).filter(|part| part[0] > 0.0 && part[1] > 0.0);
    let (mut precision, mut recall, mut n_orders) = (0.0, 0.0, 0.0);
    for part in orders {
        precision += part[2] / part[0];
        recall += part[2] / part[1];
        n_orders += 1.0;
    }
    if precision + recall == 0.0 {
        return Ok(0.0);
    }
    let (precision, recall) = (precision / n_orders, recall / n_orders);
    Ok(100.0 * (1.0 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall))
}

pub static CHRF: Corpus<{ 3 * N_ORDERS }> = Corpus {
    about: About {
        name: "chrf",
        title: "chrF2",
        best: Some(100.0),
        sentence: "How many character sequences of length 1 to 6 predictions and truths share, all rows together; 100 is perfect.",
        formula: r"100\cdot\frac{5\,\bar P\,\bar R}{4\,\bar P+\bar R},\quad\bar P=\frac16\sum_{n=1}^{6}P_n,\ \bar R=\frac16\sum_{n=1}^{6}R_n",
        edge_cases: &[
            "Spaces are left out; upper and lower case apart; characters are code points.",
            "Orders for which no row has both a true and a predicted sequence are left out of the means.",
            "0 where nothing is shared. Undefined where the truths hold no character.",
        ],
        gaming: "Recall counts twice as much as precision: somewhat too long texts score better than short ones.",
        ..BLANK
    },
    counts,
    combine,
};
