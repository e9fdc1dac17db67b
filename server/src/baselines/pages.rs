//! The page of a competition's baselines: those there are, and the form that sends a file.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::send::{enter, send};
use super::store::{self, Baseline};
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Setup, open};
use crate::error::Result;
use crate::leaderboard::baselines::{MOST_BASELINES, MOST_FILES};
use crate::paths;
use crate::submissions::model::State as Stage;
use crate::submissions::pages::send::{FILE, upload_of};
use crate::submissions::submit::DESCRIPTION_LIMIT;
use crate::teams::model::NAME_LIMIT;
use crate::uploads::model::Purpose;
use crate::uploads::spend;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::form;
use crate::web::shell::Shell;
use crate::web::upload::receive;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_BASELINES, form(show_baselines, post_baseline))
        .layer(DefaultBodyLimit::disable())
}

/// What was typed.
#[derive(Debug, Clone, Default)]
pub struct BaselineForm {
    pub name: String,
    pub description: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "baselines/host.html")]
pub struct BaselinesPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub baselines: Vec<Baseline>,
    pub form: BaselineForm,
    /// Makes a form that is sent twice one submission.
    pub form_key: Uuid,
    pub mistake: Mistake,
}

impl BaselinesPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            baselines: [Stage::Scored, Stage::Rejected, Stage::Queued].map(Baseline::sample).to_vec(),
            form: BaselineForm::default(),
            form_key: Uuid::nil(),
            mistake: Mistake::new("name", "A team that takes part has this name: choose another."),
        }
    }

    pub fn outcome(&self, baseline: &Baseline) -> String {
        baseline.outcome(self.frame.decimals)
    }

    pub fn max_size(&self) -> String {
        format::limit(self.frame.competition.max_upload_bytes.unsigned_abs())
    }

    pub fn most(&self) -> (i64, i64) {
        (MOST_BASELINES, MOST_FILES)
    }

    pub fn limits(&self) -> (usize, usize) {
        (NAME_LIMIT, DESCRIPTION_LIMIT)
    }
}

async fn show_baselines(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<BaselinesPage> {
    page(&app, &slug, shell, BaselineForm::default(), Mistake::none()).await
}

async fn page(
    app: &App,
    slug: &str,
    shell: Shell,
    form: BaselineForm,
    mistake: Mistake,
) -> Result<BaselinesPage> {
    let opened = open(app, slug, &shell, None).await?;
    let baselines = store::all(&mut *app.db.acquire().await?, opened.seen.competition.id).await?;
    let (frame, setup) = (opened.frame(&shell), opened.setup);
    Ok(BaselinesPage { shell, frame, setup, baselines, form, form_key: Uuid::new_v4(), mistake })
}

async fn post_baseline(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(host): SignedIn,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let seen = enter(&app, &host, &slug).await?;
    let (owner, purpose) = (seen.competition.id, Purpose::Submission);
    let max_bytes = seen.competition.max_upload_bytes.unsigned_abs();
    let sink = async |_: &_| Ok(app.files.create(purpose.room(), owner.0).await?);
    let received = receive(form, FILE, max_bytes, sink).await?;
    let taken = spend::taken(&app, &host, received, purpose, owner).await?;
    let text = |name: &str| taken.fields.text(name).to_owned();
    let form = BaselineForm { name: text("name"), description: text("description") };
    let outcome = match upload_of(taken) {
        Ok(upload) => send(&app, &host, &seen, &form.name, upload).await,
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(_) => Ok(redirect_saying(
            &paths::host_baselines(&slug),
            "Received. It appears on the board as soon as it is scored.",
        )),
        Err(mistake) => Ok(show_again(page(&app, &slug, shell, form, mistake).await?)),
    }
}
