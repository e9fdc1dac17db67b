//! The program as people use it: a host and a participant who type commands and nothing else.

mod every_verb;
mod notebooks;
mod teams;
mod trust;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::world::{Folder, Labels, Person, World, server_binary};

const MIB: usize = 1 << 20;

/// Somebody's terminal: a folder of their own, and nothing remembered yet.
pub struct Shell {
    folder: Folder,
    server: String,
    /// More of the environment than everybody has.
    environment: Vec<(&'static str, String)>,
    /// Command lines that answered with a document.
    answered: Arc<Mutex<Vec<String>>>,
}

pub struct Told {
    asked: String,
    answered: Arc<Mutex<Vec<String>>>,
    code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Shell {
    pub fn new(server: &str) -> Self {
        Self {
            folder: Folder::new(),
            server: server.to_owned(),
            environment: Vec::new(),
            answered: Arc::default(),
        }
    }

    /// A terminal at which somebody has signed in by pasting a token.
    pub async fn of(world: &World, person: &Person) -> Self {
        let shell = Self::new(&world.base);
        shell.type_in(&["login"], &format!("{}\n", person.token)).await.expect(0);
        shell
    }

    /// What signing in left on this machine.
    fn token(&self) -> String {
        let login: Value = serde_json::from_str(&self.read(".config/holdout/login.json")).unwrap();
        login["token"].as_str().unwrap().to_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub async fn run(&self, words: &[&str]) -> Told {
        self.type_in(words, "").await
    }

    /// At a terminal, which shows what a person would see on stdout and stderr.
    async fn at_a_terminal(&self, words: &[&str]) -> Told {
        let line = format!("{} {}", server_binary().display(), words.join(" "));
        let command = &mut Command::new("script");
        self.finish(command.args(["-qec", &line, "/dev/null"]), words, "").await
    }

    pub async fn type_in(&self, words: &[&str], typed: &str) -> Told {
        self.finish(Command::new(server_binary()).args(words), words, typed).await
    }

    async fn finish(&self, command: &mut Command, words: &[&str], typed: &str) -> Told {
        let mut child = command
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("TERM", "xterm")
            .env("HOLDOUT_SERVER", &self.server)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(typed.as_bytes()).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        Told {
            asked: words.join(" "),
            answered: self.answered.clone(),
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// A command that is done, and its one document.
    pub async fn json(&self, words: &[&str]) -> Value {
        self.run(&[words, &["--json"]].concat()).await.expect(0).json()
    }
}

impl Told {
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}\n{}", self.asked, self.out, self.err);
        self
    }

    /// What stands on stdout is one document and nothing else.
    #[track_caller]
    pub fn json(&self) -> Value {
        let document = serde_json::from_str(&self.out);
        self.answered.lock().unwrap().push(self.asked.clone());
        document.unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.out))
    }
}

pub fn scorer_at_work(world: &World) -> Child {
    world.scorer(&["work"]).spawn().unwrap()
}

/// The regression labels with every true value half a point higher.
pub fn raised(solution: &str) -> String {
    let raise = |line: &str| match line.split(',').collect::<Vec<_>>().as_slice() {
        [id, label, usage] => match label.parse::<f64>() {
            Ok(label) => format!("{id},{},{usage}\n", label + 0.5),
            Err(_) => format!("{line}\n"),
        },
        _ => panic!("{line}"),
    };
    solution.lines().map(raise).collect()
}

/// From nothing to an open competition of the regression labels.
async fn host_houses(ada: &Shell) {
    let labels = Labels::regression();
    let draft = ada.json(&["host", "create", "--title", "Houses", "--slug", "houses"]).await;
    let limits = ada.json(&["host", "limits", "houses", "--files-for-hosts", "true"]).await;
    assert_eq!(limits["hosts_may_have_files"], true);
    assert_eq!(draft["state"], "draft");
    ada.write("about.md", "Predict *prices*.");
    let write = ["host", "pages", "edit", "houses", "overview", "--file", "about.md"];
    assert_eq!(ada.json(&write).await["markdown"], "Predict *prices*.");
    assert!(ada.run(&write).await.expect(0).out.contains("Nothing was changed"));
    let sent =
        ada.type_in(&["host", "pages", "edit", "houses", "how-to-win", "--file", "-"], "Be right.").await;
    sent.expect(0);
    let pages = ada.json(&["host", "pages", "list", "houses"]).await;
    assert!(pages["items"].as_array().unwrap().iter().any(|page| page["title"] == "How to win"), "{pages}");
    ada.json(&["host", "pages", "show", "houses", "how-to-win"]).await;
    ada.json(&["host", "pages", "remove", "houses", "how-to-win"]).await;
    ada.run(&["host", "pages", "show", "houses", "how-to-win"]).await.expect(4);

    ada.write("sample_submission.csv", &labels.sample);
    ada.write("solution.csv", &labels.solution);
    let role = ["--role", "sample_submission", "--description", "What to send"];
    let added =
        ada.json(&[&["host", "data", "add", "houses", "sample_submission.csv"], &role[..]].concat()).await;
    assert_eq!(added["size_bytes"], labels.sample.len());
    let sealed = ada.json(&["host", "solution", "houses", "solution.csv"]).await;
    assert_eq!(sealed["version"], Value::Null, "the draft takes it");
    ada.run(&["host", "metric", "set", "houses", "no-such-metric"]).await.expect(1);
    let metric = ada.json(&["host", "metric", "set", "houses", "rmse"]).await;
    assert_eq!((&metric["metric"], &metric["stage"]), (&json!("rmse"), &json!("draft")));
    assert_eq!(ada.json(&["host", "limits", "houses", "--daily", "2"]).await["daily_limit"], 2);
    assert_eq!(ada.json(&["host", "limits", "houses"]).await["daily_limit"], 2);
    assert_eq!(ada.json(&["host", "limits", "houses", "--total", "30"]).await["total_limit"], 30);
    assert_eq!(ada.json(&["host", "limits", "houses", "--total", "0"]).await["total_limit"], Value::Null);
    let veiled =
        ada.json(&["host", "limits", "houses", "--board", "names_hidden", "--board-stays", "true"]).await;
    assert_eq!(
        (&veiled["board_shows"], &veiled["board_stays_veiled"]),
        (&json!("names_hidden"), &json!(true))
    );
    let open =
        ada.json(&["host", "limits", "houses", "--board", "everybody", "--board-stays", "false"]).await;
    assert_eq!(open["board_shows"], "everybody");
    let times = ["--starts", "2020-01-01T00:00:00Z", "--ends", "2100-01-01T01:00:00+01:00"];
    let timeline = ada.json(&[&["host", "timeline", "houses"], &times[..]].concat()).await;
    assert_eq!(timeline["ends_at"], "2100-01-01T00:00:00Z");
    let report = ada.json(&["host", "check", "houses"]).await;
    assert_eq!(report["may_launch"], true, "{report}");
    assert_eq!(ada.json(&["host", "report", "houses"]).await["may_launch"], true);
    assert_eq!(ada.json(&["host", "audit", "houses"]).await["is_current"], true);
    ada.run(&["host", "launch", "houses", "--days", "30"]).await.expect(64); // nobody can be asked
    let launched = ada.json(&["host", "launch", "houses", "--days", "30", "--yes"]).await;
    assert_eq!(launched["state"], "open");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_competition_is_hosted_played_and_corrected_by_commands_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let mut scorer = scorer_at_work(&world);
    let ada = Shell::of(&world, &world.member("ada").await).await;
    let bob = Shell::of(&world, &world.member("bob").await).await;
    assert_eq!(ada.json(&["whoami"]).await["username"], "ada");
    host_houses(&ada).await;

    assert_eq!(bob.json(&["competitions", "--open", "--search", "HOUS"]).await["items"][0]["slug"], "houses");
    assert_eq!(ada.json(&["competitions", "--mine"]).await["items"][0]["role"], "host");
    bob.write("good.csv", Labels::predictions(250, 617));
    let refused = bob.run(&["check", "good.csv", "-c", "houses"]).await.expect(3);
    assert!(refused.err.contains("`holdout join`"), "{}", refused.err);
    let nothing = bob.run(&["competition", "-c", "nothing"]).await.expect(4);
    assert!(nothing.err.contains("`holdout competitions`"), "{}", nothing.err);
    bob.run(&["competition", "houses", "-c", "houses"]).await.expect(64); // said twice
    bob.json(&["join", "houses"]).await;
    let standing = bob.json(&["competition", "houses"]).await;
    assert_eq!((&standing["has_joined"], &standing["allowance"]["left"]), (&json!(true), &json!(2)));

    download_and_check(&world, &bob).await;
    play(&ada, &bob).await;
    correct(&ada, &bob).await;
    look_after(&ada).await;
    every_verb::the_rest(&world, &ada, &bob).await;

    assert_eq!(bob.json(&["logout"]).await["signed_out"], true);
    let refused = bob.run(&["submissions", "houses", "--json"]).await.expect(3);
    assert_eq!(refused.json()["error"]["exit_code"], 3);
    every_verb::expect_all(&[&ada, &bob]);
    scorer.kill().await.unwrap();
    world.close().await;
}

async fn download_and_check(world: &World, bob: &Shell) {
    let fetch = ["download", "houses", "--into", "data"];
    let got = bob.json(&fetch).await;
    assert_eq!(got["items"][0]["was_here"], false);
    assert_eq!(bob.read("data/sample_submission.csv"), Labels::regression().sample);
    assert_eq!(bob.json(&fetch).await["items"][0]["was_here"], true);
    bob.write("data/sample_submission.csv", "mine");
    bob.run(&fetch).await.expect(2);
    assert_eq!(bob.read("data/sample_submission.csv"), "mine", "nothing is replaced unasked");
    bob.run(&[&fetch[..], &["--force"]].concat()).await.expect(0);
    bob.run(&["download", "houses", "nothing.csv"]).await.expect(4);
    let one = ["download", "-c", "houses", "sample_submission.csv", "--into", "one"];
    assert_eq!(bob.json(&one).await["items"].as_array().map(Vec::len), Some(1));
    bob.run(&["download", "--into", "one"]).await.expect(64);

    let wrong = Labels::predictions(250, 617).replacen("r4,", "r44,", 1);
    bob.write("wrong.csv", wrong);
    let here = bob.run(&["check", "wrong.csv", "-c", "houses", "--json"]).await.expect(2).json();
    assert_eq!((&here["checked"], &here["verdict"]["rejection"]["line"]), (&json!("here"), &json!(6)));
    let told = bob.run(&["check", "wrong.csv", "-c", "houses"]).await.expect(2);
    assert!(told.out.contains("line:     6") && told.out.contains("r44"), "{}", told.out);
    bob.run(&["submit", "wrong.csv", "-c", "houses", "--wait"]).await.expect(2);
    let room = |name: &str| world.files().join(name);
    assert!(!room("checks").exists() && !room("submissions").exists(), "nothing was sent");

    let fits = bob.json(&["check", "good.csv", "-c", "houses"]).await;
    assert_eq!((&fits["checked"], &fits["verdict"]["n_rows"]), (&json!("here"), &json!(10)));
    let by_scorer = bob.json(&["check", "good.csv", "-c", "houses", "--scorer"]).await;
    assert_eq!((&by_scorer["checked"], &by_scorer["verdict"]), (&json!("by_scorer"), &fits["verdict"]));
    let refused = bob.run(&["submit", "wrong.csv", "-c", "houses", "--no-check", "--wait", "--json"]).await;
    let rejection = &refused.expect(2).json()["rejection"];
    assert_eq!(*rejection, here["verdict"]["rejection"], "the scorer says the same");
}

async fn play(ada: &Shell, bob: &Shell) {
    let send = ["submit", "good.csv", "-c", "houses", "--wait", "-m", "first try", "--key", "run-1"];
    let scored = bob.json(&send).await;
    // Three public rows are worth one decimal.
    assert_eq!((&scored["state"], scored["public_score"].as_f64()), (&json!("scored"), Some(0.2)));
    assert_eq!(bob.json(&send).await["id"], scored["id"], "the same key is the same submission");
    bob.write("better.csv", Labels::predictions(200, 700));
    let told = bob.run(&["submit", "better.csv", "-c", "houses", "--wait"]).await.expect(0);
    assert!(told.out.contains("Public score: 0.2") && told.out.contains("0 of 2 left"), "{}", told.out);
    assert!(told.err.contains("at rank 1 of 1"), "{}", told.err);
    let over = bob.run(&["submit", "better.csv", "-c", "houses", "--json"]).await.expect(5).json();
    assert!(over["error"]["retry_after_seconds"].is_number(), "{over}");

    let id = scored["id"].to_string();
    assert_eq!(bob.json(&["select", "houses", &id]).await["items"][0]["id"], scored["id"]);
    let list = bob.json(&["submissions", "houses", "--limit", "1"]).await;
    assert_eq!(list["allowance"]["left"], 0);
    let rest = bob.json(&["submissions", "houses", "--before", &list["next"].to_string()]).await;
    assert_eq!(rest["items"][0]["selected"], true);
    bob.json(&["submission", "houses", &id, "--file", "back.csv"]).await;
    assert_eq!(bob.read("back.csv"), bob.read("good.csv"));
    assert_eq!(bob.json(&["select", "houses", &id, "--withdraw"]).await["items"], json!([]));
    let stands = bob.run(&["select", "houses"]).await.expect(0).out;
    assert!(stands.contains("these count") && stands.contains("better.csv"), "{stands}");

    let board = bob.json(&["leaderboard", "houses", "--around-me"]).await;
    assert_eq!(board["items"][0]["team_id"], board["own"]["team_id"]);
    let drawn = bob.run(&["leaderboard", "houses"]).await.expect(0).out;
    assert!(drawn.lines().nth(1).unwrap().contains("you"), "{drawn}");
    let found = bob.json(&["leaderboard", "-c", "houses", "--find", "BOB"]).await;
    assert_eq!(found["items"][0]["team_id"], board["own"]["team_id"]);
    assert_eq!(bob.json(&["leaderboard", "houses", "--find", "nobody"]).await["items"], json!([]));
    let csv = ada.run(&["leaderboard", "houses", "--csv"]).await.expect(0).out;
    assert!(csv.starts_with("rank,"), "{csv}");
}

async fn correct(ada: &Shell, bob: &Shell) {
    ada.write("raised.csv", raised(&Labels::regression().solution));
    let rescore =
        ["host", "rescore", "houses", "--solution", "raised.csv", "--reason", "Half a point too low."];
    let done = ada.json(&[&rescore[..], &["--yes"]].concat()).await;
    assert_eq!((&done["published"], &done["version"]["number"]), (&json!(true), &json!(2)));
    let best = |list: Value| list["items"][0]["public_score"].as_f64();
    assert_eq!(best(bob.json(&["submissions", "houses"]).await), Some(0.3));
    let changes = ada.json(&["host", "versions", "list", "houses"]).await;
    assert_eq!(changes["items"][0]["stage"], "published");
    ada.json(&["host", "versions", "roll-back", "houses", "1", "--reason", "It was right."]).await;
    assert_eq!(best(bob.json(&["submissions", "houses"]).await), Some(0.2));
    ada.run(&["host", "versions", "show", "houses", "99"]).await.expect(4);
    bob.run(&["host", "versions", "list", "houses"]).await.expect(4); // it is not bob's
}

async fn look_after(ada: &Shell) {
    assert_eq!(ada.json(&["host", "verify", "houses"]).await["is_clean"], true);
    assert_eq!(ada.json(&["host", "failures", "houses"]).await["items"], json!([]));
    assert_eq!(ada.json(&["host", "failures", "houses", "--retry"]).await["n_retried"], 0);
    let invite = ["host", "invitations", "houses", "--visibility", "unlisted", "--add", "eve@people.test"];
    let invited = ada.json(&invite).await;
    assert_eq!(
        (&invited["visibility"], &invited["emails"]),
        (&json!("unlisted"), &json!(["eve@people.test"]))
    );
    ada.run(&["host", "invitations", "houses", "--tell", "eve@people.test"]).await.expect(3); // everybody sees it
    ada.run(&["host", "invitations", "houses", "--remove-person", "bob"]).await.expect(4);
    let hook = ada.json(&["host", "webhooks", "add", "houses", "https://example.org/hook"]).await;
    let id = hook["id"].to_string().trim_matches('"').to_owned();
    assert_eq!(ada.json(&["host", "webhooks", "list", "houses"]).await["items"][0]["url"], hook["url"]);
    assert_eq!(ada.json(&["host", "webhooks", "deliveries", "houses", &id]).await["items"], json!([]));
    ada.json(&["host", "webhooks", "ping", "houses", &id]).await;
    ada.json(&["host", "webhooks", "remove", "houses", &id]).await;
    let token = ada.json(&["tokens", "new", "notebook", "--scopes", "read", "--days", "3"]).await;
    ada.json(&["tokens", "revoke", &token["id"].to_string()]).await;
    let kept = ada.json(&["tokens", "list"]).await;
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1), "{kept}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_download_that_breaks_goes_on_where_it_ended(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let bytes: Vec<u8> = (0..5 * MIB).map(|at| (at * 31 % 251) as u8).collect();
    let path = arena.api("/data/train.bin?role=data");
    ada.api.send(ureq::http::Method::PUT, &path, None, bytes.clone()).await.expect(200);

    let line = Line::to(&world.base, 2 * MIB);
    let shell = Shell::new(&line.address);
    let token = ["--token", ada.token.as_str()];
    shell.run(&[&["download", "houses", "train.bin"], &token[..]].concat()).await.expect(0);
    assert!(std::fs::read(shell.path("train.bin")).unwrap() == bytes);
    let asked = line.ranges();
    assert!(asked.len() >= 2 && asked.windows(2).all(|pair| pair[0] < pair[1]), "each goes on: {asked:?}");

    // A download of another day, ended half-way, is taken up; one of other bytes is not.
    let other = Shell::new(&world.base);
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    other.write(&format!(".train.bin.{}.part", &sha256[..12]), &bytes[..MIB]);
    other.write(".train.bin.000000000000.part", b"of other bytes");
    other.run(&[&["download", "houses", "train.bin"], &token[..]].concat()).await.expect(0);
    assert!(std::fs::read(other.path("train.bin")).unwrap() == bytes);
    world.close().await;
}

/// A line to a server that breaks whenever so many bytes of an answer came through.
struct Line {
    address: String,
    asked: Arc<Mutex<Vec<u64>>>,
}

impl Line {
    fn to(base: &str, breaks_after: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = base.trim_start_matches("http://").to_owned();
        let asked: Arc<Mutex<Vec<u64>>> = Arc::default();
        let heard = asked.clone();
        std::thread::spawn(move || {
            for person in listener.incoming().flatten() {
                let (server, heard) = (TcpStream::connect(&server).unwrap(), heard.clone());
                std::thread::spawn(move || carry(person, server, breaks_after, &heard));
            }
        });
        Self { address, asked }
    }

    /// Where the requests for a part of a file began.
    fn ranges(&self) -> Vec<u64> {
        self.asked.lock().unwrap().clone()
    }
}

fn carry(mut person: TcpStream, mut server: TcpStream, breaks_after: usize, heard: &Mutex<Vec<u64>>) {
    let (mut asking, answering) = (person.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        std::io::copy(&mut answering.take(breaks_after as u64), &mut asking)
            .and_then(|_| asking.shutdown(std::net::Shutdown::Both))
    });
    let mut buffer = [0; 8192];
    while let Ok(n @ 1..) = person.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..n]).to_lowercase();
        let range: Option<u64> =
            text.split("range: bytes=").nth(1).and_then(|rest| rest.split('-').next()?.parse().ok());
        heard.lock().unwrap().extend(range);
        if server.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn what_fails_says_so_by_its_exit_code() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let shell = Shell::new(&format!("http://{closed}"));
    let away = shell.run(&["competitions", "--json"]).await.expect(6).json();
    assert_eq!(away["error"]["exit_code"], 6);
    shell.run(&["no-such-command"]).await.expect(64);
    shell.run(&["submit"]).await.expect(64);
    let codes = shell.json(&["exit-codes"]).await;
    let help = shell.run(&["--help"]).await.expect(0).out;
    for code in codes["items"].as_array().unwrap() {
        assert!(help.contains(code["meaning"].as_str().unwrap()), "{code} stands in the help");
    }
    let coloured = shell.run(&["logout", "--color", "always"]).await.expect(3).err;
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    assert!(!shell.run(&["logout"]).await.expect(3).err.contains('\u{1b}'));
}

#[tokio::test]
async fn completions_and_man_pages_are_made_from_the_commands() {
    let shell = Shell::new("http://127.0.0.1:1");
    for name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = shell.run(&["completions", name]).await.expect(0).out;
        assert!(script.contains("leaderboard") && script.contains("roll-back"), "{name}");
    }
    let main = shell.run(&["man"]).await.expect(0).out;
    assert!(main.contains(".TH HOLDOUT 1") && main.contains("EXIT STATUS"), "{main}");
    let written = shell.json(&["man", "--into", "man1"]).await;
    let written: Vec<&str> = written["items"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for (page, word) in [("holdout-submit.1", "wait"), ("holdout-host-versions-roll-back.1", "reason")] {
        assert!(written.contains(&page), "{written:?}");
        assert!(shell.read(&format!("man1/{page}")).contains(word));
    }
    let on_disk = std::fs::read_dir(Path::new(&shell.path("man1"))).unwrap().count();
    assert!(on_disk == written.len() && on_disk > 50, "{on_disk}");
}

#[tokio::test]
async fn a_usage_names_what_a_command_asks_for_and_not_what_the_environment_gives() {
    let mut shell = Shell::new("http://localhost:9");
    shell.environment.push(("HOLDOUT_TOKEN", "hld_secret".to_owned()));
    let told = shell.run(&["submit"]).await.expect(64);
    assert!(told.err.contains("Usage: holdout submit --competition <COMPETITION> <FILE>"), "{}", told.err);
    let help = shell.run(&["submit", "--help"]).await.expect(0);
    assert!(help.out.contains("HOLDOUT_SERVER"), "{}", help.out);
}
