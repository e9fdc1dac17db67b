//! Groups and times that stand on both sides: a patient, a customer, a day, whose other rows tell the label.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use holdout_contract::examine::Finding;

use super::frame::Frame;
use super::kinds::number;
use super::order::rank_correlation;
use super::warn;

/// Fewer rows say nothing.
const FEW: usize = 30;
const MIN_GROUPS: usize = 10;
/// Groups with more rows than these are categories, as a town is: knowing them is no leak.
const MAX_ROWS_OF_A_GROUP: usize = 20;
/// From here on, a constant for every group is nearly as good as any model.
const NEARLY_ALL: f64 = 0.8;
/// What the rest of a group tells of a row, to be worth a word.
const NOTABLE: f64 = 0.3;
/// Share of test rows that are concerned, to be worth a word.
const SOME_ROWS: f64 = 0.01;
/// So many standard errors are no chance.
const CERTAIN: f64 = 5.0;

/// `columns` are the features that both files have, by their place in each.
pub fn examine(train: &Frame, test: &Frame, columns: &[(usize, usize)], target: usize) -> Vec<Finding> {
    if train.n_rows() < FEW {
        return Vec::new();
    }
    let Some(answers) = Answers::of(train, target) else { return Vec::new() };
    let strongest = columns
        .iter()
        .filter_map(|columns| shared_groups(train, test, *columns, &answers))
        .reduce(|best, next| if next.explained > best.explained { next } else { best });
    let times = columns.iter().find_map(|columns| shared_times(train, test, *columns, &answers));
    strongest.map(|shared| shared.told(train)).into_iter().chain(times).collect()
}

/// A training target, as numbers or as classes.
struct Answers {
    values: Vec<f64>,
    are_numbers: bool,
}

impl Answers {
    fn of(train: &Frame, target: usize) -> Option<Self> {
        let numbers: Option<Vec<f64>> = train.cells(target).map(number).collect();
        let mut codes: HashMap<&str, f64> = HashMap::new();
        let classes: Vec<f64> = train
            .cells(target)
            .map(|cell| {
                let next = codes.len() as f64;
                *codes.entry(cell).or_insert(next)
            })
            .collect();
        let n_classes = codes.len();
        match numbers {
            _ if n_classes < 2 => None,
            Some(values) if n_classes > 2 => Some(Self { values, are_numbers: true }),
            _ if n_classes * 10 <= train.n_rows() => Some(Self { values: classes, are_numbers: false }),
            _ => None,
        }
    }

    /// How much less is wrong when every row is guessed from the other rows of its group, instead of from all
    /// rows: 1 when nothing is left wrong, 0 or less when groups tell nothing.
    fn explained_by(&self, group_of: &[u32], n_groups: usize) -> f64 {
        if self.are_numbers {
            self.by_means(group_of, n_groups)
        } else {
            self.by_majority(group_of, n_groups)
        }
    }

    fn by_means(&self, group_of: &[u32], n_groups: usize) -> f64 {
        let mut sums = vec![(0.0, 0.0); n_groups];
        for (value, group) in self.values.iter().zip(group_of) {
            let sum = &mut sums[*group as usize];
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
        let n = self.values.len() as f64;
        let total: f64 = self.values.iter().sum();
        let (mut left, mut all) = (0.0, 0.0);
        for (value, group) in self.values.iter().zip(group_of) {
            let (sum, count) = sums[*group as usize];
            let of_all = (total - value) / (n - 1.0);
            let of_group = if count > 1.0 { (sum - value) / (count - 1.0) } else { of_all };
            left += (value - of_group).powi(2);
            all += (value - of_all).powi(2);
        }
        1.0 - left / all
    }

    fn by_majority(&self, group_of: &[u32], n_groups: usize) -> f64 {
        let n_classes = self.values.iter().fold(0.0, |most: f64, value| most.max(*value)) as usize + 1;
        let mut counts: HashMap<(u32, u32), f64> = HashMap::new();
        let mut totals = vec![0.0; n_classes];
        for (value, group) in self.values.iter().zip(group_of) {
            *counts.entry((*group, *value as u32)).or_default() += 1.0;
            totals[*value as usize] += 1.0;
        }
        let mut most = vec![(0.0, 0.0); n_groups];
        for ((group, _), count) in &counts {
            let (first, second) = &mut most[*group as usize];
            if count > first {
                (*first, *second) = (*count, *first);
            } else if count > second {
                *second = *count;
            }
        }
        let common = totals.iter().copied().fold(0.0, f64::max);
        let mut wrong = 0.0;
        for (value, group) in self.values.iter().zip(group_of) {
            let own = counts[&(*group, *value as u32)];
            let (first, second) = most[*group as usize];
            let rival = if own < first { first } else { second };
            // Without the row itself, its class must still be in front; a tie is half right.
            let right: f64 = if first <= 1.0 && own <= 1.0 && rival == 0.0 {
                f64::from(u8::from(totals[*value as usize] == common))
            } else if own - 1.0 > rival {
                1.0
            } else if own - 1.0 == rival && rival > 0.0 {
                0.5
            } else {
                0.0
            };
            wrong += 1.0 - right;
        }
        1.0 - wrong / (self.values.len() as f64 - common)
    }
}

/// Groups of a column that have rows in both files.
struct SharedGroups {
    column: usize,
    explained: f64,
    /// Share of the test rows whose group stands in the training file.
    known: f64,
}

impl SharedGroups {
    fn told(&self, train: &Frame) -> Finding {
        let name = &train.names[self.column];
        let (known, explained) = (percent(self.known), percent(self.explained));
        if self.explained >= NEARLY_ALL {
            return warn(
                "constants_per_group",
                format!(
                    "Looking a group of the column “{name}” up is nearly as good as a model. The groups alone explain {explained} of the training target, and {known} of the test rows belong to one that stands in the training file."
                ),
                "Split so that a group stands on one side only, score within groups, or remove the column where it is not known when a prediction is made.",
            );
        }
        warn(
            "groups_leak",
            format!(
                "The other rows of a group of the column “{name}” help to guess a row's label. {known} of the test rows belong to a group that stands in the training file, and its other rows explain {explained} of a row's target."
            ),
            "Split so that a group stands on one side only, unless predictions are wanted for groups that are known.",
        )
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn shared_groups(
    train: &Frame,
    test: &Frame,
    (of_train, of_test): (usize, usize),
    answers: &Answers,
) -> Option<SharedGroups> {
    let n = train.n_rows();
    let mut codes: HashMap<&str, u32> = HashMap::new();
    let mut group_of = Vec::with_capacity(n);
    for cell in train.cells(of_train) {
        let next = codes.len() as u32;
        group_of.push(*codes.entry(cell).or_insert(next));
        if codes.len() * 2 > n {
            return None;
        }
    }
    if codes.len() < MIN_GROUPS {
        return None;
    }
    let n_known = test.cells(of_test).filter(|cell| codes.contains_key(cell)).count();
    let known = n_known as f64 / test.n_rows().max(1) as f64;
    let explained = answers.explained_by(&group_of, codes.len());
    let is_group = n <= codes.len() * MAX_ROWS_OF_A_GROUP;
    let is_told = known >= SOME_ROWS && (explained >= NEARLY_ALL || is_group && explained >= NOTABLE);
    is_told.then_some(SharedGroups { column: of_train, explained, known })
}

/// Test rows between training rows in time, where neighbours in time are alike.
fn shared_times(
    train: &Frame,
    test: &Frame,
    (of_train, of_test): (usize, usize),
    answers: &Answers,
) -> Option<Finding> {
    if !answers.are_numbers && answers.values.iter().any(|value| *value > 1.0) {
        return None;
    }
    let name = &train.names[of_train];
    let read = |frame: &Frame, column: usize| -> Option<Vec<f64>> {
        frame.cells(column).map(|cell| time(cell, name)).collect()
    };
    let (times, asked) = (read(train, of_train)?, read(test, of_test)?);
    let first = times.iter().copied().fold(f64::INFINITY, f64::min);
    let last = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let n_between = asked.iter().filter(|time| **time > first && **time < last).count();
    let between = n_between as f64 / asked.len().max(1) as f64;
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|a, b| times[*a].total_cmp(&times[*b]).then(a.cmp(b)));
    let sorted: Vec<f64> = order.into_iter().map(|row| answers.values[row]).collect();
    let likeness = rank_correlation(&sorted[1..], &sorted[..sorted.len() - 1])?;
    let is_certain = likeness * (sorted.len() as f64).sqrt() > CERTAIN;
    (between >= SOME_ROWS && is_certain && likeness >= NOTABLE).then(|| {
        warn(
            "times_leak",
            format!("Labels can be guessed from the rows just before and after. In time (“{name}”), {} of the test rows lie between training rows, and on a scale from 0 (no likeness) to 1 (equal order) rows that follow one another agree by {likeness:.2}.", percent(between)),
            "Put the test rows after all training rows, with a gap as long as the forecast is wanted ahead.",
        )
    })
}

/// Seconds since 1970 of a date or a time; or a number in a column that is called a time.
fn time(cell: &str, name: &str) -> Option<f64> {
    const NAMES: [&str; 10] =
        ["t", "time", "timestamp", "date", "datetime", "day", "week", "month", "period", "step"];
    let cell = cell.trim();
    let of_number = || number(cell).filter(|_| NAMES.contains(&name.trim().to_lowercase().as_str()));
    let of_date = || {
        let date = NaiveDate::parse_from_str(cell.get(..10)?, "%Y-%m-%d").ok()?;
        let midnight = date.and_hms_opt(0, 0, 0)?;
        let rest = cell.get(..19).and_then(|text| {
            NaiveDateTime::parse_from_str(&text.replace('T', " "), "%Y-%m-%d %H:%M:%S").ok()
        });
        Some(rest.unwrap_or(midnight).and_utc().timestamp() as f64)
    };
    of_date().or_else(of_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Limits;

    fn table(head: &str, rows: impl Iterator<Item = String>) -> Frame {
        let text: String = std::iter::once(head.to_owned()).chain(rows).map(|line| line + "\n").collect();
        Frame::read(&text.as_bytes().into(), &Limits::default()).expect("a table")
    }

    fn checks(train: &Frame, test: &Frame) -> Vec<String> {
        let columns: Vec<(usize, usize)> = (0..test.names.len()).map(|column| (column, column)).collect();
        let target = train.names.len() - 1;
        examine(train, test, &columns, target).into_iter().map(|finding| finding.check).collect()
    }

    #[test]
    fn a_group_that_tells_its_rows_is_noticed_and_a_category_is_not() {
        let test = table("who,x", (0..40).map(|row| format!("p{},{row}", row % 25)));
        let constant =
            table("who,x,y", (0..100).map(|row| format!("p{},{},{}", row % 25, row * 7 % 31, row % 25 * 3)));
        assert_eq!(checks(&constant, &test), ["constants_per_group"]);
        let half = |row: usize| row % 25 * 2 + row * 13 % 29;
        let leaning =
            table("who,x,y", (0..100).map(|row| format!("p{},{},{}", row % 25, row * 7 % 31, half(row))));
        assert_eq!(checks(&leaning, &test), ["groups_leak"]);
        let classes = table(
            "who,x,y",
            (0..100).map(|row| format!("p{},{},{}", row % 25, row * 7 % 31, ["no", "yes"][row % 25 % 2])),
        );
        assert_eq!(checks(&classes, &test), ["constants_per_group"]);
        let strangers = table("who,x", (0..40).map(|row| format!("q{row},{row}")));
        assert_eq!(checks(&constant, &strangers), Vec::<String>::new());
        let chance = table(
            "who,x,y",
            (0..100).map(|row| format!("p{},{},{}", row % 25, row * 7 % 31, row * 7919 % 101)),
        );
        assert_eq!(checks(&chance, &test), Vec::<String>::new());
    }

    #[test]
    fn times_between_training_rows_are_noticed_where_neighbours_are_alike() {
        let day = |n: usize| format!("2026-{:02}-{:02}", 1 + n / 28, 1 + n % 28);
        let wave = |n: usize| ((n as f64 / 9.0).sin() * 100.0).round();
        let train =
            table("date,y", (0..200).filter(|n| n % 4 != 0).map(|n| format!("{},{}", day(n), wave(n))));
        let test = table("date", (0..200).filter(|n| n % 4 == 0).map(day));
        assert_eq!(checks(&train, &test), ["times_leak"]);
        let later = table("date", (210..250).map(day));
        assert_eq!(checks(&train, &later), Vec::<String>::new());
        let random = table("date,y", (0..200).map(|n| format!("{},{}", day(n), n * 7919 % 211)));
        assert_eq!(checks(&random, &test), Vec::<String>::new());
    }

    #[test]
    fn a_time_is_a_date_or_a_number_that_is_called_one() {
        assert_eq!(time("1970-01-02", "when"), Some(86_400.0));
        assert_eq!(time("1970-01-01T00:01:00Z", "when"), Some(60.0));
        assert_eq!((time("7", "week"), time("7", "size")), (Some(7.0), None));
    }
}
