//! The API as a page: the OpenAPI document, drawn for people.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use serde_json::Value;

use crate::api::examples;
use crate::api::openapi::{TAGS, document};
use crate::app::App;
use crate::error::{PROBLEMS, ProblemKind};
use crate::paths;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::API_REFERENCE, get(show))
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[derive(Template, WebTemplate)]
#[template(path = "api/reference.html")]
pub struct ReferencePage {
    pub shell: Shell,
    pub groups: Vec<Group>,
    pub problems: &'static [ProblemKind],
    pub schemas: Vec<Schema>,
}

impl ReferencePage {
    pub fn sample() -> Self {
        Self::new(Shell::sample(), "https://holdout.example")
    }

    fn new(shell: Shell, server: &str) -> Self {
        let groups = TAGS.iter().map(|(title, description)| Group {
            title,
            description,
            operations: operations(server, title),
        });
        Self { shell, groups: groups.collect(), problems: &PROBLEMS, schemas: schemas() }
    }
}

/// Operations that belong together.
#[derive(Debug, Clone)]
pub struct Group {
    pub title: &'static str,
    pub description: &'static str,
    pub operations: Vec<Operation>,
}

impl Group {
    pub fn anchor(&self) -> String {
        self.title.to_lowercase().replace(' ', "-")
    }
}

#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    /// HTML, as are all the words below.
    pub summary: String,
    pub description: String,
    pub scope: String,
    pub parameters: Vec<Field>,
    /// Media type, and the name of its schema if it has one.
    pub bodies: Vec<(String, Kind)>,
    pub body_words: String,
    pub answers: Vec<Answer>,
    pub problems: Vec<ProblemKind>,
    pub curl: String,
}

/// A parameter, or a property of an object.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    /// `path`, `query` or `header`; empty for a property.
    pub place: String,
    pub kind: Kind,
    pub is_required: bool,
    pub description: String,
}

/// A type in words, with the schema that it leads to.
#[derive(Debug, Clone, Default)]
pub struct Kind {
    pub words: String,
    pub schema: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: String,
    pub description: String,
    pub media_type: String,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub struct Schema {
    pub name: String,
    pub description: String,
    pub fields: Vec<Field>,
    /// What it is where it is no object.
    pub kind: Kind,
}

async fn show(State(app): State<App>, shell: Shell) -> ReferencePage {
    ReferencePage::new(shell, app.config.public_url.trim_end_matches('/'))
}

/// Words of the document as HTML: what stands between backquotes is code.
fn words(value: &Value) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts = value.as_str().unwrap_or_default().split('`').enumerate();
    parts
        .map(|(n, part)| if n % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn operations(server: &str, tag: &str) -> Vec<Operation> {
    let addresses = document()["paths"].as_object().into_iter().flatten();
    let all = addresses
        .flat_map(|(path, item)| METHODS.iter().map(move |method| (path, *method, &item[*method])))
        .filter(|(_, _, operation)| operation["tags"][0] == tag);
    all.map(|(path, method, declared)| Operation {
        id: text(&declared["operationId"]),
        method: method.to_uppercase(),
        path: path.clone(),
        summary: words(&declared["summary"]),
        description: words(&declared["description"]),
        scope: scope(&declared["security"]),
        parameters: declared["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
        bodies: contents(&declared["requestBody"]),
        body_words: words(&declared["requestBody"]["description"]),
        answers: answers(&declared["responses"]),
        problems: problems(&declared["responses"]),
        curl: examples::curl(server, method, path, declared),
    })
    .collect()
}

/// Who may call, in words.
fn scope(security: &Value) -> String {
    let Some(ways) = security.as_array() else { return "No token needed.".to_owned() };
    let scopes = |way: &Value| {
        let names = way["token"].as_array()?.iter().filter_map(Value::as_str);
        Some(names.collect::<Vec<_>>().join(", "))
    };
    let names = ways.iter().filter_map(scopes).collect::<Vec<_>>().join(" or ");
    let is_optional = ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty));
    match (names.as_str(), is_optional) {
        ("", _) => "Needs a token, whatever its scope.".to_owned(),
        (names, true) => format!("Without a token, what everybody may see; with one of scope {names}, more."),
        (names, false) if names.contains(',') => format!("Needs a token with all of the scopes {names}."),
        (name, false) => format!("Needs a token with the scope {name}."),
    }
}

fn parameter(declared: &Value) -> Field {
    Field {
        name: text(&declared["name"]),
        place: text(&declared["in"]),
        kind: kind(&declared["schema"]),
        is_required: declared["required"] == true,
        description: words(&declared["description"]),
    }
}

fn contents(body: &Value) -> Vec<(String, Kind)> {
    let media = body["content"].as_object().into_iter().flatten();
    media.map(|(name, content)| (name.clone(), kind(&content["schema"]))).collect()
}

fn answers(declared: &Value) -> Vec<Answer> {
    let all = declared.as_object().into_iter().flatten().filter(|(_, answer)| answer.get("$ref").is_none());
    all.map(|(status, answer)| {
        let (media_type, kind) = contents(answer).into_iter().next().unwrap_or_default();
        Answer { status: status.clone(), description: words(&answer["description"]), media_type, kind }
    })
    .collect()
}

fn problems(declared: &Value) -> Vec<ProblemKind> {
    let names = declared.as_object().into_iter().flatten().filter_map(|(_, answer)| answer["$ref"].as_str());
    let is_named = |kind: &&ProblemKind, reference: &str| reference.ends_with(&format!("/{}", kind.name));
    names.filter_map(|name| PROBLEMS.iter().find(|kind| is_named(kind, name)).copied()).collect()
}

fn schemas() -> Vec<Schema> {
    let all = document()["components"]["schemas"].as_object().into_iter().flatten();
    all.map(|(name, schema)| Schema {
        name: name.clone(),
        description: words(&schema["description"]),
        fields: fields(schema),
        kind: kind(schema),
    })
    .collect()
}

/// The properties of an object, and of those it is put together from.
fn fields(schema: &Value) -> Vec<Field> {
    let required = schema["required"].as_array();
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|required| required == name));
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, property)| Field {
        name: name.clone(),
        place: String::new(),
        kind: kind(property),
        is_required: is_required(name),
        description: words(&property["description"]),
    });
    let parts = schema["allOf"].as_array().into_iter().flatten();
    parts.flat_map(|part| fields(examples::resolved(part))).chain(own).collect()
}

fn kind(schema: &Value) -> Kind {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return Kind { words: name.to_owned(), schema: Some(name.to_owned()) };
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(kinds) = schema[choice].as_array() {
            return joined(kinds.iter().map(kind).collect());
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let words = values.iter().map(text).collect::<Vec<_>>().join(", ");
        return Kind { words, schema: None };
    }
    let words = match &schema["type"] {
        Value::Array(kinds) => {
            kinds.iter().map(|one| word(schema, &text(one))).collect::<Vec<_>>().join(" or ")
        }
        one => word(schema, &text(one)),
    };
    let schema = (schema["items"].is_object()).then(|| kind(&schema["items"]).schema).flatten();
    Kind { words, schema }
}

fn joined(kinds: Vec<Kind>) -> Kind {
    let schema = kinds.iter().find_map(|kind| kind.schema.clone());
    let mut words: Vec<String> = Vec::new();
    for kind in kinds {
        if !words.contains(&kind.words) {
            words.push(kind.words);
        }
    }
    Kind { words: words.join(" or "), schema }
}

fn word(schema: &Value, kind: &str) -> String {
    match (kind, schema["format"].as_str()) {
        ("array", _) => format!("list of {}", self::kind(&schema["items"]).words),
        ("string", Some("date-time")) => "time".to_owned(),
        ("string", Some("uuid")) => "UUID".to_owned(),
        ("string", Some("binary")) => "bytes".to_owned(),
        ("", _) => "any value".to_owned(),
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_escaped_and_code_is_marked() {
        let drawn = words(&serde_json::json!("Send `a<b` & \"more\""));
        assert_eq!(drawn, "Send <code>a&lt;b</code> &amp; \"more\"");
    }
}
