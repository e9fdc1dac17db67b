//! A solution as a part of its metric sees it: the same rows, the columns that the part reads, and the part as
//! the metric.

use std::sync::Arc;

use super::plan::submission_columns;
use super::{Solution, Truth};
use crate::intake::Labels;
use crate::judge::Judge;
use crate::metrics::compose::{self, Alone};

impl Solution {
    /// What each of the metrics that the metric is put together from judges, with its name; none where the metric has
    /// no parts.
    pub(crate) fn of_parts(&self) -> Vec<(String, Self)> {
        let parts = compose::alone(&self.judge.params, self.truths.len());
        parts.into_iter().map(|part| (part.name.clone(), self.judged_by(part))).collect()
    }

    /// The one column that the parameters name, judged by the metric as it is without that name; `None` where they
    /// name several or none.
    pub(crate) fn of_one_column(&self) -> Option<Self> {
        compose::of_one_column(self.judge.metric, &self.judge.params).map(|alone| self.judged_by(alone))
    }

    fn judged_by(&self, alone: Alone) -> Self {
        let Alone { metric, params, truths: places, .. } = alone;
        let weights = self.weights.clone().filter(|_| params.text("weight_column").is_some());
        let judge = Judge { metric, params, context: self.judge.context.clone() };
        let layout = judge.layout();
        let target_names: Vec<String> = places.iter().map(|at| self.target_names[*at].clone()).collect();
        let own = self.with_own_classes(&places);
        let (truths, classes, column_classes) = own.unwrap_or_else(|| {
            (
                places.iter().map(|at| self.truths[*at].clone()).collect(),
                self.classes.clone(),
                places.iter().map(|at| self.column_classes[*at].clone()).collect(),
            )
        });
        let class_names: Vec<String> = classes.names.iter().map(str::to_owned).collect();
        let expected = submission_columns(&judge, &layout, &target_names, &class_names);
        Self {
            judge,
            layout,
            id_name: self.id_name.clone(),
            index: Arc::clone(&self.index),
            target_names,
            weight_name: self.weight_name.clone(),
            extra_names: self.extra_names.clone(),
            truths,
            classes,
            column_classes,
            weights,
            groups: self.groups.clone(),
            group_names: self.group_names.clone(),
            clusters: self.clusters.clone(),
            series: self.series.clone(),
            row_numbers: self.row_numbers.clone(),
            n_public: self.n_public,
            n_private: self.n_private,
            split_was_made: self.split_was_made,
            expected,
        }
    }

    /// A single column of labels without the classes that other columns alone have.
    fn with_own_classes(&self, places: &[usize]) -> Option<(Vec<Truth>, Labels, Vec<Vec<u32>>)> {
        let &[at] = places else { return None };
        let Truth::Codes(codes) = &self.truths[at] else { return None };
        let own = &self.column_classes[at];
        let names = own.iter().map(|code| self.classes.names.get(*code as usize));
        let classes = Labels::knowing(names);
        let recoded = codes.iter().map(|code| own.binary_search(code).unwrap_or_default() as u32).collect();
        Some((vec![Truth::Codes(recoded)], classes, vec![(0..own.len() as u32).collect()]))
    }
}
