//! The pages of a participant: send, check, one's own submissions.

pub mod choose;
pub mod send;
pub mod show;

use axum::Router;
use axum::extract::DefaultBodyLimit;

use crate::app::App;
use crate::paths;
use crate::submissions::live::show_live;
use crate::web::routing::{form, get, post};

pub fn router() -> Router<App> {
    let uploads = Router::new()
        .route(paths::SUBMIT, form(send::show_submit, send::post_submit))
        .route(paths::CHECK, post(send::post_check))
        .layer(DefaultBodyLimit::disable());
    Router::new()
        .merge(uploads)
        .route(paths::CHECK_RESULT, get(send::show_check))
        .route(paths::CHECK_SUBMIT, post(send::post_checked))
        .route(paths::SUBMISSIONS, get(show::show_list))
        .route(paths::SUBMISSIONS_FINAL, form(choose::show_final, choose::post_final))
        .route(paths::SUBMISSION, get(show::show_one))
        .route(paths::SUBMISSION_FILE, get(show::send_file))
        .route(paths::SUBMISSION_DESCRIBE, post(show::post_describe))
        .route(paths::SUBMISSION_SELECT, post(show::post_select))
        .route(paths::LIVE, get(show_live))
}
