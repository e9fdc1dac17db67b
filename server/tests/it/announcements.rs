//! What hosts announce reaches everybody who takes part, once, as each of them wants it, and never disappears.

use chrono::TimeDelta;
use holdout::accounts::model::Member;
use holdout::announcements::announce::{announce, correct, withdraw};
use holdout::announcements::model::Wish;
use holdout::competitions::access::{Seen, see};
use holdout::error::{AppError, Result};
use holdout::ids::BulletinId;
use holdout::notifications::model::{Event, MailChoice, Reason};
use holdout::notifications::store::{inbox, mail};
use holdout::notifications::{letters, tell};
use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use crate::stage::{SLUG, Stage};
use crate::world::{Labels, World, sql};

fn wish(title: &str) -> Wish {
    Wish { title: title.to_owned(), text: "The end *moves*.".to_owned() }
}

async fn seen_by(stage: &Stage, host: &Member) -> Seen {
    see(&stage.app, SLUG, Some(host)).await.unwrap()
}

async fn announced(stage: &Stage, host: &Member, title: &str) -> Result<BulletinId> {
    announce(&stage.app, host, &seen_by(stage, host).await, &wish(title)).await
}

async fn tell_all(stage: &Stage) {
    while tell::tell_next_bulletin(&stage.app).await.unwrap() {}
}

async fn told(stage: &Stage, person: &Member) -> Vec<(Event, Reason, String)> {
    let mut conn = stage.app.db.acquire().await.unwrap();
    let told = inbox::list(&mut conn, person.id, i64::MAX, 200).await.unwrap();
    told.iter().map(|one| (one.event, one.reason, one.sentence())).collect()
}

async fn host_of(stage: &Stage) -> Member {
    let host = stage.person("judge").await;
    sql("insert into competition_hosts (competition_id, user_id) values ($1, $2)")
        .bind(stage.competition_id)
        .bind(host.id.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    host
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn everybody_who_takes_part_is_told_once_and_by_mail_as_they_chose(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let host = host_of(&stage).await;
    let [ada, bob, eve] =
        [stage.entrant("ada").await, stage.entrant("bob").await, stage.entrant("eve").await]
            .map(|e| e.member);
    let outsider = stage.person("otto").await;
    for (person, choice) in [(&ada, MailChoice::Immediately), (&eve, MailChoice::Never)] {
        let mut conn = stage.app.db.acquire().await.unwrap();
        mail::choose(&mut conn, person.id, choice, choice.due_at(stage.app.clock.now())).await.unwrap();
    }
    let id = announced(&stage, &host, "One more week").await.unwrap();
    tell_all(&stage).await;
    sql("update bulletins set told_at = null").execute(&stage.owner).await.unwrap(); // as if a server died
    tell_all(&stage).await;
    let sentence = "Stage: One more week".to_owned();
    for person in [&ada, &bob, &eve] {
        let once = [(Event::Announced, Reason::TakingPart, sentence.clone())];
        assert_eq!(told(&stage, person).await, once, "{}", person.username);
    }
    assert!(told(&stage, &outsider).await.is_empty() && told(&stage, &host).await.is_empty());
    let late = stage.entrant("late").await.member;
    tell_all(&stage).await;
    assert!(told(&stage, &late).await.is_empty(), "who comes later reads it on the competition's page");

    let letters = "select count(*) from mails";
    while letters::write_next(&stage.app).await.unwrap() {}
    assert_eq!(stage.number(letters).await, 1, "ada wants hers at once");
    correct(&stage.app, &host, &seen_by(&stage, &host).await, id, &wish("Two more weeks")).await.unwrap();
    tell_all(&stage).await;
    stage.let_pass(TimeDelta::hours(25)).await;
    while letters::write_next(&stage.app).await.unwrap() {}
    assert_eq!(stage.number(letters).await, 2, "bob reads his with the daily letter, eve none");
    let named =
        "select count(*) from mails where body like '%/unsubscribe/%' and subject = 'Stage: Two more weeks'
                 and body like '%/c/stage/announcements%> The end moves.%'";
    assert_eq!(stage.number(named).await, 1, "a letter has the words as they are when it is written");
    assert_eq!(told(&stage, &ada).await.len(), 1, "a correction is not told again");
    withdraw(&stage.app, &host, &seen_by(&stage, &host).await, id, "It was wrong.").await.unwrap();
    assert!(told(&stage, &ada).await[0].2.contains("withdrawn: Two more weeks"));
    let again = correct(&stage.app, &host, &seen_by(&stage, &host).await, id, &wish("Never mind")).await;
    assert!(matches!(again, Err(AppError::Refused(_))), "{again:?}");
    let actions = "select count(distinct action) from audit_log
                   where action in ('announce', 'correct_announcement', 'withdraw_announcement')";
    assert_eq!(stage.number(actions).await, 3);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn of_many_at_once_three_go_out_and_the_next_after_a_day(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let host = host_of(&stage).await;
    let seen = seen_by(&stage, &host).await;
    let tasks = (0..6).map(|at| {
        let (app, host, seen) = (stage.app.clone(), host.clone(), seen.clone());
        tokio::spawn(async move { announce(&app, &host, &seen, &wish(&format!("News {at}"))).await })
    });
    let mut n_out = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(_) => n_out += 1,
            Err(AppError::TooMany { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((n_out, stage.number("select count(*) from announcements").await), (3, 3));
    stage.let_pass(TimeDelta::hours(25)).await;
    announced(&stage, &host, "The next day").await.unwrap();
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_writes_with_a_preview_and_everybody_reads(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let (form, page) = ("/c/houses/host/announcements", "/c/houses/announcements");
    bob.browser.get(form).await.expect(404);
    bob.browser.post_form(form, &[("title", "Mine"), ("text", "Mine.")]).await.expect(404);
    let typed = [("title", "One more week"), ("text", "The *end* moves.<script>alert(1)</script>")];
    let preview =
        ada.browser.post_form(form, &[typed[0], typed[1], ("act", "preview")]).await.expect(200).text();
    assert!(preview.contains("<em>end</em>") && !preview.contains("<script>alert"), "{preview}");
    assert!(world.visitor().get(page).await.expect(200).text().contains("No announcements yet"));
    ada.browser.post_form(form, &[typed[0], ("text", "")]).await.expect(422);
    ada.browser.post_form(form, &[typed[0], typed[1], ("act", "send")]).await.expect(303);
    for path in [page, "/c/houses"] {
        let shown = world.visitor().get(path).await.expect(200).text();
        assert!(shown.contains("One more week") && !shown.contains("<script>alert"), "{shown}");
    }

    let api = arena.api("/announcements");
    let listed = world.visitor().get(&api).await.expect(200).json();
    let id = listed["items"][0]["id"].as_i64().unwrap();
    let one = format!("{api}/{id}");
    let (said, because) =
        (json!({ "title": "Two more weeks", "text": "A *cup*." }), json!({ "reason": "A slip." }));
    bob.api.send_json(Method::POST, &api, &said).await.expect(404);
    bob.api.send_json(Method::PUT, &one, &said).await.expect(404);
    bob.api.send_json(Method::POST, &format!("{one}/withdraw"), &because).await.expect(404);
    ada.api.send_json(Method::POST, &api, &json!({ "title": "Prizes", "text": "" })).await.expect(422);
    let corrected = ada.api.send_json(Method::PUT, &one, &said).await.expect(200).json();
    assert!(corrected["corrected_at"].is_string() && corrected["text"] == "A *cup*.", "{corrected}");
    let shown = bob.browser.get(page).await.expect(200).text();
    assert!(shown.contains("corrected") && shown.contains("<em>cup</em>"), "{shown}");
    ada.browser.post_form(&format!("{form}/{id}/withdraw"), &[("reason", " ")]).await.expect(422);
    ada.browser.post_form(&format!("{form}/{id}/withdraw"), &[("reason", "A slip.")]).await.expect(303);
    let shown = bob.browser.get(page).await.expect(200).text();
    assert!(shown.contains("A slip.") && shown.contains("Two more weeks"), "what was told stays: {shown}");
    ada.api.send_json(Method::POST, &format!("{one}/withdraw"), &because).await.expect(403);

    let second = ada.api.send_json(Method::POST, &api, &said).await.expect(201).json();
    let newest = world.visitor().get(&format!("{api}?limit=1")).await.expect(200).json();
    assert_eq!((&newest["items"][0]["id"], &newest["next"]), (&second["id"], &second["id"]));
    let older =
        world.visitor().get(&format!("{api}?limit=1&before={}", newest["next"])).await.expect(200).json();
    assert_eq!(older["items"][0]["id"], id);
    world.close().await;
}
