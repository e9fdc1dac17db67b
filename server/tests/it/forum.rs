//! Topics, posts and votes: the rules, on the real database.

use holdout::accounts::model::Member;
use holdout::error::{AppError, Result};
use holdout::forum::forums::{self, SeenForum};
use holdout::forum::model::Vote;
use holdout::forum::posts::{self, Draft, Edit};
use holdout::forum::subjects::{self, SeenSubject};
use holdout::forum::{topics, votes};
use holdout::ids::{PostId, SubjectId, TopicId};
use sqlx::{PgPool, Row};

use crate::stage::{SLUG, Stage};
use crate::world::sql;

/// A topic of the general forum, with its opening post.
async fn topic(stage: &Stage, author: &Member) -> (TopicId, PostId) {
    let forum = forums::see_general(&stage.app, "general", Some(author)).await.unwrap();
    opened(stage, author, &forum).await
}

async fn opened(stage: &Stage, author: &Member, forum: &SeenForum) -> (TopicId, PostId) {
    let topic = topics::open(&stage.app, author, forum, "Why does it jump?", "Some *text*.").await.unwrap();
    let opening = sql("select id from posts where under_id = $1 and is_opening").bind(topic.0);
    (topic, PostId(opening.fetch_one(&stage.owner).await.unwrap().get(0)))
}

async fn seen(stage: &Stage, id: impl Into<SubjectId>, viewer: &Member) -> SeenSubject {
    subjects::see(&stage.app, id.into(), Some(viewer)).await.unwrap()
}

async fn reply(stage: &Stage, author: &Member, topic: TopicId, parent: Option<PostId>) -> Result<PostId> {
    let seen = seen(stage, topic, author).await;
    posts::write(&stage.app, author, &seen, &Draft { markdown: "An answer".to_owned(), parent }).await
}

async fn vote(stage: &Stage, voter: &Member, post: PostId, vote: Vote) -> Result<i32> {
    votes::cast(&stage.app, voter, &seen(stage, post, voter).await, vote).await
}

/// The kept numbers of everything.
async fn numbers(stage: &Stage) -> Vec<String> {
    let all = sql("select 'forum ' || id || ' ' || n_topics as line from forums
         union all select 'topic ' || id || ' ' || n_replies || ' ' || n_votes || ' ' || active_at from topics
         union all select 'post ' || id || ' ' || n_replies || ' ' || n_votes from posts
         order by line");
    all.fetch_all(&stage.owner).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The kept numbers are those of a recount.
async fn expect_recounted(stage: &Stage) {
    let kept = numbers(stage).await;
    sql("select recount_discussion()").execute(&stage.owner).await.unwrap();
    assert_eq!(kept, numbers(stage).await);
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(AppError::Refused(sentence)) => sentence,
        other => panic!("should be refused: {other:?}"),
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_hundred_votes_of_one_person_at_once_count_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let (topic, opening) = topic(&stage, &ada).await;
    let seen = seen(&stage, opening, &bob).await;
    let cast = |turn: usize| {
        let (app, bob, seen) = (stage.app.clone(), bob.clone(), seen.clone());
        let vote = if turn.is_multiple_of(3) { Vote::Down } else { Vote::Up };
        tokio::spawn(async move { votes::cast(&app, &bob, &seen, vote).await.unwrap() })
    };
    let all: Vec<_> = (0..100).map(cast).collect();
    for one in all {
        let n_votes = one.await.unwrap();
        assert!(n_votes.abs() == 1, "{n_votes}");
    }
    assert_eq!(stage.number("select count(*) from votes").await, 1);
    assert_eq!(votes::cast(&stage.app, &bob, &seen, Vote::Up).await.unwrap(), 1);
    assert_eq!(stage.number("select n_votes::bigint from topics").await, 1, "of its opening post");
    assert_eq!(votes::cast(&stage.app, &bob, &seen, Vote::None).await.unwrap(), 0);
    assert_eq!(votes::cast(&stage.app, &bob, &seen, Vote::None).await.unwrap(), 0, "taken back once");
    expect_recounted(&stage).await;
    let own = votes::cast(&stage.app, &ada, &seen, Vote::Up).await;
    assert!(refusal(own).contains("wrote yourself"));
    let on_topic = subjects::see(&stage.app, topic.into(), Some(&bob)).await.unwrap();
    refusal(votes::cast(&stage.app, &bob, &on_topic, Vote::Up).await);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn numbers_follow_what_is_written_deleted_hidden_and_moved(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let (topic, _) = topic(&stage, &ada).await;
    let first = reply(&stage, &bob, topic, None).await.unwrap();
    let second = reply(&stage, &ada, topic, Some(first)).await.unwrap();
    let third = reply(&stage, &bob, topic, Some(second)).await.unwrap();
    vote(&stage, &ada, first, Vote::Up).await.unwrap();
    vote(&stage, &ada, third, Vote::Down).await.unwrap();
    assert_eq!(stage.number("select n_replies::bigint from topics").await, 3);
    let below = sql("select n_replies from posts where id = $1").bind(first.0);
    assert_eq!(below.fetch_one(&stage.owner).await.unwrap().get::<i32, _>(0), 2, "of the whole thread");
    expect_recounted(&stage).await;
    posts::delete(&stage.app, &bob, &seen(&stage, third, &bob).await).await.unwrap();
    assert_eq!(stage.number("select n_replies::bigint from topics").await, 2);
    expect_recounted(&stage).await;
    for statement in [
        "update subjects set hidden_at = now() where kind = 'post' and deleted_at is null",
        "update subjects set hidden_at = null",
        "update topics set forum_id = (select id from forums where slug = 'questions')",
        "update subjects set hidden_at = now() where kind = 'topic'",
        "update topics set forum_id = (select id from forums where slug = 'general')",
        "update subjects set hidden_at = null where kind = 'topic'",
        "delete from votes",
    ] {
        sql(statement).execute(&stage.owner).await.unwrap();
        expect_recounted(&stage).await;
    }
    assert_eq!(stage.number("select n_topics::bigint from forums where slug = 'general'").await, 1);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn replies_belong_to_one_topic_and_to_what_is_still_there(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let (topic_a, opening) = topic(&stage, &ada).await;
    let (topic_b, _) = topic(&stage, &ada).await;
    let in_a = reply(&stage, &bob, topic_a, None).await.unwrap();
    assert!(matches!(reply(&stage, &ada, topic_b, Some(in_a)).await, Err(AppError::NotFound)));
    assert!(matches!(
        reply(&stage, &ada, topic_a, Some(opening)).await,
        Err(AppError::Field { field: "parent", .. })
    ));
    posts::delete(&stage.app, &bob, &seen(&stage, in_a, &bob).await).await.unwrap();
    refusal(reply(&stage, &ada, topic_a, Some(in_a)).await);
    sql("update topics set locked_at = now() where id = $1")
        .bind(topic_a.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    assert!(refusal(reply(&stage, &ada, topic_a, None).await).contains("locked"));
    let admin = Member { is_admin: true, ..stage.person("root").await };
    reply(&stage, &admin, topic_a, None).await.unwrap();
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_edit_keeps_what_stood_there(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let (_, opening) = topic(&stage, &ada).await;
    let change = |markdown: &str, title: Option<&str>| Edit {
        markdown: markdown.to_owned(),
        title: title.map(str::to_owned),
    };
    let own = seen(&stage, opening, &ada).await;
    posts::edit(&stage.app, &ada, &own, &change("Some *text*.", Some("Why does it jump?"))).await.unwrap();
    assert_eq!(stage.number("select count(*) from post_versions").await, 0, "nothing changed");
    posts::edit(&stage.app, &ada, &own, &change("Other text.", Some("Why?!"))).await.unwrap();
    posts::edit(&stage.app, &ada, &own, &change("Third text.", None)).await.unwrap();
    let versions = sql("select number, title, markdown, html from post_versions order by number");
    let versions: Vec<(i32, String, String, String)> = versions
        .fetch_all(&stage.owner)
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    let written = |number, title: &str, markdown: &str, html: &str| {
        (number, title.to_owned(), markdown.to_owned(), html.to_owned())
    };
    assert_eq!(
        versions,
        [
            written(1, "Why does it jump?", "Some *text*.", "<p>Some <em>text</em>.</p>\n"),
            written(2, "Why?!", "Other text.", "<p>Other text.</p>\n"),
        ]
    );
    refusal(posts::edit(&stage.app, &bob, &seen(&stage, opening, &bob).await, &change("x", None)).await);
    let empty = posts::edit(&stage.app, &ada, &own, &change(" \n", None)).await;
    assert!(matches!(empty, Err(AppError::Field { field: "text", .. })));
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_asker_marks_the_answer_and_an_answered_topic_stays(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let (topic, opening) = topic(&stage, &ada).await;
    let answer = reply(&stage, &bob, topic, None).await.unwrap();
    let as_bob = seen(&stage, topic, &bob).await;
    refusal(topics::accept(&stage.app, &bob, &as_bob, Some(answer)).await);
    let as_ada = seen(&stage, topic, &ada).await;
    let not_a_reply = topics::accept(&stage.app, &ada, &as_ada, Some(opening)).await;
    assert!(matches!(not_a_reply, Err(AppError::NotFound)));
    topics::accept(&stage.app, &ada, &as_ada, Some(answer)).await.unwrap();
    let accepted = stage.number("select accepted_post_id from topics").await;
    assert_eq!(accepted, answer.0);
    topics::accept(&stage.app, &ada, &as_ada, None).await.unwrap();
    let own = seen(&stage, opening, &ada).await;
    assert!(refusal(posts::delete(&stage.app, &ada, &own).await).contains("has answers"));
    posts::delete(&stage.app, &bob, &seen(&stage, answer, &bob).await).await.unwrap();
    posts::delete(&stage.app, &ada, &own).await.unwrap();
    let gone = subjects::see(&stage.app, topic.into(), Some(&bob)).await;
    assert!(matches!(gone, Err(AppError::NotFound)), "with its opening post");
    assert_eq!(stage.number("select n_topics::bigint from forums where slug = 'general'").await, 0);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_may_not_see_a_competition_sees_nothing_of_its_forum(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, eve) = (stage.entrant("ada").await.member, stage.person("eve").await);
    let forum = forums::see_of_competition(&stage.app, SLUG, Some(&ada)).await.unwrap();
    let (topic, opening) = opened(&stage, &ada, &forum).await;
    assert!(subjects::see(&stage.app, opening.into(), None).await.is_ok(), "public");
    sql("update competitions set visibility = 'invitation'").execute(&stage.owner).await.unwrap();
    for viewer in [None, Some(&eve)] {
        for id in [topic.into(), SubjectId::from(opening)] {
            let hidden = subjects::see(&stage.app, id, viewer).await;
            assert!(matches!(hidden, Err(AppError::NotFound)));
        }
        let hidden = forums::see(&stage.app, forum.forum.id, viewer).await;
        assert!(matches!(hidden, Err(AppError::NotFound)));
    }
    assert!(subjects::see(&stage.app, topic.into(), Some(&ada)).await.is_ok());
}
