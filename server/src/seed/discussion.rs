//! Synthetic topics with replies in the general forum: words of a language of 8,000, the common ones as
//! common as in a real one.

use sqlx::PgConnection;

use super::store::First;

/// Posts of one topic with its own row: ids go in steps of ten.
const OF_A_TOPIC: i64 = 10;
const BATCH: i64 = 50_000;

/// Writes about `n_posts` posts; the people who take part wrote them.
pub async fn insert(
    conn: &mut PgConnection,
    first: &First,
    n_people: i64,
    n_posts: i64,
    seed: i64,
) -> sqlx::Result<()> {
    let base = sqlx::query_scalar!("select coalesce(max(id), 0) / 10 * 10 + 10 as \"base!\" from subjects")
        .fetch_one(&mut *conn)
        .await?;
    let n_rows = n_posts / (OF_A_TOPIC - 1) * OF_A_TOPIC;
    let n_topics = sqlx::query_scalar!("select n_topics from forums where slug = 'general'")
        .fetch_one(&mut *conn)
        .await?;
    let mut written = 0;
    while written < n_rows {
        let upto = n_rows.min(written + BATCH);
        insert_rows(conn, [base + written, base + upto - 1], first.user, n_people, seed).await?;
        written = upto;
        tracing::info!(written, of = n_rows, "synthetic topics and posts");
    }
    sqlx::query!(
        "select setval(pg_get_serial_sequence('subjects', 'id'), $1::bigint) as \"set!\"",
        base + n_rows,
    )
    .fetch_one(&mut *conn)
    .await?;
    let n_topics = n_topics + i32::try_from(n_rows / OF_A_TOPIC).unwrap_or(i32::MAX);
    sqlx::query!("update forums set n_topics = $1 where slug = 'general'", n_topics)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("analyze subjects, topics, posts, post_words, title_words").execute(conn).await?;
    Ok(())
}

async fn insert_rows(
    conn: &mut PgConnection,
    [from, upto]: [i64; 2],
    first_user: i64,
    n_people: i64,
    seed: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into subjects (id, kind, author_id, created_at) overriding system value
         select i, case when i % 10 = 0 then 'topic' else 'post' end, $3 + (i * 7919) % $4::bigint, clock_now()
         from generate_series($1::bigint, $2) i",
        from,
        upto,
        first_user,
        n_people,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into topics (id, forum_id, title, n_replies, active_at)
         select i, (select id from forums where slug = 'general'), initcap(w.words), 8, clock_now()
         from generate_series($1::bigint, $2, 10) i
         cross join lateral synthetic_words(i, 6, $3) w (words)",
        from,
        upto,
        seed,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into title_words (word)
         select distinct word from topics t cross join lateral words_of_title(t.title) w (word)
         where t.id between $1 and $2
         on conflict do nothing",
        from,
        upto,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into posts (id, under_id, root_id, is_opening, markdown, html, plain)
         select i, i / 10 * 10, i, i % 10 = 1, w.words, '<p>' || w.words || '</p>', w.words
         from generate_series($1::bigint, $2) i
         cross join lateral synthetic_words(i, 30, $3) w (words)
         where i % 10 > 0",
        from,
        upto,
        seed,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into post_words (post_id, words)
         select p.id, words_of_post(p) from posts p where p.id between $1 and $2
         on conflict do nothing", // where triggers were not skipped, they are there
        from,
        upto,
    )
    .execute(conn)
    .await?;
    Ok(())
}
