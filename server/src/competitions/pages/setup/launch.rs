//! The examination's report, the launch.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Form, Router};
use holdout_contract::audit::{self, Check};
use holdout_contract::examine::{Finding, Verdict};

use super::{Opened, Setup, open, saved};
use crate::app::App;
use crate::competitions::audit::Doubt;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::ladder::{self, Facts, Ladder};
use crate::competitions::setup::{self, Draft, Hindrance, Step};
use crate::competitions::{launch, supply};
use crate::error::Result;
use crate::paths;
use crate::ranks::outlook;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;
use serde::Deserialize;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_LAUNCH, form(show_launch, post_launch))
        .route(paths::HOST_LAUNCH_EXAMINE, post(post_examine))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/launch.html")]
pub struct LaunchPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub draft: Draft,
    pub hindrances: Vec<Hindrance>,
    /// The reason to go on all the same, as it was typed or stands on record.
    pub audit_reason: String,
    pub mistake: Mistake,
    /// What the launch makes of the board.
    pub proposes_ladder: bool,
}

impl LaunchPage {
    fn new(app: &App, opened: Opened, shell: Shell, typed: Option<String>, mistake: Mistake) -> Self {
        let competition = &opened.seen.competition;
        let facts = Facts::of(competition, &opened.draft, app.site.get().anybody_may_register());
        let proposes_ladder = ladder::at_launch(competition.ladder, &facts).ok() == Some(Ladder::On);
        let on_record = || opened.draft.version.audit_reason.clone().unwrap_or_default();
        Self {
            audit_reason: typed.unwrap_or_else(on_record),
            hindrances: setup::hindrances(&opened.seen.competition, &opened.draft, shell.now),
            frame: opened.frame(&shell),
            setup: opened.setup,
            shell,
            draft: opened.draft,
            mistake,
            proposes_ladder,
        }
    }

    /// The shake-up to expect.
    pub fn forecast(&self) -> Option<&Check> {
        outlook::shake_up(&self.draft)
    }

    pub fn forecast_class(&self, forecast: &Check) -> &'static str {
        if forecast.verdict > audit::Verdict::Info { "warn" } else { "good" }
    }

    pub fn sample() -> Self {
        let frame = Frame::sample(Tab::Host);
        Self {
            hindrances: setup::hindrances(&frame.competition, &Draft::sample(), chrono::DateTime::UNIX_EPOCH),
            shell: Shell::sample(),
            frame,
            setup: Setup::sample(Some(Step::Launch)),
            draft: Draft::sample(),
            audit_reason: String::new(),
            mistake: Mistake::none(),
            proposes_ladder: true,
        }
    }

    /// What the examination found, what stops the launch first; without the shake-up, where it is told by itself.
    pub fn findings(&self) -> Vec<&Finding> {
        let is_told = |finding: &&Finding| self.forecast().is_some() && outlook::is_of_shake_up(finding);
        let all = self.draft.report.iter().flat_map(|report| &report.findings);
        let mut findings: Vec<&Finding> = all.filter(|finding| !is_told(finding)).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse((finding.verdict, finding.is_fail())));
        findings
    }

    /// `; three things to consider are listed below`; empty where there is none.
    pub fn to_think_over(&self) -> String {
        const WORDS: [&str; 9] = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
        let n_findings =
            self.findings().into_iter().filter(|finding| finding.verdict != Verdict::Pass).count();
        let n = n_findings
            + self.forecast().map_or(0, |forecast| usize::from(self.forecast_class(forecast) == "warn"));
        match n {
            0 => String::new(),
            1 => "; one thing to consider is listed below".to_owned(),
            n => {
                let number = WORDS.get(n - 2).map_or_else(|| n.to_string(), |word| (*word).to_owned());
                format!("; {number} things to consider are listed below")
            }
        }
    }

    /// Over what one launches with a reason alone.
    pub fn doubt(&self) -> Option<Doubt> {
        self.draft.doubt()
    }

    /// Whether to look again in a moment.
    pub fn is_waiting(&self) -> bool {
        !self.setup.is_launched && self.draft.is_waiting()
    }

    pub fn has_failed(&self) -> bool {
        self.draft.examination.as_ref().is_some_and(|job| job.state == "failed")
    }

    pub fn verdict(&self, finding: &Finding) -> &'static str {
        match finding.verdict {
            Verdict::Pass => "good",
            Verdict::Warn if finding.is_fail() => "bad",
            Verdict::Warn => "warn",
            Verdict::Refused => "bad",
        }
    }
}

async fn show_launch(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<LaunchPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Launch)).await?;
    Ok(LaunchPage::new(&app, opened, shell, None, Mistake::none()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LaunchForm {
    audit_reason: String,
}

async fn post_launch(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<LaunchForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Launch)).await?;
    match mistake(launch::launch(&app, shell.member()?, &opened.seen, Some(&form.audit_reason)).await)? {
        Ok(()) => Ok(redirect_saying(&paths::competition(&slug), "It is launched. Spread the word!")),
        Err(mistake) => {
            Ok(show_again(LaunchPage::new(&app, opened, shell, Some(form.audit_reason), mistake)))
        }
    }
}

async fn post_examine(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Launch)).await?;
    supply::examine_again(&app, &opened.seen).await?;
    Ok(saved(&slug, Step::Launch, "A scorer is checking it again."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_below_is_counted_above() {
        let told = |verdicts: &[Verdict]| {
            let mut page = LaunchPage::sample();
            if let Some(report) = &mut page.draft.report {
                report.findings = verdicts
                    .iter()
                    .map(|verdict| Finding {
                        check: "few_rows".to_owned(),
                        verdict: *verdict,
                        text: "There are few rows.".to_owned(),
                        fix: String::new(),
                    })
                    .collect();
                report.audit = None;
            }
            page.to_think_over()
        };
        assert_eq!(told(&[Verdict::Pass]), "");
        assert_eq!(told(&[Verdict::Warn]), "; one thing to consider is listed below");
        assert_eq!(told(&[Verdict::Warn; 3]), "; three things to consider are listed below");
        assert_eq!(told(&[Verdict::Warn; 12]), "; 12 things to consider are listed below");
    }
}
