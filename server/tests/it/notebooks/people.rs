//! What people make of each other's notebooks: votes, comments, medals, forks, scores.

use super::*;

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_person_has_one_vote_and_none_for_their_own(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { bob, carol, erin, dave, .. } = &library;
    let first = share(bob, "name=first&visibility=public", HOUSES).await;
    let second = share(bob, "name=second&visibility=public", TOUR).await;
    let unseen = share(bob, "name=unseen", TOUR).await;
    vote(bob, bob, &first, Method::PUT).await.expect(403);
    for voter in [carol, carol, erin, dave] {
        vote(voter, bob, &first, Method::PUT).await.expect(200);
    }
    assert_eq!(vote(dave, bob, &first, Method::DELETE).await.expect(200).json()["n_votes"], 2);
    assert_eq!(vote(dave, bob, &first, Method::DELETE).await.expect(200).json()["n_votes"], 2);
    vote(erin, bob, &unseen, Method::PUT).await.expect(404);
    let visitor = library.world.visitor();
    assert_eq!(names(&visitor, "/api/v1/notebooks?sort=votes").await, ["first", "second"]);
    assert_eq!(names(&visitor, "/api/v1/notebooks?sort=hot").await, ["first", "second"]);
    assert_eq!(names(&visitor, "/api/v1/notebooks?sort=new").await, ["second", "first"]);
    // A week later a new one is as hot as ten votes are.
    library.world.let_pass(TimeDelta::days(7)).await;
    share(erin, "name=third&visibility=public", CHANGED).await;
    assert_eq!(names(&visitor, "/api/v1/notebooks?sort=hot").await[0], "third");
    let browser = &dave.browser;
    browser.post_form(&page(bob, &second, "/vote"), &[("vote", "up")]).await.expect(303);
    assert!(browser.get(&page(bob, &second, "")).await.text().contains("Take back"));
    let kept = "select string_agg(id || ' ' || n_votes || ' ' || n_comments, ',' order by id) from notebooks";
    let before: String = sql(kept).fetch_one(&library.world.pool).await.unwrap().get(0);
    sql("select recount_notebooks()").execute(&library.world.pool).await.unwrap();
    let after: String = sql(kept).fetch_one(&library.world.pool).await.unwrap().get(0);
    assert_eq!(before, after);
    assert_eq!(library.n_files(), 4 + 4 + 2);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_fork_keeps_where_it_came_from(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { bob, erin, dave, .. } = &library;
    let name = share(bob, "name=origin&visibility=public&tags=eda", TOUR).await;
    bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", HOUSES).await.expect(201);
    let fork = dave
        .api
        .send(Method::POST, &api(bob, &name, "/versions/1/fork"), None, Vec::new())
        .await
        .expect(201)
        .json();
    let own = fork["notebook"]["name"].as_str().unwrap();
    assert_eq!(fork["notebook"]["forked_from"], json!({"owner": "bob", "name": "origin", "version": 1}));
    assert_eq!(fork["version"]["sha256"], hash(TOUR), "of the version that was asked for");
    let html = dave.browser.get(&page(dave, own, "")).await.expect(200).text();
    assert!(html.contains("Forked from") && html.contains("/n/bob/origin/versions/1"));
    assert!(html.contains(&format!("/n/dave/{own}/pictures/")), "pictures of its own");
    let publish = json!({"visibility": "public"});
    dave.api.send_json(Method::PATCH, &api(dave, own, ""), &publish).await.expect(200);
    assert!(erin.browser.get(&page(bob, &name, "")).await.text().contains("1 fork"));
    bob.api
        .send_json(Method::PATCH, &api(bob, &name, ""), &json!({"visibility": "private"}))
        .await
        .expect(200);
    let html = erin.browser.get(&page(dave, own, "")).await.expect(200).text();
    assert!(html.contains("no longer public") && !html.contains("/n/bob/origin"));
    let seen = erin.api.get(&api(dave, own, "")).await.expect(200).json();
    assert!(seen["forked_from"].is_null());
    bob.api.send(Method::DELETE, &api(bob, &name, ""), None, Vec::new()).await.expect(204);
    erin.browser.get(&page(dave, own, "")).await.expect(200);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_notebook_shows_the_public_score_and_the_private_one_after_the_end(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, arena, bob, carol, erin, .. } = &library;
    let worse = arena.submit(bob, &Labels::predictions(500, 700)).await;
    let better = arena.submit(bob, &Labels::predictions(250, 617)).await;
    let foreign = arena.submit(erin, &Labels::predictions(100, 829)).await;
    world.drain().await;
    let name = share(bob, "name=scored&competition=houses&visibility=public", HOUSES).await;
    bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", CHANGED).await.expect(201);
    let link = |person: &Person, version: i32, submission: i64| {
        let (api_client, path) =
            (person.api.clone(), api(bob, &name, &format!("/versions/{version}/submissions/{submission}")));
        async move { api_client.send(Method::PUT, &path, None, Vec::new()).await }
    };
    link(bob, 1, worse).await.expect(204);
    link(bob, 2, better).await.expect(204);
    link(bob, 2, foreign).await.expect(422);
    link(carol, 2, better).await.expect(403);
    link(bob, 9, better).await.expect(404);
    let seen = world.visitor().get(&api(bob, &name, "")).await.expect(200).json();
    assert_eq!(seen["score"], json!({"submission_id": better, "version": 2, "public": 0.25}));
    let html = world.visitor().get(&page(bob, &name, "")).await.expect(200).text();
    assert!(html.contains("0.2500 public") && !html.contains("0.617"), "the private score stays where it is");
    let listed = async || world.visitor().get("/c/houses/notebooks").await.expect(200).text();
    assert!(listed().await.contains("0.25"));
    sql("update competitions set worth_decimals = 1").execute(&world.pool).await.unwrap();
    let noisy = listed().await;
    assert!(noisy.contains("scored") && !noisy.contains("0.25"), "no digit more than on the board: {noisy}");
    let own = share(erin, "name=best&competition=houses&visibility=public", TOUR).await;
    let path = api(erin, &own, &format!("/versions/1/submissions/{foreign}"));
    erin.api.send(Method::PUT, &path, None, Vec::new()).await.expect(204);
    let by_score = "/api/v1/competitions/houses/notebooks?sort=score";
    assert_eq!(names(&world.visitor(), by_score).await, ["best", "scored"], "each once, lower is better");
    let rest = world.visitor().get(&format!("{by_score}&limit=1")).await.expect(200).json();
    let after = rest["next"].as_str().unwrap();
    assert_eq!(after, format!("0_{foreign}"), "no score, which has digits that nobody is shown");
    assert_eq!(names(&world.visitor(), &format!("{by_score}&limit=1&after={after}")).await, ["scored"]);
    world.let_pass(TimeDelta::days(31)).await;
    world.drain().await;
    let seen = world.visitor().get(&api(bob, &name, "")).await.expect(200).json();
    assert!((seen["score"]["private"].as_f64().unwrap() - 0.617).abs() < 1e-9, "{}", seen["score"]);
    let path = api(bob, &name, &format!("/versions/2/submissions/{better}"));
    bob.api.send(Method::DELETE, &path, None, Vec::new()).await.expect(204);
    bob.api.send(Method::DELETE, &path, None, Vec::new()).await.expect(422);
    assert_eq!(world.visitor().get(&api(bob, &name, "")).await.json()["score"]["version"], 1);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_hundred_votes_at_once_by_one_person_count_once(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { bob, erin, .. } = &library;
    let name = share(bob, "name=liked&visibility=public", HOUSES).await;
    let votes = futures_util::future::join_all((0..100).map(|_| vote(erin, bob, &name, Method::PUT))).await;
    assert!(votes.iter().all(|answer| answer.status == 200));
    assert_eq!(erin.api.get(&api(bob, &name, "")).await.json()["n_votes"], 1);
    assert_eq!(library.count("select count(*) from votes").await, 1);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn comments_are_posts_as_in_a_forum(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, bob, erin, dave, .. } = &library;
    let name = share(bob, "name=talked-about&competition=houses&visibility=public", HOUSES).await;
    let comments = api(bob, &name, "/comments");
    let say = async |person: &Person, body: Value| {
        person.api.send_json(Method::POST, &comments, &body).await.expect(201).json()["id"].as_i64().unwrap()
    };
    let first = say(erin, json!({"markdown": "Why *seven* thousand?"})).await;
    let answer = say(bob, json!({"markdown": "A guess.", "parent_id": first})).await;
    let listed = world.visitor().get(&comments).await.expect(200).json();
    let ids: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|post| post["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [answer, first]);
    let count =
        async || world.visitor().get(&api(bob, &name, "")).await.json()["n_comments"].as_i64().unwrap();
    assert_eq!(count().await, 2);
    let html = world.visitor().get(&page(bob, &name, "/comments")).await.expect(200).text();
    assert!(
        html.contains("<em>seven</em>")
            && html.contains("Comments (2)")
            && html.contains("Sign in to comment")
    );
    let preview = [("text", "**bold** words"), ("act", "preview")];
    let drawn = dave.browser.post_form(&page(bob, &name, "/comments"), &preview).await.expect(200).text();
    assert!(drawn.contains("<strong>bold</strong>") && count().await == 2);
    dave.browser.post_form(&page(bob, &name, "/comments"), &[("text", " ")]).await.expect(422);
    let went =
        dave.browser.post_form(&page(bob, &name, "/comments"), &[("text", "Well done.")]).await.expect(303);
    let thread = dave.browser.get(went.location().split('#').next().unwrap()).await.expect(200).text();
    assert!(thread.contains("Well done.") && thread.contains(&page(bob, &name, "/comments")));
    dave.browser.post_form(&format!("/posts/{first}/vote"), &[("vote", "up")]).await.expect(303);
    erin.browser.post_form(&format!("/posts/{first}/delete"), &[]).await.expect(303);
    assert_eq!(count().await, 2, "the one that was deleted is counted no more");
    sql("select recount_notebooks()").execute(&world.pool).await.unwrap();
    assert_eq!(count().await, 2);
    bob.api
        .send_json(Method::PATCH, &api(bob, &name, ""), &json!({"visibility": "private"}))
        .await
        .expect(200);
    for address in [format!("/api/v1/posts/{answer}"), comments.clone()] {
        erin.api.get(&address).await.expect(404);
    }
    erin.browser.get(&format!("/posts/{answer}")).await.expect(404);
    bob.api.send_json(Method::POST, &comments, &json!({"markdown": "Alone."})).await.expect(403);
    let html = bob.browser.get(&page(bob, &name, "/comments")).await.expect(200).text();
    assert!(html.contains("Only public notebooks are discussed"));
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_author_is_told_of_comments_until_they_stop_that(pool: PgPool) {
    let library = Library::open(pool).await;
    let Library { world, bob, erin, .. } = &library;
    let name = share(bob, "name=followed&visibility=public", HOUSES).await;
    let say = json!({"markdown": "Why seven thousand?"});
    erin.api.send_json(Method::POST, &api(bob, &name, "/comments"), &say).await.expect(201);
    let follows = bob.api.get("/api/v1/me/follows").await.expect(200).json();
    assert_eq!(
        (&follows["items"][0]["kind"], &follows["items"][0]["address"]),
        (&json!("notebook"), &json!("/n/bob/followed"))
    );
    while holdout::notifications::tell::tell_next(&world.app).await.unwrap() {}
    let told = bob.api.get("/api/v1/notifications").await.expect(200).json();
    let sentence = told["items"][0]["sentence"].as_str().unwrap();
    assert!(sentence.ends_with("wrote in \u{201c}House prices: a first model\u{201d}"), "{sentence}");
    let stop = [("on", "no")];
    bob.browser.post_form(&page(bob, &name, "/follow"), &stop).await.expect(303);
    assert!(bob.api.get("/api/v1/me/follows").await.json()["items"].as_array().unwrap().is_empty());
    let follow = api(bob, &name, "/follow");
    bob.api.send(Method::PUT, &follow, None, Vec::new()).await.expect(204);
    bob.api
        .send_json(Method::PATCH, &api(bob, &name, ""), &json!({"visibility": "private"}))
        .await
        .expect(200);
    erin.api.send(Method::PUT, &follow, None, Vec::new()).await.expect(404);
    let follows = erin.api.get("/api/v1/me/follows").await.expect(200).json();
    assert!(follows["items"].as_array().unwrap().is_empty(), "what is private is not listed");
    library.close().await;
}

/// Tier and number of medals of somebody's notebooks.
async fn standing(library: &Library, person: &Person) -> (String, i64) {
    let profile =
        library.world.visitor().get(&format!("/api/v1/users/{}", person.name)).await.expect(200).json();
    let standings = profile["standings"].as_array().unwrap();
    let of_notebooks = standings.iter().find(|standing| standing["category"] == "notebooks").unwrap();
    let n_medals =
        ["gold", "silver", "bronze"].map(|medal| of_notebooks[medal].as_i64().unwrap()).iter().sum();
    (of_notebooks["tier"].as_str().unwrap().to_owned(), n_medals)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn votes_by_others_than_novices_make_medals_while_a_notebook_is_public(pool: PgPool) {
    let world = World::configured(pool, |config| holdout::config::Config {
        notebook_medals: "1,2,3".parse().unwrap(),
        ..config
    })
    .await;
    world.drain().await; // announces the scorers' public key
    let library = Library::over(world).await;
    let Library { world, arena, bob, erin, dave, .. } = &library;
    let standing = async || standing(&library, bob).await;
    let name = share(bob, "name=liked&competition=houses", HOUSES).await;
    assert_eq!(standing().await, ("novice".to_owned(), 0), "nobody hears of a private one");
    let set = async |visibility: &str| {
        let change = json!({ "visibility": visibility });
        bob.api.send_json(Method::PATCH, &api(bob, &name, ""), &change).await.expect(200);
    };
    set("public").await;
    vote(dave, bob, &name, Method::PUT).await.expect(200);
    assert_eq!(standing().await, ("contributor".to_owned(), 0), "dave is a Novice");
    vote(erin, bob, &name, Method::PUT).await.expect(200);
    arena.submit(erin, &Labels::predictions(250, 617)).await;
    world.drain().await;
    assert_eq!(standing().await, ("contributor".to_owned(), 1));
    set("private").await;
    assert_eq!(standing().await, ("novice".to_owned(), 0));
    library.close().await;
}
