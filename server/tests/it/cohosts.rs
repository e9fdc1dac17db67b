//! Several hosts of one competition, and a copy of what is over.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::command_line::{Shell, scorer_at_work};
use crate::world::{Labels, Person, World, sql, until};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_adds_another_who_may_do_all_that_hosts_do(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let hosts = arena.api("/hosts");
    let add = async |by: &Person, name: &str, status: u16| {
        by.api.send_json(Method::POST, &hosts, &json!({ "username": name })).await.expect(status)
    };
    let remove = async |by: &Person, name: &str, status: u16| {
        let path = format!("{hosts}/{name}");
        by.api.send_json(Method::DELETE, &path, &Value::Null).await.expect(status)
    };
    for path in ["/c/houses/host", "/c/houses/host/hosts", "/c/houses/host/dashboard"] {
        bob.browser.get(path).await.expect(404);
    }
    add(&bob, "bob", 404).await;
    add(&ada, "nobody", 422).await;
    let now = add(&ada, "bob", 201).await.json();
    let names: Vec<&Value> = now["items"].as_array().unwrap().iter().map(|host| &host["username"]).collect();
    assert_eq!(names, ["ada", "bob"]);
    add(&ada, "bob", 422).await;
    let visitor = world.visitor();
    let shown = visitor.get(&arena.api("")).await.expect(200).json();
    assert_eq!(shown["hosts"][0], json!({ "username": "ada", "display_name": "ada adason" }));
    assert_eq!(shown["hosts"].as_array().map(Vec::len), Some(2));
    let page = visitor.get("/c/houses").await.expect(200).text();
    assert!(page.contains("Hosts") && page.contains("/u/bob") && page.contains("bob bobson"), "{page}");
    for path in ["/c/houses/host", "/c/houses/host/hosts", "/c/houses/host/dashboard"] {
        bob.browser.get(path).await.expect(200);
    }
    bob.api.send_json(Method::PATCH, &arena.api(""), &json!({ "subtitle": "By two" })).await.expect(200);

    remove(&bob, "ada", 403).await; // who made it stays
    bob.browser.post_form("/c/houses/host/hosts", &[("username", "cleo")]).await.expect(303);
    remove(&cleo, "bob", 204).await;
    bob.browser.get("/c/houses/host").await.expect(404);
    remove(&cleo, "bob", 404).await;
    let rules = json!({ "accept_rules": true });
    let told = bob.api.send_json(Method::POST, &arena.api("/join"), &rules).await.expect(403).text();
    assert!(told.contains("You used to host this competition"), "{told}");
    let told = bob.browser.get("/c/houses/join").await.expect(200).text();
    assert!(told.contains("You used to host this competition"), "{told}");
    cleo.browser.post_form("/c/houses/host/hosts/cleo/remove", &[]).await.expect(303);
    cleo.browser.get("/c/houses/host").await.expect(404);
    let noted = "select count(*) from audit_log where action in ('add_host', 'remove_host')";
    assert_eq!(sqlx::Row::get::<i64, _>(&sql(noted).fetch_one(&world.pool).await.unwrap(), 0), 4);
    world.close().await;
}

/// A page is kept until one of them changes.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn pages_show_hosts_and_files_as_they_are_at_the_next_look(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, _] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let visitor = world.visitor();
    let shown = async |path: &str| visitor.get(path).await.expect(200).text();
    assert!(!shown("/c/houses").await.contains("bob bobson"));
    ada.api.send_json(Method::POST, &arena.api("/hosts"), &json!({ "username": "bob" })).await.expect(201);
    assert!(shown("/c/houses").await.contains("bob bobson"));
    sql("update users set display_name = 'Robert' where username = 'bob'")
        .execute(&world.pool)
        .await
        .unwrap();
    assert!(shown("/c/houses").await.contains("Robert"));
    let removed = format!("{}/bob", arena.api("/hosts"));
    ada.api.send_json(Method::DELETE, &removed, &Value::Null).await.expect(204);
    assert!(!shown("/c/houses").await.contains("Robert"));

    assert!(!shown("/c/houses/data").await.contains("streets.csv"));
    let id: i64 =
        sqlx::Row::get(&sql("select id from competitions").fetch_one(&world.pool).await.unwrap(), 0);
    world.give(id, "data", "id,street\n1,Elm\n").await;
    sql("update data_files set name = 'streets.csv' where role = 'data'").execute(&world.pool).await.unwrap();
    assert!(shown("/c/houses/data").await.contains("streets.csv"));
    sql("delete from data_files where name = 'streets.csv'").execute(&world.pool).await.unwrap();
    assert!(!shown("/c/houses/data").await.contains("streets.csv"));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_is_over_is_copied_as_a_draft_that_can_be_launched_and_scores_alike(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    let page = json!({ "title": "Prizes", "markdown": "A [cup](data)." });
    ada.api.send_json(Method::PUT, &arena.api("/pages/prizes"), &page).await.expect(204);
    let copy = arena.api("/copy");
    let wish = json!({ "title": "Houses again" });
    ada.api.send_json(Method::POST, &copy, &wish).await.expect(403); // it runs
    world.let_pass(TimeDelta::days(31)).await;
    bob.api.send_json(Method::POST, &copy, &wish).await.expect(404);
    bob.browser.get("/c/houses/host/copy").await.expect(404);
    ada.browser.get("/c/houses/host/copy").await.expect(200);

    let mut scorer = scorer_at_work(&world);
    let shell = Shell::of(&world, &ada).await;
    let draft = shell.json(&["host", "copy", "houses", "--title", "Houses again"]).await;
    assert_eq!((&draft["slug"], &draft["state"]), (&"houses-again".into(), &"draft".into()), "{draft}");
    shell.run(&["host", "copy", "houses", "--title", "Houses", "--slug", "houses"]).await.expect(1);
    let again = "/api/v1/competitions/houses-again";
    bob.api.get(again).await.expect(404);
    let taken = ada.api.get(&format!("{again}/pages/prizes")).await.expect(200).json();
    assert_eq!(taken["markdown"], "A [cup](data).");
    assert!(taken["html"].as_str().is_some_and(|html| html.contains("/c/houses-again/")), "{taken}");
    let files = ada.api.get(&format!("{again}/host/data")).await.expect(200).json();
    let old = ada.api.get(&arena.api("/host/data")).await.expect(200).json();
    let hashes = |files: &Value| {
        files["items"].as_array().unwrap().iter().map(|file| file["sha256"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(hashes(&files), hashes(&old));
    until(std::time::Duration::from_secs(60), "the copy is examined", || async {
        ada.api.get(&format!("{again}/report")).await.expect(200).json()["is_current"] == true
    })
    .await;
    shell.run(&["host", "launch", "houses-again", "--yes"]).await.expect(0);
    let fresh = ada.api.get(again).await.expect(200).json();
    assert_eq!((&fresh["n_teams"], &fresh["n_entries"]), (&0.into(), &0.into()), "{fresh}");
    let counted = "select count(distinct sealed_sha256) from solutions";
    assert_eq!(sqlx::Row::get::<i64, _>(&sql(counted).fetch_one(&world.pool).await.unwrap(), 0), 1);
    scorer.kill().await.unwrap();
    world.drain().await;
    world.close().await;
}
