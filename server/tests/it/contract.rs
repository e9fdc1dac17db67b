//! What the document promises of every operation, tried on every one of them: who may call it, and how
//! it answers when something is wrong.

use std::collections::{BTreeMap, BTreeSet};

use holdout::api::examples::{resolved, value};
use holdout::api::openapi::document;
use holdout::error::PROBLEMS;
use holdout::paths;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::world::{Labels, Person, World, digest, sql};

/// An operation of the document, with an address of something that is there.
struct Operation {
    method: Method,
    path: &'static str,
    address: String,
    declared: &'static Value,
}

/// Who may call.
struct Access {
    by_visitors: bool,
    /// Sets of scopes, each of which is enough; none where no token is looked at.
    by_tokens: Vec<Vec<&'static str>>,
}

impl Operation {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (path, item) in document()["paths"].as_object().unwrap() {
            for (method, declared) in item.as_object().unwrap() {
                let method = method.to_uppercase().parse().unwrap();
                all.push(Self { method, path, address: address(path, "houses"), declared });
            }
        }
        all
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn access(&self) -> Access {
        let ways = self.declared["security"].as_array().map_or(&[][..], Vec::as_slice);
        let scopes =
            |way: &'static Value| Some(way["token"].as_array()?.iter().filter_map(Value::as_str).collect());
        Access {
            by_visitors: ways.is_empty() || ways.iter().any(|way| way.get("token").is_none()),
            by_tokens: ways.iter().filter_map(scopes).collect(),
        }
    }

    /// The schema of its JSON body.
    fn body(&self) -> Option<&'static Value> {
        let schema = self.declared.pointer("/requestBody/content/application~1json/schema")?;
        Some(resolved(schema))
    }

    async fn ask(&self, client: &Client, address: &str, body: &str) -> Answer {
        // Uploads speak a protocol of their own, which is judged before anything else.
        let tus = [("tus-resumable", "1.0.0"), ("x-http-method-override", "DELETE")];
        if self.method == Method::GET {
            return client.get_with(address, &tus).await;
        }
        let headers = [("content-type", "application/json"), tus[0], tus[1]];
        client.send_with(self.method.clone(), address, &headers, body).await
    }

    /// What is wrong with an answer as such.
    fn complaints(&self, answer: &Answer) -> Vec<String> {
        if answer.status < 400 {
            return Vec::new();
        }
        let mut wrong = Vec::new();
        if self.declared["responses"].get(answer.status.to_string()).is_none() {
            wrong.push("a status that is not described".to_owned());
        }
        if answer.header("content-type") != "application/problem+json" {
            wrong.push(format!("the content type {}", answer.header("content-type")));
        } else if self.method != Method::HEAD {
            let problem = answer.json();
            let kind = PROBLEMS.iter().find(|kind| problem["type"] == kind.name);
            if kind.is_none_or(|kind| kind.status != answer.status || problem["status"] != kind.status) {
                wrong.push("a type that is not one of the documented ones".to_owned());
            }
            if (problem["type"] == "field") != problem["field"].is_string() {
                wrong.push("a field where none is at fault, or none where one is".to_owned());
            }
            if problem["detail"].as_str().is_none_or(|detail| !detail.ends_with(['.', '?'])) {
                wrong.push("no sentence".to_owned());
            }
        }
        let told = |what| format!("{} gives {} with {what}: {}", answer.asked, answer.status, answer.text());
        wrong.into_iter().map(told).collect()
    }

    /// Names that a problem may point at.
    fn fields(&self) -> BTreeSet<String> {
        let parameters = self.declared["parameters"].as_array().into_iter().flatten();
        let named = parameters.filter_map(|parameter| parameter["name"].as_str()).map(plain);
        let properties = self.body().and_then(|schema| schema["properties"].as_object());
        let media = self.declared["requestBody"]["content"].as_object();
        let file = media.is_some_and(|media| media.len() > usize::from(self.body().is_some()));
        named
            .chain(properties.into_iter().flat_map(|properties| properties.keys().cloned()))
            .chain(file.then(|| "file".to_owned()))
            .chain(["body", "query"].map(str::to_owned))
            .collect()
    }
}

/// `Idempotency-Key` and `idempotency_key` are one name.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

fn address(path: &str, slug: &str) -> String {
    let mut address = path.replace("{slug}", slug);
    for (gap, filled) in [
        ("{file}", "sample_submission.csv"),
        ("{page}", "overview"),
        ("{username}", "ada"),
        ("{forum}", "general"),
        ("{name}", "rmse"),
        ("{number}", "1"),
        ("{version}", "1"),
        ("{run}", "999999999"),
        ("{output}", "1"),
        ("{notebook}", "baseline"),
        ("{topic}", "999999999"),
        ("{post}", "999999999"),
    ] {
        address = address.replace(gap, filled);
    }
    if path == paths::API_SEARCH {
        address.push_str("?q=rmse&in=people");
    }
    if path == paths::API_TABLE {
        address.push_str("?target=price"); // judged before the body
    }
    let is_uuid = ["/bundles/", "/certificates/", "/sessions/", "/uploads/", "/checks/", "/direct-uploads/"]
        .iter()
        .any(|part| address.contains(part));
    address.replace("{id}", if is_uuid { "5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11" } else { "999999999" })
}

/// A token of somebody's with these scopes.
async fn token(world: &World, person: &Person, scopes: &[&str]) -> Client {
    let text = format!("hld_{}", Uuid::new_v4().simple());
    sql("insert into api_tokens (user_id, name, token_hash, hint, scopes, created_at)
         values ($1, 'narrow', $2, 'hld_narrow', $3, clock_now())")
    .bind(person.id)
    .bind(digest(&text))
    .bind(scopes.iter().map(ToString::to_string).collect::<Vec<_>>())
    .execute(&world.pool)
    .await
    .unwrap();
    world.visitor().with_token(&text)
}

const SCOPES: [&str; 4] = ["read", "submit", "host", "admin"];

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_operation_answers_to_those_whom_the_document_names(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, eve, root) = (world.member("ada").await, world.member("eve").await, world.admin("root").await);
    world.open_competition(&ada, "houses", &Labels::regression()).await;
    let visitor = world.visitor();
    let stranger = visitor.with_token("hld_nobody");
    let mut narrow = BTreeMap::new();
    for missing in [&["read"][..], &["submit"], &["host"], &["admin"], &["submit", "host"]] {
        let others: Vec<_> = SCOPES.into_iter().filter(|scope| !missing.contains(scope)).collect();
        narrow.insert(missing, token(&world, &root, &others).await);
    }
    let mut wrong = Vec::new();
    for operation in Operation::all() {
        let mut expect = async |who: &str, client: &Client, status: Option<u16>, kind: &str| {
            let answer = operation.ask(client, &operation.address, "{}").await;
            wrong.extend(operation.complaints(&answer));
            let fits = match status {
                Some(status) => answer.status == status,
                None => answer.status != 401,
            };
            let has_kind =
                operation.method == Method::HEAD || kind.is_empty() || answer.json()["type"] == kind;
            if !fits || !has_kind {
                wrong.push(format!("{who}: {} gives {} {}", operation.name(), answer.status, answer.text()));
            }
        };
        let access = operation.access();
        if access.by_visitors {
            expect("visitor", &visitor, None, "").await;
        } else {
            expect("visitor", &visitor, Some(401), "sign_in").await;
        }
        match access.by_tokens.as_slice() {
            [] => continue,
            [all] => {
                for scope in all {
                    expect("a token that lacks the scope", &narrow[&[*scope][..]], Some(403), "refused")
                        .await;
                }
            }
            several => {
                let none_of_them = several.concat();
                expect("a token for neither", &narrow[none_of_them.as_slice()], Some(403), "refused").await;
            }
        }
        expect("a token of nobody", &stranger, Some(401), "token").await;
        let is_of_competition = operation.path.contains("{slug}");
        if access.by_tokens == [["host"]] && is_of_competition {
            expect("who does not host it", &eve.api, Some(404), "not_found").await;
        }
        if access.by_tokens == [["admin"]] {
            expect("who is no administrator", &eve.api, Some(403), "refused").await;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_problem_is_a_documented_one_and_points_at_the_field_that_is_wrong(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, host) = (world.admin("ada").await, world.member("host").await);
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    arena.join(&ada).await;
    let draft = json!({"title": "Draft of ada", "slug": "draft"});
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let mut wrong = Vec::new();
    let mut n_pointed = 0;
    for operation in Operation::all() {
        let known = operation.fields();
        for slug in ["houses", "draft", "nowhere-at-all"] {
            for faulty in faults(&operation, &address(operation.path, slug)) {
                let answer = operation.ask(&ada.api, &faulty.address, &faulty.body).await;
                wrong.extend(operation.complaints(&answer));
                if answer.status != 422 || operation.method == Method::HEAD {
                    continue;
                }
                let field = answer.json()["field"].as_str().unwrap_or_default().to_owned();
                let top = field.split(['.', '[']).next().unwrap_or_default();
                if !known.contains(&plain(top)) {
                    wrong.push(format!("{} points at {field}: {}", answer.asked, faulty.body));
                }
                if faulty.at.as_ref().is_some_and(|at| at != top) {
                    wrong.push(format!(
                        "{} points at {field}, not {:?}: {}",
                        answer.asked,
                        faulty.at,
                        answer.text()
                    ));
                }
                n_pointed += usize::from(faulty.at.is_some());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_pointed > 150, "most faults are pointed at: {n_pointed}");
    sql("delete from jobs where state = 'queued'").execute(&world.pool).await.unwrap();
    world.close().await;
}

/// A request that is wrong in one place.
struct Faulty {
    address: String,
    body: String,
    /// The field that must be pointed at, where the request is judged at all.
    at: Option<String>,
}

fn faults(operation: &Operation, address: &str) -> Vec<Faulty> {
    let of_body = |body: String, at: Option<&str>| Faulty {
        address: address.to_owned(),
        body,
        at: at.map(str::to_owned),
    };
    let mut faults = vec![of_body("{}".to_owned(), None)];
    let parameters = operation.declared["parameters"].as_array().into_iter().flatten();
    for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
        if parameter["schema"]["type"] == "integer" {
            let name = parameter["name"].as_str().unwrap();
            let between = if address.contains('?') { '&' } else { '?' };
            let address = format!("{address}{between}{name}=many");
            faults.push(Faulty { address, body: "{}".to_owned(), at: Some(name.to_owned()) });
        }
    }
    let Some(schema) = operation.body() else { return faults };
    for body in ["", "{", "\"text\""] {
        faults.push(of_body(body.to_owned(), Some("body")));
    }
    let example = value(schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let mut changed = example.clone();
        if schema["required"].as_array().is_some_and(|required| required.contains(&json!(name))) {
            changed.as_object_mut().unwrap().remove(name);
            faults.push(of_body(changed.to_string(), Some(name)));
        }
        if let Some(misfit) = misfit(resolved(property)) {
            changed[name] = misfit;
            faults.push(of_body(changed.to_string(), Some(name)));
        }
    }
    faults
}

/// A value that does not fit; none where every object does.
fn misfit(schema: &Value) -> Option<Value> {
    let kinds = schema["type"].to_string();
    if schema["type"].is_null() || kinds.contains("object") {
        None
    } else if kinds.contains("array") {
        Some(json!("text"))
    } else {
        Some(json!({"wrong": [1]}))
    }
}
