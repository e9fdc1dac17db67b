//! Posts as JSON: read, written, changed, voted on.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa_axum::router::OpenApiRouter;

use super::named_as_in_json;
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::model::{Person, Post, Vote};
use crate::forum::posts::{self, Draft, Edit};
use crate::forum::subjects::{SeenSubject, see_post, see_topic};
use crate::forum::{store, threads, votes};
use crate::ids::{PostId, SubjectId, TopicId};
use crate::paths;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_posts, write_post))
        .routes(routes!(show_post, edit_post, delete_post))
        .routes(routes!(list_post_versions))
        .routes(routes!(vote_for_post))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct AuthorJson {
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
pub(crate) struct PostJson {
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
    pub(super) fn new(post: Post, may_read_hidden: bool) -> Self {
        let is_readable = post.deleted_at.is_none() && (post.hidden_at.is_none() || may_read_hidden);
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
    posts_under(&app, &seen, keyset).await
}

/// Everything written under a subject, newest first.
pub(crate) async fn posts_under(app: &App, seen: &SeenSubject, keyset: Keyset) -> Result<Slice<PostJson>> {
    let mut conn = app.db.acquire().await?;
    let ids = store::threads::newest(&mut conn, seen.under.id, keyset.before(), keyset.fetched()).await?;
    let mut lines = threads::read_posts(&mut conn, &ids, None).await?;
    lines.reverse();
    let slice = keyset.slice(lines, |line| line.post.id.0);
    Ok(slice.map(|line| PostJson::new(line.post, seen.may_moderate)))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPostJson {
    #[schema(example = "It is the *noise* of the rows.")]
    markdown: String,
    /// The post that it answers; left out for one that begins a thread.
    parent_id: Option<PostId>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct WrittenJson {
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
    body: Result<ApiJson<NewPostJson>>,
) -> Result<(StatusCode, Json<WrittenJson>)> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_topic(&app, id, Some(&member)).await?;
    write_under(&app, &member, &seen, body).await
}

/// Writes a post under a subject.
pub(crate) async fn write_under(
    app: &App,
    member: &Member,
    seen: &SeenSubject,
    body: Result<ApiJson<NewPostJson>>,
) -> Result<(StatusCode, Json<WrittenJson>)> {
    let ApiJson(asked) = body?;
    let draft = Draft { markdown: asked.markdown, parent: asked.parent_id };
    let id = posts::write(app, member, seen, &draft).await.map_err(named_as_in_json)?;
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
    Ok(Json(whole_post(&mut conn, id, &seen, viewer.as_ref()).await?))
}

async fn whole_post(
    conn: &mut PgConnection,
    id: PostId,
    seen: &SeenSubject,
    viewer: Option<&Member>,
) -> Result<WholePostJson> {
    let lines = threads::read_posts(conn, &[id.0], viewer).await?;
    let line = lines.into_iter().next().ok_or(AppError::NotFound)?;
    let vote = line.own_vote;
    let post = PostJson::new(line.post, seen.may_moderate || seen.is_own);
    let markdown = match post.html {
        Some(_) => store::posts::markdown(conn, id).await?,
        None => None,
    };
    Ok(WholePostJson { post, markdown, vote })
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct EditPostJson {
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
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the post as the caller read it: change it only if it is still so")),
    request_body = EditPostJson,
    responses((status = 204, description = "It is changed"), (status = 412, description = "It was changed since")),
)]
async fn edit_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<EditPostJson>>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_post(&app, id, Some(&member)).await?;
    let ApiJson(asked) = body?;
    let edit = Edit { markdown: asked.markdown, title: asked.title };
    let stands = async |conn: &mut PgConnection| {
        condition.hold(Some(whole_post(conn, id, &seen, Some(&member)).await?))
    };
    posts::edit_as_read(&app, &member, &seen, &edit, stands).await.map_err(named_as_in_json)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete one's own post; a topic that nobody answered goes with its first one.
#[utoipa::path(
    delete,
    path = paths::API_POST,
    tag = "Forum",
    security(("token" = ["submit"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the post as the caller read it: delete it only if it is still so")),
    responses((status = 204, description = "Its text is not shown any more"), (status = 412, description = "It was changed since")),
)]
async fn delete_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    caller: ApiMember,
    condition: Condition,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_post(&app, id, Some(&member)).await?;
    let stands = async |conn: &mut PgConnection| {
        condition.hold(Some(whole_post(conn, id, &seen, Some(&member)).await?))
    };
    posts::delete_as_read(&app, &member, &seen, stands).await?;
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
    body: Result<ApiJson<BallotJson>>,
) -> Result<Json<VotesJson>> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_post(&app, id, Some(&member)).await?;
    let ApiJson(BallotJson { vote }) = body?;
    let n_votes = votes::cast(&app, &member, &seen, vote).await?;
    Ok(Json(VotesJson { vote, n_votes }))
}
