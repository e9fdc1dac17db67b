//! Notebooks by Kaggle's own client.

use super::*;

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn notebooks_are_pushed_listed_and_pulled(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, bob, carol) =
        (world.member("ada").await, world.member("bob").await, world.member("carol").await);
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let shell = Shell::of(&world, &bob, &[]).await;
    let source = std::fs::read_to_string(root().join("tests/notebooks/houses.ipynb")).unwrap();
    shell.write("model.ipynb", &source);
    let metadata = |is_private: bool| {
        json!({
            "id": "bob/first-model", "title": "First model", "code_file": "model.ipynb", "language": "python",
            "kernel_type": "notebook", "is_private": is_private, "enable_gpu": false, "enable_internet": false,
            "competition_sources": ["houses"], "dataset_sources": [], "kernel_sources": [], "model_sources": [],
        })
        .to_string()
    };
    shell.write("kernel-metadata.json", metadata(true));
    let push = ["kernels", "push", "-p", "."];
    assert_has(&shell.run("kaggle", &push).await.text, &["version 1 successfully pushed"]);
    let outside = Shell::of(&world, &carol, &[]).await;
    assert!(!outside.run("kaggle", &["kernels", "list"]).await.text.contains("first-model"));
    shell.write("kernel-metadata.json", metadata(false));
    shell.write("model.ipynb", source.replace("7000.0", "7001.0"));
    assert_has(&shell.run("kaggle", &push).await.text, &["version 2 successfully pushed"]);
    for arguments in [
        &["kernels", "list"][..],
        &["kernels", "list", "--competition", "houses"],
        &["kernels", "list", "-s", "first"],
    ] {
        assert_has(&outside.run("kaggle", arguments).await.text, &["bob/first-model", "First model"]);
    }
    assert_has(&shell.run("kaggle", &["kernels", "list", "--mine"]).await.text, &["bob/first-model"]);
    assert!(!outside.run("kaggle", &["kernels", "list", "--mine"]).await.text.contains("first-model"));
    let pulled = outside.run("kaggle", &["kernels", "pull", "bob/first-model", "-p", "pulled", "-m"]).await;
    assert!(pulled.ok, "{}", pulled.text);
    let text = std::fs::read_to_string(outside.file("pulled/first-model.ipynb")).unwrap();
    assert!(text.contains("7001.0") && !text.contains("7000.0"));
    let told: Value =
        serde_json::from_slice(&std::fs::read(outside.file("pulled/kernel-metadata.json")).unwrap()).unwrap();
    assert_eq!((&told["id"], &told["competition_sources"][0]), (&json!("bob/first-model"), &json!("houses")));
    let old = outside.run("kaggle", &["kernels", "pull", "bob/first-model/1", "-p", "old"]).await;
    assert!(old.ok, "{}", old.text);
    assert!(std::fs::read_to_string(outside.file("old/first-model.ipynb")).unwrap().contains("7000.0"));
    assert_has(&outside.run("kaggle", &["kernels", "status", "bob/first-model"]).await.text, &["COMPLETE"]);
    assert!(outside.run("kaggle", &["kernels", "output", "bob/first-model", "-p", "out"]).await.ok);
    assert!(outside.run("kaggle", &["kernels", "files", "bob/first-model"]).await.ok);
    let missing = outside.run("kaggle", &["kernels", "pull", "bob/nothing", "-p", "x"]).await;
    assert!(!missing.ok);
    let gone = shell.run("kaggle", &["kernels", "delete", "bob/first-model", "-y"]).await;
    assert!(gone.ok, "{}", gone.text);
    assert!(!outside.run("kaggle", &["kernels", "list"]).await.text.contains("first-model"));
    world.close().await;
}
