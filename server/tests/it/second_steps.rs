//! What cannot be taken back is asked once more, what was checked is submitted as it was, and who is refused finds a way on.

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Part;
use crate::tidy::root;
use crate::world::{Arena, Labels, Person, World, sql};

/// Dangerous buttons that ask otherwise: for a name or a password to be typed, by a page of their own, or for what can be undone.
const ASK_OTHERWISE: [&str; 9] = [
    "accounts/settings_identities.html",  // a password
    "accounts/settings_sessions.html",    // a password
    "accounts/settings_two_factors.html", // a code
    "admin/users.html",                   // who is suspended can be let in again
    "competitions/setup/host.html",       // the draft's address
    "conduct/conduct.html",               // a page that says whom it is about
    "moderation/decide.html",             // what is hidden can be shown again
    "moderation/queue.html",              // as admin/users.html
    "notebooks/settings.html",            // the notebook's address
];

/// Dangerous buttons of a template that stand outside of a second step.
fn unasked(html: &str) -> usize {
    let mut open: Vec<bool> = Vec::new();
    let mut n = 0;
    for (at, _) in html.match_indices(['{', '<']) {
        let rest = &html[at..];
        if rest.starts_with("{% call ") {
            open.push(rest.starts_with("{% call sure::step"));
        } else if rest.starts_with("{% endcall %}") {
            open.pop();
        } else if rest.starts_with("<button") {
            let tag = rest.split('>').next().unwrap_or_default();
            n += usize::from(tag.contains("danger") && !open.contains(&true));
        }
    }
    n
}

fn templates(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => templates(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn no_dangerous_button_acts_at_once() {
    let folder = root().join("templates");
    let mut found = Vec::new();
    templates(&folder, &mut found);
    for path in found.iter().filter(|path| path.extension().is_some_and(|kind| kind == "html")) {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        let asks = ASK_OTHERWISE.contains(&name.as_str()) || name == "personal/data.html"; // a password, and a week
        let n = unasked(&fs::read_to_string(path).unwrap());
        assert!(n == 0 || asks, "{name}: {n} buttons stand outside of parts/sure.html");
    }
    assert_eq!(unasked("<button class=\"small danger\">x</button>"), 1);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whom_a_disqualification_is_about_is_asked_first(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    let page = "/c/houses/host/disqualifications";
    let form = [("team", "bob bobson"), ("reason", "Two <accounts>.")];
    let asked = ada.browser.post_form(page, &form).await.expect(200).text();
    assert!(asked.contains("Disqualify bob bobson?") && asked.contains("name=\"sure\""), "{asked}");
    assert!(
        asked.contains("(bob bobson) leaves every board") && asked.contains("1 of them count now"),
        "{asked}"
    );
    assert!(!asked.contains("Two <accounts>"), "{asked}");
    let n = || sql("select count(*) from disqualifications").fetch_one(&world.pool);
    assert_eq!(n().await.unwrap().get::<i64, _>(0), 0, "nothing happened yet");
    let wrong = ada.browser.post_form(page, &[("team", "nobody"), ("reason", "x")]).await.expect(422).text();
    assert!(wrong.contains("No team has this name.") && !wrong.contains("name=\"sure\""), "{wrong}");
    bob.browser.post_form(page, &form).await.expect(404);
    let sure = [form.as_slice(), &[("sure", "yes")]].concat();
    ada.browser.post_form(page, &sure).await.expect_redirect();
    assert_eq!(n().await.unwrap().get::<i64, _>(0), 1);
    world.drain().await;
    world.close().await;
}

/// Has a file checked by the form; the address of what comes of it.
async fn checked(world: &World, arena: &Arena, person: &Person, csv: &str) -> String {
    let form = [
        Part::Text("description", "forest, 5 folds"),
        Part::File { field: "file", name: "mine.csv", bytes: csv.as_bytes() },
    ];
    let path = format!("/c/{}/check", arena.slug);
    let page = person.browser.post_multipart(&path, &form).await.expect_redirect().location().to_owned();
    world.drain().await;
    page
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_passed_its_check_is_submitted_as_it_was(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.join(&cleo).await;
    let csv = Labels::predictions(250, 617);
    let page = checked(&world, &arena, &bob, &csv).await;
    let shown = bob.browser.get(&page).await.expect(200).text();
    assert!(shown.contains("Submit this file") && shown.contains("forest, 5 folds"), "{shown}");
    assert!(shown.contains("5 of 5 left"), "a check spends nothing: {shown}");
    let n = || sql("select count(*) from submissions").fetch_one(&world.pool);
    assert_eq!(n().await.unwrap().get::<i64, _>(0), 0, "what is checked is not sent");
    let submit = format!("{page}/submit");
    cleo.browser.post_form(&submit, &[]).await.expect(404);
    let form = [("description", "forest, 6 folds")];
    let sent = bob.browser.post_form(&submit, &form).await.expect_redirect().location().to_owned();
    let again = bob.browser.post_form(&submit, &form).await.expect_redirect();
    assert_eq!(again.location(), sent, "pressed twice, it is one submission");
    assert_eq!(n().await.unwrap().get::<i64, _>(0), 1);
    let id: i64 = sent.rsplit('/').next().unwrap().parse().unwrap();
    let told = arena.submission(&bob, id).await;
    assert_eq!((&told["file_name"], &told["description"]), (&json!("mine.csv"), &json!("forest, 6 folds")));
    let file = bob.browser.get(&format!("{sent}/file")).await.expect(200);
    assert_eq!(file.bytes, csv.as_bytes(), "the bytes that were checked");
    let shown = bob.browser.get(&page).await.expect(200).text();
    assert!(shown.contains("This file was submitted") && !shown.contains("Submit this file"), "{shown}");

    let wrong = checked(&world, &arena, &bob, "id,prediction\n1,x\n").await;
    assert!(!bob.browser.get(&wrong).await.expect(200).text().contains("Submit this file"));
    let refused = bob.browser.post_form(&format!("{wrong}/submit"), &[]).await.expect(422).text();
    assert!(refused.contains("The file") || refused.contains("check"), "{refused}");
    assert_eq!(n().await.unwrap().get::<i64, _>(0), 1);
    world.let_pass(TimeDelta::days(31)).await;
    let late = bob.browser.get("/c/houses/submit").await.expect(200).text();
    assert!(late.contains("This competition ended at <time"), "{late}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_is_refused_the_data_is_led_to_the_rules_and_hosts_are_in_no_team(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let refused = bob.browser.get("/c/houses/data/sample_submission.csv").await.expect(403).text();
    assert!(refused.contains("href=\"/c/houses/join\">Take part</a>"), "{refused}");
    let told = bob.api.get(&arena.api("/data/sample_submission.csv")).await.expect(403).json();
    assert_eq!(told["type"], "refused", "{told}");
    assert!(told.get("is_before_joining").is_none(), "{told}");
    arena.join(&bob).await;
    let page = bob.browser.get("/c/houses/data/nothing.csv").await.expect(404).text();
    assert!(!page.contains("/c/houses/join\">Take part"), "{page}");

    let invite =
        async |name: &str| bob.browser.post_form("/c/houses/team/invite", &[("username", name)]).await;
    let sentence = "hosts know what others do not";
    assert!(invite("ada").await.expect(422).text().contains(sentence));
    let hosts = arena.api("/hosts");
    ada.api.send_json(Method::POST, &hosts, &json!({ "username": "cleo" })).await.expect(201);
    ada.api.send_json(Method::DELETE, &format!("{hosts}/cleo"), &json!(null)).await.expect(204);
    assert!(invite("cleo").await.expect(422).text().contains(sentence), "one who hosted once");
    let n = sql("select count(*) from team_invitations").fetch_one(&world.pool).await.unwrap();
    assert_eq!(n.get::<i64, _>(0), 0);
    drop(cleo);
    world.close().await;
}
