//! A score for every document of a query against graded relevance.

use std::cmp::Reverse;

use holdout_contract::spec::{Cell, Direction, Task};

use super::lists::discount;
use crate::kernels::{order_key, sum};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::groups::Groups;
use crate::metrics::{Degenerate, Laws, Metric, Params, Rows, Undefined};
use crate::parallel;

/// NDCG of graded documents.
pub struct Graded {
    about: About,
    /// Queries with fewer documents are skipped.
    least_documents: usize,
}

/// What the host chose.
struct Choice {
    k: usize,
    /// What the first `k` places are worth, as far as a query reaches.
    worth: Vec<f64>,
    gain: fn(f64) -> f64,
    /// Documents with equal scores share their places; else they keep the order of the file.
    shares_ties: bool,
}

impl Choice {
    fn of(params: &Params, n_documents: usize) -> Self {
        let k = params.count("k").min(n_documents.max(1));
        Self {
            k,
            worth: (0..k).map(discount).collect(),
            gain: match params.text(GAIN) {
                Some(EXPONENTIAL_GAIN) => |relevance| relevance.exp2() - 1.0,
                _ => |relevance| relevance,
            },
            shares_ties: params.text(TIES) == Some(SHARED),
        }
    }
}

impl Metric for Graded {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws {
            is_symmetric: false,
            has_weights: false,
            undefined_on: &[Degenerate::NoRows, Degenerate::ZeroTruth],
        }
    }

    fn needs_groups(&self) -> bool {
        true
    }

    fn perfect(&self, truths: &[&[f64]], _params: &Params) -> Option<Vec<Vec<f64>>> {
        Some(vec![truths.first()?.to_vec()])
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let (relevance, score) = rows.numbers();
        if relevance.iter().any(|relevance| *relevance < 0.0) {
            return Err(Undefined::because("A relevance below 0 has no gain."));
        }
        let groups = Groups::of(rows)?;
        let queries: Vec<&[u32]> = groups.iter().map(|(_, documents)| documents).collect();
        let most_documents = queries.iter().map(|documents| documents.len()).max().unwrap_or(0);
        let choice = Choice::of(params, most_documents);
        let of_query = |documents: &[u32], room: &mut Room| {
            let gains: Vec<f64> = documents.iter().map(|at| (choice.gain)(relevance[*at as usize])).collect();
            if documents.len() < self.least_documents || gains.iter().all(|gain| *gain == 0.0) {
                return None;
            }
            let scored: Vec<f64> = documents.iter().map(|at| score[*at as usize]).collect();
            Some(choice.gained(&gains, &scored, room) / choice.ideal(gains))
        };
        let scores = parallel::map_ranges(queries.len(), rows.len(), |range| {
            let mut room = Room::default();
            queries[range].iter().map(|documents| of_query(documents, &mut room)).collect()
        });
        let scores: Vec<f64> = scores.into_iter().flatten().collect();
        if scores.is_empty() {
            return Err(Undefined::because("No query of this split has a relevant document."));
        }
        Ok(sum(scores.len(), |at| scores[at]) / scores.len() as f64)
    }
}

/// What one query after the other needs for a while.
#[derive(Default)]
struct Room {
    keys: Vec<u64>,
    parted: Vec<u64>,
    order: Vec<(Reverse<u64>, u32)>,
}

impl Room {
    /// The documents of the `k` best scores, and all that tie with the last of them; best first, in the
    /// order of the file where scores are equal.
    fn leading(&mut self, scores: &[f64], k: usize) -> &[(Reverse<u64>, u32)] {
        self.keys.clear();
        self.keys.extend(scores.iter().map(|score| order_key(*score)));
        self.order.clear();
        let least = match k {
            k if k < scores.len() => {
                self.parted.clone_from(&self.keys);
                *self.parted.select_nth_unstable_by(k - 1, |a, b| b.cmp(a)).1
            }
            _ => 0,
        };
        let documents = self.keys.iter().enumerate().filter(|(_, key)| **key >= least);
        self.order.extend(documents.map(|(at, key)| (Reverse(*key), at as u32)));
        self.order.sort_unstable();
        &self.order
    }
}

impl Choice {
    fn gained(&self, gains: &[f64], scores: &[f64], room: &mut Room) -> f64 {
        let order = room.leading(scores, self.k);
        if !self.shares_ties {
            return order.iter().zip(&self.worth).map(|((_, at), worth)| gains[*at as usize] * worth).sum();
        }
        let mut place = 0;
        let mut total = 0.0;
        for tied in order.chunk_by(|a, b| a.0 == b.0) {
            let mean = tied.iter().map(|(_, at)| gains[*at as usize]).sum::<f64>() / tied.len() as f64;
            let places = self.worth.iter().skip(place).take(tied.len());
            total += mean * places.sum::<f64>();
            place += tied.len();
        }
        total
    }

    fn ideal(&self, mut gains: Vec<f64>) -> f64 {
        if self.k < gains.len() {
            gains.select_nth_unstable_by(self.k, |a, b| b.total_cmp(a));
            gains.truncate(self.k);
        }
        gains.sort_unstable_by(|a, b| b.total_cmp(a));
        gains.iter().zip(&self.worth).map(|(gain, worth)| gain * worth).sum()
    }
}

const K: ParameterAbout = ParameterAbout {
    name: "k",
    kind: Kind::Integer(1, 10_000, 10),
    description: "How many documents of each query count.",
    is_main: true,
};
const GAIN: &str = "gain";
const LINEAR_GAIN: &str = "linear";
const EXPONENTIAL_GAIN: &str = "exponential";
const TIES: &str = "ties";
const SHARED: &str = "shared";
const ROW_ORDER: &str = "row_order";

const fn gain(default: &'static str) -> ParameterAbout {
    ParameterAbout {
        name: GAIN,
        kind: Kind::Choice(&[LINEAR_GAIN, EXPONENTIAL_GAIN], default),
        description: "What a document is worth: its relevance, or 2 to the power of it, less 1.",
        is_main: false,
    }
}

const fn ties(default: &'static str) -> ParameterAbout {
    ParameterAbout {
        name: TIES,
        kind: Kind::Choice(&[SHARED, ROW_ORDER], default),
        description: "Documents with equal scores share the average of their places, or keep the order of the solution file.",
        is_main: false,
    }
}

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Ranking,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::Fields::Named {
        solution: &[("relevance", Cell::Number)],
        submission: &[("score", Cell::Number)],
    },
    parameters: &[K, gain(LINEAR_GAIN), ties(SHARED)],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "Only the order within a query counts; queries with few relevant documents weigh as much as others.",
};

pub static LINEAR: Graded = Graded {
    about: About {
        name: "ndcg_graded",
        title: "NDCG with graded relevance",
        sentence: "How well the documents of each query are ordered, where a document is worth its relevance.",
        formula: r"\frac{1}{|Q|}\sum_q\frac{\sum_{j\le k}\mathrm{rel}_{q(j)}/\log_2(j+1)}{\mathrm{IDCG}_q}",
        edge_cases: &[
            "Documents with equal scores share the average of their places, unless the parameter gives them the order of the file.",
            "Queries without a relevant document, or with one document, are skipped.",
        ],
        ..BLANK
    },
    least_documents: 2,
};

pub static EXPONENTIAL: Graded = Graded {
    about: About {
        name: "ndcg_exp",
        title: "NDCG with exponential gain",
        parameters: &[K, gain(EXPONENTIAL_GAIN), ties(ROW_ORDER)],
        sentence: "How well the documents of each query are ordered, where each grade is worth about twice the one below.",
        formula: r"\frac{1}{|Q|}\sum_q\frac{\sum_{j\le k}(2^{\mathrm{rel}_{q(j)}}-1)/\log_2(j+1)}{\mathrm{IDCG}_q}",
        edge_cases: &[
            "Documents with equal scores keep the order of the solution file, so that order must say nothing; unless the parameter lets them share their places.",
            "Queries without a relevant document are skipped.",
        ],
        ..BLANK
    },
    least_documents: 1,
};
