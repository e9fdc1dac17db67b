//! A score for every document of a query against graded relevance.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use holdout_contract::spec::{Cell, Direction, Task};
use holdout_evaluator::{Evaluator, Suite};

use super::lists::discount;
use crate::kernels::{order_key, sum};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::groups::Groups;
use crate::metrics::{Degenerate, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined};
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
    fn of(params: &Params, groups: &Groups) -> Self {
        let most_documents = groups.iter().map(|(_, documents)| documents.len()).max().unwrap_or(0);
        let k = params.count("k").min(most_documents.max(1));
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
        let (_, score) = rows.numbers();
        let groups = groups(rows)?;
        let choice = Choice::of(params, &groups);
        let queries = self.queries(rows, &groups, &choice);
        let scores = parallel::map_ranges(queries.len(), rows.len(), |range| {
            let mut room = Room::default();
            let gained = |query: &Query<'_>| {
                let scored: Vec<f64> = query.documents.iter().map(|at| score[*at as usize]).collect();
                choice.gained(&query.gains, room.leading(&scored, choice.k)) / query.ideal
            };
            queries[range].iter().map(gained).collect()
        });
        mean(&scores)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

fn groups(rows: &Rows<'_>) -> Result<Groups, Undefined> {
    let (relevance, _) = rows.numbers();
    if relevance.iter().any(|relevance| *relevance < 0.0) {
        return Err(Undefined::because("A relevance below 0 has no gain."));
    }
    Groups::of(rows)
}

fn mean(scores: &[f64]) -> Result<f64, Undefined> {
    if scores.is_empty() {
        return Err(Undefined::because("No query of this split has a relevant document."));
    }
    Ok(sum(scores.len(), |at| scores[at]) / scores.len() as f64)
}

/// A query that counts: what is known of it before anything is predicted.
struct Query<'a> {
    documents: &'a [u32],
    gains: Vec<f64>,
    /// What the best order gains.
    ideal: f64,
}

impl Graded {
    fn queries<'a>(&self, rows: &Rows<'_>, groups: &'a Groups, choice: &Choice) -> Vec<Query<'a>> {
        let (relevance, _) = rows.numbers();
        let all: Vec<&'a [u32]> = groups.iter().map(|(_, documents)| documents).collect();
        let query = |at: usize| {
            let documents = all[at];
            let gains: Vec<f64> = documents.iter().map(|at| (choice.gain)(relevance[*at as usize])).collect();
            let counts = documents.len() >= self.least_documents && gains.iter().any(|gain| *gain != 0.0);
            counts.then(|| Query { documents, ideal: choice.ideal(gains.clone()), gains })
        };
        parallel::map(all.len(), rows.len(), query).into_iter().flatten().collect()
    }

    /// The scores of a part, file by file.
    fn score_part(&self, part: &Range<usize>, labels: &Rows<'_>, files: &Files<'_>) -> PartScores {
        let groups = match groups(labels) {
            Ok(groups) => groups,
            Err(undefined) => return vec![Err(undefined); files.rows.len()],
        };
        let choice = Choice::of(files.params, &groups);
        let queries = self.queries(labels, &groups, &choice);
        let of_question = |rows: &[Rows<'_>]| {
            let scores: Vec<&[f64]> = rows.iter().map(|rows| &rows.numbers().1[part.clone()]).collect();
            ordered(&scores, &queries, &choice, files.evaluator)
        };
        files.by_question().flat_map(of_question).map(|scores| mean(&scores)).collect()
    }
}

impl ScoresTogether for Graded {
    /// Gains and ideals are those of all files; the documents of all queries of all files are ordered at once.
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let Some(first) = files.rows.first() else { return Vec::new() };
        files.by_part(|part| first.with_part(part.clone(), |labels| self.score_part(part, labels, files)))
    }
}

/// The score of every query of every file. Queries of about one length are columns that are ordered together; a
/// column is filled up behind the last document, with keys that nothing comes after.
fn ordered(files: &[&[f64]], queries: &[Query<'_>], choice: &Choice, evaluator: &Evaluator) -> Vec<Vec<f64>> {
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, query) in queries.iter().enumerate() {
        by_length.entry(query.documents.len().next_power_of_two()).or_default().push(at);
    }
    let mut scores = vec![vec![0.0; queries.len()]; files.len()];
    for (length, members) in by_length {
        let mut keys = vec![u64::MAX; length * members.len() * files.len()];
        let asked = files.iter().flat_map(|scores| members.iter().map(move |at| (scores, &queries[*at])));
        for (column, (scores, query)) in keys.chunks_mut(length).zip(asked) {
            let documents = column.iter_mut().zip(query.documents);
            documents.for_each(|(key, at)| *key = !order_key(scores[*at as usize]));
        }
        let columns: Vec<&[u64]> = keys.chunks(length).collect();
        let Ok(orders) = evaluator.orders(&columns);
        let of_column = |at: usize| {
            let (query, keys, order) = (&queries[members[at % members.len()]], columns[at], &orders[at]);
            let documents = order.iter().take(query.documents.len());
            let order: Vec<Ordered> = documents.map(|at| (Reverse(!keys[*at as usize]), *at)).collect();
            choice.gained(&query.gains, &order) / query.ideal
        };
        let found = parallel::map(columns.len(), keys.len(), of_column);
        for (scores, found) in scores.iter_mut().zip(found.chunks(members.len())) {
            members.iter().zip(found).for_each(|(at, score)| scores[*at] = *score);
        }
    }
    scores
}

/// A document by its score.
type Ordered = (Reverse<u64>, u32);

/// What one query after the other needs for a while.
#[derive(Default)]
struct Room {
    keys: Vec<u64>,
    parted: Vec<u64>,
    order: Vec<Ordered>,
}

impl Room {
    /// The documents of the `k` best scores, and all that tie with the last of them; best first, in the
    /// order of the file where scores are equal.
    fn leading(&mut self, scores: &[f64], k: usize) -> &[Ordered] {
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
    /// By documents in order, of which at least the first `k` are there, and all that tie with the last of them.
    fn gained(&self, gains: &[f64], order: &[Ordered]) -> f64 {
        if !self.shares_ties {
            return order.iter().zip(&self.worth).map(|((_, at), worth)| gains[*at as usize] * worth).sum();
        }
        let mut place = 0;
        let mut total = 0.0;
        for tied in order.chunk_by(|a, b| a.0 == b.0) {
            if place >= self.k {
                break;
            }
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
