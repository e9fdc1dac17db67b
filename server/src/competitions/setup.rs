//! Where a draft stands: which steps are done, what still stands between it and its launch.

use chrono::{DateTime, Utc};
use holdout_contract::audit::{self, Overall};
use holdout_contract::custom::CHANCE_IS_KNOWN;
use holdout_contract::examine::{Finding, Report, Verdict};
use sqlx::PgConnection;

use crate::archives;
use crate::competitions::audit::Doubt;
use crate::competitions::model::Competition;
use crate::competitions::store::data::DataFile;
use crate::competitions::store::judging::{JobState, LabelledTable, SealedSolution, Version};
use crate::competitions::store::texts::PageLink;
use crate::competitions::{ladder, store};
use crate::error::Result;

/// A page of the host's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Table,
    Basics,
    Pages,
    Timeline,
    Limits,
    Visibility,
    Data,
    Sample,
    Solution,
    Metric,
    Audit,
    Launch,
}

impl Step {
    pub const ALL: [Self; 12] = [
        Self::Table,
        Self::Basics,
        Self::Pages,
        Self::Timeline,
        Self::Limits,
        Self::Visibility,
        Self::Data,
        Self::Sample,
        Self::Solution,
        Self::Metric,
        Self::Audit,
        Self::Launch,
    ];

    /// Its name in the address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Basics => "basics",
            Self::Pages => "pages",
            Self::Timeline => "timeline",
            Self::Limits => "limits",
            Self::Visibility => "visibility",
            Self::Data => "data",
            Self::Sample => "sample",
            Self::Solution => "solution",
            Self::Metric => "metric",
            Self::Audit => "audit",
            Self::Launch => "launch",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Table => "Labelled table",
            Self::Basics => "Title and address",
            Self::Pages => "Pages",
            Self::Timeline => "Timeline",
            Self::Limits => "Limits",
            Self::Visibility => "Who may see it",
            Self::Data => "Data files",
            Self::Sample => "Sample submission",
            Self::Solution => "Solution",
            Self::Metric => "Metric",
            Self::Audit => "Audit",
            Self::Launch => "Preview and launch",
        }
    }
}

/// What scorers find where they hold a version's split against those that counted.
const OF_THE_SPLIT: [&str; 3] = ["private_rows_opened", "public_rows_kept", "split_compared"];

/// A line of the check list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepState {
    pub step: Step,
    pub is_done: bool,
}

/// Everything known about a draft.
#[derive(Debug, Clone)]
pub struct Draft {
    pub version: Version,
    pub report: Option<Report>,
    pub examination: Option<JobState>,
    pub files: Vec<DataFile>,
    pub pages: Vec<PageLink>,
    pub table: Option<LabelledTable>,
    pub split: Option<JobState>,
    pub solution: Option<SealedSolution>,
    /// It came with everything that happened in it, and may be over.
    pub is_imported: bool,
}

/// What a scorer found in the files that participants get, after the launch.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = FilesReport)]
pub struct OfFiles {
    /// Whether it speaks of the files as they are now.
    pub is_current: bool,
    pub findings: Vec<Finding>,
}

impl Draft {
    pub fn sample_file(&self) -> Option<&DataFile> {
        self.files.iter().find(|file| file.role == "sample_submission")
    }

    /// Whether the report speaks of the draft as it is now.
    pub fn report_is_current(&self) -> bool {
        self.report.is_some() && self.version.examined_revision == Some(self.version.input_revision)
    }

    /// The audit's verdict on the whole.
    pub fn overall(&self) -> Option<Overall> {
        self.report.as_ref().and_then(Report::overall)
    }

    /// What the files give away, where one of them was replaced after the launch.
    pub fn of_files(&self) -> Option<OfFiles> {
        let version = &self.version;
        (version.files_revision > 0).then(|| OfFiles {
            is_current: version.files_examined_revision == Some(version.files_revision),
            findings: version
                .files_findings
                .clone()
                .and_then(|findings| serde_json::from_value(findings).ok())
                .unwrap_or_default(),
        })
    }

    /// Whether something stands against its split that holds before the end alone.
    pub fn was_held_to_its_split(&self) -> bool {
        let findings = self.report.iter().flat_map(|report| &report.findings);
        let mut refused = findings.filter(|finding| finding.verdict == Verdict::Refused);
        refused.any(|finding| OF_THE_SPLIT.contains(&finding.check.as_str()))
    }

    /// What its host answers for in writing.
    pub fn doubt(&self) -> Option<Doubt> {
        Doubt::of(self.overall(), self.version.metric.as_deref())
    }

    /// Whether its host has not said yet why that is acceptable.
    pub fn wants_reason(&self) -> bool {
        self.doubt().is_some() && self.version.audit_reason.is_none()
    }

    /// Whether a version is being put together, so that solution and metric can be changed.
    pub fn is_open(&self) -> bool {
        self.version.activated_at.is_none()
    }

    /// Whether a scorer is at work on this draft, or will be.
    pub fn is_waiting(&self) -> bool {
        let busy = |job: &Option<JobState>| {
            job.as_ref().is_some_and(|job| matches!(job.state.as_str(), "queued" | "leased"))
        };
        busy(&self.examination) || busy(&self.split)
    }

    /// The labelled table was sent and nothing came of it yet.
    pub fn is_splitting(&self) -> bool {
        self.table.as_ref().is_some_and(|table| table.proposal.is_none() && table.rejection.is_none())
    }

    pub fn sample() -> Self {
        Self {
            version: Version {
                id: crate::ids::VersionId(1),
                number: 1,
                solution_id: None,
                metric: Some("fbeta".to_owned()),
                params: serde_json::json!({ "beta": 1.0 }),
                context: serde_json::json!({}),
                public_fraction: 0.3,
                declared: None,
                audit_reason: None,
                higher_is_better: Some(true),
                input_revision: 2,
                examined_revision: Some(2),
                report: None,
                activated_at: None,
                files_revision: 1,
                files_examined_revision: Some(1),
                files_findings: Some(serde_json::json!([])),
            },
            report: Some(Report {
                profile: None,
                findings: vec![holdout_contract::examine::Finding {
                    check: "split_empty".to_owned(),
                    verdict: Verdict::Refused,
                    text: "No row is private.".to_owned(),
                    fix: "Mark some rows as Private.".to_owned(),
                }],
                suggested_metrics: vec!["fbeta".to_owned()],
                audit: Some(sample_audit()),
            }),
            examination: None,
            files: vec![DataFile::sample()],
            pages: vec![PageLink { slug: "overview".to_owned(), title: "Overview".to_owned() }],
            table: None,
            split: None,
            solution: Some(SealedSolution {
                sealed_bytes: 1234,
                sealed_sha256: vec![1; 32],
                uploaded_at: DateTime::UNIX_EPOCH,
            }),
            is_imported: false,
        }
    }
}

/// An audit that found a FAIL, for tests that draw every page.
fn sample_audit() -> holdout_contract::audit::Audit {
    use holdout_contract::audit::{Audit, Check, Verdict};
    Audit::of(vec![Check {
        check: "E honest report".to_owned(),
        verdict: Verdict::Fail,
        value: Some(0.25),
        text: "Multiplying every forecast by 0.7 scores 25% better.".to_owned(),
        exploit: "Multiply every forecast before sending it.".to_owned(),
        repair: "Use mae.".to_owned(),
    }])
}

/// # Errors
/// Those of the database.
pub async fn load(conn: &mut PgConnection, competition: &Competition) -> Result<Draft> {
    let id = competition.id;
    let version = store::judging::version_at_hand(conn, id).await?;
    let report = version.report.clone().and_then(|report| serde_json::from_value(report).ok());
    let table = store::judging::newest_table(conn, id).await?;
    let split = match &table {
        Some(table) => store::judging::newest_split(conn, table.id).await?,
        None => None,
    };
    let solution = match version.solution_id {
        Some(solution) => store::judging::solution(conn, solution).await?,
        None => None,
    };
    Ok(Draft {
        report,
        examination: store::judging::newest_examination(conn, version.id).await?,
        files: store::data::all(conn, id).await?,
        pages: store::texts::links(conn, id).await?,
        is_imported: archives::store::fill::is_imported(conn, id).await?,
        table,
        split,
        solution,
        version,
    })
}

/// The check list, in the order of the steps; the table's line only where one was sent.
pub fn checklist(competition: &Competition, draft: &Draft) -> Vec<StepState> {
    Step::ALL
        .into_iter()
        .filter(|step| *step != Step::Table || draft.table.is_some())
        .map(|step| StepState { step, is_done: is_done(step, competition, draft) })
        .collect()
}

fn is_done(step: Step, competition: &Competition, draft: &Draft) -> bool {
    match step {
        Step::Table => draft.table.as_ref().is_some_and(|table| table.proposal.is_some()),
        Step::Basics | Step::Limits | Step::Visibility => true,
        Step::Pages => {
            ["overview", "rules"].iter().all(|slug| draft.pages.iter().any(|page| page.slug == *slug))
        }
        Step::Timeline => competition.starts_at.is_some() && competition.ends_at.is_some(),
        Step::Data => draft.files.iter().any(|file| file.role != "sample_submission"),
        Step::Sample => draft.sample_file().is_some(),
        Step::Solution => draft.version.solution_id.is_some(),
        Step::Metric => draft.version.metric.is_some(),
        Step::Audit => draft.report_is_current() && draft.overall().is_some() && !draft.wants_reason(),
        Step::Launch => competition.launched_at.is_some(),
    }
}

/// Something that stands between a draft and its launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    pub step: Step,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub fix: String,
}

impl Hindrance {
    fn new(step: Step, text: &str, fix: &str) -> Self {
        Self { step, text: text.to_owned(), fix: fix.to_owned() }
    }
}

/// Everything that stands between a draft and its launch; empty when it may launch.
pub fn hindrances(competition: &Competition, draft: &Draft, now: DateTime<Utc>) -> Vec<Hindrance> {
    let mut found = Vec::new();
    if draft.is_splitting() {
        found.push(Hindrance::new(
            Step::Table,
            "The labelled table is still being read.",
            "Wait for the proposal, then review it.",
        ));
    }
    for (step, text, fix) in [
        (Step::Pages, "The overview or the rules are missing.", "Write the pages Overview and Rules."),
        (Step::Timeline, "The start or the end is missing.", "Set the timeline."),
        (
            Step::Sample,
            "The sample submission is missing.",
            "Upload one: it shows the form of a submission and every id to predict.",
        ),
        (
            Step::Solution,
            "The solution is missing.",
            "Upload the hidden labels; they are sealed while they arrive.",
        ),
        (Step::Metric, "No metric is chosen.", "Choose how submissions are judged."),
    ] {
        if !is_done(step, competition, draft) {
            found.push(Hindrance::new(step, text, fix));
        }
    }
    if !draft.is_imported && competition.ends_at.is_some_and(|ends_at| ends_at <= now) {
        found.push(Hindrance::new(
            Step::Timeline,
            "The end is in the past.",
            "Move the end of the timeline.",
        ));
    }
    if ladder::is_chosen_in_vain(competition, draft) {
        found.push(Hindrance::new(
            Step::Limits,
            ladder::IMPOSSIBLE,
            "Choose another board under Limits, or leave it to Holdout.",
        ));
    }
    if found.is_empty() {
        found.extend(findings(draft));
    }
    found
}

/// What the examination holds against the draft, or that there is none of the draft as it is.
pub fn findings(draft: &Draft) -> Vec<Hindrance> {
    if !draft.report_is_current() {
        let failed = draft.examination.as_ref().is_some_and(|job| job.state == "failed");
        return vec![if failed {
            Hindrance::new(
                Step::Launch,
                "The examination failed because of an error on our side.",
                "Start it again with the button below; if it fails again, tell the administrator.",
            )
        } else {
            Hindrance::new(
                Step::Launch,
                "The scorers have not examined the current draft yet.",
                "Wait a moment: the report will appear here.",
            )
        }];
    }
    let report = draft.report.as_ref();
    let mut found: Vec<Hindrance> = report
        .into_iter()
        .flat_map(|report| &report.findings)
        .filter(|finding| finding.verdict == Verdict::Refused)
        .map(|finding| Hindrance::new(step_of(&finding.check), &finding.text, &finding.fix))
        .collect();
    // Whatever a report says of it: a reason is for a FAIL, never for a refusal.
    let audit = report.and_then(|report| report.audit.as_ref()).filter(|audit| audit.is_refused());
    if let Some(audit) = audit.filter(|_| found.is_empty()) {
        let refused = audit.checks.iter().find(|check| check.verdict == audit::Verdict::Refused);
        let (text, fix) = refused.map_or((REFUSED, ""), |check| (check.text.as_str(), check.repair.as_str()));
        found.push(Hindrance::new(Step::Metric, text, fix));
    }
    found
}

const REFUSED: &str = "The audit refused the metric on these labels.";

/// Where a finding of this check is mended.
pub fn step_of(check: &str) -> Step {
    match check {
        "sample_fits" => Step::Sample,
        "row_overlap" => Step::Data,
        "audit_refusal" | "metric_applies" | "metric_runs" | "metric_loads" | "metric_parameters"
        | "metric_doctests" | "sample_scores" | "perfect_score" | "scales" | CHANCE_IS_KNOWN => Step::Metric,
        _ => Step::Solution,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> (Competition, Draft) {
        let mut draft = Draft::sample();
        draft.files.push(DataFile { role: "sample_submission".to_owned(), ..DataFile::sample() });
        draft.pages.push(PageLink { slug: "rules".to_owned(), title: "Rules".to_owned() });
        draft.version.solution_id = Some(crate::ids::SolutionId(1));
        draft.report =
            Some(Report { profile: None, findings: Vec::new(), suggested_metrics: Vec::new(), audit: None });
        (Competition { launched_at: None, ..Competition::sample() }, draft)
    }

    #[test]
    fn a_refusal_of_the_audit_stands_against_the_launch_beside_a_fail_as_well() {
        let (competition, mut draft) = whole();
        let mut audit = sample_audit();
        audit.checks[0].verdict = audit::Verdict::Refused;
        assert_eq!(audit.overall, Overall::Fail);
        draft.report.as_mut().expect("a report").audit = Some(audit);
        draft.version.audit_reason = Some("It is ours.".to_owned());
        let found = hindrances(&competition, &draft, DateTime::UNIX_EPOCH);
        assert_eq!(found.iter().map(|found| found.step).collect::<Vec<Step>>(), [Step::Metric]);
        draft.report.as_mut().expect("a report").audit = Some(sample_audit());
        assert_eq!(hindrances(&competition, &draft, DateTime::UNIX_EPOCH), []);
    }

    #[test]
    fn a_whole_and_examined_draft_may_launch() {
        let (competition, draft) = whole();
        assert_eq!(hindrances(&competition, &draft, DateTime::UNIX_EPOCH), []);
    }

    #[test]
    fn a_ladder_that_the_metric_rules_out_is_said_before_the_launch() {
        let (competition, mut draft) = whole();
        let own = Some(holdout_contract::custom::NAME.to_owned());
        let competition = Competition { ladder: ladder::Ladder::On, metric: own, ..competition };
        let found = hindrances(&competition, &draft, DateTime::UNIX_EPOCH);
        assert_eq!(found.iter().map(|one| one.step).collect::<Vec<_>>(), [Step::Limits]);
        let known = Finding {
            check: CHANCE_IS_KNOWN.to_owned(),
            verdict: Verdict::Pass,
            text: String::new(),
            fix: String::new(),
        };
        let findings = vec![known];
        draft.report = Some(Report { profile: None, findings, suggested_metrics: Vec::new(), audit: None });
        assert_eq!(hindrances(&competition, &draft, DateTime::UNIX_EPOCH), []);
    }

    #[test]
    fn each_missing_part_is_named_with_its_fix() {
        let (competition, mut draft) = whole();
        draft.version.metric = None;
        draft.version.solution_id = None;
        draft.files.clear();
        let steps: Vec<Step> =
            hindrances(&competition, &draft, DateTime::UNIX_EPOCH).iter().map(|found| found.step).collect();
        assert_eq!(steps, [Step::Sample, Step::Solution, Step::Metric]);
    }

    #[test]
    fn only_what_happened_elsewhere_may_be_over_before_its_launch() {
        let (competition, mut draft) = whole();
        let after_the_end = competition.ends_at.expect("an end") + chrono::TimeDelta::days(1);
        assert_eq!(hindrances(&competition, &draft, after_the_end).len(), 1);
        draft.is_imported = true;
        assert_eq!(hindrances(&competition, &draft, after_the_end), []);
    }

    #[test]
    fn an_old_report_or_a_refusal_stops_the_launch() {
        let (competition, mut draft) = whole();
        draft.version.input_revision += 1;
        assert_eq!(hindrances(&competition, &draft, DateTime::UNIX_EPOCH).len(), 1);
        let (competition, mut draft) = whole();
        draft.report = Draft::sample().report;
        let found = hindrances(&competition, &draft, DateTime::UNIX_EPOCH);
        assert_eq!(found[0].text, "No row is private.");
    }
}
