//! Every library against the rules of deny.toml: its licence, where it comes from, and what may reach it. Tools of the
//! tests are pinned to exact versions and hashes.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, Licensee};
use toml::de::{DeTable, DeValue};

use crate::tidy::root;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub fn rules() -> Value {
    toml("deny.toml")
}

/// A file of TOML, of which texts, lists and tables count.
pub fn toml(name: &str) -> Value {
    let text = fs::read_to_string(root().join(name)).expect("a file");
    json(&DeValue::Table(DeTable::parse(&text).expect("TOML").into_inner()))
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(name, value)| (name.get_ref().to_string(), json(value.get_ref()))).collect()
        }
        _ => Value::Null,
    }
}

/// What a build for this platform needs, with who needs it.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let needed: BTreeSet<_> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| node["id"].to_string())
        .collect();
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().filter(|package| needed.contains(&package["id"].to_string())).cloned().collect()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

fn allowed(rules: &Value) -> Vec<Licensee> {
    let listed = rules["licenses"]["allow"].as_array().expect("a list");
    listed
        .iter()
        .map(|text| Licensee::parse(text.as_str().expect("text")).expect("an SPDX licence"))
        .collect()
}

/// What is allowed for one library alone.
fn excepted(rules: &Value, library: &str) -> Vec<Licensee> {
    let listed = rules["licenses"]["exceptions"].as_array().expect("a list").iter();
    let of_it = listed.filter(|exception| exception["crate"].as_str() == Some(library));
    of_it
        .flat_map(|exception| exception["allow"].as_array().expect("a list"))
        .map(|text| Licensee::parse(text.as_str().expect("text")).expect("an SPDX licence"))
        .collect()
}

fn is_allowed(expression: &str, allowed: &[Licensee]) -> bool {
    let mode = spdx::ParseMode::LAX; // older crates write MIT/Apache-2.0
    Expression::parse_mode(expression, mode)
        .is_ok_and(|expression| expression.evaluate(|asked| allowed.iter().any(|one| one.satisfies(asked))))
}

#[test]
fn every_library_has_a_licence_a_source_and_a_place_that_the_rules_allow() {
    let rules = rules();
    let allowed = allowed(&rules);
    let packages = packages();
    assert!(packages.len() > 300, "{}", packages.len());
    let wrong: Vec<_> = packages
        .iter()
        .filter(|package| {
            let all = [allowed.clone(), excepted(&rules, name(package))].concat();
            !is_allowed(package["license"].as_str().unwrap_or_default(), &all)
        })
        .map(|package| (name(package), &package["license"]))
        .collect();
    assert!(wrong.is_empty(), "licences that deny.toml does not allow: {wrong:?}");
    for denied in rules["bans"]["deny"].as_array().expect("a list") {
        let banned = denied["crate"].as_str().expect("a name");
        let wrappers = denied["wrappers"].as_array().into_iter().flatten();
        let wrappers: Vec<_> = wrappers.filter_map(Value::as_str).collect();
        let users: Vec<_> = packages
            .iter()
            .filter(|package| !wrappers.contains(&name(package)) && !name(package).starts_with(banned))
            .filter(|package| needs(package, banned))
            .map(name)
            .collect();
        let is_there = packages.iter().any(|package| name(package) == banned);
        assert!(
            !is_there || !wrappers.is_empty() && users.is_empty(),
            "{banned} is banned, but used by {users:?}"
        );
    }
}

fn needs(package: &Value, other: &str) -> bool {
    let needed = package["dependencies"].as_array().expect("dependencies").iter();
    needed.filter(|needed| needed["optional"] == false).any(|needed| needed["name"] == other)
}

/// Of all platforms: the lock knows more than a build here needs.
#[test]
fn libraries_come_from_the_registry_with_a_checksum() {
    let lock = toml("Cargo.lock");
    let rules = rules();
    assert_eq!(rules["sources"]["unknown-registry"].as_str(), Some("deny"));
    assert_eq!(rules["sources"]["unknown-git"].as_str(), Some("deny"));
    let strangers: Vec<_> = lock["package"]
        .as_array()
        .expect("packages")
        .iter()
        .filter(|package| match package["source"].as_str() {
            Some(source) => source != REGISTRY || package["checksum"].is_null(),
            None => !package["name"].as_str().is_some_and(|name| name.starts_with("holdout")),
        })
        .map(|package| package["name"].to_string())
        .collect();
    assert!(strangers.is_empty(), "neither ours nor of the registry: {strangers:?}");
}

#[test]
fn the_rules_tell_licences_apart() {
    let allowed = allowed(&rules());
    for fine in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert!(is_allowed(fine, &allowed), "{fine}");
    }
    for not in [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-2.0-or-later",
        "MPL-2.0",
        "LicenseRef-mine",
        "Apache-2.0 WITH Classpath-exception-2.0",
    ] {
        assert!(!is_allowed(not, &allowed), "{not}");
    }
}

#[test]
fn tools_of_the_tests_are_pinned() {
    let (mut n_python, mut n_node) = (0, 0);
    for folder in fs::read_dir(root().join("tests")).expect("a folder").filter_map(Result::ok) {
        for file in fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok) {
            let (path, name) = (file.path(), file.file_name().to_string_lossy().into_owned());
            if name == "requirements.txt" {
                let text = fs::read_to_string(&path).expect("a list");
                let loose: Vec<_> = text
                    .lines()
                    .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.contains("=="))
                    .collect();
                assert!(loose.is_empty(), "{}: {loose:?}", path.display());
                n_python += 1;
            }
            if name == "package-lock.json" {
                let lock: Value = serde_json::from_slice(&fs::read(&path).expect("a lock")).expect("JSON");
                let packages = lock["packages"].as_object().expect("packages");
                let loose: Vec<_> = packages
                    .iter()
                    .filter(|(at, package)| !at.is_empty() && !package["integrity"].is_string())
                    .map(|(at, _)| at)
                    .collect();
                assert!(loose.is_empty(), "{}: {loose:?}", path.display());
                n_node += 1;
            }
        }
    }
    assert!(n_python >= 4 && n_node >= 3, "{n_python} {n_node}");
}
