//! Notebooks that readers report and moderators decide about.

use super::*;

async fn report(person: &Person, owner: &Person, notebook: &str) -> u16 {
    let asked = json!({"reason": "leak", "words": "These are the labels."});
    person.api.send_json(Method::POST, &api(owner, notebook, "/report"), &asked).await.status
}

async fn cases(person: &Person) -> Vec<Value> {
    let list = person.api.get("/api/v1/moderation/reports").await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_notebook_is_reported_hidden_and_its_author_told_why(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, arena, bob, carol, erin, root, .. } = &library;
    let name = share(bob, "name=labels&competition=houses&visibility=public", TOUR).await;
    let fork = erin
        .api
        .send(Method::POST, &api(bob, &name, "/versions/1/fork"), None, Vec::new())
        .await
        .expect(201)
        .json();
    assert_eq!(report(erin, bob, &name).await, 204);
    assert_eq!(report(erin, bob, &name).await, 403, "once a person");
    assert_eq!(report(bob, bob, &name).await, 403, "one's own");
    let form = [("reason", "spam"), ("words", "Again <b>")];
    carol.browser.post_form(&page(bob, &name, "/report"), &form).await.expect(303);
    assert!(
        carol
            .browser
            .get(&page(bob, &name, "/report"))
            .await
            .expect(200)
            .text()
            .contains("Report a notebook")
    );
    assert!(
        carol.browser.get(&page(bob, &name, "")).await.expect(200).text().contains("/n/bob/labels/report")
    );
    for moderator in [&arena.host, root] {
        let cases = cases(moderator).await;
        assert_eq!((&cases[0]["kind"], &cases[0]["address"]), (&json!("notebook"), &json!("/n/bob/labels")));
        assert_eq!(cases[0]["reports"].as_array().unwrap().len(), 2);
    }
    erin.api.get("/api/v1/moderation/reports").await.expect(404);
    let queue = arena.host.browser.get("/moderation").await.expect(200).text();
    assert!(queue.contains("/n/bob/labels/moderate") && queue.contains("Again &#60;b&#62;"), "{queue}");

    let picture = {
        let html = bob.browser.get(&page(bob, &name, "")).await.expect(200).text();
        let name = html.split("/n/bob/labels/pictures/").nth(1).unwrap().split('"').next().unwrap();
        format!("/n/bob/labels/pictures/{name}")
    };
    let form = [("act", "hide"), ("words", "No labels, please."), ("from", "queue")];
    arena.host.browser.post_form(&page(bob, &name, "/moderate"), &form).await.expect(303);
    assert!(cases(root).await.is_empty(), "a decision closes the reports");
    for path in [page(bob, &name, ""), page(bob, &name, "/versions/1/file"), api(bob, &name, ""), picture] {
        world.visitor().get(&path).await.expect(404);
        erin.browser.get(&page(bob, &name, "")).await.expect(404);
    }
    let shown = bob.browser.get(&page(bob, &name, "")).await.expect(200).text();
    assert!(shown.contains("No labels, please.") && !shown.contains("Ada"), "by nobody named");
    let fork = format!("/n/erin/{}", fork["notebook"]["name"].as_str().unwrap());
    for rest in ["", "/versions"] {
        let shown = erin.browser.get(&format!("{fork}{rest}")).await.expect(200).text();
        assert!(shown.contains("Forked from a notebook that is no longer public"), "{shown}");
        assert!(!shown.contains("/n/bob/labels") && !shown.contains("bob/labels"), "{shown}");
    }
    let told = bob.browser.get("/notifications").await.expect(200).text();
    assert!(told.contains("A moderator hid your notebook") && told.contains("No labels, please."), "{told}");
    let notices = bob.api.get("/api/v1/notifications").await.expect(200).json();
    assert_eq!(notices["items"][0]["address"], "/n/bob/labels");
    let opened = format!("/notifications/{}", notices["items"][0]["id"]);
    let went = bob.browser.post_form(&opened, &[]).await.expect(303);
    assert_eq!(went.location(), "/n/bob/labels");
    assert_eq!(
        library.count("select count(*) from audit_log where action = 'moderate_hide' and detail ->> 'words' = 'No labels, please.'").await,
        1
    );
    assert_eq!(report(carol, bob, &name).await, 404, "hidden from readers");
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn moderators_learn_nothing_of_what_was_made_private(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { arena, bob, erin, root, .. } = &library;
    let name = share(bob, "name=mine&competition=houses&visibility=public", TOUR).await;
    assert_eq!(report(erin, bob, &name).await, 204);
    assert_eq!(cases(root).await.len(), 1);
    let private = json!({"visibility": "private"});
    bob.api.send_json(Method::PATCH, &api(bob, &name, ""), &private).await.expect(200);
    for moderator in [&arena.host, root] {
        assert!(cases(moderator).await.is_empty());
        assert_eq!(decide(moderator, bob, &name, "hide").await, 404);
    }
    library.close().await;
}
