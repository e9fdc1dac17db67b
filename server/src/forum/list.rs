//! Topics of a forum, in three orders, part by part.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, TryFutureExt};
use sqlx::PgConnection;

use crate::app::App;
use crate::coalescing::Coalesced;
use crate::error::Result;
use crate::forum::model::{Forum, Person};
use crate::forum::store::{self, lists};
use crate::ids::{ForumId, TopicId};
use crate::paths;

/// Topics shown on one page.
pub const A_PAGE: i64 = 30;
/// Topics shown of each forum where all forums are listed.
const TOPICS_OF_A_SHELF: i64 = 4;
/// Topics looked at to find those that everybody may read.
const WALKED_FOR_ACTIVE: i64 = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Newest activity first.
    #[default]
    Active,
    /// Most votes first.
    Votes,
    /// Newest first, of those without a reply.
    Unanswered,
}

impl Order {
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Active, "Newest activity"), (Self::Votes, "Most votes"), (Self::Unanswered, "Unanswered")];

    /// As it is written in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Votes => "votes",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Where a list goes on: behind this number, and this id among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Microseconds of the activity, or votes.
    pub number: i64,
    pub id: i64,
}

impl Key {
    /// Before everything, in falling order.
    pub const FIRST: Self = Self { number: i64::MAX, id: i64::MAX };

    /// As a time that the database can compare.
    pub fn at(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.number)
            .filter(|at| *at < lists::END_OF_TIME)
            .unwrap_or(lists::END_OF_TIME)
    }

    pub fn votes(self) -> i32 {
        i32::try_from(self.number).unwrap_or(if self.number > 0 { i32::MAX } else { i32::MIN })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.number, self.id)
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, id) = text.split_once('_').ok_or(())?;
        Ok(Self { number: number.parse().map_err(|_| ())?, id: id.parse().map_err(|_| ())? })
    }
}

/// A topic in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: TopicId,
    pub title: String,
    pub author: Person,
    pub created_at: DateTime<Utc>,
    pub active_at: DateTime<Utc>,
    pub n_replies: i32,
    pub n_votes: i32,
    pub is_pinned: bool,
    pub is_locked: bool,
    pub is_answered: bool,
}

impl Listed {
    pub fn address(&self) -> String {
        paths::topic(self.id)
    }

    pub fn sample() -> Self {
        Self {
            id: TopicId(1),
            title: "Why does it jump?".to_owned(),
            author: Person::sample(),
            created_at: DateTime::UNIX_EPOCH,
            active_at: DateTime::UNIX_EPOCH,
            n_replies: 2,
            n_votes: 3,
            is_pinned: true,
            is_locked: true,
            is_answered: true,
        }
    }
}

/// A part of a list, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Part {
    pub topics: Vec<Listed>,
    pub next: Option<Key>,
}

/// Which part of which list: all that is asked for, since every reader of a forum finds the same topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    pub forum: ForumId,
    pub order: Order,
    pub after: Option<Key>,
    /// Topics at most, beside those that are pinned.
    pub limit: i64,
}

/// Of forums, by what is wanted of them.
pub type Lists = Coalesced<Wanted, Arc<Part>>;

/// The part behind `after`; the first one begins with what is pinned.
///
/// # Errors
/// Those of the database.
pub async fn read(app: &App, wanted: Wanted) -> Result<Arc<Part>> {
    let read = || app.forum_connection.read(&app.db, move |conn| part(conn, wanted).map_ok(Arc::new).boxed());
    Ok(app.topics.read(wanted, read).await?)
}

async fn part(conn: &mut PgConnection, wanted: Wanted) -> sqlx::Result<Part> {
    let Wanted { forum, order, after, limit } = wanted;
    let mut placed = match order {
        Order::Active => lists::active(conn, forum, after, limit + 1).await?,
        Order::Votes => lists::most_voted(conn, forum, after, limit + 1).await?,
        Order::Unanswered => lists::unanswered(conn, forum, after, limit + 1).await?,
    };
    let n_above = placed.iter().filter(|one| one.is_above).count();
    let n_shown = n_above + usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = placed.len() > n_shown;
    placed.truncate(n_shown);
    let next = placed.last().filter(|_| is_more).map(|last| last.key);
    Ok(Part { topics: placed.into_iter().map(|one| one.topic).collect(), next })
}

/// A forum of the whole site with its first topics.
#[derive(Debug, Clone)]
pub struct Shelf {
    pub forum: Forum,
    pub topics: Vec<Listed>,
}

impl Shelf {
    pub fn address(&self) -> String {
        paths::forum(&self.forum.slug)
    }
}

/// Of all forums of the whole site, in their order.
pub type Shelves = Coalesced<(), Arc<Vec<Shelf>>>;

/// The forums of the whole site.
///
/// # Errors
/// Those of the database.
pub async fn shelves(app: &App) -> Result<Arc<Vec<Shelf>>> {
    let read = || app.forum_connection.read(&app.db, |conn| read_shelves(conn).map_ok(Arc::new).boxed());
    Ok(app.shelves.read((), read).await?)
}

async fn read_shelves(conn: &mut PgConnection) -> sqlx::Result<Vec<Shelf>> {
    let forums = store::forums::general(conn).await?;
    let mut topics = lists::of_every_forum(conn, TOPICS_OF_A_SHELF).await?;
    let shelf = |forum: Forum| Shelf { topics: topics.remove(&forum.id).unwrap_or_default(), forum };
    Ok(forums.into_iter().map(shelf).collect())
}

/// The topics that were active last, anywhere that everybody may read.
///
/// # Errors
/// Those of the database.
pub async fn active_anywhere(conn: &mut PgConnection, limit: i64) -> Result<Vec<Listed>> {
    let ids = lists::active_anywhere(conn, WALKED_FOR_ACTIVE, limit).await?;
    Ok(lists::by_ids(conn, &ids).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        for key in [Key::FIRST, Key { number: -3, id: 7 }, Key { number: 0, id: 0 }] {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for wrong in ["", "1", "_", "1_x", "x_1", "1-1"] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
        assert_eq!(Key::FIRST.at(), lists::END_OF_TIME);
        assert_eq!(Key { number: i64::MIN, id: 1 }.votes(), i32::MIN);
    }
}
