//! Notebooks from the command line: pushed, listed, pulled, drawn.

use sqlx::Row;

use super::*;
use crate::world::sql;

const HOUSES: &[u8] = include_bytes!("../../../../tests/notebooks/houses.ipynb");
const CHANGED: &[u8] = include_bytes!("../../../../tests/notebooks/houses-changed.ipynb");
pub(super) const TOUR: &[u8] = include_bytes!("../../../../tests/notebooks/tour.ipynb");

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_notebook_is_pushed_again_and_again_and_comes_back_byte_for_byte(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, bob, carol) =
        (world.member("ada").await, world.member("bob").await, world.member("carol").await);
    world.open_competition(&host, "houses", &Labels::regression()).await.join(&bob).await;
    let (author, reader) = (Shell::of(&world, &bob).await, Shell::of(&world, &carol).await);
    author.write("First model.ipynb", HOUSES);
    let push = ["notebook", "push", "First model.ipynb"];
    let first = author.json(&[&push[..], &["-c", "houses", "--tags", "trees,eda"]].concat()).await;
    assert_eq!(
        (&first["notebook"]["name"], &first["version"]["version"]),
        (&json!("first-model"), &json!(1))
    );
    assert_eq!(
        (&first["notebook"]["visibility"], &first["notebook"]["tags"]),
        (&json!("private"), &json!(["trees", "eda"]))
    );
    reader.run(&["notebook", "pull", "bob/first-model"]).await.expect(4);
    assert!(author.run(&push).await.expect(0).out.contains("Nothing has changed since version 1"));
    author.write("First model.ipynb", CHANGED);
    let next =
        author.run(&[&push[..], &["--visibility", "public", "-m", "more trees"]].concat()).await.expect(0);
    assert!(
        next.out.contains("Version 2 has been pushed.") && next.out.contains("/n/bob/first-model"),
        "{}",
        next.out
    );

    let listed = reader.json(&["notebook", "list", "-c", "houses"]).await;
    assert_eq!(
        (&listed["items"][0]["name"], &listed["items"][0]["latest_version"]),
        (&json!("first-model"), &json!(2))
    );
    assert!(reader.json(&["notebook", "list", "--mine"]).await["items"].as_array().unwrap().is_empty());
    assert!(author.run(&["notebook", "list"]).await.expect(0).out.contains("bob/first-model"));

    let pulled = reader.json(&["notebook", "pull", "bob/first-model"]).await;
    assert_eq!(pulled["version"]["message"], "more trees");
    assert!(std::fs::read(reader.path("first-model.ipynb")).unwrap() == CHANGED);
    let refused = reader.run(&["notebook", "pull", "bob/first-model/1"]).await;
    assert!(refused.code != Some(0) && refused.err.contains("--force"), "{}", refused.err);
    reader.run(&["notebook", "pull", "bob/first-model/1", "--force"]).await.expect(0);
    assert!(std::fs::read(reader.path("first-model.ipynb")).unwrap() == HOUSES);
    reader
        .run(&["notebook", "pull", "bob/first-model", "--into", "led", "--data", "my data"])
        .await
        .expect(0);
    let led = reader.read("led/first-model.ipynb");
    assert!(led.contains("'my data/sample_submission.csv'") && !led.contains("/kaggle/input"));
    reader.run(&["notebook", "pull", "bob/first-model/7", "--into", "x"]).await.expect(4);
    assert_ne!(reader.run(&["notebook", "pull", "first-model"]).await.code, Some(0));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_is_no_notebook_is_not_pushed(pool: PgPool) {
    let world = World::new(pool).await;
    let bob = world.member("bob").await;
    let shell = Shell::of(&world, &bob).await;
    shell.write("predictions.ipynb", "id,target\n1,2\n");
    let refused = shell.run(&["notebook", "push", "predictions.ipynb"]).await;
    assert!(refused.code != Some(0) && refused.err.contains("does not begin with"), "{}", refused.err);
    assert_ne!(shell.run(&["notebook", "push", "nowhere.ipynb"]).await.code, Some(0));
    assert!(shell.json(&["notebook", "list", "--mine"]).await["items"].as_array().unwrap().is_empty());
    world.close().await;
}

#[tokio::test]
async fn a_notebook_is_drawn_without_a_server() {
    let shell = Shell::new("http://127.0.0.1:9");
    shell.write("tour.ipynb", TOUR);
    let drawn = shell.json(&["notebook", "draw", "tour.ipynb", "--into", "tour.html"]).await;
    assert_eq!(drawn["n_pictures"], 3);
    let page = shell.read("tour.html");
    assert!(page.contains("A tour of outputs") && !page.contains("<script"));
    let pictures: Vec<_> = page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(pictures.len(), 3);
    for picture in pictures {
        assert!(shell.path(picture).is_file(), "{picture}");
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_run_is_asked_for_and_what_came_of_it_is_told(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, bob) = (world.member("ada").await, world.member("bob").await);
    world.open_competition(&host, "houses", &Labels::regression()).await.join(&bob).await;
    let author = Shell::of(&world, &bob).await;
    author.write("model.ipynb", HOUSES);
    author.run(&["notebook", "push", "model.ipynb", "-c", "houses"]).await.expect(0);
    let refused = author.run(&["notebook", "run", "bob/model"]).await;
    assert!(refused.code != Some(0) && refused.err.contains("no runner is enabled"), "{}", refused.err);
    sql("insert into notebook_runners (id, host, started_at, last_seen_at, at_once, memory_mb, disk_mb, seconds, environment)
         values (gen_random_uuid(), 'here', now(), now() + interval '1 hour', 1, 1024, 64, 60, 'Python')")
        .execute(&world.pool)
        .await
        .unwrap();
    let asked = author.json(&["notebook", "run", "bob/model/1"]).await;
    assert_eq!((&asked["state"], &asked["version"]), (&json!("waiting"), &json!(1)));
    // What a runner would say.
    sql("update notebook_runs set state = 'cell_failed', finished_at = clock_now(), at_cell = 2, n_code_cells = 3,
             n_cells_run = 1, report = 'NameError: x'")
    .execute(&world.pool)
    .await
    .unwrap();
    sql("delete from jobs where kind = 'run'").execute(&world.pool).await.unwrap();
    let run = format!("/api/v1/notebooks/bob/model/runs/{}", asked["id"]);
    let told = bob.api.get(&run).await.expect(200).json();
    assert_eq!(
        (&told["text"], &told["traceback"]),
        (&json!("Cell 2 of 3 raised an error."), &json!("NameError: x"))
    );
    let waiting = author.run(&["notebook", "run", "bob/model"]).await.expect(0);
    assert!(waiting.out.contains("It waits for a runner."), "{}", waiting.out);
    let row =
        sql("select id from notebook_runs where state = 'waiting'").fetch_one(&world.pool).await.unwrap();
    let id: i64 = row.get(0);
    let cancelled = author.json(&["notebook", "cancel", "bob/model", &id.to_string()]).await;
    assert_eq!(cancelled, json!({ "id": id, "state": "gone" }));
    let again = author.run(&["notebook", "cancel", "bob/model", &id.to_string()]).await;
    assert_ne!(again.code, Some(0), "{}", again.out);
    assert!(
        sql("select 1 from jobs where kind = 'run'").fetch_optional(&world.pool).await.unwrap().is_none()
    );
    world.close().await;
}
