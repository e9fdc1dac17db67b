//! Notebooks as pages.

pub mod comments;
pub mod compare;
pub mod file;
pub mod list;
pub mod manage;
pub mod runs;
pub mod send;
pub mod show;

use axum::Router;
use axum::extract::DefaultBodyLimit;

use super::access::SeenNotebook;
use super::model::Notebook;
use super::score::{self, Score};
use super::{access, store};
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::store::votes;
use crate::ids::RunId;
use crate::paths;
use crate::web::routing::{form, get, post};

pub fn router() -> Router<App> {
    let uploads = Router::new()
        .route(paths::NOTEBOOK_NEW, form(send::show_new, send::post_new))
        .route(paths::NOTEBOOK_VERSIONS, form(send::show_versions, send::post_version))
        .layer(DefaultBodyLimit::disable());
    Router::new()
        .merge(uploads)
        .route(paths::NOTEBOOKS, get(list::show_site))
        .route(paths::NOTEBOOKS_OWN, get(list::show_own))
        .route(paths::COMPETITION_NOTEBOOKS, get(list::show_competition))
        .route(paths::NOTEBOOK, get(show::show_newest))
        .route(paths::NOTEBOOK_VERSION, get(show::show_version))
        .route(paths::NOTEBOOK_FILE, get(file::download))
        .route(paths::NOTEBOOK_VERSION_RUN, post(runs::post_run))
        .route(paths::NOTEBOOK_RUNS, get(runs::show_runs))
        .route(paths::NOTEBOOK_RUN, get(runs::show_run))
        .route(paths::NOTEBOOK_RUN_NOTEBOOK, get(runs::download_executed))
        .route(paths::NOTEBOOK_RUN_FILE, get(runs::download_file))
        .route(paths::NOTEBOOK_RUN_SUBMIT, post(runs::post_submit))
        .route(paths::NOTEBOOK_RUN_CANCEL, post(runs::post_cancel))
        .route(paths::NOTEBOOK_PICTURE, get(file::show_picture))
        .route(paths::NOTEBOOK_COMPARE, get(compare::show_compare))
        .route(paths::NOTEBOOK_COMMENTS, form(comments::show_comments, comments::post_comment))
        .route(paths::NOTEBOOK_FOLLOW, post(comments::post_follow))
        .route(paths::NOTEBOOK_SETTINGS, form(manage::show_settings, manage::post_settings))
        .route(paths::NOTEBOOK_FORK, post(manage::post_fork))
        .route(paths::NOTEBOOK_SUBMISSION, post(manage::post_submission))
        .route(paths::NOTEBOOK_VOTE, post(manage::post_vote))
        .route(paths::NOTEBOOK_DELETE, post(manage::post_delete))
}

/// Which page of a notebook is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Notebook,
    Comments,
    Versions,
    Runs,
    Settings,
}

/// Where a notebook was forked from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pedigree {
    /// Another one, which the viewer may see.
    Seen { title: String, author: String, address: String },
    /// One that is private or gone.
    Unseen,
}

/// What stands above every page of a notebook; their templates extend `notebooks/frame.html`.
#[derive(Debug, Clone)]
pub struct Head {
    pub notebook: Notebook,
    /// Slug and title.
    pub competition: Option<(String, String)>,
    pub part: Part,
    pub is_owner: bool,
    pub may_moderate: bool,
    pub is_member: bool,
    pub has_voted: bool,
    pub score: Option<Score>,
    pub n_forks: i64,
    pub pedigree: Option<Pedigree>,
    /// Its newest version runs from the top.
    pub is_from_the_top: bool,
}

impl Head {
    /// # Errors
    /// Those of the database.
    pub async fn new(app: &App, seen: &SeenNotebook, viewer: Option<&Member>, part: Part) -> Result<Self> {
        let score = score::best(app, seen, None).await?;
        let pedigree = pedigree(app, &seen.notebook, viewer).await?;
        let mut conn = app.db.acquire().await?;
        let n_forks = store::n_forks(&mut conn, seen.notebook.id).await?;
        let (id, latest) = (seen.notebook.id, seen.notebook.latest);
        let is_from_the_top = super::runs::store::is_from_the_top(&mut conn, id, latest).await?;
        let has_voted = match viewer {
            Some(member) => !votes::of_person(&mut conn, member.id, &[seen.notebook.id.0]).await?.is_empty(),
            None => false,
        };
        drop(conn);
        let competition = seen.competition.as_ref().map(|seen| &seen.competition);
        Ok(Self {
            notebook: seen.notebook.clone(),
            competition: competition.map(|competition| (competition.slug.clone(), competition.title.clone())),
            part,
            is_owner: seen.is_owner,
            may_moderate: seen.may_moderate,
            is_member: viewer.is_some(),
            has_voted,
            score,
            n_forks,
            pedigree,
            is_from_the_top,
        })
    }

    pub fn address(&self) -> String {
        paths::notebook(&self.notebook.owner_username, &self.notebook.slug)
    }

    /// Of a page or button below the notebook's own address.
    pub fn part_address(&self, part: &str) -> String {
        paths::notebook_part(&self.notebook.owner_username, &self.notebook.slug, part)
    }

    pub fn version_address(&self, number: &i32) -> String {
        paths::notebook_version(&self.notebook.owner_username, &self.notebook.slug, *number)
    }

    pub fn run_address(&self, run: RunId) -> String {
        paths::notebook_run(&self.notebook.owner_username, &self.notebook.slug, run)
    }

    pub fn compare_address(&self, from: i32, to: i32) -> String {
        paths::notebook_compare(&self.notebook.owner_username, &self.notebook.slug, from, to)
    }

    pub fn file_address(&self, number: &i32) -> String {
        paths::notebook_file(&self.notebook.owner_username, &self.notebook.slug, *number)
    }

    /// `aria-current` of a part.
    pub fn current(&self, part: Part) -> &'static str {
        if self.part == part { "page" } else { "false" }
    }

    /// `3 forks`; empty where there are none.
    pub fn forks(&self) -> String {
        match self.n_forks {
            0 => String::new(),
            1 => "1 fork".to_owned(),
            1000.. => "1,000 forks or more".to_owned(),
            n => format!("{n} forks"),
        }
    }

    pub fn sample(part: Part) -> Self {
        Self {
            notebook: Notebook::sample(),
            competition: Some(("tumours".to_owned(), "Tumours".to_owned())),
            part,
            is_owner: true,
            may_moderate: true,
            is_member: true,
            has_voted: false,
            score: Some(Score::sample()),
            n_forks: 3,
            pedigree: Some(Pedigree::Seen {
                title: "Baseline".to_owned(),
                author: "Bob".to_owned(),
                address: "/n/bob/baseline/versions/1".to_owned(),
            }),
            is_from_the_top: true,
        }
    }
}

async fn pedigree(app: &App, notebook: &Notebook, viewer: Option<&Member>) -> Result<Option<Pedigree>> {
    let Some(origin) = notebook.origin else { return Ok(None) };
    match access::see_by_id(app, origin.notebook_id, viewer).await {
        Ok(SeenNotebook { notebook, .. }) => Ok(Some(Pedigree::Seen {
            address: paths::notebook_version(&notebook.owner_username, &notebook.slug, origin.number),
            title: notebook.title,
            author: notebook.owner_name,
        })),
        Err(AppError::NotFound) => Ok(Some(Pedigree::Unseen)),
        Err(other) => Err(other),
    }
}
