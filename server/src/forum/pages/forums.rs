//! The general forums, and the topics of one forum.

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};
use serde::Deserialize;

use super::Crumbs;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::error::{AppError, Result};
use crate::forum::arrange;
use crate::forum::forums::{self, SeenForum};
use crate::forum::list::{self, Key, Listed, Order, Part, Shelf};
use crate::forum::model::Forum;
use crate::notifications::follow;
use crate::notifications::model::Target;
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::FORUMS, form(show_forums, post_forum))
        .route(paths::FORUM, get(show_forum))
        .route(paths::COMPETITION_FORUM, get(show_competition_forum))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ForumForm {
    pub slug: String,
    pub title: String,
    pub description: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "forum/forums.html")]
pub struct ForumsPage {
    pub shell: Shell,
    pub shelves: Arc<Vec<Shelf>>,
    pub is_admin: bool,
    pub form: ForumForm,
    pub mistake: Mistake,
}

impl ForumsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            shelves: Arc::new(vec![Shelf { forum: Forum::sample(), topics: vec![Listed::sample()] }]),
            is_admin: true,
            form: ForumForm::default(),
            mistake: Mistake::new("slug", "A forum already has this address."),
        }
    }
}

async fn show_forums(State(app): State<App>, shell: Shell) -> Result<ForumsPage> {
    forums_page(&app, shell, ForumForm::default(), Mistake::none()).await
}

async fn forums_page(app: &App, shell: Shell, form: ForumForm, mistake: Mistake) -> Result<ForumsPage> {
    let shelves = list::shelves(app).await?;
    let is_admin = shell.viewer.as_ref().is_some_and(|viewer| viewer.is_admin);
    Ok(ForumsPage { shell, shelves, is_admin, form, mistake })
}

async fn post_forum(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<ForumForm>,
) -> Result<Response> {
    if !member.is_admin {
        return Err(AppError::refused("Only administrators can create forums."));
    }
    let opened = arrange::open_forum(&app, &member, &form.slug, &form.title, &form.description).await;
    match mistake(opened)? {
        Ok(forum) => Ok(redirect_saying(&paths::forum(&forum.slug), "The forum has been created.")),
        Err(mistake) => Ok(show_again(forums_page(&app, shell, form, mistake).await?)),
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    order: Order,
    after: Option<String>,
}

/// A part of a forum's topics, and the ways on.
pub struct Topics {
    pub part: Arc<Part>,
    pub order: Order,
    /// Of the list without its order.
    pub address: String,
    pub is_first: bool,
    pub n_topics: i32,
    pub is_member: bool,
    pub is_following: bool,
}

impl Topics {
    async fn read(
        app: &App,
        seen: &SeenForum,
        wanted: &Wanted,
        address: String,
        viewer: Option<&Member>,
    ) -> Result<Self> {
        let after = wanted.after.as_deref().map(str::parse).transpose().map_err(|()| AppError::NotFound)?;
        let forum = seen.forum.id;
        let part =
            list::read(app, list::Wanted { forum, order: wanted.order, after, limit: list::A_PAGE }).await?;
        let is_following = viewer.is_some()
            && follow::is_following(&mut *app.db.acquire().await?, viewer, Target::Forum(forum)).await?;
        Ok(Self {
            part,
            order: wanted.order,
            address,
            is_first: after.is_none(),
            n_topics: seen.forum.n_topics,
            is_member: viewer.is_some(),
            is_following,
        })
    }

    fn sample() -> Self {
        Self {
            part: Arc::new(Part { topics: vec![Listed::sample()], next: Some(Key { number: 1, id: 1 }) }),
            order: Order::Active,
            address: "/forums/general".to_owned(),
            is_first: true,
            n_topics: 31,
            is_member: true,
            is_following: false,
        }
    }

    /// The orders to choose from: address, words, and whether it is this one.
    pub fn orders(&self) -> Vec<(String, &'static str, &'static str)> {
        let one = |(order, words): (Order, &'static str)| {
            let is_current = if order == self.order { "page" } else { "false" };
            (format!("{}?order={}", self.address, order.name()), words, is_current)
        };
        Order::ALL.into_iter().map(one).collect()
    }

    pub fn next_address(&self, key: &Key) -> String {
        format!("{}?order={}&after={key}", self.address, self.order.name())
    }

    pub fn follow_address(&self) -> String {
        format!("{}/follow", self.address)
    }

    pub fn new_address(&self) -> String {
        format!("{}/new", self.address)
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "forum/forum.html")]
pub struct ForumPage {
    pub shell: Shell,
    pub crumbs: Crumbs,
    pub forum: Forum,
    pub list: Topics,
}

impl ForumPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            crumbs: Crumbs::sample(),
            forum: Forum::sample(),
            list: Topics::sample(),
        }
    }
}

async fn show_forum(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
    shell: Shell,
) -> Result<ForumPage> {
    let seen = forums::see_general(&app, &slug, shell.viewer.as_ref()).await?;
    let list = Topics::read(&app, &seen, &wanted, paths::forum(&slug), shell.viewer.as_ref()).await?;
    let crumbs = Crumbs(vec![(paths::FORUMS.to_owned(), "Forums".to_owned())]);
    Ok(ForumPage { shell, crumbs, forum: seen.forum, list })
}

#[derive(Template, WebTemplate)]
#[template(path = "forum/competition_forum.html")]
pub struct CompetitionForumPage {
    pub shell: Shell,
    pub frame: Frame,
    pub list: Topics,
}

impl CompetitionForumPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Discussion),
            list: Topics { part: Arc::new(Part { topics: Vec::new(), next: None }), ..Topics::sample() },
        }
    }
}

async fn show_competition_forum(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
    shell: Shell,
) -> Result<Response> {
    let seen = forums::see_of_competition(&app, &slug, shell.viewer.as_ref()).await?;
    let address = paths::competition_forum(&slug);
    let list = Topics::read(&app, &seen, &wanted, address, shell.viewer.as_ref()).await?;
    let competition = seen.competition.ok_or(AppError::NotFound)?;
    let frame = Frame::new(competition, Tab::Discussion, shell.now);
    Ok(CompetitionForumPage { shell, frame, list }.into_response())
}
