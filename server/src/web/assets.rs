//! Static files, compiled in and served under a hash of their content, so that browsers may keep
//! them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::error::{AppError, Result};

pub const ROUTE: &str = "/static/{hash}/{name}";
const ICON: &str = "favicon.svg";

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    path: String,
}

macro_rules! assets {
    ($($name:literal: $content_type:literal),* $(,)?) => {
        static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| vec![$(
            Asset::new($name, $content_type, include_bytes!(concat!("../../../static/", $name))),
        )*]);
    };
}

assets! {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "certificate.css": "text/css; charset=utf-8",
    "countdown.js": "text/javascript; charset=utf-8",
    "forum.js": "text/javascript; charset=utf-8",
    "notebook.css": "text/css; charset=utf-8",
    "submit.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = blake3::hash(bytes).to_hex();
        Self { name, content_type, bytes, path: format!("/static/{}/{name}", &hash[..12]) }
    }
}

/// The address of a static file, for templates.
///
/// # Panics
/// When no such file is compiled in: found by the test that renders every page.
pub fn path(name: &str) -> &'static str {
    &ASSETS.iter().find(|asset| asset.name == name).expect("an asset named in a template exists").path
}

pub async fn show(Path((hash, name)): Path<(String, String)>) -> Result<Response> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(AppError::NotFound)?;
    let is_current = asset.path.split('/').nth(2) == Some(hash.as_str());
    let caching = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(answer(asset, caching))
}

/// The icon, for whoever was shown no address of it: a browser beside a JSON document.
pub async fn show_icon() -> Result<Response> {
    let icon = ASSETS.iter().find(|asset| asset.name == ICON).ok_or(AppError::NotFound)?;
    Ok(answer(icon, "public, max-age=86400"))
}

fn answer(asset: &Asset, caching: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    (headers, asset.bytes).into_response()
}
