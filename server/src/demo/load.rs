//! Loading: every step looks first whether it was done, so that a load that broke off goes on.

use std::time::Duration;

use anyhow::{Context, bail};
use chrono::TimeDelta;

use super::files::file;
use super::{Baseline, Demo, FOLDERS, store};
use crate::accounts::model::Member;
use crate::api::conditions::whatever_stands;
use crate::app::App;
use crate::competitions::access::{self, Seen, Standing};
use crate::competitions::create::{self, Address};
use crate::competitions::files::{self as data, DataUpload};
use crate::competitions::ladder::Ladder;
use crate::competitions::settings::{Basics, Limits, Timeline};
use crate::competitions::setup::{self, Hindrance};
use crate::competitions::supply::{self, MetricChoice, Sealing};
use crate::competitions::{edit, edit_pages, launch, timeline};
use crate::files::Stored;
use crate::submissions::submit::{Entrant, Upload, submit};
use crate::web::upload::Sink;

/// How long a scorer is waited for at each step.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Makes the demonstrations that are not there yet; waits for scorers to examine them.
///
/// # Errors
/// When no scorer is running, or a demonstration does not pass the examination.
pub async fn load(app: &App) -> anyhow::Result<()> {
    wait_for_scorer(app).await?;
    let host = store::host(&mut *app.db.acquire().await?, app.clock.now())
        .await
        .context("the user name holdout belongs to somebody else")?;
    for folder in FOLDERS {
        load_one(app, &host, folder).await.with_context(|| format!("the demonstration {folder}"))?;
    }
    Ok(())
}

async fn load_one(app: &App, host: &Member, folder: &str) -> anyhow::Result<()> {
    let demo = Demo::read(folder)?;
    let Some(mut seen) = find_or_create(app, host, folder, &demo).await? else {
        tracing::warn!(folder, "a competition that is no demonstration has this address: left alone");
        return Ok(());
    };
    if seen.competition.launched_at.is_none() {
        supply_draft(app, host, &seen, folder, &demo).await?;
        wait_until_examined(app, &seen).await?;
        launch::launch(app, host, &seen, demo.audit_reason.as_deref()).await?;
        seen = see(app, host, folder).await?;
        tracing::info!(folder, "launched a demonstration");
    }
    for baseline in &demo.baselines {
        play(app, host, &seen, folder, baseline).await?;
    }
    Ok(())
}

async fn see(app: &App, host: &Member, folder: &str) -> anyhow::Result<Seen> {
    Ok(access::see_as_host(app, folder, Some(host)).await?)
}

/// `None` where the address belongs to something that is no demonstration.
async fn find_or_create(app: &App, host: &Member, folder: &str, demo: &Demo) -> anyhow::Result<Option<Seen>> {
    let mut conn = app.db.acquire().await?;
    let known = crate::competitions::store::find(&mut conn, folder).await?;
    let competition = match known {
        Some(known) if known.is_demo => known,
        Some(known) if known.created_by != host.id => return Ok(None),
        Some(known) => known,
        None => {
            let basics = Basics::read(&demo.title, folder, &demo.subtitle)?;
            create::create(app, host, basics, Address::Typed).await?
        }
    };
    store::mark(&mut conn, competition.id).await?;
    Ok(Some(Seen {
        competition,
        standing: Standing { is_host: true, is_among_hosts: true, was_host: false, team_id: None },
    }))
}

async fn supply_draft(
    app: &App,
    host: &Member,
    seen: &Seen,
    folder: &str,
    demo: &Demo,
) -> anyhow::Result<()> {
    for (slug, title) in
        [("overview", "Overview"), ("evaluation", "Evaluation"), ("data", "Data"), ("rules", "Rules")]
    {
        let text = std::str::from_utf8(bytes(folder, &format!("pages/{slug}.md"))?)?;
        edit_pages::write_page(app, host, seen, slug, title, text, |_| Ok(())).await?;
    }
    for (name, description) in &demo.files {
        let stored = keep(app, "data", seen.competition.id.0, bytes(folder, name)?).await?;
        let upload = DataUpload { name, role: Demo::role(name), description, note: "", may_replace: false };
        data::put_data(app, host, seen, &upload, &stored, whatever_stands).await?;
    }
    let owner = seen.competition.id.0;
    let (mut sink, recipient) = supply::open_secret(app, "solutions", owner, Sealing::Here).await?;
    sink.write(bytes(folder, "solution.csv")?).await?;
    let sealed = sink.finish().await?;
    supply::put_solution(app, host, seen, &recipient, &sealed).await?;
    let choice = MetricChoice {
        name: demo.metric.clone(),
        params: demo.params.clone(),
        context: demo.context.clone(),
        public_fraction: 0.3,
    };
    timeline::move_times(app, host, seen, &timeline(app, demo)?, "").await?;
    // Small as they are: whoever tries a demonstration is to see what every file comes to.
    let limits = Limits { ladder: Ladder::Off, ..Limits::of(&seen.competition) };
    edit::edit_limits(app, host, seen, limits, None).await?;
    wait_for_metric(app, &demo.metric).await?;
    supply::choose_metric(app, host, seen, &choice, whatever_stands).await?;
    Ok(())
}

fn timeline(app: &App, demo: &Demo) -> anyhow::Result<Timeline> {
    let starts_at = Timeline::proposed(app.clock.now()).starts_at - TimeDelta::days(demo.started_days_ago);
    let ends_at = starts_at + TimeDelta::days(demo.runs_days);
    let deadline = ends_at - TimeDelta::days(7);
    Ok(Timeline { starts_at, entry_deadline_at: deadline, merger_deadline_at: deadline, ends_at }
        .checked()?)
}

/// Enters a baseline once, whatever happens in between.
async fn play(
    app: &App,
    host: &Member,
    seen: &Seen,
    folder: &str,
    baseline: &Baseline,
) -> anyhow::Result<()> {
    let competition = &seen.competition;
    let mut tx = app.db.begin().await?;
    let team_id = store::team(&mut tx, competition.id, &baseline.team, app.clock.now()).await?;
    tx.commit().await?;
    let stored = keep(app, "submissions", competition.id.0, bytes(folder, &baseline.file)?).await?;
    let entrant =
        Entrant { member: host.clone(), competition: competition.clone(), team_id, is_baseline: true };
    let file_name = baseline.file.rsplit('/').next().unwrap_or_default();
    let upload = Upload {
        file_name: file_name.to_owned(),
        arrived: stored.into(),
        description: "A baseline of the demonstration".to_owned(),
        idempotency_key: Some(format!("demo {}", baseline.file)),
    };
    submit(app, &entrant, upload).await?;
    Ok(())
}

fn bytes(folder: &str, name: &str) -> anyhow::Result<&'static [u8]> {
    file(folder, name).with_context(|| format!("{name} is missing"))
}

async fn keep(app: &App, room: &'static str, owner: i64, bytes: &[u8]) -> anyhow::Result<Stored> {
    let mut writing = app.files.create(room, owner).await?;
    writing.write(bytes).await?;
    Ok(writing.finish().await?)
}

async fn wait_for_scorer(app: &App) -> anyhow::Result<()> {
    let asked = tokio::time::Instant::now();
    loop {
        let mut conn = app.db.acquire().await?;
        if crate::competitions::store::judging::recipient(&mut conn).await?.is_some() {
            return Ok(());
        }
        drop(conn);
        if asked.elapsed() > PATIENCE {
            bail!("no scorer has announced itself: start one with `holdout-scorer work`");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn wait_for_metric(app: &App, name: &str) -> anyhow::Result<()> {
    let asked = tokio::time::Instant::now();
    loop {
        let mut conn = app.db.acquire().await?;
        if crate::competitions::store::judging::metric(&mut conn, name).await?.is_some() {
            return Ok(());
        }
        drop(conn);
        if asked.elapsed() > PATIENCE {
            bail!("no scorer computes the metric {name}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn wait_until_examined(app: &App, seen: &Seen) -> anyhow::Result<()> {
    let asked = tokio::time::Instant::now();
    loop {
        let mut conn = app.db.acquire().await?;
        let competition = crate::competitions::store::find_by_id(&mut conn, seen.competition.id)
            .await?
            .context("the draft is gone")?;
        let draft = setup::load(&mut conn, &competition).await?;
        drop(conn);
        if draft.report_is_current() {
            let hindrances = setup::hindrances(&competition, &draft, app.clock.now());
            return if hindrances.is_empty() { Ok(()) } else { bail!("{}", sentences(&hindrances)) };
        }
        if asked.elapsed() > PATIENCE {
            bail!("no scorer examined it within {} seconds", PATIENCE.as_secs());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn sentences(hindrances: &[Hindrance]) -> String {
    hindrances.iter().map(|found| format!("{} {}", found.text, found.fix)).collect::<Vec<_>>().join(" ")
}
