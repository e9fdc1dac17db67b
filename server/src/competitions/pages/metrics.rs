//! The catalogue of metrics, made from what the scorers announce.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use holdout_contract::spec::MetricSpec;

use crate::app::App;
use crate::competitions::metric_words::{Group, group, sample_spec};
use crate::competitions::ranked::{ExampleBoard, rank_example};
use crate::competitions::store::judging;
use crate::error::{AppError, Result};
use crate::leaderboard::model::Ranked;
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::METRICS, get(show_metrics)).route(paths::METRIC, get(show_metric))
}

#[derive(Template, WebTemplate)]
#[template(path = "metrics/list.html")]
pub struct MetricsPage {
    pub shell: Shell,
    pub groups: Vec<Group>,
}

impl MetricsPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), groups: group(vec![sample_spec()]) }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "metrics/metric.html")]
pub struct MetricPage {
    pub shell: Shell,
    pub spec: MetricSpec,
    /// The formula as MathML.
    pub formula: String,
    /// The board of the example's files, where teams are ranked by several metrics.
    pub ranking: Option<ExampleBoard>,
}

impl MetricPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            spec: sample_spec(),
            formula: "<math><mi>x</mi></math>".to_owned(),
            ranking: Some(ExampleBoard {
                parts: vec!["roc_auc".to_owned(), "log_loss".to_owned()],
                lines: vec![("bold.csv".to_owned(), Ranked::sample())],
            }),
        }
    }
}

/// What boards show of a score unless their host says otherwise.
const DECIMALS: i32 = 5;

impl MetricPage {
    pub fn shown(&self, score: &f64) -> String {
        format::score(*score, DECIMALS)
    }
}

async fn show_metrics(State(app): State<App>, shell: Shell) -> Result<MetricsPage> {
    let mut conn = app.db.acquire().await?;
    let metrics = judging::metrics(&mut conn).await?;
    Ok(MetricsPage { shell, groups: group(metrics) })
}

async fn show_metric(State(app): State<App>, Path(name): Path<String>, shell: Shell) -> Result<MetricPage> {
    let mut conn = app.db.acquire().await?;
    let spec = judging::metric(&mut conn, &name).await?.ok_or(AppError::NotFound)?;
    let ranking = rank_example(&mut conn, &spec).await?;
    drop(conn);
    let formula = crate::markdown::draw_formula(&spec.formula, true);
    Ok(MetricPage { shell, spec, formula, ranking })
}
