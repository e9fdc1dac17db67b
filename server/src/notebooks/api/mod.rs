//! Notebooks as JSON. A file comes as the whole body, or as a form's `file`; what is said about it as
//! fields of that form, or in the query.

mod acting;
mod commenting;
mod comparing;
mod running;
mod sending;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::access::{self, SeenNotebook};
use super::model::{Notebook, Version, Visibility};
use super::store::lists::{self, Card, Cursor, Order};
use super::{runs, score, store};
use crate::accounts::model::{Member, Scope};
use crate::api::paging::{Keyset, NextPart, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::competitions;
use crate::error::{AppError, Result};
use crate::ids::{NotebookId, SubmissionId};
use crate::notebooks::pages::file::{FileQuery, send_file};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(list_notebooks, sending::create_notebook))
        .routes(routes!(list_notebook_versions, sending::push_notebook_version))
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .merge(uploads)
        .routes(routes!(list_competition_notebooks))
        .routes(routes!(list_own_notebooks))
        .routes(routes!(show_notebook, acting::change_notebook, acting::delete_notebook))
        .routes(routes!(show_notebook_version))
        .routes(routes!(download_notebook))
        .routes(routes!(sending::fork_notebook))
        .routes(routes!(acting::link_submission, acting::unlink_submission))
        .routes(routes!(running::run_notebook))
        .routes(routes!(running::list_notebook_runs))
        .routes(routes!(running::show_notebook_run))
        .routes(routes!(running::download_run_notebook))
        .routes(routes!(running::download_run_file))
        .routes(routes!(running::submit_run))
        .routes(routes!(running::cancel_run))
        .routes(routes!(comparing::diff_notebook))
        .routes(routes!(commenting::list_comments, commenting::write_comment))
        .routes(routes!(commenting::follow_notebook, commenting::unfollow_notebook))
        .routes(routes!(acting::vote_for_notebook, acting::take_back_vote))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NotebookScoreJson {
    submission_id: SubmissionId,
    /// The version that it came from.
    version: i32,
    public: f64,
    /// After the end of the competition only.
    #[serde(skip_serializing_if = "Option::is_none")]
    private: Option<f64>,
}

/// The version of another notebook that this one began as.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct OriginJson {
    owner: String,
    name: String,
    version: i32,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NotebookJson {
    id: NotebookId,
    owner: String,
    /// In addresses.
    name: String,
    title: String,
    /// Where people read it.
    url: String,
    competition: Option<String>,
    visibility: Visibility,
    licence: String,
    tags: Vec<String>,
    /// Number of the newest version.
    latest_version: i32,
    n_votes: i32,
    n_comments: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// A moderator hid it from all but its author.
    is_hidden: bool,
    /// Its newest version was run by this installation: every cell in order, from a fresh kernel, without an error.
    runs_from_the_top: bool,
    /// Where it was forked from, as far as the caller may see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    forked_from: Option<OriginJson>,
    /// Of the best submission that its author linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<NotebookScoreJson>,
}

impl NotebookJson {
    fn new(app: &App, notebook: Notebook, competition: Option<String>) -> Self {
        Self {
            id: notebook.id,
            url: app.config.public_url.clone() + &paths::notebook(&notebook.owner_username, &notebook.slug),
            owner: notebook.owner_username,
            name: notebook.slug,
            title: notebook.title,
            competition,
            visibility: notebook.visibility,
            licence: notebook.licence,
            tags: notebook.tags,
            latest_version: notebook.latest,
            n_votes: notebook.n_votes,
            n_comments: notebook.n_comments,
            created_at: notebook.created_at,
            updated_at: notebook.updated_at,
            is_hidden: notebook.hidden_at.is_some(),
            runs_from_the_top: false,
            forked_from: None,
            score: None,
        }
    }
}

/// A notebook with all that belongs to it, as its viewer sees it.
async fn document(app: &App, seen: SeenNotebook, viewer: Option<&Member>) -> Result<NotebookJson> {
    let score = score::best(app, &seen, None).await?.map(|score| NotebookScoreJson {
        submission_id: score.submission_id,
        version: score.number,
        public: score.public,
        private: score.private,
    });
    let forked_from = match seen.notebook.origin {
        Some(origin) => match access::see_by_id(app, origin.notebook_id, viewer).await {
            Ok(seen) => Some(OriginJson {
                owner: seen.notebook.owner_username,
                name: seen.notebook.slug,
                version: origin.number,
            }),
            Err(AppError::NotFound) => None,
            Err(other) => return Err(other),
        },
        None => None,
    };
    let mut conn = app.db.acquire().await?;
    let runs_from_the_top =
        runs::store::is_from_the_top(&mut conn, seen.notebook.id, seen.notebook.latest).await?;
    drop(conn);
    let competition = seen.competition.map(|seen| seen.competition.slug);
    Ok(NotebookJson {
        forked_from,
        score,
        runs_from_the_top,
        ..NotebookJson::new(app, seen.notebook, competition)
    })
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NotebookVersionJson {
    version: i32,
    pushed_by: String,
    pushed_at: DateTime<Utc>,
    message: String,
    size_bytes: i64,
    sha256: String,
    language: String,
    n_cells: i32,
    n_code_cells: i32,
}

impl From<Version> for NotebookVersionJson {
    fn from(version: Version) -> Self {
        Self {
            sha256: version.sha256_hex(),
            version: version.number,
            pushed_by: version.pushed_by,
            pushed_at: version.pushed_at,
            message: version.message,
            size_bytes: version.size_bytes,
            language: version.language,
            n_cells: version.n_cells,
            n_code_cells: version.n_code_cells,
        }
    }
}

/// An entry of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NotebookCardJson {
    id: NotebookId,
    owner: String,
    name: String,
    title: String,
    url: String,
    competition: Option<String>,
    visibility: Visibility,
    tags: Vec<String>,
    language: String,
    latest_version: i32,
    n_votes: i32,
    n_comments: i32,
    updated_at: DateTime<Utc>,
    /// The public score of its best submission, with the decimals that the board shows.
    public_score: Option<f64>,
    /// Its newest version was run by this installation, from the top, without an error.
    runs_from_the_top: bool,
}

impl NotebookCardJson {
    fn new(app: &App, card: Card) -> Self {
        Self {
            public_score: card.shown_score().parse().ok(),
            runs_from_the_top: card.is_from_the_top,
            id: card.id,
            url: app.config.public_url.clone() + &paths::notebook(&card.owner_username, &card.slug),
            owner: card.owner_username,
            name: card.slug,
            title: card.title,
            competition: card.competition_slug,
            visibility: card.visibility,
            tags: card.tags,
            language: card.language,
            latest_version: card.latest,
            n_votes: card.n_votes,
            n_comments: card.n_comments,
            updated_at: card.updated_at,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NotebookCardsJson {
    items: Vec<NotebookCardJson>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `hot` (votes, of which those for new ones weigh more), `votes`, `new`, or `score` within a competition.
    #[param(inline)]
    sort: Option<Order>,
    /// `next` of the part before.
    after: Option<String>,
    /// How many at most: 50 when left out, never more than 100.
    limit: Option<i64>,
}

impl ListQuery {
    fn order(&self) -> Order {
        self.sort.unwrap_or_default()
    }

    fn limit(&self) -> i64 {
        self.limit.unwrap_or(50).clamp(1, 100)
    }

    fn cursor(&self) -> Result<Cursor> {
        match self.after.as_deref() {
            None => Ok(Cursor::start(self.order())),
            Some(text) => Cursor::parse(text).ok_or_else(|| {
                AppError::field("after", "This is no place in a list: use `next` of the part before.")
            }),
        }
    }
}

type Cards = (NextPart, Json<NotebookCardsJson>);

async fn answer(app: &App, query: &ListQuery, mut entries: Vec<lists::Entry>) -> Result<Cards> {
    let limit = usize::try_from(query.limit()).unwrap_or(usize::MAX);
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| has_more).map(|entry| entry.cursor.to_string());
    let ids: Vec<NotebookId> = entries.iter().map(|entry| entry.id).collect();
    let mut conn = app.db.acquire().await?;
    let cards = lists::cards(&mut conn, &ids).await?;
    drop(conn);
    let items = cards.into_iter().map(|card| NotebookCardJson::new(app, card)).collect();
    Ok((NextPart::new("after", next.as_ref()), Json(NotebookCardsJson { items, next })))
}

/// Public notebooks of the whole site.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOKS,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    params(ListQuery),
    responses((status = 200, description = "Notebooks in the order asked for", body = NotebookCardsJson)),
)]
async fn list_notebooks(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<ListQuery>,
    caller: MaybeApiMember,
) -> Result<Cards> {
    caller.reader()?;
    let mut conn = app.db.acquire().await?;
    let entries = lists::of_site(&mut conn, query.order(), query.cursor()?, query.limit() + 1).await?;
    drop(conn);
    answer(&app, &query, entries).await
}

/// Public notebooks of a competition.
#[utoipa::path(
    get,
    path = paths::API_COMPETITION_NOTEBOOKS,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    params(ListQuery),
    responses((status = 200, description = "Notebooks in the order asked for", body = NotebookCardsJson)),
)]
async fn list_competition_notebooks(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<ListQuery>,
    caller: MaybeApiMember,
) -> Result<Cards> {
    let viewer = caller.reader()?;
    let seen = competitions::access::see(&app, &slug, viewer.as_ref()).await?;
    let (order, cursor) = (query.order(), query.cursor()?);
    let mut conn = app.db.acquire().await?;
    let entries =
        lists::of_competition(&mut conn, seen.competition.id, order, cursor, query.limit() + 1).await?;
    drop(conn);
    answer(&app, &query, entries).await
}

/// Your own notebooks, private ones too.
#[utoipa::path(
    get,
    path = paths::API_OWN_NOTEBOOKS,
    tag = "Notebooks",
    security(("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Notebooks, newest first", body = Slice<NotebookCardJson>)),
)]
async fn list_own_notebooks(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<NotebookCardJson>> {
    let member = caller.with(Scope::Read)?;
    let mut conn = app.db.acquire().await?;
    let ids = lists::of_owner(&mut conn, member.id, keyset.before(), keyset.fetched()).await?;
    let cards = lists::cards(&mut conn, &ids).await?;
    drop(conn);
    Ok(keyset.slice(cards, |card| card.id.0).map(|card| NotebookCardJson::new(&app, card)))
}

type Named = Path<(String, String)>;
type NamedVersion = Path<(String, String, i32)>;

/// The versions of a notebook.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_VERSIONS,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Versions, newest first", body = Slice<NotebookVersionJson>)),
)]
async fn list_notebook_versions(
    State(app): State<App>,
    Path((username, notebook)): Named,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<NotebookVersionJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::versions::list(&mut conn, seen.notebook.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |version| i64::from(version.number)).map(NotebookVersionJson::from))
}

/// One notebook.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The notebook", body = NotebookJson)),
)]
async fn show_notebook(
    State(app): State<App>,
    Path((username, notebook)): Named,
    caller: MaybeApiMember,
) -> Result<Json<NotebookJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    document(&app, seen, viewer.as_ref()).await.map(Json)
}

/// One version of a notebook.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_VERSION,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The version", body = NotebookVersionJson)),
)]
async fn show_notebook_version(
    State(app): State<App>,
    Path((username, notebook, number)): NamedVersion,
    caller: MaybeApiMember,
) -> Result<Json<NotebookVersionJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    Ok(Json(seen.version(&mut conn, Some(number)).await?.into()))
}

/// Download a version: the exact bytes that were pushed.
///
/// With `paths=local` its code reads the competition's data from `folder` in place of Kaggle's folder, with
/// `paths=kaggle` the other way round; everything else stays as it is.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_FILE,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    params(FileQuery),
    responses((status = 200, description = "The file; by range if asked for", body = [u8], content_type = "application/octet-stream"), (status = 206, description = "A part of the file"), (status = 416, description = "The file has no such part")),
)]
async fn download_notebook(
    State(app): State<App>,
    Path((username, notebook, number)): NamedVersion,
    ApiQuery(query): ApiQuery<FileQuery>,
    caller: MaybeApiMember,
    asked: HeaderMap,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    send_file(&app, &seen, number, &query, &asked).await
}
