//! The metrics of this version as data, compiled in for whoever has no server to ask.
//!
//! `catalogue.json` is made by `make catalogue`; a test of the scorer fails when it has drifted.

use std::sync::OnceLock;

use crate::spec::MetricSpec;

/// As `make catalogue` writes it.
pub const TEXT: &str = include_str!("catalogue.json");

/// Every metric of this version, without the texts for people.
pub fn known() -> &'static [MetricSpec] {
    static KNOWN: OnceLock<Vec<MetricSpec>> = OnceLock::new();
    KNOWN.get_or_init(|| serde_json::from_str(TEXT).unwrap_or_default())
}

/// A list of metrics as [`TEXT`] holds it: one a line, without the texts for people.
pub fn write(specs: impl IntoIterator<Item = MetricSpec>) -> String {
    let lines: Vec<String> =
        specs.into_iter().filter_map(|spec| serde_json::to_string(&bare(spec)).ok()).collect();
    format!("[\n{}\n]", lines.join(",\n"))
}

fn bare(mut spec: MetricSpec) -> MetricSpec {
    spec.parameters.iter_mut().for_each(|parameter| parameter.description.clear());
    MetricSpec {
        sentence: String::new(),
        formula: String::new(),
        edge_cases: Vec::new(),
        gaming: String::new(),
        example: None,
        ..spec
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_reads() {
        assert!(known().iter().any(|spec| spec.name == "rmse"));
        assert!(known().iter().all(|spec| spec.name != crate::custom::NAME));
    }
}
