//! A competition and its phases. States follow from the timeline, never from a flag.

use chrono::{DateTime, Utc};
use holdout_contract::audit::Plan;
use holdout_contract::ranks::{RankedPart, ShownMetric};
use sqlx::types::Json;

use crate::competitions::board_shows::{BoardShows, VeilSecret};
use crate::competitions::ladder::Ladder;
use crate::competitions::visibility::Visibility;
use crate::ids::{CompetitionId, UserId, VersionId};

#[derive(Debug, Clone, PartialEq)]
pub struct Competition {
    pub id: CompetitionId,
    pub slug: String,
    pub title: String,
    pub subtitle: String,
    pub created_by: UserId,
    pub visibility: Visibility,
    pub launched_at: Option<DateTime<Utc>>,
    pub starts_at: Option<DateTime<Utc>>,
    pub entry_deadline_at: Option<DateTime<Utc>>,
    pub merger_deadline_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub daily_limit: i32,
    /// Submissions of a team in the whole competition; `None`: as many as the days allow.
    pub total_limit: Option<i32>,
    pub final_limit: i32,
    pub team_limit: i32,
    pub max_upload_bytes: i64,
    /// The host's, or as many as the noise justifies.
    pub score_decimals: i32,
    pub ladder: Ladder,
    /// Read it through [`crate::leaderboard::sight::BoardSight`].
    pub board_shows: BoardShows,
    /// Whether that stays so after the end.
    pub board_stays_veiled: bool,
    /// `None` where everybody sees the board.
    pub veil_secret: Option<VeilSecret>,
    /// Whether the end waits for an outage over which it passes, and moves out by its length.
    pub moves_over_outage: bool,
    /// Whether hosts may have the files that participants send.
    pub hosts_may_have_files: bool,
    /// Towards medals, points and tiers; proposed at the launch.
    pub counts_for_medals: bool,
    pub is_demo: bool,
    pub is_synthetic: bool,
    pub n_teams: i32,
    pub n_entries: i32,
    pub board_revision: i64,
    /// Goes up when what is known of the ranks changes.
    pub ranks_revision: i64,
    /// Goes up with every change of its pages, announcements and listed changes.
    pub texts_revision: i64,
    pub settled_at: Option<DateTime<Utc>>,
    pub active_version_id: Option<VersionId>,
    /// Of the active version, else of the draft's; so are metric and direction.
    pub version_number: Option<i32>,
    pub metric: Option<String>,
    /// Its title in the catalogue.
    pub metric_title: Option<String>,
    pub higher_is_better: Option<bool>,
    /// Whether every row that counts is public, so that the public rows decide at the end as well.
    pub is_all_public: bool,
    /// Read it through [`Competition::ranked_by`].
    pub ranked_parts: Option<Json<Vec<RankedPart>>>,
    /// Read it through [`Competition::shown_metrics`].
    pub shown_metrics: Option<Json<Vec<ShownMetric>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not launched: seen by its hosts alone.
    Draft,
    /// Launched, not started.
    Upcoming,
    /// Takes submissions.
    Open,
    /// Over, while counted submissions are still being scored.
    Closed,
    /// The private board stands.
    Final,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Upcoming => "upcoming",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Final => "final",
        }
    }
}

/// Fewest decimals of a score once private scores are out.
pub const DECIMALS_AT_THE_END: i32 = 5;

/// What participants read where hosts may have their files.
pub const FILES_FOR_HOSTS: &str =
    "The hosts can get the files you submit; each time they do is put on record.";
/// What participants read beside the rules where every row is public.
pub const ALL_PUBLIC: &str = "Every row of this competition is public: the rows that the public board is computed on \
                              decide at the end as well.";

/// How many submissions a team may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingLimits {
    pub daily: i32,
    /// In the whole competition; `None`: as many as the days allow.
    pub total: Option<i32>,
}

/// Shows that a competition is over; only [`Competition::ended`] makes one. What gives out private
/// scores asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Ended(());

impl Competition {
    pub fn phase(&self, now: DateTime<Utc>) -> Phase {
        phase_of(self.launched_at, self.starts_at, self.ends_at, self.settled_at, now)
    }

    /// What the audit judges probing by.
    pub fn plan(&self) -> Plan {
        Plan::of(self.score_decimals, self.daily_limit, self.total_limit, self.starts_at.zip(self.ends_at))
    }

    /// How many submissions a team may send at `now`. What is late is not ranked, and no total binds it.
    pub fn sending_limits(&self, now: DateTime<Utc>) -> SendingLimits {
        let total = self.total_limit.filter(|_| self.ended(now).is_none());
        SendingLimits { daily: self.daily_limit, total }
    }

    /// `5 a day, 40 in all`.
    pub fn sending_words(&self) -> String {
        let total = self.total_limit.map_or_else(String::new, |total| format!(", {total} in all"));
        format!("{} a day{total}", self.daily_limit)
    }

    /// With how many decimals pages show a score at `now`: before private scores are out, as many as the noise justifies or
    /// the host chose; then at least [`DECIMALS_AT_THE_END`], as no digit can be used to probe hidden rows any more.
    pub fn decimals(&self, now: DateTime<Utc>) -> i32 {
        if self.phase(now) == Phase::Final { self.final_decimals() } else { self.score_decimals }
    }

    /// See [`Competition::decimals`]: those of a board that is final.
    pub fn final_decimals(&self) -> i32 {
        self.score_decimals.max(DECIMALS_AT_THE_END)
    }

    /// Whether its public board is a Ladder; of a draft that is not decided yet.
    pub fn is_ladder(&self) -> bool {
        self.ladder == Ladder::On
    }

    /// Whether its board shows less than all names and scores, while it is open at least.
    pub fn is_veiled(&self) -> bool {
        self.board_shows != BoardShows::Everybody
    }

    /// What the metric is called on the competition's pages.
    pub fn metric_name(&self) -> Option<&str> {
        let name = self.metric_of_score()?;
        let title = self.metric_title.as_deref().unwrap_or(name);
        Some(if name == holdout_contract::custom::NAME { "Own metric" } else { title })
    }

    /// The metrics that teams are ranked by, the primary first; none where it is their scores.
    pub fn ranked_by(&self) -> &[RankedPart] {
        self.ranked_parts.as_ref().map_or(&[], |Json(parts)| parts)
    }

    /// The metrics that a board shows though teams are ranked by the first alone; none where there is one.
    pub fn shown_metrics(&self) -> &[ShownMetric] {
        self.shown_metrics.as_ref().map_or(&[], |Json(metrics)| metrics)
    }

    /// Those of them that change no rank.
    pub fn secondary(&self) -> &[ShownMetric] {
        self.shown_metrics().get(1..).unwrap_or_default()
    }

    /// The metric whose value a score is: the one that ranks, where others are shown beside it.
    pub fn metric_of_score(&self) -> Option<&str> {
        let primary = self.shown_metrics().first().map(|primary| primary.metric.as_str());
        primary.or(self.metric.as_deref())
    }

    /// Whether a file has several scores, each under a metric of its own.
    pub fn shows_several(&self) -> bool {
        self.is_ranked() || !self.shown_metrics().is_empty()
    }

    /// The names of the metrics that a file has a score under, the primary first; none where there is one.
    pub fn scored_by(&self) -> impl Iterator<Item = &str> {
        let ranked = self.ranked_by().iter().map(|part| part.name.as_str());
        ranked.chain(self.shown_metrics().iter().map(|metric| metric.name.as_str()))
    }

    /// What hosts read of the files that were sent.
    pub fn who_has_files(&self) -> &'static str {
        if self.hosts_may_have_files {
            "By the rules of this competition its hosts may have the files that were sent: they are in its archive \
             (holdout host export), and each time somebody takes them is put on record."
        } else {
            "Hosts do not have the files that were sent; only their senders do."
        }
    }

    pub fn is_ranked(&self) -> bool {
        !self.ranked_by().is_empty()
    }

    pub fn ended(&self, now: DateTime<Utc>) -> Option<Ended> {
        (self.phase(now) >= Phase::Closed).then_some(Ended(()))
    }

    /// How many decimals public scores have before the end, whoever reads them: every further one leaks labels. `None`
    /// after it, when they are exact.
    pub fn hidden_digits(&self, now: DateTime<Utc>) -> Option<i32> {
        self.ended(now).is_none().then_some(self.score_decimals)
    }

    /// A running competition, for tests that draw every page.
    pub fn sample() -> Self {
        let now = DateTime::UNIX_EPOCH;
        Self {
            id: CompetitionId(1),
            slug: "tumours".to_owned(),
            title: "Tumours".to_owned(),
            subtitle: "Tell malignant tumours from benign ones".to_owned(),
            created_by: UserId(1),
            visibility: Visibility::Public,
            launched_at: Some(now),
            starts_at: Some(now),
            entry_deadline_at: Some(now + chrono::TimeDelta::days(20)),
            merger_deadline_at: Some(now + chrono::TimeDelta::days(20)),
            ends_at: Some(now + chrono::TimeDelta::days(30)),
            daily_limit: 5,
            total_limit: None,
            final_limit: 2,
            team_limit: 5,
            max_upload_bytes: 104_857_600,
            score_decimals: 5,
            ladder: Ladder::Off,
            board_shows: BoardShows::Everybody,
            board_stays_veiled: false,
            veil_secret: None,
            moves_over_outage: true,
            hosts_may_have_files: false,
            counts_for_medals: true,
            is_demo: false,
            is_synthetic: false,
            n_teams: 12,
            n_entries: 345,
            board_revision: 3,
            ranks_revision: 1,
            texts_revision: 1,
            settled_at: None,
            version_number: Some(1),
            active_version_id: Some(VersionId(1)),
            metric: Some("roc_auc".to_owned()),
            metric_title: Some("ROC AUC".to_owned()),
            higher_is_better: Some(true),
            is_all_public: false,
            ranked_parts: None,
            shown_metrics: None,
        }
    }

    /// Two metrics that teams could be ranked by.
    pub fn sample_parts() -> Vec<RankedPart> {
        let part = |name: &str, higher_is_better| RankedPart {
            name: name.to_owned(),
            weight: 1.0,
            higher_is_better,
        };
        vec![part("roc_auc", true), part("log_loss", false)]
    }

    /// A metric that ranks, and one beside it.
    pub fn sample_shown() -> Vec<ShownMetric> {
        let shown = |name: &str, higher_is_better| ShownMetric {
            metric: name.to_owned(),
            name: name.to_owned(),
            higher_is_better,
        };
        vec![shown("roc_auc", true), shown("log_loss", false)]
    }
}

/// The phase that a timeline gives at `now`.
pub fn phase_of(
    launched_at: Option<DateTime<Utc>>,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Phase {
    let (Some(_), Some(starts_at), Some(ends_at)) = (launched_at, starts_at, ends_at) else {
        return Phase::Draft;
    };
    if now < starts_at {
        Phase::Upcoming
    } else if now < ends_at {
        Phase::Open
    } else if settled_at.is_none() {
        Phase::Closed
    } else {
        Phase::Final
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn scores_have_more_decimals_once_private_scores_are_out_and_not_before() {
        let running = Competition { score_decimals: 2, ..Competition::sample() };
        let end = running.ends_at.expect("an end");
        assert_eq!(running.decimals(end - TimeDelta::seconds(1)), 2);
        assert_eq!(running.decimals(end), 2, "its private scores are not out yet");
        let settled = Competition { settled_at: Some(end), ..running };
        assert_eq!(settled.decimals(end), DECIMALS_AT_THE_END);
        assert_eq!(settled.decimals(end - TimeDelta::seconds(1)), 2);
        let finer = Competition { score_decimals: 7, ..settled };
        assert_eq!(finer.decimals(end), 7);
    }
}
