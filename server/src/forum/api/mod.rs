//! Forums as JSON.

pub(crate) mod posts;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::paging::NextPart;
use crate::api::query::ApiQuery;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::arrange::Arrangement;
use crate::forum::forums::{self, SeenForum};
use crate::forum::list::{self, Listed, Order};
use crate::forum::model::{self, Forum};
use crate::forum::subjects::{SeenSubject, see_topic};
use crate::forum::{arrange, references, store, threads, topics};

use crate::api::routes::routes;
use crate::ids::{PostId, TeamId, TopicId};
use crate::paths;
use crate::write_ups;
use crate::write_ups::model::Owner;

use posts::{AuthorJson, PostJson};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_forums, open_forum))
        .routes(routes!(show_forum))
        .routes(routes!(draw_preview))
        .routes(routes!(list_topics, open_topic))
        .routes(routes!(list_competition_topics, open_competition_topic))
        .routes(routes!(show_topic, arrange_topic))
        .merge(posts::router())
}

/// Pages call fields otherwise.
fn named_as_in_json(error: AppError) -> AppError {
    error.renamed("text", "markdown").renamed("parent", "parent_id").renamed("to", "forum")
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

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewForumJson {
    /// In addresses.
    #[schema(example = "show-and-tell")]
    name: String,
    #[schema(example = "Show and tell")]
    title: String,
    #[serde(default)]
    description: String,
}

/// Open a forum of the whole site.
#[utoipa::path(
    post,
    path = paths::API_FORUMS,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = NewForumJson,
    responses((status = 201, description = "The forum", body = ForumJson)),
)]
async fn open_forum(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<NewForumJson>>,
) -> Result<(StatusCode, Json<ForumJson>)> {
    let admin = caller.with(Scope::Admin)?;
    let ApiJson(asked) = body?;
    let opened = arrange::open_forum(&app, &admin, &asked.name, &asked.title, &asked.description).await;
    let forum = opened.map_err(|error| error.renamed("slug", "name"))?;
    Ok((StatusCode::CREATED, Json(forum.into())))
}

/// A forum of the whole site.
#[utoipa::path(
    get,
    path = paths::API_FORUM,
    tag = "Forum",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The forum", body = ForumJson)),
)]
async fn show_forum(
    State(app): State<App>,
    Path(forum): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<ForumJson>> {
    let viewer = caller.reader()?;
    let seen = forums::see_general(&app, &forum, viewer.as_ref()).await?;
    Ok(Json(seen.forum.into()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TextJson {
    #[schema(example = "It is *noise*: $x + 1$.")]
    markdown: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PreviewJson {
    /// Sanitised.
    html: String,
}

/// See how a text would be drawn, before it is written anywhere.
#[utoipa::path(
    post,
    path = paths::API_PREVIEWS,
    tag = "Forum",
    operation_id = "preview",
    security(("token" = ["read"])),
    request_body = TextJson,
    responses((status = 200, description = "The text, drawn", body = PreviewJson)),
)]
async fn draw_preview(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<TextJson>>,
) -> Result<Json<PreviewJson>> {
    let member = caller.with(Scope::Read)?;
    let ApiJson(TextJson { markdown }) = body?;
    let text = model::text(&markdown).map_err(|sentence| AppError::field("markdown", sentence))?;
    Ok(Json(PreviewJson { html: references::draw(&app, &member, None, &text).await?.html }))
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
    let wanted = list::Wanted { forum: seen.forum.id, order: query.order, after, limit: list::A_PAGE };
    let part = list::read(app, wanted).await?;
    let next = part.next.map(|key| key.to_string());
    let items = part.topics.iter().cloned().map(TopicSummaryJson::from).collect();
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

async fn open(
    app: &App,
    member: &Member,
    seen: &SeenForum,
    body: Result<ApiJson<NewTopicJson>>,
) -> Result<Response> {
    let ApiJson(asked) = body?;
    let opened = topics::open(app, member, seen, &asked.title, &asked.markdown).await;
    let id = opened.map_err(named_as_in_json)?;
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
    body: Result<ApiJson<NewTopicJson>>,
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
    body: Result<ApiJson<NewTopicJson>>,
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
    /// The team whose solution write-up it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    write_up_of: Option<WriteUpOwnerJson>,
    /// The post that it begins with.
    opening_post: PostJson,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WriteUpOwnerJson {
    team_id: TeamId,
    team: String,
    /// On the final board, while it stands and the team is on it.
    rank: Option<i32>,
    /// On that board.
    n_teams: Option<i32>,
}

impl From<Owner> for WriteUpOwnerJson {
    fn from(Owner { team_id, team, rank, n_teams, .. }: Owner) -> Self {
        Self { team_id, team, rank, n_teams }
    }
}

async fn topic_json(conn: &mut PgConnection, seen: &SeenSubject) -> Result<TopicJson> {
    let topic = store::topics::find(conn, seen.under.id).await?.ok_or(AppError::NotFound)?;
    let opening = store::topics::opening_post(conn, seen.under.id).await?.ok_or(AppError::NotFound)?;
    let line = threads::read_posts(conn, &[opening.0], None).await?.pop().ok_or(AppError::NotFound)?;
    let owner = write_ups::store::owner(conn, topic.id).await?;
    Ok(TopicJson {
        id: topic.id,
        write_up_of: owner.map(WriteUpOwnerJson::from),
        title: topic.title,
        competition: seen.competition.as_ref().map(|seen| seen.competition.slug.clone()),
        active_at: topic.active_at,
        n_replies: topic.n_replies,
        is_pinned: topic.pinned_at.is_some(),
        is_locked: topic.locked_at.is_some(),
        accepted_post_id: topic.accepted_post_id,
        opening_post: PostJson::new(line.post, seen.may_moderate),
    })
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
    let seen = see_topic(&app, id, viewer.as_ref()).await?;
    Ok(Json(topic_json(&mut *app.db.acquire().await?, &seen).await?))
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
///
/// Either all of it happens, or nothing.
#[utoipa::path(
    patch,
    path = paths::API_TOPIC,
    tag = "Forum",
    security(("token" = ["submit"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the topic as the caller read it: change it only if it is still so")),
    request_body = ArrangementJson,
    responses((status = 200, description = "The topic as it is now", body = TopicJson), (status = 412, description = "Somebody changed it since")),
)]
async fn arrange_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<ArrangementJson>>,
) -> Result<Json<TopicJson>> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_topic(&app, id, Some(&member)).await?;
    let ApiJson(asked) = body?;
    let to = match &asked.forum {
        Some(name) => Some(forums::see_named(&app, name, Some(&member)).await.map_err(named_as_in_json)?),
        None => None,
    };
    let wish = Arrangement {
        answer: asked.accepted_post_id.map(|post| Some(post).filter(|post| post.0 != 0)),
        is_pinned: asked.is_pinned,
        is_locked: asked.is_locked,
        to,
    };
    let stands = async |conn: &mut PgConnection| condition.hold(Some(topic_json(conn, &seen).await?));
    arrange::arrange(&app, &member, &seen, &wish, stands).await?;
    let seen = see_topic(&app, id, Some(&member)).await?;
    Ok(Json(topic_json(&mut *app.db.acquire().await?, &seen).await?))
}
