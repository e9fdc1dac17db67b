//! A list of items, best first, against the set of relevant items.

use holdout_contract::spec::{Cell, Direction, Task};
use std::collections::HashSet;

use crate::kernels::sum;
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::text::words::{Word, words};
use crate::metrics::{
    Degenerate, Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined,
};

/// A score of every row's first k items, averaged over rows.
pub struct TopK {
    about: About,
    /// Which of the first k places hold a relevant item for the first time; the number of relevant items; k.
    compute: fn(&[bool], usize, usize) -> f64,
}

impl Metric for TopK {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: false, has_weights: true, undefined_on: &[Degenerate::NoRows] }
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

impl SumsTogether for TopK {
    /// No number for a row without a relevant item.
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let k = params.count("k");
        let (truths, predictions) = (rows.truths[0], rows.predictions[0]);
        rows.each_with(Vec::new, |room, at| {
            let relevant = Items::of(truths.text(at), room);
            if relevant.len() == 0 {
                return f64::NAN;
            }
            let n_relevant = relevant.len();
            with_hits(predictions.text(at), relevant, k, |hits| (self.compute)(hits, n_relevant, k))
        })
    }

    fn term(&self, value: &f64, _: usize) -> f64 {
        if value.is_nan() { 0.0 } else { *value }
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        values: &[f64],
        params: &Params,
        sum_of_values: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        if params.text(NO_RELEVANT.name) != Some(LEFT_OUT) {
            return rows.mean_of(|| sum_of_values(0), |at| self.term(&values[at], 0));
        }
        rows.positive_weight()?;
        let weight = |at: usize| if values[at].is_nan() { 0.0 } else { rows.weight(at) };
        let total = sum(values.len(), weight);
        if total == 0.0 {
            return Err(Undefined::because("No row of this split has a relevant item."));
        }
        Ok(sum_of_values(0) / total)
    }
}

/// Above this many items a hash is quicker than looking at each.
const MANY: usize = 16;

/// The relevant items that are not found yet.
enum Items<'r, 'a> {
    Few { items: &'r [Word<'a>], is_found: u32 },
    Many(HashSet<&'a str, foldhash::fast::FixedState>),
}

impl<'r, 'a> Items<'r, 'a> {
    fn of(list: &'a str, room: &'r mut Vec<Word<'a>>) -> Self {
        room.clear();
        let mut items = words(list).map(Word::of);
        for item in items.by_ref() {
            if room.contains(&item) {
                continue;
            }
            room.push(item);
            if room.len() > MANY {
                return Self::Many(room.iter().copied().chain(items).map(|item| item.text).collect());
            }
        }
        Self::Few { items: room, is_found: 0 }
    }

    fn len(&self) -> usize {
        match self {
            Self::Few { items, .. } => items.len(),
            Self::Many(items) => items.len(),
        }
    }

    /// Whether the item is relevant and was not found before.
    #[inline]
    fn find(&mut self, item: &str) -> bool {
        match self {
            Self::Few { items, is_found } => {
                let item = Word::of(item);
                let place = items.iter().position(|relevant| *relevant == item);
                let bit = place.map_or(0, |place| 1 << place);
                let is_new = *is_found & bit != bit;
                *is_found |= bit;
                is_new
            }
            Self::Many(items) => items.remove(item),
        }
    }
}

/// Lists of up to so many places are looked at without asking for memory.
const SHORT: usize = 64;

/// Gives `see` which of the first `k` places hold a relevant item for the first time. An item listed
/// twice keeps both places.
fn with_hits<R>(predicted: &str, mut relevant: Items<'_, '_>, k: usize, see: impl FnOnce(&[bool]) -> R) -> R {
    let mut short = [false; SHORT];
    let mut long = Vec::new();
    let places: &mut [bool] = if k <= SHORT {
        &mut short[..k]
    } else {
        long.resize(k, false);
        &mut long
    };
    let mut n = 0;
    for (item, place) in words(predicted).zip(places.iter_mut()) {
        *place = relevant.find(item);
        n += 1;
    }
    see(&places[..n])
}

const K: ParameterAbout = ParameterAbout {
    name: "k",
    kind: Kind::Integer(1, 10_000, 10),
    description: "How many items of each list are looked at.",
    is_main: true,
};
const TWICE: &str = "An item listed twice keeps both places and counts once.";
const EMPTY: &str = "A row with no relevant item scores 0, unless the parameter leaves such rows out.";
const LEFT_OUT: &str = "left_out";
const NO_RELEVANT: ParameterAbout = ParameterAbout {
    name: "no_relevant",
    kind: Kind::Choice(&["zero", LEFT_OUT], "zero"),
    description: "Whether a row with no relevant item scores 0 or is left out.",
    is_main: false,
};

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Ranking,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::Fields::Named {
        solution: &[("relevant", Cell::List)],
        submission: &[("predicted", Cell::List)],
    },
    parameters: &[K, NO_RELEVANT],
    sentence: "",
    formula: "",
    edge_cases: &[TWICE, EMPTY],
    gaming: "There is no price for wrong items at the end of a list, so lists should always be filled.",
};

pub static MAP: TopK = TopK {
    about: About {
        name: "map",
        title: "Mean average precision at k",
        sentence: "Precision at the place of every relevant item found among the first k, averaged: early finds count more.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{1}{\min(|R_i|,k)}\sum_{j\le k}P_i(j)\,[p_{ij}\in R_i]",
        edge_cases: &[TWICE, EMPTY, "Divided by the number of relevant items, or k where there are more."],
        ..BLANK
    },
    compute: |hits, n_relevant, k| {
        let mut found = 0.0;
        let mut sum = 0.0;
        for (place, _) in hits.iter().enumerate().filter(|(_, is_hit)| **is_hit) {
            found += 1.0;
            sum += found / (place + 1) as f64;
        }
        sum / n_relevant.min(k) as f64
    },
};

/// What an item at this place (from 0) is worth.
pub(super) fn discount(place: usize) -> f64 {
    1.0 / ((place + 2) as f64).log2()
}

pub static NDCG: TopK = TopK {
    about: About {
        name: "ndcg",
        title: "Normalised discounted cumulative gain at k",
        sentence: "Relevant items among the first k, each worth less the later it comes, against the best possible list.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{\sum_{j\le k}[p_{ij}\in R_i]/\log_2(j+1)}{\sum_{j\le\min(|R_i|,k)}1/\log_2(j+1)}",
        ..BLANK
    },
    compute: |hits, n_relevant, k| {
        let gained: f64 = (0..hits.len()).filter(|place| hits[*place]).map(discount).sum();
        gained / (0..n_relevant.min(k)).map(discount).sum::<f64>()
    },
};

fn n_hits(hits: &[bool]) -> f64 {
    hits.iter().filter(|is_hit| **is_hit).count() as f64
}

pub static RECALL: TopK = TopK {
    about: About {
        name: "recall_at",
        title: "Recall at k",
        best: None,
        sentence: "The share of the relevant items that is among the first k.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{|R_i\cap\{p_{i1},\dots,p_{ik}\}|}{|R_i|}",
        edge_cases: &[TWICE, EMPTY, "1 cannot be reached where more than k items are relevant."],
        ..BLANK
    },
    compute: |hits, n_relevant, _| n_hits(hits) / n_relevant as f64,
};

pub static PRECISION: TopK = TopK {
    about: About {
        name: "precision_at",
        title: "Precision at k",
        best: None,
        sentence: "The share of the first k places that hold a relevant item.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{|R_i\cap\{p_{i1},\dots,p_{ik}\}|}{k}",
        edge_cases: &[
            TWICE,
            EMPTY,
            "Divided by k even where the list is shorter; 1 cannot be reached where fewer than k items are relevant.",
        ],
        ..BLANK
    },
    compute: |hits, _, k| n_hits(hits) / k as f64,
};

pub static HIT: TopK = TopK {
    about: About {
        name: "hit",
        title: "Hit rate at k",
        sentence: "The share of rows with at least one relevant item among the first k.",
        formula: r"\frac1n\sum_{i=1}^{n}\bigl[R_i\cap\{p_{i1},\dots,p_{ik}\}\ne\emptyset\bigr]",
        ..BLANK
    },
    compute: |hits, _, _| f64::from(u8::from(hits.contains(&true))),
};

pub static MRR: TopK = TopK {
    about: About {
        name: "mrr",
        title: "Mean reciprocal rank at k",
        sentence: "One over the place of the first relevant item among the first k, averaged.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{1}{\min\{j\le k:p_{ij}\in R_i\}}",
        ..BLANK
    },
    compute: |hits, _, _| {
        hits.iter().position(|is_hit| *is_hit).map_or(0.0, |place| 1.0 / (place + 1) as f64)
    },
};
