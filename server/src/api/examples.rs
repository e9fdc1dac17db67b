//! Examples made from the document: JSON that fits a schema, and a `curl` command for an operation.

use serde_json::{Map, Value, json};

use crate::api::openapi::document;

/// The schema itself, behind its references.
pub fn resolved(schema: &Value) -> &Value {
    let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
    name.map_or(schema, |name| resolved(&document()["components"]["schemas"][name]))
}

/// A value that fits a schema: its example, else its default, else the plainest. Of an object what is
/// required, and what has an example of its own.
pub fn value(schema: &Value) -> Value {
    let schema = resolved(schema);
    for known in ["example", "default"] {
        if let Some(value) = schema.get(known).filter(|value| !value.is_null()) {
            return value.clone();
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let required = schema["required"].as_array();
        let is_shown = |name: &str, property: &Value| {
            required.is_some_and(|names| names.iter().any(|required| required == name))
                || property.get("example").is_some()
        };
        let shown = properties.iter().filter(|(name, property)| is_shown(name, property));
        return shown.map(|(name, property)| (name.clone(), value(property))).collect::<Map<_, _>>().into();
    }
    match kind(schema) {
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        "array" => json!([value(&schema["items"])]),
        "object" => json!({}),
        _ => json!("…"),
    }
}

/// The first type of a schema that is not null.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("")
        }
        _ => "",
    }
}

/// A command that carries the operation out against `server`, line by line.
pub fn curl(server: &str, method: &str, path: &str, operation: &Value) -> String {
    let verb = if method == "get" { String::new() } else { format!("-X {} ", method.to_uppercase()) };
    let mut parts = vec![format!("curl {verb}'{server}{}{}'", filled(path, operation), query(operation))];
    if operation["security"].is_array() {
        parts.push("-H \"Authorization: Bearer $HOLDOUT_TOKEN\"".to_owned());
    }
    let content = &operation["requestBody"]["content"];
    let json = &content["application/json"];
    if !json.is_null() {
        parts.push("-H 'Content-Type: application/json'".to_owned());
        parts.push(format!("-d '{}'", value(&json["schema"]).to_string().replace('\'', "'\\''")));
    } else if !content["multipart/form-data"].is_null() {
        parts.push("-F file=@predictions.csv".to_owned());
    } else if !content["application/octet-stream"].is_null() {
        parts.push("--data-binary @file.csv".to_owned());
    }
    if !operation["responses"]["200"]["content"]["application/octet-stream"].is_null() {
        parts.push("-C - -o file.csv".to_owned());
    }
    parts.join(" \\\n  ")
}

fn parameters<'a>(operation: &'a Value, place: &str) -> impl Iterator<Item = &'a Value> {
    operation["parameters"].as_array().into_iter().flatten().filter(move |parameter| parameter["in"] == place)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn filled(path: &str, operation: &Value) -> String {
    parameters(operation, "path").fold(path.to_owned(), |path, parameter| {
        let name = parameter["name"].as_str().unwrap_or_default();
        path.replace(&format!("{{{name}}}"), &plain(&value(&parameter["schema"])))
    })
}

/// What must be said in the query, and what has an example.
fn query(operation: &Value) -> String {
    let shown = parameters(operation, "query")
        .filter(|parameter| parameter["required"] == true || parameter.get("example").is_some())
        .map(|parameter| {
            let example = parameter.get("example").cloned().unwrap_or_else(|| value(&parameter["schema"]));
            format!("{}={}", plain(&parameter["name"]), plain(&example))
        })
        .collect::<Vec<_>>();
    if shown.is_empty() { String::new() } else { format!("?{}", shown.join("&")) }
}
