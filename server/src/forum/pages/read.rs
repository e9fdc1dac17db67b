//! A topic, one thread of it, and what stood in a post before.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sqlx::PgConnection;

use super::Crumbs;
use crate::accounts::model::Member;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::forums;
use crate::forum::list::Key;
use crate::forum::model::{SubjectKind, Topic};
use crate::forum::store::{self, posts::Version};
use crate::forum::subjects::{self, Home, SeenSubject, see_post, see_topic};
use crate::forum::threads::{self, ANSWERS_ALONE, Line, Sort, Threads};
use crate::ids::{PostId, SubjectId, TopicId};
use crate::notifications::follow;
use crate::notifications::model::Target;
use crate::paths;
use crate::web::format;
use crate::web::routing::{form, get};
use crate::web::shell::Shell;
use crate::write_ups;
use crate::write_ups::model::{Choice, Owner};

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::TOPIC, form(show_topic, super::write::post_reply_to_topic))
        .route(paths::POST, get(show_post))
        .route(paths::POST_HISTORY, get(show_history))
}

/// What the viewer may do with the posts on a page.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub is_member: bool,
    pub may_write: bool,
    pub may_moderate: bool,
    /// May mark a reply as the answer.
    pub is_asker: bool,
    /// What the posts stand under is shown: what is hidden stays as it is.
    pub is_shown: bool,
}

impl Reading {
    pub fn new(seen: &SeenSubject, viewer: Option<&Member>) -> Self {
        let is_topic = seen.under.kind == SubjectKind::Topic;
        Self {
            is_member: viewer.is_some(),
            may_write: viewer.is_some() && seen.require_open().is_ok(),
            may_moderate: seen.may_moderate,
            is_asker: is_topic && viewer.is_some_and(|viewer| viewer.id == seen.under.author_id),
            is_shown: seen.under.is_shown(),
        }
    }

    pub fn sample() -> Self {
        Self { is_member: true, may_write: true, may_moderate: true, is_asker: true, is_shown: true }
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    sort: Sort,
    after: Option<String>,
}

/// A page of what was written under a subject.
#[derive(Debug, Clone)]
pub struct Discussion {
    pub threads: Threads,
    pub sort: Sort,
    pub is_first: bool,
    /// Of the page, without its query.
    pub address: String,
}

impl Discussion {
    /// # Errors
    /// [`AppError::NotFound`] for a place that no page ever named.
    pub async fn read(
        conn: &mut PgConnection,
        under: SubjectId,
        wanted: &Wanted,
        address: String,
        viewer: Option<&Member>,
    ) -> Result<Self> {
        let after = wanted.after.as_deref().map(str::parse).transpose().map_err(|()| AppError::NotFound)?;
        let threads = threads::read(conn, under, wanted.sort, after, viewer).await?;
        Ok(Self { threads, sort: wanted.sort, is_first: after.is_none(), address })
    }

    pub fn sample() -> Self {
        Self {
            threads: Threads {
                lines: vec![
                    Line { is_accepted: true, is_own: true, ..Line::sample() },
                    Line { depth: 1, has_more: true, ..Line::sample() },
                ],
                next: Some(Key { number: 3, id: 2 }),
            },
            sort: Sort::Votes,
            is_first: true,
            address: "/topics/1".to_owned(),
        }
    }

    /// `aria-current` of a way to sort.
    pub fn is_sorted(&self, name: &str) -> &'static str {
        if self.sort.name() == name { "page" } else { "false" }
    }

    pub fn next_address(&self, key: &Key) -> String {
        format!("{}?sort={}&after={key}", self.address, self.sort.name())
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "forum/topic.html")]
pub struct TopicPage {
    pub shell: Shell,
    pub crumbs: Crumbs,
    pub topic: Topic,
    pub opening: Option<Line>,
    pub accepted: Option<Line>,
    pub discussion: Discussion,
    /// Why it is shown to its author and moderators alone; `None` for what everybody reads.
    pub hidden: Option<String>,
    pub is_deleted: bool,
    pub reading: Reading,
    pub is_following: bool,
    /// The competition in whose forum it is.
    pub competition: Option<String>,
    /// The team whose write-up it is.
    pub owner: Option<Owner>,
    /// What the viewer may say about that.
    pub choice: Option<Choice>,
}

impl TopicPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            crumbs: Crumbs::sample(),
            topic: Topic::sample(),
            opening: Some(Line::sample()),
            accepted: Some(Line { is_accepted: true, is_own: true, ..Line::sample() }),
            discussion: Discussion::sample(),
            hidden: Some("Please stay with the question.".to_owned()),
            is_deleted: false,
            is_following: true,
            reading: Reading::sample(),
            competition: Some("house-prices".to_owned()),
            owner: Some(Owner::sample()),
            choice: Some(Choice::Unbind),
        }
    }

    /// Of the competition in whose forum it is; empty on forums of the whole site.
    pub fn slug(&self) -> &str {
        self.competition.as_deref().unwrap_or_default()
    }
}

async fn show_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    Query(wanted): Query<Wanted>,
    shell: Shell,
) -> Result<TopicPage> {
    let viewer = shell.viewer.as_ref();
    let seen = see_topic(&app, id, viewer).await?;
    let mut conn = app.db.acquire().await?;
    let topic = store::topics::find(&mut conn, seen.under.id).await?.ok_or(AppError::NotFound)?;
    let mut discussion = Discussion::read(&mut conn, seen.under.id, &wanted, topic.address(), viewer).await?;
    let opening = match store::topics::opening_post(&mut conn, seen.under.id).await? {
        Some(post) if discussion.is_first => threads::read_posts(&mut conn, &[post.0], viewer).await?.pop(),
        _ => None,
    };
    let accepted = match topic.accepted_post_id {
        Some(post) if discussion.is_first => threads::read_posts(&mut conn, &[post.0], viewer).await?.pop(),
        _ => None,
    };
    let is_following = follow::is_following(&mut conn, viewer, Target::Subject(seen.under.id)).await?;
    drop(conn);
    for line in &mut discussion.threads.lines {
        line.is_accepted = topic.accepted_post_id == Some(line.post.id);
    }
    let forum = forums::see(&app, topic.forum_id, viewer).await?;
    let (owner, choice) = write_ups::read::of_topic(&app, &seen, topic.id).await?;
    Ok(TopicPage {
        competition: seen.competition.as_ref().map(|seen| seen.competition.slug.clone()),
        owner,
        choice,
        crumbs: Crumbs::of_forum(&forum),
        reading: Reading::new(&seen, viewer),
        accepted: accepted.filter(|line| line.post.is_shown()),
        hidden: seen.under.hidden_at.map(|_| seen.under.hidden_because.clone()),
        is_deleted: seen.under.deleted_at.is_some(),
        is_following,
        shell,
        topic,
        opening,
        discussion,
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "forum/thread.html")]
pub struct ThreadPage {
    pub shell: Shell,
    pub home: Home,
    pub lines: Vec<Line>,
    /// The post that was asked for.
    pub wanted: PostId,
    /// Where the thread goes on.
    pub next: Option<i64>,
    pub reading: Reading,
}

impl ThreadPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            home: Home { title: "Why does it jump?".to_owned(), address: "/topics/1".to_owned() },
            lines: vec![Line::sample()],
            wanted: PostId(2),
            next: Some(3),
            reading: Reading::sample(),
        }
    }

    pub fn address(&self) -> String {
        paths::post(self.wanted)
    }
}

#[derive(Debug, Default, Deserialize)]
struct ThreadQuery {
    after: Option<i64>,
}

/// The thread that a post is in, from its beginning, or from the post on where it is far down.
async fn show_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    Query(query): Query<ThreadQuery>,
    shell: Shell,
) -> Result<Response> {
    let viewer = shell.viewer.as_ref();
    let seen = see_post(&app, id, viewer).await?;
    let mut conn = app.db.acquire().await?;
    let place = store::posts::place(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    let home = subjects::home(&mut conn, &seen.under).await?;
    if place.is_opening {
        return Ok(Redirect::to(&home.address).into_response());
    }
    let mut lines = threads::read_one(&mut conn, place.root, query.after.unwrap_or(0), viewer).await?;
    let is_among = |lines: &[Line]| lines.iter().any(|line| line.post.id == id);
    if query.after.is_none() && !is_among(&lines) {
        lines = threads::read_one(&mut conn, place.root, id.0 - 1, viewer).await?;
    }
    drop(conn);
    let newest = lines.iter().map(|line| line.post.id.0).max();
    let is_full = i64::try_from(lines.len()).is_ok_and(|n| n > ANSWERS_ALONE);
    let page = ThreadPage {
        reading: Reading::new(&seen, viewer),
        next: newest.filter(|_| is_full),
        wanted: id,
        shell,
        home,
        lines,
    };
    Ok(page.into_response())
}

#[derive(Template, WebTemplate)]
#[template(path = "forum/history.html")]
pub struct HistoryPage {
    pub shell: Shell,
    pub home: Home,
    pub line: Line,
    pub versions: Slice<Version>,
}

impl HistoryPage {
    pub fn sample() -> Self {
        let version = Version {
            number: 1,
            title: Some("Why?".to_owned()),
            markdown: "Text".to_owned(),
            html: "<p>Text</p>".to_owned(),
            written_at: chrono::DateTime::UNIX_EPOCH,
            replaced_at: chrono::DateTime::UNIX_EPOCH,
        };
        Self {
            shell: Shell::sample(),
            home: ThreadPage::sample().home,
            line: Line::sample(),
            versions: Slice { items: vec![version], next: Some(1) },
        }
    }
}

async fn show_history(
    State(app): State<App>,
    Path(id): Path<PostId>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<HistoryPage> {
    let viewer = shell.viewer.as_ref();
    let seen = see_post(&app, id, viewer).await?;
    seen.require_readable()?;
    let mut conn = app.db.acquire().await?;
    let line = threads::read_posts(&mut conn, &[id.0], viewer).await?.pop().ok_or(AppError::NotFound)?;
    let versions = store::posts::versions(&mut conn, id, keyset.before(), keyset.fetched()).await?;
    let home = subjects::home(&mut conn, &seen.under).await?;
    drop(conn);
    let versions = keyset.slice(versions, |version| version.number.into());
    Ok(HistoryPage { shell, home, line, versions })
}
