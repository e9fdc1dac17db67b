//! The address that monitors ask.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::collect::{collect, tell_open_files, tell_replica};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::web::routing::get;

/// Where monitors look unless they are told another.
const ADDRESS: &str = "/metrics";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers monitors until the process ends.
///
/// # Errors
/// An address that cannot be listened at.
pub async fn serve(app: App, address: SocketAddr) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    tracing::info!(%address, "telling monitors");
    Ok(axum::serve(listener, router(app)).await?)
}

pub fn router(app: App) -> Router {
    Router::new().route(ADDRESS, get(show)).with_state(app)
}

async fn show(State(app): State<App>) -> Result<impl IntoResponse> {
    let mut registry = Registry::with_prefix("holdout");
    app.requests.tell(&mut registry);
    app.crowd.tell(&mut registry);
    collect(&app, &mut registry).await;
    tell_replica(&app, &mut registry);
    tell_open_files(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| AppError::Internal(error.into()))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text))
}
