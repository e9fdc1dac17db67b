//! Every SQL statement of the search.

use sqlx::PgConnection;

use crate::forum::list::Key;
use crate::ids::{CompetitionId, PostId, TopicId, UserId};
use crate::paths;
use crate::search::model::Hit;

/// Posts that a search by age walks over at most.
const WALKED: i64 = 50_000;
/// How excerpts are cut: the marks are those of [`crate::search::model::MARK`].
const HEADLINE: &str =
    "StartSel=\u{e000}, StopSel=\u{e001}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=\" … \"";
/// Characters of a post that excerpts are cut from.
const EXCERPTED: i32 = 10_000;

/// What is asked of each statement.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub query: &'a str,
    /// Competitions whose contents the searcher finds although they are not public.
    pub own: &'a [i64],
    pub after: Option<Key>,
    pub limit: i64,
}

/// Competitions that somebody hosts, takes part in or is invited to.
///
/// # Errors
/// Those of the database.
pub async fn own_competitions(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select competition_id as \"id!\" from competition_hosts where user_id = $1
         union
         select c.id
         from (
             select competition_id from team_members where user_id = $1
             union
             select i.competition_id
             from competition_invitations i
             join users u on u.email = i.email
             where u.id = $1
         ) joined
         join competitions c on c.id = joined.competition_id and c.launched_at is not null",
        user.0,
    )
    .fetch_all(conn)
    .await
}

/// How many posts have these words, counted up to `most`.
///
/// # Errors
/// Those of the database.
pub async fn count_posts(conn: &mut PgConnection, query: &str, most: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count_matching_posts(websearch_to_tsquery('english', $1), $2) as \"n!\"",
        query,
        most,
    )
    .fetch_one(conn)
    .await
}

struct PostRow {
    id: PostId,
    rank: i64,
    is_opening: bool,
    topic_id: Option<TopicId>,
    title: Option<String>,
    author: String,
    excerpt: String,
    created_at: chrono::DateTime<chrono::Utc>,
}

impl PostRow {
    fn hit(self) -> Hit {
        let (kind, address) = match self.topic_id {
            Some(topic) if self.is_opening => ("topic", paths::topic(topic)),
            Some(_) => ("post", format!("{}#post-{}", paths::post(self.id), self.id)),
            None => ("comment", format!("{}#post-{}", paths::post(self.id), self.id)),
        };
        Hit {
            key: Key { number: self.rank, id: self.id.0 },
            kind,
            title: self.title.unwrap_or_else(|| "A comment".to_owned()),
            address,
            facts: self.author,
            excerpt: self.excerpt,
            at: Some(self.created_at),
        }
    }
}

/// The posts that fit best, among the first `most` that have the words.
///
/// # Errors
/// Those of the database.
pub async fn ranked_posts(conn: &mut PgConnection, asked: &Asked<'_>, most: i64) -> sqlx::Result<Vec<Hit>> {
    let after = asked.after.unwrap_or(Key::FIRST);
    let rows = sqlx::query_as!(
        PostRow,
        "with asked as (
             select websearch_to_tsquery('english', $1) as query
         ), hits as materialized (
             select m.post_id as id, (ts_rank(m.words, a.query) * 1000000)::bigint as rank
             from asked a
             cross join lateral matching_posts(a.query, $2) m
         ), shown as (
             select h.id, h.rank
             from hits h
             join posts p on p.id = h.id
             join subjects s on s.id = p.id and s.hidden_at is null and s.deleted_at is null
             join subjects b on b.id = p.under_id and b.hidden_at is null and b.deleted_at is null
             left join competitions c on c.id = s.competition_id
             where (s.competition_id is null or s.competition_id = any($3)
                    or (c.visibility = 'public' and c.launched_at is not null))
               and (h.rank, h.id) < ($4, $5)
             order by h.rank desc, h.id desc
             limit $6
         )
         select p.id as \"id: PostId\", f.rank as \"rank!\", p.is_opening, t.id as \"topic_id?: TopicId\",
                t.title as \"title?\", u.display_name as author, s.created_at,
                ts_headline('english', left(p.plain, $7), a.query, $8) as \"excerpt!\"
         from shown f
         cross join asked a
         join posts p on p.id = f.id
         join subjects s on s.id = f.id
         join users u on u.id = s.author_id
         left join topics t on t.id = p.under_id
         order by f.rank desc, f.id desc",
        asked.query,
        most,
        asked.own,
        after.number,
        after.id,
        asked.limit,
        EXCERPTED,
        HEADLINE,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(PostRow::hit).collect())
}

/// The newest posts that have the words.
///
/// # Errors
/// Those of the database.
pub async fn newest_posts(conn: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<Vec<Hit>> {
    let after = asked.after.unwrap_or(Key::FIRST);
    let rows = sqlx::query_as!(
        PostRow,
        "with asked as (
             select websearch_to_tsquery('english', $1) as query
         ), shown as (
             select h.post_id as id
             from asked a
             cross join lateral newest_matching_posts(a.query, $2, $3, 4 * $5::bigint) h
             join posts p on p.id = h.post_id
             join subjects s on s.id = p.id and s.hidden_at is null and s.deleted_at is null
             join subjects b on b.id = p.under_id and b.hidden_at is null and b.deleted_at is null
             left join competitions c on c.id = s.competition_id
             where s.competition_id is null or s.competition_id = any($4)
                or (c.visibility = 'public' and c.launched_at is not null)
             order by h.post_id desc
             limit $5
         )
         select p.id as \"id: PostId\", -1::bigint as \"rank!\", p.is_opening, t.id as \"topic_id?: TopicId\",
                t.title as \"title?\", u.display_name as author, s.created_at,
                ts_headline('english', left(p.plain, $6), a.query, $7) as \"excerpt!\"
         from shown f
         cross join asked a
         join posts p on p.id = f.id
         join subjects s on s.id = f.id
         join users u on u.id = s.author_id
         left join topics t on t.id = p.under_id
         order by f.id desc",
        asked.query,
        after.id,
        WALKED,
        asked.own,
        asked.limit,
        EXCERPTED,
        HEADLINE,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(PostRow::hit).collect())
}

struct CompetitionRow {
    id: CompetitionId,
    rank: i64,
    slug: String,
    title: String,
    excerpt: String,
}

impl CompetitionRow {
    fn hit(self) -> Hit {
        Hit {
            key: Key { number: self.rank, id: self.id.0 },
            kind: "competition",
            address: paths::competition(&self.slug),
            title: self.title,
            facts: String::new(),
            excerpt: self.excerpt,
            at: None,
        }
    }
}

/// # Errors
/// Those of the database.
pub async fn competitions(conn: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<Vec<Hit>> {
    let after = asked.after.unwrap_or(Key::FIRST);
    let rows = sqlx::query_as!(
        CompetitionRow,
        "with hits as (
             select c.id, c.slug, c.title, c.subtitle,
                    (ts_rank(to_tsvector('english', c.title || ' ' || c.subtitle), q.query) * 1000000)::bigint as rank,
                    q.query
             from websearch_to_tsquery('english', $1) as q (query)
             join competitions c on to_tsvector('english', c.title || ' ' || c.subtitle) @@ q.query
             where c.id = any($2) or (c.visibility = 'public' and c.launched_at is not null)
         )
         select id as \"id: CompetitionId\", rank as \"rank!\", slug, title,
                ts_headline('english', subtitle, query, $6) as \"excerpt!\"
         from hits
         where (rank, id) < ($3, $4)
         order by rank desc, id desc
         limit $5",
        asked.query,
        asked.own,
        after.number,
        after.id,
        asked.limit,
        HEADLINE,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(CompetitionRow::hit).collect())
}

/// # Errors
/// Those of the database.
pub async fn competitions_alike(conn: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<Vec<Hit>> {
    let rows = sqlx::query_as!(
        CompetitionRow,
        "select c.id as \"id: CompetitionId\", (a.likeness * 1000000)::bigint as \"rank!\", c.slug, c.title,
                c.subtitle as excerpt
         from competitions_spelled_alike($1, 4 * $3::bigint) a
         join competitions c on c.id = a.id
         where c.id = any($2) or (c.visibility = 'public' and c.launched_at is not null)
         order by a.likeness desc, c.id desc
         limit $3",
        asked.query,
        asked.own,
        asked.limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(CompetitionRow::hit).collect())
}

struct PersonRow {
    id: UserId,
    rank: i64,
    username: String,
    display_name: String,
    bio: String,
}

impl PersonRow {
    fn hit(self) -> Hit {
        Hit {
            key: Key { number: self.rank, id: self.id.0 },
            kind: "person",
            address: paths::profile(&self.username),
            title: self.display_name,
            facts: self.username,
            excerpt: self.bio,
            at: None,
        }
    }
}

/// # Errors
/// Those of the database.
pub async fn people(conn: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<Vec<Hit>> {
    let after = asked.after.unwrap_or(Key::FIRST);
    let rows = sqlx::query_as!(
        PersonRow,
        "select u.id as \"id: UserId\", 0::bigint as \"rank!\", u.username, u.display_name,
                left(u.bio, 200) as \"bio!\"
         from websearch_to_tsquery('simple', $1) as q (query)
         join users u on to_tsvector('simple', u.username || ' ' || u.display_name) @@ q.query
         where u.suspended_at is null and u.id < $2
         order by u.id desc
         limit $3",
        asked.query,
        after.id,
        asked.limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(PersonRow::hit).collect())
}

/// # Errors
/// Those of the database.
pub async fn people_alike(conn: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<Vec<Hit>> {
    let rows = sqlx::query_as!(
        PersonRow,
        "select u.id as \"id: UserId\", (a.likeness * 1000000)::bigint as \"rank!\", u.username, u.display_name,
                left(u.bio, 200) as \"bio!\"
         from people_spelled_alike($1, 2 * $2::bigint) a
         join users u on u.id = a.id
         where u.suspended_at is null
         order by a.likeness desc, u.id desc
         limit $2",
        asked.query,
        asked.limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(PersonRow::hit).collect())
}

/// Titles of topics and competitions in which something is spelled like this. They correct words and are
/// not shown.
///
/// # Errors
/// Those of the database.
pub async fn titles_alike(conn: &mut PgConnection, query: &str, most: i64) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select title as \"title!\" from titles_alike($1, $2) as t (title)", query, most)
        .fetch_all(conn)
        .await
}
