//! Follows and notifications: whom a post is told, once, and never who may not see it.

use chrono::TimeDelta;
use holdout::accounts::model::Member;
use holdout::accounts::{secret, sessions};
use holdout::competitions::access;
use holdout::forum::forums;
use holdout::forum::posts::{self, Draft, Edit};
use holdout::forum::subjects;
use holdout::forum::topics;
use holdout::ids::{CompetitionId, PostId, TopicId};
use holdout::notifications::model::{Event, MailChoice, Reason, Target};
use holdout::notifications::store::{inbox, mail};
use holdout::notifications::{follow, letters, tell};
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::stage::{SLUG, Stage};
use crate::world::{Labels, World, sql};

async fn open_topic(stage: &Stage, author: &Member, text: &str) -> TopicId {
    let forum = forums::see_general(&stage.app, "general", Some(author)).await.unwrap();
    topics::open(&stage.app, author, &forum, "Why does it jump?", text).await.unwrap()
}

async fn reply(stage: &Stage, author: &Member, topic: TopicId, text: &str, parent: Option<PostId>) -> PostId {
    let seen = subjects::see(&stage.app, topic.into(), Some(author)).await.unwrap();
    let draft = Draft { markdown: text.to_owned(), parent };
    posts::write(&stage.app, author, &seen, &draft).await.unwrap()
}

async fn tell_all(stage: &Stage) {
    while tell::tell_next(&stage.app).await.unwrap() {}
}

/// What somebody was told, oldest first.
async fn told(stage: &Stage, person: &Member) -> Vec<(Event, Reason)> {
    let mut conn = stage.app.db.acquire().await.unwrap();
    let mut told = inbox::list(&mut conn, person.id, i64::MAX, 200).await.unwrap();
    told.reverse();
    told.iter().map(|one| (one.event, one.reason)).collect()
}

async fn follow(stage: &Stage, person: &Member, target: Target) {
    follow::set(&stage.app, person, target, true).await.unwrap();
}

async fn choose(stage: &Stage, person: &Member, choice: MailChoice) {
    let mut conn = stage.app.db.acquire().await.unwrap();
    mail::choose(&mut conn, person.id, choice, choice.due_at(stage.app.clock.now())).await.unwrap();
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whoever_is_concerned_is_told_once_for_the_first_reason(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob, eve) = (stage.person("ada").await, stage.person("bob").await, stage.person("eve").await);
    let general = forums::see_general(&stage.app, "general", None).await.unwrap().forum.id;
    follow(&stage, &bob, Target::Forum(general)).await;
    follow(&stage, &bob, Target::Person(ada.id)).await;
    follow(&stage, &eve, Target::Forum(general)).await;
    let topic = open_topic(&stage, &ada, "Ask @bob, @BOB and @nobody; `@eve` is code. @ada is me.").await;
    tell_all(&stage).await;
    assert_eq!(told(&stage, &bob).await, [(Event::Posted, Reason::Mention)]);
    assert_eq!(told(&stage, &eve).await, [(Event::Posted, Reason::Forum)]);
    assert!(told(&stage, &ada).await.is_empty(), "nobody is told what they did themselves");

    let answer = reply(&stage, &bob, topic, "The noise.", None).await;
    reply(&stage, &ada, topic, "Which?", Some(answer)).await;
    tell_all(&stage).await;
    assert_eq!(told(&stage, &ada).await, [(Event::Posted, Reason::Subject)], "who writes follows");
    assert_eq!(told(&stage, &bob).await[1..], [(Event::Posted, Reason::Reply)], "not as a follower again");
    assert_eq!(told(&stage, &eve).await.len(), 1, "who follows a forum is told of topics alone");

    let seen = subjects::see(&stage.app, topic.into(), Some(&ada)).await.unwrap();
    for accepted in [Some(answer), None, Some(answer)] {
        topics::accept(&stage.app, &ada, &seen, accepted).await.unwrap();
    }
    assert_eq!(told(&stage, &bob).await[2..], [(Event::Accepted, Reason::Own)]);

    let own = subjects::see(&stage.app, answer.into(), Some(&bob)).await.unwrap();
    let edit = Edit { markdown: "The noise, @eve and @ada.".to_owned(), title: None };
    posts::edit(&stage.app, &bob, &own, &edit).await.unwrap();
    tell_all(&stage).await;
    assert_eq!(told(&stage, &eve).await[1..], [(Event::Posted, Reason::Mention)]);
    assert_eq!(told(&stage, &ada).await.len(), 1, "she was told of this post before");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_crash_or_a_hundred_deliveries_at_once_tell_nobody_twice(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.person("ada").await;
    let general = forums::see_general(&stage.app, "general", None).await.unwrap().forum.id;
    for number in 0..20 {
        let person = stage.person(&format!("reader{number}")).await;
        follow(&stage, &person, Target::Forum(general)).await;
        follow(&stage, &person, Target::Person(ada.id)).await;
    }
    for number in 0..5 {
        open_topic(&stage, &ada, &format!("Number {number}, @reader1 and @reader2")).await;
    }
    let again = "insert into tellings (post_id, is_edit) select id, false from posts on conflict do nothing";
    for _ in 0..3 {
        let all = (0..34).map(|_| {
            let app = stage.app.clone();
            tokio::spawn(async move { while tell::tell_next(&app).await.unwrap() {} })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        assert_eq!(stage.number("select count(*) from notifications").await, 20 * 5);
        assert_eq!(stage.number("select count(*) from tellings").await, 0);
        sql(again).execute(&stage.owner).await.unwrap(); // as if the end of the telling was lost
    }

    sql("insert into mail_preferences (user_id, mail) select id, 'immediately' from users")
        .execute(&stage.owner)
        .await
        .unwrap();
    sql("update notifications set mail_at = now()").execute(&stage.owner).await.unwrap();
    let all = (0..8).map(|_| {
        let app = stage.app.clone();
        tokio::spawn(async move { while letters::write_next(&app).await.unwrap() {} })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    let mentions = stage.number(
        "select sum((length(body) - length(replace(body, '/posts/', ''))) / length('/posts/')) from mails",
    );
    assert_eq!(mentions.await, 20 * 5, "every notification is in one letter");
    assert_eq!(stage.number("select count(*) from notifications where mail_at is not null").await, 0);
}

/// The number beside the bell, in a session of their own.
async fn unread(stage: &Stage, member: &Member) -> i64 {
    let (words, now) = (member.username.as_str(), stage.app.clock.now());
    sql("insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $3, $3 + interval '1 day') on conflict do nothing")
    .bind(secret::digest(words).to_vec())
    .bind(member.id.0)
    .bind(now)
    .execute(&stage.owner)
    .await
    .unwrap();
    let (reader, n_unread) =
        sessions::find_reader(&stage.app, words, now).await.unwrap().expect("the session lives");
    assert_eq!(reader.id, member.id);
    n_unread
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_is_told_of_what_they_may_not_see(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob, eve) = (stage.person("ada").await, stage.person("bob").await, stage.person("eve").await);
    let root = Member { is_admin: true, ..stage.person("root").await };
    for statement in [
        "update users set is_admin = true where username = 'root'",
        "update competitions set visibility = 'invitation'",
        "insert into competition_invitations (competition_id, email) select id, 'ada@stage.test' from competitions",
        "insert into competition_invitations (competition_id, email) select id, 'bob@stage.test' from competitions",
    ] {
        sql(statement).execute(&stage.owner).await.unwrap();
    }
    let seen = forums::see_of_competition(&stage.app, SLUG, Some(&bob)).await.unwrap();
    for person in [&ada, &eve, &root] {
        follow(&stage, person, Target::Forum(seen.forum.id)).await;
    }
    let topic = topics::open(&stage.app, &bob, &seen, "For us alone", "A secret, @eve.").await.unwrap();
    tell_all(&stage).await;
    assert_eq!(told(&stage, &ada).await, [(Event::Posted, Reason::Forum)]);
    assert_eq!(told(&stage, &root).await, [(Event::Posted, Reason::Forum)]);
    assert_eq!(stage.number("select count(*) from notifications").await, 2, "nothing for eve");
    assert_eq!(unread(&stage, &ada).await, 1);

    sql("delete from competition_invitations where email = 'ada@stage.test'")
        .execute(&stage.owner)
        .await
        .unwrap();
    assert!(told(&stage, &ada).await.is_empty(), "not any more");
    assert_eq!(unread(&stage, &ada).await, 0);
    stage_mails_nothing_to(&stage, &ada).await;

    follow(&stage, &root, Target::Subject(topic.into())).await;
    let hidden = reply(&stage, &bob, topic, "Hidden before anybody was told", None).await;
    sql("update subjects set hidden_at = now() where id = $1")
        .bind(hidden.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    tell_all(&stage).await;
    assert_eq!(told(&stage, &root).await.len(), 1);
}

/// Lets the daily letters go out.
async fn stage_mails_nothing_to(stage: &Stage, person: &Member) {
    sql("update notifications set mail_at = now() - interval '1 hour'").execute(&stage.owner).await.unwrap();
    while letters::write_next(&stage.app).await.unwrap() {}
    let to = sql("select count(*) from mails where to_address = $1 || '@stage.test'").bind(&person.username);
    assert_eq!(to.fetch_one(&stage.owner).await.unwrap().get::<i64, _>(0), 0);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn news_is_mailed_to_confirmed_addresses_alone(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob, eve) = (stage.person("ada").await, stage.person("bob").await, stage.person("eve").await);
    sql("update users set email_confirmed_at = null where username = 'eve'")
        .execute(&stage.owner)
        .await
        .unwrap();
    let topic = open_topic(&stage, &ada, "A question to @bob and @eve.").await;
    tell_all(&stage).await;
    for person in [&bob, &eve] {
        assert_eq!(told(&stage, person).await.len(), 1, "on the site everybody is told");
    }
    stage_mails_nothing_to(&stage, &eve).await;
    assert_eq!(stage.number("select count(*) from mails where to_address = 'bob@stage.test'").await, 1);
    sql("update users set email_confirmed_at = now()").execute(&stage.owner).await.unwrap();
    reply(&stage, &ada, topic, "And another to @eve.", None).await;
    tell_all(&stage).await;
    sql("update notifications set mail_at = now() - interval '1 hour' where mail_at is not null")
        .execute(&stage.owner)
        .await
        .unwrap();
    while letters::write_next(&stage.app).await.unwrap() {}
    assert_eq!(stage.number("select count(*) from mails where to_address = 'eve@stage.test'").await, 1);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_database_and_the_program_agree_who_sees_a_competition(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let names = ["ada", "bob", "eve", "root"];
    let mut people = Vec::new();
    for name in names {
        people.push(stage.person(name).await);
    }
    people[3].is_admin = true;
    sql("update users set is_admin = true where username = 'root'").execute(&stage.owner).await.unwrap();
    holdout::teams::join::join(&stage.app, &people[0], SLUG).await.unwrap();
    sql("insert into competition_invitations (competition_id, email) select id, 'bob@stage.test' from competitions")
        .execute(&stage.owner)
        .await
        .unwrap();
    let host: i64 = stage.number("select id from users where username = 'host'").await;
    sql("insert into competition_hosts (competition_id, user_id) select id, created_by from competitions")
        .execute(&stage.owner)
        .await
        .unwrap();
    people.push(Member {
        id: holdout::ids::UserId(host),
        username: "host".to_owned(),
        display_name: "Host".to_owned(),
        is_admin: false,
        has_confirmed_email: true,
    });
    let mut n_seen = 0;
    for change in [
        "update competitions set visibility = 'public'",
        "update competitions set visibility = 'unlisted'",
        "update competitions set visibility = 'invitation'",
        "update competitions set launched_at = null",
    ] {
        sql(change).execute(&stage.owner).await.unwrap();
        for person in &people {
            let id = CompetitionId(stage.competition_id);
            let in_program = access::see_by_id(&stage.app, id, Some(person)).await.is_ok();
            let in_database = sql("select sees_competition($1, $2)").bind(person.id.0).bind(id.0);
            let in_database: bool = in_database.fetch_one(&stage.owner).await.unwrap().get(0);
            assert_eq!(in_program, in_database, "{} after {change}", person.username);
            n_seen += usize::from(in_program);
        }
    }
    assert_eq!(n_seen, 5 + 5 + 4 + 2);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn letters_go_out_at_once_daily_or_never(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.person("ada").await;
    let (bob, _, max) = (stage.person("bob").await, stage.person("eve").await, stage.person("max").await);
    choose(&stage, &bob, MailChoice::Immediately).await;
    choose(&stage, &max, MailChoice::Never).await;
    for text in ["One, @bob @eve @max", "Two, @bob @eve @max"] {
        open_topic(&stage, &ada, text).await;
        tell_all(&stage).await;
        while letters::write_next(&stage.app).await.unwrap() {}
    }
    let letters_to = async |name: &str| {
        let to =
            sql("select body, unsubscribe_url from mails where to_address = $1 || '@stage.test'").bind(name);
        let rows = to.fetch_all(&stage.owner).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect::<Vec<(String, String)>>()
    };
    assert_eq!(letters_to("bob").await.len(), 2);
    assert!(letters_to("eve").await.is_empty());
    sql("update notifications set mail_at = mail_at - interval '1 day' where mail_at is not null")
        .execute(&stage.owner)
        .await
        .unwrap();
    while letters::write_next(&stage.app).await.unwrap() {}
    let daily = letters_to("eve").await;
    assert_eq!(daily.len(), 1, "all in one");
    let (body, unsubscribe_url) = &daily[0];
    assert!(body.contains("> One") && body.contains("> Two") && body.contains(unsubscribe_url), "{body}");
    assert!(unsubscribe_url.starts_with("http://stage.test/unsubscribe/"));
    assert!(letters_to("max").await.is_empty() && letters_to("ada").await.is_empty());
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_site_counts_lists_opens_and_stops(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let none = json!({});
    for path in ["/api/v1/forums/general/follow", &arena.api("/forum/follow"), "/api/v1/users/ada/follow"] {
        bob.api.send_json(Method::PUT, path, &none).await.expect(204);
    }
    bob.api.send_json(Method::PUT, "/api/v1/users/bob/follow", &none).await.expect(403);
    let topic = json!({"title": "Why does it jump?", "markdown": "It *jumps*, @bob."});
    let path = arena.api("/topics");
    let opened = ada.api.send_json(Method::POST, &path, &topic).await.expect(201).json();
    while tell::tell_next(&world.app).await.unwrap() {}

    let head = bob.browser.get("/forums").await.expect(200).text();
    assert!(head.contains("class=\"badge\">1<"), "{head}");
    assert!(!ada.browser.get("/forums").await.expect(200).text().contains("class=\"badge\""));
    let list = bob.browser.get("/notifications").await.expect(200).text();
    assert!(list.contains("mentioned you in") && list.contains("It jumps, @bob."), "{list}");
    let told = bob.api.get("/api/v1/notifications").await.expect(200).json();
    assert_eq!(
        (&told["items"][0]["reason"], &told["items"][0]["read_at"]),
        (&json!("mention"), &json!(null))
    );
    let open = format!("/notifications/{}", told["items"][0]["id"]);
    ada.browser.send(Method::POST, &open, None, "".into()).await.expect(404);
    let opened_at = bob.browser.send(Method::POST, &open, None, "".into()).await.expect(303);
    let post = opened["id"].as_i64().unwrap() + 1;
    assert_eq!(opened_at.location(), format!("/posts/{post}#post-{post}"));
    assert!(!bob.browser.get("/forums").await.expect(200).text().contains("class=\"badge\""));

    let follows = bob.api.get("/api/v1/me/follows").await.expect(200).json();
    assert_eq!(follows["items"].as_array().unwrap().len(), 3);
    let settings = bob.browser.get("/settings/notifications").await.expect(200).text();
    assert!(
        settings.contains("action=\"/u/ada/follow\"")
            && settings.contains("action=\"/c/houses/forum/follow\"")
    );
    bob.api.send_json(Method::DELETE, "/api/v1/users/ada/follow", &none).await.expect(204);
    let follows = bob.api.get("/api/v1/me/follows").await.expect(200).json();
    assert_eq!(follows["items"].as_array().unwrap().len(), 2);

    let settings = json!({"mail": "immediately"});
    bob.api.send_json(Method::PUT, "/api/v1/me/notification-settings", &settings).await.expect(200);
    let token: uuid::Uuid = sql("select unsubscribe_token from mail_preferences where user_id = $1")
        .bind(bob.id)
        .fetch_one(&world.pool)
        .await
        .unwrap()
        .get(0);
    let stop = format!("/unsubscribe/{token}");
    world.visitor().get(&stop).await.expect(200);
    let kept = bob.api.get("/api/v1/me/notification-settings").await.expect(200).json();
    assert_eq!(kept["mail"], "immediately", "looking at the page stops nothing");
    let one_click = ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click");
    world.visitor().send(Method::POST, &stop, Some(one_click.0), one_click.1.into()).await.expect(200);
    let kept = bob.api.get("/api/v1/me/notification-settings").await.expect(200).json();
    assert_eq!(kept["mail"], "never");
    let other = format!("/unsubscribe/{}", uuid::Uuid::new_v4());
    world.visitor().send(Method::POST, &other, Some(one_click.0), one_click.1.into()).await.expect(404);
    world.let_pass(TimeDelta::days(31)).await;
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_front_page_shows_a_member_what_is_theirs(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let hidden = world.open_competition(&ada, "boats", &Labels::regression()).await;
    sql("update competitions set visibility = 'invitation' where slug = 'boats'")
        .execute(&world.pool)
        .await
        .unwrap();
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    bob.api.send_json(Method::PUT, "/api/v1/users/ada/follow", &json!({})).await.expect(204);
    for (path, title) in [(arena.api("/topics"), "For everybody"), (hidden.api("/topics"), "For few")] {
        let topic = json!({"title": title, "markdown": "Hello @bob"});
        ada.api.send_json(Method::POST, &path, &topic).await.expect(201);
    }
    while tell::tell_next(&world.app).await.unwrap() {}
    let page = bob.browser.get("/").await.expect(200).text();
    assert!(
        page.contains("You take part") && page.contains("/c/houses/leaderboard\">1</a> of 1 team"),
        "{page}"
    );
    assert!(page.contains("1 unread notification<"), "{page}");
    assert!(page.contains("ada adason opened \u{201c}For everybody\u{201d}"), "{page}");
    assert!(page.contains("Being discussed") && !page.contains("For few"), "{page}");
    let page = world.visitor().get("/").await.expect(200).text();
    assert!(page.contains("For everybody") && !page.contains("For few") && !page.contains("You take part"));
    world.close().await;
}
