//! Rows of a contest, and the same rows as they come when units are drawn anew.

use holdout_scorer::intake::{Place, Texts};
use holdout_scorer::judge::Judge;
use holdout_scorer::metrics::{Rows, Values};

#[derive(Clone)]
pub enum Column {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
    Texts(Texts),
}

impl Column {
    pub fn of_texts(cells: impl IntoIterator<Item = String>) -> Self {
        let mut texts = Texts::default();
        cells.into_iter().for_each(|cell| texts.push(&cell));
        Self::Texts(texts)
    }

    fn drawn<'a>(&'a self, rows: &[usize]) -> Drawn<'a> {
        match self {
            Self::Numbers(numbers) => Drawn::Numbers(pick(numbers, rows)),
            Self::Codes(codes) => Drawn::Codes(pick(codes, rows)),
            Self::Texts(texts) => Drawn::Texts(texts, pick(texts.places(), rows)),
        }
    }
}

enum Drawn<'a> {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
    Texts(&'a Texts, Vec<Place>),
}

impl Drawn<'_> {
    fn values(&self) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(numbers),
            Self::Codes(codes) => Values::Codes(codes),
            Self::Texts(texts, places) => Values::Texts { texts, places },
        }
    }
}

fn drawn<'a>(columns: &'a [Column], rows: &[usize]) -> Vec<Drawn<'a>> {
    columns.iter().map(|column| column.drawn(rows)).collect()
}

fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().map(|row| values[*row]).collect()
}

/// A file beside its solution.
#[derive(Clone)]
pub struct Table {
    pub judge: Judge,
    pub truths: Vec<Column>,
    pub predictions: Vec<Column>,
    pub weights: Option<Vec<f64>>,
    pub groups: Option<Vec<u32>>,
    pub group_names: Vec<String>,
    pub n_rows: usize,
    pub n_classes: usize,
    pub column_classes: Vec<Vec<u32>>,
}

impl Table {
    pub fn with_rows<T>(&self, work: impl FnOnce(&Rows<'_>) -> T) -> T {
        let all: Vec<usize> = (0..self.n_rows).collect();
        self.with(&all, self.groups.clone(), &self.group_names, work)
    }

    pub fn score(&self) -> f64 {
        self.with_rows(|rows| self.scored(rows))
    }

    /// What it says of the first row it says of all; `None` where cells are texts.
    pub fn with_constant_file(&self) -> Option<Self> {
        let constant = |column: &Column| match column {
            Column::Numbers(numbers) => Some(Column::Numbers(vec![numbers[0]; numbers.len()])),
            Column::Codes(codes) => Some(Column::Codes(vec![codes[0]; codes.len()])),
            Column::Texts(_) => None,
        };
        Some(self.with_file(self.predictions.iter().map(constant).collect::<Option<_>>()?))
    }

    /// It says what is true; `None` where cells of a file are other ones than those of the truth.
    pub fn with_perfect_file(&self) -> Option<Self> {
        let is_alike = |sides: (&Column, &Column)| {
            matches!(sides, (Column::Numbers(_), Column::Numbers(_)) | (Column::Codes(_), Column::Codes(_)))
        };
        let are_alike = self.truths.len() == self.predictions.len()
            && self.truths.iter().zip(&self.predictions).all(is_alike);
        are_alike.then(|| self.with_file(self.truths.clone()))
    }

    fn with_file(&self, predictions: Vec<Column>) -> Self {
        Self { predictions, ..self.clone() }
    }

    /// The score where every row comes so often.
    pub fn score_of_rows(&self, times: &[u8]) -> f64 {
        let rows: Vec<usize> =
            (0..self.n_rows).flat_map(|row| std::iter::repeat_n(row, times[row].into())).collect();
        let groups = self.groups.as_ref().map(|groups| pick(groups, &rows));
        self.with(&rows, groups, &self.group_names, |rows| self.scored(rows))
    }

    /// The score where every group comes so often; each time it is a group of its own.
    pub fn score_of_groups(&self, times: &[u8]) -> f64 {
        let mut members = vec![Vec::new(); self.group_names.len()];
        for (row, group) in self.groups.iter().flatten().enumerate() {
            members[*group as usize].push(row);
        }
        let (mut rows, mut groups, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (group, members) in members.iter().enumerate() {
            for _ in 0..times[group] {
                groups.extend(members.iter().map(|_| names.len() as u32));
                names.push(self.group_names[group].clone());
                rows.extend_from_slice(members);
            }
        }
        self.with(&rows, Some(groups), &names, |rows| self.scored(rows))
    }

    fn scored(&self, rows: &Rows<'_>) -> f64 {
        let name = self.judge.metric.about().name;
        self.judge.score(rows).unwrap_or_else(|undefined| panic!("{name}: {undefined}"))
    }

    fn with<T>(
        &self,
        rows: &[usize],
        groups: Option<Vec<u32>>,
        group_names: &[String],
        work: impl FnOnce(&Rows<'_>) -> T,
    ) -> T {
        let (truths, predictions) = (drawn(&self.truths, rows), drawn(&self.predictions, rows));
        let weights = self.weights.as_ref().map(|weights| pick(weights, rows));
        let row_numbers: Vec<u32> = (0..rows.len() as u32).collect();
        work(&Rows {
            truths: &truths.iter().map(Drawn::values).collect::<Vec<_>>(),
            predictions: &predictions.iter().map(Drawn::values).collect::<Vec<_>>(),
            weights: weights.as_deref(),
            groups: groups.as_deref(),
            row_numbers: &row_numbers,
            n_classes: self.n_classes,
            column_classes: &self.column_classes,
            context: &self.judge.context,
            group_names,
        })
    }
}
