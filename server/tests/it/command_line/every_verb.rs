//! Every verb of the command line answers a program: with `--json`, one document, whatever happens.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Command, CommandFactory};
use holdout::cli::program::Program;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Shell, Told};
use crate::host_commands::{MODULE, labelled_table};
use crate::world::{Labels, World, database_url, sql, until};

/// Verbs, or groups of them, that this story does not bring to their end, with the reason.
const NOT_ENDED: [(&str, &str); 22] = [
    ("up", "runs until it is stopped"),
    ("serve", "runs until it is stopped"),
    ("fetch-postgres", "downloads a package"),
    ("python-setup", "downloads packages"),
    ("demo load", "takes minutes of scoring"),
    ("backup", "needs a house; house.rs has one"),
    ("restore", "needs a house; house.rs has one"),
    ("accounts-key", "needs a house; house/phone.rs has one"),
    ("storage check", "needs old files; storage.rs has some"),
    ("storage clean", "needs old files; storage.rs has some"),
    ("notebook run", "needs a runner; the story of notebooks has one"),
    ("notebook cancel", "needs a run; the story of notebooks has one"),
    ("account", "needs a password; personal.rs has one"),
    ("certificate", "needs a competition that is over; certificates.rs has one"),
    ("verify-commitment", "needs a competition that is over; proofs.rs has one"),
    ("host release-labels", "needs a competition that is over; proofs.rs has one"),
    ("host winners", "needs a competition that is over; closing.rs has one"),
    ("host copy", "needs a competition that is over; cohosts.rs has one"),
    ("incidents", "needs an administrator; incidents.rs has one"),
    ("texts", "needs an administrator; site_texts.rs has one"),
    ("recompute", "needs a competition that is over; medals.rs has one"),
    ("team", "has a story of its own beside this one"),
];

/// A verb's words, and the command line of all that it demands.
struct Leaf {
    verb: String,
    demanded: Vec<String>,
}

fn leaves() -> Vec<Leaf> {
    let mut program = Program::command();
    program.build();
    let mut found = Vec::new();
    collect(&program, "", &mut found);
    found
}

fn collect(command: &Command, verb: &str, found: &mut Vec<Leaf>) {
    let below: Vec<&Command> = command.get_subcommands().filter(|below| below.get_name() != "help").collect();
    for below in &below {
        collect(below, format!("{verb} {}", below.get_name()).trim(), found);
    }
    if below.is_empty() {
        found.push(Leaf { verb: verb.to_owned(), demanded: demanded(command) });
    }
}

/// A value for everything that must be given: one of those that are known, or `1`.
fn demanded(command: &Command) -> Vec<String> {
    let mut words = Vec::new();
    for argument in command.get_arguments().filter(|argument| argument.is_required_set()) {
        words.extend(argument.get_long().map(|name| format!("--{name}")));
        let known = argument.get_possible_values();
        words.push(known.first().map_or("1".to_owned(), |value| value.get_name().to_owned()));
    }
    words
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whatever_happens_a_verb_answers_with_one_document(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let mut shell = Shell::new(&world.base);
    shell.environment.push(("HOLDOUT_LISTEN", "nowhere".to_owned())); // keeps the house from starting
    let leaves = leaves();
    assert!(leaves.len() > 60, "{}", leaves.len());
    for leaf in leaves {
        let words: Vec<&str> = leaf.verb.split(' ').chain(leaf.demanded.iter().map(String::as_str)).collect();
        expect_one_document(&shell.run(&[&words[..], &["--json"]].concat()).await);
    }
    for wrong in [&["no-such-verb", "--json"][..], &["submit", "--json"]] {
        let told = shell.run(wrong).await.expect(64);
        expect_one_document(&told);
        assert!(told.json()["error"]["message"].as_str().unwrap().contains("Usage"), "{}", told.out);
    }
    world.close().await;
}

fn expect_one_document(told: &Told) {
    let document = told.json();
    match document["error"]["exit_code"].as_i64() {
        Some(code) => assert_eq!(told.code.map(i64::from), Some(code), "{}: {document}", told.asked),
        // A report that finds something wrong is an answer as well.
        None => assert!(matches!(told.code, Some(0..=2)), "{}: {document}", told.asked),
    }
}

/// All verbs were brought to their end with a document, here or in the rest of the story.
pub fn expect_all(shells: &[&Shell]) {
    let asked: Vec<String> = shells.iter().flat_map(|shell| shell.answered.lock().unwrap().clone()).collect();
    let is_answered = |verb: &str| asked.iter().any(|words| words.starts_with(&format!("{verb} ")));
    let verbs: BTreeSet<String> = leaves().into_iter().map(|leaf| leaf.verb).collect();
    let is_of = |verb: &str, group: &str| verb == group || verb.starts_with(&format!("{group} "));
    for (group, reason) in NOT_ENDED {
        assert!(verbs.iter().any(|verb| is_of(verb, group)), "{group} is no verb any more: {reason}");
    }
    let is_excused = |verb: &str| NOT_ENDED.iter().any(|(group, _)| is_of(verb, group));
    let missing: Vec<_> = verbs.iter().filter(|verb| !is_excused(verb) && !is_answered(verb)).collect();
    assert!(missing.is_empty(), "answered with no document: {missing:?}");
}

/// The verbs that the story of a host and a participant has no need of.
pub async fn the_rest(world: &World, ada: &Shell, bob: &Shell) {
    world.member("cohost").await;
    files_and_words(ada).await;
    versions(world, ada).await;
    folders(ada).await;
    notebooks(bob).await;
    of_the_program_itself(world, ada).await;
}

async fn files_and_words(ada: &Shell) {
    let renamed = ada.json(&["host", "settings", "houses", "--title", "Prices"]).await;
    assert_eq!(renamed["title"], "Prices");
    let file = ["houses", "sample_submission.csv"];
    let describe = [&["host", "data", "describe"], &file[..], &["Like this"]].concat();
    assert_eq!(ada.json(&describe).await["description"], "Like this");
    assert_eq!(ada.json(&["host", "data", "list", "houses"]).await["items"][0]["description"], "Like this");
    ada.write("notes.txt", "words");
    ada.json(&["host", "data", "add", "houses", "notes.txt", "--note", "More words"]).await;
    assert_eq!(ada.json(&["host", "data", "remove", "houses", "notes.txt"]).await["removed"], "notes.txt");
    let changes = ada.json(&["changes", "houses"]).await;
    assert_eq!(
        (&changes["items"][0]["verb"], &changes["items"][1]["note"]),
        (&"removed".into(), &"More words".into())
    );
    ada.json(&["host", "create", "--title", "Second", "--slug", "second"]).await;
    ada.write("mine.py", MODULE);
    let module = ada.json(&["host", "metric", "module", "second", "mine.py", "--lower-is-better"]).await;
    assert_eq!(module["metric"], "custom", "{module}");
    assert_eq!(ada.json(&["host", "metric", "show", "second"]).await["metric"], "custom");
    assert_eq!(ada.json(&["host", "discard", "second", "--yes"]).await["deleted"], true);
    ada.write("train.csv", labelled_table());
    let launch = ["launch", "train.csv", "--target", "price", "--title", "House prices", "--yes"];
    assert_eq!(ada.json(&launch).await["state"], "open");
    assert_eq!(ada.json(&["host", "unlaunch", "house-prices", "--yes"]).await["state"], "draft");
    assert_eq!(ada.json(&["host", "launch", "house-prices", "--yes"]).await["state"], "open");
    let wrong = ["launch", "train.csv", "--target", "prize", "--title", "Wrong", "--yes"];
    ada.run(&wrong).await.expect(2);
    let proposal = ada.json(&["host", "table", "-c", "wrong", "--target", "price"]).await;
    assert_eq!(proposal["target_column"], "price", "{proposal}");
    assert_eq!(ada.json(&["verify", "houses"]).await["is_clean"], true);
    assert_eq!(ada.json(&["verify-log", "houses"]).await["faults"], json!([]));
    assert_eq!(ada.json(&["commitments", "houses"]).await["items"][0]["is_late"], false);
    assert_eq!(ada.json(&["status"]).await["parts"][0]["part"], "pages");
    assert_eq!(ada.json(&["host", "extensions", "houses"]).await["items"], json!([]));
    assert!(ada.json(&["host", "dashboard", "houses"]).await.is_object());
    assert!(ada.json(&["quota", "--competition", "houses"]).await["used_bytes"].as_i64() > Some(0));
    assert!(ada.json(&["host", "participants", "houses"]).await["items"].is_array());
    assert!(ada.json(&["host", "rejections", "houses"]).await["items"].is_array());
    assert!(ada.json(&["host", "submissions", "houses", "--state", "scored"]).await["items"].is_array());
    assert_eq!(ada.json(&["host", "similar", "houses"]).await["state"], "done");
    assert!(ada.json(&["host", "probing", "houses"]).await["items"].is_array());
    let hosts = async |words: &[&str]| ada.json(&[&["host", "hosts"], words].concat()).await;
    assert_eq!(hosts(&["add", "houses", "cohost"]).await["items"][1]["username"], "cohost");
    assert_eq!(hosts(&["remove", "houses", "cohost"]).await["removed"], "cohost");
    assert_eq!(hosts(&["list", "houses"]).await["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(ada.json(&["host", "similar", "houses", "--last"]).await["n_found"], 0);
    ada.write("zeros.csv", "id,price\n");
    let baselines = async |words: &[&str]| ada.json(&[&["host", "baselines"], words].concat()).await;
    assert_eq!(baselines(&["send", "houses", "zeros.csv", "--name", "Zeros"]).await["team"], "Zeros");
    assert_eq!(baselines(&["list", "houses"]).await["items"][0]["team"], "Zeros");
    assert!(ada.json(&["host", "medals", "houses"]).await["counts_for_medals"].is_boolean());
    let judged = ["host", "disqualify", "houses", "--team", "Zeros", "--reason", "Not meant.", "--yes"];
    let number = ada.json(&judged).await["id"].to_string();
    assert_eq!(ada.json(&["host", "disqualifications", "houses"]).await["items"][0]["team"], "Zeros");
    let lifted = ada.json(&["host", "reinstate", "houses", &number, "--reason", "It was."]).await;
    assert_eq!(lifted["lifted_because"], "It was.");
    announcements(ada).await;
    pages(ada).await;
}

async fn pages(ada: &Shell) {
    let verb = async |words: &[&str]| ada.json(&[&["host", "pages"], words].concat()).await;
    for text in ["One cake.", "Two cakes."] {
        ada.write("prizes.md", text);
        verb(&["edit", "houses", "prizes", "--file", "prizes.md"]).await;
    }
    assert_eq!(verb(&["history", "houses", "prizes"]).await["items"].as_array().map(Vec::len), Some(2));
    let lines = verb(&["diff", "houses", "prizes"]).await;
    let changes: Vec<_> = lines["lines"].as_array().unwrap().iter().map(|line| &line["change"]).collect();
    assert_eq!(changes, ["same", "same", "removed", "added"]);
    verb(&["restore", "houses", "prizes", "1"]).await;
    assert_eq!(verb(&["show", "houses", "prizes"]).await["markdown"], "One cake.");
}

async fn announcements(ada: &Shell) {
    let verb = async |words: &[&str]| ada.json(&[&["host", "announcements"], words].concat()).await;
    ada.write("news.md", "The end *moves*.");
    let sent = verb(&["send", "houses", "--title", "One more week", "news.md"]).await;
    let number = sent["id"].to_string();
    ada.write("news.md", "The end does not move.");
    let corrected = verb(&["correct", "houses", &number, "--title", "No more week", "news.md"]).await;
    assert_eq!(corrected["text"], "The end does not move.");
    let withdrawn = verb(&["withdraw", "houses", &number, "--reason", "It was wrong."]).await;
    assert_eq!(withdrawn["withdrawn_because"], "It was wrong.");
    assert_eq!(verb(&["list", "houses"]).await["items"][0]["title"], "No more week");
}

async fn versions(world: &World, ada: &Shell) {
    let verb = async |words: &[&str]| ada.json(&[&["host", "versions"], words].concat()).await;
    let given_up = verb(&["new", "houses"]).await["number"].to_string();
    assert_eq!(verb(&["abandon", "houses", &given_up]).await["stage"], "abandoned");
    let number = verb(&["new", "houses"]).await["number"].to_string();
    ada.json(&["host", "metric", "set", "houses", "mae"]).await;
    verb(&["start", "houses", &number, "--reason", "Kinder."]).await;
    until(Duration::from_secs(60), "the version is scored", || async {
        verb(&["show", "houses", &number]).await["prepared_at"].is_string()
    })
    .await;
    assert_eq!(verb(&["moves", "houses", &number]).await["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(verb(&["publish", "houses", &number, "--yes"]).await["stage"], "published");
    let broken = sql("update jobs set state = 'failed', error = 'a fault of ours'
         where id = (select max(id) from jobs where kind = 'rescore')");
    broken.execute(&world.pool).await.unwrap();
    verb(&["retry", "houses", &number]).await;
    until(Duration::from_secs(60), "it is scored again", || async {
        let left = sql("select 1 from jobs where state not in ('done', 'failed')");
        left.fetch_optional(&world.pool).await.unwrap().is_none()
    })
    .await;
}

async fn folders(ada: &Shell) {
    let archive = ada.json(&["host", "export", "houses", "--yes"]).await;
    assert_eq!(archive["file"], "houses.holdout.zip");
    ada.json(&["host", "pull", "houses", "--into", "pulled"]).await;
    assert_eq!(ada.json(&["host", "validate", "pulled"]).await["n_errors"], 0);
    assert_eq!(ada.json(&["host", "push", "pulled", "--dry-run"]).await["changes"], json!([]));
    let labels = Labels::regression();
    std::fs::create_dir(ada.path("elsewhere")).unwrap();
    ada.write("elsewhere/solution.csv", &labels.solution);
    ada.write("elsewhere/sample_submission.csv", &labels.sample);
    let brought = ada.json(&["host", "import", "elsewhere", "--into", "brought"]).await;
    assert!(brought["report"].is_object(), "{brought}");
}

async fn notebooks(bob: &Shell) {
    bob.write("tour.ipynb", super::notebooks::TOUR);
    bob.json(&["notebook", "push", "tour.ipynb", "-c", "houses"]).await;
    assert_eq!(bob.json(&["notebook", "list", "--mine"]).await["items"][0]["name"], "tour");
    bob.json(&["notebook", "pull", "bob/tour", "--into", "pulled", "--data", "data"]).await;
    bob.json(&["notebook", "draw", "tour.ipynb"]).await;
    assert!(bob.json(&["kaggle-env"]).await["set"].is_object());
    let login = bob.type_in(&["login", "--json"], &format!("{}\n", bob.token())).await.expect(0);
    assert_eq!(login.json()["username"], "bob");
}

async fn of_the_program_itself(world: &World, ada: &Shell) {
    let mut owner = Shell::new(&world.base);
    owner.answered = ada.answered.clone();
    owner.environment.push(("DATABASE_URL", database_url(&world.pool).await));
    assert_eq!(owner.json(&["migrate"]).await["migrated"], true);
    assert!(owner.json(&["admin-link"]).await["link"].as_str().unwrap().contains("/become-admin/"));
    let seeded = owner.json(&["seed", "--teams", "3", "--submissions", "6"]).await;
    assert_eq!(seeded["slug"], "synthetic");
    let hidden = owner.run(&["confined", "--json", "/etc/shadow"]).await;
    assert!(hidden.json()["readable"].is_array());
    let findings: Value = owner.run(&["doctor", "--json"]).await.json();
    assert!(findings["items"][0].is_object(), "{findings}");
    for words in [&["openapi"][..], &["exit-codes"], &["man"], &["completions", "bash"]] {
        owner.json(words).await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whatever_moves_a_file_shows_a_bar_at_a_terminal_and_none_elsewhere(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let sent = arena.submit(&bob, &Labels::predictions(250, 617)).await.to_string();
    let (host, member) = (Shell::of(&world, &ada).await, Shell::of(&world, &bob).await);
    host.json(&["host", "create", "--title", "Second", "--slug", "second"]).await;
    for shell in [&host, &member] {
        shell.write("labels.csv", &Labels::regression().solution);
        shell.write("good.csv", Labels::predictions(200, 700));
        shell.write("tour.ipynb", super::notebooks::TOUR);
    }
    let second = ["host", "data", "add", "second"];
    let add_large = [&second[..], &["large.bin"]].concat();
    host.write("large.bin", vec![7; 17 << 20]);
    let moves: [(&Shell, &[&str]); 9] = [
        (&host, &[&second[..], &["labels.csv"]].concat()),
        (&host, &add_large),
        (&host, &["host", "solution", "second", "labels.csv"]),
        (&host, &["host", "pull", "houses", "--into", "pulled", "--force"]),
        (&member, &["download", "houses", "--force"]),
        (&member, &["submit", "good.csv", "-c", "houses"]),
        (&member, &["submission", "houses", &sent, "--file", "back.csv"]),
        (&member, &["notebook", "push", "tour.ipynb"]),
        (&member, &["notebook", "pull", "bob/tour", "--into", "pulled", "--force"]),
    ];
    for (shell, words) in moves {
        for file in ["back.csv", "sample_submission.csv", "pulled/data/sample_submission.csv"] {
            let _ = std::fs::remove_file(shell.path(file));
        }
        let seen = shell.at_a_terminal(words).await.expect(0);
        assert!(seen.out.contains("B/s"), "{}: {}", seen.asked, seen.out);
        for file in ["back.csv", "sample_submission.csv", "pulled/data/sample_submission.csv"] {
            let _ = std::fs::remove_file(shell.path(file));
        }
        let piped = shell.run(words).await.expect(0);
        assert!(!(piped.out + &piped.err).contains("B/s"), "{}", piped.asked);
    }
    world.drain().await;
    world.close().await;
}
