//! The pictures as a page.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};

use super::model::Pictures;
use super::plot::{Blobs, Map, p_value};
use super::read::{Look, look};
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::error::Result;
use crate::leaderboard::read::settled_if_due;
use crate::paths;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::BOARD_PICTURES, get(show))
}

/// A team's row of both tables.
pub struct Row {
    pub place: usize,
    pub team: String,
    pub is_mine: bool,
    /// Of all draws, by rank; the last one is of lower ranks.
    pub percents: Vec<String>,
    /// Of a lead over every team here.
    pub p_values: Vec<String>,
}

#[derive(Template, WebTemplate)]
#[template(path = "pictures/pictures.html")]
pub struct PicturesPage {
    pub shell: Shell,
    pub frame: Frame,
    pub look: Look,
}

impl PicturesPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Leaderboard),
            look: Look { pictures: Some(Pictures::sample()), absent: String::new() },
        }
    }

    pub fn blobs(pictures: &Pictures) -> Blobs {
        Blobs::of(pictures)
    }

    pub fn map(pictures: &Pictures) -> Map {
        Map::of(pictures)
    }

    /// The numbers of both drawings.
    pub fn rows(&self, pictures: &Pictures) -> Vec<Row> {
        let rows = pictures.teams.iter().zip(&pictures.frequencies).zip(&pictures.p_values).enumerate();
        rows.map(|(at, ((team, counts), p_values))| Row {
            place: at + 1,
            team: team.name.clone(),
            is_mine: team.is_own,
            percents: counts.iter().map(|count| format!("{:.1}", 100.0 * pictures.share(*count))).collect(),
            p_values: p_values
                .iter()
                .enumerate()
                .map(|(other, p)| if other == at { "–".to_owned() } else { p_value(*p) })
                .collect(),
        })
        .collect()
    }
}

async fn show(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<PicturesPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let seen = settled_if_due(&app, seen).await?;
    let look = look(&app, &seen).await?;
    Ok(PicturesPage { frame: Frame::new(seen, Tab::Leaderboard, shell.now), shell, look })
}
