//! What the audit found about the metric on the hidden labels, the one question, and the reason to go on all the
//! same.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Form, Router};
use holdout_contract::audit::{Audit, Check, Declared, Overall, Verdict};
use serde::Deserialize;

use super::{Opened, Setup, open, saved};
use crate::app::App;
use crate::competitions::audit::{self, Answer, Doubt};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::setup::{Draft, Step};
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::form;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOST_AUDIT, form(show_audit, post_audit))
}

/// The answers to the one question, with what each means.
pub const QUESTION: [(&str, &str); 7] = [
    ("", "I do not know yet"),
    ("mean", "The mean: totals should add up"),
    ("median", "The median: as often too high as too low"),
    ("quantile", "A quantile, such as the 90th percentile"),
    ("probabilities", "Probabilities"),
    ("order", "An order: only who comes before whom counts"),
    ("labels", "Labels: one class for every row"),
];

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct AuditForm {
    /// The first word of an answer.
    pub wanted: String,
    /// Of a quantile.
    pub share: String,
    pub audit_reason: String,
}

impl AuditForm {
    fn on_record(draft: &Draft) -> Self {
        let declared = draft.version.declared.as_deref().unwrap_or_default();
        let (wanted, share) = declared.split_once(' ').unwrap_or((declared, ""));
        Self {
            wanted: wanted.to_owned(),
            share: share.to_owned(),
            audit_reason: draft.version.audit_reason.clone().unwrap_or_default(),
        }
    }

    fn read(&self) -> Result<Answer> {
        let declared = match self.wanted.as_str() {
            "quantile" => format!("quantile {}", self.share.trim().replace(',', ".")),
            wanted => wanted.to_owned(),
        };
        if declared == "quantile " {
            return Err(AppError::field(
                "declared",
                "Which quantile? A number between 0 and 1, such as 0.9.",
            ));
        }
        Answer::read(&declared, &self.audit_reason)
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/audit.html")]
pub struct AuditPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub draft: Draft,
    pub form: AuditForm,
    pub mistake: Mistake,
}

impl AuditPage {
    fn new(opened: Opened, shell: Shell, form: AuditForm, mistake: Mistake) -> Self {
        let frame = opened.frame(&shell);
        Self { shell, frame, setup: opened.setup, draft: opened.draft, form, mistake }
    }

    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Audit)),
            draft: Draft::sample(),
            form: AuditForm::default(),
            mistake: Mistake::none(),
        }
    }

    pub fn audit(&self) -> Option<&Audit> {
        self.draft.report.as_ref()?.audit.as_ref()
    }

    /// What was found, the worst first.
    pub fn checks(audit: &Audit) -> Vec<&Check> {
        let mut checks: Vec<&Check> = audit.checks.iter().collect();
        checks.sort_by_key(|check| std::cmp::Reverse(check.verdict));
        checks
    }

    /// Whether to look again in a moment.
    pub fn is_waiting(&self) -> bool {
        self.draft.is_open() && self.draft.is_waiting()
    }

    pub fn doubt(&self) -> Option<Doubt> {
        self.draft.doubt()
    }

    /// What the host said, in words.
    pub fn answer(&self) -> String {
        let declared = self.draft.version.declared.as_deref().and_then(|text| text.parse::<Declared>().ok());
        declared.map_or_else(|| "not said".to_owned(), |declared| declared.to_string())
    }

    /// The colour of a verdict.
    pub fn class(&self, check: &Check) -> &'static str {
        match check.verdict {
            Verdict::Pass => "good",
            Verdict::Info | Verdict::NotApplicable => "",
            Verdict::Warn => "warn",
            Verdict::Fail | Verdict::Refused => "bad",
        }
    }

    /// The colour of the verdict on the whole.
    pub fn whole(&self, overall: &Overall) -> &'static str {
        match overall {
            Overall::Pass => "good",
            Overall::NotJudged | Overall::Warn => "warn",
            Overall::Fail | Overall::Refused => "bad",
        }
    }

    pub fn value(&self, check: &Check) -> String {
        check.value.map(|value| value.to_string()).unwrap_or_default()
    }
}

async fn show_audit(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<AuditPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Audit)).await?;
    let form = AuditForm::on_record(&opened.draft);
    Ok(AuditPage::new(opened, shell, form, Mistake::none()))
}

async fn post_audit(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<AuditForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Audit)).await?;
    let outcome = match form.read() {
        Ok(answer) => audit::answer(&app, shell.member()?, &opened.seen, &answer).await,
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(()) => Ok(saved(&slug, Step::Audit, "Written down.")),
        Err(mistake) => Ok(show_again(AuditPage::new(opened, shell, form, mistake))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_word_and_a_number() {
        let form = |wanted: &str, share: &str| AuditForm {
            wanted: wanted.to_owned(),
            share: share.to_owned(),
            audit_reason: String::new(),
        };
        let declared = |wanted, share| form(wanted, share).read().expect("an answer").declared;
        assert_eq!(declared("quantile", "0,9"), Some(Declared::Quantile(0.9)));
        assert_eq!(declared("mean", "0.9"), Some(Declared::Mean));
        assert_eq!(declared("", ""), None);
        assert!(form("quantile", " ").read().is_err() && form("quantile", "90").read().is_err());
    }

    #[test]
    fn every_answer_of_the_question_is_one() {
        for (word, _) in QUESTION {
            let text = if word == "quantile" { "quantile 0.5" } else { word };
            assert_eq!(audit::read_declared(text).expect("an answer").is_some(), !word.is_empty(), "{word}");
        }
    }
}
