//! Pages keep every text they had; nobody's edit is lost under another's, and rules that changed say so.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Labels, Person, World, sql};

/// What a form holds in a hidden field.
fn base(form: &str) -> String {
    let (_, rest) = form.split_once("name=\"base\" value=\"").expect("the form names what it was opened on");
    rest.split('"').next().unwrap().to_owned()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn of_two_hosts_who_write_at_once_neither_is_overwritten_silently(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    ada.api.send_json(Method::POST, &arena.api("/hosts"), &json!({ "username": "bob" })).await.expect(201);
    let first = json!({ "title": "Rules", "markdown": "Be fair." });
    ada.api.send_json(Method::PUT, &arena.api("/pages/rules"), &first).await.expect(204);
    let path = "/c/houses/host/pages/rules";
    let opened = async |host: &Person| base(&host.browser.get(path).await.expect(200).text());
    let (hers, his) = (opened(&ada).await, opened(&bob).await);
    assert_eq!(hers, his);

    let preview =
        [("title", "Rules"), ("markdown", "Be *fair*.<script>alert(1)</script>"), ("act", "preview")];
    let seen = ada.browser.post_form(path, &preview).await.expect(200).text();
    assert!(seen.contains("<em>fair</em>") && !seen.contains("<script>alert"), "{seen}");
    let rules = world.visitor().get(&arena.api("/pages/rules")).await.expect(200).json();
    assert!(!rules["markdown"].as_str().unwrap().contains("*fair*"), "a preview saves nothing: {rules}");

    let post = async |host: &Person, text: &str, base: &str| {
        let fields = [("title", "Rules"), ("markdown", text), ("act", "save"), ("base", base)];
        host.browser.post_form(path, &fields).await
    };
    post(&ada, "Be fair.\nShare.", &hers).await.expect(303);
    let refused = post(&bob, "Be fair.\nKeep it to yourself.", &his).await.expect(422).text();
    assert!(
        refused.contains("Someone else saved this page") && refused.contains("<del>Share.</del>"),
        "{refused}"
    );
    assert!(refused.contains("Keep it to yourself."), "what bob wrote is still there: {refused}");
    let stands = world.visitor().get(&arena.api("/pages/rules")).await.expect(200).json();
    assert_eq!(stands["markdown"], "Be fair.\nShare.");
    post(&bob, "Be fair.\nKeep it to yourself.", &base(&refused)).await.expect(303);
    post(&cleo, "Mine.", "").await.expect(404);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_text_is_kept_compared_and_restored(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let page = arena.api("/pages/rules");
    let write = async |text: &str| {
        let body = json!({ "title": "Rules", "markdown": text });
        ada.api.send_json(Method::PUT, &page, &body).await.expect(204);
    };
    write("A draft that nobody should read.").await;
    write("Be fair.").await;
    // As if it had been launched only now.
    sql("update competitions set launched_at = clock_now()").execute(&world.pool).await.unwrap();
    arena.join(&bob).await;
    let rules = "/c/houses/p/rules";
    let accepted = bob.browser.get(rules).await.expect(200).text();
    assert!(!accepted.contains("after you accepted them"), "{accepted}");
    let before = "What this page said before";
    assert!(!accepted.contains(before), "one version is no history: {accepted}");
    assert!(ada.browser.get(rules).await.expect(200).text().contains(before), "a host has others");
    world.let_pass(TimeDelta::minutes(1)).await;
    write("Be fair.\nShare what you find.").await;
    write("Be fair.\nShare what you find.").await; // the same once more is no version

    let versions = format!("{page}/versions");
    let numbers = |listed: Value| -> Vec<i64> {
        listed["items"].as_array().unwrap().iter().map(|one| one["number"].as_i64().unwrap()).collect()
    };
    let all = numbers(ada.api.get(&versions).await.expect(200).json());
    let newest = all[0];
    assert_eq!(all.last(), Some(&1));
    let public = numbers(world.visitor().get(&versions).await.expect(200).json());
    assert_eq!(public, [newest, newest - 1], "what stood at the launch, and what came since");
    world.visitor().get(&format!("{versions}/{}", newest - 2)).await.expect(404);
    world.visitor().get(&format!("{rules}/compare?from={}", newest - 2)).await.expect(404);
    let draft = ada.api.get(&format!("{versions}/{}", newest - 2)).await.expect(200).json();
    assert_eq!(draft["markdown"], "A draft that nobody should read.");

    let diff = world.visitor().get(&format!("{page}/diff")).await.expect(200).json();
    let added: Vec<_> =
        diff["lines"].as_array().unwrap().iter().filter(|line| line["change"] == "added").collect();
    assert_eq!((added.len(), &added[0]["text"]), (1, &"Share what you find.".into()));
    let moved = bob.browser.get(rules).await.expect(200).text();
    let link = format!("{rules}/compare?from={}&to={newest}", newest - 1);
    assert!(
        moved.contains("after you accepted them") && moved.contains(&link.replace('&', "&#38;")),
        "{moved}"
    );
    assert!(!world.visitor().get(rules).await.expect(200).text().contains("after you accepted them"));
    let compared = bob.browser.get(&link).await.expect(200).text();
    assert!(
        compared.contains("<ins>Share what you find.</ins>") && !compared.contains("Restore"),
        "{compared}"
    );
    let changes = world.visitor().get(&arena.api("/changes")).await.expect(200).json();
    assert_eq!(
        (&changes["items"][0]["about"], &changes["items"][0]["item"]),
        (&"page".into(), &"rules".into())
    );
    let history = world.visitor().get(&format!("{rules}/history")).await.expect(200).text();
    assert!(history.contains("ada adason") && history.contains("Compare with the previous one"), "{history}");
    let told = |number: i64| history.contains(&format!("<th scope=\"row\" class=\"num\">{number}</th>"));
    assert_eq!(
        (told(1), told(2), told(3)),
        (true, true, false),
        "counted from the first that is read: {history}"
    );
    assert!(bob.browser.get(rules).await.expect(200).text().contains(before));

    let restore = format!("{page}/restore");
    let older = json!({ "version": newest - 1 });
    bob.api.send_json(Method::POST, &restore, &older).await.expect(404);
    let number = (newest - 1).to_string();
    let form = [("number", number.as_str())];
    bob.browser.post_form("/c/houses/host/pages/rules/restore", &form).await.expect(404);
    ada.browser.post_form("/c/houses/host/pages/rules/restore", &form).await.expect(303);
    let stands = world.visitor().get(&page).await.expect(200).json();
    assert_eq!(stands["markdown"], "Be fair.");
    ada.api.send_json(Method::POST, &restore, &json!({ "version": newest })).await.expect(204);
    ada.api.send_json(Method::POST, &restore, &json!({ "version": 999 })).await.expect(404);
    let all = numbers(ada.api.get(&versions).await.expect(200).json());
    assert_eq!(all[0], newest + 2, "what is restored is a version of its own");
    world.close().await;
}
