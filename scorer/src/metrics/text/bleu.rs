//! BLEU of a corpus (Papineni et al. 2002) as sacrebleu computes it: tokenizer 13a, exponential
//! smoothing, 0 to 100.

use crate::metrics::Undefined;
use crate::metrics::about::About;

use super::words::{common_ngrams, is_space, n_ngrams, numbered, words};
use super::{BLANK, Corpus, no_words};

const N_ORDERS: usize = 4;

/// Puts spaces around punctuation as mteval-v13a does: four substitutions, one after the other.
fn tokenized(text: &str) -> String {
    let mut text = text.trim_end_matches(is_space).to_owned();
    for (from, to) in [("<skipped>", ""), ("-\n", ""), ("\n", " ")] {
        replace(&mut text, from, to);
    }
    for (from, to) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
        replace(&mut text, from, to);
    }
    let mut spaced: Vec<char> = Vec::with_capacity(text.len() * 2);
    spaced.push(' ');
    for c in text.chars() {
        if is_parted(c) {
            spaced.extend([' ', c, ' ']);
        } else {
            spaced.push(c);
        }
    }
    spaced.push(' ');
    let is_stop = |c: char| matches!(c, '.' | ',');
    let spaced = pairs(&spaced, |a, b| !a.is_ascii_digit() && is_stop(b), |a, b| [a, ' ', b, ' ']);
    let spaced = pairs(&spaced, |a, b| is_stop(a) && !b.is_ascii_digit(), |a, b| [' ', a, ' ', b]);
    let spaced = pairs(&spaced, |a, b| a.is_ascii_digit() && b == '-', |a, b| [a, ' ', b, ' ']);
    spaced.into_iter().collect()
}

fn replace(text: &mut String, from: &str, to: &str) {
    if text.contains(from) {
        *text = text.replace(from, to);
    }
}

/// ASCII punctuation but `'`, `,`, `-` and `.`.
fn is_parted(c: char) -> bool {
    matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/')
}

/// Replaces pairs of characters from left to right, none of them twice.
fn pairs(
    text: &[char],
    is_pair: impl Fn(char, char) -> bool,
    replacement: impl Fn(char, char) -> [char; 4],
) -> Vec<char> {
    let mut replaced = Vec::with_capacity(text.len() + 16);
    let mut at = 0;
    while at < text.len() {
        match text.get(at + 1) {
            Some(next) if is_pair(text[at], *next) => {
                replaced.extend(replacement(text[at], *next));
                at += 2;
            }
            _ => {
                replaced.push(text[at]);
                at += 1;
            }
        }
    }
    replaced
}

/// Words of the prediction, words of the truth, and of every order the n-grams that are shared and
/// those of the prediction.
fn counts(truth: &str, prediction: &str) -> [u32; 2 + 2 * N_ORDERS] {
    let (truth, prediction) = (tokenized(truth), tokenized(prediction));
    let (y, p) = numbered(words(&truth), words(&prediction));
    let mut counts = [0; 2 + 2 * N_ORDERS];
    counts[0] = p.len() as u32;
    counts[1] = y.len() as u32;
    for n in 1..=N_ORDERS {
        counts[1 + n] = common_ngrams(&y, &p, n, 32);
        counts[1 + N_ORDERS + n] = n_ngrams(p.len(), n);
    }
    counts
}

fn combine(counts: [f64; 2 + 2 * N_ORDERS]) -> Result<f64, Undefined> {
    let [predicted, truth, ..] = counts;
    let (shared, total) = counts[2..].split_at(N_ORDERS);
    if truth == 0.0 {
        return Err(no_words());
    }
    // No word in common, or no prediction as long as the longest n-gram.
    if shared.iter().all(|count| *count == 0.0) || total.contains(&0.0) {
        return Ok(0.0);
    }
    let mut smoothing = 1.0;
    let mut logs = 0.0;
    for (shared, total) in shared.iter().zip(total) {
        let precision = if *shared == 0.0 {
            smoothing *= 2.0;
            100.0 / (smoothing * total)
        } else {
            100.0 * shared / total
        };
        logs += precision.ln();
    }
    let brevity = if predicted < truth { (1.0 - truth / predicted).exp() } else { 1.0 };
    Ok(brevity * (logs / N_ORDERS as f64).exp())
}

pub static BLEU: Corpus<{ 2 + 2 * N_ORDERS }> = Corpus {
    about: About {
        name: "bleu",
        title: "BLEU",
        best: Some(100.0),
        sentence: "How many word sequences of length 1 to 4 the predictions share with the truths, all rows together; 100 is perfect.",
        formula: r"100\cdot\min\bigl(1,e^{1-|Y|/|P|}\bigr)\cdot\Bigl(\prod_{n=1}^{4}p_n\Bigr)^{1/4}",
        edge_cases: &[
            "Tokenizer 13a of sacrebleu, upper and lower case apart, one reference a row.",
            "An order without a shared sequence counts as 1/(2·total), the next such order as 1/(4·total), and so on.",
            "0 where no prediction has four tokens, or no token is shared. Undefined where the truths hold no token.",
        ],
        gaming: "Short predictions are punished by total length alone: rows may be left short where others are long.",
        ..BLANK
    },
    counts,
    combine,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_is_parted_as_sacrebleu_parts_it() {
        for (text, tokens) in [
            ("Hello, world.", "Hello , world ."),
            ("3.14 and 1,000. End..", "3.14 and 1,000 . End . ."),
            ("a-b 3-4 (x/y) 'z'", "a-b 3 - 4 ( x / y ) 'z'"),
            ("x&quot;y &lt;b&gt; <skipped>k", "x \" y < b > k"),
            (".5 5. a.b,c", ". 5 5 . a . b , c"),
            ("e-mail\n- it\nnext", "e-mail - it next"),
        ] {
            let tokenized = tokenized(text);
            assert_eq!(words(&tokenized).collect::<Vec<_>>().join(" "), tokens, "{text}");
        }
    }
}
