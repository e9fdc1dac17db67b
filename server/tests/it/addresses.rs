//! Addresses of people: what counts only once an address is confirmed, what confirms one, and how another takes its place.

use holdout::accounts::store::links;
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Client;
use crate::command_line::Shell;
use crate::lab::{self, Lab, PASSWORD, come_back, is_signed_in, registered, signed_in, world_with};
use crate::world::{Labels, World, composed_sql, sql};

const PAGE: &str = "/settings/email";

/// The link in the newest letter to an address; `None` where the letter holds none.
async fn link_to(world: &World, address: &str) -> Option<String> {
    let newest = sql("select body from mails where to_address = $1 order by id desc limit 1").bind(address);
    let body: String = newest.fetch_one(&world.pool).await.unwrap().get(0);
    let rest = body.split("/confirm-email/").nth(1)?;
    Some(format!("/confirm-email/{}", rest.split_whitespace().next().unwrap()))
}

async fn confirms(world: &World, browser: &Client, address: &str) {
    let link = link_to(world, address).await.expect("a link");
    browser.post_form(&link, &[]).await.expect(303);
}

async fn count(world: &World, what: &str) -> i64 {
    composed_sql(format!("select count(*) from {what}")).fetch_one(&world.pool).await.unwrap().get(0)
}

async fn ask(browser: &Client, address: &str) -> (u16, String) {
    let form = [("email", address), ("password", PASSWORD), ("code", "")];
    let answer = browser.post_form(PAGE, &form).await;
    (answer.status, answer.location().to_owned())
}

async fn is_confirmed(browser: &Client) -> bool {
    browser.get("/api/v1/me").await.expect(200).json()["email_confirmed"] == true
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_invitation_counts_for_a_confirmed_address_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("ada").await;
    let arena = world.open_competition(&host, "secretive", &Labels::regression()).await;
    let open = world.open_competition(&host, "houses", &Labels::regression()).await;
    let form = [("visibility", "invitation"), ("emails", "grace@people.test")];
    host.browser.post_form("/c/secretive/host/visibility", &form).await.expect_redirect();
    // A stranger takes the address of somebody who is invited.
    let stranger = registered(&world, "grace").await;
    let other = registered(&world, "mallory").await;
    let found = async |browser: &Client| {
        let search = browser.get("/api/v1/search?q=secretive&in=competitions").await.expect(200).text();
        search.contains("Competition secretive")
    };
    for path in ["/c/secretive", "/c/secretive/join", "/c/secretive/leaderboard", arena.api("").as_str()] {
        let (hers, others) = (stranger.get(path).await, other.get(path).await);
        assert_eq!((hers.status, others.status), (404, 404), "{path}");
        if !path.starts_with("/api/") {
            // But for their own names, and the number of the request.
            let told = |text: String, name: &str, initial: &str| {
                let text = text.replace(name, "somebody").replace(initial, "><");
                text.split("quote <code>").next().unwrap().to_owned()
            };
            let pages = (told(hers.text(), "grace", ">G<"), told(others.text(), "mallory", ">M<"));
            assert_eq!(pages.0, pages.1, "nothing tells that the address is on a list: {path}");
        }
    }
    assert_eq!(stranger.post_form("/c/secretive/join", &[("accept", "on")]).await.status, 404);
    assert!(!found(&stranger).await);
    let sees = "select sees_competition(u.id, c.id) from users u, competitions c
        where u.username = 'grace' and c.slug = 'secretive'";
    assert!(!sql(sees).fetch_one(&world.pool).await.unwrap().get::<bool, _>(0));
    // Nothing else is closed, and a quiet line says what is missing.
    stranger.post_form(&format!("/c/{}/join", open.slug), &[("accept", "on")]).await.expect_redirect();
    for page in ["/", "/settings", "/settings/sessions"] {
        let text = stranger.get(page).await.expect(200).text();
        assert!(text.contains("address is not confirmed yet"), "{page}: {text}");
    }
    assert!(!host.browser.get("/").await.expect(200).text().contains("not confirmed"));

    // Whoever looks for malice in mail follows the link, and uses nothing up.
    let link = link_to(&world, "grace@people.test").await.unwrap();
    let visitor = world.visitor();
    for _ in 0..2 {
        let page = visitor.get(&link).await.expect(200).text();
        assert!(page.contains("grace@people.test") && page.contains("Confirm the address"), "{page}");
    }
    assert_eq!(stranger.get("/c/secretive").await.status, 404, "looking confirms nothing");
    let confirmed = visitor.post_form(&link, &[]).await;
    assert_eq!((confirmed.status, confirmed.location()), (303, "/sign-in"), "{}", confirmed.text());
    assert!(!is_signed_in(&visitor).await, "it signs nobody in");
    stranger.get("/c/secretive").await.expect(200);
    assert!(found(&stranger).await);
    assert!(sql(sees).fetch_one(&world.pool).await.unwrap().get::<bool, _>(0));
    assert!(!stranger.get("/").await.expect(200).text().contains("not confirmed"));
    assert!(stranger.get("/settings/sessions").await.text().contains("E-mail address confirmed"));
    for path in [link.as_str(), "/confirm-email/guessed"] {
        let dead = visitor.post_form(path, &[]).await;
        assert!(dead.status == 403 && dead.text().contains("already been used"), "a link works once");
        assert_eq!(visitor.get(path).await.status, 403);
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_link_of_a_competition_lets_in_whatever_the_address(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("ada").await;
    world.open_competition(&host, "club", &Labels::regression()).await;
    let form = [("visibility", "invitation"), ("emails", "")];
    host.browser.post_form("/c/club/host/visibility", &form).await.expect_redirect();
    let page = host.browser.get("/c/club/host/visibility").await.expect(200).text();
    let start = page.find("/c/club/invitation/").expect("the link is shown");
    let link: String = page[start..].chars().take_while(|c| !"<\" ".contains(*c)).collect();
    let grace = registered(&world, "grace").await;
    grace.post_form(&link, &[]).await.expect_redirect();
    grace.get("/c/club").await.expect(200);
    assert!(!is_confirmed(&grace).await);
    let listed = host.api.get("/api/v1/competitions/club/invitations").await.expect(200).json();
    assert_eq!(listed["emails"], json!([]), "no host typed an address");
    assert_eq!(listed["people"][0]["username"], "grace", "a host sees by user name whom the link let in");
    let page = host.browser.get("/c/club/host/visibility").await.expect(200).text();
    for told in [listed.to_string(), page] {
        assert!(told.contains("grace") && !told.contains("grace@"), "{told}");
    }
    assert_eq!(ask(&grace, "new@people.test").await.0, 303);
    confirms(&world, &grace, "new@people.test").await;
    grace.get("/c/club").await.expect(200);
    let form = [("visibility", "invitation"), ("emails", "bob@people.test")];
    host.browser.post_form("/c/club/host/visibility", &form).await.expect_redirect();
    grace.get("/c/club").await.expect(200);
    let mallory = registered(&world, "mallory").await;
    let remove = "/c/club/host/visibility/people/grace/remove";
    mallory.post_form(remove, &[]).await.expect(404);
    grace.post_form(remove, &[]).await.expect(404);
    host.browser.post_form(remove, &[]).await.expect_redirect();
    assert_eq!(grace.get("/c/club").await.status, 404, "a host removes people, one by one");
    host.browser.post_form(remove, &[]).await.expect(404);
    let page = host.browser.get("/c/club/host/visibility").await.expect(200).text();
    assert!(page.contains("bob@people.test") && !page.contains("grace"), "{page}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn another_address_counts_once_its_link_is_used(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = registered(&world, "ada").await;
    let first = link_to(&world, "ada@people.test").await.unwrap();
    let there = world.visitor();
    there.post_form("/sign-in", &[("login", "ada"), ("password", PASSWORD), ("next", "/")]).await.expect(303);
    for (email, password, field) in [
        ("no address", PASSWORD, "email-error"),
        ("new@people.test", "not the password", "password-error"),
        ("ADA@people.test", PASSWORD, "email-error"),
    ] {
        let wrong = ada.post_form(PAGE, &[("email", email), ("password", password)]).await.expect(422);
        assert!(wrong.text().contains(field), "{email} {}", wrong.text());
    }
    assert_eq!(ask(&ada, "New@people.test").await, (303, PAGE.to_owned()));
    assert_eq!(world.visitor().post_form(&first, &[]).await.status, 403, "another address was asked for");
    let shown = ada.get(PAGE).await.expect(200).text();
    assert!(shown.contains("Waiting: new@people.test") && shown.contains("ada@people.test"), "{shown}");
    let me = ada.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["email"], &me["pending_email"]), (&json!("ada@people.test"), &json!("new@people.test")));
    let older = link_to(&world, "new@people.test").await.unwrap();
    assert_eq!(ask(&ada, "newer@people.test").await.0, 303);
    let newer = link_to(&world, "newer@people.test").await.unwrap();
    assert_eq!(
        ada.post_form(&older, &[]).await.status,
        403,
        "the link to an address that is wished for no more"
    );
    assert_eq!(count(&world, "users where email = 'ada@people.test'").await, 1, "the old one is in force");

    let before = ada.cookie(holdout::accounts::sessions::COOKIE).unwrap();
    let used = ada.post_form(&newer, &[]).await;
    assert_eq!((used.status, used.location()), (303, PAGE));
    assert_ne!(ada.cookie(holdout::accounts::sessions::COOKIE).unwrap(), before, "the secret is a new one");
    assert!(is_signed_in(&ada).await && !is_signed_in(&there).await, "as when a password is changed");
    let me = ada.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["email"], &me["email_confirmed"]), (&json!("newer@people.test"), &json!(true)));
    assert!(me.get("pending_email").is_none(), "{me}");
    let told = "mails where to_address = 'ada@people.test' and subject like";
    assert_eq!(count(&world, &format!("{told} 'Another e-mail address%'")).await, 1);
    assert_eq!(count(&world, &format!("{told} 'Your e-mail address was changed'")).await, 1);
    assert_eq!(count(&world, "mails where to_address = 'ada@people.test'").await, 3);
    let form = [("login", "newer@people.test"), ("password", PASSWORD), ("next", "/")];
    world.visitor().post_form("/sign-in", &form).await.expect(303);
    let form = [("login", "ada@people.test"), ("password", PASSWORD), ("next", "/")];
    world.visitor().post_form("/sign-in", &form).await.expect(422);

    assert_eq!(ask(&ada, "third@people.test").await.0, 303);
    ada.post_form("/settings/email/withdraw", &[]).await.expect(303);
    let third = link_to(&world, "third@people.test").await.unwrap();
    assert_eq!(ada.get(&third).await.status, 403, "it was withdrawn");
    assert_eq!(ada.post_form("/settings/email/withdraw", &[]).await.status, 404);
    let events = ada.get("/settings/sessions").await.expect(200).text();
    for what in ["address asked for", "address withdrawn", "address changed"] {
        assert!(events.contains(what), "{what}: {events}");
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whoever_signed_in_elsewhere_keeps_their_session_when_they_use_somebodys_link(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, bob) = (registered(&world, "ada").await, registered(&world, "bob").await);
    assert_eq!(ask(&ada, "new@people.test").await.0, 303);
    confirms(&world, &bob, "new@people.test").await;
    assert_eq!(bob.get("/api/v1/me").await.expect(200).json()["username"], "bob");
    assert!(!is_signed_in(&ada).await, "nobody showed that this session is who used the link");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_has_an_address_is_told_to_nobody_but_its_owner(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (_ada, bob) = (registered(&world, "ada").await, registered(&world, "bob").await);
    let page = async |address: &str| {
        assert_eq!(ask(&bob, address).await, (303, PAGE.to_owned()));
        let page = bob.get(PAGE).await.expect(200).text().replace(address, "it");
        let times = page.find("<time datetime").unwrap();
        format!("{}{}", &page[..times], page[times..].split_once("</time>").unwrap().1)
    };
    assert_eq!(page("free@people.test").await, page("ada@people.test").await);
    assert!(link_to(&world, "ada@people.test").await.is_none(), "there is nothing to confirm");
    let told = "mails where to_address = 'ada@people.test' and body like '%account bob%already has it%'";
    assert_eq!(count(&world, told).await, 1);
    bob.post_form("/settings/email/letter", &[]).await.expect(303);
    assert_eq!(count(&world, told).await, 2, "the letter again is the same letter");
    let program = json!({ "email": "ada@people.test", "password": PASSWORD });
    bob.send_json(Method::POST, "/api/v1/me/email", &program).await.expect(202);
    assert_eq!(count(&world, "users where email = 'bob@people.test'").await, 1);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn of_two_who_confirm_one_address_at_once_one_has_it(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, bob) = (registered(&world, "ada").await, registered(&world, "bob").await);
    let mut links = Vec::new();
    for browser in [&ada, &bob] {
        assert_eq!(ask(browser, "shared@people.test").await.0, 303);
        links.push(link_to(&world, "shared@people.test").await.unwrap());
    }
    let (one, other) = tokio::join!(ada.post_form(&links[0], &[]), bob.post_form(&links[1], &[]));
    let mut answers = [one, other];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!((answers[0].status, answers[1].status), (303, 403));
    assert!(answers[1].text().contains("Another account now has this address"), "{}", answers[1].text());
    assert_eq!(count(&world, "users where email = 'shared@people.test'").await, 1);
    assert_eq!(count(&world, "users").await, 2);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn letters_that_confirm_are_few_and_their_links_end(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = registered(&world, "ada").await;
    let first = link_to(&world, "ada@people.test").await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(ada.post_form("/settings/email/letter", &[]).await.status);
    }
    assert_eq!(statuses, [303, 303, 303, 429]);
    let by_program = ada.send_json(Method::POST, "/api/v1/me/email/letters", &json!({})).await;
    assert_eq!(by_program.status, 429, "the API shares the limit");
    assert_eq!(ada.post_form(&first, &[]).await.status, 403, "a newer letter took its place");
    let link = link_to(&world, "ada@people.test").await.unwrap();
    let stored: Vec<u8> = sql("select token_hash from one_time_links where purpose = 'confirm_email'")
        .fetch_one(&world.pool)
        .await
        .unwrap()
        .get(0);
    assert_eq!(stored, crate::world::digest(link.rsplit('/').next().unwrap()), "hashed at rest");
    // A password that is changed leaves the link to the account's own address as it is.
    let change = [("current", PASSWORD), ("password", "another good one here")];
    ada.post_form("/settings/password", &change).await.expect(303);
    ada.get(&link).await.expect(200);
    sql("update one_time_links set created_at = created_at - interval '8 days', expires_at = expires_at - interval '8 days'")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(ada.post_form(&link, &[]).await.status, 403, "a week is over");
    links::sweep(&mut world.app.db.acquire().await.unwrap(), world.app.clock.now()).await.unwrap();
    assert_eq!(count(&world, "one_time_links").await, 0);
    // Of five letters a person has sent, whoever they go to.
    let bob = registered(&world, "bob").await;
    let mut statuses = Vec::new();
    for number in 0..6 {
        statuses.push(ask(&bob, &format!("stranger-{number}@people.test")).await.0);
    }
    assert_eq!(statuses, [303, 303, 303, 303, 303, 429]);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_provider_confirms_the_very_address_that_it_vouches_for(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    let (made, _) = signed_in(&world, &lab, "newcomer").await;
    assert!(is_confirmed(&made).await, "it confirmed the address of the account that it made");
    assert_eq!(count(&world, "mails").await, 0, "there is nothing to confirm");
    let (ada, eve) = (registered(&world, "ada").await, registered(&world, "eve").await);
    let asked = lab::link(&lab, &eve).await;
    come_back(&eve, &lab.vouch(&asked, "somebody-else")).await.expect(303);
    assert!(!is_confirmed(&eve).await, "the provider knows another address");
    let asked = lab::link(&lab, &ada).await;
    let mut claims = lab.claims(&asked, "ada");
    claims["email_verified"] = json!(false);
    come_back(&ada, &lab.grant(&asked, lab.signed(&claims))).await.expect(303);
    assert!(!is_confirmed(&ada).await, "it does not confirm it");
    let (again, _) = signed_in(&world, &lab, "ada").await;
    assert!(is_confirmed(&again).await, "by now it does");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_password_reset_confirms_the_address_and_shuts_out_who_had_taken_it(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    // Somebody registers with an address of another, and prepares ways back in.
    let thief = registered(&world, "grace").await;
    let asked = lab::link(&lab, &thief).await;
    come_back(&thief, &lab.vouch(&asked, "thief")).await.expect(303);
    let session = json!({ "username": "grace", "password": PASSWORD });
    let made = thief.send_json(Method::POST, "/api/v1/sessions", &session).await.expect(201).json();
    let program = world.visitor().with_token(made["token"].as_str().unwrap());
    assert_eq!(ask(&thief, "thief@people.test").await.0, 303);
    let way_back = link_to(&world, "thief@people.test").await.unwrap();

    let grace = world.visitor();
    grace.post_form("/forgot-password", &[("login", "grace@people.test")]).await.expect(200);
    let letter = sql("select body from mails where subject = 'Set a new password'");
    let body: String = letter.fetch_one(&world.pool).await.unwrap().get(0);
    let link = body.split("/reset-password/").nth(1).unwrap().split_whitespace().next().unwrap();
    let form = [("password", "that of the owner")];
    assert!(body.contains("was not confirmed before") && body.contains("API tokens"), "{body}");
    let done = grace.post_form(&format!("/reset-password/{link}"), &form).await.expect(303);
    let told = grace.get(done.location()).await.expect(200).text();
    assert!(told.contains("API tokens are revoked and its links to accounts elsewhere are gone"), "{told}");
    let form = [("login", "grace"), ("password", "that of the owner"), ("next", "/")];
    grace.post_form("/sign-in", &form).await.expect(303);
    assert!(is_confirmed(&grace).await);
    assert!(!is_signed_in(&thief).await);
    assert_eq!(program.get("/api/v1/me").await.status, 401);
    assert_eq!(world.visitor().post_form(&way_back, &[]).await.status, 403);
    assert_eq!(count(&world, "identities").await, 0);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_administrator_confirms_by_hand_on_record(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, bob) = (registered(&world, "ada").await, registered(&world, "bob").await);
    let root = world.admin("root").await;
    let id = |name: &'static str| {
        let asked = sql("select id from users where username = $1").bind(name);
        async { asked.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0) }
    };
    let list = root.browser.get("/admin/users").await.expect(200).text();
    assert_eq!(list.matches("not confirmed").count(), 2, "{list}");
    let form = format!("/admin/users/{}/confirm-email", id("ada").await);
    assert_eq!(ada.post_form(&form, &[]).await.status, 404, "for administrators alone");
    root.browser.post_form(&form, &[]).await.expect(303);
    assert!(is_confirmed(&ada).await && !is_confirmed(&bob).await);
    assert!(ada.get("/settings/sessions").await.text().contains("confirmed by an administrator"));
    let api = format!("/api/v1/admin/users/{}/email-confirmation", id("bob").await);
    assert_eq!(bob.send(Method::PUT, &api, None, Vec::new()).await.status, 403);
    root.api.send(Method::PUT, &api, None, Vec::new()).await.expect(204);
    assert_eq!(root.api.send(Method::PUT, &api, None, Vec::new()).await.status, 404, "it is confirmed");
    assert!(is_confirmed(&bob).await);
    let users = root.api.get("/api/v1/admin/users?name=bob").await.expect(200).json();
    assert_eq!(users["items"][0]["email_confirmed"], true);
    assert_eq!(count(&world, "audit_log where action = 'confirm_address'").await, 2);
    // Where no mail is sent, the letter is there to be passed on.
    registered(&world, "carol").await;
    assert!(root.browser.get("/admin/mails").await.expect(200).text().contains("/confirm-email/"));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_address_is_confirmed_and_changed_at_the_command_line(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    registered(&world, "ada").await;
    let root = Shell::of(&world, &world.admin("root").await).await;
    let ada = Shell::new(&world.base);
    ada.type_in(&["login", "--username", "ada"], &format!("{PASSWORD}\n")).await.expect(0);
    let email = async |words: &[&str]| ada.json(&[&["account", "email"][..], words].concat()).await;
    let shown = email(&["show"]).await;
    assert_eq!(shown, json!({ "email": "ada@people.test", "email_confirmed": false, "pending_email": null }));
    assert!(ada.run(&["whoami"]).await.expect(0).out.contains("ada@people.test, not confirmed"));
    email(&["letter"]).await;
    let link = format!("{}{}", world.base, link_to(&world, "ada@people.test").await.unwrap());
    assert_eq!(email(&["confirm", &link]).await["email"], "ada@people.test");
    let change = ["account", "email", "change", "new@people.test", "--json"];
    ada.type_in(&change, &format!("{PASSWORD}\n")).await.expect(0);
    assert_eq!(email(&["show"]).await["pending_email"], "new@people.test");
    email(&["withdraw"]).await;
    assert!(email(&["show"]).await["pending_email"].is_null());
    registered(&world, "bob").await;
    let vouched = root.json(&["account", "email", "vouch", "bob"]).await;
    assert_eq!(vouched["confirmed"], "bob@people.test");
    for name in ["nobody", "../log"] {
        root.run(&["account", "email", "vouch", name]).await.expect(4);
    }
    assert_eq!(count(&world, "users where email_confirmed_at is null").await, 0);
    world.close().await;
}
