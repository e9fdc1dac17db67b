//! Giving a competition out as one archive.
//!
//! What happens while it is written is left for another time: of submissions, all up to the newest at its
//! beginning are in it. Files that teams sent, and the sealed solution, are in it only where a host asks
//! for them, and that stands on record.

use std::io::{self, Write};

use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::model::{
    ANNOUNCEMENTS, CHANGES, COMPETITION, DISQUALIFICATIONS, FILES, FIRST_FORMAT, FORMAT, MANIFEST,
    MERGED_TEAMS, Manifest, OTHER_METRICS, PICTURES, POST_VERSIONS, POSTS, PRIVATE_BOARD, PUBLIC_BOARD,
    SEALED_SOLUTION, SUBMISSIONS, SubmissionLine, TEAMS, TOPICS, VERSIONS, VersionLine,
};
use super::store::news;
use super::store::read::{self, Sealed};
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::download::{Sending, stream_zip};
use crate::competitions::model::Phase;
use crate::competitions::store::data::{self, DataFile};
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};
use crate::folder::diff::bare_params;
use crate::folder::model::{DATA, PAGES, SETTINGS};
use crate::folder::snapshot::{Snapshot, snapshot};
use crate::folder::write::{self, Remarks};
use crate::leaderboard::csv;
use crate::leaderboard::model::{Key, View};
use crate::leaderboard::read::settled_if_due;
use crate::leaderboard::sight::BoardSight;
use crate::other_metrics::api::OtherMetricsJson;
use crate::paths;
use crate::pictures::api::RankPicturesJson;
use crate::retention::store::files_gone;
use crate::submissions::store::released;
use crate::{other_metrics, pictures};

/// What a host wants beside settings, pages, people, scores and talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    pub data: bool,
    /// Other people's work: for hosts whose rules say that they may have it.
    pub submission_files: bool,
    pub sealed_solution: bool,
}

const FILES_ARE_NOT_THEIRS: &str = "By the rules of this competition its hosts do not have the files that participants sent. Export \
     without them (`submission_files=false`, `--without-submission-files`), or ask an administrator.";

/// Everything that is known before the first byte.
struct Export {
    app: App,
    wish: Wish,
    seen: Seen,
    snapshot: Snapshot,
    manifest: Manifest,
    data: Vec<DataFile>,
    versions: Vec<VersionLine>,
    sealed: Option<Sealed>,
    newest_submission: i64,
    now: DateTime<Utc>,
}

/// Answers with the archive.
///
/// # Errors
/// [`AppError::Refused`] for files of participants that hosts may not have; administrators move whole competitions, on
/// record as everybody. None after the first byte: then a part that cannot be read breaks the download off.
pub async fn export(app: &App, host: &Member, seen: Seen, wish: Wish) -> Result<Response> {
    let seen = settled_if_due(app, seen).await?;
    if wish.submission_files && !seen.competition.hosts_may_have_files && !host.is_admin {
        return Err(AppError::refused(FILES_ARE_NOT_THEIRS));
    }
    let export = gather(app, seen, wish).await?;
    if wish.submission_files || wish.sealed_solution {
        let detail =
            json!({ "submission_files": wish.submission_files, "sealed_solution": wish.sealed_solution });
        let mut conn = app.db.acquire().await?;
        let (id, now) = (export.seen.competition.id, export.now);
        drafts::note(&mut conn, now, host.id, "export_archive", id, &detail).await?;
    }
    let name = format!("{}.holdout.zip", export.seen.competition.slug);
    Ok(stream_zip(app.files.clone(), &name, move |zip| export.write(zip)))
}

async fn gather(app: &App, seen: Seen, wish: Wish) -> Result<Export> {
    let competition = &seen.competition;
    let (id, now) = (competition.id, app.clock.now());
    let mut conn = app.db.acquire().await?;
    let mut snapshot = snapshot(&mut conn, competition.clone(), now).await?;
    snapshot.competition.tame_module_name();
    if let Some(metric) = &mut snapshot.competition.metric {
        metric.params = bare_params(metric, holdout_contract::catalogue::known());
    }
    let needs_newest = competition.is_ladder()
        || read::has_decisions(&mut conn, id).await?
        || wish.submission_files && files_gone(&mut conn, id).await?.is_some();
    let sealed = if wish.sealed_solution { read::sealed_solution(&mut conn, id).await? } else { None };
    let manifest = Manifest {
        format: if needs_newest { FORMAT } else { FIRST_FORMAT },
        made_by: concat!("holdout ", env!("CARGO_PKG_VERSION")).to_owned(),
        made_at: now,
        source: format!("{}{}", app.config.public_url, paths::competition(&competition.slug)),
        slug: competition.slug.clone(),
        title: competition.title.clone(),
        state: snapshot.state.clone(),
        version: snapshot.version,
        has_data: wish.data,
        has_submission_files: wish.submission_files,
        has_private_scores: competition.ended(now).is_some(),
        solution_sealed_to: sealed.as_ref().map(|sealed| sealed.recipient.clone()),
    };
    Ok(Export {
        data: if wish.data { data::all(&mut conn, id).await? } else { Vec::new() },
        versions: read::versions(&mut conn, id).await?,
        newest_submission: read::newest_submission(&mut conn, id).await?,
        app: app.clone(),
        wish,
        seen,
        snapshot,
        manifest,
        sealed,
        now,
    })
}

impl Export {
    fn write(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        zip.begin(MANIFEST)?;
        serde_json::to_writer_pretty(&mut *zip, &self.manifest)?;
        self.write_competition(zip)?;
        if let Some(sealed) = &self.sealed {
            zip.add_stored(SEALED_SOLUTION, &sealed.storage_key, sealed.size_bytes)?;
        }
        zip.begin(VERSIONS)?;
        self.versions.iter().try_for_each(|version| line(zip, version))?;
        self.write_teams(zip)?;
        self.write_submissions(zip)?;
        self.write_decisions(zip)?;
        self.write_boards(zip)?;
        self.write_forum(zip)?;
        self.write_news(zip)?;
        if self.wish.submission_files {
            self.write_files(zip)?;
        }
        Ok(())
    }

    fn write_competition(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        let contents = &self.snapshot.competition;
        let mut add = |name: &str, text: &str| {
            zip.begin(&format!("{COMPETITION}{name}"))?;
            zip.write_all(text.as_bytes())
        };
        add(SETTINGS, &write::settings(contents, &self.remarks()))?;
        for page in &contents.pages {
            add(&format!("{PAGES}/{}.md", page.slug), &page.markdown)?;
        }
        if let Some(module) = contents.metric.as_ref().and_then(|metric| metric.module.as_ref()) {
            add(&module.file_name, &module.source)?;
        }
        for file in &self.data {
            let name = format!("{COMPETITION}{DATA}/{}", file.name);
            zip.add_stored(&name, &file.storage_key, file.size_bytes)?;
        }
        Ok(())
    }

    fn remarks(&self) -> Remarks {
        let sealed = self.snapshot.sealed_sha256.iter().map(|sealed| {
            format!("The solution is no part of this folder: nobody but the scorers could read it (SHA-256, sealed: {sealed}).")
        });
        Remarks { about_solution: sealed.collect(), ..Remarks::default() }
    }

    fn write_teams(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        zip.begin(TEAMS)?;
        let mut after = 0;
        loop {
            let teams = zip.wait(async {
                let mut conn = self.app.db.acquire().await?;
                read::teams(&mut conn, self.seen.competition.id, after).await
            });
            let teams = teams.map_err(io::Error::other)?;
            let Some(last) = teams.last() else { break };
            after = last.id;
            teams.iter().try_for_each(|team| line(zip, team))?;
        }
        zip.begin(MERGED_TEAMS)?;
        let mut after = 0;
        loop {
            let teams = zip.wait(async {
                let mut conn = self.app.db.acquire().await?;
                read::merged_teams(&mut conn, self.seen.competition.id, after).await
            });
            let teams = teams.map_err(io::Error::other)?;
            let Some(last) = teams.last() else { return Ok(()) };
            after = last.id;
            teams.iter().try_for_each(|team| line(zip, team))?;
        }
    }

    fn write_decisions(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        zip.begin(DISQUALIFICATIONS)?;
        let mut after = 0;
        loop {
            let decisions = zip.wait(async {
                let mut conn = self.app.db.acquire().await?;
                read::decisions(&mut conn, self.seen.competition.id, after).await
            });
            let decisions = decisions.map_err(io::Error::other)?;
            let Some((last, _)) = decisions.last() else { return Ok(()) };
            after = *last;
            let is_in_it = |id: Option<i64>| id.is_none_or(|id| id <= self.newest_submission);
            let in_it = decisions.iter().filter(|(_, decision)| is_in_it(decision.submission));
            in_it.map(|(_, decision)| decision).try_for_each(|decision| line(zip, decision))?;
        }
    }

    fn write_submissions(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        zip.begin(SUBMISSIONS)?;
        let mut after = 0;
        loop {
            let part = zip.wait(self.submissions(after)).map_err(told)?;
            let Some((last, _)) = part.last() else { return Ok(()) };
            after = last.id;
            part.iter().try_for_each(|(submission, _)| line(zip, submission))?;
        }
    }

    fn write_files(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        let mut after = 0;
        loop {
            let part = zip.wait(self.submissions(after)).map_err(told)?;
            let Some((last, _)) = part.last() else { return Ok(()) };
            after = last.id;
            for (submission, storage_key) in part {
                let Some(storage_key) = storage_key else { continue };
                let size_bytes = i64::try_from(submission.size_bytes).unwrap_or(i64::MAX);
                zip.add_stored(&format!("{FILES}{}", submission.id), &storage_key, size_bytes)?;
            }
        }
    }

    /// Submissions after a key, with the places of their files; after the end with private scores.
    async fn submissions(&self, after: i64) -> Result<Vec<(SubmissionLine, Option<String>)>> {
        let id = self.seen.competition.id;
        let mut conn = self.app.db.acquire().await?;
        let rows = read::submissions(&mut conn, id, after, self.newest_submission).await?;
        let mut part: Vec<(SubmissionLine, Option<String>)> = rows
            .into_iter()
            .map(|mut row| {
                let key = std::mem::take(&mut row.storage_key);
                let key = row.file_gone_at.is_none().then_some(key);
                (self.told(row.into()), key)
            })
            .collect();
        if let Some(ended) = self.seen.competition.ended(self.now) {
            let ids: Vec<i64> = part.iter().map(|(line, _)| line.id).collect();
            for score in released(&mut conn, ended, id, &ids).await? {
                if let Ok(at) = part.binary_search_by_key(&score.submission_id.0, |(line, _)| line.id) {
                    part[at].0.private_score = score.private_score;
                    part[at].0.private_undefined = score.private_undefined;
                }
            }
        }
        Ok(part)
    }

    /// A submission as its competition's hosts may have it now.
    fn told(&self, line: SubmissionLine) -> SubmissionLine {
        let competition = &self.seen.competition;
        let line = match competition.hidden_digits(self.now) {
            Some(decimals) => line.rounded(decimals),
            None => line,
        };
        // While the contest goes on, an entry of the log is its sender's to open.
        match competition.phase(self.now) {
            Phase::Final => line,
            _ => SubmissionLine { log_nonce: None, ..line },
        }
    }

    fn write_boards(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        self.write_board(zip, PUBLIC_BOARD, true)?;
        if self.seen.competition.phase(self.now) == Phase::Final {
            self.write_board(zip, PRIVATE_BOARD, false)?;
            self.write_what_is_said_of_the_end(zip)?;
        }
        Ok(())
    }

    fn write_what_is_said_of_the_end(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        let look = zip.wait(pictures::read::look(&self.app, &self.seen)).map_err(told)?;
        zip.begin(PICTURES)?;
        serde_json::to_writer_pretty(&mut *zip, &RankPicturesJson::from(look))?;
        let panel = zip.wait(other_metrics::read::panel(&self.app, &self.seen)).map_err(told)?;
        zip.begin(OTHER_METRICS)?;
        serde_json::to_writer_pretty(&mut *zip, &OtherMetricsJson::from(panel))?;
        Ok(())
    }

    fn write_board(&self, zip: &mut Sending<'_>, name: &str, wants_public: bool) -> io::Result<()> {
        let view = View::choose(&self.seen.competition, self.now, wants_public);
        // Of a host: who may have the archive sees the boards as they are.
        let sight = BoardSight::of(&self.seen);
        zip.begin(name)?;
        let (mut after, mut is_first) = (Some(Key::first()), true);
        while let Some(key) = after {
            let part = zip.wait(csv::part(&self.app, &self.seen.competition, view, &sight, key, is_first));
            let (text, next) = part.map_err(told)?;
            zip.write_all(text.as_bytes())?;
            (after, is_first) = (next, false);
        }
        Ok(())
    }

    fn write_forum(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        zip.begin(TOPICS)?;
        self.each_topic(zip, line)?;
        zip.begin(POSTS)?;
        self.each_topic(zip, |zip, topic| {
            let mut after = 0;
            loop {
                let posts = zip.wait(async {
                    let mut conn = self.app.db.acquire().await?;
                    read::posts(&mut conn, topic.id, after).await
                });
                let posts = posts.map_err(io::Error::other)?;
                let Some(last) = posts.last() else { return Ok(()) };
                after = last.id;
                posts.iter().try_for_each(|post| line(zip, post))?;
            }
        })?;
        zip.begin(POST_VERSIONS)?;
        self.each_topic(zip, |zip, topic| {
            let mut after = (0, 0);
            loop {
                let versions = zip.wait(async {
                    let mut conn = self.app.db.acquire().await?;
                    read::post_versions(&mut conn, topic.id, after).await
                });
                let versions = versions.map_err(io::Error::other)?;
                let Some(last) = versions.last() else { return Ok(()) };
                after = (last.post, last.number);
                versions.iter().try_for_each(|version| line(zip, version))?;
            }
        })
    }

    fn write_news(&self, zip: &mut Sending<'_>) -> io::Result<()> {
        let id = self.seen.competition.id;
        zip.begin(ANNOUNCEMENTS)?;
        let mut after = 0;
        loop {
            let part = zip.wait(async {
                let mut conn = self.app.db.acquire().await?;
                news::announcements(&mut conn, id, after).await
            });
            let part = part.map_err(io::Error::other)?;
            let Some(last) = part.last() else { break };
            after = last.id;
            part.iter().try_for_each(|announcement| line(zip, announcement))?;
        }
        zip.begin(CHANGES)?;
        let mut after = 0;
        loop {
            let part = zip.wait(async {
                let mut conn = self.app.db.acquire().await?;
                news::changes(&mut conn, id, after).await
            });
            let part = part.map_err(io::Error::other)?;
            let Some(last) = part.last() else { return Ok(()) };
            after = last.id;
            part.iter().try_for_each(|change| line(zip, change))?;
        }
    }

    fn each_topic(
        &self,
        zip: &mut Sending<'_>,
        mut write: impl FnMut(&mut Sending<'_>, &super::model::TopicLine) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut after = 0;
        loop {
            let topics = zip.wait(async {
                let mut conn = self.app.db.acquire().await?;
                read::topics(&mut conn, self.seen.competition.id, after).await
            });
            let topics = topics.map_err(io::Error::other)?;
            let Some(last) = topics.last() else { return Ok(()) };
            after = last.id;
            topics.iter().try_for_each(|topic| write(zip, topic))?;
        }
    }
}

fn line<T: Serialize>(zip: &mut Sending<'_>, of: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *zip, of)?;
    zip.write_all(b"\n")
}

fn told(error: AppError) -> io::Error {
    io::Error::other(error.to_string())
}
