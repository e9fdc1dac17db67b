//! Title and address, timeline, limits.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Form, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Opened, Setup, open, saved};
use crate::admin::Admin;
use crate::app::App;
use crate::competitions::board_shows::BoardShows;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::ladder::{self, CONSEQUENCE, Facts, Ladder, Proposal};
use crate::competitions::model::Competition;
use crate::competitions::settings::{Basics, Limits, Timeline, Unnamed, field_time, total_of};
use crate::competitions::setup::Step;
use crate::competitions::{access, edit, timeline};
use crate::error::{AppError, Result};
use crate::medals;
use crate::paths;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

const MIB: i64 = 1024 * 1024;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_BASICS, form(show_basics, post_basics))
        .route(paths::HOST_TIMELINE, form(show_timeline, post_timeline))
        .route(paths::HOST_LIMITS, form(show_limits, post_limits))
        .route(paths::HOST_MEDALS, post(post_medals))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BasicsForm {
    pub title: String,
    pub slug: String,
    pub subtitle: String,
}

impl From<&Competition> for BasicsForm {
    fn from(competition: &Competition) -> Self {
        Self {
            title: competition.title.clone(),
            slug: competition.slug.clone(),
            subtitle: competition.subtitle.clone(),
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/basics.html")]
pub struct BasicsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub form: BasicsForm,
    pub mistake: Mistake,
}

impl BasicsPage {
    fn new(opened: Opened, shell: Shell, form: BasicsForm, mistake: Mistake) -> Self {
        Self { frame: opened.frame(&shell), setup: opened.setup, shell, form, mistake }
    }

    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Basics)),
            form: BasicsForm::from(&Competition::sample()),
            mistake: Mistake::new("title", "Give the competition a title."),
        }
    }
}

async fn show_basics(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<BasicsPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Basics)).await?;
    let form = BasicsForm::from(&opened.seen.competition);
    Ok(BasicsPage::new(opened, shell, form, Mistake::none()))
}

async fn post_basics(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<BasicsForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Basics)).await?;
    let outcome = match Basics::read(&form.title, &form.slug, &form.subtitle) {
        Ok(basics) => {
            edit::edit_basics(&app, shell.member()?, &opened.seen, &basics).await.map(|()| basics.slug)
        }
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(slug) => Ok(saved(&slug, Step::Basics, "Saved.")),
        Err(mistake) => Ok(show_again(BasicsPage::new(opened, shell, form, mistake))),
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TimelineForm {
    pub starts_at: String,
    pub entry_deadline_at: String,
    pub merger_deadline_at: String,
    pub ends_at: String,
    /// Ticked or empty.
    pub moves_over_outage: String,
    /// Why a time moves after the launch.
    pub reason: String,
}

impl From<&Competition> for TimelineForm {
    fn from(competition: &Competition) -> Self {
        Self {
            starts_at: field_time(competition.starts_at),
            entry_deadline_at: field_time(competition.entry_deadline_at),
            merger_deadline_at: field_time(competition.merger_deadline_at),
            ends_at: field_time(competition.ends_at),
            moves_over_outage: ticked(competition.moves_over_outage),
            reason: String::new(),
        }
    }
}

impl TimelineForm {
    /// Form fields have whole minutes: an untouched field keeps the stored time to the second.
    fn read(&self, before: &Competition) -> Result<Timeline> {
        let mut timeline = Timeline::read(
            &self.starts_at,
            &self.entry_deadline_at,
            &self.merger_deadline_at,
            &self.ends_at,
        )?;
        for (typed, stored, target) in [
            (&self.starts_at, before.starts_at, &mut timeline.starts_at),
            (&self.entry_deadline_at, before.entry_deadline_at, &mut timeline.entry_deadline_at),
            (&self.merger_deadline_at, before.merger_deadline_at, &mut timeline.merger_deadline_at),
            (&self.ends_at, before.ends_at, &mut timeline.ends_at),
        ] {
            if let Some(stored) = stored
                && typed.trim() == field_time(Some(stored))
            {
                *target = stored;
            }
        }
        let untouched = |typed: &str, stored: Option<DateTime<Utc>>| {
            Unnamed(stored.is_some_and(|stored| typed.trim() == field_time(Some(stored))))
        };
        let entry = untouched(&self.entry_deadline_at, before.entry_deadline_at);
        let merger = untouched(&self.merger_deadline_at, before.merger_deadline_at);
        timeline.with_deadlines_inside(before, entry, merger).checked()
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/timeline.html")]
pub struct TimelinePage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub form: TimelineForm,
    pub mistake: Mistake,
}

impl TimelinePage {
    fn new(opened: Opened, shell: Shell, form: TimelineForm, mistake: Mistake) -> Self {
        Self { frame: opened.frame(&shell), setup: opened.setup, shell, form, mistake }
    }

    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Timeline)),
            form: TimelineForm::from(&Competition::sample()),
            mistake: Mistake::none(),
        }
    }
}

async fn show_timeline(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<TimelinePage> {
    let opened = open(&app, &slug, &shell, Some(Step::Timeline)).await?;
    let form = TimelineForm::from(&opened.seen.competition);
    Ok(TimelinePage::new(opened, shell, form, Mistake::none()))
}

async fn post_timeline(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<TimelineForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Timeline)).await?;
    let outcome = match form.read(&opened.seen.competition) {
        Ok(timeline) => {
            let moves = Some(!form.moves_over_outage.is_empty());
            timeline::edit_timeline(&app, shell.member()?, &opened.seen, &timeline, moves, &form.reason).await
        }
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(()) => Ok(saved(&slug, Step::Timeline, "The timeline is saved.")),
        Err(mistake) => Ok(show_again(TimelinePage::new(opened, shell, form, mistake))),
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct LimitsForm {
    pub daily_limit: String,
    /// Empty for none.
    pub total_limit: String,
    pub final_limit: String,
    pub team_limit: String,
    pub max_upload_mib: String,
    pub score_decimals: String,
    /// Empty where it stays as it is.
    pub ladder: String,
    pub board_shows: String,
    /// A box that is not checked is not sent.
    pub board_stays_veiled: String,
    /// Likewise.
    pub hosts_may_have_files: String,
}

impl From<&Competition> for LimitsForm {
    fn from(competition: &Competition) -> Self {
        Self {
            daily_limit: competition.daily_limit.to_string(),
            total_limit: competition.total_limit.map_or_else(String::new, |total| total.to_string()),
            final_limit: competition.final_limit.to_string(),
            team_limit: competition.team_limit.to_string(),
            max_upload_mib: (competition.max_upload_bytes / MIB).max(1).to_string(),
            score_decimals: competition.score_decimals.to_string(),
            ladder: competition.ladder.name().to_owned(),
            board_shows: competition.board_shows.name().to_owned(),
            board_stays_veiled: ticked(competition.board_stays_veiled),
            hosts_may_have_files: ticked(competition.hosts_may_have_files),
        }
    }
}

impl LimitsForm {
    fn read(&self, before: &Competition) -> Result<Limits> {
        Ok(Limits {
            daily: whole("daily_limit", &self.daily_limit)?,
            total: match self.total_limit.trim() {
                "" => None,
                written => total_of(whole("total_limit", written)?),
            },
            finals: whole("final_limit", &self.final_limit)?,
            team: whole("team_limit", &self.team_limit)?,
            max_upload_bytes: i64::from(whole("max_upload_mib", &self.max_upload_mib)?) * MIB,
            score_decimals: whole("score_decimals", &self.score_decimals)?,
            ladder: if self.ladder.is_empty() { before.ladder } else { Ladder::read(&self.ladder)? },
            board_shows: match self.board_shows.as_str() {
                "" => before.board_shows,
                name => BoardShows::read(name)?,
            },
            board_stays_veiled: !self.board_stays_veiled.is_empty(),
        })
    }
}

fn ticked(is: bool) -> String {
    if is { "on".to_owned() } else { String::new() }
}

fn whole(field: &'static str, text: &str) -> Result<i32> {
    text.trim().parse().map_err(|_| AppError::field(field, "A whole number, please."))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/limits.html")]
pub struct LimitsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub form: LimitsForm,
    pub mistake: Mistake,
    /// What Holdout would make of the board.
    pub proposal: Proposal,
    /// Whether competitions of members count as those of administrators do.
    pub members_give_medals: bool,
}

impl LimitsPage {
    fn new(app: &App, opened: Opened, shell: Shell, form: LimitsForm, mistake: Mistake) -> Self {
        let anybody_may_register = app.site.get().anybody_may_register();
        let facts = Facts::of(&opened.seen.competition, &opened.draft, anybody_may_register);
        let proposal = ladder::proposal(&facts);
        let (frame, setup) = (opened.frame(&shell), opened.setup);
        let members_give_medals = app.config.members_give_medals;
        Self { shell, frame, setup, form, mistake, proposal, members_give_medals }
    }

    /// Where the viewer decides whether it counts for medals, and not only reads it.
    pub fn decides_medals(&self) -> bool {
        let is_admin = self.shell.viewer.as_ref().is_some_and(|viewer| viewer.is_admin);
        is_admin && self.setup.is_launched && self.frame.competition.ended(self.shell.now).is_none()
    }

    pub fn boards(&self) -> Vec<(&'static str, &'static str, bool)> {
        let before = self.frame.competition.board_shows;
        let may_be = |shows: &BoardShows| !self.setup.is_launched || *shows >= before;
        let offered = BoardShows::ALL.into_iter().filter(may_be);
        offered.map(|shows| (shows.name(), shows.words(), shows.name() == self.form.board_shows)).collect()
    }

    pub fn ladders(&self) -> Vec<(&'static str, String, bool)> {
        let chosen = |ladder: Ladder| ladder.name() == self.form.ladder;
        let words = |ladder: Ladder| match (ladder, self.proposal.is_on) {
            (Ladder::Auto, true) => format!("{}: a Ladder", ladder.words()),
            (Ladder::Auto, false) => format!("{}: every score is shown", ladder.words()),
            _ => ladder.words().to_owned(),
        };
        Ladder::ALL.into_iter().map(|ladder| (ladder.name(), words(ladder), chosen(ladder))).collect()
    }

    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Limits)),
            form: LimitsForm::from(&Competition::sample()),
            mistake: Mistake::none(),
            proposal: Proposal {
                is_on: true,
                because: "With fewer than 2,000 public rows, files can be tuned to them by trial and error.",
            },
            members_give_medals: false,
        }
    }
}

/// What an administrator decided.
#[derive(Debug, Deserialize)]
struct MedalsForm {
    count: bool,
}

async fn post_medals(
    State(app): State<App>,
    Path(slug): Path<String>,
    Admin(admin): Admin,
    Form(MedalsForm { count }): Form<MedalsForm>,
) -> Result<Response> {
    let seen = access::see(&app, &slug, Some(&admin)).await?;
    medals::decide::decide(&app, &admin, &seen, count).await?;
    Ok(saved(
        &slug,
        Step::Limits,
        if count { "It counts for medals." } else { "It does not count for medals." },
    ))
}

async fn show_limits(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<LimitsPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Limits)).await?;
    let form = LimitsForm::from(&opened.seen.competition);
    Ok(LimitsPage::new(&app, opened, shell, form, Mistake::none()))
}

async fn post_limits(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<LimitsForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Limits)).await?;
    let outcome = match form.read(&opened.seen.competition) {
        Ok(limits) => {
            let files = Some(!form.hosts_may_have_files.is_empty());
            edit::edit_limits(&app, shell.member()?, &opened.seen, limits, files).await
        }
        Err(error) => Err(error),
    };
    let outcome = outcome.map_err(|error| error.renamed("max_upload_bytes", "max_upload_mib"));
    match mistake(outcome)? {
        Ok(()) => Ok(saved(&slug, Step::Limits, "The limits are saved.")),
        Err(mistake) => Ok(show_again(LimitsPage::new(&app, opened, shell, form, mistake))),
    }
}
