//! Counts as bars of a drawing.
//!
//! Never here: markup. The template draws it as SVG with a table beside it for screen readers.

use chrono::{NaiveDate, TimeDelta};

use super::model::{Day, Spread};
use crate::web::format;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 160.0;
/// Room for the label of the highest bar.
const LEFT: f64 = 56.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 24.0;
/// Of a bar's place, how much stays empty.
const GAP: f64 = 0.18;
/// Older days are left out of the drawing.
const MOST_DAYS: i64 = 120;
/// A young contest has room for the days to come.
const FEWEST_DAYS: i64 = 14;

#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
    pub title: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    pub bars: Vec<Bar>,
    /// Of the highest bar.
    pub top_label: String,
    pub first_label: String,
    pub last_label: String,
}

impl Bars {
    fn new(counts: &[(i64, String)], first_label: String, last_label: String) -> Self {
        let most = counts.iter().map(|(n, _)| *n).max().unwrap_or(0).max(1);
        let place = (WIDTH - LEFT) / counts.len().max(1) as f64;
        let room = HEIGHT - TOP - BOTTOM;
        let bar = |(at, (n, title)): (usize, &(i64, String))| {
            let height = *n as f64 / most as f64 * room;
            Bar {
                x: format!("{:.1}", LEFT + place * (at as f64 + GAP / 2.0)),
                y: format!("{:.1}", HEIGHT - BOTTOM - height),
                width: format!("{:.1}", place * (1.0 - GAP)),
                height: format!("{height:.1}"),
                title: title.clone(),
            }
        };
        Self {
            bars: counts.iter().enumerate().filter(|(_, (n, _))| *n > 0).map(bar).collect(),
            top_label: format::count(most),
            first_label,
            last_label,
        }
    }

    /// Entries a day, days without any among them; `None` before the first.
    pub fn of_days(days: &[Day]) -> Option<Self> {
        let newest = days.last()?.day;
        let first = days.first()?.day.max(newest - TimeDelta::days(MOST_DAYS - 1));
        let last = newest.max(first + TimeDelta::days(FEWEST_DAYS - 1));
        let received = |day: NaiveDate| {
            let at = days.binary_search_by_key(&day, |counted| counted.day);
            at.map_or(0, |at| i64::from(days[at].n_received))
        };
        let counts: Vec<_> = first
            .iter_days()
            .take_while(|day| *day <= last)
            .map(|day| (received(day), format!("{day}, entries: {}", format::count(received(day)))))
            .collect();
        Some(Self::new(&counts, first.to_string(), last.to_string()))
    }

    /// Teams by their best public score, best first.
    pub fn of_spread(spread: &Spread, decimals: i32) -> Self {
        let score = |score: f64| format::score(score, decimals);
        let title = |(step, n): (usize, &i64)| {
            let (from, to) = spread.bounds(step);
            (*n, format!("{} to {}, teams: {}", score(from), score(to), format::count(*n)))
        };
        let counts: Vec<_> = spread.counts.iter().enumerate().map(title).collect();
        Self::new(&counts, score(spread.best), score(spread.worst_shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(day: &str, n_received: i32) -> Day {
        Day { day: day.parse().expect("a day"), n_received, ..Day::sample() }
    }

    #[test]
    fn days_without_entries_keep_their_place() {
        let bars = Bars::of_days(&[on("2026-02-27", 2), on("2026-03-02", 4)]).expect("two days");
        assert_eq!(bars.bars.len(), 2);
        let x: Vec<f64> = bars.bars.iter().map(|bar| bar.x.parse().expect("a number")).collect();
        assert!((x[1] - x[0] - 3.0 * (WIDTH - LEFT) / 14.0).abs() < 0.11, "{x:?}");
        assert_eq!(bars.bars[1].title, "2026-03-02, entries: 4");
        assert_eq!((bars.top_label.as_str(), bars.first_label.as_str()), ("4", "2026-02-27"));
        assert_eq!(Bars::of_days(&[]), None);
    }

    #[test]
    fn a_long_contest_shows_its_newest_days() {
        let bars = Bars::of_days(&[on("2020-01-01", 9), on("2026-03-02", 4)]).expect("two days");
        assert_eq!((bars.bars.len(), bars.last_label.as_str()), (1, "2026-03-02"));
        assert_eq!(bars.first_label, "2025-11-03");
    }

    #[test]
    fn the_best_scores_stand_left() {
        let bars = Bars::of_spread(&Spread::sample(), 2);
        assert_eq!(bars.bars[0].title, "0.90 to 0.80, teams: 1");
        assert_eq!((bars.first_label.as_str(), bars.last_label.as_str()), ("0.90", "0.50"));
    }
}
