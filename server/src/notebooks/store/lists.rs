//! Lists of notebooks, by key. A list is read in two steps: the ids of its part in their order by an index,
//! then what their cards show.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, NotebookId, TeamId, UserId};
use crate::notebooks::model::Visibility;

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Votes, of which those for new notebooks weigh more.
    #[default]
    Hot,
    Votes,
    New,
    /// The public score of the best submission; within a competition.
    Score,
}

impl Order {
    pub const ALL: [Self; 4] = [Self::Hot, Self::Votes, Self::New, Self::Score];

    pub fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Votes => "votes",
            Self::New => "new",
            Self::Score => "score",
        }
    }

    /// On pages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Hot => "Hot",
            Self::Votes => "Most votes",
            Self::New => "Newest",
            Self::Score => "Best score",
        }
    }
}

/// Where a list goes on: behind the entry with this key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cursor {
    /// Heat, votes or microseconds since 1970, as the order says. By score it is nothing: a score that stood here would have
    /// digits that the board hides, and one that was made up would find them.
    pub key: f64,
    pub id: i64,
}

impl Cursor {
    /// Before the first entry.
    pub fn start(order: Order) -> Self {
        match order {
            Order::Score => Self { key: 0.0, id: 0 },
            _ => Self { key: f64::MAX, id: i64::MAX },
        }
    }

    /// Reads what [`std::fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, id) = text.split_once('_')?;
        let key: f64 = key.parse().ok()?;
        key.is_finite().then_some(Self { key, id: id.parse().ok()? })
    }

    fn time(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.key as i64).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    fn count(self) -> i32 {
        self.key as i32 // beyond its bounds: the nearest that there is
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.key, self.id)
    }
}

/// A place in a list.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub id: NotebookId,
    pub cursor: Cursor,
}

struct Found {
    id: NotebookId,
    key: f64,
    by: i64,
}

impl From<Found> for Entry {
    fn from(found: Found) -> Self {
        Self { id: found.id, cursor: Cursor { key: found.key, id: found.by } }
    }
}

/// Places in a list.
macro_rules! found {
    ($conn:expr, $statement:literal, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(Found, $statement, $($value),+).fetch_all($conn).await?
    };
}

/// Public notebooks of the whole site; of competitions those that everybody finds. There is no order by
/// score over several competitions: by heat instead.
///
/// # Errors
/// Those of the database.
pub async fn of_site(
    conn: &mut PgConnection,
    order: Order,
    after: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    let found = match order {
        Order::Hot | Order::Score => found!(
            conn,
            "select n.id as \"id!: NotebookId\", n.heat as \"key!\", n.id as \"by!\"
             from listed_notebooks n
             where (n.heat, n.id) < ($1, $2)
             order by n.heat desc, n.id desc
             limit $3",
            after.key,
            after.id,
            limit,
        ),
        Order::Votes => found!(
            conn,
            "select n.id as \"id!: NotebookId\", n.n_votes::float8 as \"key!\", n.id as \"by!\"
             from listed_notebooks n
             where (n.n_votes, n.id) < ($1, $2)
             order by n.n_votes desc, n.id desc
             limit $3",
            after.count(),
            after.id,
            limit,
        ),
        Order::New => found!(
            conn,
            "select n.id as \"id!: NotebookId\", (extract(epoch from n.published_at) * 1000000)::float8 as \"key!\",
                    n.id as \"by!\"
             from listed_notebooks n
             where (n.published_at, n.id) < ($1, $2)
             order by n.published_at desc, n.id desc
             limit $3",
            after.time(),
            after.id,
            limit,
        ),
    };
    Ok(found.into_iter().map(Entry::from).collect())
}

/// Public notebooks of one competition. By score: those with a scored submission, each once.
///
/// # Errors
/// Those of the database.
pub async fn of_competition(
    conn: &mut PgConnection,
    competition: CompetitionId,
    order: Order,
    after: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    let found = match order {
        Order::Hot => found!(
            conn,
            "select n.id as \"id!: NotebookId\", n.heat as \"key!\", n.id as \"by!\"
             from public_notebooks n
             where n.competition_id = $1 and (n.heat, n.id) < ($2, $3)
             order by n.heat desc, n.id desc
             limit $4",
            competition.0,
            after.key,
            after.id,
            limit,
        ),
        Order::Votes => found!(
            conn,
            "select n.id as \"id!: NotebookId\", n.n_votes::float8 as \"key!\", n.id as \"by!\"
             from public_notebooks n
             where n.competition_id = $1 and (n.n_votes, n.id) < ($2, $3)
             order by n.n_votes desc, n.id desc
             limit $4",
            competition.0,
            after.count(),
            after.id,
            limit,
        ),
        Order::New => found!(
            conn,
            "select n.id as \"id!: NotebookId\", (extract(epoch from n.published_at) * 1000000)::float8 as \"key!\",
                    n.id as \"by!\"
             from public_notebooks n
             where n.competition_id = $1 and (n.published_at, n.id) < ($2, $3)
             order by n.published_at desc, n.id desc
             limit $4",
            competition.0,
            after.time(),
            after.id,
            limit,
        ),
        Order::Score => found!(
            conn,
            "select n.id as \"id!: NotebookId\", 0::float8 as \"key!\", b.id as \"by!\"
             from (
                select distinct on (m.notebook_id) m.notebook_id, x.rank_key, m.id
                from submissions m
                join competitions c on c.id = m.competition_id
                join scores x on x.submission_id = m.id and x.version_id = c.active_version_id
                where m.competition_id = $1 and m.notebook_id is not null and x.rank_key is not null and is_board_open(c)
                order by m.notebook_id, x.rank_key, m.id
             ) b
             join public_notebooks n on n.id = b.notebook_id
             where $2::bigint = 0 or (b.rank_key, b.id) > (
                select x.rank_key, m.id
                from submissions m
                join competitions c on c.id = m.competition_id
                join scores x on x.submission_id = m.id and x.version_id = c.active_version_id
                where m.id = $2 and m.competition_id = $1 and m.notebook_id is not null and x.rank_key is not null)
             order by b.rank_key, b.id
             limit $3",
            competition.0,
            after.id,
            limit,
        ),
    };
    Ok(found.into_iter().map(Entry::from).collect())
}

/// All notebooks of one person, newest first, below the id `before`: for the person alone.
///
/// # Errors
/// Those of the database.
pub async fn of_owner(
    conn: &mut PgConnection,
    owner: UserId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<NotebookId>> {
    sqlx::query_scalar!(
        "select n.id as \"id: NotebookId\"
         from notebooks n
         join subjects s on s.id = n.id
         where n.owner_id = $1 and n.id < $2 and s.deleted_at is null
         order by n.id desc
         limit $3",
        owner.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Somebody's public notebooks, newest first; of competitions those that everybody finds.
///
/// # Errors
/// Those of the database.
pub async fn public_of_owner(
    conn: &mut PgConnection,
    owner: UserId,
    limit: i64,
) -> sqlx::Result<Vec<NotebookId>> {
    sqlx::query_scalar!(
        "select id as \"id!: NotebookId\"
         from listed_notebooks
         where owner_id = $1
         order by id desc
         limit $2",
        owner.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// What the members of a team share with each other, newest first.
///
/// # Errors
/// Those of the database.
pub async fn of_team(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    limit: i64,
) -> sqlx::Result<Vec<NotebookId>> {
    sqlx::query_scalar!(
        "select n.id as \"id: NotebookId\"
         from team_members m
         join notebooks n on n.owner_id = m.user_id and n.competition_id = $1 and n.visibility = 'team'
         join subjects s on s.id = n.id
         where m.team_id = $2 and is_shown(s)
         order by n.id desc
         limit $3",
        competition.0,
        team.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// What lists show of a notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    pub id: NotebookId,
    pub owner_username: String,
    pub owner_name: String,
    pub slug: String,
    pub title: String,
    pub competition_slug: Option<String>,
    pub competition_title: Option<String>,
    pub visibility: Visibility,
    pub tags: Vec<String>,
    pub language: String,
    pub latest: i32,
    pub n_votes: i32,
    pub n_comments: i32,
    pub updated_at: DateTime<Utc>,
    /// Of its best submission, in full precision, by the version that counts; none where the board hides whose score is whose.
    pub public_score: Option<f64>,
    pub score_decimals: Option<i32>,
    /// When its competition ends.
    pub ends_at: Option<DateTime<Utc>>,
    /// Its newest version runs from the top.
    pub is_from_the_top: bool,
}

/// The cards of these notebooks, in their order.
///
/// # Errors
/// Those of the database.
pub async fn cards(conn: &mut PgConnection, ids: &[NotebookId]) -> sqlx::Result<Vec<Card>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        Card,
        "select n.id as \"id: NotebookId\", u.username as owner_username, u.display_name as owner_name, n.slug, n.title,
                c.slug as \"competition_slug?\", c.title as \"competition_title?\", n.visibility, n.tags,
                coalesce(v.language, '') as \"language!\", n.latest, n.n_votes, n.n_comments, n.updated_at,
                b.public_score as \"public_score?\",
                shown_decimals(c) as \"score_decimals?\", c.ends_at as \"ends_at?\",
                coalesce(r.state = 'ran', false) as \"is_from_the_top!\"
         from unnest($1::bigint[]) with ordinality as wanted (id, place)
         join notebooks n on n.id = wanted.id
         join users u on u.id = n.owner_id
         left join competitions c on c.id = n.competition_id
         left join notebook_versions v on v.notebook_id = n.id and v.number = n.latest
         left join lateral (
            select told_public_score(x) as public_score from submissions m
            join scores x on x.submission_id = m.id and x.version_id = c.active_version_id
            where m.competition_id = n.competition_id and m.notebook_id = n.id and x.rank_key is not null
              and is_board_open(c)
            order by x.rank_key, m.id
            limit 1
         ) b on true
         left join lateral (
            select state from notebook_runs
            where notebook_id = n.id and number = n.latest and state in ('ran', 'cell_failed', 'stopped')
            order by id desc
            limit 1
         ) r on true
         order by wanted.place",
        &ids,
    )
    .fetch_all(conn)
    .await
}

impl Card {
    /// The score with the decimals that the competition shows; empty where there is none.
    pub fn shown_score(&self) -> String {
        let decimals = self.score_decimals.unwrap_or(4);
        self.public_score.map(|score| crate::web::format::score(score, decimals)).unwrap_or_default()
    }

    pub fn sample() -> Self {
        Self {
            id: NotebookId(1),
            owner_username: "ada".to_owned(),
            owner_name: "Ada Lovelace".to_owned(),
            slug: "a-first-model".to_owned(),
            title: "A first model".to_owned(),
            competition_slug: Some("tumours".to_owned()),
            competition_title: Some("Tumours".to_owned()),
            visibility: Visibility::Public,
            tags: vec!["baseline".to_owned()],
            language: "python".to_owned(),
            latest: 2,
            n_votes: 12,
            n_comments: 3,
            updated_at: DateTime::UNIX_EPOCH,
            public_score: Some(0.912_345),
            score_decimals: Some(5),
            ends_at: Some(DateTime::UNIX_EPOCH),
            is_from_the_top: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for cursor in [
            Cursor { key: 2_952.123_456_789, id: 7 },
            Cursor { key: -0.1, id: 1 },
            Cursor { key: 1_764_000_000_000_001.0, id: 3 },
            Cursor::start(Order::Hot),
            Cursor::start(Order::Score),
        ] {
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
        for wrong in ["", "_", "1", "NaN_1", "inf_1", "1_x"] {
            assert_eq!(Cursor::parse(wrong), None, "{wrong}");
        }
    }
}
