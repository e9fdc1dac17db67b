//! The document that describes the API says what the router does, and is the one that is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use holdout::api::openapi::{TAGS, document, text};
use serde_json::Value;
use sqlx::PgPool;
use ureq::http::Method;

use crate::tidy::{self, root, sources};
use crate::world::World;

const PREFIX: &str = "/api/v1/";

#[test]
fn the_committed_document_is_that_of_the_code() {
    let committed = fs::read_to_string(root().join("docs/openapi.json")).unwrap_or_default();
    assert!(committed == text(), "docs/openapi.json is out of date. Run: make openapi");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_address_answers_to_the_methods_that_are_described(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let mut answered = BTreeMap::new();
    for address in addresses() {
        let path = address.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let answer = world.visitor().send(Method::TRACE, &path, None, Vec::new()).await.expect(405);
        let allowed = answer.header("allow").to_lowercase();
        let methods: BTreeSet<_> =
            allowed.split(',').filter(|method| *method != "head").map(str::to_owned).collect();
        answered.insert(address, methods);
    }
    assert_eq!(answered, described());
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_document_and_its_page_are_served(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let served = world.visitor().get("/api/v1/openapi.json").await.expect(200);
    assert_eq!(served.text(), text());
    assert_eq!(served.header("content-type"), "application/json");
    let page = world.visitor().get("/api").await.expect(200).text();
    for part in
        ["id=\"operation-submit\"", "id=\"problem-too_many\"", "id=\"type-Submission\"", "curl", &world.base]
    {
        assert!(page.contains(part), "the page has {part}");
    }
    world.close().await;
}

#[test]
fn every_operation_is_named_grouped_and_worded() {
    let mut ids = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let is_new = ids.insert(id.to_owned());
        let tag = operation["tags"][0].as_str().unwrap_or_default();
        let words = operation["summary"].as_str().unwrap_or_default();
        let is_known = TAGS.iter().any(|(title, _)| *title == tag);
        let has_success =
            operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2'));
        if !is_new
            || id.is_empty()
            || !is_known
            || !words.ends_with('.') && !words.ends_with('`')
            || !has_success
        {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(ids.len() > 40, "{ids:?}");
}

#[test]
fn every_name_in_json_is_in_snake_case() {
    let is_plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let mut names = BTreeSet::new();
    for (_, schema) in document()["components"]["schemas"].as_object().unwrap() {
        names.extend(schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned()));
    }
    for (_, operation) in operations() {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let asked = parameters.filter(|parameter| parameter["in"] == "query");
        names.extend(asked.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned));
    }
    let odd: Vec<_> = names.iter().filter(|name| !is_plain(name)).collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert!(names.len() > 100, "{names:?}");
}

#[test]
fn every_reference_leads_somewhere_and_no_two_types_share_a_name() {
    let mut references = BTreeSet::new();
    collect_references(document(), &mut references);
    let lost: Vec<_> = references
        .iter()
        .filter(|reference| document().pointer(reference.trim_start_matches('#')).is_none())
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    let schemas = document()["components"]["schemas"].as_object().unwrap();
    let unused: Vec<_> =
        schemas.keys().filter(|name| !references.contains(&format!("#/components/schemas/{name}"))).collect();
    assert!(unused.is_empty(), "nothing refers to these types: {unused:?}");
    let mut named = BTreeSet::new();
    for (path, text) in
        sources(&["rs"]).into_iter().filter(|(path, _)| path.starts_with(root().join("server/src")))
    {
        for described in text.split("utoipa::ToSchema)]").skip(1) {
            let declared = described.split_once(" {").map_or("", |(declared, _)| declared);
            let after = declared.split_once("struct ").map_or("", |(_, after)| after);
            if declared.contains("schema(as") {
                continue;
            }
            let name = after.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
            let is_new = !name.ends_with("Json") || named.insert(name.to_owned());
            assert!(is_new, "{}: another type is called {name} already", path.display());
        }
    }
    assert!(named.len() > 100, "{named:?}");
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect_references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

fn operations() -> Vec<(String, &'static Value)> {
    let mut all = Vec::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((format!("{method} {path}"), operation));
        }
    }
    all
}

fn described() -> BTreeMap<String, BTreeSet<String>> {
    let paths = document()["paths"].as_object().unwrap();
    paths
        .iter()
        .map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|method| *method != "head");
            (path.clone(), methods.cloned().collect())
        })
        .collect()
}

/// The addresses of the API in `paths.rs`; those of other clients' protocols are described elsewhere.
fn addresses() -> Vec<String> {
    let source = tidy::addresses();
    let constants = source.split(';').filter(|item| item.contains("pub const API_"));
    let paths = constants.filter_map(|item| item.split('"').nth(1));
    paths.filter(|path| path.starts_with(PREFIX)).map(str::to_owned).collect()
}
