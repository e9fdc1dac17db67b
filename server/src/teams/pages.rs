//! The page that shows the rules and takes the acceptance.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::store::texts::{self, TextPage};
use crate::error::Result;
use crate::paths;
use crate::teams::join::{hindrance, join};
use crate::web::extract::SignedIn;
use crate::web::shell::{Shell, flash};

pub fn router() -> Router<App> {
    Router::new().route(paths::JOIN, get(show_join).post(post_join))
}

#[derive(Template, WebTemplate)]
#[template(path = "teams/join.html")]
pub struct JoinPage {
    pub shell: Shell,
    pub frame: Frame,
    pub rules: Option<TextPage>,
    /// Why nobody can join now; empty when one can.
    pub hindrance: String,
}

impl JoinPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Submit),
            rules: None,
            hindrance: String::new(),
        }
    }

    pub fn is_late(&self) -> bool {
        self.frame.competition.ended(self.shell.now).is_some()
    }
}

async fn show_join(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<Response> {
    let seen = access::see(&app, &slug, Some(&member)).await?;
    if seen.standing.team_id.is_some() {
        return Ok(Redirect::to(&paths::submit(&slug)).into_response());
    }
    let rules = texts::find(&mut *app.db.acquire().await?, seen.competition.id, access::RULES).await?;
    let hindrance = hindrance(&seen.competition, shell.now).unwrap_or_default();
    let frame = Frame::new(seen, Tab::Submit, shell.now);
    Ok(JoinPage { shell, frame, rules, hindrance }.into_response())
}

async fn post_join(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    let joined = join(&app, &member, &slug).await?;
    let sentence = if joined.is_late {
        format!(
            "You take part as “{}”. The competition is over: what you send is scored and not ranked.",
            joined.team_name
        )
    } else {
        format!("You take part as “{}”. Good luck!", joined.team_name)
    };
    Ok(([flash(&sentence)], Redirect::to(&paths::submit(&slug))).into_response())
}
