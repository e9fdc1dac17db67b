//! Who sees a notebook, and who may do what with it.

use super::*;

/// Everything below a notebook that is read, for somebody who may.
fn readings(owner: &Person, notebook: &str, picture: &str) -> Vec<String> {
    let pages =
        ["", "/comments", "/versions", "/versions/1", "/versions/1/file", "/compare?from=1&to=1", picture];
    let apis = ["", "/comments", "/versions", "/versions/1", "/versions/1/file", "/diff?from=1"];
    let pages = pages.map(|rest| page(owner, notebook, rest)).into_iter();
    pages.chain(apis.map(|rest| api(owner, notebook, rest))).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn everybody_sees_what_they_may_at_every_address(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, arena, bob, carol, erin, dave, root } = &library;
    let hidden = world.open_competition(&arena.host, "secret", &Labels::regression()).await;
    hidden.join(bob).await;
    sql("update competitions set visibility = 'invitation' where slug = 'secret'")
        .execute(&world.pool)
        .await
        .unwrap();
    let all = ["visitor", "member", "mate", "other team", "host", "admin", "owner"];
    let cases: [(&str, String, &[&str]); 5] = [
        (
            "private",
            share(bob, "name=a-private&competition=houses&visibility=private", TOUR).await,
            &["owner"],
        ),
        (
            "team",
            share(bob, "name=b-team&competition=houses&visibility=team", TOUR).await,
            &["owner", "mate"],
        ),
        ("public", share(bob, "name=c-public&competition=houses&visibility=public", TOUR).await, &all),
        (
            "in a hidden competition",
            share(bob, "name=d-secret&competition=secret&visibility=public", TOUR).await,
            &["owner", "host", "admin"],
        ),
        (
            "hidden",
            share(bob, "name=e-hidden&competition=houses&visibility=public", TOUR).await,
            &["owner", "host", "admin"],
        ),
    ];
    assert_eq!(decide(&arena.host, bob, "e-hidden", "hide").await, 204);
    let people: [(&str, Option<&Person>); 7] = [
        ("visitor", None),
        ("member", Some(dave)),
        ("mate", Some(carol)),
        ("other team", Some(erin)),
        ("host", Some(&arena.host)),
        ("admin", Some(root)),
        ("owner", Some(bob)),
    ];
    let mut wrong = Vec::new();
    for (case, name, may_see) in &cases {
        let html = bob.browser.get(&page(bob, name, "")).await.expect(200).text();
        let picture = html.split(&page(bob, name, "/pictures/")).nth(1).unwrap().split('"').next().unwrap();
        for (kind, person) in people {
            let visitor = world.visitor();
            let [browser, program] =
                person.map_or([&visitor, &visitor], |person| [&person.browser, &person.api]);
            for address in readings(bob, name, &format!("/pictures/{picture}")) {
                let client = if address.starts_with("/api") { program } else { browser };
                let status = client.get(&address).await.status;
                let expected = if may_see.contains(&kind) { 200 } else { 404 };
                if status != expected {
                    wrong.push(format!("{case}: {kind} gets {status} at {address}"));
                }
            }
            for (method, rest) in [
                (Method::POST, "/versions/1/fork"),
                (Method::PUT, "/vote"),
                (Method::DELETE, "/vote"),
                (Method::POST, "/moderate"),
                (Method::PATCH, ""),
                (Method::POST, "/versions"),
                (Method::PUT, "/versions/1/submissions/1"),
                (Method::DELETE, "/versions/1/submissions/1"),
                (Method::DELETE, ""),
            ] {
                // What would be done is tried by others than those who may.
                let is_owner = kind == "owner";
                let may_moderate = matches!(kind, "host" | "admin") && rest == "/moderate";
                if is_owner
                    || may_moderate
                    || (may_see.contains(&kind) && matches!(rest, "/vote" | "/versions/1/fork"))
                {
                    continue;
                }
                let body = match rest {
                    "" => b"{}".to_vec(),
                    "/moderate" => br#"{"decision": "hide"}"#.to_vec(),
                    _ => Vec::new(),
                };
                let status = program
                    .send(method.clone(), &api(bob, name, rest), Some("application/json"), body)
                    .await
                    .status;
                let expected = match (kind, may_see.contains(&kind)) {
                    ("visitor", _) => 401,
                    (_, true) => 403,
                    _ => 404,
                };
                if status != expected {
                    wrong.push(format!("{case}: {kind} gets {status}, not {expected} at {method} {rest}"));
                }
            }
            for (rest, form) in [
                ("/settings", [("title", "Taken over")]),
                ("/delete", [("confirm", name.as_str())]),
                ("/versions/1/submission", [("submission", "1")]),
            ] {
                if kind == "owner" || kind == "visitor" {
                    continue;
                }
                let status = browser.post_form(&page(bob, name, rest), &form).await.status;
                let expected = if may_see.contains(&kind) { 403 } else { 404 };
                if status != expected {
                    wrong.push(format!("{case}: {kind} gets {status}, not {expected} at POST {rest}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(library.count("select count(*) from notebooks where title = 'Taken over'").await, 0);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn lists_show_what_everybody_may_see_and_teams_their_own(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, bob, carol, erin, .. } = &library;
    share(bob, "name=private-one&competition=houses", HOUSES).await;
    share(bob, "name=team-one&competition=houses&visibility=team", HOUSES).await;
    share(bob, "name=public-one&competition=houses&visibility=public", HOUSES).await;
    share(erin, "name=alone&visibility=public", HOUSES).await;
    let visitor = world.visitor();
    assert_eq!(names(&visitor, "/api/v1/notebooks?sort=new").await, ["alone", "public-one"]);
    assert_eq!(names(&visitor, "/api/v1/competitions/houses/notebooks?sort=new").await, ["public-one"]);
    assert_eq!(names(&bob.api, "/api/v1/me/notebooks").await, ["public-one", "team-one", "private-one"]);
    let at = |person: &Person| {
        let browser = person.browser.clone();
        async move { browser.get("/c/houses/notebooks").await.expect(200).text() }
    };
    assert!(at(carol).await.contains("/n/bob/team-one") && at(bob).await.contains("/n/bob/team-one"));
    assert!(!at(erin).await.contains("team-one") && !at(&library.arena.host).await.contains("team-one"));
    let first = visitor.get("/api/v1/notebooks?sort=new&limit=1").await.expect(200).json();
    let after = first["next"].as_str().unwrap();
    assert_eq!(
        names(&visitor, &format!("/api/v1/notebooks?sort=new&limit=1&after={after}")).await,
        ["public-one"]
    );
    visitor.get("/api/v1/notebooks?after=yesterday").await.expect(422);
    let profile = visitor.get("/u/bob").await.expect(200).text();
    assert!(profile.contains("/n/bob/public-one") && !profile.contains("team-one"));
    sql("update competitions set visibility = 'unlisted' where slug = 'houses'")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(
        names(&visitor, "/api/v1/notebooks?sort=hot").await,
        ["alone"],
        "unlisted competitions stay unlisted"
    );
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn code_is_shared_with_ones_team_or_with_everybody_and_stays_with_its_competition(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, arena, bob, carol, erin, dave, .. } = &library;
    let refused = create(dave, "competition=houses&visibility=team", HOUSES).await.expect(422).json();
    assert_eq!(refused["field"], "visibility", "dave has no team there");
    create(dave, "visibility=team", HOUSES).await.expect(422);
    let name = share(bob, "name=ours&competition=houses&visibility=team", HOUSES).await;
    let fork = carol
        .api
        .send(Method::POST, &api(bob, &name, "/versions/1/fork"), None, Vec::new())
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&fork["notebook"]["competition"], &fork["notebook"]["visibility"]),
        (&json!("houses"), &json!("private"))
    );
    erin.api.send(Method::POST, &api(bob, &name, "/versions/1/fork"), None, Vec::new()).await.expect(404);
    let other = world.open_competition(&arena.host, "boats", &Labels::regression()).await;
    other.join(bob).await;
    let moved = json!({"competition": "boats"});
    bob.api.send_json(Method::PATCH, &api(bob, &name, ""), &moved).await.expect(422);
    assert_eq!(bob.api.get(&api(bob, &name, "")).await.json()["competition"], "houses");
    // Who leaves a team sees its notebooks no more.
    sql("with alone as (insert into teams (competition_id, name) values ($1, 'Carol alone') returning id)
         update team_members set team_id = (select id from alone), is_leader = true where user_id = $2 and competition_id = $1")
    .bind(arena.id)
    .bind(carol.id)
    .execute(&world.pool)
    .await
    .unwrap();
    carol.api.get(&api(bob, &name, "")).await.expect(404);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_and_administrators_hide_what_is_public_and_nothing_else(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, arena, bob, erin, root, .. } = &library;
    let here = share(bob, "name=here&competition=houses&visibility=public", HOUSES).await;
    let alone = share(bob, "name=alone&visibility=public", TOUR).await;
    assert_eq!(decide(&arena.host, bob, &here, "hide").await, 204);
    assert_eq!(decide(&arena.host, bob, &alone, "hide").await, 403, "no competition of theirs");
    assert_eq!(decide(root, bob, &alone, "hide").await, 204);
    assert_eq!(decide(bob, bob, &here, "show").await, 403, "its author cannot show it again");
    assert!(names(&world.visitor(), "/api/v1/notebooks").await.is_empty());
    let shown = bob.browser.get(&page(bob, &here, "")).await.expect(200).text();
    assert!(shown.contains("A moderator has hidden") && shown.contains("“Please keep to the rules.”"));
    vote(erin, bob, &here, Method::PUT).await.expect(404);
    assert_eq!(decide(&arena.host, bob, &here, "show").await, 204);
    assert_eq!(names(&world.visitor(), "/api/v1/notebooks").await, ["here"]);
    assert_eq!(
        library
            .count("select count(*) from audit_log where action ^@ 'moderate_' and detail ? 'notebook'")
            .await,
        3
    );
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn places_that_open_notebooks_are_those_of_the_configuration(pool: PgPool) {
    let world = World::configured(pool, |config| holdout::config::Config {
        notebook_openers: "Lab=https://lab.example.org/?u={url}".parse().unwrap(),
        ..config
    })
    .await;
    let bob = world.member("bob").await;
    let public = share(&bob, "name=open&visibility=public", HOUSES).await;
    let private = share(&bob, "name=closed", HOUSES).await;
    let shown = |name: &str| {
        let (client, path) = (bob.browser.clone(), page(&bob, name, ""));
        async move { client.get(&path).await.expect(200).text() }
    };
    let html = shown(&public).await;
    assert!(
        html.contains("Open in Lab") && html.contains("https://lab.example.org/?u=http%3A%2F%2F"),
        "{html}"
    );
    assert!(!shown(&private).await.contains("Open in Lab"), "nobody else could fetch it");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_token_needs_the_scope_for_what_it_does(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let name = share(bob, "name=scoped&visibility=public", HOUSES).await;
    let statuses = |scope: &'static str| {
        let (pool, client, erin) = (library.world.pool.clone(), library.erin.api.clone(), library.erin.id);
        let (read, write, hide) =
            (api(bob, &name, ""), api(bob, &name, "/vote"), api(bob, &name, "/moderate"));
        async move {
            sql("update api_tokens set scopes = array[$1] where user_id = $2")
                .bind(scope)
                .bind(erin)
                .execute(&pool)
                .await
                .unwrap();
            let mut seen = BTreeMap::new();
            seen.insert("read", client.get(&read).await.status);
            seen.insert("vote", client.send(Method::PUT, &write, None, Vec::new()).await.status);
            let asked = json!({"decision": "hide"});
            seen.insert("hide", client.send_json(Method::POST, &hide, &asked).await.status);
            seen
        }
    };
    assert_eq!(statuses("read").await, BTreeMap::from([("hide", 403), ("read", 200), ("vote", 403)]));
    assert_eq!(statuses("submit").await, BTreeMap::from([("hide", 403), ("read", 403), ("vote", 200)]));
    library.close().await;
}
