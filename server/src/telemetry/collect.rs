//! What is looked up whenever a monitor asks. All servers of an installation tell the same of it.

use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::store::{self, Durations, Rejected, Waiting, Waits};
use crate::admin::room::{self, Room};
use crate::admin::store::{self as admin, LastBackup, Numbers};
use crate::app::App;
use crate::error::Result;
use crate::house::open_files;
use crate::incidents::facts::{self, Known};
use crate::quotas::model::Kept;
use crate::quotas::store as quotas;
use crate::replica::model::Condition;

type Decimal = Gauge<f64, AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Quantile {
    quantile: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: String,
}

struct Found {
    numbers: Numbers,
    waiting: Vec<Waiting>,
    backup: LastBackup,
    room: Room,
    kept: Option<Kept>,
    waits: Waits,
    durations: Durations,
    rejected: Vec<Rejected>,
}

impl Collector for Durations {
    fn encode(&self, mut encoder: DescriptorEncoder) -> std::fmt::Result {
        let help =
            "From the receipt of a submission to its outcome, of the whole site since its servers count them";
        let mut metric =
            encoder.encode_descriptor("score_duration_seconds", help, None, MetricType::Histogram)?;
        let buckets: Vec<(f64, u64)> =
            self.counts.iter().map(|(bound, n)| (*bound, n.unsigned_abs())).collect();
        let n = buckets.iter().map(|(_, n)| n).sum();
        metric.encode_histogram::<NoLabelSet>(self.seconds, n, &buckets, None)
    }
}

async fn look(app: &App) -> Result<Found> {
    let room = room::measure(app).await?;
    let mut conn = app.db.acquire().await?;
    let numbers = admin::numbers(&mut conn).await?;
    let waiting = store::waiting(&mut conn).await?;
    let backup = admin::last_backup(&mut conn).await?;
    let waits = store::waits(&mut conn).await?;
    let durations = store::durations(&mut conn).await?;
    let rejected = store::rejected(&mut conn).await?;
    let kept = quotas::total(&mut conn).await?;
    drop(conn);
    Ok(Found { numbers, waiting, backup, room, kept, waits, durations, rejected })
}

/// Puts everything into `registry`. Where the database is away, that alone is told.
pub async fn collect(app: &App, registry: &mut Registry) {
    let found = look(app).await;
    if let Err(error) = &found {
        tracing::warn!(%error, "the monitor cannot be told what the database holds");
    }
    let up = whole(registry, "database_up", "Whether the database answers");
    up.set(found.is_ok().into());
    tell_condition(registry, facts::known(app).await.as_ref());
    if let Ok(found) = found {
        tell_queue(registry, &found);
        tell_outcomes(registry, &found);
        tell_room(registry, found.room);
        tell_backup(registry, &found.backup, app.clock.now());
        found.kept.iter().for_each(|kept| tell_kept(registry, kept));
        registry.register_collector(Box::new(found.durations));
    }
}

/// As the status page says; also where the database is away.
fn tell_condition(registry: &mut Registry, known: &Known) {
    let open = known.incidents.iter().filter(|incident| incident.ended_at.is_none()).count();
    let open = i64::try_from(open).unwrap_or(i64::MAX);
    whole(registry, "incidents_open", "Incidents that last, of the newest twenty").set(open);
    whole(registry, "files_writable", "Whether a file can be stored and read back")
        .set(known.facts.keeps_files.into());
    let late = known.facts.queue.as_ref().and_then(|queue| queue.mail_late_seconds);
    decimal(
        registry,
        "mail_late_seconds",
        "How long the oldest letter has waited that could not be handed over",
    )
    .set(late.unwrap_or(0.0));
}

/// Where there is a replica.
pub fn tell_replica(app: &App, registry: &mut Registry) {
    if app.replica.pool.is_none() {
        return;
    }
    let is_near = app.replica.condition() == Condition::Near;
    whole(registry, "replica_near", "Whether this server reads boards from the replica").set(is_near.into());
    decimal(registry, "replica_lag_seconds", "How far the replica lagged behind when it last answered")
        .set(app.replica.lag().as_secs_f64());
    registry.register(
        "board_reads",
        "Parts of boards that were read, by who gave them",
        app.replica.reads.clone(),
    );
}

fn tell_queue(registry: &mut Registry, found: &Found) {
    let numbers = &found.numbers;
    let waiting = "Jobs that wait, as far as they are counted";
    whole(registry, "jobs_waiting", waiting).set(numbers.n_waiting);
    tell_ages(registry, &found.waiting);
    whole(registry, "jobs_running", "Jobs that scorers have").set(numbers.n_running);
    whole(registry, "jobs_failed", "Jobs that were given up").set(numbers.n_failed);
    whole(registry, "scorers", "Scorers that take work and were heard of in the last minute")
        .set(numbers.n_scorers);
    whole(registry, "scorers_refusing", "Scorers that take no work, for want of room or of another release")
        .set(numbers.n_refusing_scorers);
    whole(registry, "mails_unsent", "Mails that wait").set(numbers.n_unsent_mails);
}

fn tell_ages(registry: &mut Registry, waiting: &[Waiting]) {
    let urgent = waiting.iter().filter(|waiting| waiting.is_urgent);
    let oldest = urgent.filter_map(|waiting| waiting.oldest_seconds).fold(0.0, f64::max);
    decimal(
        registry,
        "queue_age_seconds",
        "How long the oldest job has waited for a scorer of those that somebody waits for: submissions, checks, hosts' drafts",
    )
    .set(oldest);
    let ages = Family::<Kind, Decimal>::default();
    registry.register(
        "queue_age_by_kind_seconds",
        "How long the oldest waiting job of each kind has waited",
        ages.clone(),
    );
    for waiting in waiting {
        let age = ages.get_or_create(&Kind { kind: waiting.kind.clone() });
        age.set(age.get().max(waiting.oldest_seconds.unwrap_or(0.0)));
    }
    whole(registry, "jobs_put_back", "Waiting jobs that were put back until later: what they need is away")
        .set(waiting.iter().map(|waiting| waiting.n_put_back).sum());
}

/// Of none, nothing is told: `absent()` finds that.
fn tell_backup(registry: &mut Registry, backup: &LastBackup, now: DateTime<Utc>) {
    whole(registry, "backup_failed", "Whether a backup failed since the last that was made")
        .set(backup.failed_at.is_some().into());
    if let Some(made_at) = backup.made_at {
        decimal(registry, "backup_age_seconds", "How old the last backup is that `holdout backup` made")
            .set((now - made_at).as_seconds_f64().max(0.0));
    }
}

/// Of this process.
pub fn tell_open_files(registry: &mut Registry) {
    let (open, most) = (open_files::n_open(), open_files::most());
    whole(registry, "open_files", "Files and connections that this server has open").set(open);
    whole(registry, "open_files_most", "How many it can have open")
        .set(i64::try_from(most).unwrap_or(i64::MAX));
}

fn tell_outcomes(registry: &mut Registry, found: &Found) {
    whole(registry, "scored_lately", "Submissions judged in the last five minutes").set(found.waits.n);
    let latency = Family::<Quantile, Decimal>::default();
    registry.register(
        "score_latency_seconds",
        "From the receipt of a submission to its outcome, of the last five minutes",
        latency.clone(),
    );
    for (quantile, seconds) in ["0.5", "0.9", "0.99"].into_iter().zip(found.waits.quantiles.iter().flatten())
    {
        latency.get_or_create(&Quantile { quantile }).set(*seconds);
    }
    let rejections = Family::<Kind, Gauge>::default();
    registry.register(
        "rejections_lately",
        "Submissions whose file was refused in the last five minutes, by what was wrong",
        rejections.clone(),
    );
    for Rejected { kind, n } in &found.rejected {
        rejections.get_or_create(&Kind { kind: kind.clone() }).set(*n);
    }
}

fn tell_room(registry: &mut Registry, room: Room) {
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    whole(registry, "database_bytes", "Size of the database").set(bytes(room.database_bytes));
    let refusing = whole(registry, "files_refused", "Whether this server's disk is too full to take files");
    refusing.set(room.is_refusing_files.into());
    whole(registry, "files_reserve_bytes", "Kept free on the disk that takes files")
        .set(bytes(room.reserve_bytes));
    if let Some(disk) = room.files {
        whole(registry, "files_free_bytes", "Free on the disk of the files").set(bytes(disk.free_bytes));
        whole(registry, "files_total_bytes", "Size of the disk of the files").set(bytes(disk.total_bytes));
    }
}

fn tell_kept(registry: &mut Registry, kept: &Kept) {
    let bytes = Family::<Kind, Gauge>::default();
    let help = "Files that people sent and that are kept, as added up within the hour";
    registry.register("kept_bytes", help, bytes.clone());
    for (kind, n) in [
        ("data", kept.data_bytes),
        ("submissions", kept.submission_bytes),
        ("notebooks", kept.notebook_bytes),
        ("other", kept.other_bytes),
    ] {
        bytes.get_or_create(&Kind { kind: kind.to_owned() }).set(n);
    }
}

fn whole(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register(name, help, gauge.clone());
    gauge
}

fn decimal(registry: &mut Registry, name: &str, help: &str) -> Decimal {
    let gauge = Decimal::default();
    registry.register(name, help, gauge.clone());
    gauge
}
