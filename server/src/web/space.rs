//! Room on the disk for what people send: while there is too little, files are refused before a byte of them is read.
//! What is received already is safe, and everything else goes on.

use std::path::PathBuf;

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use holdout_contract::watermark::{Disk, Watermark};

use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, NO_ROOM};

/// Bodies that hold no file.
const SMALL: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

pub struct Space {
    folder: PathBuf,
    watermark: Watermark,
}

impl Space {
    pub fn new(config: &Config) -> Self {
        Self { folder: config.writable_folder(), watermark: Watermark::new(config.disk_reserve_mb) }
    }

    /// Whether files are refused now. A disk that cannot be looked at refuses by itself.
    pub fn is_short(&self) -> bool {
        Disk::of(&self.folder).is_some_and(|disk| self.watermark.is_below(disk.free_bytes))
    }

    pub fn reserve_bytes(&self) -> u64 {
        self.watermark.reserve_bytes
    }
}

/// The layer that refuses.
pub async fn refuse_files(State(app): State<App>, request: Request, next: Next) -> Response {
    if brings_file(request.method(), request.headers()) {
        return refuse(State(app), request, next).await;
    }
    next.run(request).await
}

/// The layer of an address that takes nothing but files.
pub async fn refuse(State(app): State<App>, request: Request, next: Next) -> Response {
    if !app.space.is_short() {
        return next.run(request).await;
    }
    tracing::error!("the disk is nearly full: a file was refused");
    let words = "There is no space for files at the moment. Nothing already received is lost, and the \
    administrators can see this. Try again later.";
    AppError::of(NO_ROOM, words).into_response()
}

fn brings_file(method: &Method, headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    !method.is_safe() && kind.is_some_and(|kind| !SMALL.iter().any(|small| kind.starts_with(small)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_body_that_is_neither_a_form_nor_json_is_a_file() {
        let brings = |method: Method, kind: &'static str| {
            brings_file(&method, &HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]))
        };
        assert!(brings(Method::POST, "multipart/form-data; boundary=x"));
        assert!(brings(Method::PATCH, "application/offset+octet-stream"));
        assert!(brings(Method::PUT, "application/octet-stream"));
        assert!(!brings(Method::POST, "application/json; charset=utf-8"));
        assert!(!brings(Method::POST, "application/x-www-form-urlencoded"));
        assert!(!brings(Method::GET, "application/octet-stream"));
        assert!(!brings_file(&Method::DELETE, &HeaderMap::new()));
    }
}
