//! What pages can do, done by programs: one story each through routes that exist for this.

use holdout::accounts::become_admin;
use holdout::config::Config;
use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Labels, World, sql};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_invites_and_the_invited_take_part(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let change = json!({"visibility": "invitation", "emails": ["eve@people.test"]});
    ada.api.send_json(Method::PATCH, &arena.api(""), &change).await.expect(200);
    bob.api.get(&arena.api("")).await.expect(404);
    bob.api.get(&arena.api("/invitations")).await.expect(404);
    let invited =
        ada.api.send_json(Method::POST, &arena.api("/invitations/link"), &json!({})).await.expect(201);
    assert_eq!(invited.json()["emails"], json!(["eve@people.test"]));
    let link = invited.json()["link"].as_str().unwrap().to_owned();
    assert_eq!(ada.api.get(&arena.api("/invitations")).await.expect(200).json()["link"], link);
    let rules = json!({"title": "Rules", "markdown": "Be *fair*."});
    ada.api.send_json(Method::PUT, &arena.api("/pages/rules"), &rules).await.expect(204);
    let secret = link.rsplit('/').next().unwrap();
    let terms = arena.api(&format!("/invitations/{secret}"));
    world.visitor().get(&terms).await.expect(401);
    bob.api.get(&arena.api("/invitations/guessed")).await.expect(404);
    let terms = bob.api.get(&terms).await.expect(200).json();
    assert_eq!(
        (&terms["competition"]["slug"], &terms["competition"]["daily_limit"]),
        (&json!("houses"), &json!(5))
    );
    assert!(terms["rules"]["html"].as_str().unwrap().contains("<em>fair</em>"), "{terms}");
    let page = link.strip_prefix(&world.base).unwrap_or(&link);
    let page = bob.browser.get(page).await.expect(200).text();
    assert!(page.contains("5 a day") && page.contains("Accept the invitation"), "{page}");
    bob.api.get(&arena.api("")).await.expect(404); // looking is not accepting
    let accept = |secret: &str| json!({ "secret": secret });
    let path = arena.api("/invitations/accept");
    bob.api.send_json(Method::POST, &path, &accept("guessed")).await.expect(404);
    bob.api.send_json(Method::POST, &path, &accept(secret)).await.expect(204);
    arena.join(&bob).await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_and_pages_are_described_and_read_one_by_one(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let file = arena.api("/data/sample_submission.csv");
    let words = json!({"description": "What to send"});
    bob.api.send_json(Method::PATCH, &file, &words).await.expect(404);
    let described = ada.api.send_json(Method::PATCH, &file, &words).await.expect(200).json();
    assert_eq!(described["description"], "What to send");
    let page = json!({"title": "About", "markdown": "Some *words*"});
    ada.api.send_json(Method::PUT, &arena.api("/pages/about"), &page).await.expect(204);
    let read = world.visitor().get(&arena.api("/pages/about")).await.expect(200).json();
    assert_eq!((&read["title"], &read["markdown"]), (&json!("About"), &json!("Some *words*")));
    world.visitor().get(&arena.api("/pages/nothing")).await.expect(404);
    world.visitor().get(&arena.api("/data.zip")).await.expect(401);
    bob.api.get(&arena.api("/data.zip")).await.expect(403);
    arena.join(&bob).await;
    let zip = bob.api.get(&arena.api("/data.zip")).await.expect(200);
    assert!(zip.bytes.starts_with(b"PK"), "{}", zip.header("content-type"));
    let board = world.visitor().get(&arena.api("/leaderboard.csv")).await.expect(200);
    assert!(board.text().starts_with("rank,"), "{}", board.text());
    let packed = [("accept-encoding", "gzip")];
    let packed = world.visitor().get_with(&arena.api("/leaderboard.csv"), &packed).await.expect(200);
    assert_eq!(packed.text(), board.text(), "what is kept packed is what is made page by page");
    let versions = ada.api.get(&arena.api("/host/versions")).await.expect(200).json();
    assert_eq!(versions["items"][0]["number"], 1);
    bob.api.get(&arena.api("/host/versions")).await.expect(404);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn people_change_their_profile_and_administrators_look_after_accounts(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, root) = (world.member("ada").await, world.admin("root").await);
    let change = json!({"bio": "I count."});
    ada.api.send_json(Method::PATCH, "/api/v1/me/profile", &change).await.expect(204);
    let long = json!({"display_name": "x".repeat(300)});
    let refused = ada.api.send_json(Method::PATCH, "/api/v1/me/profile", &long).await.expect(422).json();
    assert_eq!(refused["field"], "display_name");
    let seen = world.visitor().get("/api/v1/users/ada").await.expect(200);
    assert_eq!(seen.json()["bio"], "I count.");
    assert!(!seen.text().contains("@people.test"));
    for path in ["/api/v1/admin/users", "/api/v1/admin/queue"] {
        ada.api.get(path).await.expect(403);
        root.api.get(path).await.expect(200);
    }
    let found = root.api.get("/api/v1/admin/users?name=ad").await.expect(200).json();
    assert_eq!(found["items"][0]["email"], "ada@people.test");
    let suspend = |verb: &str| format!("/api/v1/admin/users/{}/{verb}", ada.id);
    ada.api.send_json(Method::POST, &suspend("suspend"), &json!({})).await.expect(403);
    root.api.send_json(Method::POST, &suspend("suspend"), &json!({})).await.expect(204);
    ada.api.get("/api/v1/me").await.expect(401);
    root.api.send_json(Method::POST, &suspend("unsuspend"), &json!({})).await.expect(204);
    ada.api.get("/api/v1/me").await.expect(200);
    let on_record = sql("select 1 from audit_log where action = 'moderate_suspend'");
    assert_eq!(on_record.fetch_all(&world.pool).await.unwrap().len(), 1);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn somebody_registers_changes_the_password_and_signs_a_lost_machine_out(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let program = world.visitor();
    let account =
        json!({"username": "grace", "email": "grace@people.test", "password": "correct horse battery"});
    let made = program.send_json(Method::POST, "/api/v1/users", &account).await.expect(201).json();
    assert_eq!(made, json!({"username": "grace", "awaits_confirmation": false}));
    let taken = program.send_json(Method::POST, "/api/v1/users", &account).await.expect(422).json();
    assert_eq!(taken["field"], "username");
    let sign_in = |password: &str| json!({"username": "grace", "password": password});
    let ask =
        async |password: &str| program.send_json(Method::POST, "/api/v1/sessions", &sign_in(password)).await;
    let token = ask("correct horse battery").await.expect(201).json()["token"].as_str().unwrap().to_owned();
    let grace = program.with_token(&token);

    let lost = world.visitor();
    let form = [("login", "grace"), ("password", "correct horse battery")];
    lost.post_form("/sign-in", &form).await.expect_redirect();
    let listed = grace.get("/api/v1/sessions").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["items"][0]["is_this"], false);
    let path = format!("/api/v1/sessions/{}/end", listed["items"][0]["id"].as_str().unwrap());
    let shown = json!({"password": "correct horse battery"});
    let narrow = json!({"name": "reader", "scopes": ["read"]});
    let narrow = grace.send_json(Method::POST, "/api/v1/tokens", &narrow).await.expect(201).json();
    let reader = program.with_token(narrow["token"].as_str().unwrap());
    reader.send_json(Method::POST, &path, &shown).await.expect(403);
    let wrong = grace.send_json(Method::POST, &path, &json!({"password": "guessed"})).await.expect(422);
    assert_eq!(wrong.json()["field"], "password");
    grace.send_json(Method::POST, &path, &shown).await.expect(204);
    grace.send_json(Method::POST, &path, &shown).await.expect(404);
    assert!(lost.get("/settings").await.expect_redirect().location().starts_with("/sign-in"));

    let change = |current: &str| json!({"current": current, "password": "a longer sentence"});
    let wrong = grace.send_json(Method::PUT, "/api/v1/me/password", &change("guessed")).await.expect(422);
    assert_eq!(wrong.json()["field"], "current");
    grace.send_json(Method::PUT, "/api/v1/me/password", &change("correct horse battery")).await.expect(204);
    ask("correct horse battery").await.expect(422);
    ask("a longer sentence").await.expect(201);
    assert_eq!(grace.get("/api/v1/sessions").await.expect(200).json(), json!({"items": []}));

    let forgotten = json!({"username": "grace"});
    program.send_json(Method::POST, "/api/v1/password-resets", &forgotten).await.expect(202);
    program
        .send_json(Method::POST, "/api/v1/password-resets", &json!({"username": "nobody"}))
        .await
        .expect(202);
    let root = world.admin("root").await;
    grace.get("/api/v1/admin/mails").await.expect(403);
    let mails = root.api.get("/api/v1/admin/mails").await.expect(200).json();
    let body = mails["items"][0]["body"].as_str().unwrap();
    let secret = body.split("/reset-password/").nth(1).unwrap().split_whitespace().next().unwrap();
    let set = json!({"secret": secret, "password": "yet another one"});
    program.send_json(Method::POST, "/api/v1/passwords", &set).await.expect(204);
    program.send_json(Method::POST, "/api/v1/passwords", &set).await.expect(403);
    ask("yet another one").await.expect(201);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_first_administrator_needs_no_browser(pool: PgPool) {
    let world = World::configured(pool, |config| Config { open_registration: false, ..config }).await;
    let secret = async || {
        let mut conn = world.app.db.acquire().await.unwrap();
        become_admin::ensure_admin_link(&mut conn, world.app.clock.now()).await.unwrap()
    };
    let account = |secret: Option<&str>| {
        json!({"username": "root", "email": "root@people.test", "password": "correct horse battery",
               "administrator_secret": secret})
    };
    let visitor = world.visitor();
    visitor.send_json(Method::POST, "/api/v1/users", &account(None)).await.expect(403);
    let link = secret().await.unwrap();
    visitor.send_json(Method::POST, "/api/v1/users", &account(Some("guessed"))).await.expect(404);
    let ada = world.member("ada").await;
    let path = "/api/v1/administrators";
    ada.api.send_json(Method::POST, path, &json!({"secret": "guessed"})).await.expect(404);
    visitor.send_json(Method::POST, "/api/v1/users", &account(Some(&link))).await.expect(201);
    ada.api.send_json(Method::POST, path, &json!({"secret": link})).await.expect(404);
    assert!(secret().await.is_none(), "there is an administrator");
    sql("update users set is_admin = false").execute(&world.pool).await.unwrap();
    let link = secret().await.unwrap();
    ada.api.send_json(Method::POST, path, &json!({"secret": link})).await.expect(204);
    assert_eq!(ada.api.get("/api/v1/me").await.expect(200).json()["is_admin"], true);
    let numbers = ada.api.get("/api/v1/admin/overview").await.expect(200).json();
    assert_eq!((&numbers["n_waiting"], &numbers["sends_mail"]), (&json!(0), &json!(false)));
    let forum = json!({"name": "show-and-tell", "title": "Show and tell"});
    ada.api.send_json(Method::POST, "/api/v1/forums", &forum).await.expect(201);
    let again = ada.api.send_json(Method::POST, "/api/v1/forums", &forum).await.expect(422).json();
    assert_eq!(again["field"], "name");
    assert_eq!(
        visitor.get("/api/v1/forums/show-and-tell").await.expect(200).json()["title"],
        "Show and tell"
    );
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_reads_back_what_was_set(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let metric = world.visitor().get(&arena.api("/metric")).await.expect(200).json();
    assert_eq!((&metric["name"], &metric["higher_is_better"]), (&json!("rmse"), &json!(false)));
    let title = metric["title"].as_str().unwrap();
    assert_ne!(title, "rmse");
    let front = world.visitor().get("/c/houses").await.expect(200).text();
    assert!(front.contains(title) && front.contains("<dd>100 MiB</dd>"), "{front}");
    for rest in ["/host/metric", "/solution", "/host/data", "/verifications", "/webhooks/1"] {
        bob.api.get(&arena.api(rest)).await.expect(404);
    }
    let fixed = ada.api.get(&arena.api("/host/metric")).await.expect(200).json();
    assert_eq!((&fixed["metric"], &fixed["is_open"]), (&json!("rmse"), &json!(false)));
    let solution = ada.api.get(&arena.api("/solution")).await.expect(200);
    assert_eq!(solution.json()["sealed_sha256"].as_str().unwrap().len(), 64);
    assert!(!solution.text().contains(&Labels::label(0)));

    ada.api.send_json(Method::POST, &arena.api("/verifications"), &json!({})).await.expect(202);
    world.drain().await;
    let all = ada.api.get(&arena.api("/verifications")).await.expect(200).json();
    assert_eq!((&all["items"][0]["is_clean"], all["items"].as_array().unwrap().len()), (&json!(true), 1));

    let wish = json!({"url": "https://example.org/", "events": ["submission.scored"]});
    let made = ada.api.send_json(Method::POST, &arena.api("/webhooks"), &wish).await.expect(201).json();
    let one = ada.api.get(&arena.api(&format!("/webhooks/{}", made["id"]))).await.expect(200).json();
    assert_eq!(one["url"], "https://example.org/");
    assert!(one.get("secret").is_none());

    let draft = json!({"title": "Draft of ada", "slug": "draft"});
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let path = "/api/v1/competitions/draft";
    ada.api.get(&format!("{path}/metric")).await.expect(404);
    assert_eq!(
        ada.api.get(&format!("{path}/solution")).await.expect(200).json()["sealed_sha256"],
        json!(null)
    );
    let file = format!("{path}/data/old.csv?role=history");
    ada.api.send(Method::PUT, &file, Some("application/octet-stream"), b"id\n1\n".to_vec()).await.expect(200);
    let names = async |rest: &str| {
        let list = ada.api.get(&format!("{path}{rest}")).await.expect(200).json();
        list["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect::<Vec<_>>()
    };
    assert!(names("/data").await.is_empty(), "history is not handed out");
    assert_eq!(names("/host/data").await, ["old.csv"]);
    let report = ada.api.get(&format!("{path}/report")).await.expect(200).json();
    let steps: Vec<_> = report["steps"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert!(steps.contains(&json!("solution")) && steps.contains(&json!("launch")), "{steps:?}");
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_text_is_looked_at_before_it_is_sent_and_medals_are_explained(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = world.member("ada").await;
    let text = json!({"markdown": "Some *words* <script>alert(1)</script>"});
    world.visitor().send_json(Method::POST, "/api/v1/previews", &text).await.expect(401);
    let html = ada.api.send_json(Method::POST, "/api/v1/previews", &text).await.expect(200).json();
    let html = html["html"].as_str().unwrap();
    assert!(html.contains("<em>words</em>") && !html.contains("script"), "{html}");
    let medals = world.visitor().get("/api/v1/medals?n_teams=500").await.expect(200).json();
    assert_eq!(medals["last_ranks"], json!({"gold": 11, "silver": 50, "bronze": 100}));
    assert_eq!(medals["post_votes"], json!({"gold": 10, "silver": 5, "bronze": 1}));
    world.close().await;
}
