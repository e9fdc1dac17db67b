//! Reports, decisions, suspensions, newcomers: who may do what, and that it is on record.

use chrono::TimeDelta;
use holdout::accounts::model::Member;
use holdout::admin::suspend;
use holdout::error::{AppError, Result};
use holdout::forum::forums;
use holdout::forum::posts::{self, Draft};
use holdout::forum::subjects;
use holdout::forum::topics;
use holdout::ids::{PostId, TopicId};
use holdout::moderation::model::{Complaint, Decision};
use holdout::moderation::{act, newcomers, report};
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::stage::{SLUG, Stage};
use crate::world::{Labels, World, sql};

async fn open_topic(stage: &Stage, author: &Member) -> TopicId {
    let forum = forums::see_of_competition(&stage.app, SLUG, Some(author)).await.unwrap();
    topics::open(&stage.app, author, &forum, "Why does it jump?", "Some text").await.unwrap()
}

async fn reply(stage: &Stage, author: &Member, topic: TopicId) -> Result<PostId> {
    let seen = subjects::see(&stage.app, topic.into(), Some(author)).await?;
    posts::write(&stage.app, author, &seen, &Draft { markdown: "Spam".to_owned(), parent: None }).await
}

async fn report(stage: &Stage, reporter: &Member, post: PostId) -> Result<()> {
    let seen = subjects::see(&stage.app, post.into(), Some(reporter)).await?;
    report::file(&stage.app, reporter, &seen, Complaint::Spam, "Again").await
}

async fn decide(
    stage: &Stage,
    moderator: &Member,
    post: PostId,
    decision: Decision,
    words: &str,
) -> Result<()> {
    let seen = subjects::see(&stage.app, post.into(), Some(moderator)).await?;
    act::decide(&stage.app, moderator, &seen, decision, words).await
}

async fn host(stage: &Stage) -> Member {
    let host = stage.person("grace").await;
    sql("insert into competition_hosts (competition_id, user_id) values ($1, $2)")
        .bind(stage.competition_id)
        .bind(host.id.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    host
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(AppError::Refused(sentence)) => sentence,
        other => panic!("should be refused: {other:?}"),
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn one_report_a_person_a_post_and_decisions_are_on_record(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob, host) = (stage.person("ada").await, stage.person("bob").await, host(&stage).await);
    let topic = open_topic(&stage, &ada).await;
    let post = reply(&stage, &bob, topic).await.unwrap();
    report(&stage, &ada, post).await.unwrap();
    assert!(refusal(report(&stage, &ada, post).await).contains("already"));
    assert!(refusal(report(&stage, &bob, post).await).contains("own post"));
    assert_eq!(stage.number("select count(*) from reports where closed_at is null").await, 1);

    for stranger in [&ada, &bob] {
        refusal(decide(&stage, stranger, post, Decision::Hide, "").await);
    }
    decide(&stage, &host, post, Decision::Hide, "Not here.").await.unwrap();
    assert_eq!(stage.number("select count(*) from reports where closed_at is null").await, 0);
    let as_ada = subjects::see(&stage.app, post.into(), Some(&ada)).await.unwrap();
    assert!(as_ada.require_readable().is_err(), "hidden");
    let as_host = subjects::see(&stage.app, post.into(), Some(&host)).await.unwrap();
    assert!(as_host.require_readable().is_ok(), "its text is kept for moderators");
    refusal(report(&stage, &ada, post).await);

    decide(&stage, &host, post, Decision::Show, "").await.unwrap();
    let as_ada = subjects::see(&stage.app, post.into(), Some(&ada)).await.unwrap();
    assert!(as_ada.require_readable().is_ok());
    let without_words = decide(&stage, &host, post, Decision::Warn, " ").await;
    assert!(matches!(without_words, Err(AppError::Field { field: "words", .. })));
    decide(&stage, &host, post, Decision::Warn, "Do not advertise.").await.unwrap();
    assert!(refusal(decide(&stage, &host, post, Decision::Warn, "Again").await).contains("already"));

    let told = sql("select event, words, actor_id from notifications where user_id = $1 order by id");
    let told: Vec<(String, String, Option<i64>)> = told
        .bind(bob.id.0)
        .fetch_all(&stage.owner)
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let of = |event: &str, words: &str| (event.to_owned(), words.to_owned(), None);
    assert_eq!(told, [of("hidden", "Not here."), of("warned", "Do not advertise.")], "by nobody named");
    let acts = sql("select action from audit_log where actor_id = $1 and competition_id = $2 order by id");
    let acts = acts.bind(host.id.0).bind(stage.competition_id).fetch_all(&stage.owner).await.unwrap();
    let acts: Vec<String> = acts.iter().map(|row| row.get(0)).collect();
    assert_eq!(acts, ["moderate_hide", "moderate_show", "moderate_warn"]);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_topic_goes_with_its_opening_post(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob, host) = (stage.person("ada").await, stage.person("bob").await, host(&stage).await);
    let topic = open_topic(&stage, &ada).await;
    let opening = sql("select id from posts where is_opening").fetch_one(&stage.owner).await.unwrap();
    let opening = PostId(opening.get(0));
    decide(&stage, &host, opening, Decision::Hide, "").await.unwrap();
    assert!(matches!(subjects::see(&stage.app, topic.into(), Some(&bob)).await, Err(AppError::NotFound)));
    assert!(matches!(reply(&stage, &bob, topic).await, Err(AppError::NotFound)));
    let as_author = subjects::see(&stage.app, topic.into(), Some(&ada)).await.unwrap();
    assert!(as_author.require_readable().is_ok(), "its author reads it");
    assert!(refusal(reply(&stage, &ada, topic).await).contains("hidden"), "and writes nothing there");
    decide(&stage, &host, opening, Decision::Show, "").await.unwrap();
    reply(&stage, &bob, topic).await.unwrap();
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn newcomers_write_ten_posts_an_hour_even_at_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    sql("update users set created_at = now() - interval '30 days' where username = 'ada'")
        .execute(&stage.owner)
        .await
        .unwrap();
    let topic = open_topic(&stage, &ada).await;
    let seen = subjects::see(&stage.app, topic.into(), Some(&bob)).await.unwrap();
    let all = (0..30).map(|_| {
        let (app, bob, seen) = (stage.app.clone(), bob.clone(), seen.clone());
        let draft = Draft { markdown: "Spam".to_owned(), parent: None };
        tokio::spawn(async move { posts::write(&app, &bob, &seen, &draft).await })
    });
    let mut n_refused = 0;
    for one in all.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(_) => {}
            Err(AppError::TooMany { message, retry_after_seconds }) => {
                assert!(message.contains("You can write again at"), "{message}");
                assert!((1..=3600).contains(&retry_after_seconds), "{retry_after_seconds}");
                n_refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(n_refused, 30 - newcomers::MOST_POSTS);
    for _ in 0..15 {
        reply(&stage, &ada, topic).await.unwrap();
    }
    sql("update subjects set created_at = created_at - interval '1 hour'")
        .execute(&stage.owner)
        .await
        .unwrap();
    reply(&stage, &bob, topic).await.unwrap();
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_suspension_ends_sessions_and_itself(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, root) = (world.member("ada").await, world.admin("root").await);
    let path = format!("/api/v1/admin/users/{}/suspend", ada.id);
    root.api.send_json(Method::POST, &path, &json!({"days": 0})).await.expect(422);
    root.api.send_json(Method::POST, &path, &json!({"days": 7})).await.expect(204);
    ada.api.get("/api/v1/me").await.expect(401);
    let n_sessions = sql("select count(*) from sessions where user_id = $1").bind(ada.id);
    assert_eq!(n_sessions.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 0);
    let topic = json!({"title": "Let me in", "markdown": "Please"});
    ada.api.send_json(Method::POST, "/api/v1/forums/general/topics", &topic).await.expect(401);
    suspend::lift_what_is_over(&world.app).await.unwrap();
    ada.api.get("/api/v1/me").await.expect(401);
    world.let_pass(TimeDelta::days(7)).await;
    suspend::lift_what_is_over(&world.app).await.unwrap();
    ada.api.get("/api/v1/me").await.expect(200);
    let log = root.api.get("/api/v1/moderation/log").await.expect(200).json();
    assert_eq!(log["items"][0]["act"], "suspend", "{log}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_look_after_their_competitions_and_administrators_after_all(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, other) = (world.member("ada").await, world.member("grace").await);
    let (bob, eve, root) = (world.member("bob").await, world.member("eve").await, world.admin("root").await);
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    world.open_competition(&other, "boats", &Labels::regression()).await;
    let topic = json!({"title": "Buy my features", "markdown": "Cheap."});
    let opened = bob.api.send_json(Method::POST, &arena.api("/topics"), &topic).await.expect(201).json();
    let post = opened["id"].as_i64().unwrap() + 1;
    let path = format!("/posts/{post}/report");
    eve.browser.get(&path).await.expect(200);
    let wrong = eve.browser.post_form(&path, &[("words", "no reason")]).await;
    assert!(wrong.text().contains("Choose what is wrong"), "{}", wrong.text());
    eve.browser.post_form(&path, &[("reason", "spam"), ("words", "Look")]).await.expect(303);

    for (person, status) in [(&host, 200), (&root, 200), (&other, 200), (&bob, 404), (&eve, 404)] {
        let queue = person.browser.get("/moderation").await.expect(status);
        let is_theirs = person.name == host.name || person.name == root.name;
        assert_eq!(queue.text().contains("Buy my features"), is_theirs, "{}", person.name);
        person.browser.get("/moderation/log").await.expect(status);
        person.api.get("/api/v1/moderation/reports").await.expect(status);
    }
    let act = format!("/posts/{post}/moderate");
    for person in [&other, &bob, &eve] {
        person.browser.post_form(&act, &[("act", "hide")]).await.expect(403);
    }
    let hide = [("act", "hide"), ("words", "Elsewhere, please."), ("from", "queue")];
    host.browser.post_form(&act, &hide).await.expect(303);
    world.visitor().get(&format!("/topics/{}", opened["id"])).await.expect(404);
    let told = bob.browser.get("/notifications").await.expect(200).text();
    assert!(told.contains("Elsewhere, please.") && !told.contains("ada"), "{told}");
    assert!(host.browser.get("/moderation/log").await.expect(200).text().contains("Elsewhere, please."));
    assert!(!other.browser.get("/moderation/log").await.expect(200).text().contains("Elsewhere, please."));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn authors_read_what_was_hidden_of_theirs_and_why(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob, root) = (world.member("ada").await, world.member("bob").await, world.admin("root").await);
    let topic = json!({"title": "Why does it jump?", "markdown": "An opening text"});
    let topic =
        ada.api.send_json(Method::POST, "/api/v1/forums/general/topics", &topic).await.expect(201).json();
    let id = &topic["id"];
    let topic = ada.api.get(&format!("/api/v1/topics/{id}")).await.expect(200).json();
    let opening = topic["opening_post"]["id"].clone();
    let reply = json!({"markdown": "A hasty reply"});
    let path = format!("/api/v1/topics/{id}/posts");
    let reply = bob.api.send_json(Method::POST, &path, &reply).await.expect(201).json()["id"].clone();
    let hide = async |post: &serde_json::Value, words: &str| {
        let asked = json!({"decision": "hide", "words": words});
        root.api.send_json(Method::POST, &format!("/api/v1/posts/{post}/moderate"), &asked).await.expect(204);
    };
    hide(&reply, "Stay calm.").await;
    let page = format!("/topics/{id}");
    let as_bob = bob.browser.get(&page).await.expect(200).text();
    assert!(as_bob.contains("A hasty reply") && as_bob.contains("“Stay calm.”"), "{as_bob}");
    let as_ada = ada.browser.get(&page).await.expect(200).text();
    assert!(!as_ada.contains("A hasty reply") && !as_ada.contains("Stay calm."), "{as_ada}");
    hide(&opening, "Not a question.").await;
    let notices = ada.api.get("/api/v1/notifications").await.expect(200).json();
    let hidden =
        notices["items"].as_array().unwrap().iter().find(|notice| notice["event"] == "hidden").unwrap();
    let address = hidden["address"].as_str().unwrap().split('#').next().unwrap();
    let went = ada.browser.get(address).await.expect(303);
    let as_ada = ada.browser.get(went.location()).await.expect(200).text();
    assert!(as_ada.contains("An opening text") && as_ada.contains("“Not a question.”"), "{as_ada}");
    assert!(!as_ada.contains("id=\"text\""), "no form to reply with");
    for path in [&page, address] {
        bob.browser.get(path).await.expect(404);
        world.visitor().get(path).await.expect(404);
    }
    let change = json!({"markdown": "Mended"});
    ada.api.send_json(Method::PATCH, &format!("/api/v1/posts/{opening}"), &change).await.expect(403);
    world.close().await;
}
