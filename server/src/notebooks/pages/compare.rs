//! Two versions side by side.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::{Head, Part, Pedigree};
use crate::app::App;
use crate::error::Result;
use crate::notebooks::access;
use crate::notebooks::compare::{Step, compare};
use crate::notebooks::draw::Pen;
use crate::notebooks::ipynb::{CellKind, Notebook};
use crate::notebooks::push::both;
use crate::paths;
use crate::text_diff::{Change, push_lines};
use crate::web::format;
use crate::web::shell::Shell;

/// A page shows so much of a comparison.
const LONGEST_PAGE: usize = 2_000_000;

#[derive(Debug, Deserialize)]
pub struct CompareQuery {
    /// One less than `to` when left out.
    from: Option<i32>,
    /// The newest when left out.
    to: Option<i32>,
}

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/compare.html")]
pub struct ComparePage {
    pub shell: Shell,
    pub head: Head,
    pub from: i32,
    pub to: i32,
    pub n_changes: usize,
    pub html: String,
}

impl ComparePage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            head: Head::sample(Part::Versions),
            from: 1,
            to: 2,
            n_changes: 1,
            html: "<div class=\"step changed\"><p>x</p></div>".to_owned(),
        }
    }

    pub fn numbers(&self) -> std::ops::RangeInclusive<i32> {
        (self.head.notebook.latest - 199).max(1)..=self.head.notebook.latest
    }
}

pub(super) async fn show_compare(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    Query(query): Query<CompareQuery>,
    shell: Shell,
) -> Result<ComparePage> {
    let seen = access::see(&app, &username, &notebook, shell.viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let new = seen.version(&mut conn, query.to).await?;
    let old = seen.version(&mut conn, Some(query.from.unwrap_or((new.number - 1).max(1)))).await?;
    drop(conn);
    let prefix = paths::notebook_picture(&username, &notebook, "");
    let (n_changes, html) = both(&app, &old, &new, move |old, new| draw(old, new, &prefix)).await?;
    let head = Head::new(&app, &seen, shell.viewer.as_ref(), Part::Versions).await?;
    Ok(ComparePage { shell, head, from: old.number, to: new.number, n_changes, html })
}

/// All steps from one notebook to the other; runs of cells that are the same become one line.
fn draw(old: &Notebook<'_>, new: &Notebook<'_>, prefix: &str) -> (usize, String) {
    let steps = compare(old, new);
    let n_changes = steps.iter().filter(|step| step.change != Change::Same).count();
    let mut html = String::new();
    let mut n_same = 0;
    for step in &steps {
        if step.change == Change::Same {
            n_same += 1;
            continue;
        }
        push_same(&mut html, std::mem::take(&mut n_same));
        if html.len() > LONGEST_PAGE {
            html.push_str(
                "<p class=\"notice\">There are more changes than a page can show. The API has them all.</p>",
            );
            return (n_changes, html);
        }
        push_step(&mut html, step, old, new, prefix);
    }
    push_same(&mut html, n_same);
    (n_changes, html)
}

fn push_same(html: &mut String, n_cells: usize) {
    match n_cells {
        0 => {}
        1 => html.push_str("<p class=\"step same\">1 cell is the same.</p>"),
        n => html.push_str(&format!("<p class=\"step same\">{n} cells are the same.</p>")),
    }
}

fn push_step(html: &mut String, step: &Step, old: &Notebook<'_>, new: &Notebook<'_>, prefix: &str) {
    let cell = step.new.map(|at| &new.cells[at]).or_else(|| step.old.map(|at| &old.cells[at]));
    let Some(cell) = cell else { return };
    let kind = match cell.kind {
        CellKind::Code => "Code",
        CellKind::Markdown => "Text",
        CellKind::Raw => "Raw text",
    };
    let place = match (step.old, step.new) {
        (Some(old), Some(new)) if old == new => format!("cell {}", new + 1),
        (Some(old), Some(new)) => format!("cell {}, was {}", new + 1, old + 1),
        (None, Some(new)) => format!("cell {}", new + 1),
        (Some(old), None) => format!("was cell {}", old + 1),
        (None, None) => String::new(),
    };
    let change = step.change.name();
    html.push_str(&format!(
        "<section class=\"step {change}\"><h3>{kind} {change} <span class=\"muted\">({place})</span></h3>"
    ));
    if !step.lines.is_empty() {
        push_lines(html, &step.lines);
    }
    if step.has_other_outputs {
        html.push_str("<div class=\"sides\">");
        push_outputs(html, "Output before", step.old.map(|at| (at, old)), prefix);
        push_outputs(html, "Output after", step.new.map(|at| (at, new)), prefix);
        html.push_str("</div>");
    }
    html.push_str("</section>");
}

fn push_outputs(html: &mut String, title: &str, side: Option<(usize, &Notebook<'_>)>, prefix: &str) {
    html.push_str(&format!("<div><h4>{title}</h4>"));
    let cell = side.and_then(|(at, notebook)| notebook.cells.get(at).map(|cell| (at, cell)));
    match cell.filter(|(_, cell)| !cell.outputs.is_empty()) {
        Some((at, cell)) => {
            let mut pen = Pen::new(prefix);
            pen.push_outputs(cell, at + 1);
            html.push_str(&pen.take_html());
        }
        None => html.push_str("<p class=\"muted\">Nothing.</p>"),
    }
    html.push_str("</div>");
}
