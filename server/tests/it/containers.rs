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
    assert_eq!(names, ["backup", "database", "migrate", "roles", "runner", "scorer", "server"]);
    let with = |words: &str| -> Vec<&str> {
        services.iter().filter(|(_, said)| said.contains(words)).map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!(with("keys:"), ["scorer"]);
    assert_eq!(with("unconfined"), ["runner"], "the engine's filter is lifted where notebooks need it alone");
    assert_eq!(with("profiles: [notebooks]"), ["runner"], "and only where somebody asks for it");
    for (name, role) in [("server", "web"), ("scorer", "scorer"), ("runner", "runner")] {
        assert!(services[name].contains(&format!("postgres://holdout_{role}@")), "{name}");
        for file in ["deploy/compose/roles.sql", "deploy/kubernetes/migrate.yaml"] {
            assert!(
                read(file).contains(&format!("alter role holdout_{role} login password :'{role}';")),
                "{file}"
            );
        }
    }
    let knowing: Vec<_> = names_in("deploy/kubernetes")
        .into_iter()
        .filter(|name| read(&format!("deploy/kubernetes/{name}")).contains("scorer-key"))
        .collect();
    assert_eq!(knowing, ["README.md", "scorer.yaml"]);
}

fn names_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let mut names: Vec<_> = files.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The stages of the Dockerfile: what each is made from, and what is done in it.
fn stages() -> BTreeMap<String, (String, String)> {
    let file = read("Dockerfile");
    let stages = file.split("\nFROM ").skip(1).map(|stage| {
        let (first, rest) = stage.split_once('\n').unwrap();
        let (from, name) = first.split_once(" AS ").unwrap();
        (name.to_owned(), (from.to_owned(), rest.to_owned()))
    });
    stages.collect()
}

#[test]
fn every_image_that_runs_our_programs_knows_certificate_authorities() {
    let stages = stages();
    let running: Vec<_> =
        stages.iter().filter(|(_, (_, does))| does.contains("COPY --from=build /out/")).collect();
    assert_eq!(running.len(), 4, "{stages:?}");
    for (name, (from, does)) in running {
        let ground = stages.get(from).map(|(_, does)| does.as_str()).unwrap_or_default();
        let installs = |does: &str| does.contains("apt-get install") && does.contains("ca-certificates");
        assert!(installs(does) || installs(ground), "{name} can open no bucket");
    }
}

#[test]
fn the_programs_that_dump_are_of_the_databases_major_version() {
    let dockerfile = read("Dockerfile");
    let (_, major) = dockerfile.split_once("\nARG POSTGRES=").unwrap();
    let image = format!("image: postgres:{}-bookworm", major.lines().next().unwrap());
    assert_eq!(stages()["backup"].0, "postgres:${POSTGRES}-bookworm");
    for file in ["docker-compose.yml", "deploy/kubernetes/migrate.yaml"] {
        let text = read(file);
        let images: Vec<_> =
            text.lines().map(str::trim).filter(|line| line.starts_with("image: postgres:")).collect();
        assert!(!images.is_empty() && images.iter().all(|found| *found == image), "{file}: {images:?}");
    }
}

/// As an engine reads `.dockerignore`: a pattern takes what it names and all below.
fn is_kept_out(path: &str) -> bool {
    let ignored = read(".dockerignore");
    let mut patterns = ignored.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let fits = |name: &str, pattern: &str| match pattern.split_once('*') {
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
        None => name == pattern,
    };
    patterns.any(|pattern| match pattern.strip_prefix("**/") {
        Some(anywhere) => path.split('/').any(|name| fits(name, anywhere)),
        None => path == pattern || path.starts_with(&format!("{pattern}/")),
    })
}

#[test]
fn no_password_key_or_backup_goes_into_the_build_of_an_image() {
    for secret in [
        "deploy/compose/secrets/owner_password",
        "deploy/compose/secrets/providers.json",
        ".env",
        ".env.production",
        "deploy/compose/.env",
        "scorer.key",
        "data/keys/scorer.key",
        "backups/20261126T031000Z/database.dump",
        ".git/config",
    ] {
        assert!(is_kept_out(secret), "{secret}");
    }
    for source in [
        "Cargo.toml",
        "server/src/main.rs",
        "migrations/20261123000100_foundations.sql",
        "templates/base.html",
    ] {
        assert!(!is_kept_out(source) && root().join(source).exists(), "{source}");
    }
    let ignored = read(".gitignore");
    for path in ["/deploy/compose/secrets", "/.env", "*.key", "/backups"] {
        assert!(ignored.lines().any(|line| line == path), "{path} might be committed");
    }
}

#[test]
fn scorers_follow_a_number_that_servers_tell() {
    let metric = "holdout_queue_age_seconds";
    for file in ["autoscale.yaml", "scaling/prometheus-adapter.yaml", "scaling/keda.yaml"] {
        assert!(read(&format!("deploy/kubernetes/{file}")).contains(metric), "{file}");
    }
    assert!(read("docs/operations.md").contains(metric));
}

#[test]
fn every_image_is_built() {
    let targets = services().into_iter().filter_map(|(name, said)| {
        let (_, target) = said.split_once("target: ")?;
        Some((name, target.split([' ', '}']).next()?.to_owned()))
    });
    let targets: Vec<_> = targets.collect();
    assert_eq!(targets.len(), 5, "{targets:?}");
    for (name, target) in targets {
        assert!(stages().contains_key(&target), "{name} is built from {target}");
    }
}

/// Names and exact versions of a list that pip installs, none of them without a hash.
fn pins(list: &str) -> BTreeMap<String, String> {
    let text = read(&format!("scorer/python/{list}"));
    let demands = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let demands: Vec<_> = demands.replace("\\\n", "").lines().map(str::to_owned).collect();
    assert!(demands.iter().all(|demand| demand.contains(" --hash=sha256:")), "{demands:?}");
    let pinned =
        demands.iter().map(|demand| demand.split_whitespace().next().unwrap().split_once("==").unwrap());
    pinned.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}

#[test]
fn images_have_the_python_that_metrics_and_notebooks_may_count_on_in_exact_versions() {
    let setup = read("scorer/src/python_setup.rs");
    let (_, packages) = setup.split_once("const PACKAGES").expect("the packages");
    let (_, packages) = packages.split_once('[').and_then(|(_, rest)| rest.split_once('[')).expect("a list");
    let packages: Vec<_> =
        packages.split("];").next().expect("a list").split('"').skip(1).step_by(2).collect();
    assert!(packages.len() > 5, "{packages:?}");
    let (of_scorers, of_runners) = (pins("scorers.txt"), pins("runners.txt"));
    for package in packages {
        let (name, _) = package.split_once(">=").expect("a range");
        assert!(of_runners.contains_key(name), "{package}");
    }
    for name in ["numpy", "pandas", "scikit-learn"] {
        assert!(of_scorers.contains_key(name), "{name}");
    }
    assert!(of_scorers.iter().all(|(name, version)| of_runners.get(name) == Some(version)), "{of_scorers:?}");
    for (stage, list) in [("scorer", "scorers.txt"), ("runner", "runners.txt")] {
        let installs = format!("--only-binary :all: --require-hashes -r /opt/python/{list}");
        assert!(stages()[stage].1.contains(&installs), "{stage}");
    }
}
