//! A certificate is there once the final board stands, for who is on it, and says at its address whether it is true.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::command_line::Shell;
use crate::world::{Labels, Person, World, sql};

const PAGE: &str = "/c/houses/certificate";

/// What anyone is told of a certificate.
async fn verified(world: &World, certificate: &Value) -> Value {
    let path = format!("/api/v1/certificates/{}", certificate["code"].as_str().unwrap());
    world.visitor().get(&path).await.expect(200).json()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn certificates_are_issued_after_the_end_and_follow_the_final_board(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let [dave, emma] = [world.member("dave").await, world.member("emma").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    for (person, error) in [(&bob, 617), (&cleo, 400)] {
        arena.join(person).await;
        arena.submit(person, &Labels::predictions(250, error)).await;
    }
    arena.join(&emma).await; // sends nothing
    world.drain().await;
    let api = arena.api("/certificate");
    let absent = async || {
        for person in [&ada, &bob, &cleo, &dave, &emma] {
            person.api.get(&api).await.expect(404);
            person.browser.get(PAGE).await.expect(404);
        }
        world.visitor().get(&api).await.expect(401);
        world.visitor().get(PAGE).await.expect(303);
    };
    absent().await;
    world.let_pass(TimeDelta::days(31)).await;

    arena.board().await; // the first to look makes the final board
    let own = async |person: &Person| person.api.get(&api).await.expect(200).json();
    let (first, again) = tokio::join!(own(&bob), own(&bob));
    assert_eq!(first, again, "one certificate, however many ask at once");
    let expected = json!({ "rank": 2, "n_teams": 2, "medal": null });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&first["placing"][field], value, "{field} of {first}");
    }
    let shown = first["placing"]["shown"].as_str().unwrap();
    let board = bob.browser.get("/c/houses/leaderboard").await.expect(200).text();
    assert!(shown.starts_with("0.6") && board.contains(&format!(">{shown}<")), "{shown}: {board}");
    let code = first["code"].as_str().unwrap();
    assert_eq!(first["address"], format!("{}/certificates/{code}", world.base));
    let page = bob.browser.get(PAGE).await.expect(200).text();
    for part in ["bob bobson", "Competition houses", "of 2 teams", shown, code] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for place in ["/c/houses/leaderboard", "/c/houses/team", "/u/bob"] {
        assert!(bob.browser.get(place).await.expect(200).text().contains(PAGE), "{place} leads there");
    }
    assert!(!cleo.browser.get("/u/bob").await.expect(200).text().contains(PAGE), "one's own alone");
    assert_eq!(Shell::of(&world, &bob).await.json(&["certificate", "houses"]).await, first);
    for person in [&ada, &dave] {
        person.api.get(&api).await.expect(404);
        person.browser.get(PAGE).await.expect(404);
    }
    assert!(emma.api.get(&api).await.expect(403).text().contains("not on the final board"));
    emma.browser.get(PAGE).await.expect(403);
    assert!(!emma.browser.get("/c/houses/leaderboard").await.expect(200).text().contains(PAGE));

    let winner = own(&cleo).await;
    assert_ne!(winner["code"], first["code"]);
    assert_eq!(verified(&world, &first).await["standing"], "valid");
    assert_eq!(verified(&world, &winner).await["certificate"], winner);

    let judged = json!({ "team": "cleo cleoson", "reason": "Labels were shared." });
    let decision =
        ada.api.send_json(Method::POST, &arena.api("/disqualifications"), &judged).await.expect(201).json();
    assert_eq!(verified(&world, &winner).await["standing"], "disqualified");
    cleo.api.get(&api).await.expect(403);
    let told = verified(&world, &first).await;
    assert_eq!(
        (&told["standing"], &told["now"]["rank"], &told["now"]["n_teams"]),
        (&"changed".into(), &1.into(), &1.into())
    );
    assert_eq!(told["certificate"]["placing"]["rank"], 2, "what it said stays");
    let seen = world.visitor().get(&format!("/certificates/{code}")).await.expect(200).text();
    assert!(seen.contains("No longer true") && seen.contains("rank is now 1 of 1 team"), "{seen}");
    assert!(!seen.contains("Labels were shared"), "{seen}");
    let anew = own(&bob).await;
    assert_ne!(anew["code"], first["code"]);
    assert_eq!(verified(&world, &anew).await["standing"], "valid");

    let lift = format!("{}/{}/lift", arena.api("/disqualifications"), decision["id"]);
    ada.api.send_json(Method::POST, &lift, &json!({ "reason": "They were not." })).await.expect(200);
    assert_eq!(own(&bob).await, first, "what is true again has the code that it had");
    assert_eq!(verified(&world, &anew).await["now"]["rank"], 2);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_verification_shows_no_more_of_a_private_competition_than_the_certificate(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    world.let_pass(TimeDelta::days(31)).await;
    let certificate = bob.api.get(&arena.api("/certificate")).await.expect(200).json();
    let path = format!("/certificates/{}", certificate["code"].as_str().unwrap());
    let shown = async || world.visitor().get(&path).await.expect(200).text();
    assert!(shown().await.contains("/c/houses"));
    sql("update competitions set visibility = 'invitation'").execute(&world.pool).await.unwrap();
    let private = shown().await;
    assert!(private.contains("Competition houses") && private.contains("Valid."), "{private}");
    assert!(!private.contains("/c/houses") && !private.contains("As tests have it"), "{private}");
    assert!(!verified(&world, &certificate).await.to_string().contains("/c/houses"));
    for path in ["/certificates/5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11", "/certificates/1"] {
        world.visitor().get(path).await.expect(404);
    }

    let twice = "insert into certificates (code, competition_id, user_id, rank, n_teams, counts_for_medals, score, issued_at)
                 select gen_random_uuid(), competition_id, user_id, rank, n_teams, counts_for_medals, score, issued_at from certificates";
    let refused = sql(twice).execute(&world.pool).await.unwrap_err();
    assert!(refused.to_string().contains("certificates_one_for_a_placing"), "{refused}");
    world.close().await;
}
