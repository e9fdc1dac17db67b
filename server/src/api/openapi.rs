//! The OpenAPI 3.1 document. Every room declares its operations beside their handlers; here they
//! get what is common to all: parameters of addresses, problems, security, names.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::api::routes::routes;
use crate::app::{self, App};
use crate::error::{PROBLEMS, Problem, ProblemKind};
use crate::paths;

/// Groups of operations, in the order in which people need them.
pub const TAGS: [(&str, &str); 16] = [
    ("Account", "Who calls, and with which tokens."),
    ("Competitions", "What everybody may see of a competition, and its files."),
    ("Taking part", "Join, check a file, send predictions, read the board."),
    ("Teams", "One's own team: its name and leader, invitations, merges."),
    ("Forum", "Topics, posts and votes: of the whole site, and of each competition."),
    ("Notebooks", "Shared notebooks: push, list, compare, fork, vote, download."),
    ("Moderation", "Report posts; for hosts and administrators: decide about them."),
    ("Search", "One search over competitions, topics, posts and people."),
    ("Notifications", "What you follow, and what you are told."),
    (
        "Uploads",
        "Large files in parts, over lines that break: the protocol tus 1.0, as its well-known clients speak it. A whole upload is \
         named where a file would be sent.",
    ),
    ("Metrics", "The catalogue of metrics, and the key that solutions are sealed to."),
    ("Hosting", "A draft, its pages, data, solution and metric, and its launch."),
    ("Rescoring", "Another solution or metric after the launch; every score computed again."),
    (
        "Webhooks",
        "A program of the host is told when a submission is scored and when the competition has closed.",
    ),
    ("Administration", "Accounts and the queue, for those who look after the installation."),
    ("This document", "The description of all of this, for programs."),
];

const INTRODUCTION: &str = "Everything that the pages can do. Answers are JSON with snake_case names; times are \
    RFC 3339 in UTC; lists are read page by page, by key: pass `next` of one part on as `before` or `after` of the \
    following one. Errors are `application/problem+json` with a stable `type` and a sentence for people. \
    A token comes as `Authorization: Bearer hld_…`; make one in your settings or with `holdout login`.";

const SCOPES: &str = "An API token. Its scopes say what it may do: `read` (see what you may see), `submit` (join, \
    check and send files, write and vote in forums), `host` (create and run competitions), `admin` (look after the installation).";

/// Where references to types begin.
const SCHEMAS: &str = "#/components/schemas/";
/// How the types of lists are called, behind the type of what is in them.
const LISTS: [&str; 2] = ["Slice", "Items"];
/// Operations that record a file which came before, or comes later: it may find no room.
const RECORD_FILES: [&str; 8] = [
    "copy_competition",
    "finish_direct_upload",
    "fork_notebook",
    "make_competition_of_bundle",
    "open_direct_upload",
    "put_module",
    "run_notebook",
    "submit_run",
];
const LICENCE: &str = "Apache-2.0";

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_document))
}

/// The document, made once.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(make);
    &DOCUMENT
}

/// The document as it is committed.
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// The OpenAPI document that you are reading.
#[utoipa::path(
    get,
    path = paths::API_DOCUMENT,
    tag = "This document",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)),
)]
async fn show_document() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(text);
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str())
}

fn make() -> Value {
    let mut document = serde_json::to_value(app::api_rooms().into_openapi()).unwrap_or_default();
    shorten_names(&mut document);
    document["info"] = json!({
        "title": "Holdout",
        "version": env!("CARGO_PKG_VERSION"),
        "description": INTRODUCTION,
        "license": {"name": LICENCE, "identifier": LICENCE},
    });
    document["servers"] = json!([{"url": "/"}]);
    document["tags"] =
        TAGS.iter().map(|(name, description)| json!({"name": name, "description": description})).collect();
    document["components"]["securitySchemes"] =
        json!({"token": {"type": "http", "scheme": "bearer", "description": SCOPES}});
    document["components"]["schemas"]["Problem"] = problem_schema();
    document["components"]["responses"] = PROBLEMS
        .iter()
        .map(|kind| (kind.name.to_owned(), problem_response(kind)))
        .collect::<Map<_, _>>()
        .into();
    document["components"]["headers"] = headers();
    let Some(addresses) = document["paths"].as_object_mut() else { return document };
    for (path, item) in addresses.iter_mut() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete(path, method, operation);
        }
    }
    document
}

/// Types are called `…Json` in the code, to tell them from the rows they are made of; and a
/// `Slice_FileJson` is better called `FileSlice`.
fn short(name: &str) -> String {
    name.rsplit('_').map(|word| word.strip_suffix("Json").unwrap_or(word)).collect()
}

/// Gives every type its short name, wherever it is referred to.
fn shorten(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(SCHEMAS)
            {
                *reference = format!("{SCHEMAS}{}", short(name));
            }
            fields.values_mut().for_each(shorten);
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        _ => {}
    }
}

fn shorten_names(document: &mut Value) {
    shorten(document);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        *schemas = std::mem::take(schemas).into_iter().map(|(name, schema)| (short(&name), schema)).collect();
        for (name, schema) in schemas.iter_mut() {
            let element = LISTS.iter().find_map(|list| name.strip_suffix(list));
            if let Some((element, items)) = element.zip(schema.pointer_mut("/properties/items/items")) {
                *items = json!({"$ref": format!("{SCHEMAS}{element}")});
            }
        }
    }
}

/// Header fields of answers.
fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "RateLimit": text(
            "`\"caller\";r=LEFT;t=SECONDS`: requests left, and seconds until all may be made again \
             (draft-ietf-httpapi-ratelimit-headers-10)"
        ),
        "RateLimit-Policy": text("`\"caller\";q=QUOTA;w=60`: how many requests in how many seconds"),
        "ETag": text("Send it as `If-None-Match` to be told `304` while nothing has changed"),
        "Link": text("`<ADDRESS>; rel=\"next\"` where there is a next part"),
    })
}

/// Fields of an answer: on every one what is left, on what can be asked for again its tag.
fn header_references(has_tag: bool, status: &str, is_list: bool) -> Value {
    let is_content = has_tag && matches!(status, "200" | "206" | "304");
    let names = ["RateLimit", "RateLimit-Policy"]
        .into_iter()
        .chain(is_content.then_some("ETag"))
        .chain((is_list && status == "200").then_some("Link"));
    names
        .map(|name| (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")})))
        .collect::<Map<_, _>>()
        .into()
}

/// What every GET of JSON answers to a client that has its answer already.
fn declare_unchanged(parameters: &mut Vec<Value>, operation: &mut Value) {
    let content = operation.pointer("/responses/200/content").and_then(Value::as_object);
    if content.is_none_or(|content| content.contains_key("application/zip")) {
        return; // a zip is made anew each time
    }
    parameters.push(json!({
        "name": "If-None-Match", "in": "header", "required": false,
        "description": "`ETag` of the answer that the caller has", "schema": {"type": "string"},
    }));
    operation["responses"]["304"] = json!({"description": "Unchanged since the `ETag` in `If-None-Match`"});
}

fn problem_schema() -> Value {
    let mut schema = serde_json::to_value(Problem::schema()).unwrap_or_default();
    schema["properties"]["type"]["enum"] = PROBLEMS.iter().map(|kind| kind.name).collect();
    schema
}

fn problem_response(kind: &ProblemKind) -> Value {
    let content = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    let mut response = json!({"description": kind.meaning, "content": content});
    response["headers"] = header_references(false, "", false);
    if kind.status == 429 {
        response["headers"]["Retry-After"] =
            json!({"description": "Seconds until it is worth trying again", "schema": {"type": "integer"}});
    }
    response
}

fn complete(path: &str, method: &str, operation: &mut Value) {
    let mut parameters = path_parameters(path);
    let has_gaps = !parameters.is_empty();
    let declared = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.extend(declared.into_iter().map(without_null));
    let is_asked = !parameters.is_empty() || !operation["requestBody"].is_null();
    let is_list =
        parameters.iter().any(|parameter| matches!(parameter["name"].as_str(), Some("before" | "after")));
    if method == "get" {
        declare_unchanged(&mut parameters, operation);
    }
    let has_tag = operation.pointer("/responses/304").is_some();
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        let own = answer["headers"].as_object().cloned().unwrap_or_default();
        let mut headers = header_references(has_tag, status, is_list);
        headers.as_object_mut().into_iter().for_each(|headers| headers.extend(own.clone()));
        answer["headers"] = headers;
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation.get_mut("requestBody").into_iter().for_each(declare_bytes);
    operation["responses"]
        .as_object_mut()
        .into_iter()
        .flatten()
        .for_each(|(_, answer)| declare_bytes(answer));
    let content = &operation["requestBody"]["content"];
    let takes_file = ["application/octet-stream", "application/offset+octet-stream"]
        .iter()
        .any(|kind| !content[kind].is_null());
    let records_file = operation["operationId"].as_str().is_some_and(|id| RECORD_FILES.contains(&id));
    let needs_token = operation["security"].is_array();
    let may_be_read_only = method == "get";
    for (status, applies) in [
        (401, needs_token),
        (403, needs_token || !may_be_read_only),
        (404, has_gaps),
        (413, takes_file || records_file),
        (422, is_asked),
        (429, true),
        (500, true),
        (507, takes_file),
    ] {
        let Some(answers) = operation["responses"].as_object_mut() else { continue };
        let is_declared = answers.contains_key(&status.to_string());
        if let Some(kind) = PROBLEMS.iter().find(|kind| kind.status == status)
            && (applies || is_declared)
        {
            let reference = json!({"$ref": format!("#/components/responses/{}", kind.name)});
            answers.insert(status.to_string(), reference);
        }
    }
}

/// A body of bytes is no list of numbers.
fn declare_bytes(message: &mut Value) {
    for kind in ["octet-stream", "offset+octet-stream", "zip"] {
        if let Some(content) = message.pointer_mut(&format!("/content/application~1{kind}")) {
            content["schema"] = json!({"type": "string", "format": "binary"});
        }
    }
}

/// What is left out is not `null`.
fn without_null(mut parameter: Value) -> Value {
    if let Some(kind) = parameter["schema"]["type"].as_array().and_then(|kinds| kinds.first()).cloned() {
        parameter["schema"]["type"] = kind;
    }
    parameter
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    names
        .map(|name| {
            let (description, schema) = path_parameter(path, name);
            json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
        })
        .collect()
}

fn path_parameter(path: &str, name: &str) -> (&'static str, Value) {
    let text = |example: &str| json!({"type": "string", "example": example});
    match name {
        "slug" => ("The competition's name in addresses", text("house-prices")),
        "page" => ("The page's name in addresses", text("overview")),
        "file" => ("The file's name", text("train.csv")),
        "forum" => ("The forum's name in addresses", text("general")),
        "topic" => ("The topic's id", json!({"type": "integer", "format": "int64", "example": 42})),
        "post" => ("The post's id", json!({"type": "integer", "format": "int64", "example": 43})),
        "notebook" => ("The notebook's name in addresses", text("a-first-model")),
        "version" => {
            ("The version's number, from 1", json!({"type": "integer", "format": "int32", "example": 2}))
        }
        "run" => ("The run's id", json!({"type": "integer", "format": "int64", "example": 7})),
        "output" => {
            ("The file's number in the run", json!({"type": "integer", "format": "int32", "example": 1}))
        }
        "text" => ("`privacy`, `imprint` or `terms`", text("imprint")),
        "username" => ("The person's user name", text("ada")),
        "name" => ("The metric's name", text("roc_auc")),
        "provider" => ("The provider's name in addresses", text("lab")),
        "secret" => ("The last part of the invitation link", text("5f0c4d1e93f64b5c8a440d2a4f0e7b11")),
        "number" => {
            ("The version's number, from 1", json!({"type": "integer", "format": "int32", "example": 2}))
        }
        _ if [
            paths::API_CHECK,
            paths::API_UPLOAD,
            paths::API_SESSION_END,
            paths::API_DIRECT_UPLOAD,
            paths::API_BUNDLE,
            paths::API_BUNDLE_COMPETITION,
        ]
        .contains(&path) =>
        {
            (
                "The id",
                json!({"type": "string", "format": "uuid", "example": "5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11"}),
            )
        }
        _ => ("The id", json!({"type": "integer", "format": "int64", "example": 42})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_still_different() {
        assert_eq!(
            (short("Slice_FileJson").as_str(), short("MetricSpec").as_str()),
            ("FileSlice", "MetricSpec")
        );
        let declared = serde_json::to_value(app::api_rooms().into_openapi()).unwrap_or_default();
        let count = |document: &Value| document["components"]["schemas"].as_object().map_or(0, Map::len);
        assert_eq!(count(&declared) + 1, count(document()), "and Problem beside them");
    }
}
