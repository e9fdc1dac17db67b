//! What a competition's page says, the same for everybody who may see it, kept under the revision of its texts.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::announcements;
use crate::announcements::model::Announcement;
use crate::app::App;
use crate::cache::Cache;
use crate::closing;
use crate::competitions::changes::{About, Change};
use crate::competitions::model::Competition;
use crate::competitions::propose;
use crate::competitions::store::changes;
use crate::competitions::store::data::{self, DataFile};
use crate::competitions::store::lists::{self, Host};
use crate::competitions::store::page_versions;
use crate::competitions::store::texts::{self, PageLink, TextPage};
use crate::error::Result;
use crate::ids::CompetitionId;

/// The page that is a competition's front.
pub const OVERVIEW: &str = "overview";
/// The page shown above the data files.
pub const DATA: &str = "data";
/// Newest changes on the front; all have a page.
const CHANGES_SHOWN: i64 = 3;
/// Newest changes of the files, beside them.
const CHANGES_OF_FILES_SHOWN: i64 = 5;
/// Pages kept at most; each may be some 200 kB, most are a few.
const PAGES: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextKey {
    competition: CompetitionId,
    revision: i64,
    page: String,
}

#[derive(Debug)]
pub struct Shown {
    pub links: Vec<PageLink>,
    /// `None` where the host wrote nothing yet.
    pub text: Option<TextPage>,
    /// Number and time of the newest version of the text that is on record.
    pub newest_version: Option<(i32, DateTime<Utc>)>,
    /// The newest announcement, on the front.
    pub announced: Option<Announcement>,
    /// The newest, on the front; beside the data files, the newest of these.
    pub changes: Vec<Change>,
    /// What participants may have, on the page of the data.
    pub files: Vec<DataFile>,
    pub hosts: Vec<Host>,
    /// Whether the hosts named the winners.
    pub has_winners: bool,
}

impl Shown {
    pub fn sample() -> Self {
        let text = TextPage {
            slug: OVERVIEW.to_owned(),
            title: "Overview".to_owned(),
            position: 1,
            markdown: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
            is_proposed: false,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        };
        Self {
            links: vec![PageLink { slug: text.slug.clone(), title: text.title.clone() }],
            text: Some(text),
            newest_version: Some((2, DateTime::UNIX_EPOCH)),
            announced: Some(Announcement::sample()),
            changes: vec![Change::sample()],
            files: vec![DataFile::sample()],
            hosts: vec![Host::sample()],
            has_winners: true,
        }
    }
}

pub type Texts = Cache<TextKey, Arc<Shown>>;

pub fn cache() -> Texts {
    Cache::new(PAGES)
}

/// # Errors
/// Those of the database.
pub async fn shown(app: &App, competition: &Competition, page: &str) -> Result<Arc<Shown>> {
    let revision = competition.texts_revision;
    let key = TextKey { competition: competition.id, revision, page: page.to_owned() };
    if let Some(shown) = app.texts.get(&key) {
        return Ok(shown);
    }
    let shown = Arc::new(read(app, competition, page).await?);
    if shown.text.is_some() || page == OVERVIEW || page == DATA {
        app.texts.put(key, Arc::clone(&shown));
    }
    Ok(shown)
}

async fn read(app: &App, competition: &Competition, page: &str) -> Result<Shown> {
    let id = competition.id;
    let mut conn = app.db.acquire().await?;
    let (links, mut text) = texts::shown(&mut conn, id, page).await?;
    propose::follow(&mut conn, competition, text.as_mut_slice()).await?;
    let newest = page_versions::list(&mut conn, id, page, (1, i32::MAX), 1).await?.pop();
    let newest_version = newest.map(|version| (version.number, version.edited_at));
    let hosts = lists::hosts(&mut conn, id).await?;
    let has_winners = closing::store::find(&mut conn, id).await?.is_some();
    let (mut announced, mut newest, mut files) = (None, Vec::new(), Vec::new());
    match page {
        OVERVIEW => {
            announced = announcements::store::list(&mut conn, id, i64::MAX, 1).await?.pop();
            newest = changes::list(&mut conn, id, i64::MAX, CHANGES_SHOWN).await?;
        }
        DATA => {
            newest =
                changes::list_about(&mut conn, id, About::Data, i64::MAX, CHANGES_OF_FILES_SHOWN).await?;
            files = data::all(&mut conn, id).await?;
            files.retain(DataFile::is_for_participants);
        }
        _ => {}
    }
    Ok(Shown { links, text, newest_version, announced, changes: newest, files, hosts, has_winners })
}
