//! Who may register, under each setting, as a visitor finds it; and accounts that administrators make.

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::{Answer, Client};
use crate::command_line::Shell;
use crate::lab::{self, Lab, PASSWORD, come_back, is_signed_in, world_with};
use crate::world::{Labels, Person, World, composed_sql, sql};

async fn let_register(root: &Person, wish: Value) {
    root.api.send_json(Method::PATCH, "/api/v1/admin/site", &wish).await.expect(200);
}

async fn register(browser: &Client, name: &str, email: &str) -> Answer {
    let form = [("username", name), ("email", email), ("password", PASSWORD), ("next", "/")];
    browser.post_form("/register", &form).await
}

async fn sign_in(browser: &Client, name: &str, password: &str) -> Answer {
    browser.post_form("/sign-in", &[("login", name), ("password", password), ("next", "/")]).await
}

async fn count(world: &World, what: &str) -> i64 {
    composed_sql(format!("select count(*) from {what}")).fetch_one(&world.pool).await.unwrap().get(0)
}

async fn link_in_mail(world: &World, email: &str, before: &str) -> String {
    let newest = sql("select body from mails where to_address = $1 order by id desc limit 1").bind(email);
    let body: String = newest.fetch_one(&world.pool).await.unwrap().get(0);
    format!("{before}{}", body.split(before).nth(1).unwrap().split_whitespace().next().unwrap())
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_addresses_decide_nobody_gets_in_before_the_link_in_the_mail_is_used(pool: PgPool) {
    let world = World::new(pool).await;
    let [root, host] = [world.admin("root").await, world.member("host").await];
    let rule = json!({ "registration": "addresses", "registration_domains": ["@Uni.example"] });
    let_register(&root, rule).await;
    let arena = world.open_competition(&host, "club", &Labels::regression()).await;
    let wish = json!({ "visibility": "invitation", "emails": ["guest@elsewhere.test"] });
    host.api.send_json(Method::PATCH, &arena.api(""), &wish).await.expect(200);
    let page = world.visitor().get("/register").await.expect(200).text();
    assert!(page.contains("uni.example") && page.contains("Make the account"), "{page}");
    assert!(!page.contains("elsewhere"), "whom hosts invite is told to nobody");

    for (name, email, may) in [
        ("ada", "ada@uni.example", true),
        ("guest", "guest@elsewhere.test", true),
        ("eve", "eve@elsewhere.test", false),
        ("mallory", "mallory@evil-uni.example", false),
        ("trent", "root@people.test", false), // root has it
    ] {
        let browser = world.visitor();
        let answer = register(&browser, name, email).await;
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/sign-in?next=/"),
            "all are answered alike: {name}"
        );
        assert!(!is_signed_in(&browser).await);
        let made = count(&world, &format!("users where username = '{name}'")).await;
        assert_eq!(made, i64::from(may), "{name}");
        let refused = sign_in(&browser, name, PASSWORD).await;
        assert_ne!(refused.status, 303, "{name}");
        if may {
            assert!(refused.text().contains("Confirm your e-mail address first"), "{}", refused.text());
            let session = json!({ "username": name, "password": PASSWORD });
            browser.send_json(Method::POST, "/api/v1/sessions", &session).await.expect(403);
            let link = link_in_mail(&world, email, "/confirm-email/").await;
            browser.post_form(&link, &[]).await.expect(303);
            sign_in(&browser, name, PASSWORD).await.expect(303);
            assert!(is_signed_in(&browser).await);
        }
    }
    let taken = register(&world.visitor(), "ada", "nobody@elsewhere.test").await;
    assert!(taken.status == 422 && taken.text().contains("user name is already taken"), "{}", taken.text());
    let by_program = json!({ "username": "prog", "email": "prog@uni.example", "password": PASSWORD });
    let made = world.visitor().send_json(Method::POST, "/api/v1/users", &by_program).await.expect(201).json();
    assert_eq!(made, json!({ "username": "prog", "awaits_confirmation": true }));
    // Whose link has run out sets a password by one, which confirms the address.
    sql("delete from one_time_links").execute(&world.pool).await.unwrap();
    let prog = world.visitor();
    prog.post_form("/forgot-password", &[("login", "prog")]).await.expect(200);
    let link = link_in_mail(&world, "prog@uni.example", "/reset-password/").await;
    prog.post_form(&link, &[("password", "another good one here")]).await.expect(303);
    sign_in(&prog, "prog", "another good one here").await.expect(303);
    let wrong = json!({ "registration_domains": ["localhost"] });
    root.api.send_json(Method::PATCH, "/api/v1/admin/site", &wrong).await.expect(422);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_providers_decide_only_whom_they_know_gets_in(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    let root = world.admin("root").await;
    let enter = async |subject: &str| {
        let browser = world.visitor();
        let asked = lab::leave(&lab, &browser, "%2F").await;
        come_back(&browser, &lab.vouch(&asked, subject)).await;
        is_signed_in(&browser).await
    };
    let_register(&root, json!({ "registration": "providers" })).await;
    let visitor = world.visitor();
    let page = visitor.get("/register").await.expect(200).text();
    assert!(page.contains("/sign-in/with/lab") && !page.contains("Make the account"), "{page}");
    register(&visitor, "ada", "ada@people.test").await.expect(403);
    assert!(enter("bob").await, "the provider knows bob");
    let rule = json!({ "registration": "addresses", "registration_domains": ["uni.example"] });
    let_register(&root, rule).await;
    assert!(!enter("carol").await, "carol's address is elsewhere");
    assert!(enter("bob").await, "who has an account keeps it");
    let_register(&root, json!({ "registration_domains": ["people.test"] })).await;
    assert!(enter("carol").await);
    let_register(&root, json!({ "registration": "administrators" })).await;
    assert!(!enter("dave").await);
    register(&visitor, "dave", "dave@people.test").await.expect(403);
    assert!(visitor.get("/register").await.expect(200).text().contains("Registration is closed"));
    let_register(&root, json!({ "registration": "anybody" })).await;
    assert!(enter("dave").await);
    register(&visitor, "zoe", "zoe@people.test").await.expect(303);
    assert!(is_signed_in(&visitor).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_administrator_makes_an_account_whose_owner_sets_the_password(pool: PgPool) {
    let world = World::new(pool).await;
    let [root, ada] = [world.admin("root").await, world.member("ada").await];
    let_register(&root, json!({ "registration": "administrators" })).await;
    let nothing = json!({ "registration": "providers" });
    root.api.send_json(Method::PATCH, "/api/v1/admin/site", &nothing).await.expect(422); // there is none
    let form = [("username", "bob"), ("email", "Bob@people.test")];
    for (browser, status) in [(&world.visitor(), 404), (&ada.browser, 404)] {
        browser.post_form("/admin/users", &form).await.expect(status);
    }
    let users = "/api/v1/admin/users";
    let wish = json!({ "username": "eve", "email": "eve@people.test" });
    ada.api.send_json(Method::POST, users, &wish).await.expect(403);
    world.visitor().send_json(Method::POST, users, &wish).await.expect(401);
    let wrong =
        root.browser.post_form("/admin/users", &[("username", "ada"), ("email", "b@people.test")]).await;
    assert!(wrong.status == 422 && wrong.text().contains("username-error"), "{}", wrong.text());
    let page = root.browser.post_form("/admin/users", &form).await.expect(200).text();
    let (_, link) = page.split_once("/reset-password/").expect("no mail is sent: the link is shown");
    let link = format!("/reset-password/{}", link.split('<').next().unwrap());
    assert!(link_in_mail(&world, "bob@people.test", "/reset-password/").await == link);
    let bob = world.visitor();
    assert_ne!(sign_in(&bob, "bob", "!").await.status, 303, "it has no password");
    bob.post_form(&link, &[("password", "that of the owner")]).await.expect(303);
    sign_in(&bob, "bob", "that of the owner").await.expect(303);
    let me = bob.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["username"], &me["email_confirmed"]), (&json!("bob"), &json!(true)));
    let hers = Shell::of(&world, &root).await;
    let made = hers.json(&["account", "make", "eve", "eve@people.test"]).await;
    assert!(made["link"].as_str().is_some_and(|link| link.contains("/reset-password/")), "{made}");
    assert_eq!(count(&world, "audit_log where action = 'make_account'").await, 2);
    world.close().await;
}
