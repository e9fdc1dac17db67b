//! What stands in an archive: its files, and a line of each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::competitions::changes::{About, Verb};
use crate::submissions::model::rounded;

/// The newest version of the archive's layout that this program reads.
pub const FORMAT: u32 = 2;
/// What is written where an archive holds nothing that readers of the first version pass over to another result.
pub const FIRST_FORMAT: u32 = 1;
/// Says what the archive is of and what is in it; the first file.
pub const MANIFEST: &str = "holdout.json";
/// The competition as a folder.
pub const COMPETITION: &str = "competition/";
/// The solution as it is stored: sealed.
pub const SEALED_SOLUTION: &str = "solution.age";
pub const VERSIONS: &str = "versions.ndjson";
pub const TEAMS: &str = "teams.ndjson";
/// Teams that became part of others, where the board is a Ladder.
pub const MERGED_TEAMS: &str = "merged_teams.ndjson";
pub const DISQUALIFICATIONS: &str = "disqualifications.ndjson";
pub const SUBMISSIONS: &str = "submissions.ndjson";
pub const TOPICS: &str = "topics.ndjson";
pub const POSTS: &str = "posts.ndjson";
pub const POST_VERSIONS: &str = "post_versions.ndjson";
pub const ANNOUNCEMENTS: &str = "announcements.ndjson";
pub const CHANGES: &str = "changes.ndjson";
pub const PUBLIC_BOARD: &str = "boards/public.csv";
pub const PRIVATE_BOARD: &str = "boards/private.csv";
/// How sure the ranks of the private board are.
pub const PICTURES: &str = "boards/pictures.json";
/// What other metrics say of it.
pub const OTHER_METRICS: &str = "boards/other_metrics.json";
/// Files as participants sent them, each named after the number of its submission.
pub const FILES: &str = "submissions/";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Program and version.
    pub made_by: String,
    pub made_at: DateTime<Utc>,
    /// Address of the competition where it comes from.
    pub source: String,
    pub slug: String,
    pub title: String,
    /// `draft`, `upcoming`, `open`, `closed` or `final`.
    pub state: String,
    /// The scoring version that the scores are of.
    pub version: i32,
    pub has_data: bool,
    pub has_submission_files: bool,
    /// They are told after the end, and not before.
    pub has_private_scores: bool,
    /// The key that the solution is sealed to, where it is in the archive.
    pub solution_sealed_to: Option<String>,
}

impl Manifest {
    /// Why this program cannot read the archive.
    pub fn refusal(&self) -> Option<String> {
        (!(FIRST_FORMAT..=FORMAT).contains(&self.format)).then(|| {
            format!("This archive has the format {}; up to format {FORMAT} can be read here.", self.format)
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonLine {
    pub username: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamLine {
    pub id: i64,
    pub name: String,
    pub is_baseline: bool,
    pub created_at: DateTime<Utc>,
    pub members: Vec<MemberLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberLine {
    #[serde(flatten)]
    pub person: PersonLine,
    pub is_leader: bool,
    pub rules_accepted_at: DateTime<Utc>,
    pub joined_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedTeamLine {
    pub id: i64,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub merged_into: i64,
    pub merged_at: DateTime<Utc>,
    /// Among those of files.
    pub turn: i64,
}

/// A decision about a team or a submission, and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisqualificationLine {
    pub team: i64,
    /// `None`: the whole team.
    #[serde(default)]
    pub submission: Option<i64>,
    pub reason: String,
    pub decided_at: DateTime<Utc>,
    /// Among those of files.
    pub turn: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<Lifted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifted {
    pub at: DateTime<Utc>,
    pub because: String,
    pub turn: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubmissionLine {
    pub id: i64,
    pub team: i64,
    pub sender: PersonLine,
    pub received_at: DateTime<Utc>,
    pub is_late: bool,
    pub file_name: String,
    pub size_bytes: u64,
    pub sha256: String,
    pub description: String,
    pub state: String,
    #[serde(default)]
    pub rejection: Option<Value>,
    #[serde(default)]
    pub public_score: Option<f64>,
    /// How many decimals it was rounded to, where the contest went on; else it is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_decimals: Option<i32>,
    #[serde(default)]
    pub public_undefined: Option<String>,
    #[serde(default)]
    pub private_score: Option<f64>,
    #[serde(default)]
    pub private_undefined: Option<String>,
    #[serde(default)]
    pub scored_at: Option<DateTime<Utc>>,
    /// Chosen for the final.
    #[serde(default)]
    pub selected_at: Option<DateTime<Utc>>,
    /// In the append-only log of where it comes from.
    #[serde(default)]
    pub log_position: Option<i64>,
    #[serde(default)]
    pub entry_hash: Option<String>,
    /// What blinds the entry's leaf, which follows from it; none before the final board stands, and where an earlier release
    /// received the submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_nonce: Option<String>,
    /// The team that the entry names, where it became part of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_team: Option<i64>,
    /// Since when its file is not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_gone_at: Option<DateTime<Utc>>,
    /// On a Ladder: when among the files it was judged first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
}

impl SubmissionLine {
    /// With a public score of so many decimals, as the board shows it while it is open.
    pub fn rounded(self, decimals: i32) -> Self {
        let decimals = self.public_decimals.map_or(decimals, |before| before.min(decimals));
        let public_score = self.public_score.map(|score| rounded(score, decimals));
        Self { public_score, public_decimals: public_score.map(|_| decimals), ..self }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Only the order counts.
    pub number: i64,
    /// The team that it belonged to then.
    pub team: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementLine {
    /// Its key here; in no archive.
    #[serde(skip)]
    pub id: i64,
    pub title: String,
    pub markdown: String,
    /// As it is shown; to be read.
    #[serde(default)]
    pub posted_by: String,
    pub posted_at: DateTime<Utc>,
    #[serde(default)]
    pub corrected_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub withdrawn_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub withdrawn_because: Option<String>,
}

/// A time that moved, or a file or page that changed, after the launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLine {
    /// Its key here; in no archive.
    #[serde(skip)]
    pub id: i64,
    pub about: About,
    pub item: String,
    pub verb: Verb,
    #[serde(default)]
    pub moved_from: Option<DateTime<Utc>>,
    #[serde(default)]
    pub moved_to: Option<DateTime<Utc>>,
    #[serde(default)]
    pub note: String,
    /// As it is shown; to be read.
    #[serde(default)]
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicLine {
    pub id: i64,
    pub author: PersonLine,
    pub title: String,
    pub created_at: DateTime<Utc>,
    #[serde(default)]
    pub pinned_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub locked_at: Option<DateTime<Utc>>,
    /// The post that its author calls the answer.
    #[serde(default)]
    pub accepted_post: Option<i64>,
    /// The team that it is the solution write-up of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_up_of_team: Option<i64>,
}

/// A post follows the one that it answers, and the topic's opening comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostLine {
    pub id: i64,
    pub topic: i64,
    #[serde(default)]
    pub parent: Option<i64>,
    pub is_opening: bool,
    pub author: PersonLine,
    pub created_at: DateTime<Utc>,
    pub markdown: String,
    /// For the record: who voted is nobody's to know, and stays with those who did.
    #[serde(default)]
    pub n_votes: i32,
    /// Of the text that stands there, where it is not the first.
    #[serde(default)]
    pub edited_at: Option<DateTime<Utc>>,
}

/// What stood in a post before it was edited. Those of a post come in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostVersionLine {
    pub post: i64,
    pub number: i32,
    /// Of the topic, with its opening post.
    #[serde(default)]
    pub title: Option<String>,
    pub markdown: String,
    pub written_at: DateTime<Utc>,
    pub replaced_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionLine {
    pub number: i32,
    pub stage: String,
    pub metric: Option<String>,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub activated_at: Option<DateTime<Utc>>,
    pub sealed_sha256: Option<String>,
    #[serde(default)]
    pub params: Value,
    #[serde(default)]
    pub context: Value,
    #[serde(default)]
    pub higher_is_better: Option<bool>,
    #[serde(default)]
    pub public_fraction: Option<f64>,
    /// What the split is drawn from where the solution says nothing of it; 1 in archives that do not have it.
    #[serde(default)]
    pub split_seed: Option<i64>,
    /// What the winner's file should hold, as the host said.
    #[serde(default)]
    pub declared: Option<String>,
    /// Why the host went on over what the audit holds against the metric.
    #[serde(default)]
    pub audit_reason: Option<String>,
    /// Text of the metric that the host wrote.
    #[serde(default)]
    pub module: Option<String>,
}

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Imported {
    pub n_teams: usize,
    pub n_submissions: usize,
    pub n_topics: usize,
    pub n_posts: usize,
    /// People of this installation who were recognised by their user name.
    pub n_people_known: usize,
    /// Accounts that nobody can sign in to, made for everybody else.
    pub n_people_new: usize,
    /// What the archive holds, or could hold, and this competition does not, as sentences.
    pub left_behind: Vec<String>,
}
