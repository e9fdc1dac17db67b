//! What administrators set for the whole installation, and who administrators are.

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::command_line::Shell;
use crate::world::{Person, World, sql};

const SITE: &str = "/api/v1/admin/site";

async fn change(admin: &Person, wish: Value) -> Value {
    admin.api.send_json(Method::PATCH, SITE, &wish).await.expect(200).json()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn name_and_notice_stand_on_every_page_as_text(pool: PgPool) {
    let world = World::new(pool).await;
    let root = world.admin("root").await;
    change(&root, json!({ "name": "Data <b>lab</b>", "notice": "Closed from 12:00\nto 13:00 <script>" }))
        .await;
    let visitor = world.visitor();
    for path in ["/", "/register", "/metrics", "/no-such-page"] {
        let page = visitor.get(path).await.text();
        assert!(page.contains("<span>Data &#60;b&#62;lab&#60;/b&#62;</span>"), "{path}: {page}");
        assert!(page.contains("Closed from 12:00 to 13:00 &#60;script&#62;"), "{path}");
    }
    let told = visitor.get("/api/v1/site").await.expect(200).json();
    assert_eq!(told["notice"], "Closed from 12:00 to 13:00 <script>");
    change(&root, json!({ "notice": "" })).await;
    assert!(!visitor.get("/").await.text().contains("site-notice"));
    for (field, wrong) in [("name", " "), ("notice", "x".repeat(501).as_str())] {
        let refused = root.api.send_json(Method::PATCH, SITE, &json!({ field: wrong })).await.expect(422);
        assert!(refused.text().contains(field));
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn registration_and_hosting_are_closed_and_opened_while_the_site_runs(pool: PgPool) {
    let world = World::new(pool).await;
    let (root, ada) = (world.admin("root").await, world.member("ada").await);
    let draft = json!({ "title": "Houses", "slug": "houses" });
    let host = async |slug: &str| {
        let mut draft = draft.clone();
        draft["slug"] = slug.into();
        ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await
    };
    host("houses-1").await.expect(201);
    change(&root, json!({ "open_registration": false, "members_may_host": false })).await;
    host("houses-2").await.expect(403);
    let hosting = format!("/api/v1/admin/users/{}/hosting", ada.id);
    ada.api.send_with(Method::PUT, &hosting, &[], "").await.expect(403);
    root.api.send_with(Method::PUT, &hosting, &[], "").await.expect(204);
    root.api.send_with(Method::PUT, &hosting, &[], "").await.expect(404);
    host("houses-of-ada").await.expect(201);
    root.browser.post_form(&format!("/admin/users/{}/hosting", ada.id), &[]).await.expect_redirect();
    host("houses-no-more").await.expect(403);
    let theirs = Shell::of(&world, &root).await;
    let shown = theirs.json(&["account", "hosting", "ada"]).await;
    assert_eq!((&shown["username"], &shown["may_host"]), (&json!("ada"), &json!(true)));
    theirs.json(&["account", "hosting", "ada", "--end"]).await;
    host("houses-at-last").await.expect(403);
    let noted = "select count(*) from audit_log where action in ('let_host', 'let_host_no_more')";
    assert_eq!(sql(noted).fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 4);
    let newcomer =
        json!({ "username": "new", "email": "new@example.org", "password": "long enough, I hope" });
    let visitor = world.visitor();
    visitor.send_json(Method::POST, "/api/v1/users", &newcomer).await.expect(403);
    assert!(visitor.get("/register").await.text().contains("closed"));
    change(&root, json!({ "open_registration": true, "members_may_host": true })).await;
    host("houses-3").await.expect(201);
    visitor.send_json(Method::POST, "/api/v1/users", &newcomer).await.expect(201);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_is_done_is_on_record_for_administrators_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let (root, ada) = (world.admin("root").await, world.member("ada").await);
    root.browser
        .post_form("/admin/site", &[("name", "Lab"), ("notice", ""), ("registration", "anybody")])
        .await
        .expect_redirect();
    let log = root.api.get("/api/v1/admin/log?limit=1").await.expect(200).json();
    let entry = &log["items"][0];
    assert_eq!((&entry["actor"], &entry["action"]), (&"root".into(), &"change_site".into()));
    assert_eq!(
        (&entry["detail"]["before"]["name"], &entry["detail"]["after"]["name"]),
        (&"Holdout".into(), &"Lab".into())
    );
    assert_eq!(entry["detail"]["after"]["members_may_host"], false);
    assert!(root.browser.get("/admin/log").await.expect(200).text().contains("change_site"));
    for path in ["/admin/log", "/admin/site"] {
        ada.browser.get(path).await.expect(404);
        world.visitor().get(path).await.expect(404);
    }
    ada.browser.post_form("/admin/site", &[("name", "Mine"), ("notice", "")]).await.expect(404);
    ada.api.send_json(Method::PATCH, SITE, &json!({ "name": "Mine" })).await.expect(403);
    assert_eq!(world.visitor().get("/api/v1/site").await.expect(200).json()["name"], "Lab");
    let overview = root.api.get("/api/v1/admin/overview").await.expect(200).json();
    assert!(
        overview["database_bytes"].as_i64().unwrap() > 0
            && overview["files_free_bytes"].as_i64().unwrap() > 0
    );
    sql("insert into scorers (id, host, engine_version, contract, started_at, last_seen_at, gpu)
         values (gen_random_uuid(), 'here', '0.1.0', (select newest from contract), now(), now(), 'NVIDIA H200')")
    .execute(&world.pool)
    .await
    .unwrap();
    let queue = root.api.get("/api/v1/admin/queue").await.expect(200).json();
    assert_eq!(queue["scorers"][0]["is_at_work"], true);
    assert_eq!(queue["scorers"][0]["gpu"], "NVIDIA H200");
    assert!(root.browser.get("/admin/queue").await.expect(200).text().contains("NVIDIA H200"));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn administrators_appoint_and_dismiss_each_other_and_one_always_remains(pool: PgPool) {
    let world = World::new(pool).await;
    let (root, ada) = (world.admin("root").await, world.member("ada").await);
    let role = |person: &Person| format!("/api/v1/admin/users/{}/administrator", person.id);
    ada.api.send_with(Method::PUT, &role(&ada), &[], "").await.expect(403);
    root.api.send_with(Method::DELETE, &role(&root), &[], "").await.expect(403);
    root.api.send_with(Method::PUT, &role(&ada), &[], "").await.expect(204);
    root.api.send_with(Method::PUT, &role(&ada), &[], "").await.expect(404);
    ada.browser.get("/admin").await.expect(200);
    for _ in 0..5 {
        sql("update users set is_admin = true where username in ('root', 'ada')")
            .execute(&world.pool)
            .await
            .unwrap();
        let (to_root, to_ada) =
            (format!("/admin/users/{}/dismiss", root.id), format!("/admin/users/{}/dismiss", ada.id));
        tokio::join!(root.browser.post_form(&to_ada, &[]), ada.browser.post_form(&to_root, &[]));
        let left: i64 =
            sql("select count(*) from users where is_admin").fetch_one(&world.pool).await.unwrap().get(0);
        assert_eq!(left, 1);
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_browser_finds_the_icon_beside_what_is_no_page(pool: PgPool) {
    let world = World::new(pool).await;
    let visitor = world.visitor();
    let icon = visitor.get("/favicon.ico").await.expect(200);
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    assert!(icon.header("cache-control").starts_with("public, max-age="));
    let shown = visitor.get(holdout::web::assets::path("favicon.svg")).await.expect(200);
    assert_eq!(icon.text(), shown.text());
    world.close().await;
}
