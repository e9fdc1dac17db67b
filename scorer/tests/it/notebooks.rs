//! Notebooks in their sandbox, and attempts to break out of it. Where it can be shown, the same attempt first
//! succeeds outside, so that a test cannot pass because the attempt itself is broken.
//!
//! A machine that gives no namespaces to users without rights runs no notebooks. There, these tests insist on
//! the refusal and its reason instead.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use holdout_scorer::notebooks::folder::RunFolder;
use holdout_scorer::notebooks::sandbox::{Bounds, Ending, Ran, Sandbox, Watch};
use holdout_scorer::sandboxes::python::Unavailable;
use serde_json::{Value, json};
use uuid::Uuid;

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdout-scorer");
const BOUNDS: Bounds = Bounds { memory_mb: 1024, disk_mb: 64, time: Duration::from_secs(120) };

fn python() -> PathBuf {
    crate::python::python(Path::new(PROGRAM))
}

/// A place for runs that is looked at when it goes: nothing may be left in it.
struct House {
    spools: PathBuf,
    sandbox: Sandbox,
}

impl House {
    /// `None` where this machine runs no notebooks, which is then insisted on.
    fn open(bounds: Bounds) -> Option<Self> {
        let spools = std::env::temp_dir().join(format!("holdout-notebooks-{}", Uuid::now_v7()));
        fs::create_dir(&spools).expect("made");
        match Sandbox::open(Path::new(PROGRAM), Some(&python()), bounds, &spools) {
            Ok(sandbox) => Some(Self { spools, sandbox }),
            Err(Unavailable::NoCage(reason)) if !gives_namespaces() => {
                eprintln!("NOT RUN: this machine gives no namespaces, and notebooks are refused: {reason}");
                assert!(
                    reason.contains("namespaces") || reason.contains("root") || reason.contains("disk"),
                    "{reason}"
                );
                fs::remove_dir_all(spools).expect("removed");
                None
            }
            Err(other) => panic!("a sandbox that holds: {other}"),
        }
    }

    fn run(&self, cells: &[&str]) -> Outcome {
        self.run_with(cells, &[], &Watch::default())
    }

    fn run_with(&self, cells: &[&str], data: &[(&str, &str)], watch: &Watch) -> Outcome {
        let folder = RunFolder::make(&self.spools).expect("a folder");
        for (name, content) in data {
            fs::write(folder.input().join(name), content).expect("written");
        }
        let name = Some("houses").filter(|_| !data.is_empty());
        let ran = self.sandbox.run(&folder, name, notebook(cells).as_bytes(), watch);
        let read = |path: &PathBuf| fs::read_to_string(path).expect("read");
        let executed = ran.executed.as_ref().map(|path| serde_json::from_str(&read(path)).expect("JSON"));
        let files = ran.files.iter().map(|file| (file.path.clone(), read(&file.at))).collect();
        Outcome { ran, executed, files }
    }

    /// The last cell is refused with these words, and those before it ran.
    #[track_caller]
    fn is_refused(&self, cells: &[&str], words: &str) {
        let outcome = self.run(cells);
        let Ending::CellFailed { cell, traceback } = &outcome.ran.ending else {
            panic!("{cells:?} ended as {:?}", outcome.ran.ending)
        };
        assert_eq!(*cell as usize, cells.len(), "{traceback}");
        assert!(traceback.contains(words), "{cells:?} is answered by {traceback}");
    }

    /// It is stopped, with a sentence that has these words.
    #[track_caller]
    fn is_stopped(&self, cells: &[&str], words: &[&str]) {
        match self.run(cells).ran.ending {
            Ending::Stopped { reason: text, .. } | Ending::CellFailed { traceback: text, .. } => {
                assert!(words.iter().any(|word| text.contains(word)), "{cells:?} is stopped by {text}");
            }
            other => panic!("{cells:?} ended as {other:?}"),
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let left: Vec<_> = fs::read_dir(&self.spools).expect("the spools").flatten().collect();
        let is_empty = left.is_empty();
        let _ = fs::remove_dir_all(&self.spools);
        assert!(is_empty || std::thread::panicking(), "files are left: {left:?}");
    }
}

struct Outcome {
    ran: Ran,
    executed: Option<Value>,
    files: Vec<(String, String)>,
}

fn notebook(cells: &[&str]) -> String {
    let cells: Vec<Value> = cells
        .iter()
        .enumerate()
        .map(|(number, source)| {
            json!({ "cell_type": "code", "id": format!("c{number}"), "metadata": {}, "execution_count": null,
                    "outputs": [], "source": source })
        })
        .collect();
    json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells }).to_string()
}

/// Asked of other programs than ours.
fn gives_namespaces() -> bool {
    let mut command = Command::new("setpriv");
    let as_nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "unshare"];
    let asked =
        ["--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork"];
    command.args(as_nobody).args(asked).args(["mount", "-t", "tmpfs", "none", "/mnt"]);
    command.output().is_ok_and(|output| output.status.success())
}

/// What Python does outside, as the control.
fn outside(code: &str) -> String {
    let output = Command::new(python()).args(["-c", code]).output().expect("Python");
    String::from_utf8_lossy(&output.stdout).trim().to_owned() + String::from_utf8_lossy(&output.stderr).trim()
}

/// Whether a process of this machine has this word among its arguments.
fn runs_somewhere(word: &str) -> bool {
    let entries = fs::read_dir("/proc").expect("processes").flatten();
    let mut lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(word))
}

#[test]
fn a_notebook_without_a_competition_finds_no_data() {
    let Some(house) = House::open(BOUNDS) else { return };
    let cell = "import os\nassert os.listdir('/kaggle/input') == [] and not os.path.lexists('data')";
    let outcome = house.run(&[cell]);
    assert_eq!(outcome.ran.ending, Ending::FromTheTop, "{}", outcome.ran.log);
}

#[test]
fn every_cell_runs_in_order_and_what_it_writes_comes_out() {
    let Some(house) = House::open(BOUNDS) else { return };
    let data = [("train.csv", "id,y\n1,2\n2,4\n")];
    let cells = [
        "import pandas\ntrain = pandas.read_csv('/kaggle/input/houses/train.csv')\ntrain",
        "assert train.equals(pandas.read_csv('data/train.csv'))\nassert train.equals(pandas.read_csv('../input/houses/train.csv'))",
        "import os\nos.mkdir('models')\nopen('models/a b.txt', 'w').write('seen')\ntrain.to_csv('submission.csv', index=False)",
        "import matplotlib.pyplot as plt\nplt.plot(train.y)\nplt.show()",
        "!echo from a shell",
        "print(In[1][:13], len(Out))",
    ];
    let outcome = house.run_with(&cells, &data, &Watch::default());
    assert_eq!(outcome.ran.ending, Ending::FromTheTop, "{}", outcome.ran.log);
    assert_eq!((outcome.ran.n_cells_run, outcome.ran.n_code_cells), (6, 6));
    let files: Vec<_> = outcome.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(files, [("submission.csv", "id,y\n1,2\n2,4\n"), ("models/a b.txt", "seen")]);
    let executed = outcome.executed.expect("a notebook");
    let cell = |number: usize| executed["cells"][number].to_string();
    assert!(cell(0).contains("text/html") && cell(3).contains("image/png"));
    assert!(cell(4).contains("from a shell") && cell(5).contains("import pandas"), "{}", cell(5));
    for number in 0..6 {
        assert_eq!(executed["cells"][number]["execution_count"], number + 1);
        let lines = executed["cells"][number]["source"].as_array().expect("lines").iter();
        let source: String = lines.map(|line| line.as_str().expect("text")).collect();
        assert_eq!(source, cells[number], "the sources stay");
    }
}

#[test]
fn a_cell_that_fails_ends_the_run_and_is_named() {
    let Some(house) = House::open(BOUNDS) else { return };
    let outcome = house.run(&["print('before')", "1 / 0", "open('after.txt', 'w').write('x')"]);
    let Ending::CellFailed { cell: 2, traceback } = outcome.ran.ending else {
        panic!("{:?}", outcome.ran.ending)
    };
    assert!(traceback.contains("ZeroDivisionError") && !traceback.contains('\u{1b}'), "{traceback}");
    assert_eq!((outcome.ran.n_cells_run, outcome.ran.n_code_cells), (1, 3));
    assert!(outcome.files.is_empty(), "the third cell did not run");
    assert!(outcome.executed.expect("as far as it came")["cells"][0].to_string().contains("before"));
}

#[test]
fn nothing_of_the_machine_can_be_read_written_or_reached() {
    let Some(house) = House::open(BOUNDS) else { return };
    let folder = std::env::temp_dir().join(format!("holdout-outside-{}", Uuid::now_v7()));
    fs::create_dir(&folder).expect("made");
    let secret = folder.join("solution.csv");
    fs::write(&secret, "a label").expect("written");
    let socket = folder.join("socket");
    let _listening = UnixListener::bind(&socket).expect("bound");
    let name = format!("holdout-{}", Uuid::now_v7());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let _nameless = UnixListener::bind_addr(&address).expect("bound");
    for open in [&folder, &socket] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o777)).expect("open to all");
    }
    let read = format!("print(open({:?}).read())", secret.display().to_string());
    let connect = |to: String| {
        format!("import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect({to})\nprint('reached')")
    };
    let by_path = connect(format!("{:?}", socket.display().to_string()));
    let by_name = connect(format!("'\\0{name}'"));
    for (attempt, works) in [(&read, "a label"), (&by_path, "reached"), (&by_name, "reached")] {
        assert_eq!(outside(attempt), works, "outside, this works: {attempt}");
    }
    house.is_refused(&[&read], "FileNotFoundError");
    house.is_refused(&[&by_path], "FileNotFoundError");
    house.is_refused(&[&by_name], "ConnectionRefusedError");
    let _ = fs::remove_dir_all(&folder);

    let mut sleeper = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().expect("a process");
    house.is_refused(&[&format!("import os\nos.kill({}, 0)", sleeper.id())], "ProcessLookupError");
    sleeper.kill().and_then(|()| sleeper.wait()).expect("it still lived");

    for (attempt, words) in [
        ("open('/etc/shadow').read()", "FileNotFoundError"),
        ("import os\nos.listdir('/proc')", "FileNotFoundError"),
        ("import os\nos.listdir('/var/run/postgresql')", "FileNotFoundError"),
        ("open('/usr/lib/x', 'w')", "Error"),
        ("open('data/x', 'w')", "Error"),
        ("import socket\nsocket.socket(socket.AF_INET)", "not supported"),
        ("import socket\nsocket.socket(socket.AF_INET6, socket.SOCK_DGRAM)", "not supported"),
        ("import urllib.request\nurllib.request.urlopen('http://1.1.1.1')", "URLError"),
        (
            "import os\nassert set(os.environ) & {'HOLDOUT_DATABASE_URL', 'HOLDOUT_FILES', 'AWS_SECRET_ACCESS_KEY'}",
            "AssertionError",
        ),
        (
            "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\n\
             assert c.unshare(0x10000000) == 0 or c.mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0 or c.ptrace(16, 1, 0, 0) == 0 \
             or c.setuid(0) == 0",
            "AssertionError",
        ),
    ] {
        house.is_refused(&[attempt], words);
    }
}

#[test]
fn what_takes_too_much_is_stopped_and_the_machine_is_well() {
    let Some(house) = House::open(BOUNDS) else { return };
    let marker = format!("86400.{}", Uuid::now_v7().as_u128() % 1_000_000_000);
    let begin =
        format!("import subprocess\nfor _ in range(3): subprocess.Popen(['setsid', 'sleep', '{marker}'])");
    let begin = begin.as_str();
    house.is_stopped(
        &[begin, "import os\nwhile True: os.fork()"],
        &["memory", "BlockingIOError", "kernel ended"],
    );
    house.is_stopped(
        &[begin, "kept = []\nwhile True: kept.append(bytearray(50 << 20))"],
        &["memory", "MemoryError"],
    );
    house.is_stopped(
        &["f = open('big', 'wb')\nwhile True: f.write(bytes(1 << 20))"],
        &["No space left on device"],
    );
    house.is_stopped(
        &["for n in range(10 ** 7): open(f'/tmp/{n}', 'w').close()"],
        &["No space left on device"],
    );
    house.is_stopped(&["while True: print('x' * 10_000)"], &["put out more than", "memory", "MemoryError"]);
    house.is_stopped(&[begin, "import os\nos._exit(3)"], &["kernel ended"]);
    house.is_stopped(
        &["import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        kept = bytearray(b'x') * (400 << 20)\n        time.sleep(60)\ntime.sleep(20)"],
        &["memory"],
    );
    let hardly = house.run(&[begin, "print('done')"]);
    assert_eq!(hardly.ran.ending, Ending::FromTheTop, "what still runs in the background ends with it");
    assert!(!runs_somewhere(&marker), "no process is left");
    // A process that is there is seen; its command line is, once it has become the other program.
    let mut control = Command::new("sleep").arg(&marker).spawn().expect("begun");
    let since = Instant::now();
    while !runs_somewhere(&marker) {
        assert!(since.elapsed() < Duration::from_secs(20), "a process that runs can be seen");
        std::thread::sleep(Duration::from_millis(20));
    }
    control.kill().and_then(|()| control.wait()).expect("ended");
}

#[test]
fn an_endless_loop_is_stopped_when_its_time_is_over() {
    let bounds = Bounds { time: Duration::from_secs(6), ..BOUNDS };
    let Some(house) = House::open(bounds) else { return };
    let outcome = house.run(&["print('begun')", "while True: pass"]);
    let Ending::Stopped { cell: Some(2), reason } = outcome.ran.ending else {
        panic!("{:?}", outcome.ran.ending)
    };
    assert_eq!(reason, "It took longer than the 6 seconds that a run may take.");
    let executed = outcome.executed.expect("what was put out until then");
    assert!(executed["cells"][0].to_string().contains("begun"));
}

#[test]
fn a_run_that_nobody_wants_any_more_ends_with_all_its_processes() {
    let Some(house) = House::open(BOUNDS) else { return };
    let marker = format!("86400.{}", Uuid::now_v7().as_u128() % 1_000_000_000);
    let watch = Arc::new(Watch::default());
    let (seen, wanted) = (Arc::clone(&watch), marker.clone());
    let ender = std::thread::spawn(move || {
        let since = Instant::now();
        while !runs_somewhere(&wanted) {
            assert!(since.elapsed() < Duration::from_secs(60), "the notebook's process can be seen");
            std::thread::sleep(Duration::from_millis(50));
        }
        seen.is_unwanted.store(true, Ordering::Relaxed);
    });
    let cell = format!("import subprocess\nsubprocess.run(['setsid', 'sleep', '{marker}'])");
    let outcome = house.run_with(&[&cell], &[], &watch);
    ender.join().expect("it was seen");
    assert!(matches!(outcome.ran.ending, Ending::Fault(_)), "{:?}", outcome.ran.ending);
    assert!(!runs_somewhere(&marker), "no process is left");
}

/// Python that forbids `unshare` to itself, as many containers do, and becomes another program.
#[cfg(target_arch = "x86_64")]
const WITHOUT_NAMESPACES: &str = "import ctypes, os, struct, sys
c = ctypes.CDLL(None, use_errno=True)
lines = [(0x20, 0, 0, 0), (0x15, 0, 1, 272), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *line) for line in lines))
program = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(lines), ctypes.addressof(code)))
assert c.prctl(38, 1, 0, 0, 0) == 0
assert c.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])";

#[cfg(target_arch = "x86_64")]
#[test]
fn without_namespaces_nothing_is_run_and_the_reason_is_told() {
    let file = std::env::temp_dir().join(format!("holdout-refused-{}.ipynb", Uuid::now_v7()));
    fs::write(&file, notebook(&["print('ran')"])).expect("written");
    let python = python();
    let output = Command::new(&python)
        .args(["-c", WITHOUT_NAMESPACES, PROGRAM, "run"])
        .arg(&file)
        .env("HOLDOUT_PYTHON", &python)
        .output()
        .expect("started");
    fs::remove_file(file).expect("removed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(said.contains("gives it no namespaces of its own"), "{said}");
}
