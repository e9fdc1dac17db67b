//! The whole house as one command: it starts, survives the death of its parts, stops cleanly, and
//! finds everything as it was.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

#[path = "house/doors.rs"]
mod doors;
#[path = "house/limits.rs"]
mod limits;
#[path = "house/logs.rs"]
mod logs;
#[path = "house/phone.rs"]
mod phone;

use phone::Phone;

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdout");
const PASSWORD: &str = "a long enough password";
const PATIENCE: Duration = Duration::from_secs(90);

struct House {
    folder: PathBuf,
    port: u16,
    supervisor: Option<Child>,
}

impl House {
    fn new() -> Self {
        Self::called("")
    }

    /// In a folder whose name ends so.
    fn called(end: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("holdout-house-{}{end}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { folder, port, supervisor: None }
    }

    fn start(&mut self) {
        self.start_with_scorers("0");
    }

    fn start_with_scorers(&mut self, scorers: &str) {
        self.start_by(Command::new(PROGRAM).args(["up", "--empty", "--scorers", scorers]));
    }

    fn start_by(&mut self, command: &mut Command) {
        self.start_saying(command.stdout(Stdio::null()).stderr(Stdio::null()));
    }

    fn start_saying(&mut self, command: &mut Command) {
        let supervisor = command
            .env_remove("DATABASE_URL")
            .env("HOLDOUT_DATA_DIR", &self.folder)
            .env("HOLDOUT_LISTEN", format!("127.0.0.1:{}", self.port))
            .spawn()
            .unwrap();
        self.supervisor = Some(supervisor);
        self.wait_until_ready();
    }

    fn is_ready(&self) -> bool {
        ureq::get(format!("http://127.0.0.1:{}/readyz", self.port)).call().is_ok()
    }

    fn wait_until_ready(&self) {
        within(PATIENCE, "the site answers", || self.is_ready());
    }

    /// Processes of this house with `wanted` as a word of their command line; all for an empty word.
    fn processes(&self, wanted: &str) -> Vec<i32> {
        let folder = self.folder.to_string_lossy().into_owned();
        let listed = fs::read_dir("/proc").unwrap().flatten();
        listed
            .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
            .filter(|pid| {
                let command = read(&format!("/proc/{pid}/cmdline"));
                let environment = read(&format!("/proc/{pid}/environ"));
                let is_wanted = wanted.is_empty()
                    || command
                        .split('\0')
                        .any(|word| word == wanted || word.ends_with(&format!("/{wanted}")));
                is_wanted && (command.contains(&folder) || environment.contains(&folder))
            })
            .collect()
    }

    fn signal(&self, wanted: &str, signal: Signal) -> i32 {
        let pid = *self.processes(wanted).first().unwrap_or_else(|| panic!("no process {wanted}"));
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
        pid
    }

    fn end_supervisor(&mut self, signal: Signal) {
        let mut supervisor = self.supervisor.take().unwrap();
        let pid = Pid::from_raw(i32::try_from(supervisor.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        within(PATIENCE, "the supervisor ends", || supervisor.try_wait().unwrap().is_some());
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            let _ = supervisor.kill();
            let _ = supervisor.wait();
        }
        std::thread::sleep(Duration::from_secs(1)); // the database leaves its folder
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn read(path: &str) -> String {
    fs::read(Path::new(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn within(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < deadline, "in time: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn register(house: &House, username: &str) -> u16 {
    let base = format!("http://127.0.0.1:{}", house.port);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let email = format!("{username}@people.test");
    let sent = agent.post(format!("{base}/register")).header("origin", &base).send_form([
        ("username", username),
        ("email", email.as_str()),
        ("password", PASSWORD),
    ]);
    sent.unwrap().status().as_u16()
}

#[test]
fn the_house_survives_its_parts_and_stops_cleanly() {
    let mut house = House::new();
    house.start();
    assert_eq!(register(&house, "ada"), 303);

    let served = house.signal("serve", Signal::KILL);
    within(PATIENCE, "another server answers", || {
        house.processes("serve").iter().any(|pid| *pid != served) && house.is_ready()
    });

    house.signal("cluster", Signal::KILL);
    within(PATIENCE, "the database is back", || house.is_ready() && register(&house, "ada") == 422);

    house.end_supervisor(Signal::INT);
    within(PATIENCE, "nothing is left running", || house.processes("").is_empty());

    house.start();
    assert_eq!(register(&house, "ada"), 422, "the name is still taken after a restart");

    house.end_supervisor(Signal::KILL);
    within(PATIENCE, "no orphan outlives a killed supervisor", || house.processes("").is_empty());

    house.start();
    assert_eq!(register(&house, "grace"), 303);
    house.end_supervisor(Signal::TERM);
    within(PATIENCE, "nothing is left running", || house.processes("").is_empty());
}

/// A person's program: the JSON API with a token.
struct Program {
    base: String,
    authorization: String,
    agent: ureq::Agent,
}

impl Program {
    fn of(house: &House, username: &str) -> Self {
        assert_eq!(register(house, username), 303);
        let base = format!("http://127.0.0.1:{}/api/v1", house.port);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut program = Self { base, authorization: String::new(), agent };
        let wanted = json!({
            "username": username, "password": PASSWORD, "name": "test", "scopes": ["read", "submit", "host"]
        });
        let made = program.post("/sessions", &wanted);
        program.authorization = format!("Bearer {}", made["token"].as_str().unwrap());
        program
    }

    /// The same program, at another house.
    fn at(&self, house: &House) -> Self {
        let base = format!("http://127.0.0.1:{}/api/v1", house.port);
        Self { base, authorization: self.authorization.clone(), agent: self.agent.clone() }
    }

    fn post(&self, path: &str, document: &Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.base));
        read_json(request.header("authorization", &self.authorization).send_json(document).unwrap())
    }

    fn put_file(&self, path: &str, bytes: &[u8]) -> Value {
        let request = self.agent.put(format!("{}{path}", self.base));
        read_json(request.header("authorization", &self.authorization).send(bytes).unwrap())
    }

    fn post_file(&self, path: &str, bytes: &[u8]) -> Value {
        let request = self.agent.post(format!("{}{path}", self.base)).header("x-file-name", "file.csv");
        read_json(request.header("authorization", &self.authorization).send(bytes).unwrap())
    }

    /// `None` while the house is not there.
    fn get(&self, path: &str) -> Option<String> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let mut answer = request.header("authorization", &self.authorization).call().ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.body_mut().with_config().limit(1 << 30).read_to_string().ok()
    }

    fn get_json(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&self.get(path)?).ok()
    }
}

fn read_json(mut answer: ureq::http::Response<ureq::Body>) -> Value {
    let text = answer.body_mut().read_to_string().unwrap();
    assert!(answer.status().is_success(), "{} {text}", answer.status());
    serde_json::from_str(&text).unwrap()
}

/// Hosts a competition from one table of `n_rows` rows.
fn host_from_one_table(program: &Program, n_rows: usize) {
    program.post("/competitions", &json!({ "title": "Received", "slug": "received" }));
    let rows = (0..n_rows).map(|row| format!("{row},{},{}\n", row * 7 % 1009, row * 13 % 997));
    let table = format!("id,feature,target\n{}", rows.collect::<String>());
    program.post_file("/competitions/received/table?target=target", table.as_bytes());
    within(PATIENCE, "the table is split", || {
        program.get_json("/competitions/received/table").is_some_and(|table| !table["proposal"].is_null())
    });
    within(PATIENCE, "the competition is examined", || {
        program.get_json("/competitions/received/report").is_some_and(|report| report["is_current"] == true)
    });
    program.post("/competitions/received/launch", &json!({ "days": 30 }));
}

#[test]
fn what_was_received_is_scored_once_whatever_is_killed() {
    let mut house = House::new();
    house.start_with_scorers("1");
    let host = Program::of(&house, "host");
    within(PATIENCE, "a scorer is there", || host.get_json("/scorer-key").is_some());
    host_from_one_table(&host, 200_000);
    let player = Program::of(&house, "player");
    player.post("/competitions/received/join", &json!({ "accept_rules": true }));
    let predictions = player.get("/competitions/received/data/sample_submission.csv").unwrap();

    for victims in [vec!["serve"], vec!["cluster"], vec!["work", "serve", "cluster"]] {
        let received = player.post_file("/competitions/received/submissions", predictions.as_bytes());
        for victim in &victims {
            house.signal(victim, Signal::KILL);
        }
        let path = format!("/competitions/received/submissions/{}", received["id"]);
        within(Duration::from_secs(60), "the submission is scored", || {
            player.get_json(&path).is_some_and(|submission| submission["state"] == "scored")
        });
        assert_eq!(player.get_json(&path).unwrap()["sha256"], received["sha256"]);
    }
    let board = player.get_json("/competitions/received/leaderboard").unwrap();
    assert_eq!(board["items"][0]["n_entries"], 3, "each of the three is scored once: {board}");
    house.end_supervisor(Signal::INT);
    within(PATIENCE, "nothing is left running", || house.processes("").is_empty());
}

#[test]
fn a_second_supervisor_on_the_same_folder_is_refused() {
    let mut house = House::new();
    house.start();
    let second = Command::new(PROGRAM)
        .args(["up", "--empty", "--scorers", "0"])
        .env_remove("DATABASE_URL")
        .env("HOLDOUT_DATA_DIR", &house.folder)
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(house.is_ready());
    house.end_supervisor(Signal::INT);
}

#[test]
fn a_data_folder_may_have_any_letters() {
    for name in [" a, b", " \"c\" 'd' \\ $HOME %41 %s", " é漢 #?&=;*{}~"] {
        let mut house = House::called(name);
        house.start_with_scorers("1");
        let host = Program::of(&house, "host");
        within(PATIENCE, "a scorer is there", || host.get_json("/scorer-key").is_some());
        host_from_one_table(&host, 100);
        let player = Program::of(&house, "player");
        player.post("/competitions/received/join", &json!({ "accept_rules": true }));
        let predictions = player.get("/competitions/received/data/sample_submission.csv").unwrap();
        let received = player.post_file("/competitions/received/submissions", predictions.as_bytes());
        let path = format!("/competitions/received/submissions/{}", received["id"]);
        within(PATIENCE, "the file is scored", || {
            player.get_json(&path).is_some_and(|it| it["state"] == "scored")
        });
        let kept =
            Folder(std::env::temp_dir().join(format!("holdout-backup-{}{name}", uuid::Uuid::new_v4())));
        let made = holdout(&house, &["backup", &kept.0.display().to_string()]);
        assert!(made.status.success(), "{name}: {}", said(&made));
        let told = said(&holdout(&house, &["doctor"]));
        assert!(told.contains("Files can be stored in"), "{name}: {told}");
        house.end_supervisor(Signal::INT);
        within(PATIENCE, "nothing is left running", || house.processes("").is_empty());
    }
}

/// The program with the environment of a house, and what it answered.
fn holdout(house: &House, arguments: &[&str]) -> std::process::Output {
    Command::new(PROGRAM)
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env("HOLDOUT_DATA_DIR", &house.folder)
        .output()
        .unwrap()
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[test]
fn a_backup_becomes_the_same_house_elsewhere_and_every_score_is_verified() {
    let mut house = House::new();
    house.start_with_scorers("1");
    let host = Program::of(&house, "host");
    within(PATIENCE, "a scorer is there", || host.get_json("/scorer-key").is_some());
    host_from_one_table(&host, 5_000);
    let player = Program::of(&house, "player");
    player.post("/competitions/received/join", &json!({ "accept_rules": true }));
    let predictions = player.get("/competitions/received/data/sample_submission.csv").unwrap();
    let board = |program: &Program| program.get_json("/competitions/received/leaderboard").unwrap();
    for _ in 0..2 {
        player.post_file("/competitions/received/submissions", predictions.as_bytes());
    }
    within(PATIENCE, "both are scored", || board(&player)["items"][0]["n_entries"] == 2);
    let before = board(&player);
    let phone = Phone::of(&player);

    let kept = Folder(std::env::temp_dir().join(format!("holdout-backup-{}", uuid::Uuid::new_v4())));
    let folder = kept.0.display().to_string();
    let made = holdout(&house, &["backup", &folder, "--json"]);
    assert!(made.status.success(), "{}", said(&made));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert!(made["n_files"].as_i64().unwrap() >= 5, "{made}");
    let again = holdout(&house, &["backup", &folder]);
    assert!(!again.status.success() && said(&again).contains("is there already"), "{}", said(&again));
    let key = fs::read(house.folder.join("keys/scorer.key")).unwrap();
    let secret = key.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"AGE-SECRET-KEY")).unwrap();
    let holds = |path: &Path| fs::read(path).unwrap().windows(secret.len()).any(|window| window == secret);
    let files = files_below(&kept.0);
    assert!(
        files.len() >= 8 && !files.iter().any(|path| holds(path)),
        "the key is not kept with what it opens"
    );

    house.end_supervisor(Signal::INT);
    let mut other = House::new();
    let altered = files.iter().find(|path| path.to_string_lossy().contains("/files/submissions/")).unwrap();
    let content = fs::read(altered).unwrap();
    fs::write(altered, [&content[..], b" "].concat()).unwrap();
    let refused = holdout(&other, &["restore", &folder]);
    assert!(!refused.status.success() && said(&refused).contains("its hash differs"), "{}", said(&refused));
    assert!(files_below(&other.folder).is_empty(), "nothing is begun with a backup that is not whole");
    fs::write(altered, content).unwrap();

    let restored = holdout(&other, &["restore", &folder]);
    assert!(restored.status.success() && said(&restored).contains("accounts.key"), "{}", said(&restored));
    let twice = holdout(&other, &["restore", &folder]);
    assert!(!twice.status.success() && said(&twice).contains("already"), "{}", said(&twice));
    fs::write(other.folder.join("keys/scorer.key"), key).unwrap();
    let locked_out = holdout(&other, &["up", "--empty", "--scorers", "0"]);
    assert!(
        !locked_out.status.success() && said(&locked_out).contains("is missing"),
        "{}",
        said(&locked_out)
    );
    assert!(!other.folder.join("keys/accounts.key").exists(), "no key is drawn that would lock people out");
    fs::copy(house.folder.join("keys/accounts.key"), other.folder.join("keys/accounts.key")).unwrap();
    other.start_with_scorers("1");
    let (host, player) = (host.at(&other), player.at(&other));
    phone.sign_in(&player);
    let place = |board: &Value| {
        ["team", "rank", "score", "n_entries", "last_entry_at"].map(|name| board["items"][0][name].clone())
    };
    assert_eq!(place(&board(&player)), place(&before));
    let verification = host.post("/competitions/received/verifications", &json!({}));
    let path = format!("/competitions/received/verifications/{}", verification["id"]);
    within(PATIENCE, "every score is computed again", || {
        host.get_json(&path).is_some_and(|verification| !verification["finished_at"].is_null())
    });
    let verified = host.get_json(&path).unwrap();
    assert_eq!((&verified["n_done"], &verified["is_clean"]), (&json!(2), &json!(true)), "{verified}");
    player.post_file("/competitions/received/submissions", predictions.as_bytes());
    within(PATIENCE, "what is sent now is scored", || board(&player)["items"][0]["n_entries"] == 3);
    other.end_supervisor(Signal::INT);
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let is_folder = entry.file_type().unwrap().is_dir();
            if is_folder { &mut folders } else { &mut found }.push(entry.path());
        }
    }
    found
}

/// Removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
