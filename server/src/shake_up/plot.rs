//! Two numbers of everybody as points of a drawing, the same on both axes where nothing moved.
//!
//! Never here: markup. The template draws it as SVG with a table beside it.

use super::read::Pair;
use super::store::Move;
use crate::web::format;

/// Of the square that the points lie in.
const LEFT: f64 = 80.0;
const TOP: f64 = 14.0;
const SIDE: f64 = 340.0;

#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    pub x: String,
    pub y: String,
    pub title: String,
    /// `up`, `down` or `same`.
    pub class: &'static str,
}

/// Public numbers to the right, private ones upwards; better ones are farther out.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    pub dots: Vec<Dot>,
    pub worst_public: String,
    pub best_public: String,
    pub worst_private: String,
    pub best_private: String,
}

/// Where a number stands between the worst (0) and the best (1).
#[derive(Debug, Clone, Copy)]
struct Span {
    worst: f64,
    best: f64,
}

impl Span {
    fn of(numbers: impl Iterator<Item = f64> + Clone, higher_is_better: bool) -> Self {
        let least = numbers.clone().fold(f64::INFINITY, f64::min);
        let most = numbers.fold(f64::NEG_INFINITY, f64::max);
        if higher_is_better { Self { worst: least, best: most } } else { Self { worst: most, best: least } }
    }

    fn place(self, number: f64) -> f64 {
        if self.worst == self.best { 0.5 } else { (number - self.worst) / (self.best - self.worst) }
    }
}

fn x(place: f64) -> String {
    format!("{:.1}", LEFT + SIDE * place)
}

fn y(place: f64) -> String {
    format!("{:.1}", TOP + SIDE * (1.0 - place))
}

impl Cloud {
    /// Ranks of teams, on one scale for both axes; `None` where there are none.
    pub fn of_moves(moves: &[Move]) -> Option<Self> {
        if moves.is_empty() {
            return None;
        }
        let ranks = moves.iter().flat_map(|team| [f64::from(team.rank), f64::from(team.public_rank)]);
        let span = Span::of(ranks, false);
        let dot = |team: &Move| Dot {
            x: x(span.place(team.public_rank.into())),
            y: y(span.place(team.rank.into())),
            title: format!("{}: public {}, private {}", team.team.name, team.public_rank, team.rank),
            class: match team.gained() {
                1.. => "up",
                0 => "same",
                _ => "down",
            },
        };
        let (worst, best) = (span.worst.to_string(), span.best.to_string());
        Some(Self {
            dots: moves.iter().map(dot).collect(),
            worst_public: worst.clone(),
            best_public: best.clone(),
            worst_private: worst,
            best_private: best,
        })
    }

    /// Scores of submissions, each axis on its own scale; `None` where there are none.
    pub fn of_pairs(pairs: &[Pair], higher_is_better: bool, decimals: i32) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let public = Span::of(pairs.iter().map(|pair| pair.public_score), higher_is_better);
        let private = Span::of(pairs.iter().map(|pair| pair.private_score), higher_is_better);
        let score = |score: f64| format::score(score, decimals);
        let dot = |pair: &Pair| Dot {
            x: x(public.place(pair.public_score)),
            y: y(private.place(pair.private_score)),
            title: format!(
                "Submission {}: public {}, private {}",
                pair.id,
                score(pair.public_score),
                score(pair.private_score)
            ),
            class: "same",
        };
        Some(Self {
            dots: pairs.iter().map(dot).collect(),
            worst_public: score(public.worst),
            best_public: score(public.best),
            worst_private: score(private.worst),
            best_private: score(private.best),
        })
    }
}

/// How far teams moved, as a share of all teams: 0 where nobody did. The mean of |public − private rank|
/// over the teams given, divided by how many teams there are.
pub fn mean_move(moves: &[Move], n_teams: i32) -> Option<f64> {
    if moves.is_empty() || n_teams < 1 {
        return None;
    }
    let total: f64 = moves.iter().map(|team| f64::from(team.gained().abs())).sum();
    Some(total / moves.len() as f64 / f64::from(n_teams))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SubmissionId;

    fn team(rank: i32, public_rank: i32) -> Move {
        Move { rank, public_rank, ..Move::sample() }
    }

    #[test]
    fn the_best_of_both_boards_stands_at_the_upper_right_and_who_did_not_move_on_the_diagonal() {
        let cloud = Cloud::of_moves(&[team(1, 1), team(2, 3), team(3, 2)]).expect("three teams");
        let at = |dot: &Dot| (dot.x.clone(), dot.y.clone(), dot.class);
        assert_eq!(at(&cloud.dots[0]), ("420.0".into(), "14.0".into(), "same"));
        assert_eq!(at(&cloud.dots[1]), ("80.0".into(), "184.0".into(), "up"));
        assert_eq!(at(&cloud.dots[2]), ("250.0".into(), "354.0".into(), "down"));
        assert_eq!((cloud.best_public.as_str(), cloud.worst_private.as_str()), ("1", "3"));
        assert_eq!(Cloud::of_moves(&[]), None);
    }

    #[test]
    fn one_team_alone_stands_in_the_middle() {
        let cloud = Cloud::of_moves(&[team(1, 1)]).expect("one team");
        assert_eq!((cloud.dots[0].x.as_str(), cloud.dots[0].y.as_str()), ("250.0", "184.0"));
    }

    #[test]
    fn lower_scores_are_farther_out_where_lower_is_better() {
        let pair = |public_score, private_score| Pair { id: SubmissionId(7), public_score, private_score };
        let pairs = [pair(0.2, 0.3), pair(0.4, 0.1)];
        let cloud = Cloud::of_pairs(&pairs, false, 2).expect("two");
        assert_eq!((cloud.dots[0].x.as_str(), cloud.dots[0].y.as_str()), ("420.0", "354.0"));
        assert_eq!(cloud.dots[0].title, "Submission 7: public 0.20, private 0.30");
        assert_eq!((cloud.best_public.as_str(), cloud.best_private.as_str()), ("0.20", "0.10"));
        assert_eq!(Cloud::of_pairs(&pairs, true, 2).expect("two").best_public, "0.40");
    }

    #[test]
    fn the_mean_move_is_a_share_of_all_teams() {
        assert_eq!(mean_move(&[team(1, 3), team(2, 2), team(3, 1)], 4), Some(4.0 / 3.0 / 4.0));
        assert_eq!(mean_move(&[], 4), None);
    }
}
