//! Runs of notebooks by Kaggle's own client: how one goes, what it left, its predictions as a submission.

use super::*;
use crate::custom_metrics::interpreter;
use crate::notebooks::runs::{MODEL, notebook, runner};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_a_run_left_is_fetched_and_submitted(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, bob, carol) =
        (world.member("ada").await, world.member("bob").await, world.member("carol").await);
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let python = interpreter().await;
    let drained =
        async || runner(&world).arg("--drain").env("HOLDOUT_PYTHON", &python).output().await.unwrap();
    let tried = drained().await;
    if !tried.status.success() {
        let said = String::from_utf8_lossy(&tried.stderr).into_owned();
        eprintln!("NOT RUN: notebooks are refused on this machine: {said}");
        assert!(said.contains("the sandbox cannot be set up"), "{said}");
        return world.close().await;
    }
    let (shell, outside) = (Shell::of(&world, &bob, &[]).await, Shell::of(&world, &carol, &[]).await);
    shell.write("model.ipynb", notebook(&MODEL));
    shell.write("kernel-metadata.json", metadata());
    assert!(shell.run("kaggle", &["kernels", "push", "-p", "."]).await.ok);
    let code = ["submit", "houses", "-k", "bob/first-model", "-v", "1", "-f"];
    let submit = |file: &'static str| [&code[..], &[file, "-m", "by a run"]].concat();
    shell.refused(&submit("submission.csv"), "was not run here").await;
    let status = async |of: &Shell| of.run("kaggle", &["kernels", "status", "bob/first-model"]).await.text;
    assert_has(&status(&shell).await, &["COMPLETE"]);

    sql("insert into notebook_runners (id, host, started_at, last_seen_at, at_once, memory_mb, disk_mb, seconds, environment)
         values (gen_random_uuid(), 'here', now(), now() + interval '1 hour', 1, 1024, 64, 60, 'Python')")
        .execute(&world.pool)
        .await
        .unwrap();
    let runs = "/api/v1/notebooks/bob/first-model/versions/1/runs";
    bob.api.send_json(Method::POST, runs, &json!({})).await.expect(201);
    assert_has(&status(&shell).await, &["QUEUED"]);
    shell.refused(&submit("submission.csv"), "Submit when it is done").await;
    require_success(&drained().await);
    assert_has(&status(&shell).await, &["COMPLETE"]);
    let listed = shell.run("kaggle", &["kernels", "files", "bob/first-model"]).await;
    assert_has(&listed.text, &["submission.csv", "more/page.html"]);
    let fetched = shell.run("kaggle", &["kernels", "output", "bob/first-model", "-p", "out"]).await;
    assert!(fetched.ok, "{}", fetched.text);
    let predictions = std::fs::read_to_string(shell.file("out/submission.csv")).unwrap();
    assert!(predictions.starts_with("id,target") && predictions.lines().count() == 11, "{predictions}");
    assert!(std::fs::read_to_string(shell.file("out/more/page.html")).unwrap().contains("<script>"));
    assert!(!outside.run("kaggle", &["kernels", "output", "bob/first-model", "-p", "out"]).await.ok);

    let output = "/api/v1/kernels.KernelsApiService/ListKernelSessionOutput";
    let ask = json!({ "userName": "bob", "kernelSlug": "first-model" });
    carol.api.send_json(Method::POST, output, &ask).await.expect(404);
    let told = bob.api.send_json(Method::POST, output, &ask).await.expect(200).json();
    let address = told["files"][0]["url"].as_str().unwrap().strip_prefix(&world.base).unwrap().to_owned();
    let visitor = world.visitor();
    assert_eq!(visitor.get(&address).await.expect(200).text(), predictions);
    visitor.get(&address.replace("/1/submission.csv", "/2/page.html")).await.expect(404);
    let download = "/api/v1/kernels.KernelsApiService/DownloadKernelOutput";
    let of_file = json!({ "ownerSlug": "bob", "kernelSlug": "first-model", "filePath": "submission.csv" });
    let led = bob.api.send_json(Method::POST, download, &of_file).await.expect(302).location().to_owned();
    assert_eq!(visitor.get(&led).await.expect(200).text(), predictions);
    bob.api.send_json(Method::POST, download, &ask).await.expect(404);

    shell.refused(&submit("other.csv"), "submission.csv").await;
    let _scorer = scorer(&world);
    assert_has(&shell.kaggle(&submit("submission.csv")).await, &["Successfully submitted"]);
    assert_has(&shell.kaggle(&["submissions", "houses"]).await, &["by a run", "COMPLETE"]);
    world.close().await;
}

fn metadata() -> String {
    json!({
        "id": "bob/first-model", "title": "First model", "code_file": "model.ipynb", "language": "python",
        "kernel_type": "notebook", "is_private": true, "enable_gpu": false, "enable_internet": false,
        "competition_sources": ["houses"], "dataset_sources": [], "kernel_sources": [], "model_sources": [],
    })
    .to_string()
}
