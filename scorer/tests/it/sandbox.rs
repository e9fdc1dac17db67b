//! Attempts to break out of the sandbox for hosts' metrics. Where it can be shown, the same attempt
//! first succeeds outside, so that a test cannot pass because the attempt itself is broken.

use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use holdout_contract::spec::Params;
use holdout_scorer::custom::sandbox::{Bounds, Ended, Reply, Sandbox};
use holdout_scorer::custom::verdict::{Task, Verdict};

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdout-scorer");
const TIME: Duration = Duration::from_secs(30);
const TABLE: &[u8] = b"id,y\n1,0.25\n2,0.75\n";

fn python() -> PathBuf {
    crate::python::python(Path::new(PROGRAM))
}

fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let bounds = Bounds { memory_mb: 1024, time: TIME };
        Sandbox::open(Path::new(PROGRAM), Some(&python()), bounds).expect("a sandbox that holds")
    })
}

fn call(source: &str, time: Duration) -> Reply {
    let task = Task::Score {
        source,
        params: &Params::new(),
        row_id_column_name: "id",
        solution_bytes: TABLE.len(),
        submission_bytes: TABLE.len(),
    };
    sandbox().call(&task, [TABLE, TABLE], time)
}

/// Runs the body of a function `score` inside.
fn inside(body: &str) -> Reply {
    call(&format!("def score(solution, submission, row_id_column_name):\n{}", indented(body)), TIME)
}

fn indented(body: &str) -> String {
    body.trim().lines().map(|line| format!("    {line}\n")).collect()
}

/// Runs the same outside, as the control.
fn outside(body: &str) -> String {
    let output = Command::new(python())
        .args(["-c", &format!("def score():\n{}print(score())", indented(body))])
        .env("HOLDOUT_SECRET", "1")
        .output()
        .expect("Python");
    String::from_utf8_lossy(&output.stdout).trim().to_owned() + String::from_utf8_lossy(&output.stderr).trim()
}

/// The attempt works outside and is refused inside.
#[track_caller]
fn is_refused(body: &str) {
    assert_eq!(outside(body), "1.0", "outside, this works:\n{body}");
    is_refused_inside(body);
}

#[track_caller]
fn is_refused_inside(body: &str) {
    match inside(body).outcome {
        Ok(Verdict::Failed { text }) => {
            assert!(text.contains("Error: [Errno ") || text.contains("not permitted"), "{body}:\n{text}");
        }
        other => panic!("{body}:\n{other:?}"),
    }
}

/// A folder that every user may use.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("holdout-sandbox-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("open to all");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, "0.25,0.75").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("open to all");
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_honest_metric_scores() {
    let reply = inside("return float((solution['y'] - submission['y']).abs().mean()) + len(solution)");
    assert_eq!(reply, Reply { outcome: Ok(Verdict::Scored { score: 2.0 }), printed: String::new() });
}

fn without_blocks(body: &str, seconds: f64) -> Reply {
    let task = Task::Blocks {
        source: &format!("def score(solution, submission, row_id_column_name):\n{}", indented(body)),
        params: &Params::new(),
        row_id_column_name: "id",
        solution_bytes: TABLE.len(),
        submission_bytes: TABLE.len(),
        n_rows: 2,
        n_blocks: 2,
        seconds,
    };
    sandbox().call(&task, [TABLE, TABLE, &[0, 1]], TIME)
}

#[test]
fn a_metric_scores_what_is_left_without_each_block() {
    let scores = without_blocks("return float(solution['y'].sum())", 10.0).outcome;
    assert_eq!(scores, Ok(Verdict::Blocks { scores: vec![0.75, 0.25] }));
    let slow = "import time\nbegun = time.process_time()\nwhile time.process_time() - begun < 0.3:\n    pass\nreturn 1.0";
    assert_eq!(without_blocks(slow, 0.1).outcome, Ok(Verdict::Slow));
    let broken = without_blocks("assert len(solution) == 2\nreturn 1.0", 10.0).outcome;
    assert!(matches!(broken, Ok(Verdict::Failed { .. })), "{broken:?}");
}

#[test]
fn no_connection_leaves() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    is_refused(&format!(
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), 5).sendall(b'0.25')\nreturn 1.0"
    ));
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = datagrams.local_addr().expect("an address").port();
    // As a question to a name server would be sent.
    is_refused(&format!(
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b'q', ('127.0.0.1', {port}))\nreturn 1.0"
    ));
    let mut received = [0; 8];
    datagrams.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit");
    assert_eq!(datagrams.recv(&mut received).expect("the control's"), 1);
    assert!(datagrams.recv(&mut received).is_err(), "a second datagram arrived");
}

#[test]
fn no_local_socket_and_no_other_family_is_reached() {
    let folder = Folder::new("socket");
    let path = folder.0.join("s");
    let _listener = UnixListener::bind(&path).expect("a socket");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("open to all");
    is_refused(&format!(
        "import socket\nsocket.socket(socket.AF_UNIX).connect('{}')\nreturn 1.0",
        path.display()
    ));
    is_refused("import socket\nsocket.socketpair()\nreturn 1.0");
    is_refused("import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW)\nreturn 1.0");
}

#[test]
fn no_other_process_is_signalled_or_read() {
    let mut other = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().expect("a process");
    let (pid, own) = (other.id(), std::process::id());
    is_refused(&format!("import os\nos.kill({pid}, 0)\nreturn 1.0"));
    is_refused_inside(&format!("import os\nos.kill({pid}, 9)\nreturn 1.0"));
    is_refused_inside("import os\nos.kill(-1, 9)\nreturn 1.0");
    is_refused_inside(&format!("import os\nos.kill({own}, 0)\nreturn 1.0"));
    is_refused(&format!("import os\nos.pidfd_open({pid})\nreturn 1.0"));
    assert!(other.try_wait().expect("looked").is_none(), "it still runs");
    other.kill().expect("ended");
    other.wait().expect("gone");
    is_refused("open('/proc/self/environ').read()\nreturn 1.0");
    is_refused("import os\nopen(f'/proc/{os.getppid()}/cmdline').read()\nreturn 1.0");
    is_refused_inside("import os\nopen(f'/proc/{os.getppid()}/mem', 'rb').read(1)\nreturn 1.0");
    is_refused("import os\nos.listdir('/proc')\nreturn 1.0");
}

/// The two calls work for every process on itself, so that the control needs no rights.
#[test]
fn no_process_is_traced_and_no_memory_read() {
    let ask = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n";
    let end = "if result < 0:\n    raise OSError(ctypes.get_errno(), 'not permitted')\nreturn 1.0";
    is_refused(&format!("{ask}result = libc.ptrace(0, 0, None, None)\n{end}"));
    is_refused(&format!(
        "{ask}class Part(ctypes.Structure):\n    _fields_ = [('at', ctypes.c_void_p), ('size', ctypes.c_size_t)]\n\
         a, b = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)\n\
         parts = [Part(ctypes.addressof(buffer), 8) for buffer in (a, b)]\n\
         result = libc.process_vm_readv(os.getpid(), ctypes.byref(parts[0]), 1, ctypes.byref(parts[1]), 1, 0)\n{end}"
    ));
}

#[test]
fn no_file_of_the_host_is_read() {
    let folder = Folder::new("read");
    let labels = folder.file("labels.csv");
    for path in ["/etc/passwd", &labels] {
        is_refused(&format!("open('{path}').read()\nreturn 1.0"));
        is_refused(&format!(
            "import mmap, os\nmmap.mmap(os.open('{path}', os.O_RDONLY), 0, prot=mmap.PROT_READ)\nreturn 1.0"
        ));
    }
    for path in ["/", "/etc", "/tmp", "/home", &folder.0.to_string_lossy()] {
        is_refused(&format!("import os\nos.listdir('{path}')\nreturn 1.0"));
    }
    is_refused("open('/sys/kernel/mm/transparent_hugepage/enabled').read()\nreturn 1.0");
}

#[test]
fn nothing_is_written_anywhere() {
    let folder = Folder::new("write");
    let (path, file) = (folder.0.to_string_lossy().into_owned(), folder.file("kept"));
    is_refused(&format!(
        "open('{path}/new', 'w').write('x')\nimport os\nos.remove('{path}/new')\nreturn 1.0"
    ));
    is_refused(&format!("open('{file}', 'a').close()\nreturn 1.0"));
    is_refused(&format!("import os\nos.open('{file}', os.O_RDWR)\nreturn 1.0"));
    is_refused(&format!("import os\nos.truncate('{file}', 9)\nreturn 1.0"));
    is_refused(&format!("import os\nos.mkdir('{path}/d')\nos.rmdir('{path}/d')\nreturn 1.0"));
    is_refused(&format!("import os\nos.rename('{file}', '{file}')\nreturn 1.0"));
    is_refused(&format!("import os\nos.symlink('{file}', '{path}/l')\nos.remove('{path}/l')\nreturn 1.0"));
    is_refused_inside(&format!("import os\nos.remove('{file}')\nreturn 1.0"));
    is_refused_inside(&format!("import os\nos.chmod('{file}', 0)\nreturn 1.0"));
    is_refused("import os\nos.memfd_create('m')\nreturn 1.0");
    is_refused_inside("import os\nos.open('/dev/shm', os.O_TMPFILE | os.O_RDWR)\nreturn 1.0");
    is_refused_inside("open('/dev/null', 'w')\nreturn 1.0");
    assert_eq!(fs::read_to_string(&file).expect("still there"), "0.25,0.75");
    assert_eq!(fs::read_dir(&folder.0).expect("listed").count(), 1);
}

#[test]
fn an_endless_loop_is_ended_in_time_with_all_its_threads() {
    for idle in ["while True:\n    pass", "import time\nwhile True:\n    time.sleep(9)"] {
        let body = format!(
            "import os, signal, sys, threading\n\
             for number in range(1, 65):\n    try:\n        signal.signal(number, signal.SIG_IGN)\n    except (OSError, ValueError):\n        pass\n\
             print(os.getpid(), flush=True)\n\
             threading.Thread(target=lambda: __import__('time').sleep(99)).start()\n{idle}"
        );
        let source = format!("def score(solution, submission, row_id_column_name):\n{}", indented(&body));
        let (begun, time) = (Instant::now(), Duration::from_secs(3));
        let reply = call(&source, time);
        assert_eq!(reply.outcome, Err(Ended::TooLong(time)));
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        let pid = reply.printed.trim();
        assert!(pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists(), "{pid} is gone");
    }
}

#[test]
fn computing_time_is_bounded_for_all_threads_together() {
    let task = "import hashlib, threading\nblock = bytes(1 << 24)\n\
                def work():\n    while True:\n        hashlib.sha256(block).digest()\n\
                threads = [threading.Thread(target=work) for _ in range(4)]\n\
                [thread.start() for thread in threads]\n[thread.join() for thread in threads]";
    let source = format!("def score(solution, submission, row_id_column_name):\n{}", indented(task));
    let outcome = call(&source, Duration::from_secs(4)).outcome;
    assert!(matches!(outcome, Err(Ended::Killed(_) | Ended::TooLong(_))), "{outcome:?}");
}

#[test]
fn memory_is_bounded_in_every_form() {
    for body in [
        "bytearray(1500 << 20)\nreturn 1.0",
        "import mmap\nmmap.mmap(-1, 1500 << 20)\nreturn 1.0",
        "import numpy\nnumpy.zeros(1500 << 17)\nreturn 1.0",
    ] {
        assert_eq!(outside(body), "1.0", "{body}");
        let outcome = inside(body).outcome;
        let is_refused = matches!(&outcome, Ok(Verdict::Failed { text }) if text.contains("MemoryError") || text.contains("[Errno 12]"));
        assert!(is_refused, "{body}: {outcome:?}");
    }
    // Bit by bit, held by every means that comes to mind.
    let outcome = inside("held = []\nwhile True:\n    held.append(bytes(1 << 20))").outcome;
    assert!(matches!(&outcome, Ok(Verdict::Failed { text }) if text.contains("MemoryError")), "{outcome:?}");
}

#[test]
fn no_process_is_started() {
    is_refused("import os\npid = os.fork()\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0)\nreturn 1.0");
    is_refused("import subprocess\nsubprocess.run(['/bin/true'], check=True)\nreturn 1.0");
    is_refused("import os\nif os.system('true') != 0:\n    raise OSError(1, 'not permitted')\nreturn 1.0");
    is_refused(
        "import multiprocessing\nmultiprocessing.get_context('fork').Process(target=print).start()\nreturn 1.0",
    );
    let becomes = "import os\nos.execv('/bin/echo', ['echo', '1.0'])";
    is_refused(becomes);
}

#[test]
fn a_bomb_of_forks_or_threads_goes_off_nowhere() {
    let begun = Instant::now();
    let forks = "import os\ntries = 0\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        tries += 1\n        if tries == 10000:\n            return 1.0";
    assert_eq!(inside(forks).outcome, Ok(Verdict::Scored { score: 1.0 }));
    let threads = "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(99,), daemon=True).start()";
    let outcome = inside(threads).outcome;
    assert!(
        matches!(&outcome, Ok(Verdict::Failed { text }) if text.contains("can't start new thread")),
        "{outcome:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}

#[test]
fn ten_gigabytes_of_output_fill_nothing() {
    let before = resident_kb();
    for channel in ["1", "2", "next(fd for fd in range(3, 64) if is_pipe(fd))"] {
        let body = format!(
            "import os, stat\n\
             def is_pipe(fd):\n    try:\n        return stat.S_ISFIFO(os.fstat(fd).st_mode)\n    except OSError:\n        return False\n\
             block = b'x' * (1 << 20)\nchannel = {channel}\n\
             for _ in range(10240):\n    os.write(channel, block)\nreturn 1.0"
        );
        let begun = Instant::now();
        let reply = inside(&body);
        assert_eq!(reply.outcome, Err(Ended::TooLoud), "{channel}");
        assert!(reply.printed.len() < 16 << 10, "{} bytes were kept", reply.printed.len());
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
    let grown = resident_kb().saturating_sub(before);
    assert!(grown < 64 << 10, "this process grew by {grown} kB");
}

/// The most that this process ever held.
fn resident_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

#[test]
fn what_is_printed_reaches_the_host_alone() {
    let reply = inside("import sys\nprint(solution.to_csv())\nprint('end', file=sys.stderr)\nreturn 1.0");
    assert_eq!(reply.outcome, Ok(Verdict::Scored { score: 1.0 }));
    assert!(reply.printed.contains("0.75") && reply.printed.contains("end"), "{}", reply.printed);
}

#[test]
fn the_environment_is_empty_and_no_open_file_is_handed_down() {
    let names =
        "import os\nif 'HOLDOUT_SECRET' in os.environ:\n    return 1.0\nraise OSError(1, 'not permitted')";
    is_refused(names);
    let kept =
        "import os\nreturn float(len([name for name in os.environ if not name.endswith('_NUM_THREADS')]))";
    assert_eq!(inside(kept).outcome, Ok(Verdict::Scored { score: 0.0 }));

    let folder = Folder::new("handed");
    let secret = File::open(folder.file("labels")).expect("open");
    rustix::io::fcntl_setfd(&secret, rustix::io::FdFlags::empty()).expect("handed down");
    is_refused(
        "import os\nfor fd in range(3, 1024):\n    try:\n        if os.pread(fd, 9, 0) == b'0.25,0.75':\n            return 1.0\n    except OSError:\n        pass\nraise OSError(1, 'not permitted')",
    );
    let mut text = String::new();
    (&secret).read_to_string(&mut text).expect("read");
    assert_eq!(text, "0.25,0.75");
}

#[test]
fn no_right_is_left_and_none_comes_back() {
    let reply = inside("import os\nreturn float(os.getuid())");
    if rustix::process::geteuid().is_root() {
        assert_eq!(reply.outcome, Ok(Verdict::Scored { score: 65534.0 }));
    }
    is_refused_inside("import os\nos.setuid(0)\nreturn 1.0");
    is_refused_inside("import os\nos.setgroups([0])\nreturn 1.0");
    is_refused("import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_CPU)\nreturn 1.0");
    is_refused_inside(
        "import resource\ntry:\n    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nexcept ValueError:\n    raise OSError(1, 'not permitted')\nreturn 1.0",
    );
}

#[test]
fn the_same_files_give_the_same_score() {
    let body = "return float(hash('a') % 1000003)";
    assert_ne!(
        outside("import os\nreturn hash('a')"),
        outside("import os\nreturn hash('a')"),
        "Python varies it"
    );
    assert_eq!(inside(body), inside(body));
}

#[test]
fn a_sandbox_that_cannot_hold_is_refused_with_the_reason() {
    let bounds = Bounds { memory_mb: 1024, time: TIME };
    let open = |program: &str, python: &Path| {
        Sandbox::open(Path::new(program), Some(python), bounds).map(drop).expect_err("refused").to_string()
    };
    assert!(open(PROGRAM, Path::new("/no/python")).contains("/no/python"));
    assert!(open("/bin/false", &python()).contains("cannot be set up"), "{}", open("/bin/false", &python()));
    let bare = open(PROGRAM, Path::new("/usr/bin/python3"));
    assert!(bare.contains("pandas") && bare.contains("python-setup"), "{bare}");
    // A cage that confines nothing: it starts the rest of its arguments as they are.
    let folder = Folder::new("sham");
    let sham = folder.0.join("sham");
    fs::write(
        &sham,
        "#!/bin/sh\nwhile [ \"$1\" != -- ]; do python=$1; shift; done\nshift\nexec \"$python\" \"$@\"\n",
    )
    .expect("written");
    fs::set_permissions(&sham, fs::Permissions::from_mode(0o755)).expect("runnable");
    let reason = open(&sham.to_string_lossy(), &python());
    assert!(reason.contains("does not hold") && reason.contains("opening sockets"), "{reason}");
}
