//! A sealed file is its competition's own: whoever comes by its bytes has them opened for nothing else.

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Answer;
use crate::command_line::Shell;
use crate::world::{Arena, Labels, Person, World, sql};

const TOLD: &str = "came to another competition before";

/// What lies of the solution in a stolen backup, or in a bucket that anybody can read.
async fn stolen(world: &World) -> Vec<u8> {
    let key: String = sql("select storage_key from solutions order by id limit 1")
        .fetch_one(&world.pool)
        .await
        .unwrap()
        .get(0);
    std::fs::read(world.files().join(key)).unwrap()
}

async fn draft(person: &Person, slug: &str) {
    let wish = json!({ "title": slug, "slug": slug });
    person.api.send_json(Method::POST, "/api/v1/competitions", &wish).await.expect(201);
    let metric = format!("/api/v1/competitions/{slug}/metric");
    person.api.send_json(Method::PUT, &metric, &json!({ "metric": "rmse" })).await.expect(200);
}

async fn put(person: &Person, slug: &str, rest: &str, bytes: &[u8]) -> Answer {
    let path = format!("/api/v1/competitions/{slug}{rest}");
    person.api.send(Method::PUT, &path, Some("application/octet-stream"), bytes.to_vec()).await
}

/// What scorers found in the draft.
async fn report(world: &World, slug: &str) -> String {
    world.drain().await;
    sql("select coalesce(v.report::text, '') from scoring_versions v join competitions c on c.id = v.competition_id
         where c.slug = $1 order by v.number desc limit 1")
    .bind(slug)
    .fetch_one(&world.pool)
    .await
    .unwrap()
    .get(0)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whoever_has_the_bytes_of_a_sealed_solution_reads_no_label_by_a_contest_of_their_own(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, eve) = (world.member("ada").await, world.member("eve").await);
    world.open_competition(&ada, "houses", &Labels::regression()).await;
    let bytes = stolen(&world).await;
    draft(&eve, "thief").await;
    let table = "/api/v1/competitions/thief/table?target=target&sealed=true";
    let kind = Some("application/octet-stream");
    for answer in [
        put(&eve, "thief", "/solution?sealed=true", &bytes).await,
        eve.api.send(Method::POST, table, kind, bytes.clone()).await,
    ] {
        let refused = answer.expect(403).text();
        assert!(refused.contains(TOLD) && refused.contains("holdout host solution"), "{refused}");
    }
    let left = sql("select (select count(*) from solutions) + (select count(*) from labelled_tables)");
    assert_eq!(left.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1);
    let kept = |room: &str| -> usize {
        let owners = std::fs::read_dir(world.files().join(room)).into_iter().flatten();
        owners.map(|owner| std::fs::read_dir(owner.unwrap().path()).unwrap().count()).sum()
    };
    assert_eq!((kept("solutions"), kept("tables")), (1, 0), "what was refused is not kept");

    // Other bytes are another file, and no file at all: nobody without the key makes one that opens.
    let more = [&bytes[..], b"x"].concat();
    put(&eve, "thief", "/solution?sealed=true", &more).await.expect(200);
    let found = report(&world, "thief").await;
    assert!(found.contains("or is damaged"), "{found}");

    // A draft that was discarded leaves its labels to nobody.
    draft(&ada, "given-up").await;
    let solution = Labels::regression().solution;
    put(&ada, "given-up", "/solution", solution.as_bytes()).await.expect(200);
    let newest = sql("select storage_key from solutions order by id desc limit 1");
    let key: String = newest.fetch_one(&world.pool).await.unwrap().get(0);
    let given_up = std::fs::read(world.files().join(key)).unwrap();
    world.drain().await;
    ada.api.send_json(Method::DELETE, "/api/v1/competitions/given-up", &Value::Null).await.expect(204);
    put(&eve, "thief", "/solution?sealed=true", &given_up).await.expect(403);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn scorers_open_no_file_of_another_contest_whatever_a_server_wrote_down(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, eve) = (world.member("ada").await, world.member("eve").await);
    let houses = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let thief = world.open_competition(&eve, "thief", &Labels::regression()).await;
    let bytes = stolen(&world).await;
    let lies_at = format!("solutions/{}/stolen", thief.id);
    std::fs::write(world.files().join(&lies_at), &bytes).unwrap();
    sql("update solutions set storage_key = $2, sealed_sha256 = (select sealed_sha256 from solutions where competition_id = $3)
         where competition_id = $1")
    .bind(thief.id)
    .bind(&lies_at)
    .bind(houses.id)
    .execute(&world.pool)
    .await
    .unwrap();
    let mallory = world.member("mallory").await;
    thief.join(&mallory).await;
    let sent = thief.submit(&mallory, &Labels::predictions(250, 617)).await;
    houses.join(&mallory).await;
    let own = houses.submit(&mallory, &Labels::predictions(250, 617)).await;
    examine(&world, &thief).await;
    let n_scores = async |submission: i64| -> i64 {
        let n = sql("select count(*) from scores where submission_id = $1").bind(submission);
        n.fetch_one(&world.pool).await.unwrap().get(0)
    };
    assert_eq!((n_scores(sent).await, n_scores(own).await), (0, 1), "its owner's goes on");
    let committed = sql("select count(*) from commitments where competition_id = $1").bind(thief.id);
    assert_eq!(committed.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 0);

    draft(&eve, "other").await;
    let lies_at = "solutions/0/stolen";
    std::fs::create_dir_all(world.files().join("solutions/0")).unwrap();
    std::fs::write(world.files().join(lies_at), &bytes).unwrap();
    sql("insert into labelled_tables (competition_id, storage_key, sealed_sha256, target_column, seed)
         select c.id, $1, x.sealed_sha256, 'target', 1 from competitions c, solutions x
         where c.slug = 'other' and x.competition_id = $2")
    .bind(lies_at)
    .bind(houses.id)
    .execute(&world.pool)
    .await
    .unwrap();
    sql("insert into jobs (kind, priority, turn, competition_id, table_id)
         select 'split', 0, 0, competition_id, id from labelled_tables")
    .execute(&world.pool)
    .await
    .unwrap();
    world.drain().await;
    let told: Value =
        sql("select rejection from labelled_tables").fetch_one(&world.pool).await.unwrap().get(0);
    assert!(told["message"].as_str().unwrap().contains("sealed for another competition"), "{told}");
    let train = sql("select count(*) from data_files d join competitions c on c.id = d.competition_id
         where c.slug = 'other'");
    assert_eq!(train.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 0);
    world.close().await;
}

async fn examine(world: &World, arena: &Arena) {
    sql("insert into jobs (kind, priority, turn, competition_id, version_id)
         select 'examine', 0, 0, competition_id, id from scoring_versions where competition_id = $1")
    .bind(arena.id)
    .execute(&world.pool)
    .await
    .unwrap();
    world.drain().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_bring_what_they_sealed_to_another_contest_of_theirs(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, eve) = (world.member("ada").await, world.member("eve").await);
    world.open_competition(&ada, "houses", &Labels::regression()).await;
    let bytes = stolen(&world).await;
    draft(&ada, "again").await;
    put(&ada, "again", "/solution?sealed=true", &bytes).await.expect(200);
    let found = report(&world, "again").await;
    assert!(!found.contains("another competition") && !found.contains("damaged"), "{found}");
    assert!(found.contains("\"n_public\""), "it was opened: {found}");
    // The same a second time.
    put(&ada, "again", "/solution?sealed=true", &bytes).await.expect(200);
    world.drain().await;

    let desk = Shell::of(&world, &ada).await;
    let archive = "houses.holdout.zip";
    desk.json(&["host", "export", "houses", "--yes", "--sealed-solution"]).await;
    let taken = desk.json(&["host", "import", archive, "--slug", "brought"]).await;
    assert_eq!(taken["solution"], "sealed", "{taken}");
    let thief = Shell::of(&world, &eve).await;
    thief.write(archive, std::fs::read(desk.path(archive)).unwrap());
    let told = thief.run(&["host", "import", archive, "--slug", "stolen"]).await.expect(3);
    assert!(told.err.contains(TOLD), "{}", told.err);

    // The command line seals the labels anew, for whoever has them.
    thief.write("solution.csv", Labels::regression().solution);
    thief.run(&["host", "solution", "stolen", "solution.csv"]).await.expect(0);
    let found = report(&world, "stolen").await;
    assert!(!found.contains("another competition"), "{found}");

    // Next year's copy goes on with what it was given.
    world.let_pass(chrono::TimeDelta::days(31)).await;
    ada.api.get("/api/v1/competitions/houses/leaderboard").await.expect(200);
    let copy = json!({ "title": "Next year", "slug": "next-year" });
    let made = ada.api.send_json(Method::POST, "/api/v1/competitions/houses/copy", &copy).await;
    assert!(made.status < 300, "{}", made.text());
    let slug = made.json()["slug"].as_str().unwrap().to_owned();
    let found = report(&world, &slug).await;
    assert!(!found.contains("another competition") && found.contains("\"n_public\""), "{found}");
    world.close().await;
}
