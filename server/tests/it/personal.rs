//! A person has everything that the platform holds about them, and nobody else's; and can be gone from it, while what
//! others rely on stays to the last digit.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use chrono::TimeDelta;
use holdout::personal::delete::delete_next;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Answer;
use crate::world::{Arena, Labels, Person, World, composed_sql, sql};

const NAME: &str = "zelda_quux";
const PASSWORD: &str = "long enough, I hope";
const DATA: &str = "/api/v1/me/data";
const DELETION: &str = "/api/v1/me/deletion";

/// Every column that names people, with the document of the export that tells of it. Empty: the row is somebody else's.
const NAMED_IN: [(&str, &str); 60] = [
    ("account_deletions.user_id", "deletion"),
    ("account_events.user_id", "account_events"),
    ("api_tokens.user_id", "tokens"),
    ("audit_log.actor_id", "log"),
    ("bulletins.posted_by", "acts"),
    ("bundles.owner_id", "bundles"),
    ("certificates.user_id", "certificates"),
    ("changes.changed_by", "acts"),
    ("closings.confirmed_by", "acts"),
    ("comparisons.asked_by", "acts"),
    ("competition_guests.user_id", "invitations"),
    ("competition_hosts.user_id", "hosting"),
    ("competitions.created_by", "hosting"),
    ("custom_metrics.uploaded_by", "acts"),
    ("disqualifications.decided_by", "acts"),
    ("disqualifications.lifted_by", "acts"),
    ("extension_offers.answered_by", "acts"),
    ("direct_uploads.user_id", "direct_uploads"),
    ("file_checks.user_id", "checks"),
    ("follows.person_id", ""),
    ("follows.user_id", "follows"),
    ("former_hosts.user_id", "hosting"),
    ("identities.user_id", "identities"),
    ("images.owner_id", "images"),
    ("incident_updates.written_by", "acts"),
    ("invitation_letters.invited_by", "invitations"),
    ("invited_as.user_id", "teams"),
    ("label_releases.asked_by", "acts"),
    ("link_attempts.user_id", ""),
    ("mail_preferences.user_id", "mail_preferences"),
    ("merge_requests.asked_by", "invitations"),
    ("notebook_runs.asked_by", "notebook_runs"),
    ("notebook_runs.cancelled_by", "notebook_runs"),
    ("notebook_versions.pushed_by", "notebooks"),
    ("notebooks.owner_id", "notebooks"),
    ("notifications.actor_id", ""),
    ("notifications.user_id", "notifications"),
    ("one_time_links.user_id", "links"),
    ("page_versions.edited_by", "acts"),
    ("recovery_codes.user_id", "second_factors"),
    ("reports.reporter_id", "reports"),
    ("scoring_versions.created_by", "acts"),
    ("second_factors.user_id", "second_factors"),
    ("sessions.user_id", "sessions"),
    ("sign_in_challenges.user_id", ""),
    ("stored_of_people.user_id", "storage"),
    ("subjects.author_id", "posts"),
    ("submissions.user_id", "submissions"),
    ("team_events.actor_id", "team_events"),
    ("team_events.person_id", "team_events"),
    ("team_invitations.invited_by", "invitations"),
    ("team_invitations.user_id", "invitations"),
    ("team_members.user_id", "teams"),
    ("terms_acceptances.user_id", "terms"),
    ("uploads.user_id", "uploads"),
    ("verifications.asked_by", "acts"),
    ("version_changes.actor_id", "acts"),
    ("votes.user_id", "votes"),
    ("webhooks.created_by", "acts"),
    ("users.id", "profile"),
];

/// The zip by its names.
fn unpacked(answer: &Answer) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(&answer.bytes)).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(entry.name().unwrap().into_owned(), bytes);
    }
    files
}

fn document(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(&files[&format!("{name}.json")]).unwrap()
}

async fn everything(person: &Person) -> BTreeMap<String, Vec<u8>> {
    unpacked(&person.api.get(DATA).await.expect(200))
}

async fn knows_password(world: &World, person: &Person) {
    let hash = world.app.passwords.hash(PASSWORD.to_owned()).await.unwrap();
    sql("update users set password_hash = $2 where id = $1")
        .bind(person.id)
        .bind(hash)
        .execute(&world.pool)
        .await
        .unwrap();
}

async fn discuss(arena: &Arena, zelda: &Person, bob: &Person) -> i64 {
    let topic = json!({ "title": "How zelda_quux did it", "markdown": "I am zelda_quux." });
    let path = arena.api("/topics");
    let opened = zelda.api.send_json(Method::POST, &path, &topic).await.expect(201).json();
    let id = opened["id"].as_i64().unwrap();
    let posts = format!("/api/v1/topics/{id}/posts");
    let reply = bob.api.send_json(Method::POST, &posts, &json!({ "markdown": "Well done." })).await;
    let reply = reply.expect(201).json()["id"].clone();
    let own = zelda.api.send_json(Method::POST, &posts, &json!({ "markdown": "Thanks, zelda_quux." })).await;
    let own = own.expect(201).json()["id"].clone();
    let edit = json!({ "markdown": "Thanks. Yours, zelda_quux." });
    zelda.api.send_json(Method::PATCH, &format!("/api/v1/posts/{own}"), &edit).await.expect(204);
    let vote = json!({ "vote": "up" });
    zelda.api.send_json(Method::PUT, &format!("/api/v1/posts/{reply}/vote"), &vote).await.expect(200);
    id
}

/// Zelda takes part, writes, hosts; all tables that name people name her.
async fn lives(world: &World) -> (Person, [Person; 3], Arena) {
    let [ada, bob, root] = [world.member("ada").await, world.member("bob").await, world.admin("root").await];
    let zelda = world.member(NAME).await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let club = world.open_competition(&zelda, "club", &Labels::regression()).await;
    for person in [&zelda, &bob] {
        arena.join(person).await;
    }
    club.join(&bob).await;
    arena.submit(&zelda, &Labels::predictions(250, 617)).await;
    arena.submit(&bob, &Labels::predictions(300, 829)).await;
    sql("update submissions set description = 'Mine, zelda_quux', file_name = 'zelda_quux.csv.gz' where user_id = $1")
        .bind(zelda.id)
        .execute(&world.pool)
        .await
        .unwrap();
    world.drain().await;
    discuss(&arena, &zelda, &bob).await;
    for (name, visibility) in [("tour", "public"), ("diary", "private")] {
        const NOTEBOOK: &[u8] = include_bytes!("../../../tests/notebooks/houses.ipynb");
        let path = format!("/api/v1/notebooks?name={name}&competition=houses&visibility={visibility}");
        zelda.api.upload(&path, "x.ipynb", NOTEBOOK).await.expect(201);
    }
    let octets = Some("application/octet-stream");
    zelda.api.send(Method::POST, "/api/v1/images", octets, crate::texts::png()).await.expect(201);
    (zelda, [ada, bob, root], arena)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn somebody_takes_everything_and_is_gone_and_nothing_of_others_changes(pool: PgPool) {
    let world = World::new(pool).await;
    let (zelda, [ada, bob, root], arena) = lives(&world).await;
    let before_the_end = everything(&zelda).await;
    let sent = &document(&before_the_end, "submissions")[0];
    assert!(sent["public_score"].is_f64() && sent["private_score"].is_null(), "{sent}");
    no_hidden_digit(&world, &zelda).await;
    world.let_pass(TimeDelta::days(31)).await;
    world.drain().await;
    zelda.api.get(&arena.api("/certificate")).await.expect(200);
    sqlx::raw_sql(include_str!("personal_fill.sql")).execute(&world.pool).await.unwrap();
    knows_password(&world, &zelda).await;

    // She cannot go while she hosts alone, nor without her password.
    let wish =
        |password: &str, removes_posts: bool| json!({ "password": password, "removes_posts": removes_posts });
    zelda.api.send_json(Method::PUT, DELETION, &wish("wrong", false)).await.expect(422);
    let refused = zelda.api.send_json(Method::PUT, DELETION, &wish(PASSWORD, false)).await.expect(403).text();
    assert!(refused.contains("Competition club"), "{refused}");
    assert!(zelda.browser.get("/settings/data").await.expect(200).text().contains("Competition club"));
    sql("insert into competition_hosts (competition_id, user_id) select id, $1 from competitions where slug = 'club'")
        .bind(ada.id)
        .execute(&world.pool)
        .await
        .unwrap();
    zelda.api.send_json(Method::PUT, DELETION, &wish(PASSWORD, false)).await.expect(200);
    zelda.browser.post_form("/settings/data/keep", &[]).await.expect(303);
    zelda.api.get(DELETION).await.expect(404);
    world.let_pass(TimeDelta::days(39)).await;
    assert!(!delete_next(&world.app).await.unwrap(), "she kept it");
    zelda
        .browser
        .post_form("/settings/data/delete", &[("password", PASSWORD), ("posts", "remove")])
        .await
        .expect(303);
    assert!(zelda.browser.get("/settings/data").await.expect(200).text().contains("deleted with it"));

    has_everything(&world, &zelda, &bob).await;
    let board = board(&world).await;
    assert!(!delete_next(&world.app).await.unwrap(), "a week is not over");
    world.let_pass(TimeDelta::days(47)).await;
    assert!(delete_next(&world.app).await.unwrap());
    assert!(!delete_next(&world.app).await.unwrap());

    assert_eq!(nowhere_named(&world).await, Vec::<String>::new());
    assert_eq!(self::board(&world).await, board, "ranks, scores, receipts of all");
    let recomputed = root.api.get(&arena.api("/recomputed-board")).await.expect(200).json();
    assert_eq!(recomputed["is_same"], true, "{recomputed}");
    let shown = world.visitor().get("/c/houses/leaderboard").await.expect(200).text();
    assert!(shown.contains("Former member") && shown.contains("bob"), "{shown}");
    zelda.api.get("/api/v1/me").await.expect(401);
    assert!(zelda.browser.get("/settings").await.status >= 300);
    world.visitor().get(&format!("/u/{NAME}")).await.expect(404);
    let again = format!("/api/v1/admin/users/{}/unsuspend", zelda.id);
    root.api.send_json(Method::POST, &again, &json!({})).await.expect(404);
    let session = json!({ "username": NAME, "password": PASSWORD, "name": "again" });
    world.visitor().send_json(Method::POST, "/api/v1/sessions", &session).await.expect(422);
    let topics = world.visitor().get(&arena.api("/topics")).await.expect(200).text();
    assert!(topics.contains("Removed topic"), "bob's answer stays: {topics}");
    let left = sql(
        "select count(*) from team_members m join users u on u.id = m.user_id where u.erased_at is not null",
    );
    assert_eq!(left.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1, "teams keep their members");
    let kept = sql("select (select count(*) from competition_hosts where user_id = $1) + (select count(*) from former_hosts where user_id = $1)
                         + (select count(*) from terms_acceptances where user_id = $1)");
    let kept = kept.bind(zelda.id).fetch_one(&world.pool).await.unwrap();
    assert_eq!(kept.get::<i64, _>(0), 0, "nothing tells what she hosted");
    world.close().await;
}

/// Every document tells of her, her files are there as she sent them, and no secret and nobody else's is.
/// While a competition runs an export has the digits of a score that its board shows, or labels could be read from the others.
async fn no_hidden_digit(world: &World, zelda: &Person) {
    let exact = async || {
        let score = sql(
            "select x.public_score from scores x join submissions s on s.id = x.submission_id where s.user_id = $1",
        );
        score.bind(zelda.id).fetch_one(&world.pool).await.unwrap().get::<f64, _>(0)
    };
    for decimals in [0, 2, 12] {
        sql("update competitions set score_decimals = $1, are_decimals_chosen = true")
            .bind(decimals)
            .execute(&world.pool)
            .await
            .unwrap();
        let told = document(&everything(zelda).await, "submissions")[0]["public_score"].as_f64().unwrap();
        let shown = format!("{:.*}", usize::try_from(decimals).unwrap(), exact().await);
        assert_eq!(told, shown.parse::<f64>().unwrap(), "{decimals}");
    }
    assert_ne!(exact().await, exact().await.round(), "digits are there to be hidden");
    let noisy = "update competitions set score_decimals = 5, are_decimals_chosen = false, worth_decimals = 0";
    sql(noisy).execute(&world.pool).await.unwrap();
    let told = document(&everything(zelda).await, "submissions")[0]["public_score"].as_f64().unwrap();
    assert_eq!(told, exact().await.round(), "what the noise justifies, where nobody chose");
}

async fn has_everything(world: &World, zelda: &Person, bob: &Person) {
    let columns = sql("select c.conrelid::regclass || '.' || a.attname
         from pg_constraint c
         join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
         where c.contype = 'f' and c.confrelid = 'users'::regclass
         union
         select table_name || '.' || column_name from information_schema.columns
         join information_schema.tables using (table_schema, table_name)
         where table_schema = 'public' and table_type = 'BASE TABLE' and column_name ~ '^(user|owner|author|actor|person)_id$'");
    let columns = columns.fetch_all(&world.pool).await.unwrap();
    let columns: BTreeSet<String> = columns.iter().map(|row| row.get(0)).collect();
    let named: BTreeSet<String> = NAMED_IN
        .iter()
        .map(|(column, _)| (*column).to_owned())
        .filter(|column| column != "users.id")
        .collect();
    assert_eq!(columns, named, "what names people is in the export, or told why not in NAMED_IN");
    let files = everything(zelda).await;
    for (column, name) in NAMED_IN.iter().filter(|(_, name)| !name.is_empty()) {
        let rows = document(&files, name);
        assert!(
            rows.as_array().is_some_and(|rows| !rows.is_empty()),
            "{name}.json tells nothing of {column}"
        );
    }
    for name in ["mails", "write_ups"] {
        assert!(document(&files, name).is_array());
    }
    for what in [
        "verification",
        "webhook",
        "metric",
        "disqualification",
        "reinstatement",
        "closing",
        "word on an incident",
    ] {
        let acts = document(&files, "acts");
        assert!(acts.as_array().unwrap().iter().any(|act| act["what"] == what), "{what} in {acts}");
    }
    let sent = document(&files, "submissions");
    assert!(sent[0]["private_score"].as_f64().is_some_and(|score| score > 0.0), "{sent}");
    let sent = files.iter().find(|(name, _)| name.starts_with("submissions/")).unwrap();
    assert_eq!(String::from_utf8_lossy(sent.1), Labels::predictions(250, 617));
    assert_eq!(files.keys().filter(|name| name.starts_with("notebooks/")).count(), 2);
    assert_eq!(files.keys().filter(|name| name.starts_with("images/")).count(), 1);
    let text: String = files
        .iter()
        .filter(|(name, _)| name.ends_with(".json"))
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    for secret in
        zelda.secrets.iter().map(String::as_str).chain(["argon2id", bob.email.as_str(), "Dear zelda"])
    {
        assert!(!text.contains(secret), "{secret}");
    }
    let of_bob = everything(bob).await;
    assert!(document(&of_bob, "log").as_array().unwrap().is_empty());
    assert!(of_bob.keys().filter(|name| name.starts_with("submissions/")).count() == 1);
    assert!(
        bob.browser.get("/settings/data/export").await.expect(200).header("content-type")
            == "application/zip"
    );
    assert!(world.visitor().get("/settings/data/export").await.status >= 300);
}

/// The final board, scores and receipts of every competition, as text.
async fn board(world: &World) -> String {
    sql("select (select string_agg(f::text, E'\n' order by f.competition_id, f.team_id) from final_entries f) || E'\n'
            || (select string_agg(f::text, E'\n' order by f.team_id) from final_teams f) || E'\n'
            || (select string_agg(s::text, E'\n' order by s.submission_id) from scores s) || E'\n'
            || (select string_agg(s::text, E'\n' order by s.submission_id) from private_scores s) || E'\n'
            || (select string_agg(l::text, E'\n' order by l.competition_id, l.position) from submission_log l) || E'\n'
            || (select string_agg(encode(sha256, 'hex') || storage_key || received_at, E'\n' order by id) from submissions) || E'\n'
            || (select string_agg(v::text, E'\n' order by v.subject_id, v.user_id) from votes v)")
    .fetch_one(&world.pool)
    .await
    .unwrap()
    .get(0)
}

/// Tables in which a row still holds her name or address.
async fn nowhere_named(world: &World) -> Vec<String> {
    let tables = sql(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    );
    let mut found = Vec::new();
    for table in tables.fetch_all(&world.pool).await.unwrap() {
        let table: String = table.get(0);
        let ask = format!("select t::text from \"{table}\" t where t::text ilike '%zelda%'");
        let rows = composed_sql(ask).fetch_all(&world.pool).await.unwrap();
        found.extend(rows.iter().map(|row| format!("{table}: {}", row.get::<String, _>(0))));
    }
    found
}
