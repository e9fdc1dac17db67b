//! Forums through pages and the API: a discussion from its first question to its answer, with no script.

use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::client::Answer;
use crate::world::{Labels, Person, World, sql};

/// The id in an address such as `/topics/12`.
fn id_in(answer: &Answer) -> i64 {
    let path = answer.location().split('#').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default().parse().unwrap()
}

async fn reply(person: &Person, topic: i64, markdown: &str, parent: Option<i64>) -> i64 {
    let draft = json!({ "markdown": markdown, "parent_id": parent });
    let path = format!("/api/v1/topics/{topic}/posts");
    person.api.send_json(Method::POST, &path, &draft).await.expect(201).json()["id"].as_i64().unwrap()
}

async fn topic(person: &Person, title: &str) -> i64 {
    let draft = json!({ "title": title, "markdown": "Text" });
    let opened =
        person.api.send_json(Method::POST, "/api/v1/forums/general/topics", &draft).await.expect(201);
    opened.json()["id"].as_i64().unwrap()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_question_is_asked_answered_and_marked_with_forms_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let empty = world.visitor().get("/c/houses/forum").await.expect(200).text();
    assert!(empty.contains("No topics yet."), "{empty}");
    let wrong = bob.browser.post_form("/c/houses/forum/new", &[("title", "?"), ("text", "x")]).await;
    assert!(wrong.expect(422).text().contains("Say in a few words"));
    let typed = [("title", "Why does it jump?"), ("text", "It **jumps** by $x^2$."), ("act", "preview")];
    let preview = bob.browser.post_form("/c/houses/forum/new", &typed).await.expect(200).text();
    assert!(preview.contains("<strong>jumps</strong>") && preview.contains("It **jumps** by"), "{preview}");
    let opened = bob.browser.post_form("/c/houses/forum/new", &typed[..2]).await.expect_redirect();
    let topic = id_in(&opened);
    let answered =
        ada.browser.post_form(&format!("/topics/{topic}"), &[("text", "Noise.")]).await.expect_redirect();
    let (home, answer) = answered.location().split_once("#post-").unwrap();
    assert_eq!(home, format!("/topics/{topic}"), "a reply is read among the others");
    let answer: i64 = answer.parse().unwrap();
    let page = world.visitor().get(&format!("/topics/{topic}")).await.expect(200).text();
    assert!(page.contains("<strong>jumps</strong>") && page.contains("<msup>"), "{page}");
    assert_eq!(page.matches(">Host</span>").count(), 1, "the host's reply is marked");
    assert!(!page.contains("<textarea") && page.contains("Sign in to reply"));
    let quote = bob.browser.get(&format!("/posts/{answer}/reply?quote=1")).await.expect(200).text();
    assert!(quote.contains("&gt; Noise.") || quote.contains("&#62; Noise."), "{quote}");
    let path = format!("/topics/{topic}/accept");
    ada.browser.post_form(&path, &[("post", &answer.to_string())]).await.expect(403);
    bob.browser.post_form(&path, &[("post", &answer.to_string())]).await.expect_redirect();
    let page = world.visitor().get(&format!("/topics/{topic}")).await.expect(200).text();
    assert!(page.contains("aria-label=\"The answer\""), "{page}");
    let list = world.visitor().get(&arena.api("/topics")).await.expect(200).json();
    assert_eq!(list["items"][0]["is_answered"], true);
    let voted = bob.browser.post_form(&format!("/posts/{answer}/vote"), &[("vote", "up")]).await;
    assert_eq!(voted.expect_redirect().location(), format!("/posts/{answer}#post-{answer}"));
    let told = world.visitor().get(&format!("/api/v1/posts/{answer}")).await.expect(200).json();
    assert_eq!((&told["n_votes"], &told["vote"]), (&json!(1), &json!("none")));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn lists_are_walked_to_their_end_in_every_order(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let mut ids = Vec::new();
    for number in 0..65 {
        ids.push(topic(&ada, &format!("Topic {number}")).await);
    }
    reply(&bob, ids[3], "A reply", None).await;
    sql("insert into votes (subject_id, user_id, value, cast_at)
         select p.id, $1, 1, now() from posts p where p.is_opening and p.id % 3 = 0")
    .bind(bob.id)
    .execute(&world.pool)
    .await
    .unwrap();
    let root = world.admin("root").await;
    let pin = json!({ "is_pinned": true });
    root.api.send_json(Method::PATCH, &format!("/api/v1/topics/{}", ids[0]), &pin).await.expect(200);
    for (order, n_expected) in [("active", 65), ("votes", 65), ("unanswered", 64)] {
        let mut seen: Vec<Value> = Vec::new();
        let mut path = format!("/api/v1/forums/general/topics?order={order}");
        for _ in 0..5 {
            let part = world.visitor().get(&path).await.expect(200).json();
            seen.extend(part["items"].as_array().unwrap().iter().cloned());
            let Some(next) = part["next"].as_str() else { break };
            path = format!("/api/v1/forums/general/topics?order={order}&after={next}");
        }
        let mut found: Vec<_> = seen.iter().map(|topic| topic["id"].as_i64().unwrap()).collect();
        match order {
            "active" => assert_eq!(found[..2], [ids[0], ids[3]], "the pin, then the newest activity"),
            "votes" => assert!(
                seen[1..].windows(2).all(|two| two[0]["n_votes"].as_i64() >= two[1]["n_votes"].as_i64()),
                "most votes first: {seen:?}"
            ),
            _ => assert!(!found.contains(&ids[3])),
        }
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), n_expected, "{order}: without gap or repeat");
    }
    world.visitor().get("/forums/general?after=nonsense").await.expect(404);
    world.visitor().get("/api/v1/forums/general/topics?after=nonsense").await.expect(422);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn threads_are_read_part_by_part_by_time_and_by_votes(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let topic = topic(&ada, "A long one").await;
    let mut firsts = Vec::new();
    for number in 0..30 {
        firsts.push(reply(&ada, topic, &format!("Thread {number}"), None).await);
    }
    let deep = reply(&bob, topic, "Beneath", Some(firsts[0])).await;
    for vote in ["up", "up"] {
        let ballot = json!({ "vote": vote });
        let path = format!("/api/v1/posts/{}/vote", firsts[29]);
        bob.api.send_json(Method::PUT, &path, &ballot).await.expect(200);
    }
    let page = world.visitor().get(&format!("/topics/{topic}")).await.expect(200).text();
    assert!(page.contains("Thread 24") && !page.contains("Thread 25"));
    assert!(page.contains(&format!("depth-1\" id=\"post-{deep}\"")), "{page}");
    let page = world.visitor().get(&format!("/topics/{topic}?sort=votes")).await.expect(200).text();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("Thread 29") < at("Thread 0<"), "most votes first");
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let rest =
        world.visitor().get(&next.replace("&amp;", "&").replace("&#38;", "&")).await.expect(200).text();
    let shown = |number: usize| {
        let words = format!("<p>Thread {number}</p>");
        page.matches(&words).count() + rest.matches(&words).count()
    };
    assert!((0..30).all(|number| shown(number) == 1), "{next}");
    let permanent = world.visitor().get(&format!("/posts/{deep}")).await.expect(200).text();
    assert!(permanent.contains("Thread 0<") && permanent.contains("Beneath"));
    let flat = world.visitor().get(&format!("/api/v1/topics/{topic}/posts?limit=5")).await.expect(200).json();
    assert_eq!((&flat["items"][0]["id"], flat["items"].as_array().unwrap().len()), (&json!(deep), 5));
    let last = ada.browser.post_form(&format!("/topics/{topic}"), &[("text", "Far down")]).await;
    let last = last.expect_redirect().location().to_owned();
    assert!(last.starts_with(&format!("/topics/{topic}?sort=time&after=")), "{last}");
    let (page, post) = last.split_once('#').unwrap();
    let page = ada.browser.get(page).await.expect(200).text();
    assert!(page.contains(&format!("id=\"{post}\"")) && page.contains("Far down"), "{page}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn moderators_arrange_and_everything_they_do_is_on_record(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob, root) = (world.member("ada").await, world.member("bob").await, world.admin("root").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let draft = json!({ "title": "Spam?", "markdown": "Text" });
    let opened = bob.api.send_json(Method::POST, &arena.api("/topics"), &draft).await.expect(201).json();
    let topic = opened["id"].as_i64().unwrap();
    let path = format!("/api/v1/topics/{topic}");
    for change in [json!({"is_pinned": true}), json!({"is_locked": true}), json!({"forum": "general"})] {
        bob.api.send_json(Method::PATCH, &path, &change).await.expect(403);
    }
    ada.api.send_json(Method::PATCH, &path, &json!({"forum": "general"})).await.expect(403);
    ada.browser.post_form(&format!("/topics/{topic}/pin"), &[("on", "yes")]).await.expect_redirect();
    ada.browser.post_form(&format!("/topics/{topic}/lock"), &[("on", "yes")]).await.expect_redirect();
    bob.browser.post_form(&format!("/topics/{topic}"), &[("text", "More")]).await.expect(422);
    root.browser.post_form(&format!("/topics/{topic}/move"), &[("to", "general")]).await.expect_redirect();
    let moved = world.visitor().get(&path).await.expect(200).json();
    assert!(moved.get("competition").is_none() && moved["is_locked"] == json!(true), "{moved}");
    root.api.send_json(Method::PATCH, &path, &json!({"forum": "c/houses"})).await.expect(200);
    root.api.send_json(Method::PATCH, &path, &json!({"forum": "nowhere"})).await.expect(422);
    let form = [("title", "Papers"), ("slug", "papers"), ("description", "What you read.")];
    bob.browser.post_form("/forums", &form).await.expect(403);
    root.browser.post_form("/forums", &form).await.expect_redirect();
    world.visitor().get("/forums/papers").await.expect(200);
    let acts = sql("select action, actor_id from audit_log where action like 'moderate%' order by id");
    let acts = acts.fetch_all(&world.pool).await.unwrap();
    let acts: Vec<(String, i64)> =
        acts.iter().map(|row| (sqlx::Row::get(row, 0), sqlx::Row::get(row, 1))).collect();
    let expected =
        [("pin", ada.id), ("lock", ada.id), ("move", root.id), ("move", root.id), ("open_forum", root.id)];
    assert_eq!(acts, expected.map(|(act, actor)| (format!("moderate_{act}"), actor)));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_was_edited_stays_readable_and_what_was_deleted_does_not(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let topic = topic(&ada, "Edits").await;
    let post = reply(&bob, topic, "First words", None).await;
    let edit = [("text", "Second words")];
    ada.browser.post_form(&format!("/posts/{post}/edit"), &edit).await.expect(403);
    bob.browser.post_form(&format!("/posts/{post}/edit"), &edit).await.expect_redirect();
    let history = world.visitor().get(&format!("/posts/{post}/history")).await.expect(200).text();
    assert!(history.contains("First words") && history.contains("Second words"));
    let versions = world.visitor().get(&format!("/api/v1/posts/{post}/versions")).await.expect(200).json();
    assert_eq!(versions["items"][0]["markdown"], "First words");
    bob.browser.post_form(&format!("/posts/{post}/delete"), &[]).await.expect_redirect();
    for path in [format!("/posts/{post}/history"), format!("/api/v1/posts/{post}/versions")] {
        world.visitor().get(&path).await.expect(404);
        bob.api.get(&path).await;
    }
    for path in [format!("/topics/{topic}"), format!("/posts/{post}"), format!("/api/v1/posts/{post}")] {
        let shown = world.visitor().get(&path).await.expect(200).text();
        assert!(!shown.contains("words"), "{shown}");
    }
    world.close().await;
}
