//! Forums as JSON.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::model::{Member, Scope};
use crate::api::paging::{Keyset, NextPart, Slice};
use crate::api::query::ApiQuery;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::forums::{self, SeenForum};
use crate::forum::list::{self, Listed, Order};
use crate::forum::model::{Forum, Person, Post, Vote};
use crate::forum::posts::{self, Draft, Edit};
use crate::forum::subjects::{SeenSubject, see_post, see_topic};
use crate::forum::{arrange, store, threads, topics, votes};
use crate::ids::{PostId, SubjectId, TopicId};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_forums))
        .routes(routes!(list_topics, open_topic))
        .routes(routes!(list_competition_topics, open_competition_topic))
        .routes(routes!(show_topic, arrange_topic))
        .routes(routes!(list_posts, write_post))
        .routes(routes!(show_post, edit_post, delete_post))
        .routes(routes!(list_post_versions))
        .routes(routes!(vote_for_post))
}

type Body<T> = std::result::Result<Json<T>, JsonRejection>;

fn read<T>(body: Body<T>) -> Result<T> {
    body.map(|Json(value)| value).map_err(|error| AppError::field("body", error.body_text()))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ForumJson {
    /// Its name in addresses.
    name: String,
    title: String,
    description: String,
    n_topics: i32,
}

impl From<Forum> for ForumJson {
    fn from(forum: Forum) -> Self {
        let Forum { slug, title, description, n_topics, .. } = forum;
        Self { name: slug, title, description, n_topics }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ForumsJson {
    items: Vec<ForumJson>,
}

/// The forums of the whole site.
#[utoipa::path(
    get,
    path = paths::API_FORUMS,
    tag = "Forum",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "All of them, at most a hundred", body = ForumsJson)),
)]
async fn list_forums(State(app): State<App>, caller: MaybeApiMember) -> Result<Json<ForumsJson>> {
    caller.reader()?;
    let forums = store::forums::general(&mut *app.db.acquire().await?).await?;
    Ok(Json(ForumsJson { items: forums.into_iter().map(ForumJson::from).collect() }))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct AuthorJson {
    username: String,
    display_name: String,
    /// Whether they host the competition that this belongs to.
    is_host: bool,
}

impl From<Person> for AuthorJson {
    fn from(person: Person) -> Self {
        Self { username: person.username, display_name: person.display_name, is_host: person.is_host }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TopicSummaryJson {
    id: TopicId,
    title: String,
    author: AuthorJson,
    created_at: DateTime<Utc>,
    /// When its newest post was written.
    active_at: DateTime<Utc>,
    n_replies: i32,
    /// Ups less downs of its first post.
    n_votes: i32,
    is_pinned: bool,
    is_locked: bool,
    /// Whether who asked marked a reply as the answer.
    is_answered: bool,
}

impl From<Listed> for TopicSummaryJson {
    fn from(topic: Listed) -> Self {
        Self {
            id: topic.id,
            title: topic.title,
            author: topic.author.into(),
            created_at: topic.created_at,
            active_at: topic.active_at,
            n_replies: topic.n_replies,
            n_votes: topic.n_votes,
            is_pinned: topic.is_pinned,
            is_locked: topic.is_locked,
            is_answered: topic.is_answered,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct TopicQuery {
    /// `active` (the newest activity first, the default), `votes`, or `unanswered`.
    #[serde(default)]
    #[param(inline, required = false)]
    order: Order,
    /// `next` of the part before.
    after: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TopicsJson {
    /// On the first part what is pinned comes before the rest.
    items: Vec<TopicSummaryJson>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

async fn topics_of(app: &App, seen: &SeenForum, query: &TopicQuery) -> Result<Response> {
    let after = query.after.as_deref().map(str::parse).transpose();
    let after =
        after.map_err(|()| AppError::field("after", "Pass on `next` of the part before, as it is."))?;
    let mut conn = app.db.acquire().await?;
    let part = list::read(&mut conn, seen.forum.id, query.order, after, list::A_PAGE).await?;
    let next = part.next.map(|key| key.to_string());
    let items = part.topics.into_iter().map(TopicSummaryJson::from).collect();
    Ok((NextPart::new("after", next.as_ref()), Json(TopicsJson { items, next })).into_response())
}

/// Topics of a forum.
#[utoipa::path(
    get,
    path = paths::API_FORUM_TOPICS,
    tag = "Forum",
    security((), ("token" = ["read"])),
    params(TopicQuery),
    responses((status = 200, description = "A part of the list", body = TopicsJson)),
)]
async fn list_topics(
    State(app): State<App>,
    Path(forum): Path<String>,
    ApiQuery(query): ApiQuery<TopicQuery>,
    caller: MaybeApiMember,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let seen = forums::see_general(&app, &forum, viewer.as_ref()).await?;
    topics_of(&app, &seen, &query).await
}

/// Topics of a competition's forum.
#[utoipa::path(
    get,
    path = paths::API_COMPETITION_TOPICS,
    tag = "Forum",
    security((), ("token" = ["read"])),
    params(TopicQuery),
    responses((status = 200, description = "A part of the list", body = TopicsJson)),
)]
async fn list_competition_topics(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<TopicQuery>,
    caller: MaybeApiMember,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let seen = forums::see_of_competition(&app, &slug, viewer.as_ref()).await?;
    topics_of(&app, &seen, &query).await
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTopicJson {
    #[schema(example = "Why does RMSE jump?")]
    title: String,
    /// The first post.
    #[schema(example = "Between version 1 and 2 …")]
    markdown: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct OpenedJson {
    id: TopicId,
    address: String,
}

async fn open(app: &App, member: &Member, seen: &SeenForum, body: Body<NewTopicJson>) -> Result<Response> {
    let asked = read(body)?;
    let id = topics::open(app, member, seen, &asked.title, &asked.markdown).await?;
    Ok((StatusCode::CREATED, Json(OpenedJson { id, address: paths::topic(id) })).into_response())
}

/// Open a topic.
#[utoipa::path(
    post,
    path = paths::API_FORUM_TOPICS,
    tag = "Forum",
    security(("token" = ["submit"])),
    request_body = NewTopicJson,
    responses((status = 201, description = "The topic is open", body = OpenedJson)),
)]
async fn open_topic(
    State(app): State<App>,
    Path(forum): Path<String>,
    caller: ApiMember,
    body: Body<NewTopicJson>,
) -> Result<Response> {
    let member = caller.with(Scope::Submit)?;
    let seen = forums::see_general(&app, &forum, Some(&member)).await?;
    open(&app, &member, &seen, body).await
}

/// Open a topic in a competition's forum.
#[utoipa::path(
    post,
    path = paths::API_COMPETITION_TOPICS,
    tag = "Forum",
    security(("token" = ["submit"])),
    request_body = NewTopicJson,
    responses((status = 201, description = "The topic is open", body = OpenedJson)),
)]
async fn open_competition_topic(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Body<NewTopicJson>,
) -> Result<Response> {
    let member = caller.with(Scope::Submit)?;
    let seen = forums::see_of_competition(&app, &slug, Some(&member)).await?;
    open(&app, &member, &seen, body).await
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TopicJson {
    id: TopicId,
    title: String,
    /// The competition whose forum it is in; absent for those of the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    competition: Option<String>,
    active_at: DateTime<Utc>,
    n_replies: i32,
    is_pinned: bool,
    is_locked: bool,
    /// The reply that who asked marked as the answer.
    accepted_post_id: Option<PostId>,
    /// The post that it begins with.
    opening_post: PostJson,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PostJson {
    id: PostId,
    /// What it is written under, such as a topic.
    under_id: SubjectId,
    /// The post that it answers; absent for what begins a thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<PostId>,
    author: AuthorJson,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    is_hidden: bool,
    is_deleted: bool,
    /// Drawn from its Markdown, and sanitised; absent where it is hidden or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    /// Ups less downs.
    n_votes: i32,
}

impl PostJson {
    fn new(post: Post, may_moderate: bool) -> Self {
        let is_readable = post.deleted_at.is_none() && (post.hidden_at.is_none() || may_moderate);
        Self {
            id: post.id,
            under_id: post.under,
            parent_id: post.parent,
            author: post.author.into(),
            created_at: post.created_at,
            edited_at: post.edited_at,
            is_hidden: post.hidden_at.is_some(),
            is_deleted: post.deleted_at.is_some(),
            html: is_readable.then_some(post.html),
            n_votes: post.n_votes,
        }
    }
}

async fn topic_json(app: &App, seen: &SeenSubject) -> Result<Json<TopicJson>> {
    let mut conn = app.db.acquire().await?;
    let topic = store::topics::find(&mut conn, seen.under.id).await?.ok_or(AppError::NotFound)?;
    let opening = store::topics::opening_post(&mut conn, seen.under.id).await?.ok_or(AppError::NotFound)?;
    let line = threads::read_posts(&mut conn, &[opening.0], None).await?.pop().ok_or(AppError::NotFound)?;
    Ok(Json(TopicJson {
        id: topic.id,
        title: topic.title,
        competition: seen.competition.as_ref().map(|seen| seen.competition.slug.clone()),
        active_at: topic.active_at,
        n_replies: topic.n_replies,
        is_pinned: topic.pinned_at.is_some(),
        is_locked: topic.locked_at.is_some(),
        accepted_post_id: topic.accepted_post_id,
        opening_post: PostJson::new(line.post, seen.may_moderate),
    }))
}

/// One topic with its first post.
#[utoipa::path(
    get,
    path = paths::API_TOPIC,
    tag = "Forum",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The topic", body = TopicJson)),
)]
async fn show_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    caller: MaybeApiMember,
) -> Result<Json<TopicJson>> {
    let viewer = caller.reader()?;
    topic_json(&app, &see_topic(&app, id, viewer.as_ref()).await?).await
}

/// What is left out stays as it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ArrangementJson {
    /// By who asked: the reply that is the answer; 0 for none.
    accepted_post_id: Option<PostId>,
    /// By hosts and administrators.
    is_pinned: Option<bool>,
    /// By hosts and administrators.
    is_locked: Option<bool>,
    /// By hosts and administrators: the forum to move it to, such as `general` or `c/house-prices`.
    #[schema(example = "general")]
    forum: Option<String>,
}

/// Mark the answer; pin, lock or move a topic.
#[utoipa::path(
    patch,
    path = paths::API_TOPIC,
    tag = "Forum",
    security(("token" = ["submit"])),
    request_body = ArrangementJson,
    responses((status = 200, description = "The topic as it is now", body = TopicJson)),
)]
async fn arrange_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    caller: ApiMember,
    body: Body<ArrangementJson>,
) -> Result<Json<TopicJson>> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_topic(&app, id, Some(&member)).await?;
    let asked = read(body)?;
    if let Some(post) = asked.accepted_post_id {
        topics::accept(&app, &member, &seen, Some(post).filter(|post| post.0 != 0)).await?;
    }
    if let Some(is_pinned) = asked.is_pinned {
        arrange::pin(&app, &member, &seen, is_pinned).await?;
    }
    if let Some(is_locked) = asked.is_locked {
        arrange::lock(&app, &member, &seen, is_locked).await?;
    }
    if let Some(name) = &asked.forum {
        let to = forums::see_named(&app, name, Some(&member)).await?;
        arrange::relocate(&app, &member, &seen, &to).await?;
    }
    topic_json(&app, &see_topic(&app, id, Some(&member)).await?).await
}

/// Everything written in a topic, newest first.
#[utoipa::path(
    get,
    path = paths::API_TOPIC_POSTS,
    tag = "Forum",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Posts", body = Slice<PostJson>)),
)]
async fn list_posts(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<PostJson>> {
    let viewer = caller.reader()?;
    let seen = see_topic(&app, id, viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let ids = store::threads::newest(&mut conn, seen.under.id, keyset.before(), keyset.fetched()).await?;
    let mut lines = threads::read_posts(&mut conn, &ids, None).await?;
    lines.reverse();
    let slice = keyset.slice(lines, |line| line.post.id.0);
    Ok(slice.map(|line| PostJson::new(line.post, seen.may_moderate)))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPostJson {
    #[schema(example = "It is the *noise* of the rows.")]
    markdown: String,
    /// The post that it answers; left out for one that begins a thread.
    parent_id: Option<PostId>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WrittenJson {
    id: PostId,
    address: String,
}

/// Write a reply in a topic.
#[utoipa::path(
    post,
    path = paths::API_TOPIC_POSTS,
    tag = "Forum",
    security(("token" = ["submit"])),
    request_body = NewPostJson,
    responses((status = 201, description = "It is written", body = WrittenJson)),
)]
async fn write_post(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    caller: ApiMember,
    body: Body<NewPostJson>,
) -> Result<(StatusCode, Json<WrittenJson>)> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_topic(&app, id, Some(&member)).await?;
    let asked = read(body)?;
    let draft = Draft { markdown: asked.markdown, parent: asked.parent_id };
    let id = posts::write(&app, &member, &seen, &draft).await?;
    Ok((StatusCode::CREATED, Json(WrittenJson { id, address: paths::post(id) })))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WholePostJson {
    #[serde(flatten)]
    post: PostJson,
    /// As it was written; absent where it is hidden or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
    /// The caller's own vote.
    vote: Vote,
}

/// One post, wherever it is written.
#[utoipa::path(
    get,
    path = paths::API_POST,
    tag = "Forum",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The post", body = WholePostJson)),
)]
async fn show_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    caller: MaybeApiMember,
) -> Result<Json<WholePostJson>> {
    let viewer = caller.reader()?;
    let seen = see_post(&app, id, viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let lines = threads::read_posts(&mut conn, &[id.0], viewer.as_ref()).await?;
    let line = lines.into_iter().next().ok_or(AppError::NotFound)?;
    let vote = line.own_vote;
    let post = PostJson::new(line.post, seen.may_moderate);
    let markdown = match post.html {
        Some(_) => store::posts::markdown(&mut conn, id).await?,
        None => None,
    };
    Ok(Json(WholePostJson { post, markdown, vote }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct EditJson {
    markdown: String,
    /// Of the topic, where the post opens one; left out to keep it.
    title: Option<String>,
}

/// Change one's own post; what stood there stays readable as a version.
#[utoipa::path(
    patch,
    path = paths::API_POST,
    tag = "Forum",
    security(("token" = ["submit"])),
    request_body = EditJson,
    responses((status = 204, description = "It is changed")),
)]
async fn edit_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    caller: ApiMember,
    body: Body<EditJson>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_post(&app, id, Some(&member)).await?;
    let asked = read(body)?;
    posts::edit(&app, &member, &seen, &Edit { markdown: asked.markdown, title: asked.title }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete one's own post; a topic that nobody answered goes with its first one.
#[utoipa::path(
    delete,
    path = paths::API_POST,
    tag = "Forum",
    security(("token" = ["submit"])),
    responses((status = 204, description = "Its text is not shown any more")),
)]
async fn delete_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_post(&app, id, Some(&member)).await?;
    posts::delete(&app, &member, &seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PostVersionJson {
    number: i32,
    /// Of the topic, with its first post.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    markdown: String,
    written_at: DateTime<Utc>,
    replaced_at: DateTime<Utc>,
}

/// What stood in a post before it was edited, newest first.
#[utoipa::path(
    get,
    path = paths::API_POST_VERSIONS,
    tag = "Forum",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Versions; none where nothing was edited", body = Slice<PostVersionJson>)),
)]
async fn list_post_versions(
    State(app): State<App>,
    Path(id): Path<PostId>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<PostVersionJson>> {
    let viewer = caller.reader()?;
    let seen = see_post(&app, id, viewer.as_ref()).await?;
    seen.require_readable()?;
    let mut conn = app.db.acquire().await?;
    let versions = store::posts::versions(&mut conn, id, keyset.before(), keyset.fetched()).await?;
    let slice = keyset.slice(versions, |version| version.number.into());
    Ok(slice.map(|version| PostVersionJson {
        number: version.number,
        title: version.title,
        markdown: version.markdown,
        written_at: version.written_at,
        replaced_at: version.replaced_at,
    }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct BallotJson {
    vote: Vote,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct VotesJson {
    vote: Vote,
    /// Ups less downs of everybody.
    n_votes: i32,
}

/// Vote for a post, against it, or take the vote back.
#[utoipa::path(
    put,
    path = paths::API_POST_VOTE,
    tag = "Forum",
    security(("token" = ["submit"])),
    request_body = BallotJson,
    responses((status = 200, description = "The vote is counted, once", body = VotesJson)),
)]
async fn vote_for_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    caller: ApiMember,
    body: Body<BallotJson>,
) -> Result<Json<VotesJson>> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_post(&app, id, Some(&member)).await?;
    let vote = read(body)?.vote;
    let n_votes = votes::cast(&app, &member, &seen, vote).await?;
    Ok(Json(VotesJson { vote, n_votes }))
}
