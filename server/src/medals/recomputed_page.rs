//! A final board computed again, as a page for hosts.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};

use crate::app::App;
use crate::closing::close;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::Phase;
use crate::competitions::pages::setup::{Setup, open};
use crate::error::Result;
use crate::medals::recompute::{Place, Recomputed, recompute};
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOST_RECOMPUTED, get(show_recomputed))
}

#[derive(Template, WebTemplate)]
#[template(path = "medals/recomputed.html")]
pub struct RecomputedPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    /// `None` while the final board does not stand.
    pub recomputed: Option<Recomputed>,
}

impl RecomputedPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            recomputed: Some(Recomputed::sample()),
        }
    }

    /// `rank 2 with 0.51234 of submission 7, 1 person, silver`.
    pub fn words(&self, place: &Option<Place>) -> String {
        let Some(Place { stand, medal, .. }) = place else { return "not on the board".to_owned() };
        let score = format::score(stand.private_score, self.frame.decimals);
        let mut words = format!("rank {} with {score} of submission {}", stand.rank, stand.submission_id);
        match stand.n_members {
            Some(1) => words.push_str(", 1 person"),
            Some(n) => words.push_str(&format!(", {n} people")),
            None => {}
        }
        if let Some(medal) = medal {
            words.push_str(&format!(", {}", medal.name()));
        }
        words
    }
}

async fn show_recomputed(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<RecomputedPage> {
    let host = shell.member()?.clone();
    let stands = close::open(&app, &slug, &host).await?.competition.phase(app.clock.now()) == Phase::Final;
    let recomputed = if stands { Some(recompute(&app, &slug, &host).await?) } else { None };
    let opened = open(&app, &slug, &shell, None).await?;
    let frame = opened.frame(&shell);
    Ok(RecomputedPage { shell, frame, setup: opened.setup, recomputed })
}
