//! Copying a competition that is over as a new draft: pages, settings, data, sealed solution, metric.
//!
//! Never here: a participant, a submission, a score, an invitation. The solution goes over sealed, as it lies.

use futures_util::StreamExt;
use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::create::{self, Address};
use crate::competitions::model::{Competition, Phase};
use crate::competitions::settings::Basics;
use crate::competitions::store::texts::{TextPage, Writing};
use crate::competitions::store::{copies, data, texts};
use crate::competitions::{propose, store, supply};
use crate::error::{AppError, Result};
use crate::files::Stored;
use crate::folder::links;
use crate::ids::CompetitionId;
use crate::versions::store::labels;

/// Makes the draft; whoever copies is its one host.
///
/// # Errors
/// [`AppError::Refused`] before the end, and for whoever may not host; [`AppError::Field`] when the address is
/// taken.
pub async fn copy(
    app: &App,
    host: &Member,
    seen: &Seen,
    basics: Basics,
    address: Address,
) -> Result<Competition> {
    create::may_host(app, host).await?;
    if !matches!(seen.competition.phase(app.clock.now()), Phase::Closed | Phase::Final) {
        return Err(AppError::refused("A competition can be copied once it is over."));
    }
    let mut copied = Copied { data: Vec::new(), solution: None };
    let outcome = match copied.fill(app, seen.competition.id).await {
        Ok(()) => write(app, host, seen, basics, address, &copied).await,
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        copied.remove(app).await;
    }
    let slug = outcome?;
    let mut conn = app.db.acquire().await?;
    store::find(&mut conn, &slug).await?.ok_or(AppError::NotFound)
}

/// Files of the draft that is to be.
struct Copied {
    data: Vec<(data::DataFile, Stored)>,
    solution: Option<Stored>,
}

impl Copied {
    async fn fill(&mut self, app: &App, from: CompetitionId) -> Result<()> {
        let mut conn = app.db.acquire().await?;
        let files = data::all(&mut conn, from).await?;
        // Everybody has the labels that were released: they can judge nobody any more.
        let solution = match labels::find(&mut conn, from).await? {
            Some(_) => None,
            None => copies::solution_key(&mut conn, from).await?,
        };
        drop(conn);
        for file in files {
            let stored = copy_file(app, &file.storage_key, "data", from).await?;
            self.data.push((file, stored));
        }
        if let Some(key) = solution {
            self.solution = Some(copy_file(app, &key, "solutions", from).await?);
        }
        Ok(())
    }

    async fn remove(&self, app: &App) {
        let stored = self.data.iter().map(|(_, stored)| stored).chain(&self.solution);
        for Stored { key, .. } in stored {
            if let Err(error) = app.files.remove(key).await {
                tracing::warn!(%error, "a left-over file could not be removed");
            }
        }
    }
}

async fn copy_file(app: &App, key: &str, room: &str, owner: CompetitionId) -> Result<Stored> {
    let mut from = app.files.read_whole(key).await?;
    let mut to = app.files.create(room, owner.0).await?;
    while let Some(bytes) = from.next().await {
        to.write(&bytes?).await?;
    }
    Ok(to.finish().await?)
}

/// Everything in the database, in one transaction; gives the address.
async fn write(
    app: &App,
    host: &Member,
    seen: &Seen,
    basics: Basics,
    address: Address,
    copied: &Copied,
) -> Result<String> {
    let (from, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let (id, slug) = create::insert(app, &mut tx, host, basics, address).await?;
    copies::settings(&mut tx, from, id).await?;
    for page in texts::all(&mut tx, from).await? {
        let html = links::draw(&slug, &page.markdown);
        let TextPage { slug, title, markdown, is_proposed, .. } = &page;
        let page = Writing { slug, title, markdown, html: &html, is_proposed: *is_proposed };
        texts::save(&mut tx, id, &page, now).await?;
    }
    for (file, stored) in &copied.data {
        data::put(&mut tx, id, &file.name, &file.role, &file.description, stored, now).await?;
    }
    let version = copies::version(&mut tx, from, id, copied.solution.as_ref(), now).await?;
    propose::refresh(&mut tx, id, now).await?;
    if copied.solution.is_some() {
        supply::examine(&mut tx, id, version).await?;
    }
    store::drafts::note(&mut tx, now, host.id, "copy", id, &json!({ "from": seen.competition.slug })).await?;
    tx.commit().await?;
    Ok(slug)
}
