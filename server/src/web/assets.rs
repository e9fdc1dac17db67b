//! Static files, compiled in and served under a hash of their content, so that browsers may keep
//! them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::error::{AppError, Result};
use crate::web::packing;

pub const ROUTE: &str = "/static/{hash}/{name}";
const ICON: &str = "favicon.svg";

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    /// Packed once, and therefore as tightly as gzip can. Nothing where that would not be smaller.
    packed: Option<Vec<u8>>,
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
    "choose.js": "text/javascript; charset=utf-8",
    "countdown.js": "text/javascript; charset=utf-8",
    "drafts.js": "text/javascript; charset=utf-8",
    "forum.js": "text/javascript; charset=utf-8",
    "notebook.css": "text/css; charset=utf-8",
    "submit.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = blake3::hash(bytes).to_hex();
        let packed = packing::pack(bytes).ok().filter(|packed| packed.len() < bytes.len());
        Self { name, content_type, bytes, packed, path: format!("/static/{}/{name}", &hash[..12]) }
    }
}

/// The address of a static file, for templates.
///
/// # Panics
/// When no such file is compiled in: found by the test that renders every page.
pub fn path(name: &str) -> &'static str {
    &ASSETS.iter().find(|asset| asset.name == name).expect("an asset named in a template exists").path
}

pub async fn show(Path((hash, name)): Path<(String, String)>, asked: HeaderMap) -> Result<Response> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(AppError::NotFound)?;
    let is_current = asset.path.split('/').nth(2) == Some(hash.as_str());
    let caching = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(answer(asset, caching, &asked))
}

/// The icon, for whoever was shown no address of it: a browser beside a JSON document.
pub async fn show_icon(asked: HeaderMap) -> Result<Response> {
    let icon = ASSETS.iter().find(|asset| asset.name == ICON).ok_or(AppError::NotFound)?;
    Ok(answer(icon, "public, max-age=86400", &asked))
}

fn answer(asset: &'static Asset, caching: &'static str, asked: &HeaderMap) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    match &asset.packed {
        Some(packed) if packing::is_taken(asked) => {
            (headers, [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))], packed.as_slice())
                .into_response()
        }
        _ => (headers, asset.bytes).into_response(),
    }
}
