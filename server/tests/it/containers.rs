//! What `docker-compose.yml` and the Dockerfile say, held against each other and against the programs;
//! `scripts/containers` holds them against linters and schemas.

use std::collections::BTreeMap;
use std::fs;

use crate::tidy::root;

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The services with what is said of each.
fn services() -> BTreeMap<String, String> {
    let file = read("docker-compose.yml");
    let (_, rest) = file.split_once("\nservices:\n").expect("services");
    let (services, _) = rest.split_once("\nsecrets:\n").expect("secrets");
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut name = String::new();
    for line in services.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.strip_prefix("  ").and_then(|rest| rest.strip_suffix(':')) {
            Some(begun) if !begun.starts_with(' ') => begun.clone_into(&mut name),
            _ => found.entry(name.clone()).or_default().push_str(&format!("{line}\n")),
        }
    }
    found
}

#[test]
fn the_key_is_with_the_scorers_alone_and_each_program_has_its_own_role() {
    let services = services();
    let names: Vec<_> = services.keys().map(String::as_str).collect();
    assert_eq!(names, ["database", "migrate", "roles", "runner", "scorer", "server"]);
    let with = |words: &str| -> Vec<&str> {
        services.iter().filter(|(_, said)| said.contains(words)).map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!(with("keys:"), ["scorer"]);
    assert_eq!(with("unconfined"), ["runner"], "the engine's filter is lifted where notebooks need it alone");
    assert_eq!(with("profiles: [notebooks]"), ["runner"], "and only where somebody asks for it");
    for (name, role) in [("server", "web"), ("scorer", "scorer"), ("runner", "runner")] {
        assert!(services[name].contains(&format!("postgres://holdout_{role}@")), "{name}");
        assert!(services["roles"].contains(&format!("alter role holdout_{role} login password :'{role}';")));
    }
}

#[test]
fn every_image_is_built() {
    let dockerfile = read("Dockerfile");
    let targets = services().into_iter().filter_map(|(name, said)| {
        let (_, target) = said.split_once("target: ")?;
        Some((name, target.split([' ', '}']).next()?.to_owned()))
    });
    let targets: Vec<_> = targets.collect();
    assert_eq!(targets.len(), 4, "{targets:?}");
    for (name, target) in targets {
        assert!(dockerfile.contains(&format!(" AS {target}\n")), "{name} is built from {target}");
    }
}

#[test]
fn the_runner_has_the_python_that_notebooks_may_count_on() {
    let setup = read("scorer/src/custom/setup.rs");
    let (_, packages) = setup.split_once("pub const PACKAGES").expect("the packages");
    let (_, packages) = packages.split_once('[').and_then(|(_, rest)| rest.split_once('[')).expect("a list");
    let packages: Vec<_> =
        packages.split("];").next().expect("a list").split('"').skip(1).step_by(2).collect();
    assert!(packages.len() > 5, "{packages:?}");
    let dockerfile = read("Dockerfile");
    let (_, runner) = dockerfile.split_once(" AS runner\n").expect("the runner");
    for package in packages {
        assert!(runner.contains(&format!("\"{package}\"")), "{package}");
    }
}
