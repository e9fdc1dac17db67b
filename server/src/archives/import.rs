//! Filling a draft with who took part elsewhere, what they sent and what they said.
//!
//! No score is taken over where there is a file: each waits until the draft has its solution and is launched, and is then
//! scored by the scorers of this house. Either everything of an archive comes in, or nothing.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::TryStreamExt;
use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use serde_json::json;
use sqlx::PgConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::model::{
    Imported, Manifest, POST_VERSIONS, POSTS, PostLine, PostVersionLine, SUBMISSIONS, SubmissionLine, TEAMS,
    TOPICS, TeamLine, TopicLine, VERSIONS, VersionLine,
};
use super::people::People;
use super::store::fill::{self, NewFile};
use super::turns::{self, Turns};
use super::unpacked::{Unpacked, wrong};
use super::{decisions, gone, news};
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::drafts;
use crate::competitions::supply;
use crate::error::{AppError, Result};
use crate::files::Stored;
use crate::forum;
use crate::forum::model::Forum;
use crate::forum::store::posts::NewPost;
use crate::ids::{CompetitionId, PostId, SubmissionId, TeamId, TopicId};
use crate::invisible_characters::is_invisible;
use crate::markdown;
use crate::quotas::model::Full;
use crate::submissions::log::{self, Said};
use crate::uploads::spend::Arrived;
use crate::write_ups;

/// Largest archive.
pub const ARCHIVE_LIMIT_BYTES: u64 = 40_000_000_000;
const PIECE_BYTES: usize = 256 << 10;

/// Takes an archive into a draft in which nobody takes part yet.
///
/// # Errors
/// [`AppError::Refused`] for any other competition; [`AppError::Field`] for what is wrong with the archive.
pub async fn import(app: &App, host: &Member, seen: &Seen, arrived: Arrived) -> Result<Imported> {
    let outcome = import_stored(app, host, seen, &arrived).await;
    match outcome {
        Ok(_) => app.files.remove(&arrived.stored.key).await?,
        Err(_) => arrived.let_go(app).await?,
    }
    outcome
}

async fn import_stored(app: &App, host: &Member, seen: &Seen, arrived: &Arrived) -> Result<Imported> {
    let unpacked = unpack(app, &arrived.stored.key).await?;
    let manifest = unpacked.manifest()?;
    let mut import = Import {
        app,
        host,
        id: seen.competition.id,
        slug: seen.competition.slug.clone(),
        final_limit: seen.competition.final_limit,
        now: app.clock.now(),
        unpacked,
        people: People::default(),
        stored: HashMap::new(),
        baselines: HashSet::new(),
        barred: HashSet::new(),
        done: Imported::default(),
    };
    let outcome = import.carry_out(&manifest, arrived).await;
    if outcome.is_err() {
        for stored in import.stored.values() {
            app.files.remove(&stored.key).await?;
        }
    }
    outcome.map(|()| import.done)
}

async fn unpack(app: &App, key: &str) -> Result<Unpacked> {
    let place = app.config.files.folder().map_or_else(std::env::temp_dir, Path::to_owned);
    let unpacked = Unpacked::begin(place.join("archives").join(format!(".{}", Uuid::now_v7())))?;
    let mut file = tokio::fs::File::create(unpacked.archive_path()).await?;
    let mut content = app.files.read_whole(key).await?;
    while let Some(bytes) = content.try_next().await? {
        file.write_all(&bytes).await?;
    }
    file.flush().await?;
    let unpacking = tokio::task::spawn_blocking(move || unpacked.unpack().map(|()| unpacked));
    unpacking.await.map_err(anyhow::Error::from)?
}

/// What all splits were drawn from before each draft had a seed of its own.
const SEED_OF_EARLIER: i64 = 1;
/// Submissions put into the queue at once.
const BATCH: i64 = 1000;

/// Has everything scored that came with an archive, in the transaction of the launch.
///
/// # Errors
/// Those of the database.
pub async fn enqueue(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    let mut after = SubmissionId(0);
    loop {
        let waiting = fill::waiting(conn, id, after, BATCH).await?;
        let Some((last, _)) = waiting.last() else { return Ok(()) };
        after = *last;
        for (submission, team) in waiting {
            let subject = Subject::Score { submission_id: submission.0, team_id: team.0 };
            queue::enqueue(conn, id.0, subject, Priority::Rescoring).await?;
        }
    }
}

struct Import<'a> {
    app: &'a App,
    host: &'a Member,
    id: CompetitionId,
    slug: String,
    final_limit: i32,
    now: DateTime<Utc>,
    unpacked: Unpacked,
    people: People,
    /// Files of submissions that are stored here already, by the numbers they had.
    stored: HashMap<i64, Stored>,
    /// The numbers that the hosts' teams had.
    baselines: HashSet<i64>,
    /// And teams that are disqualified, which are not counted.
    barred: HashSet<i64>,
    done: Imported,
}

impl Import<'_> {
    async fn carry_out(&mut self, manifest: &Manifest, arrived: &Arrived) -> Result<()> {
        self.meet_people(manifest)?;
        if manifest.has_submission_files {
            self.store_files().await?;
        }
        self.say_what_stays(manifest);
        let mut tx = self.app.db.begin().await?;
        if !fill::lock_empty_draft(&mut tx, self.id).await? {
            return Err(AppError::refused(
                "This competition already has participants, or was launched: import into a new draft.",
            ));
        }
        arrived.spend(&mut tx, self.now).await?;
        let (known, new) = self.people.settle(&mut tx, self.host.is_admin, self.now).await?;
        (self.done.n_people_known, self.done.n_people_new) = (known, new);
        let teams = self.insert_teams(&mut tx).await?;
        let mut n_scored = 0;
        if manifest.has_submission_files {
            n_scored = self.insert_contest(&mut tx, &teams).await?;
        } else {
            self.barred = decisions::take_in(&mut tx, self.id, &self.unpacked, &teams, None).await?;
        }
        self.insert_forum(&mut tx, &teams).await?;
        news::take_in(&mut tx, (self.id, &self.slug), &self.unpacked).await?;
        if let Some(version) = fill::set_split_seed(&mut tx, self.id, self.split_seed(manifest)?).await? {
            supply::examine(&mut tx, self.id, version).await?;
        }
        let n = (self.done.n_teams - self.barred.difference(&self.baselines).count(), n_scored);
        fill::set_imported(&mut tx, self.id, n, self.host.is_admin, self.now).await?;
        let detail = json!({
            "source": manifest.source, "sha256": hex::encode(arrived.stored.sha256),
            "n_teams": self.done.n_teams, "n_submissions": self.done.n_submissions, "n_people_known": known,
        });
        drafts::note(&mut tx, self.now, self.host.id, "import_archive", self.id, &detail).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Of the version that the scores are of.
    fn split_seed(&self, manifest: &Manifest) -> Result<i64> {
        for version in self.unpacked.lines::<VersionLine>(VERSIONS)? {
            let version = version?;
            if version.number == manifest.version {
                return Ok(version.split_seed.unwrap_or(SEED_OF_EARLIER));
            }
        }
        Ok(SEED_OF_EARLIER)
    }

    fn meet_people(&mut self, manifest: &Manifest) -> Result<()> {
        for team in self.unpacked.lines::<TeamLine>(TEAMS)? {
            team?.members.iter().try_for_each(|member| self.people.meet(&member.person))?;
        }
        if manifest.has_submission_files {
            for submission in self.unpacked.lines::<SubmissionLine>(SUBMISSIONS)? {
                self.people.meet(&submission?.sender)?;
            }
        }
        for topic in self.unpacked.lines::<TopicLine>(TOPICS)? {
            self.people.meet(&topic?.author)?;
        }
        for post in self.unpacked.lines::<PostLine>(POSTS)? {
            self.people.meet(&post?.author)?;
        }
        Ok(())
    }

    fn say_what_stays(&mut self, manifest: &Manifest) {
        let mut say = |sentence: &str| self.done.left_behind.push(sentence.to_owned());
        if !manifest.has_submission_files {
            say("Submissions: the archive was made without the files that participants sent.");
        }
        say(
            "Scores and boards: they are computed again here, once the solution is there and the draft is launched.",
        );
        say("Earlier scoring versions: submissions are scored under the one that counted.");
        say("Votes, and posts that were deleted or hidden.");
        if !self.host.is_admin {
            say(
                "Accounts: names are kept, marked as imported; only an administrator's import recognises people.",
            );
        }
    }

    /// Before the transaction, which is short then.
    async fn store_files(&mut self) -> Result<()> {
        for submission in self.unpacked.lines::<SubmissionLine>(SUBMISSIONS)? {
            let submission = submission?;
            if submission.file_gone_at.is_some() {
                continue;
            }
            let stored = self.store_file(&submission).await?;
            let key = stored.key.clone();
            let is_right = hex::encode(stored.sha256) == submission.sha256;
            if self.stored.insert(submission.id, stored).is_some() {
                self.app.files.remove(&key).await?;
                return Err(wrong(format!("Submission {} is in the archive twice.", submission.id)));
            }
            if !is_right {
                return Err(wrong(format!(
                    "The file of submission {} is not the one on record: its SHA-256 differs.",
                    submission.id
                )));
            }
        }
        Ok(())
    }

    async fn store_file(&self, submission: &SubmissionLine) -> Result<Stored> {
        let path = self.unpacked.file(submission.id);
        let mut file = tokio::fs::File::open(&path)
            .await
            .map_err(|_| wrong(format!("The file of submission {} is missing.", submission.id)))?;
        let mut writing = self.app.files.create("submissions", self.id.0).await?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece).await? {
                0 => break,
                n => writing.write(&piece[..n]).await?,
            }
        }
        let stored = writing.finish().await?;
        tokio::fs::remove_file(&path).await?;
        Ok(stored)
    }

    async fn insert_teams(&mut self, conn: &mut PgConnection) -> Result<HashMap<i64, TeamId>> {
        let mut teams = HashMap::new();
        for team in self.unpacked.lines::<TeamLine>(TEAMS)? {
            let mut team = team?;
            check_people(&team)?;
            team.name.retain(|letter| !is_invisible(letter));
            let id = fill::insert_team(conn, self.id, &team).await.map_err(contradiction)?;
            for member in &team.members {
                let user = self.people.id(&member.person)?;
                fill::insert_member(conn, self.id, id, user, member).await.map_err(contradiction)?;
            }
            if teams.insert(team.id, id).is_some() {
                return Err(wrong(format!("Team {} is in the archive twice.", team.id)));
            }
            self.done.n_teams += usize::from(!team.is_baseline);
            if team.is_baseline {
                self.baselines.insert(team.id);
            }
        }
        Ok(teams)
    }

    /// Submissions, the order in which a Ladder judged them, and decisions. How many entries are scored already.
    async fn insert_contest(
        &mut self,
        conn: &mut PgConnection,
        teams: &HashMap<i64, TeamId>,
    ) -> Result<usize> {
        let turns = Turns::draw(conn, &self.unpacked).await?;
        let from = (&self.unpacked, &turns);
        let judged_in = turns::take_in_merged(conn, self.id, from, teams).await?;
        let mut submissions = HashMap::new();
        let mut tally = gone::Tally::default();
        let mut n_chosen: HashMap<i64, i32> = HashMap::new();
        for line in self.unpacked.lines::<SubmissionLine>(SUBMISSIONS)? {
            let line = line?;
            self.check_choice(&line, &mut n_chosen)?;
            let id = self.insert_submission(conn, teams, &line).await?;
            if line.file_gone_at.is_some() {
                tally.count(&line, self.baselines.contains(&line.team));
                if line.state == "scored" {
                    fill::take_over_score(conn, id, &line).await.map_err(contradiction)?;
                }
            }
            if let Some(turn) = line.turn {
                let team = *judged_in.get(&turn.team).ok_or_else(|| {
                    wrong(format!("Submission {} was judged in a team that is not in the archive.", line.id))
                })?;
                let turn = (turns.here(turn.number)?, team);
                fill::take_over_turn(conn, id, turn).await.map_err(contradiction)?;
            }
            if submissions.insert(line.id, id).is_some() {
                return Err(wrong(format!("Submission {} is in the archive twice.", line.id)));
            }
        }
        self.done.n_submissions = submissions.len();
        self.done.left_behind.extend(tally.sentence());
        let came_along = Some((&submissions, &turns));
        self.barred = decisions::take_in(conn, self.id, &self.unpacked, teams, came_along).await?;
        Ok(tally.n_entries)
    }

    fn check_choice(&self, line: &SubmissionLine, n_chosen: &mut HashMap<i64, i32>) -> Result<()> {
        if line.selected_at.is_some() {
            let n = n_chosen.entry(line.team).or_default();
            *n += 1;
            if *n > self.final_limit {
                return Err(wrong(format!(
                    "Team {} chose more submissions for the final than the {} that this competition allows.",
                    line.team, self.final_limit
                )));
            }
        }
        Ok(())
    }

    async fn insert_submission(
        &self,
        conn: &mut PgConnection,
        teams: &HashMap<i64, TeamId>,
        line: &SubmissionLine,
    ) -> Result<SubmissionId> {
        // What the database keeps is what is hashed.
        let line = SubmissionLine { received_at: line.received_at.trunc_subsecs(6), ..line.clone() };
        let team = *teams.get(&line.team).ok_or_else(|| {
            wrong(format!("Submission {} is of a team that is not in the archive.", line.id))
        })?;
        let sender = self.people.id(&line.sender)?;
        let key = gone::key(self.id);
        let file = match line.file_gone_at {
            Some(at) => gone::file(&line, &key, at)?,
            None => {
                let stored = self.stored.get(&line.id).ok_or(AppError::NotFound)?;
                NewFile { key: &stored.key, size_bytes: stored.size_bytes, sha256: stored.sha256, gone: None }
            }
        };
        let inserted = fill::insert_submission(conn, self.id, (team, sender), &line, &file).await;
        let id = inserted.map_err(contradiction)?;
        let said = Said { file_sha256: &file.sha256, received_at: line.received_at, team };
        log::append(conn, self.id, id, &said).await?;
        Ok(id)
    }

    async fn insert_forum(&mut self, conn: &mut PgConnection, teams: &HashMap<i64, TeamId>) -> Result<()> {
        let forum =
            forum::store::forums::find_of_competition(conn, self.id).await?.ok_or(AppError::NotFound)?;
        let mut topics = HashMap::new();
        for topic in self.unpacked.lines::<TopicLine>(TOPICS)? {
            let topic = topic?;
            let subject = self.insert_topic(conn, &forum, &topic).await?;
            if let Some(team) = topic.write_up_of_team {
                let team = *teams.get(&team).ok_or_else(|| {
                    wrong(format!("Topic {} is of a team that is not in the archive.", topic.id))
                })?;
                let bound =
                    write_ups::store::bind(conn, self.id, team, TopicId(subject.id.0), self.now).await;
                bound.map_err(contradiction)?;
            }
            if topics.insert(topic.id, (subject, topic.accepted_post)).is_some() {
                return Err(wrong(format!("Topic {} is in the archive twice.", topic.id)));
            }
            self.done.n_topics += 1;
        }
        let posts = self.insert_posts(conn, &topics).await?;
        self.insert_post_versions(conn, &posts).await?;
        for (subject, accepted) in topics.values() {
            if let Some((post, _)) = accepted.and_then(|accepted| posts.get(&accepted)) {
                forum::store::topics::accept(conn, subject.id, Some(*post)).await?;
            }
        }
        Ok(())
    }

    async fn insert_topic(
        &self,
        conn: &mut PgConnection,
        forum: &Forum,
        topic: &TopicLine,
    ) -> Result<forum::model::Subject> {
        let title = forum::model::title(&topic.title)
            .map_err(|sentence| wrong(format!("Title of topic {}: {sentence}", topic.id)))?;
        let author = self.people.id(&topic.author)?;
        let subject = forum::store::topics::insert(conn, forum, author, &title, topic.created_at).await?;
        if topic.pinned_at.is_some() {
            forum::store::topics::pin(conn, subject.id, topic.pinned_at).await?;
        }
        if topic.locked_at.is_some() {
            forum::store::topics::lock(conn, subject.id, topic.locked_at).await?;
        }
        Ok(subject)
    }

    /// Each new post with the first of its thread, by the numbers they had.
    async fn insert_posts(
        &mut self,
        conn: &mut PgConnection,
        topics: &HashMap<i64, (forum::model::Subject, Option<i64>)>,
    ) -> Result<HashMap<i64, (PostId, PostId)>> {
        let mut posts: HashMap<i64, (PostId, PostId)> = HashMap::new();
        let mut opened = HashSet::new();
        for post in self.unpacked.lines::<PostLine>(POSTS)? {
            let post = post?;
            let (under, _) = topics.get(&post.topic).ok_or_else(|| {
                wrong(format!("Post {} is of a topic that is not in the archive.", post.id))
            })?;
            if post.is_opening != opened.insert(post.topic) {
                return Err(wrong(format!("Topic {} does not begin with its opening post.", post.topic)));
            }
            let text = forum::model::text(&post.markdown)
                .map_err(|sentence| wrong(format!("Text of post {}: {sentence}", post.id)))?;
            // Numbers of topics and submissions are those of the other installation.
            let drawn = markdown::draw_post(&text, &markdown::References::default());
            // A thread whose beginning was taken away goes on as one of its own.
            let answers = post.parent.filter(|_| !post.is_opening).and_then(|parent| posts.get(&parent));
            let new = NewPost {
                under,
                author: self.people.id(&post.author)?,
                parent: answers.map(|(parent, _)| *parent),
                root: answers.map(|(_, root)| *root),
                is_opening: post.is_opening,
                markdown: &text,
                drawn: &drawn,
            };
            let id = forum::store::posts::insert(conn, &new, post.created_at).await?;
            if let Some(edited_at) = post.edited_at {
                fill::set_edited(conn, id, edited_at).await?;
            }
            let root = new.root.unwrap_or(id);
            if posts.insert(post.id, (id, root)).is_some() {
                return Err(wrong(format!("Post {} is in the archive twice.", post.id)));
            }
            self.done.n_posts += 1;
        }
        if let Some(topic) = topics.keys().find(|topic| !opened.contains(topic)) {
            return Err(wrong(format!("Topic {topic} has no text.")));
        }
        Ok(posts)
    }
}

impl Import<'_> {
    /// What stood in posts before they were edited.
    async fn insert_post_versions(
        &self,
        conn: &mut PgConnection,
        posts: &HashMap<i64, (PostId, PostId)>,
    ) -> Result<()> {
        for version in self.unpacked.lines::<PostVersionLine>(POST_VERSIONS)? {
            let version = version?;
            let (post, _) = posts.get(&version.post).ok_or_else(|| {
                wrong(format!("An edit is of post {}, which is not in the archive.", version.post))
            })?;
            let text = forum::model::text(&version.markdown)
                .map_err(|sentence| wrong(format!("An older text of post {}: {sentence}", version.post)))?;
            let title = match &version.title {
                Some(title) => Some(forum::model::title(title).map_err(|sentence| {
                    wrong(format!("An older title with post {}: {sentence}", version.post))
                })?),
                None => None,
            };
            let drawn = markdown::draw_post(&text, &markdown::References::default());
            let before = forum::store::posts::Text {
                is_opening: title.is_some(),
                title,
                markdown: text,
                html: drawn.html,
                written_at: version.written_at,
            };
            forum::store::posts::keep_version(conn, *post, &before, version.replaced_at).await?;
        }
        Ok(())
    }
}

/// Whoever takes part has one leader; what hosts send to compare with is of nobody.
fn check_people(team: &TeamLine) -> Result<()> {
    let n_leaders = team.members.iter().filter(|member| member.is_leader).count();
    match (team.is_baseline, n_leaders) {
        (true, _) if team.members.is_empty() => Ok(()),
        (true, _) => Err(wrong(format!("“{}” is a baseline, and has members; none has any.", team.name))),
        (false, 1) => Ok(()),
        (false, _) => Err(wrong(format!("Team “{}” has {n_leaders} leaders; each has one.", team.name))),
    }
}

/// What breaks a rule of the schema is the archive's fault.
pub(super) fn contradiction(error: sqlx::Error) -> AppError {
    if let Some(full) = Full::of(&error) {
        return full.into();
    }
    let broken = error
        .as_database_error()
        .filter(|cause| cause.code().is_some_and(|code| code.starts_with("23") || code.starts_with("22")));
    match broken {
        Some(cause) => wrong(format!(
            "The archive holds what no competition can hold ({}).",
            cause.constraint().unwrap_or("a value out of its range")
        )),
        None => error.into(),
    }
}
