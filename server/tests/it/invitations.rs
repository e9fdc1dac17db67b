//! Invitations by address: who is told, how often, in which words, and where they find what they are invited to.

use chrono::TimeDelta;
use holdout::notifications::letters;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::command_line::Shell;
use crate::lab::registered;
use crate::world::{Arena, Labels, Person, World, composed_sql, sql};

async fn count(world: &World, what: &str) -> i64 {
    composed_sql(format!("select count(*) from {what}")).fetch_one(&world.pool).await.unwrap().get(0)
}

async fn invite(host: &Person, arena: &Arena, emails: &[String]) {
    let wish = json!({ "visibility": "invitation", "emails": emails });
    host.api.send_json(Method::PATCH, &arena.api(""), &wish).await.expect(200);
}

async fn tell(host: &Person, arena: &Arena, wish: Value, status: u16) -> Value {
    let letters = arena.api("/invitations/letters");
    host.api.send_json(Method::POST, &letters, &wish).await.expect(status).json()
}

async fn stated(host: &Person, arena: &Arena, email: &str) -> Value {
    let listed = host.api.get(&arena.api("/invitations")).await.expect(200).json();
    let addresses = listed["addresses"].as_array().unwrap();
    addresses.iter().find(|one| one["email"] == email).expect("the address is listed").clone()
}

const LETTERS: &str = "mails where subject like 'You are invited to a competition%'";

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_stranger_is_told_by_a_letter_and_a_member_on_the_site(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, eve] = [world.member("ada").await, world.member("bob").await, world.member("eve").await];
    let arena = world.open_competition(&ada, "club", &Labels::regression()).await;
    let title = json!({ "title": "Win at http://evil.test now" });
    ada.api.send_json(Method::PATCH, &arena.api(""), &title).await.expect(200);
    invite(&ada, &arena, &["bob@people.test".into(), "new@people.test".into()]).await;

    assert_eq!(count(&world, LETTERS).await, 1, "a member is told on the site");
    let letter = sql("select to_address, body from mails where subject like 'You are invited%'");
    let letter = letter.fetch_one(&world.pool).await.unwrap();
    let (to, body): (String, String) = (letter.get(0), letter.get(1));
    assert_eq!(to, "new@people.test");
    assert!(body.contains("/register?next=/c/club") && body.contains("The member ada of"), "{body}");
    assert!(body.contains("“Win at … now”") && !body.contains("evil"), "{body}");
    let told = bob.api.get("/api/v1/notifications").await.expect(200).json();
    assert_eq!(
        (&told["items"][0]["event"], &told["items"][0]["reason"]),
        (&json!("invited"), &json!("invited"))
    );
    while letters::write_next(&world.app).await.unwrap() {}
    assert_eq!(
        count(&world, "mails where to_address = 'bob@people.test'").await,
        1,
        "by mail as they choose"
    );

    let home = bob.browser.get("/").await.expect(200).text();
    assert!(home.contains("You are invited") && home.contains("/c/club"), "{home}");
    assert!(!eve.browser.get("/").await.expect(200).text().contains("/c/club"));
    let mine = bob.api.get("/api/v1/me/competitions").await.expect(200).json();
    assert_eq!(mine["invited"][0]["slug"], "club");
    let shell = Shell::of(&world, &bob).await;
    assert_eq!(shell.json(&["competitions", "--mine"]).await["items"][0]["role"], "invited");

    // The stranger registers as the letter says; the address counts once it is confirmed.
    let new = registered(&world, "new").await;
    assert!(!new.get("/").await.expect(200).text().contains("You are invited"));
    sql("update users set email_confirmed_at = clock_now() where username = 'new'")
        .execute(&world.pool)
        .await
        .unwrap();
    assert!(new.get("/").await.expect(200).text().contains("You are invited"));
    arena.join(&bob).await;
    assert!(!bob.browser.get("/").await.expect(200).text().contains("You are invited"), "bob takes part");
    assert_eq!(stated(&ada, &arena, "bob@people.test").await["takes_part"], true);
    let waiting = stated(&ada, &arena, "new@people.test").await;
    assert!(waiting["takes_part"] == false && waiting["told_at"].is_string(), "{waiting}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_learns_nothing_of_who_has_an_address(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let _bob = world.member("bob").await;
    let _unconfirmed = registered(&world, "eve").await;
    let arena = world.open_competition(&ada, "club", &Labels::regression()).await;
    let inside = world.member("ivy").await;
    arena.join(&inside).await;
    let names = ["bob", "eve", "ivy", "nobody"];
    invite(&ada, &arena, &names.map(|name| format!("{name}@people.test"))).await;
    let page = ada.browser.get("/c/club/host/visibility").await.expect(200).text();
    let row = |name: &str| {
        let (_, rest) = page.split_once(&format!("<th scope=\"row\">{name}@")).expect("a row");
        rest.split("</tr>").next().unwrap().replace(name, "")
    };
    assert_eq!(row("bob"), row("nobody"));
    assert_eq!(row("eve"), row("nobody"));
    assert_eq!(row("ivy"), row("nobody"), "ivy took part before a host tried the address");
    assert_eq!(
        count(&world, LETTERS).await,
        2,
        "an address that nobody confirmed is its owner's all the same"
    );
    assert_eq!(count(&world, "notifications where event = 'invited'").await, 1);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn few_invitations_go_out_a_day_and_none_twice(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let arena = world.open_competition(&ada, "club", &Labels::regression()).await;
    let many: Vec<String> = (0..130).map(|number| format!("pupil-{number:03}@people.test")).collect();
    invite(&ada, &arena, &many).await;
    assert_eq!(count(&world, LETTERS).await, 100);
    tell(&ada, &arena, json!({}), 403).await;
    // Whoever leaves the list and comes back makes no room for more.
    invite(&ada, &arena, &[]).await;
    invite(&ada, &arena, &many).await;
    assert_eq!(count(&world, LETTERS).await, 100);
    let page = ada.browser.get("/c/club/host/visibility").await.expect(200).text();
    assert!(page.contains("Notify 130 people not notified yet"), "{page}");

    world.let_pass(TimeDelta::hours(25)).await;
    assert_eq!(tell(&ada, &arena, json!({}), 200).await, json!({ "n_told": 100, "n_waiting": 30 }));
    let first = &many[0];
    tell(&ada, &arena, json!({ "emails": [first] }), 403).await; // told today
    tell(&ada, &arena, json!({ "emails": ["stranger@people.test"] }), 422).await;
    tell(&bob, &arena, json!({}), 404).await;
    world.visitor().send_json(Method::POST, &arena.api("/invitations/letters"), &json!({})).await.expect(401);
    world.let_pass(TimeDelta::hours(50)).await;
    assert_eq!(tell(&ada, &arena, json!({ "emails": [first] }), 200).await["n_told"], 1);
    world.let_pass(TimeDelta::hours(75)).await;
    tell(&ada, &arena, json!({ "emails": [first] }), 403).await; // three within a week
    let other = world.open_competition(&cleo, "other", &Labels::regression()).await;
    let before = count(&world, LETTERS).await;
    invite(&cleo, &other, std::slice::from_ref(first)).await;
    assert_eq!(count(&world, LETTERS).await, before, "whoever invites");
    world.let_pass(TimeDelta::days(12)).await;
    holdout::accounts::sweep::sweep(&world.app).await.unwrap();
    assert_eq!(count(&world, "invitation_letters").await, 0);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_is_told_of_a_draft_or_for_a_host_whose_address_is_not_confirmed(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "club", &Labels::regression()).await;
    let wish = json!({ "visibility": "unlisted", "emails": ["new@people.test"] });
    ada.api.send_json(Method::PATCH, &arena.api(""), &wish).await.expect(200);
    tell(&ada, &arena, json!({}), 403).await;
    assert_eq!(count(&world, LETTERS).await, 0, "everybody sees it");
    sql("update users set email_confirmed_at = null").execute(&world.pool).await.unwrap();
    invite(&ada, &arena, &["new@people.test".into(), "other@people.test".into()]).await;
    tell(&ada, &arena, json!({}), 403).await;
    assert_eq!(count(&world, LETTERS).await, 0, "ada's own address is not confirmed");
    sql("update users set email_confirmed_at = clock_now()").execute(&world.pool).await.unwrap();
    let hers = Shell::of(&world, &ada).await;
    let shown = hers.json(&["host", "invitations", "club", "--tell-rest"]).await;
    assert_eq!(shown["emails"], json!(["new@people.test", "other@people.test"]));
    assert_eq!(count(&world, LETTERS).await, 2);
    let draft = json!({ "title": "Draft of mine", "slug": "draft-of-mine" });
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let wish = json!({ "visibility": "invitation", "emails": ["third@people.test"] });
    ada.api.send_json(Method::PATCH, "/api/v1/competitions/draft-of-mine", &wish).await.expect(200);
    assert_eq!(count(&world, LETTERS).await, 2, "a draft is nobody's business");
    let form = [("email", "third@people.test")];
    ada.browser.post_form("/c/draft-of-mine/host/visibility/letters", &form).await.expect(422);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_class_and_its_results_are_matched_by_addresses_that_their_owners_show(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, eve] = [world.member("ada").await, world.member("bob").await, world.member("eve").await];
    let [cleo, dan] = [world.member("cleo").await, world.member("dan").await];
    let arena = world.open_competition(&ada, "club", &Labels::regression()).await;
    let class = ["bob", "eve", "dan"].map(|name| format!("{name}@people.test"));
    invite(&ada, &arena, &class).await;
    sql("insert into competition_guests (competition_id, user_id, came_at) values ($1, $2, clock_now())")
        .bind(arena.id)
        .bind(cleo.id)
        .execute(&world.pool)
        .await
        .unwrap();

    let page = bob.browser.get("/c/club/join").await.expect(200).text();
    assert!(page.contains("bob@people.test, which they invited") && page.contains("checked"), "{page}");
    assert!(!cleo.browser.get("/c/club/join").await.expect(200).text().contains("show_invited_address"));
    bob.browser.post_form("/c/club/join", &[("show_invited_address", "1")]).await.expect_redirect();
    eve.browser.post_form("/c/club/join", &[]).await.expect_redirect();
    let wish = json!({ "accept_rules": true, "show_invited_address": true });
    cleo.api.send_json(Method::POST, &arena.api("/join"), &wish).await.expect(201);
    Shell::of(&world, &dan).await.json(&["join", "club", "--show-address"]).await;

    let matched = async || {
        let listed = ada.api.get(&arena.api("/participants")).await.expect(200).json();
        let people = listed["items"].as_array().unwrap().iter();
        people.map(|one| (one["username"].clone(), one["invited_as"].clone())).collect::<Vec<_>>()
    };
    let [shown_bob, shown_dan] = ["bob", "dan"].map(|name| json!(format!("{name}@people.test")));
    let expected = [
        (json!("dan"), shown_dan),
        (json!("cleo"), Value::Null),
        (json!("eve"), Value::Null),
        (json!("bob"), shown_bob),
    ];
    assert_eq!(matched().await, expected);
    let csv = ada.browser.get("/c/club/host/participants.csv").await.expect(200).text();
    assert!(csv.starts_with("user,name,invited_as,team,"), "{csv}");
    assert!(csv.contains("bob bobson,bob@people.test,") && !csv.contains("eve@"), "{csv}");
    let page = ada.browser.get("/c/club/host/participants").await.expect(200).text();
    assert!(page.contains("dan@people.test") && !page.contains("cleo@") && !page.contains("eve@"), "{page}");
    bob.api.get(&arena.api("/participants")).await.expect(404);
    for path in ["/c/club/leaderboard", "/c/club/team"] {
        assert!(!eve.browser.get(path).await.expect(200).text().contains("bob@"), "{path}");
    }
    invite(&ada, &arena, &["new@people.test".to_owned()]).await;
    assert_eq!(matched().await, expected, "by what they came stays");
    world.drain().await;
    world.close().await;
}
