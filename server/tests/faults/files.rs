//! Competitions, the files that are sent to them, and what each file is worth, computed here from
//! the bytes alone and without a line of the platform's.
//!
//! Labels and guesses are whole numbers, so that every sum is exact in any order and a score has
//! one right value to the last bit.

use std::fmt::Write as _;

use crate::dice::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    Rmse,
    Mae,
    Accuracy,
}

impl Metric {
    pub fn name(self) -> &'static str {
        match self {
            Self::Rmse => "rmse",
            Self::Mae => "mae",
            Self::Accuracy => "accuracy",
        }
    }

    pub fn higher_is_better(self) -> bool {
        self == Self::Accuracy
    }

    /// Over pairs of label and guess.
    fn score(self, pairs: &[(i64, i64)]) -> f64 {
        let sum =
            |term: fn(i64, i64) -> i64| pairs.iter().map(|&(label, guess)| term(label, guess)).sum::<i64>();
        let n = pairs.len() as f64;
        match self {
            Self::Rmse => (sum(|label, guess| (label - guess).pow(2)) as f64 / n).sqrt(),
            Self::Mae => sum(|label, guess| (label - guess).abs()) as f64 / n,
            Self::Accuracy => sum(|label, guess| i64::from(label == guess)) as f64 / n,
        }
    }
}

/// A competition as it is drawn up.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub slug: &'static str,
    pub metric: Metric,
    pub n_rows: i64,
    pub daily_limit: i32,
    pub n_teams: usize,
    /// How many files each team sends.
    pub n_sent: usize,
}

pub const PLANS: [Plan; 4] = [
    Plan { slug: "tight", metric: Metric::Rmse, n_rows: 60, daily_limit: 5, n_teams: 8, n_sent: 16 },
    Plan { slug: "narrow", metric: Metric::Mae, n_rows: 200, daily_limit: 10, n_teams: 8, n_sent: 20 },
    Plan { slug: "roomy", metric: Metric::Accuracy, n_rows: 80, daily_limit: 1000, n_teams: 8, n_sent: 30 },
    // Long files, so that faults find a scorer in the middle of its work.
    Plan { slug: "long", metric: Metric::Rmse, n_rows: 15_000, daily_limit: 1000, n_teams: 4, n_sent: 30 },
];

impl Plan {
    pub fn solution(&self) -> String {
        let mut text = "id,target,Usage\n".to_owned();
        for row in 0..self.n_rows {
            let usage = if is_public(row) { "Public" } else { "Private" };
            writeln!(text, "r{row},{},{usage}", label(row)).unwrap();
        }
        text
    }

    pub fn sample(&self) -> String {
        table((0..self.n_rows).map(|row| (format!("r{row}"), "0".to_owned())))
    }

    /// What a file of this competition that fits is worth.
    pub fn worth(&self, bytes: &[u8]) -> Worth {
        let text = std::str::from_utf8(bytes).unwrap();
        let mut pairs: Vec<(i64, i64)> = (0..self.n_rows).map(|row| (label(row), 0)).collect();
        for line in text.lines().skip(1) {
            let (id, guess) = line.split_once(',').unwrap();
            pairs[id[1..].parse::<usize>().unwrap()].1 = guess.parse().unwrap();
        }
        let score = |wanted: fn(i64) -> bool| {
            let chosen = (0..).zip(&pairs).filter(|(row, _)| wanted(*row)).map(|(_, pair)| *pair);
            self.metric.score(&chosen.collect::<Vec<_>>())
        };
        Worth { public: score(is_public), private: score(|row| !is_public(row)) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    pub public: f64,
    pub private: f64,
}

fn label(row: i64) -> i64 {
    row * 31 % 17
}

fn is_public(row: i64) -> bool {
    row % 3 == 0
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Good,
    Bad(Flaw),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    MissingIds,
    UnknownIds,
    DuplicateIds,
    MissingColumn,
    RowWidth,
    MissingValue,
    EmptyFile,
    NotUtf8,
}

pub const FLAWS: [Flaw; 8] = [
    Flaw::MissingIds,
    Flaw::UnknownIds,
    Flaw::DuplicateIds,
    Flaw::MissingColumn,
    Flaw::RowWidth,
    Flaw::MissingValue,
    Flaw::EmptyFile,
    Flaw::NotUtf8,
];

impl Flaw {
    /// The reason that its sender must be given.
    pub fn reason(self) -> &'static str {
        match self {
            Self::MissingIds => "missing_ids",
            Self::UnknownIds => "unknown_ids",
            Self::DuplicateIds => "duplicate_ids",
            Self::MissingColumn => "missing_column",
            Self::RowWidth => "row_width",
            Self::MissingValue => "missing_value",
            Self::EmptyFile => "empty_file",
            Self::NotUtf8 => "not_utf8",
        }
    }
}

impl Kind {
    pub fn draw(dice: &mut Dice) -> Self {
        if dice.chance(35) { Self::Bad(*dice.pick(&FLAWS)) } else { Self::Good }
    }

    pub fn bytes(self, plan: &Plan, mut dice: Dice) -> Vec<u8> {
        let skill = dice.between(1, 9);
        let mut rows: Vec<(String, String)> = (0..plan.n_rows)
            .map(|row| (format!("r{row}"), (label(row) + (dice.next() % skill) as i64).to_string()))
            .collect();
        dice.shuffle(&mut rows);
        let at = dice.between(0, rows.len() as u64) as usize;
        match self {
            Self::Good => {}
            Self::Bad(Flaw::MissingIds) => drop(rows.remove(at)),
            Self::Bad(Flaw::UnknownIds) => rows.push(("stranger".to_owned(), "1".to_owned())),
            Self::Bad(Flaw::DuplicateIds) => rows.push(rows[at].clone()),
            Self::Bad(Flaw::RowWidth) => rows[at].1.push_str(",1"),
            Self::Bad(Flaw::MissingValue) => rows[at].1.clear(),
            Self::Bad(Flaw::EmptyFile) => return Vec::new(),
            Self::Bad(Flaw::NotUtf8) => {
                let mut bytes = table(rows.into_iter()).into_bytes();
                bytes.extend_from_slice(b"r\xff\xfe,1\n");
                return bytes;
            }
            Self::Bad(Flaw::MissingColumn) => {
                return table(rows.into_iter()).replacen("id,target", "id,guess", 1).into_bytes();
            }
        }
        table(rows.into_iter()).into_bytes()
    }
}

fn table(rows: impl Iterator<Item = (String, String)>) -> String {
    let mut text = "id,target\n".to_owned();
    for (id, guess) in rows {
        writeln!(text, "{id},{guess}").unwrap();
    }
    text
}
