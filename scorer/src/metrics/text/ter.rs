//! Translation edit rate (Snover et al. 2006) as sacrebleu computes it, which follows Tercom.

use holdout_contract::spec::Direction;

use crate::metrics::Undefined;
use crate::metrics::about::About;

use super::shifts::edits_with_shifts;
use super::words::{numbered, words};
use super::{BLANK, Corpus, no_words};

fn counts(truth: &str, prediction: &str) -> [u32; 2] {
    let (truth, prediction) = (truth.to_lowercase(), prediction.to_lowercase());
    let (y, p) = numbered(words(&truth), words(&prediction));
    [edits_with_shifts(&p, &y), y.len() as u32]
}

fn combine([edits, length]: [f64; 2]) -> Result<f64, Undefined> {
    if length > 0.0 { Ok(100.0 * edits / length) } else { Err(no_words()) }
}

pub static TER: Corpus<2> = Corpus {
    about: About {
        name: "ter",
        title: "Translation edit rate",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "Words to insert, delete, substitute, and word sequences to move, over the words of the truth, all rows together, times 100.",
        formula: r"100\cdot\frac{\sum_i\mathrm{edits}(p_i,y_i)}{\sum_i|y_i|}",
        edge_cases: &[
            "Words are parted by spaces and compared in lower case; punctuation counts.",
            "Moves are searched greedily with Tercom's bounds: sequences of 10 words, over 50 places, 1000 tries a row; edits within 25 places of the diagonal.",
            "May exceed 100. Undefined where the truths hold no word.",
        ],
        gaming: "Long texts decide; the order of sequences costs one edit, however far they moved.",
        ..BLANK
    },
    counts,
    combine,
};
