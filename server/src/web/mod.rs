//! How pages work: shell, problems, headers, static files, live events. No rule of a room is here.

pub mod assets;
pub mod cookies;
pub mod crowd;
pub mod csrf;
pub mod csv;
pub mod extract;
pub mod format;
pub mod forms;
pub mod headers;
pub mod hosts;
pub mod live;
pub mod packing;
pub mod problems;
pub mod proxies;
pub mod request_id;
pub mod routing;
pub mod shell;
pub mod space;
pub mod upload;

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::app::App;
use crate::paths;
use crate::web::routing::get;

/// Largest form that is not an upload; upload routes set their own limit.
const FORM_LIMIT_BYTES: usize = 1 << 20;

/// Whoever asks whether a server is ready asks again in a few seconds, and would not wait as a page's reader does.
const READY_PATIENCE: Duration = Duration::from_secs(2);

const COMPRESSION: CompressionLevel = CompressionLevel::Precise(packing::LEVEL_FOR_ONE as i32);

/// Puts the layers around all pages and all of the API; `layered` has its own already.
pub fn assemble(app: App, pages: Router<App>, api: Router<App>, layered: Router<App>) -> Router {
    let pages = csrf::refuse_foreign(&app, csrf::refuse_silent(&app, pages))
        .layer(from_fn_with_state(app.clone(), space::refuse_files))
        .layer(from_fn(problems::draw))
        .layer(from_fn_with_state(app.clone(), shell::load))
        .layer(from_fn_with_state(app.clone(), crowd::bound_pages));
    let api = csrf::refuse_foreign(&app, api)
        .layer(from_fn(crate::api::tags::compare))
        .layer(from_fn(crate::api::paging::link))
        .layer(from_fn_with_state(app.clone(), crate::api::pace::keep))
        .layer(from_fn_with_state(app.clone(), space::refuse_files))
        .layer(from_fn_with_state(app.clone(), crowd::bound_documents))
        .layer(from_fn(crate::api::problems::draw));
    Router::new()
        .merge(pages)
        .merge(api)
        .merge(layered)
        .route(assets::ROUTE, get(assets::show))
        .route(paths::ICON, get(assets::show_icon))
        .route(paths::HEALTH, get(health))
        .route(paths::STATUS, get(crate::incidents::pages::show_status))
        .route(paths::READY, get(ready))
        .layer(DefaultBodyLimit::max(FORM_LIMIT_BYTES))
        .layer(from_fn_with_state(app.clone(), hosts::refuse_strangers))
        .layer(from_fn_with_state(app.clone(), crate::competitions::front::forget_after_writing))
        .layer(from_fn_with_state(app.clone(), headers::harden))
        .layer(CompressionLayer::new().quality(COMPRESSION).compress_when(is_worth_compressing()))
        .layer(CatchPanicLayer::custom(problems::panicked))
        .layer(from_fn_with_state(app.clone(), problems::log_causes))
        .layer(from_fn_with_state(app.clone(), crate::telemetry::requests::measure))
        .layer(from_fn_with_state(app.clone(), request_id::name))
        .with_state(app)
}

/// Downloads keep their length and ranges, so that they can be resumed.
fn is_worth_compressing() -> impl Predicate {
    DefaultPredicate::new()
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("application/zip"))
}

async fn health() -> &'static str {
    "alive\n"
}

/// A server that was told to stop says so before it stops taking requests, so that proxies turn to others.
async fn ready(axum::extract::State(app): axum::extract::State<App>) -> (StatusCode, &'static str) {
    if app.is_leaving.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "leaving\n");
    }
    match tokio::time::timeout(READY_PATIENCE, ask_database(&app)).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

async fn ask_database(app: &App) -> sqlx::Result<()> {
    let mut conn = app.db.acquire().await?;
    sqlx::query_scalar!("select 1 as \"one!\"").fetch_one(&mut *conn).await?;
    Ok(())
}
