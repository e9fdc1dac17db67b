//! Data files that hosts put: training data may be many files, and nothing takes another file's place unseen.

use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::client::{Answer, Part};
use crate::world::{Arena, Labels, Person, World, sql};

/// Where a host puts files, and looks at them.
struct Desk<'a> {
    host: &'a Person,
    slug: &'a str,
}

impl Desk<'_> {
    async fn put(&self, name_and_query: &str, text: &str) -> Answer {
        let path = format!("/api/v1/competitions/{}/data/{name_and_query}", self.slug);
        self.host.api.send(Method::PUT, &path, Some("application/octet-stream"), text.into()).await
    }

    /// By the form of a page; the page after it.
    async fn send(&self, page: &str, file_name: &str, role: &str) -> Answer {
        let path = format!("/c/{}/host/{page}", self.slug);
        let bytes = b"id,target\nr0,5\n";
        let parts = [Part::Text("role", role), Part::File { field: "file", name: file_name, bytes }];
        let answer = self.host.browser.post_multipart(&path, &parts).await;
        if answer.status == 303 { self.host.browser.get(&path).await.expect(200) } else { answer }
    }

    async fn files(&self) -> Vec<(String, String)> {
        let path = format!("/api/v1/competitions/{}/host/data", self.slug);
        let listed = self.host.api.get(&path).await.expect(200).json();
        let text = |file: &Value, field: &str| file[field].as_str().unwrap().to_owned();
        let items = listed["items"].as_array().unwrap();
        items.iter().map(|file| (text(file, "name"), text(file, "role"))).collect()
    }
}

fn files(known: &[(&str, &str)]) -> Vec<(String, String)> {
    known.iter().map(|(name, role)| ((*name).to_owned(), (*role).to_owned())).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn several_training_files_stay_and_nothing_is_replaced_unseen(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let draft = json!({ "title": "Houses", "slug": "houses" });
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let desk = Desk { host: &ada, slug: "houses" };
    let first = desk.put("train.csv?role=train", "a\n1\n").await.expect(200).json();
    assert_eq!((&first["name"], &first["replaced"]), (&json!("train.csv"), &json!([])), "{first}");
    assert_eq!(desk.put("train-2.csv?role=train", "a\n2\n").await.expect(200).json()["replaced"], json!([]));
    assert_eq!(desk.files().await, files(&[("train-2.csv", "train"), ("train.csv", "train")]));

    // The same name: the same bytes are no change, others are told of, and the role stays where none is given.
    assert_eq!(desk.put("train.csv", "a\n1\n").await.expect(200).json()["replaced"], json!([]));
    let other = desk.put("train.csv", "a\n3\n").await.expect(200).json();
    assert_eq!((&other["replaced"], &other["role"]), (&json!(["train.csv"]), &json!("train")), "{other}");

    // A name that something else has.
    for query in ["role=sample_submission", "role=data"] {
        let refused = desk.put(&format!("train.csv?{query}"), "id,target\n").await.expect(422).json();
        let sentence = refused["detail"].as_str().unwrap();
        assert!(sentence.contains("train.csv") && sentence.contains("training data"), "{refused}");
    }
    let shown = desk.send("sample", "train.csv", "").await.expect(422).text();
    assert!(shown.contains("is the name of another file here (training data)"), "{shown}");
    let shown = desk.send("data", "train-2.csv", "data").await.expect(422).text();
    assert!(shown.contains("is the name of another file here"), "{shown}");
    assert_eq!(desk.files().await, files(&[("train-2.csv", "train"), ("train.csv", "train")]));
    let asked = desk.put("train-2.csv?role=data&replace=true", "a\n2\n").await.expect(200).json();
    assert_eq!((&asked["role"], &asked["replaced"]), (&json!("data"), &json!([])), "the same bytes: {asked}");

    // Of a sample submission there is one: the page and the API say whose place it took.
    let shown = desk.send("sample", "sample.csv", "").await.text();
    assert!(shown.contains("sample.csv is here."), "{shown}");
    let shown = desk.send("sample", "better.csv", "").await.text();
    assert!(shown.contains("better.csv is here, in place of sample.csv."), "{shown}");
    let again = desk.put("third.csv?role=sample_submission", "id,target\n").await.expect(200).json();
    assert_eq!(again["replaced"], json!(["better.csv"]));
    let shown = desk.send("data", "train-3.csv", "train").await.text();
    assert!(shown.contains("train-3.csv is here.") && shown.contains("train.csv"), "{shown}");
    let third = "insert into data_files (competition_id, name, role, storage_key, size_bytes, sha256)
                 select competition_id, 'x.csv', role, 'data/x', 1, sha256('') from data_files where name = $1";
    let error = sql(third).bind("third.csv").execute(&world.pool).await.unwrap_err();
    let constraint = error.as_database_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("data_files_one_of_role"), "{error}");
    sql(third).bind("train.csv").execute(&world.pool).await.unwrap();
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn after_the_launch_a_second_training_file_comes_and_a_replaced_one_is_on_record(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    world.give(arena.id, "train", "id,size,target\nt1,80,100\n").await;
    let desk = Desk { host: &ada, slug: "houses" };
    desk.put("more.csv?role=train&note=Newer%20rows", "id,size,target\nt2,90,110\n").await.expect(200);
    desk.put("train.csv?note=A%20typo", "id,size,target\nt1,81,100\n").await.expect(200);
    let three =
        [("more.csv", "train"), ("train.csv", "train"), ("sample_submission.csv", "sample_submission")];
    assert_eq!(desk.files().await, files(&three));
    let told = changes(&world, &arena).await;
    assert_eq!(told, [("train.csv", "replaced", "A typo"), ("more.csv", "added", "Newer rows")].map(owned));

    // What cannot be removed any more is not offered to be.
    let page = ada.browser.get("/c/houses/host/data").await.expect(200).text();
    assert!(page.contains("Remove train.csv") && page.contains("Remove more.csv"), "{page}");
    assert!(
        !page.contains("Remove sample_submission.csv") && page.contains("fixed since the launch"),
        "{page}"
    );
    let gone = arena.api("/data/sample_submission.csv");
    ada.api.send(Method::DELETE, &gone, None, "".into()).await.expect(403);
    world.drain().await;
    world.close().await;
}

fn owned((item, verb, note): (&str, &str, &str)) -> (String, String, String) {
    (item.to_owned(), verb.to_owned(), note.to_owned())
}

async fn changes(world: &World, arena: &Arena) -> Vec<(String, String, String)> {
    let listed = world.visitor().get(&arena.api("/changes")).await.expect(200).json();
    let items = listed["items"].as_array().unwrap();
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    items.iter().map(|one| (text(one, "item"), text(one, "verb"), text(one, "note"))).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_earlier_end_of_a_draft_takes_its_proposed_deadlines_along(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let draft = json!({ "title": "Houses", "slug": "houses" });
    let made = ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201).json();
    let starts_at: chrono::DateTime<chrono::Utc> = made["starts_at"].as_str().unwrap().parse().unwrap();
    let path = "/api/v1/competitions/houses";
    let soon = json!({ "ends_at": starts_at + chrono::TimeDelta::days(7) });
    let now = ada.api.send_json(Method::PATCH, path, &soon).await.expect(200).json();
    assert_eq!(now["entry_deadline_at"], now["ends_at"], "{now}");
    let form = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M").to_string();
    let (starts, stood) = (form(starts_at), form(starts_at + chrono::TimeDelta::days(7)));
    let sooner = form(starts_at + chrono::TimeDelta::days(2));
    let fields = [
        ("starts_at", starts.as_str()),
        ("entry_deadline_at", &stood),
        ("merger_deadline_at", &stood),
        ("ends_at", &sooner),
    ];
    ada.browser.post_form("/c/houses/host/timeline", &fields).await.expect(303);
    let late = form(starts_at + chrono::TimeDelta::days(3));
    let named = [fields[0], ("entry_deadline_at", &late), fields[2], fields[3]];
    ada.browser.post_form("/c/houses/host/timeline", &named).await.expect(422);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_follow_the_forum_of_their_competition_until_they_stop(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, eve] = [world.member("ada").await, world.member("eve").await];
    let draft = json!({ "title": "Houses", "slug": "houses" });
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let cohost = json!({ "username": "eve" });
    ada.api.send_json(Method::POST, "/api/v1/competitions/houses/hosts", &cohost).await.expect(201);
    for host in [&ada, &eve] {
        let follows = host.api.get("/api/v1/me/follows").await.expect(200).json();
        assert_eq!(follows["items"][0]["address"], "/c/houses/forum", "{follows}");
    }
    eve.api
        .send(Method::DELETE, "/api/v1/competitions/houses/forum/follow", None, "".into())
        .await
        .expect(204);
    assert_eq!(eve.api.get("/api/v1/me/follows").await.expect(200).json()["items"], json!([]));
    world.close().await;
}
