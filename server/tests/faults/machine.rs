//! The machine under a house, as far as a test can spoil it without rights: its wall clock, the
//! room on its disk, and the storage of files.
//!
//! Clock and disk are spoilt inside the house's processes by a preloaded library (`preload.rs`),
//! the storage by exchanging its folder for a link that leads nowhere.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use holdout::house::binaries::Binaries;
use holdout::house::layout::Layout;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::dice::Dice;

/// The offsets of the controls, 8 bytes each; see `preload.rs`.
const CLOCK_OFFSET_MICROS: u64 = 0;
const IS_DISK_FULL: u64 = 8;
const DEVICE: u64 = 16;
const N_REFUSED_WRITES: u64 = 24;
const CONTROLS_BYTES: u64 = 32;

pub struct Machine {
    folder: PathBuf,
    controls: File,
    /// One failure of the storage at a time.
    storage: Arc<Mutex<()>>,
}

impl Machine {
    /// `data` is on the disk that can be full.
    pub fn new(folder: &Path, data: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let controls = make_controls(folder, data);
        let machine = Self { folder: folder.to_owned(), controls, storage: Arc::default() };
        machine.compile();
        machine.wrap_postgres(data);
        machine
    }

    fn library(&self) -> PathBuf {
        self.folder.join("libmachine.so")
    }

    fn compile(&self) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/preload.rs");
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(compiler)
            .args(["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-C", "panic=abort"])
            .arg("-o")
            .arg(self.library())
            .arg(source)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// PostgreSQL starts with an empty environment, so its program is named by a script that sets it.
    fn wrap_postgres(&self, data: &Path) {
        let layout = Layout::of(data).unwrap();
        let real = Binaries::find(&layout, None).unwrap().folder;
        fs::create_dir_all(self.postgres()).unwrap();
        let preload =
            format!("{} ", self.environment().map(|(name, value)| format!("{name}='{value}'")).join(" "));
        for (name, before) in [("postgres", preload.as_str()), ("initdb", "")] {
            let script = format!("#!/bin/sh\n{before}exec '{}/{name}' \"$@\"\n", real.display());
            let path = self.postgres().join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("LD_PRELOAD", self.library().display().to_string()),
            ("HOLDOUT_TEST_MACHINE", self.folder.join("controls").display().to_string()),
        ]
    }

    /// Has a command and what it starts run on this machine.
    pub fn carry(&self, command: &mut Command) {
        command.envs(self.environment()).env("HOLDOUT_PG_BIN", self.postgres());
    }

    pub fn set_clock(&self, offset: TimeDelta) {
        self.set(CLOCK_OFFSET_MICROS, offset.num_microseconds().unwrap().to_ne_bytes());
    }

    #[expect(clippy::disallowed_methods, reason = "the wall clock of the machine is what is spoilt")]
    pub fn now(&self) -> DateTime<Utc> {
        let offset = i64::from_ne_bytes(self.get(CLOCK_OFFSET_MICROS));
        Utc::now() + TimeDelta::microseconds(offset)
    }

    /// Nothing on the disk grows for `lasts`.
    pub fn fill_disk(&self, lasts: Duration) -> JoinHandle<()> {
        let controls = self.controls.try_clone().unwrap();
        let set = move |is_full: bool| {
            controls.write_all_at(&u64::from(is_full).to_ne_bytes(), IS_DISK_FULL).unwrap()
        };
        std::thread::spawn(move || {
            set(true);
            std::thread::sleep(lasts);
            set(false);
        })
    }

    /// How often somebody was told that the disk is full.
    pub fn n_refused_writes(&self) -> u64 {
        u64::from_ne_bytes(self.get(N_REFUSED_WRITES))
    }

    /// Takes the folder of files away and brings it back at random, half of the time each, for `lasts`.
    pub fn fail_storage(&self, files: PathBuf, lasts: Duration, mut dice: Dice) -> JoinHandle<()> {
        let storage = self.storage.clone();
        std::thread::spawn(move || {
            let _alone = storage.lock().unwrap();
            let nowhere = files.with_file_name(format!("nowhere-{}", dice.next()));
            // Where the folder stood, the link leads to itself: whoever opens a file below is refused,
            // and not told that the file does not exist.
            symlink(files.file_name().unwrap(), &nowhere).unwrap();
            let exchange = || renameat_with(CWD, &files, CWD, &nowhere, RenameFlags::EXCHANGE).unwrap();
            let start = Instant::now();
            while start.elapsed() < lasts {
                exchange();
                std::thread::sleep(Duration::from_millis(dice.between(20, 250)));
                exchange();
                std::thread::sleep(Duration::from_millis(dice.between(20, 250)));
            }
        })
    }

    fn set(&self, at: u64, bytes: [u8; 8]) {
        self.controls.write_all_at(&bytes, at).unwrap();
    }

    fn get(&self, at: u64) -> [u8; 8] {
        let mut bytes = [0; 8];
        self.controls.read_exact_at(&mut bytes, at).unwrap();
        bytes
    }
}

fn make_controls(folder: &Path, data: &Path) -> File {
    let path = folder.join("controls");
    let controls = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    controls.set_len(CONTROLS_BYTES).unwrap();
    controls.write_all_at(&fs::metadata(data).unwrap().dev().to_ne_bytes(), DEVICE).unwrap();
    // PostgreSQL may run as another user.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    controls
}
