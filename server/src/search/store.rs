//! Every SQL statement of the search.

use sqlx::PgConnection;

use crate::forum::list::Key;
use crate::ids::{CompetitionId, NotebookId, PostId, TopicId, UserId};
use crate::paths;
use crate::search::model::{self, Hit};

/// Posts that a search by age walks over at most.
const WALKED: i64 = 50_000;
/// How excerpts are cut: the marks are those of [`crate::search::model::MARK`].
const HEADLINE: &str =
    "StartSel=\u{e000}, StopSel=\u{e001}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=\" … \"";
/// Number of the keys of what comes by its age.
pub const BY_AGE: i64 = -1;
/// Characters that excerpts are cut from.
const EXCERPTED: i32 = 10_000;

/// What is asked of each statement.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub query: &'a str,
    /// `None`: a visitor.
    pub viewer: Option<UserId>,
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
             where u.id = $1 and u.email_confirmed_at is not null
             union
             select competition_id from competition_guests where user_id = $1
         ) joined
         join competitions c on c.id = joined.competition_id and c.launched_at is not null",
        user.0,
    )
    .fetch_all(conn)
    .await
}

/// Whether so many of the newest posts have these words that looking all of them up would take long.
///
/// # Errors
/// Those of the database.
pub async fn are_common(conn: &mut PgConnection, query: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select are_common_words(websearch_to_tsquery('english', $1)) as \"common!\"", query)
        .fetch_one(conn)
        .await
}

/// The posts that fit best, among at most `most` that have the words; `None` where more have them.
///
/// # Errors
/// Those of the database.
pub async fn ranked_posts(
    conn: &mut PgConnection,
    asked: &Asked<'_>,
    most: i64,
) -> sqlx::Result<Option<Vec<Key>>> {
    let after = asked.after.unwrap_or(Key::FIRST);
    let rows = sqlx::query!(
        "with asked as (
             select websearch_to_tsquery('english', $1) as query
         ), hits as materialized (
             select m.post_id as id, (ts_rank(m.words, a.query) * 1000000)::bigint as rank
             from asked a
             cross join lateral matching_posts(a.query, $2::bigint + 1) m
         )
         select h.id as \"id!\", h.rank as \"number!\", (select count(*) from hits) > $2 as \"are_more!\"
         from (
             select id, rank from hits where (rank, id) < ($4, $5) order by rank desc, id desc
         ) h
         join shown_posts p on p.id = h.id
         where p.is_listed or p.competition_id = any($3)
         order by h.rank desc, h.id desc
         limit $6",
        asked.query,
        most,
        asked.own,
        after.number,
        after.id,
        asked.limit,
    )
    .fetch_all(conn)
    .await?;
    if rows.iter().any(|row| row.are_more) {
        return Ok(None);
    }
    Ok(Some(rows.into_iter().map(|row| Key { number: row.number, id: row.id }).collect()))
}

/// The newest posts that have the words.
///
/// # Errors
/// Those of the database.
pub async fn newest_posts(conn: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<Vec<Key>> {
    let ids = sqlx::query_scalar!(
        "select p.id as \"id!\"
         from newest_matching_posts(websearch_to_tsquery('english', $1), $2, $3, 4 * $5::bigint) h
         join shown_posts p on p.id = h.post_id
         where p.is_listed or p.competition_id = any($4)
         order by p.id desc
         limit $5",
        asked.query,
        asked.after.unwrap_or(Key::FIRST).id,
        WALKED,
        asked.own,
        asked.limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(|id| Key { number: BY_AGE, id }).collect())
}

/// What is shown of these posts, in their order.
///
/// # Errors
/// Those of the database.
pub async fn posts(conn: &mut PgConnection, query: &str, keys: &[Key]) -> sqlx::Result<Vec<Hit>> {
    let ids: Vec<i64> = keys.iter().map(|key| key.id).collect();
    let rows = sqlx::query!(
        "select p.id as \"id: PostId\", p.is_opening, t.id as \"topic_id?: TopicId\",
                coalesce(t.title, n.title, '') as \"title!\", u.display_name as author, s.created_at,
                ts_headline('english', left(p.plain, $3), websearch_to_tsquery('english', $1), $4) as \"excerpt!\"
         from unnest($2::bigint[]) with ordinality as wanted (id, place)
         join posts p on p.id = wanted.id
         join subjects s on s.id = p.id
         join users u on u.id = s.author_id
         left join topics t on t.id = p.under_id
         left join notebooks n on n.id = p.under_id
         order by wanted.place",
        query,
        &ids,
        EXCERPTED,
        HEADLINE,
    )
    .fetch_all(conn)
    .await?;
    let hits = rows.into_iter().zip(keys).map(|(row, key)| {
        let (kind, address) = match row.topic_id {
            Some(topic) if row.is_opening => ("topic", paths::topic(topic)),
            Some(_) => ("post", format!("{}#post-{}", paths::post(row.id), row.id)),
            None => ("comment", format!("{}#post-{}", paths::post(row.id), row.id)),
        };
        Hit {
            key: *key,
            kind,
            title: row.title,
            address,
            facts: row.author,
            excerpt: row.excerpt,
            at: Some(row.created_at),
        }
    });
    Ok(hits.collect())
}

/// Notebooks with the words, among at most `most`: those whose titles fit first, then those with most votes.
///
/// # Errors
/// Those of the database.
pub async fn notebooks(conn: &mut PgConnection, asked: &Asked<'_>, most: i64) -> sqlx::Result<Vec<Hit>> {
    let after = asked.after.unwrap_or(Key::FIRST);
    let rows = sqlx::query!(
        "with asked as (
             select websearch_to_tsquery('english', $1) as query
         ), hits as (
             select n.id, (ts_rank(m.heading, a.query) * 1000)::bigint * 1000000 + n.n_votes as rank
             from asked a
             cross join lateral matching_notebooks(a.query, $2) m
             join findable_notebooks($3, $4) n on n.id = m.notebook_id
         ), shown as (
             select id, rank from hits where (rank, id) < ($5, $6) order by rank desc, id desc limit $7
         )
         select n.id as \"id: NotebookId\", f.rank as \"rank!\", n.slug, n.title, u.username, u.display_name,
                c.title as \"competition?\", n.updated_at,
                ts_headline('english',
                    substr(w.sources, greatest(1, strpos(lower(w.sources), $8) - 200), $9),
                    a.query, $10) as \"excerpt!\"
         from shown f
         cross join asked a
         join notebooks n on n.id = f.id
         join notebook_words w on w.notebook_id = f.id
         join users u on u.id = n.owner_id
         left join competitions c on c.id = n.competition_id
         order by f.rank desc, f.id desc",
        asked.query,
        most,
        asked.viewer.map(|id| id.0),
        asked.own,
        after.number,
        after.id,
        asked.limit,
        model::first_word(asked.query),
        EXCERPTED,
        HEADLINE,
    )
    .fetch_all(conn)
    .await?;
    let hits = rows.into_iter().map(|row| Hit {
        key: Key { number: row.rank, id: row.id.0 },
        kind: "notebook",
        title: row.title,
        address: paths::notebook(&row.username, &row.slug),
        facts: [Some(row.display_name), row.competition]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · "),
        excerpt: row.excerpt,
        at: Some(row.updated_at),
    });
    Ok(hits.collect())
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

/// Competitions with the words in their title, metric or pages, among at most `most`: those whose titles fit first.
///
/// # Errors
/// Those of the database.
pub async fn competitions(conn: &mut PgConnection, asked: &Asked<'_>, most: i64) -> sqlx::Result<Vec<Hit>> {
    let after = asked.after.unwrap_or(Key::FIRST);
    let rows = sqlx::query_as!(
        CompetitionRow,
        "with asked as (
             select websearch_to_tsquery('english', $1) as query
         ), hits as (
             select c.id, (ts_rank(m.words, a.query) * 1000000)::bigint as rank
             from asked a
             cross join lateral matching_competitions(a.query, $2) m
             join competitions c on c.id = m.competition_id
             where c.id = any($3) or is_listed(c)
         ), shown as (
             select id, rank from hits where (rank, id) < ($4, $5) order by rank desc, id desc limit $6
         )
         select c.id as \"id: CompetitionId\", s.rank as \"rank!\", c.slug, c.title,
                ts_headline('english', left(told_of_competition(c.id, c.subtitle, a.query), $7), a.query, $8)
                    as \"excerpt!\"
         from shown s
         cross join asked a
         join competitions c on c.id = s.id
         order by s.rank desc, s.id desc",
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
         where c.id = any($2) or is_listed(c)
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

/// Words of titles that are spelled most like these; they correct words, and are not shown.
///
/// # Errors
/// Those of the database.
pub async fn words_alike(conn: &mut PgConnection, query: &str, of_each: i64) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select word as \"word!\" from words_alike($1, $2) as w (word)", query, of_each)
        .fetch_all(conn)
        .await
}
