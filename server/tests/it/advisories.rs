//! Every version in Cargo.lock against the advisories that were read: one that is concerned fails here, unless deny.toml
//! says why it does no harm and no build takes it.

use std::collections::BTreeSet;
use std::process::Command;

use semver::{Version, VersionReq};
use serde_json::Value;

use crate::licences::{rules, toml};
use crate::tidy::root;

struct Advisory {
    id: &'static str,
    library: &'static str,
    /// Mended and never touched versions; every other is concerned.
    sound: Vec<VersionReq>,
}

impl Advisory {
    /// A line of the table: `RUSTSEC-2026-0285 rustls >= 0.23.45 | < 0.23.13`.
    fn parse(line: &'static str) -> Self {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_else(|| panic!("{line}"));
        let (id, library, sound) = (word(), word(), word());
        let ranges = sound.split(" | ").filter(|range| *range != "none");
        let sound = ranges.map(|range| VersionReq::parse(range).unwrap_or_else(|_| panic!("{line}")));
        Self { id, library, sound: sound.collect() }
    }

    fn concerns(&self, library: &str, version: &Version) -> bool {
        self.library == library && !self.sound.iter().any(|range| has(range, version))
    }
}

/// A range that names no pre-release has those of the versions it has, which `matches` alone denies.
fn has(range: &VersionReq, version: &Version) -> bool {
    let names_one = range.comparators.iter().any(|bound| !bound.pre.is_empty());
    let release = Version::new(version.major, version.minor, version.patch);
    range.matches(version) || !names_one && range.matches(&release)
}

fn advisories() -> Vec<Advisory> {
    let lines = include_str!("advisories.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(Advisory::parse).collect()
}

fn library(package: &Value) -> (String, Version) {
    let text = |field: &str| package[field].as_str().expect("text").to_owned();
    (text("name"), Version::parse(&text("version")).expect("a version"))
}

/// What builds take, with the features that are on: the lock and `cargo metadata` name more.
fn built() -> BTreeSet<(String, Version)> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--offline", "--locked", "--target", &target])
        .args(["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .expect("cargo tree");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("text");
    let lines = told.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), Version::parse(rest.split(' ').next()?).ok()?))
    });
    lines.collect()
}

#[test]
fn no_library_that_is_built_has_a_weakness_that_was_read_of() {
    let advisories = advisories();
    assert!(advisories.len() > 100, "{}", advisories.len());
    let rules = rules();
    let listed = rules["advisories"]["ignore"].as_array().expect("a list").iter();
    let ignored: Vec<_> = listed.map(|entry| entry["id"].as_str().expect("a number")).collect();
    let built = built();
    assert!(built.len() > 300, "{}", built.len());
    let lock = toml("Cargo.lock");
    let locked: Vec<_> = lock["package"].as_array().expect("packages").iter().map(library).collect();
    let concerned: Vec<_> = advisories
        .iter()
        .flat_map(|advisory| locked.iter().map(move |(name, version)| (advisory, name, version)))
        .filter(|(advisory, name, version)| advisory.concerns(name, version))
        .collect();
    let harmful: Vec<_> = concerned
        .iter()
        .filter(|(advisory, name, version)| {
            built.contains(&((*name).clone(), (*version).clone())) || !ignored.contains(&advisory.id)
        })
        .map(|(advisory, name, version)| format!("{name} {version}: {}", advisory.id))
        .collect();
    assert!(harmful.is_empty(), "known weaknesses: {harmful:?}");
    let idle: Vec<_> =
        ignored.iter().filter(|id| !concerned.iter().any(|(advisory, ..)| advisory.id == **id)).collect();
    assert!(idle.is_empty(), "deny.toml ignores what concerns no version any more: {idle:?}");
}

#[test]
fn an_advisory_knows_which_versions_it_concerns() {
    let advisories = advisories();
    let concerned = |library, version: &str| {
        let version = Version::parse(version).expect("a version");
        let mut numbers = advisories.iter().filter(|advisory| advisory.concerns(library, &version));
        numbers.any(|advisory| advisory.id.starts_with("RUSTSEC-20"))
    };
    for (library, version) in [
        ("rustls", "0.23.44"),
        ("rustls-webpki", "0.104.0-alpha.6"),
        ("rand", "0.9.2"),
        ("rand", "0.8.5"),
        ("tokio", "1.44.1"),
        ("ammonia", "4.1.3"),
        ("lz4_flex", "0.11.5"),
    ] {
        assert!(concerned(library, version), "{library} {version}");
    }
    for (library, version) in [
        ("rustls", "0.23.45"),
        ("rustls-webpki", "0.104.0-alpha.7"),
        ("rand", "0.9.3"),
        ("rand", "0.8.6"),
        ("lz4_flex", "0.14.2"),
        ("tokio", "1.43.1"),
        ("ammonia", "4.1.4"),
    ] {
        assert!(!concerned(library, version), "{library} {version}");
    }
}

/// The release is held to the days that people were promised, from days that can be read.
#[test]
fn time_frames_are_told_and_held_by_the_script() {
    let text = |path: &str| std::fs::read_to_string(root().join(path)).expect(path);
    let (promises, script) = (text("SECURITY.md"), text("scripts/updates"));
    assert!(script.contains("most_days=90\n") && promises.contains("to be read | 90 days |"));
    assert!(text("scripts/freeze-release").contains("scripts/updates release\n"));
    assert!(text("scripts/test").contains("scripts/updates\n"), "CI tells of what is late");
    let day = |text: &str, before: &str| {
        let day = text.split(before).nth(1).and_then(|rest| rest.get(..10)).unwrap_or_default().to_owned();
        chrono::NaiveDate::parse_from_str(&day, "%Y-%m-%d").unwrap_or_else(|_| panic!("{before}{day}"))
    };
    let taken = day(&promises, "versions were last taken on ");
    let read_to = day(include_str!("advisories.txt"), "read up to ");
    assert!(read_to <= taken, "advisories are read of the versions that were taken, or before");
}
