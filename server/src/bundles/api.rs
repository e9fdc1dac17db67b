//! Bundles of other platforms as JSON: read, looked at, made into a draft, forgotten.

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::make::{self, Wish};
use super::receive::Sent;
use super::report::Report;
use super::store::{Bundle, KeptFile};
use super::{Kind, receive};
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::paths;
use crate::uploads::spend;
use crate::web::upload::body_chunks;

pub fn router() -> OpenApiRouter<App> {
    let uploads = OpenApiRouter::new().routes(routes!(read_bundle)).layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .merge(uploads)
        .routes(routes!(show_bundle, forget_bundle))
        .routes(routes!(make_competition))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct BundleJson {
    id: Uuid,
    /// `codabench`, `evalai`, `kaggle` or `huggingface`.
    kind: String,
    title: String,
    subtitle: String,
    /// `null` where the bundle names none.
    starts_at: Option<DateTime<Utc>>,
    /// `null` where the bundle names none.
    ends_at: Option<DateTime<Utc>>,
    daily_limit: i32,
    /// Submissions of a team in the whole competition; 0 for as many as the days allow.
    total_limit: i32,
    /// `custom` for a scoring program, which runs in the sandbox of the scorers.
    metric: Option<String>,
    /// Whether the bundle leaves open if a higher score is better: say so when you make a draft of it.
    is_direction_open: bool,
    /// Titles.
    pages: Vec<String>,
    data: Vec<BundleFileJson>,
    has_solution: bool,
    /// Everything in the bundle, and what became of it.
    report: Report,
    /// When it is forgotten.
    expires_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct BundleFileJson {
    name: String,
    role: String,
    size_bytes: i64,
}

impl BundleJson {
    fn new(bundle: Bundle, files: &[KeptFile]) -> Self {
        let contents = bundle.contents;
        let is_open = |name: &str| bundle.open_times.iter().any(|open| open == name);
        Self {
            id: bundle.id,
            kind: bundle.kind,
            starts_at: (!is_open("starts_at")).then_some(contents.starts_at),
            ends_at: (!is_open("ends_at")).then_some(contents.ends_at),
            title: contents.title,
            subtitle: contents.subtitle,
            daily_limit: contents.daily_limit,
            total_limit: contents.total_limit,
            metric: contents.metric.map(|metric| metric.name),
            is_direction_open: bundle.is_direction_open,
            pages: contents.pages.into_iter().map(|page| page.title).collect(),
            data: contents
                .data
                .into_iter()
                .zip(files)
                .map(|(file, kept)| BundleFileJson {
                    name: file.name,
                    role: file.role,
                    size_bytes: kept.size_bytes,
                })
                .collect(),
            has_solution: files.iter().any(|file| file.recipient.is_some()),
            report: bundle.report,
            expires_at: bundle.expires_at,
        }
    }
}

async fn shown(app: &App, host: &Member, id: Uuid) -> Result<BundleJson> {
    let (bundle, files) = receive::find(app, host, id).await?;
    Ok(BundleJson::new(bundle, &files))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ReadQuery {
    /// `codabench`, `evalai`, `kaggle` or `huggingface`; left out: found out.
    from: String,
}

/// A bundle that was uploaded before, named in place of the bundle itself.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct BundleUpload {
    /// The end of the upload's address: its id and its key.
    #[schema(example = "5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11?key=5d1c0f")]
    upload: String,
}

/// Read a competition of another platform: a bundle of Codabench, a configuration of EvalAI, a folder as Kaggle's
/// hosts prepare it, a repository of Hugging Face.
///
/// A zip or tar.gz of at most 32 MiB; a larger one, of up to 4 GiB, is uploaded in parts before, with the purpose `bundle`,
/// and named here. Nothing of it is run. A solution in it is sealed at once. No draft is made yet: look at the report first.
#[utoipa::path(
    post,
    path = paths::API_BUNDLES,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(ReadQuery),
    request_body(content(([u8] = "application/octet-stream"), (BundleUpload = "application/json")), description = "The bundle; or an upload that is whole"),
    responses((status = 201, description = "What it would become, with the report of everything in it", body = BundleJson), (status = 409, description = "The upload was used before")),
)]
async fn read_bundle(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<ReadQuery>,
    caller: ApiMember,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<BundleJson>)> {
    let host = caller.with(Scope::Host)?;
    let from = Kind::read(&query.from)?;
    let turn = receive::enter(&app, &host).await?;
    let sent = if spend::is_named(&headers) {
        let named: BundleUpload = spend::read_named(body).await?;
        Sent::Veiled(spend::bundle(&app, &host, &named.upload).await?)
    } else {
        Sent::Whole(receive::gather(body_chunks(body)).await?)
    };
    let id = receive::receive(&app, &host, turn, sent, from).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &host, id).await?)))
}

/// A bundle of yours that waits, with its report.
#[utoipa::path(
    get,
    path = paths::API_BUNDLE,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "What it would become", body = BundleJson)),
)]
async fn show_bundle(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    caller: ApiMember,
) -> Result<Json<BundleJson>> {
    let host = caller.with(Scope::Host)?;
    shown(&app, &host, id).await.map(Json)
}

/// Forget a bundle of yours. One that waits is forgotten after a day by itself.
#[utoipa::path(
    delete,
    path = paths::API_BUNDLE,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 204, description = "It is gone")),
)]
async fn forget_bundle(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let host = caller.with(Scope::Host)?;
    receive::forget(&app, &host, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = BundleWish)]
struct WishJson {
    /// Left out: the bundle's.
    title: Option<String>,
    /// Left out: made from the title.
    slug: Option<String>,
    /// Needed where the bundle leaves it open.
    higher_is_better: Option<bool>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = BundleDraft)]
struct MadeJson {
    /// The draft's name in addresses.
    slug: String,
    /// What could not be carried out, as sentences.
    left_open: Vec<String>,
}

/// Make a draft of a bundle. The bundle is gone then.
#[utoipa::path(
    post,
    path = paths::API_BUNDLE_COMPETITION,
    operation_id = "make_competition_of_bundle",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = WishJson,
    responses((status = 201, description = "The draft", body = MadeJson)),
)]
async fn make_competition(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    caller: ApiMember,
    body: Result<ApiJson<WishJson>>,
) -> Result<(StatusCode, Json<MadeJson>)> {
    let host = caller.with(Scope::Host)?;
    let ApiJson(wish) = body?;
    let wish = Wish { title: wish.title, slug: wish.slug, higher_is_better: wish.higher_is_better };
    let made = make::make(&app, &host, id, &wish).await?;
    Ok((StatusCode::CREATED, Json(MadeJson { slug: made.slug, left_open: made.left_open })))
}
