//! Kaggle's own client: its calls, and the addresses that their answers name.

use crate::web::problems::encode;

pub const KAGGLE_CALL: &str = "/api/v1/{service}/{method}";
/// Of those, the calls that carry a whole notebook.
pub const KAGGLE_NOTEBOOK_CALL: &str = "/api/v1/kernels.KernelsApiService/{method}";
pub const KAGGLE_CALL_SHORT: &str = "/v1/{service}/{method}";
pub const KAGGLE_FILE: &str = "/kaggle/data/{ticket}/{slug}/{file}";
pub const KAGGLE_ARCHIVE: &str = "/kaggle/all/{ticket}/{slug}/archive.zip";
pub const KAGGLE_SUBMISSION_FILE: &str = "/kaggle/submissions/{ticket}/{id}/{file}";
/// A file that a run of a notebook left: its place in the run's list, and its name for the client.
pub const KAGGLE_RUN_FILE: &str = "/kaggle/runs/{ticket}/{username}/{notebook}/{run}/{output}/{file}";
pub const KAGGLE_UPLOAD: &str = "/kaggle/upload/{token}";
/// Web addresses that this client prints.
pub const KAGGLE_COMPETITION: &str = "/competitions/{slug}";
pub const KAGGLE_COMPETITION_RULES: &str = "/competitions/{slug}/rules";

pub fn kaggle_file(ticket: &str, slug: &str, file: &str) -> String {
    format!("/kaggle/data/{ticket}/{slug}/{file}")
}

pub fn kaggle_archive(ticket: &str, slug: &str) -> String {
    format!("/kaggle/all/{ticket}/{slug}/archive.zip")
}

pub fn kaggle_submission_file(ticket: &str, id: crate::ids::SubmissionId, file: &str) -> String {
    format!("/kaggle/submissions/{ticket}/{id}/{file}")
}

pub fn kaggle_run_file(
    ticket: &str,
    username: &str,
    notebook: &str,
    run: crate::ids::RunId,
    place: i32,
    file: &str,
) -> String {
    format!("/kaggle/runs/{ticket}/{username}/{notebook}/{run}/{place}/{}", encode(file))
}

pub fn kaggle_upload(token: &str) -> String {
    format!("/kaggle/upload/{token}")
}
