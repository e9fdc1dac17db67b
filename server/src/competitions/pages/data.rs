//! The data tab: what there is, with hashes, how each file begins, and the downloads.

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::App;
use crate::competitions::access;
use crate::competitions::download::{self, Download};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::preview::{self, Preview, Table};
use crate::competitions::store;
use crate::competitions::store::data::DataFile;
use crate::competitions::texts::{self, DATA, Shown};
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::DATA, get(show_data))
        .route(paths::DATA_FILE, get(send_file))
        .route(paths::DATA_PREVIEW, get(show_preview))
        .route(paths::DATA_ZIP, get(send_all))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/data.html")]
pub struct DataPage {
    pub shell: Shell,
    pub frame: Frame,
    pub shown: Arc<Shown>,
    /// Why the files cannot be had yet; empty when they can.
    pub hindrance: String,
    /// The installation's own address, for the commands.
    pub site: String,
}

impl DataPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Data),
            shown: Arc::new(Shown::sample()),
            hindrance: String::new(),
            site: "https://holdout.example".to_owned(),
        }
    }

    pub fn total_size(&self) -> String {
        format::size(self.shown.files.iter().map(|file| file.size_bytes.unsigned_abs()).sum())
    }

    pub fn file_address(&self, file: &DataFile) -> String {
        paths::data_file(self.frame.slug(), &file.name)
    }

    /// Where a program has a file, which takes a token.
    pub fn file_for_programs(&self, file: &DataFile) -> String {
        format!("{}{}", self.site, paths::api_data_file(self.frame.slug(), &file.name))
    }

    /// Where the beginning of a file is shown; empty where it is not.
    pub fn preview_address(&self, file: &DataFile) -> String {
        if preview::is_shown(&file.name) {
            paths::data_preview(self.frame.slug(), &file.name)
        } else {
            String::new()
        }
    }
}

/// How a file begins.
#[derive(Template, WebTemplate)]
#[template(path = "competitions/preview.html")]
pub struct PreviewPage {
    pub shell: Shell,
    pub frame: Frame,
    pub file: DataFile,
    pub preview: Preview,
}

impl PreviewPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Data),
            file: DataFile::sample(),
            preview: Preview::Table(Table::sample()),
        }
    }

    pub fn file_address(&self) -> String {
        paths::data_file(self.frame.slug(), &self.file.name)
    }

    pub fn n_columns(&self, table: &Table) -> String {
        let n_columns = i32::try_from(table.n_columns).unwrap_or(i32::MAX);
        format::counted(&n_columns, "column", "columns")
    }

    /// How much of the table is here.
    pub fn rows_sentence(&self, table: &Table) -> String {
        let n_rows = i32::try_from(table.rows.len()).unwrap_or(i32::MAX);
        let rows = format::counted(&n_rows, "row", "rows");
        let columns = match table.header.len() {
            shown if shown < table.n_columns => format!(" The first {shown} columns are shown."),
            _ => String::new(),
        };
        if table.is_whole { format!("All {rows}.{columns}") } else { format!("The first {rows}.{columns}") }
    }
}

async fn show_data(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<DataPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let shown = texts::shown(&app, &seen.competition, DATA).await?;
    let phase = seen.competition.phase(shell.now);
    let hindrance = match download::may_download(&seen, shell.viewer.is_some(), phase) {
        Ok(()) => String::new(),
        Err(AppError::Refused(sentence) | AppError::JoinFirst(sentence)) => sentence,
        Err(_) => "Sign in and accept the rules; then you can download the data.".to_owned(),
    };
    let frame = Frame::new(seen, Tab::Data, shell.now);
    let site = app.config.public_url.trim_end_matches('/').to_owned();
    Ok(DataPage { shell, frame, shown, hindrance, site })
}

async fn show_preview(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    shell: Shell,
) -> Result<PreviewPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    download::may_download(&seen, shell.viewer.is_some(), seen.competition.phase(shell.now))?;
    let file = download::find(&app, &seen, &name).await?;
    let preview = preview::preview(&app.files, &file).await?.ok_or(AppError::NotFound)?;
    let frame = Frame::new(seen, Tab::Data, shell.now);
    Ok(PreviewPage { shell, frame, file, preview })
}

async fn send_file(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    download::may_download(&seen, shell.viewer.is_some(), seen.competition.phase(shell.now))?;
    let file = download::find(&app, &seen, &name).await?;
    download::hand_out(&app, &Download::from(&file), &headers).await
}

async fn send_all(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    download::may_download(&seen, shell.viewer.is_some(), seen.competition.phase(shell.now))?;
    let mut conn = app.db.acquire().await?;
    let mut files = store::data::all(&mut conn, seen.competition.id).await?;
    drop(conn);
    files.retain(DataFile::is_for_participants);
    Ok(download::send_zip(app.files.clone(), &format!("{slug}.zip"), files))
}
