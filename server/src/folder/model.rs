//! What a competition consists of, wherever it lies: in a folder, or on a server.
//!
//! Never here: a label. A solution is a file that is sealed and sent; what is known of it is a hash.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::competitions::board_shows::BoardShows;
use crate::competitions::ladder::Ladder;
use crate::competitions::settings::{Limits, Timeline, file_name_from, total_of};

/// The version of the folder's layout that this program writes and reads.
pub const FORMAT: i64 = 1;
/// The file that makes a folder a competition.
pub const SETTINGS: &str = "competition.toml";
/// Subfolders of pages and of data files.
pub const PAGES: &str = "pages";
pub const DATA: &str = "data";

/// Everything of a competition that a folder holds, but the solution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contents {
    pub title: String,
    pub slug: String,
    pub subtitle: String,
    pub visibility: String,
    pub starts_at: DateTime<Utc>,
    pub entry_deadline_at: DateTime<Utc>,
    pub merger_deadline_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub daily_limit: i32,
    /// Submissions of a team in the whole competition; 0 for as many as the days allow.
    #[serde(default)]
    pub total_limit: i32,
    pub final_limit: i32,
    pub team_limit: i32,
    pub max_upload_bytes: i64,
    pub score_decimals: i32,
    /// Whether the public board is a Ladder; `auto` leaves it to Holdout.
    #[serde(default)]
    pub ladder: Ladder,
    /// What the board shows while the competition is open.
    #[serde(default)]
    pub board_shows: BoardShows,
    /// Whether that stays so after the end.
    #[serde(default)]
    pub board_stays_veiled: bool,
    /// Those that a host wrote, in their order.
    pub pages: Vec<Page>,
    pub data: Vec<DataFile>,
    pub metric: Option<Metric>,
    /// Where the host answered the audit.
    #[serde(default)]
    pub audit: Option<Audit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FolderPage)]
pub struct Page {
    pub slug: String,
    pub title: String,
    pub markdown: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FolderDataFile)]
pub struct DataFile {
    pub name: String,
    pub role: String,
    pub description: String,
    pub size_bytes: u64,
    pub sha256: String,
}

/// What the host answers to the audit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FolderAudit)]
pub struct Audit {
    /// What the winner's file should hold.
    pub declared: Option<String>,
    /// Why the host goes on over what the audit holds against the metric.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FolderMetric)]
pub struct Metric {
    /// Of the catalogue; `custom` where the host wrote it.
    pub name: String,
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
    /// What the metric is told about the columns.
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
    /// Share of rows that become public where the solution has no column `Usage`.
    pub public_fraction: f64,
    pub module: Option<Module>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FolderModule)]
pub struct Module {
    pub file_name: String,
    pub source: String,
    pub higher_is_better: bool,
}

impl Contents {
    pub fn timeline(&self) -> Timeline {
        Timeline {
            starts_at: self.starts_at,
            entry_deadline_at: self.entry_deadline_at,
            merger_deadline_at: self.merger_deadline_at,
            ends_at: self.ends_at,
        }
    }

    pub fn limits(&self) -> Limits {
        Limits {
            daily: self.daily_limit,
            total: total_of(self.total_limit),
            finals: self.final_limit,
            team: self.team_limit,
            max_upload_bytes: self.max_upload_bytes,
            score_decimals: self.score_decimals,
            ladder: self.ladder,
            board_shows: self.board_shows,
            board_stays_veiled: self.board_stays_veiled,
        }
    }

    /// Gives a module whose name could not stand in a folder another one.
    pub fn tame_module_name(&mut self) {
        let module = self.metric.as_mut().and_then(|metric| metric.module.as_mut());
        if let Some(module) = module
            && (file_name_from(&module.file_name) != module.file_name || !module.file_name.ends_with(".py"))
        {
            "metric.py".clone_into(&mut module.file_name);
        }
    }
}
