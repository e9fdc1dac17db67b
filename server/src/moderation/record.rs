//! The audit log of what moderators do.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::audit_log;
use crate::ids::{CompetitionId, UserId};

/// What a moderator can do. The names begin alike, so that the log's index finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Pin,
    Unpin,
    Lock,
    Unlock,
    Move,
    OpenForum,
    Hide,
    Show,
    Warn,
    Dismiss,
    Suspend,
    Unsuspend,
    CancelRun,
}

impl Act {
    /// As it is written in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pin => "moderate_pin",
            Self::Unpin => "moderate_unpin",
            Self::Lock => "moderate_lock",
            Self::Unlock => "moderate_unlock",
            Self::Move => "moderate_move",
            Self::OpenForum => "moderate_open_forum",
            Self::Hide => "moderate_hide",
            Self::Show => "moderate_show",
            Self::Warn => "moderate_warn",
            Self::Dismiss => "moderate_dismiss",
            Self::Suspend => "moderate_suspend",
            Self::Unsuspend => "moderate_unsuspend",
            Self::CancelRun => "moderate_cancel_run",
        }
    }
}

/// Puts an act on record, in the transaction of the act itself.
///
/// # Errors
/// Those of the database.
pub async fn record(
    conn: &mut PgConnection,
    moderator: UserId,
    act: Act,
    competition: Option<CompetitionId>,
    detail: &Value,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    audit_log::record(conn, now, moderator, act.name(), competition, detail).await
}
