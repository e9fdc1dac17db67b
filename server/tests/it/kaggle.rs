//! Kaggle's own client: the installed programs, unmodified, play against a house; and the details of
//! the wire that they do not show.

mod notebooks;
mod runs;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::process::{Child, Command};
use ureq::http::Method;

use crate::client::Answer;
use crate::tidy::root;
use crate::world::{Arena, Folder, Labels, Person, World, require_success, server_binary, sql, until};

const COMPETITIONS: &str = "/api/v1/competitions.CompetitionApiService";
/// More than one piece of the client's, which reads a MiB at a time.
const TRAIN_BYTES: usize = 3 << 20;
const MIB: usize = 1 << 20;

/// A shell in which the client is set up as `holdout kaggle-env` says.
struct Shell {
    programs: PathBuf,
    folder: Arc<Folder>,
    environment: Vec<(String, String)>,
}

struct Told {
    ok: bool,
    text: String,
}

impl Shell {
    async fn of(world: &World, person: &Person, extra: &[&str]) -> Self {
        let output = Command::new(server_binary())
            .arg("kaggle-env")
            .args(extra)
            .args(["--json", "--server", &world.base, "--token", &person.token])
            .output()
            .await
            .unwrap();
        require_success(&output);
        let settings: Value = serde_json::from_slice(&output.stdout).unwrap();
        let set = settings["set"].as_object().unwrap();
        let environment = set.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        Self {
            programs: programs().await,
            folder: Arc::new(Folder::new()),
            environment: environment.collect(),
        }
    }

    /// The same person with another version of the client.
    async fn another(&self, version: &str) -> Self {
        let programs = programs_of(&[version]).await;
        Self { programs, folder: Arc::new(Folder::new()), environment: self.environment.clone() }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same person in the same folder with less said in the environment.
    fn without(&self, name: &str) -> Self {
        let mut environment = self.environment.clone();
        environment.retain(|(known, _)| known != name);
        Self { programs: self.programs.clone(), folder: self.folder.clone(), environment }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.file(name), text).unwrap();
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Told {
        let output: Output = Command::new(self.programs.join(program))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("KAGGLEHUB_CACHE", self.file("hub"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let text = [&output.stdout, &output.stderr]
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .concat();
        Told { ok: output.status.success(), text }
    }

    /// `kaggle competitions …`, which succeeds.
    async fn kaggle(&self, arguments: &[&str]) -> String {
        let told = self.run("kaggle", &[&["competitions"], arguments].concat()).await;
        assert!(told.ok, "kaggle competitions {arguments:?}: {}", told.text);
        told.text
    }

    /// `kaggle competitions …`, which fails and says why.
    async fn refused(&self, arguments: &[&str], sentence: &str) {
        let told = self.run("kaggle", &[&["competitions"], arguments].concat()).await;
        assert!(!told.ok && told.text.contains(sentence), "kaggle competitions {arguments:?}: {}", told.text);
    }
}

async fn programs() -> PathBuf {
    programs_of(&[]).await
}

async fn programs_of(version: &[&str]) -> PathBuf {
    let output = Command::new(root().join("scripts/kaggle-client")).args(version).output().await.unwrap();
    require_success(&output);
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Scores until it is dropped.
fn scorer(world: &World) -> Child {
    world.scorer(&["work"]).spawn().unwrap()
}

fn train() -> Vec<u8> {
    (0..TRAIN_BYTES).map(|n| b'a' + u8::try_from(n * 7 % 251 % 26).unwrap()).collect()
}

/// An open competition with a file of some size.
async fn arena(world: &World, host: &Person) -> Arena {
    let arena = world.open_competition(host, "houses", &Labels::regression()).await;
    let mut writing = world.app.files.create("data", arena.id).await.unwrap();
    writing.write(&train()).await.unwrap();
    let stored = writing.finish().await.unwrap();
    sql("insert into data_files (competition_id, name, role, storage_key, size_bytes, sha256, uploaded_at)
         values ($1, 'train.csv', 'train', $2, $3, $4, now() - interval '1 day')")
    .bind(arena.id)
    .bind(stored.key)
    .bind(stored.size_bytes as i64)
    .bind(stored.sha256.to_vec())
    .execute(&world.pool)
    .await
    .unwrap();
    arena
}

fn assert_has(text: &str, wanted: &[&str]) {
    for part in wanted {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_real_client_plays_a_whole_competition(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = arena(&world, &ada).await;
    let shell = Shell::of(&world, &bob, &[]).await;
    browse_and_join(&shell, &arena, &bob).await;
    download(&shell).await;
    let working = scorer(&world);
    submit(&shell).await;
    drop(working);
    use_kagglehub(&shell).await;
    world.let_pass(TimeDelta::days(31)).await;
    world.drain().await;
    assert_has(&shell.kaggle(&["submissions", "houses"]).await, &["0.250", "0.617"]);
    assert_has(&shell.kaggle(&["leaderboard", "houses", "--show"]).await, &["bob bobson", "0.617"]);
    world.close().await;
}

async fn browse_and_join(shell: &Shell, arena: &Arena, bob: &Person) {
    assert_has(&shell.kaggle(&["list"]).await, &["houses", "deadline", "False"]);
    assert_has(&shell.kaggle(&["list", "--search", "no such thing"]).await, &["No competitions found"]);
    assert_has(&shell.kaggle(&["files", "houses"]).await, &["train.csv", "sample_submission.csv", "3145728"]);
    shell.refused(&["download", "houses"], "Accept its rules at http://").await;
    shell.refused(&["files", "castles"], "There is no competition “castles”").await;
    arena.join(bob).await;
    assert_has(&shell.kaggle(&["list", "--group", "entered"]).await, &["houses", "True"]);
}

async fn download(shell: &Shell) {
    shell.kaggle(&["download", "houses"]).await;
    let file = std::fs::File::open(shell.file("houses.zip")).unwrap();
    let mut all = zip::ZipArchive::new(file).unwrap();
    let size = all.by_name("train.csv").unwrap().size();
    assert_eq!((size, all.len()), (TRAIN_BYTES as u64, 2));

    shell.kaggle(&["download", "houses", "-f", "train.csv"]).await;
    assert!(std::fs::read(shell.file("train.csv")).unwrap() == train());
    assert_has(&shell.kaggle(&["download", "houses", "-f", "train.csv"]).await, &["Skipping"]);
    shell.refused(&["download", "houses", "-f", "castles.csv"], "no file “castles.csv”").await;

    // A download that broke off goes on: what it had stays as it was.
    let etag = format!("\"{}\"", hex::encode(<sha2::Sha256 as sha2::Digest>::digest(train())));
    let target = shell.file("again");
    std::fs::create_dir_all(&target).unwrap();
    std::fs::write(target.join("train.csv"), vec![b'_'; MIB]).unwrap();
    let marker = json!({ "validator": etag, "size": TRAIN_BYTES }).to_string();
    std::fs::write(target.join("train.csv.kaggle-partial"), marker).unwrap();
    shell.kaggle(&["download", "houses", "-f", "train.csv", "-p", "again"]).await;
    let resumed = std::fs::read(target.join("train.csv")).unwrap();
    assert_eq!(resumed.len(), TRAIN_BYTES);
    assert!(resumed[..MIB] == vec![b'_'; MIB] && resumed[MIB..] == train()[MIB..]);
}

async fn submit(shell: &Shell) {
    shell.write("good.csv", Labels::predictions(250, 617));
    let told = shell.kaggle(&["submit", "houses", "-f", "good.csv", "-m", "first try"]).await;
    assert_has(&told, &["Successfully submitted to Competition houses", "submissions remaining today"]);
    let listed = shell.kaggle(&["submissions", "houses"]).await;
    assert_has(&listed, &["good.csv", "first try", "SubmissionStatus.COMPLETE", "0.250"]);
    assert!(!listed.contains("0.617"), "the private score is hidden: {listed}");
    shell.write("wrong.csv", Labels::predictions(250, 617).replace("r4,7004.938", "r4,many"));
    let wrong = ["submit", "houses", "-f", "wrong.csv", "-m", "oops"];
    shell.refused(&wrong, "line 6").await;
    assert_has(&shell.kaggle(&["submissions", "houses"]).await, &["wrong.csv", "SubmissionStatus.ERROR"]);
    assert_has(&shell.kaggle(&["leaderboard", "houses", "--show"]).await, &["bob bobson", "0.250"]);
    shell.kaggle(&["leaderboard", "houses", "--download", "-p", "board"]).await;
    let file = std::fs::File::open(shell.file("board/houses.zip")).unwrap();
    let mut zip = zip::ZipArchive::new(file).unwrap();
    let board = std::io::read_to_string(zip.by_index(0).unwrap()).unwrap();
    assert_has(&board, &["bob bobson", "0.250"]);
}

/// By a token in the environment, by one in a file, and what is said where neither helps.
async fn use_kagglehub(shell: &Shell) {
    let program = "import kagglehub, os\n\
        print(kagglehub.whoami())\n\
        print(os.path.getsize(kagglehub.competition_download('houses', path='train.csv')))\n\
        print(sorted(os.listdir(kagglehub.competition_download('houses'))))";
    let told = shell.run("python", &["-c", program]).await;
    assert!(told.ok, "{}", told.text);
    assert_has(&told.text, &["'username': 'bob'", "3145728", "['sample_submission.csv', 'train.csv']"]);
    let token = shell.environment.iter().find(|(name, _)| name == "KAGGLE_API_TOKEN").unwrap().1.clone();
    std::fs::create_dir_all(shell.file(".kaggle")).unwrap();
    shell.write(".kaggle/access_token", token);
    let download = "import kagglehub; print(kagglehub.competition_download('NAME', path='train.csv', force_download=True))";
    let by_file = shell.without("KAGGLE_API_TOKEN");
    let told = by_file.run("python", &["-c", &download.replace("NAME", "houses")]).await;
    assert!(told.ok && told.text.contains("train.csv"), "{}", told.text);
    assert_has(&by_file.kaggle(&["list"]).await, &["houses"]);
    let told = by_file.run("python", &["-c", &download.replace("NAME", "castles")]).await;
    assert!(!told.ok && told.text.contains("castles"), "{}", told.text);
    shell.write(".kaggle/access_token", "hld_wrong");
    let told = by_file.run("python", &["-c", &download.replace("NAME", "houses")]).await;
    assert!(!told.ok && told.text.contains("authenticated"), "{}", told.text);
}

/// The daily loop, as every version of the client has it.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn older_and_newest_versions_of_the_client_play_too(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = arena(&world, &ada).await;
    arena.join(&bob).await;
    let first = Shell::of(&world, &bob, &[]).await;
    let mut working = scorer(&world);
    for (version, is_newest) in [("older", false), ("newest", true)] {
        let shell = first.another(version).await;
        assert_has(&shell.kaggle(&["list"]).await, &["houses"]);
        assert_has(&shell.kaggle(&["files", "houses"]).await, &["train.csv"]);
        shell.kaggle(&["download", "houses", "-f", "train.csv"]).await;
        assert!(std::fs::read(shell.file("train.csv")).unwrap() == train(), "{version}");
        shell.kaggle(&["download", "houses"]).await;
        assert!(shell.file("houses.zip").exists(), "{version}");
        shell.write("good.csv", Labels::predictions(250, 617));
        let message = format!("by the {version}");
        let sent = shell.kaggle(&["submit", "houses", "-f", "good.csv", "-m", &message]).await;
        assert_has(&sent, &["Successfully submitted to Competition houses"]);
        let listed = shell.kaggle(&["submissions", "houses"]).await;
        assert_has(&listed, &["good.csv", &message, "COMPLETE", "0.250"]);
        assert_has(&shell.kaggle(&["leaderboard", "houses", "--show"]).await, &["bob bobson", "0.250"]);
        shell.refused(&["files", "castles"], "There is no competition “castles”").await;
        if is_newest {
            see_one(&shell, &bob, &arena).await;
        }
    }
    working.kill().await.unwrap();
    world.close().await;
}

/// Verbs that the newest version alone has.
async fn see_one(shell: &Shell, bob: &Person, arena: &Arena) {
    let newest =
        bob.api.get(&arena.api("/submissions")).await.expect(200).json()["items"][0]["id"].to_string();
    assert_has(&shell.kaggle(&["submission", &newest]).await, &["by the newest", "COMPLETE", "0.250"]);
    shell.kaggle(&["submission-download", &newest, "-p", "sent"]).await;
    let sent = std::fs::read_dir(shell.file("sent")).unwrap().flatten().next().unwrap().path();
    assert_eq!(std::fs::read_to_string(sent).unwrap(), Labels::predictions(250, 617));
    shell.refused(&["submission", "99999"], "There is no submission 99999").await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn forums_pages_and_hosts_are_read_with_the_real_client(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = arena(&world, &ada).await;
    arena.join(&bob).await;
    let page = json!({ "title": "Rules", "markdown": "Be kind." });
    ada.api.send_json(Method::PUT, &arena.api("/pages/rules"), &page).await.expect(204);
    let topic = json!({ "title": "Why does it jump?", "markdown": "It *jumps*." });
    let open = async |path: &str| {
        bob.api.send_json(Method::POST, path, &topic).await.expect(201).json()["id"].to_string()
    };
    let id = open(&arena.api("/topics")).await;
    open("/api/v1/forums/general/topics").await;
    let reply = json!({ "markdown": "It is the noise." });
    ada.api.send_json(Method::POST, &format!("/api/v1/topics/{id}/posts"), &reply).await.expect(201);

    let shell = Shell::of(&world, &bob, &[]).await;
    assert_has(&shell.kaggle(&["hosts", "houses"]).await, &["ada"]);
    assert_has(&shell.kaggle(&["pages", "-c", "houses", "--content"]).await, &["Be kind."]);
    assert_has(&shell.kaggle(&["topics", "list", "houses"]).await, &["Why does it jump?", "bob bobson"]);
    assert_has(&shell.kaggle(&["topics", "show", &id]).await, &["jumps", "It is the noise."]);
    shell.refused(&["topics", "list", "castles"], "There is no competition “castles”").await;
    let forums = shell.run("kaggle", &["forums", "list"]).await;
    assert!(forums.ok, "{}", forums.text);
    assert_has(&forums.text, &["General", "(general)"]);
    let listed = shell.run("kaggle", &["forums", "topics", "list", "general"]).await;
    assert!(listed.ok, "{}", listed.text);
    assert_has(&listed.text, &["Why does it jump?"]);
    let unknown = shell.run("kaggle", &["forums", "topics", "list", "castles"]).await;
    assert!(!unknown.ok);
    assert_has(&unknown.text, &["There is no forum “castles” here"]);
    let of_castles = json!({ "competitionName": "castles", "topicId": 1 });
    rpc(&bob, "ListTopicMessages", &of_castles).await.expect(404);
    let messages = json!({ "competitionName": "houses", "topicId": id.parse::<i64>().unwrap() });
    let messages = rpc(&bob, "ListTopicMessages", &messages).await.expect(200).json();
    assert_eq!(messages["messages"].as_array().map(Vec::len), Some(2), "{messages}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_real_client_fails_with_a_sentence_that_helps(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob, carol) =
        (world.member("ada").await, world.member("bob").await, world.member("carol").await);
    let arena = arena(&world, &ada).await;
    arena.join(&bob).await;
    let by_key = Shell::of(&world, &bob, &["--key"]).await;
    assert_has(&by_key.kaggle(&["list"]).await, &["houses"]);
    by_key.write("good.csv", Labels::predictions(250, 617));
    let submit = ["submit", "houses", "-f", "good.csv", "-m", "x"];

    sql("update competitions set daily_limit = 1").execute(&world.pool).await.unwrap();
    by_key.kaggle(&submit).await;
    by_key.refused(&submit, "The next can be sent at ").await;
    assert_has(&by_key.kaggle(&["submission-limits", "houses"]).await, &["0"]);
    sql("update competitions set daily_limit = 5, max_upload_bytes = 1024")
        .execute(&world.pool)
        .await
        .unwrap();
    by_key.write("long.csv", Labels::predictions(250, 617).repeat(20));
    let long = ["submit", "houses", "-f", "long.csv", "-m", "x"];
    by_key.refused(&long, "This file is larger than the limit of 1 KiB").await;
    sql("update competitions set max_upload_bytes = 1048576, starts_at = clock_now() + interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    by_key.refused(&submit, "This competition opens at ").await;
    by_key.refused(&["download", "houses"], "can download the data once the competition has started").await;
    sql("update competitions set starts_at = clock_now() - interval '1 day'")
        .execute(&world.pool)
        .await
        .unwrap();
    by_key.refused(&["submission-limits", "castles"], "There is no competition “castles”").await;
    by_key.refused(&["leaderboard", "castles", "--show"], "There is no competition “castles”").await;
    let datasets = by_key.run("kaggle", &["datasets", "list"]).await;
    assert!(!datasets.ok);
    assert_has(&datasets.text, &["Datasets do not exist on this server."]);

    sql("update competitions set entry_deadline_at = clock_now() - interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    let outside = Shell::of(&world, &carol, &[]).await;
    outside.write("good.csv", Labels::predictions(250, 617));
    outside.refused(&submit, "The entry deadline was ").await;
    let wrong_key = by_key.with("KAGGLE_KEY", "hld_wrong");
    wrong_key.refused(&["list"], "Authentication required").await;
    let wrong_token = outside.with("KAGGLE_API_TOKEN", "hld_wrong");
    assert!(!wrong_token.run("kaggle", &["competitions", "list"]).await.ok);
    world.drain().await;
    world.close().await;
}

async fn rpc(person: &Person, method: &str, document: &Value) -> Answer {
    person.api.send_json(Method::POST, &format!("{COMPETITIONS}/{method}"), document).await
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn answers_on_the_wire_are_as_the_client_reads_them(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = arena(&world, &ada).await;
    arena.join(&bob).await;
    let of_houses = json!({ "competitionName": "houses" });

    let listed = rpc(&bob, "ListCompetitions", &json!({ "pageSize": 1 })).await.expect(200).json();
    assert_eq!(listed["competitions"][0]["ref"], "houses");
    assert_eq!(listed["competitions"][0]["userHasEntered"], true);
    let files = rpc(&bob, "ListDataFiles", &json!({ "competitionName": "houses", "pageSize": 1 })).await;
    assert_eq!(files.json()["nextPageToken"], "1");
    let missing = rpc(&bob, "ListDataFiles", &json!({ "competitionName": "castles" })).await.expect(404);
    assert_eq!(missing.json()["code"], 404);
    assert!(missing.header("content-type").starts_with("application/json"));
    rpc(&bob, "MakeCoffee", &json!({})).await.expect(404);
    assert_eq!(rpc(&bob, "ListDataFiles", &json!([1])).await.expect(400).json()["code"], 400);

    let one = json!({ "competitionName": "houses", "fileName": "train.csv" });
    let redirect = rpc(&bob, "DownloadDataFile", &one).await.expect(302);
    let target = redirect.location().to_owned();
    assert!(target.starts_with("/kaggle/data/") && target.ends_with("/houses/train.csv"), "{target}");
    let visitor = world.visitor();
    let part = visitor.get_with(&target, &[("range", "bytes=3145720-")]).await.expect(206);
    assert_eq!(part.bytes, &train()[TRAIN_BYTES - 8..]);
    assert_eq!(part.header("content-type"), "application/octet-stream");
    assert!(part.header("last-modified").ends_with(" GMT"), "{}", part.header("last-modified"));
    let stale =
        visitor.get_with(&target, &[("range", "bytes=5-"), ("if-range", "\"old\"")]).await.expect(200);
    assert_eq!(stale.bytes.len(), TRAIN_BYTES);
    visitor.get(&target.replace("train.csv", "sample_submission.csv")).await.expect(404);
    let all = rpc(&bob, "DownloadDataFiles", &of_houses).await.expect(302);
    assert!(all.location().ends_with("/houses/archive.zip"), "{}", all.location());
    world.let_pass(TimeDelta::hours(3)).await;
    visitor.get(&target).await.expect(404);

    let introspect = "/api/v1/security.OAuthService/IntrospectToken";
    let known = visitor.send_json(Method::POST, introspect, &json!({ "token": bob.token })).await.expect(200);
    assert_eq!((&known.json()["active"], &known.json()["username"]), (&json!(true), &json!("bob")));
    let unknown = visitor.send_json(Method::POST, introspect, &json!({ "token": "x" })).await.expect(200);
    assert_eq!(unknown.json(), json!({ "active": false }));
    let hello = "/v1/api.v1.DiagnosticsService/Hello";
    assert_eq!(
        bob.api.send_json(Method::POST, hello, &json!({})).await.expect(200).json()["userName"],
        "bob"
    );
    visitor.send_json(Method::POST, hello, &json!({})).await.expect(401);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_upload_is_its_owners_and_counts_when_it_is_submitted(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob, carol) =
        (world.member("ada").await, world.member("bob").await, world.member("carol").await);
    let arena = arena(&world, &ada).await;
    arena.join(&bob).await;
    arena.join(&carol).await;
    let start = json!({ "competitionName": "houses", "fileName": "a/b.csv" });
    let started = rpc(&bob, "StartSubmissionUpload", &start).await.expect(200).json();
    let address = started["createUrl"].as_str().unwrap().strip_prefix(&world.base).unwrap().to_owned();
    let create = json!({ "competitionName": "houses", "blobFileTokens": started["token"] });
    rpc(&bob, "CreateSubmission", &create).await.expect(404);
    let question = [("content-range", "bytes */0")];
    world.visitor().send_with(Method::PUT, &address, &question, "").await.expect(308);
    let bytes = Labels::predictions(250, 617).into_bytes();
    world.visitor().send(Method::PUT, &address, None, bytes).await.expect(200);
    rpc(&carol, "CreateSubmission", &create).await.expect(404);
    let working = scorer(&world);
    let created = rpc(&bob, "CreateSubmission", &create).await.expect(200).json();
    drop(working);
    let again = rpc(&bob, "CreateSubmission", &create).await.expect(200).json();
    assert_eq!(again["ref"], created["ref"], "an upload is one submission, however often it is named");
    let id = &created["ref"];
    let own = rpc(&bob, "GetSubmission", &json!({ "ref": id })).await.expect(200).json();
    assert_eq!((&own["fileName"], &own["status"]), (&json!("b.csv"), &json!("COMPLETE")));
    assert_eq!((&own["publicScore"], &own["privateScore"]), (&json!("0.2500"), &Value::Null));
    rpc(&carol, "GetSubmission", &json!({ "ref": id })).await.expect(404);
    let file = rpc(&bob, "DownloadSubmission", &json!({ "submissionId": id })).await.expect(302);
    let sent = world.visitor().get(file.location()).await.expect(200);
    assert_eq!(sent.text(), Labels::predictions(250, 617));
    world.visitor().send(Method::PUT, "/kaggle/upload/none", None, vec![1]).await.expect(404);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_upload_that_broke_off_is_gone_on_with(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = arena(&world, &ada).await;
    arena.join(&bob).await;
    let bytes = Labels::predictions(250, 617).into_bytes();
    let total = bytes.len();
    let start = json!({ "competitionName": "houses", "fileName": "b.csv", "contentLength": total });
    let started = rpc(&bob, "StartSubmissionUpload", &start).await.expect(200).json();
    let address = started["createUrl"].as_str().unwrap().strip_prefix(&world.base).unwrap().to_owned();
    let visitor = world.visitor();
    let ask = |range: String| {
        let (visitor, address) = (visitor.clone(), address.clone());
        async move { visitor.send_with(Method::PUT, &address, &[("content-range", &range)], "").await }
    };
    let nothing = ask(format!("bytes */{total}")).await.expect(308);
    assert_eq!(nothing.header("range"), "");
    hold_put(&world, &address, total, &bytes[..50]);
    until(Duration::from_secs(20), "the bytes are kept", || async {
        ask(format!("bytes */{total}")).await.header("range") == "bytes=0-49"
    })
    .await;
    let create = json!({ "competitionName": "houses", "blobFileTokens": started["token"] });
    rpc(&bob, "CreateSubmission", &create).await.expect(404);
    let rest = |first: usize| format!("bytes {first}-{}/{total}", total - 1);
    let put =
        |first: usize| visitor.send_with(Method::PUT, &address, &[("content-range", "x")], &bytes[first..]);
    put(50).await.expect(400);
    let range = rest(49);
    visitor.send_with(Method::PUT, &address, &[("content-range", &range)], &bytes[49..]).await.expect(503);
    let range = rest(50);
    visitor.send_with(Method::PUT, &address, &[("content-range", &range)], &bytes[50..]).await.expect(200);
    ask(format!("bytes */{total}")).await.expect(200);
    rpc(&bob, "CreateSubmission", &create).await.expect(200);
    world.drain().await;
    let stored = bob.api.get(&arena.api("/submissions")).await.expect(200).json();
    assert_eq!(stored["items"][0]["sha256"], hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes)));
    world.close().await;
}

/// Puts some of the bytes that were announced, and breaks off.
fn hold_put(world: &World, address: &str, announced: usize, bytes: &[u8]) {
    let host = world.base.strip_prefix("http://").unwrap();
    let mut line = std::net::TcpStream::connect(host).unwrap();
    let head = format!("PUT {address} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {announced}\r\n\r\n");
    std::io::Write::write_all(&mut line, &[head.as_bytes(), bytes].concat()).unwrap();
}

#[test]
fn the_clients_versions_are_pinned() {
    let needs = |name: &str| std::fs::read_to_string(root().join("tests/kaggle").join(name)).unwrap();
    for (name, versions) in [
        ("requirements.txt", &["kaggle==", "kagglehub==", "six=="][..]),
        ("older.txt", &["kaggle==2.0.2", "six=="]),
        ("newest.txt", &["kaggle==2.2.5", "six=="]),
    ] {
        let needs = needs(name);
        assert!(needs.lines().all(|line| line.contains("==")), "{needs}");
        assert!(versions.iter().all(|version| needs.contains(version)), "{name}");
    }
    assert!(Path::new(&root().join("scripts/kaggle-client")).exists());
}
