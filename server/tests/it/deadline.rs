//! The end of a competition while a file is on its way: what counts is the end that holds when it is complete.

use std::io::{Read, Write};
use std::net::TcpStream;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::world::{Arena, Labels, Person, World, sql};

/// What the sender of a late file reads, who is told when the end was.
async fn late(world: &World) -> String {
    let row = sql("select ends_at from competitions").fetch_one(&world.pool).await.unwrap();
    let end = row.get::<DateTime<Utc>, _>("ends_at").format("%Y-%m-%d %H:%M UTC");
    format!("It arrived completely only after the end ({end}): it is scored but never ranked.")
}

/// A request of which a part is still to come.
struct Slow {
    line: TcpStream,
    rest: Vec<u8>,
}

impl Slow {
    /// Sends the head and half of the body.
    fn begin(world: &World, head: &str, body: Vec<u8>) -> Self {
        let host = world.base.strip_prefix("http://").unwrap();
        let mut line = TcpStream::connect(host).unwrap();
        let length = body.len();
        let (first, rest) = body.split_at(length / 2);
        let begun =
            format!("{head}\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        line.write_all(&[begun.as_bytes(), first].concat()).unwrap();
        Self { line, rest: rest.to_vec() }
    }

    /// The answer to the whole.
    async fn end(mut self) -> String {
        let answer = tokio::task::spawn_blocking(move || {
            self.line.write_all(&self.rest).unwrap();
            let mut answer = String::new();
            self.line.read_to_string(&mut answer).unwrap();
            answer
        });
        answer.await.unwrap()
    }
}

/// The three ways in which a file comes; each is half there.
struct Sending {
    form: Slow,
    body: Slow,
    part: Slow,
    upload: String,
}

async fn half_sent(world: &World, bob: &Person) -> Sending {
    let csv = Labels::predictions(250, 617);
    let cookie = bob.browser.cookie(holdout::accounts::sessions::COOKIE).unwrap();
    let form = format!(
        "--half\r\nContent-Disposition: form-data; name=\"file\"; filename=\"form.csv\"\r\n\r\n{csv}\r\n--half--\r\n"
    );
    let head = format!(
        "POST /c/houses/submit HTTP/1.1\r\nOrigin: {}\r\nCookie: {}={cookie}\r\nContent-Type: multipart/form-data; boundary=half",
        world.base,
        holdout::accounts::sessions::COOKIE
    );
    let form = Slow::begin(world, &head, form.into_bytes());
    let bearer = format!("Authorization: Bearer {}", bob.token);
    let head = format!(
        "POST /api/v1/competitions/houses/submissions HTTP/1.1\r\n{bearer}\r\nX-File-Name: body.csv\r\n\
         Content-Type: application/octet-stream"
    );
    let body = Slow::begin(world, &head, csv.clone().into_bytes());
    let metadata = "competition aG91c2Vz,purpose c3VibWlzc2lvbg==,filename dHVzLmNzdg=="; // houses, submission, tus.csv
    let length = csv.len().to_string();
    let wish = [("tus-resumable", "1.0.0"), ("upload-length", &length), ("upload-metadata", metadata)];
    let upload = bob.api.send_with(Method::POST, "/api/v1/uploads", &wish, "").await.expect(201);
    let upload = upload.location().to_owned();
    let head = format!(
        "PATCH {upload} HTTP/1.1\r\n{bearer}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream"
    );
    let part = Slow::begin(world, &head, csv.into_bytes());
    Sending { form, body, part, upload }
}

impl Sending {
    /// Sends the rest of all three; the flash of the form, and the answers of the API.
    async fn end(self, arena: &Arena, bob: &Person) -> (String, [Value; 2]) {
        let form = self.form.end().await;
        assert!(form.starts_with("HTTP/1.1 303"), "{form}");
        let flash = form.split("holdout_flash=").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
        let flash = String::from_utf8(hex::decode(flash).unwrap()).unwrap();
        let body = self.body.end().await;
        assert!(body.starts_with("HTTP/1.1 201"), "{body}");
        let body = serde_json::from_str(body.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let part = self.part.end().await;
        assert!(part.starts_with("HTTP/1.1 204"), "{part}");
        (flash, [body, name(arena, bob, &self.upload).await])
    }
}

/// Makes a whole upload a submission.
async fn name(arena: &Arena, bob: &Person, upload: &str) -> Value {
    let named = json!({ "upload": upload.rsplit('/').next().unwrap() });
    bob.api.send_json(Method::POST, &arena.api("/submissions"), &named).await.expect(201).json()
}

/// A competition that is over in an hour.
async fn ending(world: &World, ada: &Person, bob: &Person) -> Arena {
    let arena = world.open_competition(ada, "houses", &Labels::regression()).await;
    sql("update competitions set ends_at = clock_now() + interval '1 hour',
             entry_deadline_at = clock_now() + interval '1 hour', merger_deadline_at = clock_now() + interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    arena.join(bob).await;
    arena
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_end_moved_out_while_a_file_comes_counts_for_it(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = ending(&world, &ada, &bob).await;
    let sending = half_sent(&world, &bob).await;
    let row = sql("select clock_now() + interval '3 hours' as later").fetch_one(&world.pool).await.unwrap();
    let later = json!({ "ends_at": row.get::<DateTime<Utc>, _>("later") });
    ada.api.send_json(Method::PATCH, &arena.api(""), &later).await.expect(200);
    world.let_pass(TimeDelta::hours(2)).await; // past the old end, before the new one
    let (flash, received) = sending.end(&arena, &bob).await;
    assert_eq!(flash, "Received.");
    for submission in received {
        assert_eq!(
            (&submission["is_late"], submission.get("lateness")),
            (&false.into(), None),
            "{submission}"
        );
    }
    assert_eq!(n_late(&world).await, (0, 3));
    world.drain().await;
    assert_eq!(arena.board().await["items"][0]["n_entries"], 3, "all three count");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_file_that_is_complete_after_the_end_is_late_however_early_it_began(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = ending(&world, &ada, &bob).await;
    let whole = half_sent(&world, &bob).await;
    let answer = whole.part.end().await;
    assert!(answer.starts_with("HTTP/1.1 204"), "complete in time, and named only later: {answer}");
    let sending = half_sent(&world, &bob).await;
    world.let_pass(TimeDelta::hours(2)).await;
    let (flash, [body, part]) = sending.end(&arena, &bob).await;
    let late = late(&world).await;
    assert_eq!(flash, format!("Received. {late}"));
    for submission in [&body, &part, &name(&arena, &bob, &whole.upload).await] {
        assert_eq!(
            (&submission["is_late"], &submission["lateness"]),
            (&true.into(), &late.as_str().into()),
            "{submission}"
        );
    }
    let page = bob.browser.get(&format!("/c/houses/submissions/{}", body["id"])).await.expect(200).text();
    assert!(page.contains(&late), "{page}");
    assert_eq!(n_late(&world).await, (4, 4));
    world.drain().await;
    let scored = bob.api.get(&arena.api(&format!("/submissions/{}", part["id"]))).await.expect(200).json();
    assert_eq!(scored["state"], "scored", "{scored}");
    assert_eq!(arena.board().await["items"], json!([]), "none of them is ranked");
    drop((whole.form, whole.body));
    world.close().await;
}

/// How many submissions are late, of how many.
async fn n_late(world: &World) -> (i64, i64) {
    let counted = sql("select count(*) filter (where is_late) as late, count(*) as sent from submissions");
    let row = counted.fetch_one(&world.pool).await.unwrap();
    (row.get("late"), row.get("sent"))
}
