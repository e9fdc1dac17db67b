//! A board as one viewer sees it: what pages, JSON and Kaggle's client open, so that each of them draws the same rows.
//!
//! Which board is shown, what the viewer sees of it and who may search are decided here and in [`crate::leaderboard::sight`],
//! never by whoever draws it.

use chrono::{DateTime, Utc};

use crate::accounts::model::Member;
use crate::api::paging::cut;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::model::Competition;
use crate::conduct::model::Barred;
use crate::error::Result;
use crate::leaderboard::cache::PageKey;
use crate::leaderboard::model::{Key, Row, View};
use crate::leaderboard::read::{self, Found};
use crate::leaderboard::sight::BoardSight;
use crate::ranks::left_out::{self, LeftOut};
use crate::ranks::model::Summary;

/// One board of a competition, for one viewer.
#[derive(Debug, Clone)]
pub struct ViewedBoard {
    pub seen: Seen,
    pub view: View,
    pub sight: BoardSight,
}

/// Rows of a board, best first.
#[derive(Debug, Clone, Default)]
pub struct BoardPart {
    pub rows: Vec<Row>,
    /// After which the next part begins; `None` at the end.
    pub next: Option<Key>,
}

/// What a viewer is told beside a board's rows.
#[derive(Debug, Clone, Default)]
pub struct BesideBoard {
    /// The row of the viewer's team, wherever it stands.
    pub own: Option<Row>,
    /// Why that team is on no board, where it is disqualified.
    pub barred: Option<Barred>,
    /// What the ranks are worth; `None` before anybody looked, and for who sees no other team.
    pub summary: Option<Summary>,
    /// For hosts: teams whose files have no range of ranks.
    pub left_out: Vec<LeftOut>,
}

impl ViewedBoard {
    /// The board of a competition that the viewer may see: the one that counts now or, after the end, the public one for who
    /// `wants_public`.
    ///
    /// # Errors
    /// As [`access::see`].
    pub async fn open(
        app: &App,
        slug: &str,
        viewer: Option<&Member>,
        wants_public: bool,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        Self::of(app, access::see(app, slug, viewer).await?, wants_public, now).await
    }

    /// As [`Self::open`], of a competition that was seen already. A final board that is due is made first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(app: &App, seen: Seen, wants_public: bool, now: DateTime<Utc>) -> Result<Self> {
        let seen = read::settled_if_due(app, seen).await?;
        let view = View::choose(&seen.competition, now, wants_public);
        let sight = BoardSight::of(&seen);
        Ok(Self { seen, view, sight })
    }

    pub fn competition(&self) -> &Competition {
        &self.seen.competition
    }

    /// Under which a part can be kept for all who see the same; `None` where it is of one viewer alone.
    pub fn page_key(&self, after: Key) -> Option<PageKey> {
        let audience = self.sight.audience()?;
        Some(PageKey::of(self.competition(), self.view, audience, after))
    }

    /// At most `limit` rows after a key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn part(&self, app: &App, after: Key, limit: usize) -> Result<BoardPart> {
        let fetched = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut rows = read::page(app, self.competition(), self.view, &self.sight, after, fetched).await?;
        let has_more = cut(&mut rows, limit);
        let next = rows.last().filter(|_| has_more).map(|row| row.key);
        Ok(BoardPart { rows, next })
    }

    /// Rows of the teams with these words in their name, or a member of that user name; `None` where the board hides names from
    /// the viewer, so that nobody is found by theirs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find_teams(&self, app: &App, words: &str) -> Result<Option<Found>> {
        match self.sight.names() {
            Some(names) => read::find(app, self.competition(), self.view, names, words).await.map(Some),
            None => Ok(None),
        }
    }

    /// What stands beside the rows.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn beside(&self, app: &App) -> Result<BesideBoard> {
        let (competition, view, sight) = (self.competition(), self.view, &self.sight);
        let own = read::kept_own_row(app, competition, view, sight).await?;
        let summary = read::summary(app, competition, view, sight).await?;
        let own = left_out::own(app, competition, view, own, summary.as_ref()).await?;
        let left_out = left_out::for_hosts(app, &self.seen, view, summary.as_ref()).await?;
        let barred = read::barred(app, sight, own.as_ref()).await?;
        Ok(BesideBoard { own, barred, summary, left_out })
    }
}

/// The words of a search for a team; `None` where nothing is searched for.
pub fn searched(team: Option<&str>) -> Option<&str> {
    team.map(str::trim).filter(|words| !words.is_empty())
}
