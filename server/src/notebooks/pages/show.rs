//! A notebook, drawn.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};

use super::runs::RunPanel;
use super::{Head, Part, Pedigree};
use crate::app::App;
use crate::error::Result;
use crate::notebooks::access;
use crate::notebooks::draw::Heading;
use crate::notebooks::drawing::{self, Drawn};
use crate::notebooks::model::Version;
use crate::notebooks::openers::Opener;
use crate::paths;
use crate::web::format;
use crate::web::shell::Shell;

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/notebook.html")]
pub struct NotebookPage {
    pub shell: Shell,
    pub head: Head,
    pub version: Version,
    pub drawn: Drawn,
    pub runs: RunPanel,
    /// Names and addresses of other places that open it.
    pub openers: Vec<(String, String)>,
}

impl NotebookPage {
    pub fn sample() -> Self {
        let heading = Heading { level: 1, place: "nb-Data".to_owned(), text: "Data".to_owned() };
        let opener = Opener::sample();
        Self {
            shell: Shell::sample(),
            head: Head::sample(Part::Notebook),
            version: Version::sample(1),
            drawn: Drawn {
                html: "<div class=\"cell prose\"><p>Some words.</p></div>".to_owned(),
                contents: vec![heading],
            },
            runs: RunPanel::sample(),
            openers: vec![(opener.name.clone(), opener.address("http://localhost/x"))],
        }
    }

    pub fn is_newest(&self) -> bool {
        self.version.number == self.head.notebook.latest
    }

    /// The version before this one; `None` for the first.
    pub fn before(&self) -> Option<i32> {
        (self.version.number > 1).then(|| self.version.number - 1)
    }
}

pub(super) async fn show_newest(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    shell: Shell,
) -> Result<NotebookPage> {
    page(&app, &username, &notebook, None, shell).await
}

pub(super) async fn show_version(
    State(app): State<App>,
    Path((username, notebook, number)): Path<(String, String, i32)>,
    shell: Shell,
) -> Result<NotebookPage> {
    page(&app, &username, &notebook, Some(number), shell).await
}

async fn page(
    app: &App,
    username: &str,
    slug: &str,
    number: Option<i32>,
    shell: Shell,
) -> Result<NotebookPage> {
    let viewer = shell.viewer.as_ref();
    let seen = access::see(app, username, slug, viewer).await?;
    let mut conn = app.db.acquire().await?;
    let version = seen.version(&mut conn, number).await?;
    drop(conn);
    let drawn = drawing::of_version(app, &seen.notebook, &version).await?;
    let head = Head::new(app, &seen, viewer, Part::Notebook).await?;
    let runs = RunPanel::new(app, &seen, version.number).await?;
    let file = app.config.public_url.clone() + &paths::notebook_file(username, slug, version.number);
    let openers = if seen.notebook.is_public() { app.config.notebook_openers.0.as_slice() } else { &[] };
    let openers = openers.iter().map(|opener| (opener.name.clone(), opener.address(&file))).collect();
    Ok(NotebookPage { shell, head, version, drawn, runs, openers })
}
