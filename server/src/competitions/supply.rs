//! Supplying a draft: the sealed solution, one labelled table, the metric; [`super::files`] has its data. Whatever the
//! examination reads makes a new one due.
//!
//! Never here: a label in the clear on the disk, or a change of what a launched competition is judged by.

use std::collections::BTreeMap;

use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use holdout_contract::ranks;
use holdout_contract::spec::{CLUSTER_COLUMN, MetricSpec, ParameterSpec, ParameterType};
use rand::RngExt;
use serde_json::{Map, Value};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::create::{self, Address};
use crate::competitions::settings::Basics;
use crate::competitions::store::judging::{LabelledTable, TableFile};
use crate::competitions::{propose, ranked, store};
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, VersionId};
use crate::uploads::spend::Arrived;
use crate::web::upload::{AlreadySealed, SealedWriting, SecretSink};

/// Largest solution or labelled table.
pub const SECRET_LIMIT_BYTES: u64 = 4_000_000_000;

/// Who seals a secret file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    Here,
    BySender,
}

impl Sealing {
    /// Reads a form's or query's `sealed`.
    pub fn read(text: &str) -> Self {
        if matches!(text.trim(), "true" | "1" | "on" | "yes") { Self::BySender } else { Self::Here }
    }
}

/// Opens the place where a secret file goes, and names the key it is sealed to.
///
/// # Errors
/// [`AppError::Refused`] while no scorer has announced a key.
pub async fn open_secret(
    app: &App,
    room: &'static str,
    owner: i64,
    sealing: Sealing,
) -> Result<(SecretSink, String)> {
    let mut conn = app.db.acquire().await?;
    let recipient = store::judging::recipient(&mut conn).await?.ok_or_else(no_scorer)?;
    drop(conn);
    let writing = app.files.create(room, owner).await?;
    let sink = match sealing {
        Sealing::Here => SecretSink::SealHere(Box::new(SealedWriting::new(&recipient, writing)?)),
        Sealing::BySender => SecretSink::SealedBySender(Box::new(AlreadySealed::new(writing))),
    };
    Ok((sink, recipient))
}

/// What a host is told while there is nobody to seal to.
pub fn no_scorer() -> AppError {
    AppError::refused(
        "No scorer has registered yet, so there is no key to seal this file with. The file was not stored; try \
        again when a scorer is running.",
    )
}

/// Makes a sealed file the solution of the version that is being put together.
///
/// # Errors
/// [`AppError::Refused`] after launch, unless a new version was begun.
pub async fn put_solution(
    app: &App,
    host: &Member,
    seen: &Seen,
    recipient: &str,
    arrived: impl Into<Arrived>,
) -> Result<()> {
    let arrived = arrived.into();
    let outcome = put_solution_row(app, host, seen, recipient, &arrived).await;
    if outcome.is_err() {
        arrived.let_go(app).await?;
    }
    outcome
}

async fn put_solution_row(
    app: &App,
    host: &Member,
    seen: &Seen,
    recipient: &str,
    arrived: &Arrived,
) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let version = store::judging::lock_open_version(&mut tx, id).await?.ok_or_else(frozen)?;
    refuse_foreign(&mut tx, host, id, arrived).await?;
    arrived.spend(&mut tx, now).await?;
    store::judging::put_solution(&mut tx, id, version, recipient, &arrived.stored, now).await?;
    examine(&mut tx, id, version).await?;
    let detail = serde_json::json!({ "sealed_sha256": hex::encode(arrived.stored.sha256) });
    store::drafts::note(&mut tx, now, host.id, "put_solution", id, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Bytes that were sealed for one competition are no other's: whoever came by them, from a backup or a bucket, would read
/// labels off its scores. Scorers ask as well before they open a file.
async fn refuse_foreign(
    conn: &mut PgConnection,
    sender: &Member,
    id: CompetitionId,
    arrived: &Arrived,
) -> Result<()> {
    if store::sealings::is_foreign(conn, &arrived.stored.sha256, id, sender.id).await? {
        return Err(AppError::refused(
            "This sealed file came to another competition before, and you are no host of that one, so it is not opened for this one. If the labels are yours, send them as they are, or seal them once more, as `holdout host solution` does.",
        ));
    }
    Ok(())
}

/// How a labelled table is to be split.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePlan {
    pub target: String,
    /// Share of rows that are hidden.
    pub test_fraction: f64,
    /// Share of the hidden rows that the public board uses.
    pub public_fraction: f64,
}

impl TablePlan {
    /// Empty fractions are 30%.
    ///
    /// # Errors
    /// [`AppError::Field`] for what cannot be kept.
    pub fn read(target: &str, test_percent: &str, public_percent: &str) -> Result<Self> {
        let target = target.trim();
        if target.is_empty() || target.chars().count() > 200 {
            return Err(AppError::field(
                "target",
                "Enter the name of the column to predict, exactly as in the header.",
            ));
        }
        Ok(Self {
            target: target.to_owned(),
            test_fraction: percent("test_percent", test_percent, 1.0, 90.0)?,
            public_fraction: percent("public_percent", public_percent, 1.0, 99.0)?,
        })
    }

    /// That of a table that is here, but for what is said.
    ///
    /// # Errors
    /// As [`TablePlan::read`].
    pub fn corrected(
        table: &LabelledTable,
        target: Option<&str>,
        test_percent: Option<f64>,
        public_percent: Option<f64>,
    ) -> Result<Self> {
        let share = |said: Option<f64>, before: f64| said.unwrap_or_else(|| as_percent(before)).to_string();
        Self::read(
            target.unwrap_or(&table.target_column),
            &share(test_percent, table.test_fraction),
            &share(public_percent, table.public_fraction),
        )
    }
}

/// A share in percent, without what its binary form adds to it.
pub fn as_percent(fraction: f64) -> f64 {
    (fraction * 1e8).round() / 1e6
}

/// A share as people type it; 30% when left empty.
///
/// # Errors
/// [`AppError::Field`] outside of the bounds.
pub fn percent(field: &'static str, text: &str, least: f64, most: f64) -> Result<f64> {
    let text = text.trim().trim_end_matches('%').trim();
    if text.is_empty() {
        return Ok(default_public_fraction());
    }
    match text.parse::<f64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value / 100.0),
        _ => Err(AppError::field(field, format!("A share between {least}% and {most}%."))),
    }
}

/// The share of rows that are public where nobody names one.
pub fn default_public_fraction() -> f64 {
    0.3
}

/// A share of rows that leaves some for both boards.
///
/// # Errors
/// [`AppError::Field`] for any other.
pub fn checked_public_fraction(share: f64) -> Result<f64> {
    if (0.01..=0.99).contains(&share) {
        Ok(share)
    } else {
        Err(AppError::field("public_fraction", "A share between 0.01 and 0.99."))
    }
}

/// Gives a draft its labelled table, in place of the one before, and asks a scorer to split it.
///
/// # Errors
/// [`AppError::Refused`] after launch.
pub async fn put_table(
    app: &App,
    host: &Member,
    seen: &Seen,
    plan: &TablePlan,
    arrived: impl Into<Arrived>,
) -> Result<()> {
    let (id, arrived) = (seen.competition.id, arrived.into());
    let mut tx = app.db.begin().await?;
    let outcome = match store::judging::lock_draft(&mut tx, id).await? {
        Some(_) => replace_table(app, &mut tx, host, id, plan, &arrived).await,
        None => Err(frozen()),
    };
    let former = finish_table(app, tx, outcome, &arrived).await?;
    remove_tables(app, &former).await;
    Ok(())
}

/// Has the labelled table that a draft has split anew, by another plan.
///
/// # Errors
/// [`AppError::Refused`] after launch, and while it is being read; [`AppError::Field`] where there is no table.
pub async fn split_anew(app: &App, host: &Member, seen: &Seen, plan: &TablePlan) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    store::judging::lock_draft(&mut tx, id).await?.ok_or_else(frozen)?;
    let mut former = store::judging::forget_tables(&mut tx, id).await?;
    if store::judging::newest_table(&mut tx, id).await?.is_some() {
        return Err(AppError::refused(
            "A scorer is reading the table right now. Correct it as soon as that is done.",
        ));
    }
    let kept = former.pop().ok_or_else(|| AppError::field("file", "Choose a file."))?;
    insert_table(app, &mut tx, host, id, plan, &kept).await?;
    tx.commit().await?;
    remove_tables(app, &former).await;
    Ok(())
}

/// Removes the sealed files of tables that were forgotten. What storage does not let go now, the weekly cleaning finds.
pub async fn remove_tables(app: &App, files: &[TableFile]) {
    for file in files {
        if let Err(error) = app.files.remove(&file.storage_key).await {
            tracing::warn!(%error, key = file.storage_key, "a labelled table that is of no use any more stays for now");
        }
    }
}

/// Begins a competition from one labelled table: draft, table and job commit together.
/// Gives the draft's address.
///
/// # Errors
/// As [`create::create`].
pub async fn create_from_table(
    app: &App,
    host: &Member,
    basics: Basics,
    address: Address,
    plan: &TablePlan,
    arrived: impl Into<Arrived>,
) -> Result<String> {
    create::may_host(app, host).await?;
    let arrived = arrived.into();
    let mut tx = app.db.begin().await?;
    let outcome = match create::insert(app, &mut tx, host, basics, address).await {
        Ok((id, slug)) => replace_table(app, &mut tx, host, id, plan, &arrived).await.map(|_| slug),
        Err(error) => Err(error),
    };
    finish_table(app, tx, outcome, &arrived).await
}

/// Gives the files of the tables before.
async fn replace_table(
    app: &App,
    conn: &mut PgConnection,
    host: &Member,
    id: CompetitionId,
    plan: &TablePlan,
    arrived: &Arrived,
) -> Result<Vec<TableFile>> {
    let now = app.clock.now();
    refuse_foreign(conn, host, id, arrived).await?;
    arrived.spend(conn, now).await?;
    let former = store::judging::forget_tables(conn, id).await?;
    insert_table(app, conn, host, id, plan, &TableFile::new(&arrived.stored, now)).await?;
    Ok(former)
}

async fn insert_table(
    app: &App,
    conn: &mut PgConnection,
    host: &Member,
    id: CompetitionId,
    plan: &TablePlan,
    file: &TableFile,
) -> Result<()> {
    let now = app.clock.now();
    let seed = i64::from(rand::rng().random::<u32>());
    let shares = (plan.test_fraction, plan.public_fraction);
    let table_id = store::judging::put_table(conn, id, file, &plan.target, shares, seed).await?;
    queue::enqueue(conn, id.0, Subject::Split { table_id }, Priority::Interactive).await?;
    propose::refresh(conn, id, now).await?;
    let detail =
        serde_json::json!({ "sealed_sha256": hex::encode(&file.sealed_sha256), "target": plan.target });
    store::drafts::note(conn, now, host.id, "put_labelled_table", id, &detail).await?;
    Ok(())
}

async fn finish_table<T>(
    app: &App,
    tx: sqlx::Transaction<'_, sqlx::Postgres>,
    outcome: Result<T>,
    arrived: &Arrived,
) -> Result<T> {
    match outcome {
        Ok(done) => {
            tx.commit().await?;
            Ok(done)
        }
        Err(error) => {
            tx.rollback().await?;
            arrived.let_go(app).await?;
            Err(error)
        }
    }
}

/// Most metrics that one is put together from.
pub const MAX_PARTS: usize = 10;

/// The metric a host chose, with its parameters as they were typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricChoice {
    pub name: String,
    pub params: BTreeMap<String, Value>,
    pub context: Map<String, Value>,
    pub public_fraction: f64,
}

impl MetricChoice {
    /// Declares the column that names what rows come together in; an empty name declares nothing.
    pub fn with_clusters(mut self, column: &str) -> Self {
        if !column.trim().is_empty() {
            self.context.insert(CLUSTER_COLUMN.to_owned(), column.trim().into());
        }
        self
    }
}

/// Chooses the metric of the version that is being put together.
///
/// # Errors
/// [`AppError::Field`] for an unknown metric or a parameter out of its bounds; [`AppError::Refused`]
/// after launch, unless a new version was begun; that of the condition.
pub async fn choose_metric(
    app: &App,
    host: &Member,
    seen: &Seen,
    choice: &MetricChoice,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let version = store::judging::lock_open_version(&mut tx, id).await?.ok_or_else(frozen)?;
    stands(&mut tx).await?;
    let (name, short) =
        choice.name.split_once('@').map_or((choice.name.as_str(), None), |(n, v)| (n, Some(v)));
    let spec = store::judging::metric(&mut tx, name)
        .await?
        .ok_or_else(|| AppError::field("metric", format!("No scorer computes a metric named “{name}”.")))?;
    let params = Value::Object(read_params(&spec, &choice.params, short)?);
    let context = Value::Object(choice.context.clone());
    let parts = match name {
        ranks::NAME => Some(ranked::read_parts(&mut tx, &params["parts"]).await?),
        _ => None,
    };
    let shown = match name {
        ranks::WITH_SECONDARY => Some(ranked::read_shown(&mut tx, &params["parts"]).await?),
        _ => None,
    };
    let metric = store::judging::Metric { spec: &spec, params: &params, context: &context, parts, shown };
    store::judging::set_metric(&mut tx, version, &metric, choice.public_fraction).await?;
    examine(&mut tx, id, version).await?;
    propose::refresh(&mut tx, id, now).await?;
    store::drafts::note(
        &mut tx,
        now,
        host.id,
        "choose_metric",
        id,
        &serde_json::json!({ "metric": name, "params": params }),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Values of the right types for every parameter of a metric; what was not given is the default.
///
/// # Errors
/// [`AppError::Field`] naming the parameter and what it takes.
pub fn read_params(
    spec: &MetricSpec,
    typed: &BTreeMap<String, Value>,
    main: Option<&str>,
) -> Result<Map<String, Value>> {
    if let Some(unknown) = typed.keys().find(|name| !spec.parameters.iter().any(|known| known.name == **name))
    {
        return Err(AppError::field("params", format!("{} has no parameter “{unknown}”.", spec.title)));
    }
    spec.parameters
        .iter()
        .map(|parameter| {
            let short = main.filter(|_| parameter.is_main).map(Value::from);
            let value = match short.as_ref().or_else(|| typed.get(&parameter.name)) {
                None => parameter.default.clone(),
                Some(Value::String(text)) if text.trim().is_empty() => parameter.default.clone(),
                Some(value) => read_param(parameter, value).ok_or_else(|| {
                    let takes = crate::competitions::metric_words::takes(parameter);
                    AppError::field("params", format!("“{}” is {takes}.", parameter.name))
                })?,
            };
            Ok((parameter.name.clone(), value))
        })
        .collect()
}

/// A parameter's value in its type; `None` where it does not fit.
pub fn read_param(parameter: &ParameterSpec, typed: &Value) -> Option<Value> {
    let text = match typed {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(_) | Value::Object(_) if parameter.parameter_type != ParameterType::Parts => {
            return None;
        }
        other => other.to_string(),
    };
    match &parameter.parameter_type {
        ParameterType::Number { minimum, maximum } => {
            let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
            let inside =
                minimum.is_none_or(|least| number >= least) && maximum.is_none_or(|most| number <= most);
            inside.then(|| Value::from(number))
        }
        ParameterType::Integer { minimum, maximum } => {
            let number: i64 = text.parse().ok()?;
            let inside =
                minimum.is_none_or(|least| number >= least) && maximum.is_none_or(|most| number <= most);
            inside.then(|| Value::from(number))
        }
        ParameterType::Choice { values } => values.contains(&text).then(|| Value::from(text)),
        ParameterType::Boolean => match text.as_str() {
            "true" | "on" | "yes" => Some(Value::from(true)),
            "false" | "off" | "no" => Some(Value::from(false)),
            _ => None,
        },
        ParameterType::Text => (text.chars().count() <= 200).then(|| Value::from(text)),
        ParameterType::Parts => read_parts(&text),
    }
}

/// The metrics that one is put together from. Whether they fit together is the scorers' to say, in the examination.
fn read_parts(text: &str) -> Option<Value> {
    let parts: Vec<Map<String, Value>> = serde_json::from_str(text).ok()?;
    let is_whole = |part: &Map<String, Value>| {
        part.get("metric").is_some_and(Value::is_string) && part.get("weight").is_none_or(Value::is_number)
    };
    let fits = (1..=MAX_PARTS).contains(&parts.len()) && parts.iter().all(is_whole);
    fits.then(|| parts.into_iter().map(Value::Object).collect())
}

/// Asks for an examination again, as after a fault of ours.
///
/// # Errors
/// [`AppError::Refused`] after launch.
pub async fn examine_again(app: &App, seen: &Seen) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let version =
        store::judging::lock_open_version(&mut tx, seen.competition.id).await?.ok_or_else(frozen)?;
    examine(&mut tx, seen.competition.id, version).await?;
    tx.commit().await?;
    Ok(())
}

/// Marks a version as changed and asks a scorer to examine it.
///
/// # Errors
/// Those of the database.
pub async fn examine(conn: &mut PgConnection, id: CompetitionId, version: VersionId) -> Result<()> {
    store::judging::bump_revision(conn, version).await?;
    queue::enqueue(conn, id.0, Subject::Examine { version_id: version.0 }, Priority::Interactive).await?;
    Ok(())
}

/// Asks a scorer what the files of a launched competition give away.
///
/// # Errors
/// Those of the database.
pub async fn examine_files(conn: &mut PgConnection, id: CompetitionId) -> Result<()> {
    if let Some(version) = store::judging::bump_files_revision(conn, id).await? {
        queue::enqueue(conn, id.0, Subject::Examine { version_id: version.0 }, Priority::Interactive).await?;
    }
    Ok(())
}

/// Why what scores are computed with cannot be changed.
pub fn frozen() -> AppError {
    AppError::refused(
        "The solution and metric are fixed at launch, so that everyone is judged alike. They can only be changed \
        with a new version, with a reason shown to everyone: start one first.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::competitions::metric_words::sample_spec;
    use serde_json::json;

    #[test]
    fn parameters_get_their_types_and_stay_in_bounds() {
        let spec = sample_spec();
        let typed = |value: Value| BTreeMap::from([("beta".to_owned(), value)]);
        assert_eq!(read_params(&spec, &BTreeMap::new(), None).expect("defaults")["beta"], json!(1.0));
        assert_eq!(read_params(&spec, &typed(json!("0.5")), None).expect("typed")["beta"], json!(0.5));
        assert_eq!(read_params(&spec, &BTreeMap::new(), Some("2")).expect("short form")["beta"], json!(2.0));
        assert!(read_params(&spec, &typed(json!("-1")), None).is_err());
        assert!(read_params(&spec, &typed(json!("much")), None).is_err());
        assert!(read_params(&spec, &BTreeMap::from([("gamma".to_owned(), json!(1))]), None).is_err());
    }

    #[test]
    fn parts_have_a_metric_each_and_weights_are_numbers() {
        for right in
            [json!([{ "metric": "rmse", "weight": 0.5, "target": "height" }]), json!([{ "metric": "rmse" }])]
        {
            assert_eq!(read_parts(&right.to_string()), Some(right));
        }
        for wrong in ["", "[]", "{}", r#"[{"weight": 1}]"#, r#"[{"metric": "rmse", "weight": "much"}]"#] {
            assert_eq!(read_parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shares_are_percentages() {
        assert!((percent("x", "25 %", 1.0, 99.0).expect("a share") - 0.25).abs() < 1e-12);
        assert!((percent("x", "", 1.0, 99.0).expect("the default") - 0.3).abs() < 1e-12);
        assert!(percent("x", "0", 1.0, 99.0).is_err());
        assert_eq!([0.3, 0.07, 0.125].map(as_percent).map(|share| share.to_string()), ["30", "7", "12.5"]);
    }
}
