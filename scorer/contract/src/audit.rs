//! What the audit finds out about a metric on one competition's labels. It is derived from hidden
//! labels, so only hosts read it; participants see verdicts and the host's reason.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Pass,
    /// Stated, not judged.
    Info,
    Warn,
    Fail,
    /// The metric has no meaning on these labels.
    Refused,
}

impl Verdict {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Refused => "REFUSED",
        }
    }
}

/// The verdict on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Overall {
    Pass,
    Warn,
    Fail,
    Refused,
}

impl Overall {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => Verdict::Pass.word(),
            Self::Warn => Verdict::Warn.word(),
            Self::Fail => Verdict::Fail.word(),
            Self::Refused => Verdict::Refused.word(),
        }
    }
}

/// One check's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Stable name: `E honest report`, `G leverage`, …
    pub check: String,
    pub verdict: Verdict,
    /// The number that was judged; none where there is none.
    pub value: Option<f64>,
    /// What was found, in one plain sentence or two.
    pub text: String,
    /// What a participant could do with it; empty where nothing is to be gained.
    #[serde(default)]
    pub exploit: String,
    /// What keeps the host's intent and closes the door; empty where nothing is to be done.
    #[serde(default)]
    pub repair: String,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Audit {
    pub overall: Overall,
    pub checks: Vec<Check>,
}

impl Audit {
    /// Probing, resolution and plan belong to the contest, not to the metric: they are shown, but do
    /// not count towards the verdict. A refusal counts where nothing else could be judged.
    pub fn of(checks: Vec<Check>) -> Self {
        if let [Check { verdict: Verdict::Refused, .. }] = checks.as_slice() {
            return Self { overall: Overall::Refused, checks };
        }
        let counts = |check: &&Check| !check.check.starts_with(['I', 'J', 'P', 'R']);
        let overall = match checks.iter().filter(counts).map(|check| check.verdict).max() {
            None | Some(Verdict::Pass | Verdict::Info) => Overall::Pass,
            Some(Verdict::Warn) => Overall::Warn,
            Some(Verdict::Fail) => Overall::Fail,
            Some(Verdict::Refused) => Overall::Refused,
        };
        Self { overall, checks }
    }
}
