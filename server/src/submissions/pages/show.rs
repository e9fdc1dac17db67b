//! A team's own submissions: the list with its plot, and one with receipt, score or reason.

use askama::Template;
use askama_web::WebTemplate;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use sqlx::types::Json;

use crate::api::paging::cut;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::download;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::ids::{SubmissionId, TeamId};
use crate::leaderboard;
use crate::leaderboard::sight::BoardSight;
use crate::paths;
use crate::submissions::choose::{choose_final, describe, withdraw_final};
use crate::submissions::final_choice::{self, FinalChoice};
use crate::submissions::model::{Allowance, State as Stage, Submission};
use crate::submissions::plot::Plot;
use crate::submissions::read::{self, SubmissionDetail, download_of};
use crate::submissions::store::provenance::Provenance;
use crate::submissions::store::{self, Place, Released};
use crate::submissions::submit::{DESCRIPTION_LIMIT, enter};
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::redirect_saying;
use crate::web::shell::Shell;

const ROWS_A_PAGE: usize = 50;
/// Scores drawn in the plot.
const POINTS: i64 = 500;

#[derive(Template, WebTemplate)]
#[template(path = "submissions/list.html")]
pub struct ListPage {
    pub shell: Shell,
    pub frame: Frame,
    pub team_name: String,
    pub allowance: Allowance,
    pub stands: FinalChoice,
    pub submissions: Vec<Submission>,
    /// Private scores of the shown submissions; empty before the end.
    pub released: Vec<Released>,
    pub plot: Option<Plot>,
    /// Address of the next page.
    pub older: Option<String>,
}

impl ListPage {
    pub fn sample() -> Self {
        let stages = [Stage::Queued, Stage::Scoring, Stage::Scored, Stage::Rejected, Stage::Failed];
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Submissions),
            team_name: "Ada".to_owned(),
            allowance: Allowance::new(5, 2, chrono::DateTime::UNIX_EPOCH),
            stands: FinalChoice::sample(),
            submissions: stages.map(Submission::sample).to_vec(),
            released: Vec::new(),
            plot: Some(Plot::sample()),
            older: Some("?before=3".to_owned()),
        }
    }

    pub fn has_ended(&self) -> bool {
        self.frame.competition.ended(self.shell.now).is_some()
    }

    /// What the shown numbers are: the primary's, where teams are ranked by several metrics.
    pub fn score_word(&self) -> &str {
        self.frame.competition.ranked_by().first().map_or("score", |primary| &primary.name)
    }

    pub fn address(&self, submission: &Submission) -> String {
        paths::submission(self.frame.slug(), submission.id)
    }

    /// Whether it counts as long as nothing is chosen.
    pub fn stands_in(&self, submission: &Submission) -> bool {
        self.stands.stand_ins.iter().any(|one| one.id == submission.id)
    }

    pub fn private_score(&self, submission: &Submission) -> String {
        let found = self.released.iter().find(|released| released.submission_id == submission.id);
        shown_private(found, &self.frame)
    }
}

fn shown_private(released: Option<&Released>, frame: &Frame) -> String {
    released
        .and_then(|released| released.private_score)
        .map(|score| format::score(score, frame.decimals))
        .unwrap_or_default()
}

#[derive(Deserialize)]
pub(super) struct Before {
    before: Option<SubmissionId>,
}

/// A participant's competition, or a sentence that sends the viewer to join it.
pub(super) async fn see_as_participant(
    app: &App,
    slug: &str,
    member: &crate::accounts::model::Member,
) -> Result<(Seen, TeamId)> {
    let seen = access::see(app, slug, Some(member)).await?;
    let team_id = seen.standing.team_id.ok_or_else(|| {
        AppError::JoinFirst(
            "You do not take part in this competition yet: accept its rules first.".to_owned(),
        )
    })?;
    Ok((seen, team_id))
}

pub(super) async fn show_list(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(Before { before }): Query<Before>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<ListPage> {
    let (seen, team_id) = see_as_participant(&app, &slug, &member).await?;
    let competition = &seen.competition;
    let mut conn = app.db.acquire().await?;
    let before = before.unwrap_or(SubmissionId(i64::MAX));
    let part = (before, ROWS_A_PAGE as i64 + 1);
    let (mut submissions, released) = read::list(&mut conn, competition, team_id, part, shell.now).await?;
    let is_more = cut(&mut submissions, ROWS_A_PAGE);
    let older = submissions
        .last()
        .filter(|_| is_more)
        .map(|last| format!("{}?before={}", paths::submissions(&slug), last.id));
    let points = store::points(&mut conn, team_id, POINTS).await?;
    let best = leaderboard::read::best_public_score(&mut conn, competition, &BoardSight::of(&seen)).await?;
    let allowance = read::allowance(&mut conn, competition, team_id, shell.now).await?;
    let stands = final_choice::read(&mut conn, competition, team_id).await?;
    let team_name = crate::teams::store::name(&mut conn, team_id).await?;
    drop(conn);
    let plot = Plot::new(&points, best, competition, competition.decimals(shell.now));
    let frame = Frame::new(seen, Tab::Submissions, shell.now);
    Ok(ListPage { shell, frame, team_name, allowance, stands, submissions, released, plot, older })
}

#[derive(Template, WebTemplate)]
#[template(path = "submissions/submission.html")]
pub struct SubmissionPage {
    pub shell: Shell,
    pub frame: Frame,
    pub submission: Submission,
    /// Place in the queue while it waits, as a sentence; empty otherwise.
    pub place: String,
    pub released: Option<Released>,
    /// Of a score.
    pub provenance: Option<Provenance>,
    /// Whether it is better than the team's best file before by more than chance; empty where nothing is known.
    pub gain: String,
    /// Why it has no range of ranks, where a look at the board found none.
    pub no_range: Option<String>,
    pub allowance: Allowance,
}

impl SubmissionPage {
    pub fn sample() -> Self {
        Self::sample_of(Stage::Scored)
    }

    fn sample_of(stage: Stage) -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Submissions),
            submission: Submission::sample(stage),
            place: "2 submissions are before yours.".to_owned(),
            released: None,
            provenance: (stage == Stage::Scored).then(Provenance::sample),
            gain: "Better than your best file before by 0.010: more than noise.".to_owned(),
            no_range: Some("It is not known what is chance in this file’s score.".to_owned()),
            allowance: Allowance::new(5, 2, chrono::DateTime::UNIX_EPOCH),
        }
    }

    /// After the end of a competition whose teams are ranked by several metrics.
    pub fn sample_of_ranks() -> Self {
        let mut page = Self::sample();
        page.frame.competition.ranked_parts = Some(Json(Competition::sample_parts()));
        page.submission.part_scores = Some(vec![0.912_345_6, 0.25]);
        page.released = Some(Released {
            submission_id: page.submission.id,
            private_score: Some(0.9),
            private_undefined: None,
            part_scores: Some(vec![0.9, 0.75]),
        });
        page
    }

    pub fn select_address(&self) -> String {
        paths::submission_select(self.frame.slug(), self.submission.id)
    }

    pub fn describe_address(&self) -> String {
        paths::submission_describe(self.frame.slug(), self.submission.id)
    }

    pub fn file_address(&self) -> String {
        paths::submission_file(self.frame.slug(), self.submission.id)
    }

    pub fn private_score(&self) -> String {
        shown_private(self.released.as_ref(), &self.frame)
    }

    /// Names and shown scores of several metrics.
    pub fn parts(&self) -> Vec<(String, String, String)> {
        let competition = &self.frame.competition;
        let shown = |score: Option<f64>| {
            score.map_or_else(|| "–".to_owned(), |score| format::score(score, self.frame.decimals))
        };
        let parts = self.submission.parts(competition, self.released.as_ref().and_then(Released::parts));
        parts
            .into_iter()
            .map(|part| (part.name, shown(part.public_score), shown(part.private_score)))
            .collect()
    }

    /// What the several scores are for.
    pub fn use_of_parts(&self) -> &'static str {
        if self.frame.competition.is_ranked() {
            "Teams are ranked by each of these. The first decides which of your submissions counts."
        } else {
            "Teams are ranked by the first of these; the others are shown beside it and change no rank."
        }
    }

    pub fn may_choose(&self) -> bool {
        self.submission.can_be_final() && self.frame.competition.ended(self.shell.now).is_none()
    }

    pub fn description_limit(&self) -> usize {
        DESCRIPTION_LIMIT
    }
}

/// `Yours is next.` or how many are before, and about how long that takes.
fn place_sentence(stage: Stage, place: Option<Place>) -> String {
    let sentence = match (stage, place.map(|place| place.ahead)) {
        (Stage::Queued, Some(0)) => "Yours is next.".to_owned(),
        (Stage::Queued, Some(1)) => "One file is before yours.".to_owned(),
        (Stage::Queued, Some(n)) if n >= store::QUEUE_COUNTED => {
            format!("More than {} files are before yours.", format::count(store::QUEUE_COUNTED))
        }
        (Stage::Queued, Some(n)) => format!("{n} files are before yours."),
        (Stage::Scoring, _) => "It is being scored right now.".to_owned(),
        _ => String::new(),
    };
    let wait = place.and_then(|place| place.wait_seconds).filter(|_| stage == Stage::Queued);
    match wait {
        None => sentence,
        Some(seconds) => format!("{sentence} Expect a score in about {}.", format::wait(seconds)),
    }
}

pub(super) async fn show_one(
    State(app): State<App>,
    Path((slug, id)): Path<(String, SubmissionId)>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<SubmissionPage> {
    let (seen, team_id) = see_as_participant(&app, &slug, &member).await?;
    let detail = read::detail(&app, &seen, team_id, id, shell.now).await?;
    let SubmissionDetail { submission, place, released, provenance, gain, no_range, allowance } = detail;
    let place = place_sentence(submission.state, place);
    let gain = gain.map_or_else(String::new, |gain| gain.sentence());
    let frame = Frame::new(seen, Tab::Submissions, shell.now);
    Ok(SubmissionPage { shell, frame, submission, place, released, provenance, gain, no_range, allowance })
}

pub(super) async fn send_file(
    State(app): State<App>,
    Path((slug, id)): Path<(String, SubmissionId)>,
    SignedIn(member): SignedIn,
    asked: HeaderMap,
) -> Result<Response> {
    let (_, team_id) = see_as_participant(&app, &slug, &member).await?;
    let submission = read::find(&app, team_id, id).await?;
    download::send(&app.files, &download_of(&submission)?, &asked).await
}

#[derive(Deserialize)]
pub(super) struct DescribeForm {
    description: String,
}

pub(super) async fn post_describe(
    State(app): State<App>,
    Path((slug, id)): Path<(String, SubmissionId)>,
    SignedIn(member): SignedIn,
    Form(form): Form<DescribeForm>,
) -> Result<Response> {
    let entrant = enter(&app, &member, &slug).await?;
    describe(&app, &entrant, id, &form.description).await?;
    Ok(redirect_saying(&paths::submission(&slug, id), "Description saved."))
}

#[derive(Deserialize)]
pub(super) struct SelectForm {
    choice: Choice,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Choose,
    Withdraw,
}

pub(super) async fn post_select(
    State(app): State<App>,
    Path((slug, id)): Path<(String, SubmissionId)>,
    SignedIn(member): SignedIn,
    Form(form): Form<SelectForm>,
) -> Result<Response> {
    let entrant = enter(&app, &member, &slug).await?;
    let sentence = match form.choice {
        Choice::Choose => {
            choose_final(&app, &entrant, id).await?;
            "Chosen for the final."
        }
        Choice::Withdraw => {
            withdraw_final(&app, &entrant, id).await?;
            "No longer chosen for the final."
        }
    };
    Ok(redirect_saying(&paths::submission(&slug, id), sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_teams_are_ranked_by_is_shown_with_both_scores() {
        let html = SubmissionPage::sample_of_ranks().render().expect("drawn");
        for shown in ["roc_auc", "log_loss", "0.91235", "0.25000", "0.90000", "0.75000"] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
    }
}
