//! Notebooks in the search and on the front page: found by what they say, by those who may see them.

use holdout::notebooks::read_again::read_unread;

use super::*;

/// A notebook of one heading and one line of code.
fn written(title: &str, code: &str) -> Vec<u8> {
    let cells = json!([
        {"cell_type": "markdown", "metadata": {}, "source": format!("# {title}")},
        {"cell_type": "code", "metadata": {}, "source": code, "execution_count": 1, "outputs": [
            {"output_type": "stream", "name": "stdout", "text": "printed words"}]},
    ]);
    serde_json::to_vec(&json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})).unwrap()
}

async fn found(client: &Client, query: &str) -> Vec<String> {
    let query = query.replace(' ', "+");
    let found = client.get(&format!("/api/v1/search?in=notebooks&q={query}")).await.expect(200).json();
    let items = found["items"].as_array().unwrap();
    let mut found: Vec<_> = items
        .iter()
        .map(|hit| hit["address"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    found.sort();
    found
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn notebooks_are_found_by_those_who_may_see_them_and_by_nobody_else(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, arena, bob, carol, erin, dave, root } = &library;
    let secret = world.open_competition(&arena.host, "secret", &Labels::regression()).await;
    secret.join(bob).await;
    sql("update competitions set visibility = 'invitation' where slug = 'secret'")
        .execute(&world.pool)
        .await
        .unwrap();
    let bytes = written("Gradient boosting", "import sklearn.model_selection as oddword");
    for (name, place) in [
        ("private", "competition=houses&visibility=private"),
        ("team", "competition=houses&visibility=team"),
        ("public", "competition=houses&visibility=public"),
        ("secret", "competition=secret&visibility=public"),
        ("hidden", "competition=houses&visibility=public"),
        ("deleted", "competition=houses&visibility=public"),
    ] {
        share(bob, &format!("name=n-{name}&{place}"), &bytes).await;
    }
    assert_eq!(decide(&arena.host, bob, "n-hidden", "hide").await, 204);
    bob.api.send(Method::DELETE, &api(bob, "n-deleted", ""), None, Vec::new()).await.expect(204);
    let visitor = world.visitor();
    let cases: [(&str, &Client, &[&str]); 7] = [
        ("visitor", &visitor, &["n-public"]),
        ("member", &dave.api, &["n-public"]),
        ("mate", &carol.api, &["n-public", "n-team"]),
        ("other team", &erin.api, &["n-public"]),
        ("host of both", &arena.host.api, &["n-public", "n-secret"]),
        ("admin", &root.api, &["n-public"]),
        ("owner", &bob.api, &["n-private", "n-public", "n-secret", "n-team"]),
    ];
    for (who, client, expected) in cases {
        for query in ["oddword", "boosted gradients", "sklearn", "gradiant bosting"] {
            assert_eq!(found(client, query).await, expected, "{who} looks for {query}");
        }
        for name in ["private", "team", "public", "secret", "hidden"].map(|name| format!("n-{name}")) {
            let is_found = found(client, "oddword").await.contains(&name);
            let is_seen = client.get(&api(bob, &name, "")).await.status == 200;
            assert!(is_seen || !is_found, "{who} finds {name} and cannot see it");
        }
    }
    let front = visitor.get("/").await.expect(200).text();
    assert!(front.contains("/n/bob/n-public"), "{front}");
    for name in ["private", "team", "secret", "hidden", "deleted"] {
        assert!(!front.contains(&format!("/n/bob/n-{name}")), "{name} on the front page");
    }
    dave.browser.post_form("/u/bob/follow", &[("on", "yes")]).await.expect(303);
    let front = dave.browser.get("/").await.expect(200).text();
    assert!(
        front.contains("bob bobson shared “Gradient boosting”") && !front.contains("n-secret"),
        "{front}"
    );
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_search_knows_the_newest_version_and_shows_where_it_fits(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, bob, erin, .. } = &library;
    let name = share(bob, "visibility=public", &written("Trees", "first_word = '<b>'")).await;
    let visitor = world.visitor();
    assert_eq!(found(&visitor, "first").await, ["trees"]);
    assert!(found(&visitor, "printed").await.is_empty(), "outputs are not searched");
    let other = written("Trees", "x = 1");
    bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", other).await.expect(201);
    assert!(found(&visitor, "first").await.is_empty(), "an old version is not searched");
    let later = written("Trees", &("x = 1\n".repeat(4000) + "zanzibar = '<b>'"));
    bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", later).await.expect(201);
    let hit =
        visitor.get("/api/v1/search?in=notebooks&q=zanzibar").await.expect(200).json()["items"][0].clone();
    let excerpt = hit["excerpt_html"].as_str().unwrap();
    assert!(excerpt.contains("<mark>zanzibar</mark>") && !excerpt.contains("<b>"), "{excerpt}");
    assert_eq!((&hit["kind"], &hit["title"]), (&json!("notebook"), &json!("Trees")));
    // A title weighs more than a text, and votes decide between equals.
    share(erin, "name=plain&visibility=public", &written("Leaves", "trees")).await;
    share(erin, "name=voted&visibility=public", &written("Leaves", "trees")).await;
    vote(bob, erin, "voted", Method::PUT).await.expect(200);
    let list = visitor.get("/api/v1/search?in=notebooks&q=trees").await.expect(200).json();
    let order: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|hit| hit["address"].as_str().unwrap()).collect();
    assert_eq!(order, ["/n/bob/trees", "/n/erin/voted", "/n/erin/plain"]);
    let renamed = json!({"title": "Shrubbery"});
    bob.api.send_json(Method::PATCH, &api(bob, &name, ""), &renamed).await.expect(200);
    assert_eq!(found(&visitor, "shrubbery").await, ["trees"]);
    assert!(visitor.get("/search?q=shrubery").await.expect(200).text().contains("/n/bob/trees"));
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn comments_go_with_their_notebook(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, bob, erin, .. } = &library;
    let name = share(bob, "visibility=public", &written("Trees", "x")).await;
    let comment = json!({"markdown": "A remarkable thought"});
    erin.api.send_json(Method::POST, &api(bob, &name, "/comments"), &comment).await.expect(201);
    let visitor = world.visitor();
    let n_found = async || {
        let found = visitor.get("/api/v1/search?in=discussion&q=remarkable").await.expect(200).json();
        found["items"].as_array().unwrap().len()
    };
    assert_eq!(n_found().await, 1);
    bob.api
        .send_json(Method::PATCH, &api(bob, &name, ""), &json!({"visibility": "private"}))
        .await
        .expect(200);
    assert_eq!(n_found().await, 0, "what is not public any more is not discussed in public");
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn notebooks_from_before_the_search_are_read_without_being_opened(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, bob, .. } = &library;
    for name in ["old-a", "old-b", "old-c"] {
        let bytes = written(name, &format!("oddword = '{name}'"));
        share(bob, &format!("visibility=public&name={name}"), &bytes).await;
    }
    let visitor = world.visitor();
    sql("update notebook_words set sources = '', is_read = false").execute(&world.pool).await.unwrap();
    assert_eq!(found(&visitor, "oddword").await, [""; 0]);
    let key: String = sql("select v.storage_key from notebook_versions v join notebooks n on n.id = v.notebook_id where n.slug = 'old-b'")
        .fetch_one(&world.pool)
        .await
        .unwrap()
        .get(0);
    let (file, away) = (world.files().join(&key), world.files().join("away"));
    std::fs::rename(&file, &away).unwrap();
    let read = async || read_unread(&world.app, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(read().await, 2, "one that cannot be had is in nobody's way");
    assert_eq!(found(&visitor, "oddword").await, ["old-a", "old-c"]);
    std::fs::rename(&away, &file).unwrap();
    assert_eq!(read().await, 1, "and is read the next time, as the only one");
    assert_eq!(found(&visitor, "oddword").await, ["old-a", "old-b", "old-c"]);
    assert_eq!(read().await, 0);
    library.close().await;
}
