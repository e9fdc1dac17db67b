//! What the site says of itself, and who accepted its terms.

use holdout::paths;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::command_line::Shell;
use crate::world::{Person, World, sql};

async fn write(admin: &Person, text: &str, markdown: &str) {
    let address = format!("/api/v1/admin/site/texts/{text}");
    admin.api.send_json(Method::PUT, &address, &json!({ "markdown": markdown })).await.expect(204);
}

/// The third version is written, read and accepted by commands.
async fn at_the_terminal(world: &World, root: &Person) {
    let terminal = Shell::of(world, root).await;
    terminal.write("terms.md", "Be *most* kind.");
    assert_eq!(terminal.json(&["texts", "write", "terms", "terms.md"]).await["text"], "terms");
    let shown = terminal.json(&["texts", "show", "terms"]).await;
    assert_eq!((&shown["version"], &shown["accepted_at"]), (&json!(3), &Value::Null));
    let told = terminal.run(&["texts", "show", "terms"]).await.expect(0).out;
    assert!(told.contains("Be *most* kind.") && told.contains("holdout texts accept 3"), "{told}");
    terminal.run(&["texts", "accept", "2"]).await.expect(1);
    assert!(terminal.json(&["texts", "accept", "3"]).await["accepted_at"].is_string());
    assert!(terminal.json(&["texts", "show", "terms"]).await["accepted_at"].is_string());
    let before = terminal.json(&["texts", "show", "terms", "--version", "1"]).await;
    assert_eq!((&before["markdown"], before.get("accepted_at")), (&json!("Be *kind*."), None));
    terminal.run(&["texts", "show", "imprint"]).await.expect(4);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn administrators_write_what_everybody_reads_and_every_version_stays(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (root, ada, visitor) = (world.admin("root").await, world.member("ada").await, world.visitor());
    let home = visitor.get("/").await.expect(200).text();
    assert!(home.contains(paths::PRIVACY) && !home.contains(paths::IMPRINT) && !home.contains(paths::TERMS));
    let own = visitor.get(paths::PRIVACY).await.expect(200).text();
    assert!(own.contains("comes with the program") && own.contains("Addresses of machines"), "{own}");
    for gone in [paths::IMPRINT, paths::TERMS, "/api/v1/site/texts/terms", "/api/v1/site/texts/nothing"] {
        visitor.get(gone).await.expect(404);
    }

    write(&root, "imprint", "Run by **Ada**.").await;
    write(&root, "imprint", "Run by **Ada**.").await;
    write(&root, "imprint", "Run by **Grace** <script>x</script>.").await;
    let page = visitor.get(paths::IMPRINT).await.expect(200).text();
    assert!(page.contains("<strong>Grace</strong>") && !page.contains("<script>x"), "{page}");
    assert!(visitor.get("/register").await.expect(200).text().contains(paths::IMPRINT));
    only_administrators_read_who_ran_it(&root, &ada).await;

    let form = [("markdown", "")];
    root.browser.post_form("/admin/texts/imprint", &form).await.expect_redirect();
    visitor.get(paths::IMPRINT).await.expect(404);
    assert!(!visitor.get("/").await.expect(200).text().contains(paths::IMPRINT));
    root.browser.get("/imprint?version=2").await.expect(200);
    root.browser.post_form("/admin/texts/terms", &form).await.expect(422);
    let long = "x".repeat(50_001);
    root.browser.post_form("/admin/texts/terms", &[("markdown", long.as_str())]).await.expect(422);
    root.browser.get("/admin/texts/privacy").await.expect(200);
    root.browser.get("/admin/texts/nothing").await.expect(404);

    ada.browser.get("/admin/texts/privacy").await.expect(404);
    ada.browser.post_form("/admin/texts/privacy", &[("markdown", "Mine")]).await.expect(404);
    let body = json!({ "markdown": "Mine" });
    ada.api.send_json(Method::PUT, "/api/v1/admin/site/texts/privacy", &body).await.expect(403);
    write(&root, "privacy", "We keep *little*.").await;
    write(&root, "privacy", "We keep *less*.").await;
    let page = visitor.get(paths::PRIVACY).await.expect(200).text();
    assert!(page.contains("Version 2, since") && page.contains("/privacy?version=1"), "{page}");
    assert!(!page.contains("comes with the program") && !page.contains("Addresses of machines"), "{page}");
    assert!(visitor.get("/privacy?version=1").await.expect(200).text().contains("<em>little</em>"));
    visitor.get("/privacy?version=3").await.expect(404);
    let noted = sql("select count(*) from audit_log where action = 'write_site_text'");
    assert_eq!(noted.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 5);
    world.close().await;
}

async fn only_administrators_read_who_ran_it(root: &Person, ada: &Person) {
    let before = root.browser.get("/imprint?version=1").await.expect(200).text();
    assert!(before.contains("<strong>Ada</strong>") && before.contains("Current version"), "{before}");
    ada.browser.get("/imprint?version=1").await.expect(404);
    ada.api.get("/api/v1/site/texts/imprint?version=1").await.expect(404);
    assert!(!ada.browser.get(paths::IMPRINT).await.expect(200).text().contains("?version="));
    for (person, n) in [(ada, 0), (root, 2)] {
        let told = person.api.get("/api/v1/site/texts/imprint").await.expect(200).json();
        assert_eq!((&told["version"], told["versions"].as_array().map(Vec::len)), (&json!(2), Some(n)));
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn terms_are_accepted_to_register_and_again_when_they_change(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (root, ada) = (world.admin("root").await, world.member("ada").await);
    let register = async |name: &str, accepts: &[(&str, &str)]| {
        let email = format!("{name}@example.org");
        let form = [("username", name), ("email", email.as_str()), ("password", "long enough, I hope")];
        world.visitor().post_form("/register", &[&form[..], accepts].concat()).await
    };
    register("early", &[]).await.expect_redirect();
    ada.api.get("/api/v1/me/terms").await.expect(404);
    assert!(!ada.browser.get("/").await.expect(200).text().contains("terms of use"));
    write(&root, "terms", "Be *kind*.").await;

    let page = world.visitor().get("/register").await.expect(200).text();
    assert!(page.contains("name=\"accepts_terms\"") && page.contains(paths::TERMS), "{page}");
    let refused = register("late", &[]).await.expect(422).text();
    assert!(refused.contains("Accept the terms of use to register."), "{refused}");
    let refused = register("late", &[("accepts_terms", "2")]).await.expect(422).text();
    assert!(
        refused.contains("have changed. Read the new text") && !refused.contains(" checked"),
        "{refused}"
    );
    register("late", &[("accepts_terms", "1")]).await.expect_redirect();
    let newcomer = |accepts: Option<i32>| {
        json!({ "username": "program", "email": "program@example.org", "password": "long enough, I hope",
                "accepts_terms": accepts })
    };
    for wrong in [None, Some(0), Some(2)] {
        let told =
            world.visitor().send_json(Method::POST, "/api/v1/users", &newcomer(wrong)).await.expect(422);
        assert_eq!(told.json()["field"], "accepts_terms");
    }
    world.visitor().send_json(Method::POST, "/api/v1/users", &newcomer(Some(1))).await.expect(201);
    let accepted = async || {
        let names =
            sql("select string_agg(u.username || ' ' || t.number, ', ' order by u.username, t.number)
             from terms_acceptances t join users u on u.id = t.user_id");
        names.fetch_one(&world.pool).await.unwrap().get::<String, _>(0)
    };
    assert_eq!(accepted().await, "late 1, program 1");

    // Who is a member already is asked, and nothing is closed to them meanwhile.
    assert!(ada.browser.get("/").await.expect(200).text().contains("not accepted the current terms"));
    let due = ada.api.get("/api/v1/me/terms").await.expect(200).json();
    assert_eq!(due, json!({ "version": 1, "accepted_at": Value::Null }));
    ada.browser.post_form(paths::TERMS, &[("version", "1")]).await.expect_redirect();
    assert!(ada.browser.get(paths::TERMS).await.expect(200).text().contains("You accepted this text on"));
    assert!(!ada.browser.get("/").await.expect(200).text().contains("not accepted the current terms"));
    write(&root, "terms", "Be *very* kind.").await;
    assert!(ada.browser.get("/").await.expect(200).text().contains("not accepted the current terms"));
    for wrong in ["1", "3", "x", ""] {
        ada.browser.post_form(paths::TERMS, &[("version", wrong)]).await.expect(422);
    }
    ada.api.send_json(Method::PUT, "/api/v1/me/terms", &json!({ "version": 1 })).await.expect(422);
    ada.api.send_json(Method::PUT, "/api/v1/me/terms", &json!({ "version": 2 })).await.expect(204);
    assert_eq!(accepted().await, "ada 1, ada 2, late 1, program 1");
    at_the_terminal(&world, &root).await;
    write(&root, "terms", "").await;
    ada.api.get("/api/v1/me/terms").await.expect(404);
    register("free", &[]).await.expect_redirect();
    world.close().await;
}
