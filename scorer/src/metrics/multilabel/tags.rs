//! Sets of tags, written with spaces between them; their order and repetitions mean nothing.

use holdout_contract::spec::{Cell, Direction, Task};
use std::collections::BTreeSet;

use crate::kernels::sum;
use crate::metrics::about::{About, BETA, Kind, ParameterAbout, fields};
use crate::metrics::text::words::words;
use crate::metrics::{
    Degenerate, Draws, Laws, Metric, Params, PerRow, Rows, ScoresPerRow, ScoresTogether, SumsTogether,
    Undefined, Values,
};

/// Sizes of one row's sets.
struct Sizes {
    both: f64,
    truth: f64,
    predicted: f64,
    /// Tags the vocabulary has.
    vocabulary: f64,
    /// How many times as much recall counts, where the metric says.
    beta: f64,
}

/// Tags of the competition by their place: the host's list, else the tags of the whole solution.
struct Vocabulary(Vec<String>);

impl Vocabulary {
    fn of(rows: &Rows<'_>) -> Self {
        let mut names = rows.context.names("vocab").unwrap_or_else(|| match rows.truths[0] {
            Values::Texts { texts, .. } => texts.iter().flat_map(words).map(str::to_owned).collect(),
            Values::Numbers(_) | Values::Codes(_) => Vec::new(),
        });
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    /// Known tags of a cell, ascending, each once.
    fn read(&self, text: &str) -> Vec<usize> {
        let place = |tag: &str| self.0.binary_search_by(|known| known.as_str().cmp(tag)).ok();
        let mut places: Vec<usize> = words(text).filter_map(place).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    fn len(&self) -> f64 {
        self.0.len() as f64
    }
}

fn n_common(truth: &[usize], predicted: &[usize]) -> usize {
    truth.iter().filter(|tag| predicted.binary_search(tag).is_ok()).count()
}

/// A number of every row, averaged.
pub struct OfRows {
    about: About,
    is_symmetric: bool,
    compute: fn(&Sizes) -> f64,
}

impl Metric for OfRows {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: self.is_symmetric, has_weights: true, undefined_on: &[Degenerate::NoRows] }
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

impl SumsTogether for OfRows {
    type Found = Option<f64>;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<Option<f64>> {
        let beta = params.optional_number(BETA.name).unwrap_or(1.0);
        let of_empty_row = params.optional_number(EMPTY_ROW.name);
        let vocabulary = Vocabulary::of(rows);
        rows.each_pair(|truth, predicted| {
            let (truth, predicted) = (vocabulary.read(truth), vocabulary.read(predicted));
            let sizes = Sizes {
                both: n_common(&truth, &predicted) as f64,
                truth: truth.len() as f64,
                predicted: predicted.len() as f64,
                vocabulary: vocabulary.len(),
                beta,
            };
            let value = match of_empty_row {
                Some(value) if sizes.truth + sizes.predicted == 0.0 => value,
                _ => (self.compute)(&sizes),
            };
            (sizes.vocabulary > 0.0).then_some(value)
        })
    }

    fn term(&self, term: &Option<f64>, _: usize) -> f64 {
        term.unwrap_or_default()
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        terms: &[Option<f64>],
        _: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        if terms.iter().any(Option::is_none) {
            return Err(no_tag());
        }
        rows.mean_of(|| sum(0), |at| terms[at].unwrap_or_default())
    }
}

fn no_tag() -> Undefined {
    Undefined::because("The solution holds no tag at all.")
}

/// F1 of rows where tags outside the vocabulary count as wrong and two empty sets agree.
pub struct WithEmpty;

pub static F1_SAMPLES_EMPTY_1: WithEmpty = WithEmpty;

impl Metric for WithEmpty {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "f1_samples_empty1",
            title: "Mean F1 of rows, empty rows count 1",
            sentence: "The overlap of true and predicted tags of every row, averaged; a row rightly left empty counts 1.",
            formula: r"\frac1n\sum_{i=1}^{n}\frac{2\,|Y_i\cap P_i|}{|Y_i|+|P_i|}",
            edge_cases: &[
                "1 where both sets are empty.",
                "Every tag counts, also those no row of the solution has.",
                ORDER,
            ],
            ..BLANK
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] }
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

impl SumsTogether for WithEmpty {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<f64> {
        rows.each_pair(|truth, predicted| {
            let set = |text| words(text).collect::<BTreeSet<&str>>();
            let (truth, predicted) = (set(truth), set(predicted));
            let both = truth.intersection(&predicted).count() as f64;
            let sizes = (truth.len() + predicted.len()) as f64;
            if sizes == 0.0 { 1.0 } else { 2.0 * both / sizes }
        })
    }

    fn term(&self, term: &f64, _: usize) -> f64 {
        *term
    }
}

/// True and predicted tags of a row, by their places in the vocabulary.
type Sets = (Vec<usize>, Vec<usize>);

/// Counts of one tag over all rows.
#[derive(Clone, Copy, Default)]
struct Counts {
    both: f64,
    truth: f64,
    predicted: f64,
}

/// A number from the counts of every tag.
pub struct OfTags {
    about: About,
    compute: fn(&[Counts]) -> f64,
    /// How it moves with the counts of every tag.
    slopes: fn(&[Counts]) -> Vec<Slopes>,
}

/// How a score moves with one row more that has the tag on both sides, and with one that has it on one side.
#[derive(Clone, Copy)]
struct Slopes {
    both: f64,
    side: f64,
}

impl Slopes {
    /// Of twice the common ones over those of both sides, times a factor.
    fn of_f1(both: f64, sides: f64, factor: f64) -> Self {
        Self { both: factor * share(2.0, sides), side: -factor * share(2.0 * both, sides * sides) }
    }
}

impl Metric for OfTags {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] }
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn influence(&self, rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
        let sets = self.find(rows, params);
        let counts = count(&sets, Vocabulary::of(rows).0.len(), |at| rows.weight(at));
        if counts.is_empty() {
            return None;
        }
        let slopes = (self.slopes)(&counts);
        let moved = |(truth, predicted): &Sets| {
            let sides = truth.iter().chain(predicted).map(|tag| slopes[*tag].side).sum::<f64>();
            let common = truth.iter().filter(|tag| predicted.binary_search(tag).is_ok());
            sides + common.map(|tag| slopes[*tag].both).sum::<f64>()
        };
        let n = rows.len() as f64;
        Some(sets.iter().enumerate().map(|(at, sets)| n * rows.weight(at) * moved(sets)).collect())
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let (sets, n_tags) = (self.find(rows, params), Vocabulary::of(rows).0.len());
        Some(draws.scores(rows.len(), |times| {
            if n_tags == 0 || times.iter().all(|times| *times == 0) {
                return Err(no_tag());
            }
            Ok((self.compute)(&count(&sets, n_tags, |at| rows.weight(at) * f64::from(times[at]))))
        }))
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }
}

impl PerRow for OfTags {
    type Found = Sets;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<Sets> {
        let vocabulary = Vocabulary::of(rows);
        rows.each_pair(|truth, predicted| (vocabulary.read(truth), vocabulary.read(predicted)))
    }

    fn add_up(&self, rows: &Rows<'_>, sets: &[Sets], _: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let vocabulary = Vocabulary::of(rows);
        if vocabulary.0.is_empty() {
            return Err(no_tag());
        }
        Ok((self.compute)(&count(sets, vocabulary.0.len(), |at| rows.weight(at))))
    }
}

/// Adds up the weights of rows by tag.
fn count(sets: &[Sets], n_tags: usize, weight: impl Fn(usize) -> f64) -> Vec<Counts> {
    let mut counts = vec![Counts::default(); n_tags];
    for (at, (truth, predicted)) in sets.iter().enumerate() {
        let weight = weight(at);
        truth.iter().for_each(|tag| counts[*tag].truth += weight);
        predicted.iter().for_each(|tag| counts[*tag].predicted += weight);
        let common = truth.iter().filter(|tag| predicted.binary_search(tag).is_ok());
        common.for_each(|tag| counts[*tag].both += weight);
    }
    counts
}

/// a / b, 0 where there is nothing to divide by.
fn share(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

const ONE_TAG: &str =
    "A vocabulary of a single tag is that tag alone; scikit-learn takes it for two classes.";
const VOCABULARY: &str = "Tags outside the competition's vocabulary are ignored. It is the context's “vocab”, else all tags of the solution file.";
const ORDER: &str = "Order and repetition of tags mean nothing.";
const EMPTY_0: &str =
    "A row where both sets are empty counts 0, as in scikit-learn, unless the parameter says otherwise.";
const EMPTY_ROW: ParameterAbout = ParameterAbout {
    name: "empty_row",
    kind: Kind::Number(0.0, 1.0, 0.0),
    description: "What a row counts where both sets are empty.",
    is_main: false,
};
const TAGS: &[(&str, Cell)] = &[("tags", Cell::List)];

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Multilabel,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::Fields::Named { solution: TAGS, submission: TAGS },
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[EMPTY_0, VOCABULARY, ORDER],
    gaming: "A tag is worth naming well below a chance of one half, so thresholds are tuned per row rather than per tag.",
};

pub static F1_SAMPLES: OfRows = OfRows {
    about: About {
        name: "f1_samples",
        title: "Mean F1 of rows",
        parameters: &[EMPTY_ROW],
        sentence: "The overlap of true and predicted tags of every row, averaged.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{2\,|Y_i\cap P_i|}{|Y_i|+|P_i|}",
        ..BLANK
    },
    is_symmetric: true,
    compute: |sizes| share(2.0 * sizes.both, sizes.truth + sizes.predicted),
};

pub static F2_SAMPLES: OfRows = OfRows {
    about: About {
        name: "f2_samples",
        title: "Mean F2 of rows",
        parameters: &[EMPTY_ROW],
        sentence: "The overlap of true and predicted tags of every row, where a missed tag costs four times a wrong one; averaged.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{5\,|Y_i\cap P_i|}{4\,|Y_i|+|P_i|}",
        gaming: "Naming more tags than one believes pays, as misses cost more than false alarms.",
        ..BLANK
    },
    is_symmetric: false,
    compute: |sizes| share(5.0 * sizes.both, 4.0 * sizes.truth + sizes.predicted),
};

pub static F_BETA_SAMPLES: OfRows = OfRows {
    about: About {
        name: "fbeta_samples",
        title: "Mean F-beta of rows",
        parameters: &[BETA, EMPTY_ROW],
        sentence: "The overlap of true and predicted tags of every row, with recall counting beta times as much as precision; averaged.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{(1+\beta^2)\,|Y_i\cap P_i|}{\beta^2\,|Y_i|+|P_i|}",
        ..BLANK
    },
    is_symmetric: false,
    compute: |sizes| {
        let square = sizes.beta * sizes.beta;
        share((1.0 + square) * sizes.both, square * sizes.truth + sizes.predicted)
    },
};

pub static JACCARD_SAMPLES: OfRows = OfRows {
    about: About {
        name: "jaccard_samples",
        title: "Mean Jaccard of rows",
        parameters: &[EMPTY_ROW],
        sentence: "Of the tags that are true or predicted in a row, the share that is both; averaged.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{|Y_i\cap P_i|}{|Y_i\cup P_i|}",
        ..BLANK
    },
    is_symmetric: true,
    compute: |sizes| share(sizes.both, sizes.truth + sizes.predicted - sizes.both),
};

pub static HAMMING_LOSS: OfRows = OfRows {
    about: About {
        name: "hamming_loss",
        title: "Hamming loss",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The share of all row-and-tag decisions that are wrong.",
        formula: r"\frac{1}{nK}\sum_{i=1}^{n}|Y_i\mathbin{\triangle}P_i|",
        edge_cases: &["Two empty sets agree.", VOCABULARY, ORDER],
        gaming: "Where tags are rare, naming none scores well.",
        ..BLANK
    },
    is_symmetric: true,
    compute: |sizes| (sizes.truth + sizes.predicted - 2.0 * sizes.both) / sizes.vocabulary,
};

pub static SUBSET_ACCURACY: OfRows = OfRows {
    about: About {
        name: "subset_accuracy",
        title: "Subset accuracy",
        sentence: "The share of rows whose tags are all right and none missing.",
        formula: r"\frac1n\sum_{i=1}^{n}[Y_i=P_i]",
        edge_cases: &["Two empty sets agree.", VOCABULARY, ORDER],
        gaming: "Only the most likely whole set counts; a nearly right row is worth nothing.",
        ..BLANK
    },
    is_symmetric: true,
    compute: |sizes| f64::from(u8::from(sizes.both == sizes.truth && sizes.both == sizes.predicted)),
};

/// Of all tags: those on both sides, and those of either side.
fn pooled(counts: &[Counts]) -> (f64, f64) {
    let total = |of: fn(&Counts) -> f64| sum(counts.len(), |at| of(&counts[at]));
    (total(|tag| tag.both), total(|tag| tag.truth + tag.predicted))
}

pub static F1_MICRO: OfTags = OfTags {
    about: About {
        name: "f1_micro_tags",
        title: "Micro F1 of tags",
        sentence: "F1 of all row-and-tag decisions pooled.",
        formula: r"\frac{2\sum_i|Y_i\cap P_i|}{\sum_i(|Y_i|+|P_i|)}",
        edge_cases: &["0 where no tag is true or predicted at all.", ONE_TAG, VOCABULARY, ORDER],
        gaming: "The frequent tags decide.",
        ..BLANK
    },
    compute: |counts| {
        let (both, sides) = pooled(counts);
        share(2.0 * both, sides)
    },
    slopes: |counts| {
        let (both, sides) = pooled(counts);
        vec![Slopes::of_f1(both, sides, 1.0); counts.len()]
    },
};

pub static F1_MACRO: OfTags = OfTags {
    about: About {
        name: "f1_macro_tags",
        title: "Macro F1 of tags",
        sentence: "The F1 score of every tag, averaged: all tags count the same.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac{2\,TP_k}{2\,TP_k+FP_k+FN_k}",
        edge_cases: &[
            "A tag of the vocabulary that a split neither has nor predicts counts 0.",
            ONE_TAG,
            VOCABULARY,
            ORDER,
        ],
        gaming: "Rare tags are worth over-predicting.",
        ..BLANK
    },
    compute: |counts| {
        let f1 = |tag: &Counts| share(2.0 * tag.both, tag.truth + tag.predicted);
        sum(counts.len(), |at| f1(&counts[at])) / counts.len() as f64
    },
    slopes: |counts| {
        let factor = 1.0 / counts.len() as f64;
        counts.iter().map(|tag| Slopes::of_f1(tag.both, tag.truth + tag.predicted, factor)).collect()
    },
};
