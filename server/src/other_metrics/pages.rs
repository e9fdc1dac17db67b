//! “Would another metric have changed the winner?”, as a page.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};

use super::model::{Panel, SHOWN_TEAMS, Verdict};
use super::read::panel;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::DECIMALS_AT_THE_END;
use crate::error::Result;
use crate::leaderboard::read::settled_if_due;
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::BOARD_OTHER_METRICS, get(show))
}

#[derive(Template, WebTemplate)]
#[template(path = "other_metrics/other_metrics.html")]
pub struct OtherMetricsPage {
    pub shell: Shell,
    pub frame: Frame,
    /// `None` before any metric scored a file.
    pub panel: Option<Panel>,
}

/// A team's ranks under every metric.
pub struct RanksRow {
    pub rank: i32,
    pub team: String,
    pub is_mine: bool,
    /// With the metric that each is under.
    pub ranks: Vec<(String, String)>,
}

impl OtherMetricsPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), frame: Frame::sample(Tab::Leaderboard), panel: Some(Panel::sample()) }
    }

    pub fn official(&self) -> &str {
        self.frame.competition.metric_name().unwrap_or_default()
    }

    /// The name that people use, with what is particular about it.
    pub fn title(verdict: &Verdict) -> String {
        let name = &verdict.metric.metric;
        let known = holdout_contract::catalogue::known().iter().find(|spec| spec.name == *name);
        let title = known.map_or(name.as_str(), |spec| spec.title.as_str());
        if verdict.metric.note.is_empty() {
            title.to_owned()
        } else {
            format!("{title}, {}", verdict.metric.note)
        }
    }

    pub fn winner(panel: &Panel, verdict: &Verdict) -> String {
        verdict.winner.map(|at| panel.entries[at].team.name.clone()).unwrap_or_default()
    }

    pub fn winning_score(verdict: &Verdict) -> String {
        let standing = verdict.winner.and_then(|at| verdict.standings[at]);
        standing.map(|standing| format::score(standing.score, DECIMALS_AT_THE_END)).unwrap_or_default()
    }

    pub fn tau(verdict: &Verdict) -> String {
        verdict.tau.map_or_else(|| "–".to_owned(), |tau| format!("{tau:.2}"))
    }

    /// Of the best teams.
    pub fn rows(&self, panel: &Panel) -> Vec<RanksRow> {
        let entries = panel.entries.iter().take(SHOWN_TEAMS).enumerate();
        entries
            .map(|(at, entry)| RanksRow {
                rank: entry.rank,
                team: entry.team.name.clone(),
                is_mine: entry.team.is_own,
                ranks: panel
                    .verdicts
                    .iter()
                    .map(|verdict| {
                        let rank = verdict.standings[at]
                            .map_or_else(|| "–".to_owned(), |standing| standing.rank.to_string());
                        (Self::title(verdict), rank)
                    })
                    .collect(),
            })
            .collect()
    }
}

async fn show(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<OtherMetricsPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let seen = settled_if_due(&app, seen).await?;
    let panel = panel(&app, &seen).await?;
    Ok(OtherMetricsPage { frame: Frame::new(seen, Tab::Leaderboard, shell.now), shell, panel })
}
