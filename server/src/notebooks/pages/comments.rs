//! What is said about a notebook: posts under it, as in a forum.

use askama::Template;
use askama_web::WebTemplate;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::{Head, Part, Pedigree};
use crate::app::App;
use crate::error::Result;
use crate::forum::pages::read::{Discussion, Reading, Wanted};
use crate::forum::pages::write::{WriteForm, write_reply};
use crate::forum::subjects::{self, UNPUBLISHED};
use crate::notebooks::access;
use crate::notifications::follow;
use crate::notifications::model::Target;
use crate::notifications::pages::{FollowForm, answer};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::shell::Shell;

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/comments.html")]
pub struct CommentsPage {
    pub shell: Shell,
    pub head: Head,
    pub discussion: Discussion,
    pub reading: Reading,
    pub is_following: bool,
}

impl CommentsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            head: Head::sample(Part::Comments),
            discussion: Discussion::sample(),
            reading: Reading::sample(),
            is_following: false,
        }
    }
}

pub(super) async fn show_comments(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    shell: Shell,
) -> Result<CommentsPage> {
    let viewer = shell.viewer.as_ref();
    let seen = access::see(&app, &username, &notebook, viewer).await?;
    let subject = subjects::see(&app, seen.notebook.id.into(), viewer).await?;
    let head = Head::new(&app, &seen, viewer, Part::Comments).await?;
    let address = paths::notebook_part(&username, &notebook, "comments");
    let mut conn = app.db.acquire().await?;
    let discussion = Discussion::read(&mut conn, subject.under.id, &wanted, address, viewer).await?;
    let is_following = follow::is_following(&mut conn, viewer, Target::Subject(subject.under.id)).await?;
    drop(conn);
    Ok(CommentsPage { reading: Reading::new(&subject, viewer), shell, head, discussion, is_following })
}

pub(super) async fn post_comment(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<WriteForm>,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let subject = subjects::see(&app, seen.notebook.id.into(), Some(&member)).await?;
    write_reply(&app, &member, &subject, None, shell, form).await
}

pub(super) async fn post_follow(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    SignedIn(member): SignedIn,
    Form(form): Form<FollowForm>,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let target = Target::Subject(seen.notebook.id.into());
    answer(&app, &member, target, &form, &paths::notebook_part(&username, &notebook, "comments")).await
}
