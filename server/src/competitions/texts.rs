//! What a competition's page says, the same for everybody who may see it, kept under the revision of its texts.

use std::sync::Arc;

use crate::announcements;
use crate::announcements::model::Announcement;
use crate::app::App;
use crate::competitions::changes::Change;
use crate::competitions::model::Competition;
use crate::competitions::store::changes;
use crate::competitions::store::texts::{self, PageLink, TextPage};
use crate::error::Result;
use crate::ids::CompetitionId;
use crate::kept::Kept;

/// The page that is a competition's front.
pub const OVERVIEW: &str = "overview";
/// The page shown above the data files.
pub const DATA: &str = "data";
/// Newest changes on the front; all have a page.
const CHANGES_SHOWN: i64 = 3;
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
    /// The newest announcement, on the front.
    pub announced: Option<Announcement>,
    /// The newest, on the front.
    pub changes: Vec<Change>,
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
            announced: Some(Announcement::sample()),
            changes: vec![Change::sample()],
        }
    }
}

pub type Texts = Kept<TextKey, Arc<Shown>>;

pub fn kept() -> Texts {
    Kept::new(PAGES)
}

/// # Errors
/// Those of the database.
pub async fn shown(app: &App, competition: &Competition, page: &str) -> Result<Arc<Shown>> {
    let revision = competition.texts_revision;
    let key = TextKey { competition: competition.id, revision, page: page.to_owned() };
    if let Some(shown) = app.texts.get(&key) {
        return Ok(shown);
    }
    let shown = Arc::new(read(app, competition.id, page).await?);
    if shown.text.is_some() || page == OVERVIEW {
        app.texts.put(key, Arc::clone(&shown));
    }
    Ok(shown)
}

async fn read(app: &App, id: CompetitionId, page: &str) -> Result<Shown> {
    let mut conn = app.db.acquire().await?;
    let (links, text) = texts::shown(&mut conn, id, page).await?;
    let (announced, changes) = match page {
        OVERVIEW => (
            announcements::store::list(&mut conn, id, i64::MAX, 1).await?.pop(),
            changes::list(&mut conn, id, i64::MAX, CHANGES_SHOWN).await?,
        ),
        _ => (None, Vec::new()),
    };
    Ok(Shown { links, text, announced, changes })
}
