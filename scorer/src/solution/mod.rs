//! The hidden labels, prepared once and scored against many times: cells parsed, ids indexed, rows
//! ordered so that every split is one slice.
//!
//! Slots: public rows come first, then private, then ignored, each in the order of the file. `all` is
//! therefore the slice of the first two, and no split is ever copied.

mod parts;
mod plan;
mod prepare;
mod profile;
mod series;

pub(crate) use plan::NumberColumn;
pub(crate) use prepare::{SlotOrder, slot_order};

use std::ops::Range;
use std::sync::Arc;

use holdout_contract::spec::Layout;

use crate::intake::columns::Id;
use crate::intake::index::IdIndex;
use crate::intake::{Expected, Labels, Texts};
use crate::judge::Judge;
use crate::metrics::Values;

/// A part of the rows that is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    Public,
    /// The rows that decide at the end: the private ones, and the public ones where every row is public.
    Private,
    /// Public and private rows together.
    All,
}

/// One truth column, in slot order.
#[derive(Debug, Clone)]
pub(crate) enum Truth {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
    Texts(Texts),
}

/// A prepared solution.
pub struct Solution {
    pub(crate) judge: Judge,
    pub(crate) layout: Layout,
    pub(crate) id_name: String,
    pub(crate) index: Arc<IdIndex>,
    pub(crate) target_names: Vec<String>,
    pub(crate) extra_names: Vec<String>,
    pub(crate) truths: Vec<Truth>,
    /// Names of the classes of a label column, by code.
    pub(crate) classes: Labels,
    /// Of every truth column, those that it has or the competition lists.
    pub(crate) column_classes: Vec<Vec<u32>>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) weight_name: Option<String>,
    pub(crate) groups: Option<Vec<u32>>,
    pub(crate) group_names: Vec<String>,
    /// What the host declared to come together, such as a patient's rows.
    pub(crate) clusters: Option<Vec<u32>>,
    /// What comes together by a column that the metric does not read; see [`Solution::read_series`].
    pub(crate) series: Option<Vec<u32>>,
    /// The row of the file that each slot holds.
    pub(crate) row_numbers: Vec<u32>,
    pub(crate) n_public: usize,
    pub(crate) n_private: usize,
    pub(crate) split_was_made: bool,
    pub(crate) expected: Vec<Expected>,
}

impl Solution {
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    pub fn n_rows(&self) -> usize {
        self.row_numbers.len()
    }

    pub fn n_public(&self) -> usize {
        self.n_public
    }

    pub fn n_private(&self) -> usize {
        self.n_private
    }

    pub fn n_ignored(&self) -> usize {
        self.n_rows() - self.n_public - self.n_private
    }

    /// Whether the split was made here because the file had no `Usage` column.
    pub fn split_was_made(&self) -> bool {
        self.split_was_made
    }

    pub fn id_name(&self) -> &str {
        &self.id_name
    }

    /// The columns, beside the id, that a submission must have.
    pub fn expected_columns(&self) -> &[Expected] {
        &self.expected
    }

    /// Every id; in the order of the file, or of the number where ids are dense whole numbers.
    pub fn ids(&self) -> impl Iterator<Item = Id<'_>> {
        self.index.entries().map(|(id, _)| id)
    }

    pub fn contains(&self, id: Id<'_>) -> bool {
        self.index.slot(id).is_some()
    }

    /// Names of classes, by code; empty where the truth is no label.
    pub fn class_names(&self) -> Vec<String> {
        self.classes.names.iter().map(str::to_owned).collect()
    }

    /// The slots of a split.
    pub fn range(&self, split: Split) -> Range<usize> {
        match split {
            Split::Public => 0..self.n_public,
            Split::Private => deciding(self.n_public, self.n_private),
            Split::All => 0..self.n_public + self.n_private,
        }
    }

    /// The declared cluster of each of these slots.
    pub(crate) fn clusters(&self, range: Range<usize>) -> Option<&[u32]> {
        self.clusters.as_ref().map(|clusters| &clusters[range])
    }

    /// The truth columns of these slots.
    pub(crate) fn truths(&self, range: Range<usize>) -> Vec<Values<'_>> {
        self.truths.iter().map(|truth| truth.values(range.clone())).collect()
    }
}

/// The slots that decide at the end.
pub(crate) fn deciding(n_public: usize, n_private: usize) -> Range<usize> {
    if n_private == 0 { 0..n_public } else { n_public..n_public + n_private }
}

impl Truth {
    pub(crate) fn values(&self, range: Range<usize>) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(&numbers[range]),
            Self::Codes(codes) => Values::Codes(&codes[range]),
            Self::Texts(texts) => Values::Texts { texts, places: &texts.places()[range] },
        }
    }
}
