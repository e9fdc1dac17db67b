//! Choosing the metric: the form is made from what the scorers announce about it.

use std::collections::BTreeMap;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::{Form, Router};
use holdout_contract::ranks;
use holdout_contract::spec::{CLUSTER_COLUMN, MetricSpec, ParameterSpec, ParameterType, Task};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Opened, Setup, open, saved};
use crate::api::conditions::whatever_stands;
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::metric_words::{Group, default_text, group, sample_spec, takes};
use crate::competitions::setup::{Draft, Step};
use crate::competitions::store::judging;
use crate::competitions::supply::{self, MetricChoice};
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::form;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOST_METRIC, form(show_metric, post_metric))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/metric.html")]
pub struct MetricPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub draft: Draft,
    pub groups: Vec<Group>,
    /// The metric whose parameters are shown.
    pub chosen: Option<MetricSpec>,
    /// What was typed, by field name.
    pub typed: BTreeMap<String, String>,
    pub mistake: Mistake,
}

impl MetricPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Metric)),
            draft: Draft::sample(),
            groups: group(vec![sample_spec()]),
            chosen: Some(sample_spec()),
            typed: BTreeMap::new(),
            mistake: Mistake::none(),
        }
    }

    /// Metrics that fit the labels, best first, as the examination found.
    pub fn suggested(&self) -> Vec<&MetricSpec> {
        let names = self.draft.report.iter().flat_map(|report| &report.suggested_metrics);
        names
            .filter_map(|name| {
                self.groups.iter().flat_map(|group| &group.metrics).find(|spec| spec.name == *name)
            })
            .take(6)
            .collect()
    }

    /// Whether the version is judged by a module that its host wrote.
    pub fn is_own(&self) -> bool {
        self.draft.version.metric.as_deref() == Some(holdout_contract::custom::NAME)
    }

    pub fn selected(&self, spec: &MetricSpec) -> &'static str {
        if self.chosen.as_ref().is_some_and(|chosen| chosen.name == spec.name) { "selected" } else { "" }
    }

    /// What stands in a parameter's field.
    pub fn value(&self, parameter: &ParameterSpec) -> String {
        if let Some(typed) = self.typed.get(&format!("param_{}", parameter.name)) {
            return typed.clone();
        }
        let is_stored = self.chosen.as_ref().map(|chosen| &chosen.name) == self.draft.version.metric.as_ref();
        let stored = self.draft.version.params.get(&parameter.name).filter(|_| is_stored);
        stored.map_or_else(
            || default_text(parameter),
            |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        )
    }

    /// The words a parameter chooses from; none where it is typed.
    pub fn choices(&self, parameter: &ParameterSpec) -> Vec<String> {
        match &parameter.parameter_type {
            ParameterType::Choice { values } => values.clone(),
            ParameterType::Boolean => vec!["true".to_owned(), "false".to_owned()],
            _ => Vec::new(),
        }
    }

    pub fn takes(&self, parameter: &ParameterSpec) -> String {
        takes(parameter)
    }

    /// Parameters of the metric's own definition, or those for columns, groups and weights.
    pub fn parameters(&self, are_common: bool) -> Vec<&ParameterSpec> {
        let all = self.chosen.iter().flat_map(|spec| &spec.parameters);
        all.filter(|parameter| parameter.is_common == are_common).collect()
    }

    /// Whether any of those for columns, groups and weights is set.
    pub fn is_composed(&self) -> bool {
        self.parameters(true).iter().any(|parameter| self.value(parameter) != default_text(parameter))
    }

    pub fn are_parts(&self, parameter: &ParameterSpec) -> bool {
        parameter.parameter_type == ParameterType::Parts
    }

    /// Whether teams are ranked by the parts, not by one score made from them.
    pub fn is_ranked(&self) -> bool {
        self.chosen.as_ref().is_some_and(|spec| spec.name == ranks::NAME)
    }

    /// Whether teams are ranked by the first of the parts, the others being shown beside it.
    pub fn has_secondary(&self) -> bool {
        self.chosen.as_ref().is_some_and(|spec| spec.name == ranks::WITH_SECONDARY)
    }

    /// Whether a metric can be one of several.
    pub fn can_be_part(&self, other: &MetricSpec) -> bool {
        other.task != Task::Composite
    }

    /// The rows of the form in which several metrics are put together: those that are filled, and some empty ones.
    pub fn parts(&self, parameter: &ParameterSpec) -> Vec<PartRow> {
        let stored: Vec<Map<String, Value>> =
            serde_json::from_str(&self.value(parameter)).unwrap_or_default();
        let mut rows: Vec<PartRow> = (0..supply::MAX_PARTS)
            .map(|at| PartRow::typed(&self.typed, at).unwrap_or_else(|| PartRow::stored(stored.get(at))))
            .collect();
        let n_filled = rows.iter().filter(|row| !row.metric.is_empty()).count();
        rows.truncate((n_filled + 2).clamp(3, supply::MAX_PARTS));
        rows
    }

    pub fn public_percent(&self) -> String {
        self.typed
            .get("public_percent")
            .cloned()
            .unwrap_or_else(|| format!("{}", (self.draft.version.public_fraction * 1000.0).round() / 10.0))
    }

    /// What the metric needs beside the column of clusters, which has a field of its own.
    pub fn context(&self) -> String {
        self.typed.get("context").cloned().unwrap_or_else(|| {
            let mut context = self.draft.version.context.as_object().cloned().unwrap_or_default();
            context.remove(CLUSTER_COLUMN);
            if context.is_empty() {
                return String::new();
            }
            serde_json::to_string_pretty(&context).unwrap_or_default()
        })
    }

    pub fn cluster_column(&self) -> String {
        let stored = || self.draft.version.context[CLUSTER_COLUMN].as_str().unwrap_or_default().to_owned();
        self.typed.get(CLUSTER_COLUMN).cloned().unwrap_or_else(stored)
    }
}

/// One metric of several, as it stands in the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartRow {
    pub metric: String,
    pub weight: String,
    pub target: String,
    pub params: String,
}

impl PartRow {
    fn typed(typed: &BTreeMap<String, String>, at: usize) -> Option<Self> {
        let field = |name: &str| typed.get(&format!("part_{at}_{name}")).map(|text| text.trim().to_owned());
        Some(Self {
            metric: field("metric")?,
            weight: field("weight").unwrap_or_default(),
            target: field("target").unwrap_or_default(),
            params: field("params").unwrap_or_default(),
        })
    }

    fn stored(part: Option<&Map<String, Value>>) -> Self {
        let text = |name: &str| match part.and_then(|part| part.get(name)) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        Self {
            metric: text("metric"),
            weight: text("weight"),
            target: text("target"),
            params: text("params"),
        }
    }

    fn part(&self, is_weighted: bool) -> Result<Value> {
        let wrong = |sentence: String| AppError::field("params", sentence);
        let mut part = Map::from_iter([("metric".to_owned(), self.metric.as_str().into())]);
        if is_weighted {
            let weight = self.weight.parse().ok().filter(|weight: &f64| weight.is_finite());
            let weight =
                weight.ok_or_else(|| wrong(format!("The weight of {} must be a number.", self.metric)))?;
            part.insert("weight".to_owned(), weight.into());
        }
        if !self.target.is_empty() {
            part.insert("target".to_owned(), self.target.as_str().into());
        }
        if !self.params.is_empty() {
            let params: Map<String, Value> = serde_json::from_str(&self.params).map_err(|error| {
                wrong(format!("The parameters of {} are not a JSON object: {error}.", self.metric))
            })?;
            part.insert("params".to_owned(), Value::Object(params));
        }
        Ok(Value::Object(part))
    }
}

/// The metrics that were listed in the form; `None` where it has no such list.
fn typed_parts(typed: &BTreeMap<String, String>, are_weighted: bool) -> Result<Option<Value>> {
    let rows: Vec<PartRow> = (0..supply::MAX_PARTS).filter_map(|at| PartRow::typed(typed, at)).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let filled = rows.iter().filter(|row| !row.metric.is_empty());
    filled.map(|row| row.part(are_weighted)).collect::<Result<_>>().map(Some)
}

#[derive(Debug, Default, Deserialize)]
struct MetricQuery {
    metric: Option<String>,
}

async fn show_metric(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(query): Query<MetricQuery>,
    shell: Shell,
) -> Result<MetricPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Metric)).await?;
    let wanted = query.metric.or_else(|| opened.draft.version.metric.clone());
    page(&app, opened, shell, wanted.as_deref(), BTreeMap::new(), Mistake::none()).await
}

async fn page(
    app: &App,
    opened: Opened,
    shell: Shell,
    wanted: Option<&str>,
    typed: BTreeMap<String, String>,
    mistake: Mistake,
) -> Result<MetricPage> {
    let mut conn = app.db.acquire().await?;
    let metrics = judging::metrics(&mut conn).await?;
    drop(conn);
    let chosen = metrics.iter().find(|spec| Some(spec.name.as_str()) == wanted).cloned();
    Ok(MetricPage {
        frame: opened.frame(&shell),
        setup: opened.setup,
        shell,
        draft: opened.draft,
        groups: group(metrics),
        chosen,
        typed,
        mistake,
    })
}

fn read(typed: &BTreeMap<String, String>) -> Result<MetricChoice> {
    let text = |name: &str| typed.get(name).map_or("", |value| value.trim());
    let context: Map<String, Value> = if text("context").is_empty() {
        Map::new()
    } else {
        serde_json::from_str(text("context"))
            .map_err(|error| AppError::field("context", format!("This is not a JSON object: {error}.")))?
    };
    let single = typed
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("param_")?.to_owned(), value.as_str().into())));
    let are_weighted = text("metric") != ranks::WITH_SECONDARY;
    let parts = typed_parts(typed, are_weighted)?.map(|parts| ("parts".to_owned(), parts));
    Ok(MetricChoice {
        name: text("metric").to_owned(),
        params: single.chain(parts).collect(),
        context,
        public_fraction: supply::percent("public_percent", text("public_percent"), 1.0, 99.0)?,
    }
    .with_clusters(text(CLUSTER_COLUMN)))
}

async fn post_metric(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(typed): Form<BTreeMap<String, String>>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Metric)).await?;
    let outcome = match read(&typed) {
        Ok(choice) => {
            supply::choose_metric(&app, shell.member()?, &opened.seen, &choice, whatever_stands).await
        }
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(()) => {
            Ok(saved(&slug, Step::Metric, "The metric has been set. The scorers are examining it now."))
        }
        Err(mistake) => {
            let wanted = typed.get("metric").cloned();
            Ok(show_again(page(&app, opened, shell, wanted.as_deref(), typed, mistake).await?))
        }
    }
}
