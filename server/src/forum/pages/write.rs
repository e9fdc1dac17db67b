//! The form that everything is written in: a topic, a reply, an edit; and the preview of it.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;

use super::Crumbs;
use super::read::Reading;
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::forums::{self, SeenForum};
use crate::forum::list::Key;
use crate::forum::posts::{self, Draft, Edit};
use crate::forum::references;
use crate::forum::subjects::{self, SeenSubject, see_post, see_topic};
use crate::forum::threads::{self, Line, Sort};
use crate::forum::{model, store, topics};
use crate::ids::{PostId, TopicId};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::forms::{Mistake, kept, mistake, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;
use crate::write_ups::bind;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::FORUM_NEW_TOPIC, form(show_new, post_new))
        .route(paths::COMPETITION_NEW_TOPIC, form(show_new_in_competition, post_new_in_competition))
        .route(paths::POST_REPLY, form(show_reply, post_reply))
        .route(paths::POST_EDIT, form(show_edit, post_edit))
        .route(paths::PREVIEW, post(preview))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WriteForm {
    pub title: String,
    pub text: String,
    /// Which button was pressed.
    pub act: String,
}

impl WriteForm {
    fn wants_preview(&self) -> bool {
        self.act == "preview"
    }
}

/// What the form is for.
#[derive(Debug, Clone)]
pub struct Purpose {
    pub heading: &'static str,
    pub button: &'static str,
    pub crumbs: Crumbs,
    pub action: String,
    pub has_title: bool,
    /// Address of the button that deletes; empty where nothing can be deleted.
    pub delete: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "forum/write.html")]
pub struct WritePage {
    pub shell: Shell,
    pub purpose: Purpose,
    /// The post that is answered.
    pub answered: Option<Line>,
    pub reading: Reading,
    pub form: WriteForm,
    /// Drawn from the form's text; empty where none was asked for.
    pub preview: String,
    pub mistake: Mistake,
}

impl WritePage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            purpose: Purpose {
                heading: "Edit",
                button: "Save",
                crumbs: Crumbs::sample(),
                action: "/posts/2/edit".to_owned(),
                has_title: true,
                delete: "/posts/2/delete".to_owned(),
            },
            answered: Some(Line::sample()),
            reading: Reading::sample(),
            form: WriteForm::default(),
            preview: "<p>Text</p>".to_owned(),
            mistake: Mistake::new("text", "Write something first."),
        }
    }
}

/// Everything about a form but what is typed into it.
struct Desk {
    purpose: Purpose,
    answered: Option<Line>,
    reading: Reading,
}

impl Desk {
    fn page(self, shell: Shell, form: WriteForm, mistake: Mistake) -> WritePage {
        let preview = String::new();
        let Self { purpose, answered, reading } = self;
        WritePage { shell, purpose, answered, reading, form, preview, mistake }
    }

    /// The page with what was wrong.
    fn again(self, shell: Shell, form: WriteForm, mistake: Mistake) -> Response {
        show_again(self.page(shell, form, mistake))
    }

    /// The page with a look at what is typed.
    async fn preview(self, app: &App, member: &Member, shell: Shell, form: WriteForm) -> Result<Response> {
        let preview = drawn(app, member, &form.text).await?;
        Ok(WritePage { preview, ..self.page(shell, form, Mistake::none()) }.into_response())
    }
}

/// A text as it will be shown, with what everybody may see of what it refers to.
async fn drawn(app: &App, member: &Member, text: &str) -> Result<String> {
    match model::text(text) {
        Ok(text) => Ok(references::draw(app, member, None, &text).await?.html),
        Err(_) => Ok(String::new()),
    }
}

/// The text of a form drawn as it will be shown, for the script that shows it while it is written.
async fn preview(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    Form(form): Form<WriteForm>,
) -> Result<Html<String>> {
    let text = model::text(&form.text).map_err(|sentence| AppError::field("text", sentence))?;
    Ok(Html(drawn(&app, &member, &text).await?))
}

fn new_desk(seen: &SeenForum, address: &str) -> Desk {
    let purpose = Purpose {
        heading: "New topic",
        button: "Open the topic",
        crumbs: Crumbs::of_forum(seen),
        action: format!("{address}/new"),
        has_title: true,
        delete: String::new(),
    };
    let may_moderate = seen.may_moderate;
    let reading = Reading { is_member: true, may_write: true, may_moderate, is_asker: false, is_shown: true };
    Desk { purpose, answered: None, reading }
}

async fn show_new(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<WritePage> {
    let seen = forums::see_general(&app, &slug, Some(&member)).await?;
    Ok(new_desk(&seen, &paths::forum(&slug)).page(shell, WriteForm::default(), Mistake::none()))
}

async fn post_new(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<WriteForm>,
) -> Result<Response> {
    let seen = forums::see_general(&app, &slug, Some(&member)).await?;
    let desk = new_desk(&seen, &paths::forum(&slug));
    Ok(open_topic(&app, &member, &seen, desk, shell, form).await?.1)
}

#[derive(Debug, Default, Deserialize)]
struct NewQuery {
    /// There where the topic becomes the write-up of the author's team.
    write_up: Option<String>,
}

/// The desk for a new topic of a competition, which may be a write-up.
fn competition_desk(app: &App, slug: &str, seen: &SeenForum, query: &NewQuery) -> Result<Desk> {
    let mut desk = new_desk(seen, &paths::competition_forum(slug));
    if let (Some(_), Some(competition)) = (&query.write_up, &seen.competition) {
        bind::team(app, competition)?;
        desk.purpose.heading = "Solution write-up";
        desk.purpose.action = paths::new_write_up(slug);
    }
    Ok(desk)
}

async fn show_new_in_competition(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(query): Query<NewQuery>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<WritePage> {
    let seen = forums::see_of_competition(&app, &slug, Some(&member)).await?;
    let desk = competition_desk(&app, &slug, &seen, &query)?;
    Ok(desk.page(shell, WriteForm::default(), Mistake::none()))
}

async fn post_new_in_competition(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(query): Query<NewQuery>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<WriteForm>,
) -> Result<Response> {
    let seen = forums::see_of_competition(&app, &slug, Some(&member)).await?;
    let desk = competition_desk(&app, &slug, &seen, &query)?;
    let (opened, answer) = open_topic(&app, &member, &seen, desk, shell, form).await?;
    if let (Some(topic), Some(_)) = (opened, query.write_up) {
        bind::bind(&app, &member, &slug, topic).await?;
    }
    Ok(answer)
}

/// The topic, where it was opened, and what its author sees next.
async fn open_topic(
    app: &App,
    member: &Member,
    seen: &SeenForum,
    desk: Desk,
    shell: Shell,
    form: WriteForm,
) -> Result<(Option<TopicId>, Response)> {
    if form.wants_preview() {
        return Ok((None, desk.preview(app, member, shell, form).await?));
    }
    match mistake(kept(topics::open(app, member, seen, &form.title, &form.text).await))? {
        Ok(topic) => Ok((Some(topic), Redirect::to(&paths::topic(topic)).into_response())),
        Err(mistake) => Ok((None, desk.again(shell, form, mistake))),
    }
}

/// The desk for an answer to a post, or to the subject itself.
async fn reply_desk(app: &App, seen: &SeenSubject, member: &Member, parent: Option<PostId>) -> Result<Desk> {
    let mut conn = app.db.acquire().await?;
    let home = subjects::home(&mut conn, &seen.under).await?;
    let answered = match parent {
        Some(parent) => threads::read_posts(&mut conn, &[parent.0], Some(member)).await?.pop(),
        None => None,
    };
    let purpose = Purpose {
        heading: "Reply",
        button: "Send the reply",
        crumbs: Crumbs(Vec::new()).and(home.address.clone(), &home.title),
        action: parent.map_or(home.address, paths::post_reply),
        has_title: false,
        delete: String::new(),
    };
    Ok(Desk { purpose, answered, reading: Reading::new(seen, Some(member)) })
}

#[derive(Debug, Default, Deserialize)]
struct ReplyQuery {
    quote: Option<String>,
}

async fn show_reply(
    State(app): State<App>,
    Path(id): Path<PostId>,
    Query(query): Query<ReplyQuery>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<WritePage> {
    let seen = see_post(&app, id, Some(&member)).await?;
    seen.require_readable()?;
    seen.require_open()?;
    let text = match query.quote {
        Some(_) => {
            let quoted = store::posts::markdown(&mut *app.db.acquire().await?, id).await?;
            quoted.map(|text| posts::quote(&text)).unwrap_or_default()
        }
        None => String::new(),
    };
    let parent = parent_of_answer(&app, id).await?;
    let desk = reply_desk(&app, &seen, &member, parent).await?;
    Ok(desk.page(shell, WriteForm { text, ..WriteForm::default() }, Mistake::none()))
}

/// An answer to an opening post is one to its topic.
async fn parent_of_answer(app: &App, id: PostId) -> Result<Option<PostId>> {
    let place = store::posts::place(&mut *app.db.acquire().await?, id).await?.ok_or(AppError::NotFound)?;
    Ok((!place.is_opening).then_some(id))
}

async fn post_reply(
    State(app): State<App>,
    Path(id): Path<PostId>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<WriteForm>,
) -> Result<Response> {
    let seen = see_post(&app, id, Some(&member)).await?;
    let parent = parent_of_answer(&app, id).await?;
    write_reply(&app, &member, &seen, parent, shell, form).await
}

pub(super) async fn post_reply_to_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<WriteForm>,
) -> Result<Response> {
    let seen = see_topic(&app, id, Some(&member)).await?;
    write_reply(&app, &member, &seen, None, shell, form).await
}

/// Writes what the form holds, shows how it would look, or gives it back with what is wrong.
pub(crate) async fn write_reply(
    app: &App,
    member: &Member,
    seen: &SeenSubject,
    parent: Option<PostId>,
    shell: Shell,
    form: WriteForm,
) -> Result<Response> {
    if form.wants_preview() {
        let desk = reply_desk(app, seen, member, parent).await?;
        return desk.preview(app, member, shell, form).await;
    }
    let draft = Draft { markdown: form.text.clone(), parent };
    match mistake(kept(posts::write(app, member, seen, &draft).await))? {
        Ok(post) => Ok(Redirect::to(&among_others(app, seen, member, post).await?).into_response()),
        Err(mistake) => {
            let desk = reply_desk(app, seen, member, parent).await?;
            Ok(desk.again(shell, form, mistake))
        }
    }
}

/// Where a post is read among the others: on the first page of what it is about, on the one that begins with its thread, or, far
/// down in a long thread, on its own.
async fn among_others(app: &App, seen: &SeenSubject, member: &Member, post: PostId) -> Result<String> {
    let mut conn = app.db.acquire().await?;
    let home = subjects::home(&mut conn, &seen.under).await?.address;
    let place = store::posts::place(&mut conn, post).await?.ok_or(AppError::NotFound)?;
    if place.is_opening {
        return Ok(format!("{home}#post-{post}"));
    }
    let thread = Key { number: 0, id: place.root.0 - 1 };
    let from_thread = format!("{home}?sort={}&after={thread}", Sort::Time.name());
    for (after, page) in [(None, home), (Some(thread), from_thread)] {
        let shown = threads::read(&mut conn, seen.under.id, Sort::Time, after, Some(member)).await?;
        if shown.lines.iter().any(|line| line.post.id == post) {
            return Ok(format!("{page}#post-{post}"));
        }
    }
    Ok(format!("{}#post-{post}", paths::post(post)))
}

/// The desk for a change of the author's own post; with its topic's title, where it opens one.
async fn edit_desk(app: &App, seen: &SeenSubject, member: &Member, id: PostId) -> Result<(Desk, WriteForm)> {
    seen.require_readable()?;
    if seen.subject.author_id != member.id {
        return Err(AppError::refused("Only its author can change a post."));
    }
    let mut conn = app.db.acquire().await?;
    let place = store::posts::place(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    let text = store::posts::markdown(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    let home = subjects::home(&mut conn, &seen.under).await?;
    let purpose = Purpose {
        heading: "Edit",
        button: "Save",
        crumbs: Crumbs(Vec::new()).and(home.address, &home.title),
        action: paths::post_edit(id),
        has_title: place.is_opening,
        delete: paths::post_delete(id),
    };
    let desk = Desk { purpose, answered: None, reading: Reading::new(seen, Some(member)) };
    Ok((desk, WriteForm { title: home.title, text, act: String::new() }))
}

async fn show_edit(
    State(app): State<App>,
    Path(id): Path<PostId>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<WritePage> {
    let seen = see_post(&app, id, Some(&member)).await?;
    let (desk, form) = edit_desk(&app, &seen, &member, id).await?;
    Ok(desk.page(shell, form, Mistake::none()))
}

async fn post_edit(
    State(app): State<App>,
    Path(id): Path<PostId>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<WriteForm>,
) -> Result<Response> {
    let seen = see_post(&app, id, Some(&member)).await?;
    let (desk, _) = edit_desk(&app, &seen, &member, id).await?;
    if form.wants_preview() {
        return desk.preview(&app, &member, shell, form).await;
    }
    let edit = Edit { markdown: form.text.clone(), title: Some(form.title.clone()) };
    match mistake(posts::edit(&app, &member, &seen, &edit).await)? {
        Ok(()) => Ok(Redirect::to(&among_others(&app, &seen, &member, id).await?).into_response()),
        Err(mistake) => Ok(desk.again(shell, form, mistake)),
    }
}
