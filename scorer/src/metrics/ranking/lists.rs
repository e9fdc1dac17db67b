//! A list of items, best first, against the set of relevant items.

use std::collections::HashSet;

use holdout_contract::spec::{Cell, Direction, Task};

use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{Degenerate, Laws, Metric, Params, Rows, Undefined};

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
        let k = params.count("k");
        let values = rows.each(|at| {
            let relevant = Items::of(rows.truths[0].text(at));
            if relevant.len() == 0 {
                return 0.0;
            }
            let hits = hits(rows.predictions[0].text(at), &relevant, k);
            (self.compute)(&hits, relevant.len(), k)
        });
        rows.mean(|at| values[at])
    }
}

/// Above this many items a hash is quicker than looking at each.
const MANY: usize = 16;

/// A set of items.
enum Items<'a> {
    Few(Vec<&'a str>),
    Many(HashSet<&'a str, foldhash::fast::FixedState>),
}

impl<'a> Items<'a> {
    fn of(list: &'a str) -> Self {
        let mut few: Vec<&str> = Vec::with_capacity(MANY);
        let mut items = list.split_whitespace();
        for item in items.by_ref() {
            if few.contains(&item) {
                continue;
            }
            few.push(item);
            if few.len() == MANY {
                return Self::Many(few.into_iter().chain(items).collect());
            }
        }
        Self::Few(few)
    }

    fn len(&self) -> usize {
        match self {
            Self::Few(items) => items.len(),
            Self::Many(items) => items.len(),
        }
    }

    fn contains(&self, item: &str) -> bool {
        match self {
            Self::Few(items) => items.contains(&item),
            Self::Many(items) => items.contains(item),
        }
    }
}

/// An item listed twice keeps both places and counts at the first.
fn hits(predicted: &str, relevant: &Items<'_>, k: usize) -> Vec<bool> {
    let mut found: Vec<&str> = Vec::with_capacity(relevant.len().min(MANY));
    predicted
        .split_whitespace()
        .take(k)
        .map(|item| {
            let is_hit = relevant.contains(item) && !found.contains(&item);
            if is_hit {
                found.push(item);
            }
            is_hit
        })
        .collect()
}

const K: ParameterAbout = ParameterAbout {
    name: "k",
    kind: Kind::Integer(1, 10_000, 10),
    description: "How many items of each list are looked at.",
    is_main: true,
};
const TWICE: &str = "An item listed twice keeps both places and counts once.";
const EMPTY: &str = "A row with no relevant item scores 0.";

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
    parameters: &[K],
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
