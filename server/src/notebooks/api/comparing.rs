//! Two versions of a notebook, cell by cell, as JSON.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::Named;
use crate::api::query::ApiQuery;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::error::Result;
use crate::notebooks::access;
use crate::notebooks::compare;
use crate::notebooks::push::both;
use crate::paths;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DiffQuery {
    /// The older version; the one before `to` when left out.
    #[param(example = 1)]
    from: Option<i32>,
    /// The newer version; the newest when left out.
    #[param(example = 2)]
    to: Option<i32>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DiffLineJson {
    /// `same`, `added` or `removed`.
    change: &'static str,
    text: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DiffCellJson {
    /// `same`, `changed`, `added` or `removed`.
    change: &'static str,
    /// Place of the cell in the older version, from 1.
    old: Option<usize>,
    /// Place of the cell in the newer version, from 1.
    new: Option<usize>,
    /// Lines of the source, where it is not the same.
    lines: Vec<DiffLineJson>,
    has_other_outputs: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DiffJson {
    from: i32,
    to: i32,
    cells: Vec<DiffCellJson>,
}

/// Compare two versions of a notebook cell by cell.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_DIFF,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    params(DiffQuery),
    responses((status = 200, description = "The cells of both, in order", body = DiffJson)),
)]
pub(super) async fn diff_notebook(
    State(app): State<App>,
    Path((username, notebook)): Named,
    ApiQuery(query): ApiQuery<DiffQuery>,
    caller: MaybeApiMember,
) -> Result<Json<DiffJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let new = seen.version(&mut conn, query.to).await?;
    let from = query.from.unwrap_or_else(|| (new.number - 1).max(1));
    let old = seen.version(&mut conn, Some(from)).await?;
    drop(conn);
    let (from, to) = (old.number, new.number);
    let steps = both(&app, &old, &new, compare::compare).await?;
    let cells = steps.into_iter().map(|step| DiffCellJson {
        change: step.change.name(),
        old: step.old.map(|at| at + 1),
        new: step.new.map(|at| at + 1),
        lines: step
            .lines
            .into_iter()
            .map(|line| DiffLineJson { change: line.change.name(), text: line.text })
            .collect(),
        has_other_outputs: step.has_other_outputs,
    });
    Ok(Json(DiffJson { from, to, cells: cells.collect() }))
}
