//! Two teams compared, as a page.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::error::{AppError, Result};
use crate::ids::TeamId;
use crate::leaderboard::model::{Row, View};
use crate::leaderboard::read;
use crate::leaderboard::sight::BoardSight;
use crate::paths;
use crate::ranks::attach;
use crate::ranks::compare::{Comparison, compare};
use crate::ranks::model::Summary;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::BOARD_COMPARE, get(show_comparison))
}

/// Teams that are offered to choose from.
const CHOICES: i64 = 100;

#[derive(Template, WebTemplate)]
#[template(path = "ranks/compare.html")]
pub struct ComparePage {
    pub shell: Shell,
    pub frame: Frame,
    pub is_private: bool,
    pub choices: Vec<Row>,
    /// `None` while fewer than two teams are on the board.
    pub comparison: Option<Comparison>,
    pub summary: Option<Summary>,
}

impl ComparePage {
    pub fn sample() -> Self {
        let comparison = Comparison::sample();
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Leaderboard),
            is_private: false,
            choices: vec![comparison.a.clone(), comparison.b.clone()],
            comparison: Some(comparison),
            summary: Some(Summary::sample()),
        }
    }

    /// Of teams that are ranked by several metrics.
    pub fn sample_of_ranks() -> Self {
        let comparison = Comparison::sample_of_ranks();
        Self { comparison: Some(comparison), summary: Some(Summary::sample_of_ranks()), ..Self::sample() }
    }

    pub fn address(&self) -> String {
        paths::board_compare(self.frame.slug())
    }

    pub fn shown(&self, value: &f64) -> String {
        // A difference of shown scores has no more digits than they have; its error may.
        format::score(*value, self.frame.decimals + 1)
    }

    /// Whether the list of teams to choose from has this one.
    /// Of a team, for the form; 0 where it has none that may be told.
    pub fn number(row: &Row) -> i64 {
        row.team_id.map_or(0, |team| team.0)
    }

    pub fn is_offered(&self, row: &Row) -> bool {
        self.choices.iter().any(|choice| choice.team_id == row.team_id)
    }

    /// What the row is ranked by.
    pub fn shown_score(&self, row: &Row) -> String {
        match &row.ranked {
            Some(ranked) => ranked.shown_mean_rank(),
            None => row.shown_score(&self.frame.decimals),
        }
    }

    pub fn shown_part(&self, score: &f64) -> String {
        format::score(*score, self.frame.decimals)
    }

    pub fn shown_p(p: f64) -> String {
        if p < 0.001 { "below 0.001".to_owned() } else { format!("{p:.3}") }
    }

    /// On how many rows each is better.
    pub fn won(&self) -> Option<String> {
        let both = self.comparison.as_ref()?;
        both.difference?.won(&both.a.team, &both.b.team, self.summary.as_ref()?)
    }

    /// Why nothing is known of the two, where waiting brings nothing.
    pub fn why_none(&self) -> Option<&str> {
        let of_board = self.summary.as_ref().and_then(|summary| summary.absent.as_deref());
        of_board.or_else(|| self.comparison.as_ref()?.why_none())
    }

    /// How many rows would tell the two apart, for whoever makes the next competition.
    pub fn needed(&self) -> Option<String> {
        let difference = self.comparison.as_ref()?.difference?;
        let summary =
            self.summary.as_ref().filter(|_| self.frame.standing.is_host && difference.is_noise())?;
        difference.needed(summary)
    }
}

#[derive(Deserialize)]
struct Teams {
    a: Option<TeamId>,
    b: Option<TeamId>,
}

async fn show_comparison(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(wanted): Query<Teams>,
    shell: Shell,
) -> Result<ComparePage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let seen = read::settled_if_due(&app, seen).await?;
    let view = View::choose(&seen.competition, shell.now, false);
    let sight = BoardSight::of(&seen);
    let comparison = compare(&app, &seen.competition, view, &sight, [wanted.a, wanted.b]).await?;
    let choices = read::first_ranked(&app, &seen.competition, view, &sight, CHOICES).await?;
    if comparison.is_none() && (wanted.a.is_some() || wanted.b.is_some()) {
        return Err(AppError::NotFound);
    }
    let summary = attach::summary(&app, &seen.competition, view).await?;
    let frame = Frame::new(seen, Tab::Leaderboard, shell.now);
    Ok(ComparePage { shell, frame, is_private: view.is_private(), choices, comparison, summary })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teams_that_are_ranked_by_several_metrics_are_compared_under_each() {
        let html = ComparePage::sample_of_ranks().render().expect("drawn");
        for shown in ["Mean rank", "Their order by the mean of ranks may be chance.", "log_loss", "roc_auc"] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
        assert!(!html.contains("not compared yet") && !html.contains("is shown after the end"), "{html}");
    }
}
