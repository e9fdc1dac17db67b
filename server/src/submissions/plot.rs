//! A team's public scores over time against the board's best, as points of a drawing.
//!
//! Never here: markup. The template draws it as SVG with a table beside it for screen readers.

use chrono::{DateTime, Utc};

use crate::competitions::model::Competition;
use crate::submissions::model::rounded;
use crate::submissions::store::Point;
use crate::web::format;

pub const WIDTH: f64 = 640.0;
pub const HEIGHT: f64 = 200.0;
/// Space around the drawing for its labels.
const LEFT: f64 = 70.0;
const MARGIN: f64 = 14.0;

/// A score as a dot.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    pub x: String,
    pub y: String,
    pub score: String,
    pub received_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Oldest first.
    pub dots: Vec<Dot>,
    /// `points` of the line through the team's best so far.
    pub best_so_far: String,
    /// Height and label of the board's best.
    pub board_best: Option<(String, String)>,
    pub top_label: String,
    pub bottom_label: String,
}

impl Plot {
    /// `None` for fewer than two scores: there is nothing to see.
    pub fn new(
        newest_first: &[Point],
        board_best: Option<f64>,
        competition: &Competition,
        decimals: i32,
    ) -> Option<Self> {
        // A height, too, would tell digits that the board hides.
        let shown = |score: f64| rounded(score, decimals);
        let point = |point: &Point| Point { score: shown(point.score), ..*point };
        let points: Vec<Point> = newest_first.iter().rev().map(point).collect();
        let board_best = board_best.map(shown);
        let (first, last) = (points.first()?, points.last()?);
        if points.len() < 2 {
            return None;
        }
        let scores = points.iter().map(|point| point.score).chain(board_best);
        let (low, high) = scores
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), score| (low.min(score), high.max(score)));
        let span = (last.received_at - first.received_at).num_milliseconds().max(1) as f64;
        let x = |at: DateTime<Utc>| {
            let share = (at - first.received_at).num_milliseconds() as f64 / span;
            LEFT + share * (WIDTH - LEFT - MARGIN)
        };
        let y = |score: f64| {
            let share = if high > low { (score - low) / (high - low) } else { 0.5 };
            HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)
        };
        let label = |score: f64| format::score(score, decimals);
        let higher_is_better = competition.higher_is_better.unwrap_or(true);
        let mut best = first.score;
        let mut corners = Vec::with_capacity(points.len() * 2);
        for point in &points {
            corners.push(format!("{:.1},{:.1}", x(point.received_at), y(best)));
            best = if higher_is_better { best.max(point.score) } else { best.min(point.score) };
            corners.push(format!("{:.1},{:.1}", x(point.received_at), y(best)));
        }
        let dots = points
            .iter()
            .map(|point| Dot {
                x: format!("{:.1}", x(point.received_at)),
                y: format!("{:.1}", y(point.score)),
                score: label(point.score),
                received_at: point.received_at,
            })
            .collect();
        Some(Self {
            dots,
            best_so_far: corners.join(" "),
            board_best: board_best.map(|score| (format!("{:.1}", y(score)), label(score))),
            top_label: label(high),
            bottom_label: label(low),
        })
    }

    pub fn sample() -> Self {
        let at = |minutes| DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(minutes);
        let points = [Point { received_at: at(9), score: 0.9 }, Point { received_at: at(0), score: 0.8 }];
        Self::new(&points, Some(0.95), &Competition::sample(), 5).unwrap_or_else(|| Self {
            dots: Vec::new(),
            best_so_far: String::new(),
            board_best: None,
            top_label: String::new(),
            bottom_label: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(minutes: i64, score: f64) -> Point {
        Point { received_at: DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes), score }
    }

    #[test]
    fn the_best_so_far_never_falls_and_better_is_higher_up() {
        let plot = Plot::new(&[at(20, 0.7), at(10, 0.9), at(0, 0.8)], Some(0.95), &Competition::sample(), 5)
            .expect("three scores make a plot");
        let heights: Vec<f64> = plot
            .best_so_far
            .split(' ')
            .map(|corner| corner.split_once(',').expect("x,y").1.parse().expect("a number"))
            .collect();
        assert!(heights.windows(2).all(|pair| pair[1] <= pair[0]));
        assert_eq!(plot.dots[1].score, "0.90000");
        assert_eq!(plot.top_label, "0.95000");
    }

    #[test]
    fn digits_that_the_board_hides_move_no_dot() {
        let competition = Competition::sample();
        let drawn = |first, second| Plot::new(&[at(5, first), at(0, second)], Some(0.95), &competition, 2);
        assert_eq!(drawn(0.911, 0.912), drawn(0.912, 0.911));
        assert_ne!(drawn(0.91, 0.92), drawn(0.92, 0.91));
    }

    #[test]
    fn one_score_is_no_plot_and_equal_scores_are_no_division_by_zero() {
        assert_eq!(Plot::new(&[at(0, 1.0)], None, &Competition::sample(), 5), None);
        let flat = Plot::new(&[at(5, 1.0), at(0, 1.0)], None, &Competition::sample(), 5).expect("two scores");
        assert!(!flat.best_so_far.contains("NaN"));
    }
}
