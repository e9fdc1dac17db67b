//! The shake-up as a page.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};

use super::plot::{Cloud, mean_move};
use super::read::{self, Pair};
use super::store::Move;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::error::Result;
use crate::ids::SubmissionId;
use crate::leaderboard;
use crate::leaderboard::sight::SeenTeam;
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::SHAKE_UP, get(show))
}

/// Teams that are drawn: the best of the final board.
const TEAMS: i64 = 300;
/// Own submissions that are drawn: the newest.
const SUBMISSIONS: i64 = 300;

#[derive(Template, WebTemplate)]
#[template(path = "shake_up/shake_up.html")]
pub struct ShakeUpPage {
    pub shell: Shell,
    pub frame: Frame,
    pub moves: Vec<Move>,
    /// Of the viewer's team; empty for who is in none.
    pub pairs: Vec<Pair>,
}

impl ShakeUpPage {
    pub fn sample() -> Self {
        let second = Move { rank: 2, public_rank: 1, team: SeenTeam::sample(2, "Bob") };
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Leaderboard),
            moves: vec![Move::sample(), second],
            pairs: vec![Pair { id: SubmissionId(7), public_score: 0.91, private_score: 0.89 }],
        }
    }

    pub fn teams(&self) -> Option<Cloud> {
        Cloud::of_moves(&self.moves)
    }

    pub fn own(&self) -> Option<Cloud> {
        let competition = &self.frame.competition;
        Cloud::of_pairs(&self.pairs, competition.higher_is_better == Some(true), self.frame.decimals)
    }

    /// The sentence above the drawing.
    pub fn summary(&self) -> String {
        let share = mean_move(&self.moves, self.frame.competition.n_teams).unwrap_or(0.0) * 100.0;
        let who = if self.moves.len() as i64 == TEAMS { "the 300 teams drawn" } else { "all teams" };
        format!("On average over {who}, a team moved by {share:.1} per cent of the table.")
    }

    pub fn score(&self, score: &f64) -> String {
        format::score(*score, self.frame.decimals)
    }

    pub fn submission_address(&self, pair: &Pair) -> String {
        paths::submission(self.frame.slug(), pair.id)
    }

    /// `+3`, `-2`, or `0`.
    pub fn gained(&self, team: &Move) -> String {
        match team.gained() {
            0 => "0".to_owned(),
            gained => format!("{gained:+}"),
        }
    }
}

async fn show(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<ShakeUpPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let seen = leaderboard::read::settled_if_due(&app, seen).await?;
    let moves = read::moves(&app, &seen, 0, TEAMS).await?;
    let pairs = match seen.standing.team_id {
        Some(team_id) => read::pairs(&app, &seen.competition, team_id, SUBMISSIONS).await?,
        None => Vec::new(),
    };
    Ok(ShakeUpPage { frame: Frame::new(seen, Tab::Leaderboard, shell.now), shell, moves, pairs })
}
