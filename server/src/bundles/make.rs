//! A draft is made of a bundle, by the verbs that hosts use: what one of them refuses is told, and left to the
//! host; the rest stands.

use serde_json::Value;
use uuid::Uuid;

use super::receive::forget_files;
use super::store::{self, Bundle, KeptFile};
use crate::accounts::model::Member;
use crate::api::conditions::whatever_stands;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::create::{self, Address};
use crate::competitions::files::{self, DataUpload, PutFile};
use crate::competitions::settings::{Basics, Patch, Timeline};
use crate::competitions::supply::{self, MetricChoice};
use crate::competitions::{edit, edit_pages, propose, timeline};
use crate::custom_metrics::choose::{self, Choice};
use crate::error::{AppError, Result};
use crate::files::Stored;
use crate::folder::model::{Contents, Metric};

/// What the host says on seeing the report.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Left out: the bundle's.
    pub title: Option<String>,
    /// Left out: made from the title.
    pub slug: Option<String>,
    /// Needed where the bundle does not say it.
    pub higher_is_better: Option<bool>,
}

/// A draft that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub slug: String,
    /// Sentences of what could not be carried out.
    pub left_open: Vec<String>,
}

/// Makes a draft of a bundle, which is gone then.
///
/// # Errors
/// [`AppError::NotFound`] where there is none of this number; [`AppError::Field`] for what the host has to say
/// otherwise.
pub async fn make(app: &App, host: &Member, id: Uuid, wish: &Wish) -> Result<Made> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let bundle = store::find(&mut tx, host.id, id, now).await?.ok_or(AppError::NotFound)?;
    let kept = store::files(&mut tx, id).await?;
    if bundle.is_direction_open && wish.higher_is_better.is_none() {
        return Err(AppError::field(
            "higher_is_better",
            "The bundle does not say whether a higher score is better: choose one.",
        ));
    }
    let contents = &bundle.contents;
    let slug = wish.slug.as_deref().unwrap_or_default();
    let title = wish.title.as_deref().unwrap_or(&contents.title);
    let basics = Basics::read(title, slug, &contents.subtitle)?;
    let (competition, slug) = create::insert(app, &mut tx, host, basics, Address::of(slug)).await?;
    propose::refresh(&mut tx, competition, now).await?;
    store::remove(&mut tx, host.id, id).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;

    let seen = access::see_as_host(app, &slug, Some(host)).await?;
    let mut filling = Filling { app, host, seen: &seen, left_open: Vec::new() };
    let filled = filling.fill(&bundle, &kept, wish).await;
    let left_open = filling.left_open;
    forget_files(app, kept.into_iter().map(|file| file.storage_key).collect()).await?;
    filled?;
    Ok(Made { slug, left_open })
}

/// A draft on its way to what its bundle says.
struct Filling<'a> {
    app: &'a App,
    host: &'a Member,
    seen: &'a Seen,
    left_open: Vec<String>,
}

impl Filling<'_> {
    async fn fill(&mut self, bundle: &Bundle, kept: &[KeptFile], wish: &Wish) -> Result<()> {
        let contents = &bundle.contents;
        // By itself: no limit that cannot be kept opens what was closed.
        let visibility = Patch { visibility: Some(contents.visibility.clone()), ..Patch::default() };
        let seen_by = edit::patch(self.app, self.host, self.seen, &visibility, |_| Ok(())).await;
        self.note("Visibility", seen_by)?;
        let settings = edit::patch(self.app, self.host, self.seen, &limits(contents), |_| Ok(())).await;
        self.note("Limits", settings)?;
        let proposed = Timeline::proposed(self.app.clock.now());
        let set = match timeline(contents, &bundle.open_times, proposed).checked() {
            Ok(times) => timeline::move_times(self.app, self.host, self.seen, &times, "").await,
            Err(error) => Err(error),
        };
        self.note("Times", set)?;
        for page in &contents.pages {
            let written = edit_pages::write_page(
                self.app,
                self.host,
                self.seen,
                &page.slug,
                &page.title,
                &page.markdown,
                |_| Ok(()),
            );
            let written = written.await;
            self.note(&format!("Page “{}”", page.title), written)?;
        }
        let (data, solution) = kept.split_at(contents.data.len().min(kept.len()));
        for (file, kept) in contents.data.iter().zip(data) {
            let upload = DataUpload {
                name: &file.name,
                role: &file.role,
                description: &file.description,
                note: "",
                may_replace: false,
            };
            let put = self.put_data(&upload, kept).await;
            self.note(&file.name, put)?;
        }
        if let Some(metric) = &contents.metric {
            let chosen = self.choose_metric(metric, wish.higher_is_better).await;
            self.note("Metric", chosen)?;
        }
        if let Some((file, recipient)) =
            solution.first().and_then(|file| Some((file, file.recipient.as_deref()?)))
        {
            let stored = self.copy(file, "solutions").await?;
            let put = supply::put_solution(self.app, self.host, self.seen, recipient, stored).await;
            self.note("Solution", put)?;
        }
        Ok(())
    }

    /// What a host can mend is told; anything else ends the filling.
    fn note<T>(&mut self, what: &str, outcome: Result<T>) -> Result<()> {
        match outcome {
            Ok(_) => Ok(()),
            Err(AppError::Field { message, .. } | AppError::Refused(message)) => {
                self.left_open.push(format!("{what}: {message}"));
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    async fn put_data(&self, upload: &DataUpload<'_>, kept: &KeptFile) -> Result<PutFile> {
        let stored = self.copy(kept, "data").await?;
        files::put_data(self.app, self.host, self.seen, upload, stored, whatever_stands).await
    }

    /// Whoever removes files that nothing names looks for the competition in their keys.
    async fn copy(&self, kept: &KeptFile, room: &'static str) -> Result<Stored> {
        let mut pieces = self.app.files.read_whole(&kept.storage_key).await?;
        let mut writing = self.app.files.create(room, self.seen.competition.id.0).await?;
        while let Some(piece) = futures_util::StreamExt::next(&mut pieces).await {
            writing.write(&piece?).await?;
        }
        Ok(writing.finish().await?)
    }

    async fn choose_metric(&self, metric: &Metric, higher_is_better: Option<bool>) -> Result<()> {
        let (params, context) = (metric.params.clone(), metric.context.clone());
        let public_fraction = metric.public_fraction;
        let Some(module) = &metric.module else {
            let params = params.into_iter().collect::<std::collections::BTreeMap<String, Value>>();
            let choice = MetricChoice { name: metric.name.clone(), params, context, public_fraction };
            return supply::choose_metric(self.app, self.host, self.seen, &choice, whatever_stands).await;
        };
        let choice = Choice {
            file_name: module.file_name.clone(),
            source: module.source.clone(),
            higher_is_better: higher_is_better.unwrap_or(module.higher_is_better),
            params,
            context,
            public_fraction,
        };
        choose::choose(self.app, self.host, self.seen, choice, whatever_stands).await
    }
}

fn limits(contents: &Contents) -> Patch {
    Patch {
        daily_limit: Some(contents.daily_limit),
        total_limit: Some(contents.total_limit),
        final_limit: Some(contents.final_limit),
        team_limit: Some(contents.team_limit),
        max_upload_bytes: Some(contents.max_upload_bytes),
        score_decimals: Some(contents.score_decimals),
        ladder: Some(contents.ladder),
        board_shows: Some(contents.board_shows),
        board_stays_veiled: Some(contents.board_stays_veiled),
        ..Patch::default()
    }
}

/// The bundle's times; a proposal where it names none.
fn timeline(contents: &Contents, open: &[String], proposed: Timeline) -> Timeline {
    let is_open = |name: &str| open.iter().any(|known| known == name);
    let starts_at = if is_open("starts_at") { proposed.starts_at } else { contents.starts_at };
    let length = proposed.ends_at - proposed.starts_at;
    let ends_at = if is_open("ends_at") { starts_at + length } else { contents.ends_at };
    let or_end = |name: &str, known| if is_open(name) { ends_at } else { known };
    Timeline {
        starts_at,
        entry_deadline_at: or_end("entry_deadline_at", contents.entry_deadline_at),
        merger_deadline_at: or_end("merger_deadline_at", contents.merger_deadline_at),
        ends_at,
    }
}
