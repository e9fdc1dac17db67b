//! EvalAI challenges: `challenge_config.yaml`, pages in HTML, phases with their splits, and an evaluation
//! script.

use chrono::{DateTime, Utc};

use super::adapter::{self, Presented, Runner, Sources};
use super::archive::Refused;
use super::draft::{Draft, Payload};
use super::keys::Keys;
use super::report::Report;
use super::tables::{self, Match, Table};
use super::times;
use super::tree::Tree;
use super::yaml::{self, Node};
use crate::competitions::board_shows::BoardShows;

const LARGEST_TABLE: u64 = 256 << 20;
const PACKAGE: &str = "evaluation_script";

/// The file that describes a challenge: of its usual name, or the only YAML at the root that speaks of
/// challenge phases.
pub fn config(tree: &Tree) -> Option<String> {
    let usual = ["challenge_config.yaml", "challenge_config.yml"];
    let named = usual.iter().find(|name| tree.has(name)).map(|name| (*name).to_owned());
    named.or_else(|| {
        let is_yaml =
            |path: &&str| !path.contains('/') && (path.ends_with(".yaml") || path.ends_with(".yml"));
        let found: Vec<&str> = tree.paths().filter(is_yaml).collect();
        let [only] = found.as_slice() else { return None };
        tree.text(only).ok()?.contains("challenge_phases:").then(|| (*only).to_owned())
    })
}

struct Phase {
    id: i64,
    name: String,
    codename: String,
    description: String,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    annotation: Option<String>,
    per_day: Option<i64>,
    /// It says that participants do not see its board.
    hides_board: bool,
    /// Where it names who may submit, and how many.
    allowed: Option<(String, usize)>,
}

/// What is ranked: a label of a leaderboard, for a phase and a part of the data.
struct Ranked {
    phase: usize,
    split: String,
    label: String,
    is_descending: bool,
    decimals: i64,
    /// Its board is seen by hosts, or by them and who sent a file.
    hides_board: bool,
}

/// # Errors
/// A configuration that cannot be read.
pub fn import(tree: &Tree, sample: Option<&Tree>) -> Result<Draft, Refused> {
    let file = config(tree).unwrap_or_else(|| "challenge_config.yaml".to_owned());
    let root = yaml::read(&file, &tree.text(&file)?)?;
    let mut draft = Draft::new("EvalAI challenge");
    let mut keys = Keys::new(&root, "", &file);
    draft.title(keys.text("title").unwrap_or_default());
    draft.description("short_description", keys.text("short_description").unwrap_or_default());
    pages(&mut draft, tree, &mut keys);
    let phases = phases(&mut draft, tree, &mut keys, &file);
    timeline(&mut draft, &mut keys, &phases);
    let ranked = ranked(&mut draft.report, &mut keys, &phases, &file);
    board(&mut draft, &mut keys, &phases, ranked.as_ref());
    who_may_enter(&mut draft, &mut keys, &phases);
    leave(&mut draft.report, &mut keys);
    let script = keys.text("evaluation_script").map(str::to_owned);
    let is_remote =
        keys.flag("remote_evaluation") == Some(true) || keys.flag("is_docker_based") == Some(true);
    keys.finish(&mut draft.report);
    let outcome = match (script, ranked) {
        _ if is_remote => Err(Refused("It runs on machines of the host, or scores containers.".to_owned())),
        (None, _) => Err(Refused("The configuration names none.".to_owned())),
        (_, None) => Err(Refused("No label of a leaderboard ranks.".to_owned())),
        (Some(script), Some(ranked)) => carry(&mut draft, tree, &script, &phases, &ranked, sample),
    };
    if let Err(refused) = outcome {
        draft.report.not_carried("evaluation_script", refused.to_string());
        draft.report.to_do(
            "metric",
            "Choose a metric of the catalogue ([metric] and name = …), or write metric.py with a function \
             score(solution, submission, row_id_column_name).",
        );
        draft.report.to_do(
            "solution.csv",
            "Add the hidden labels as a table with ids, and name it under [solution].",
        );
    }
    draft.list_unused(tree);
    Ok(draft)
}

fn pages(draft: &mut Draft, tree: &Tree, keys: &mut Keys<'_>) {
    for (key, title) in [
        ("description", "Overview"),
        ("evaluation_details", "Evaluation"),
        ("terms_and_conditions", "Rules"),
        ("submission_guidelines", "Submission guidelines"),
    ] {
        let Some(path) = keys.text(key) else { continue };
        if tree.has(path) {
            draft.page_file(tree, path, title);
        } else if path.ends_with(".html") || path.ends_with(".md") {
            draft.report.not_carried(keys.name(key), format!("There is no “{path}” in the bundle."));
        } else {
            draft.page(title, path);
            draft.report.carried(keys.name(key), format!("Its text is the page “{title}”."));
        }
    }
    if let Some(text) = keys.text("leaderboard_description") {
        let slug = draft.page("Leaderboard notes", text);
        draft
            .report
            .changed(keys.name("leaderboard_description"), format!("It is the page pages/{slug}.md."));
    }
}

fn time(keys: &mut Keys<'_>, key: &'static str, report: &mut Report) -> Option<DateTime<Utc>> {
    let text = keys.text(key)?;
    let read = times::read(text).map(|read| read.at);
    if read.is_none() {
        report.not_carried(keys.name(key), format!("“{text}” is no time that can be read."));
    }
    read
}

fn phases(draft: &mut Draft, tree: &Tree, keys: &mut Keys<'_>, file: &str) -> Vec<Phase> {
    let nodes = keys.list("challenge_phases");
    let read = |(at, node): (usize, &_)| {
        let mut keys = Keys::new(node, format!("challenge_phases[{at}]"), file);
        let phase = phase(&mut draft.report, tree, &mut keys, at as i64);
        leave_out_of_phase(&mut draft.report, &mut keys);
        keys.finish(&mut draft.report);
        phase
    };
    nodes.iter().enumerate().map(read).collect()
}

/// One phase; `number` stands in for an id that is missing.
fn phase(report: &mut Report, tree: &Tree, keys: &mut Keys<'_>, number: i64) -> Phase {
    let description = keys.text("description").unwrap_or_default();
    let described = if tree.has(description) {
        super::html::to_markdown(&tree.text(description).unwrap_or_default()).markdown
    } else {
        description.to_owned()
    };
    Phase {
        id: keys.integer("id").unwrap_or(number),
        name: keys.text("name").unwrap_or_default().to_owned(),
        codename: keys.text("codename").unwrap_or_default().to_owned(),
        description: described,
        starts_at: time(keys, "start_date", report),
        ends_at: time(keys, "end_date", report),
        annotation: keys.text("test_annotation_file").map(str::to_owned),
        per_day: keys.integer("max_submissions_per_day"),
        hides_board: keys.flag("leaderboard_public") == Some(false),
        allowed: listed(keys, "allowed_email_ids"),
    }
}

/// What a phase has and a competition here has not, each with the reason.
fn leave_out_of_phase(report: &mut Report, keys: &mut Keys<'_>) {
    keys.leave(
        report,
        &["max_submissions_per_month"],
        "There is a limit a day and one in all, and none a month.",
    );
    keys.leave(
        report,
        &["max_submissions"],
        "It is of one phase: where a limit should hold from start to end, write total_limit under [limits] in competition.toml.",
    );
    keys.leave(
        report,
        &["max_concurrent_submissions_allowed"],
        "Submissions are scored as scorers are free.",
    );
    keys.leave(
        report,
        &["allowed_submission_file_types"],
        "CSV, gzip or zip of one CSV, and Parquet are taken.",
    );
    keys.leave(
        report,
        &["default_submission_meta_attributes", "submission_meta_attributes"],
        "Submissions carry a note of one line, and no form.",
    );
    keys.skip(&[
        "is_public",
        "is_active",
        "is_submission_public",
        "disable_logs",
        "is_restricted_to_select_one_submission",
        "is_partial_submission_evaluation_enabled",
        "config_id",
        "environment_image",
    ]);
}

/// Whose scores participants see, by the phase that is ranked and the challenge as a whole.
fn board(draft: &mut Draft, keys: &mut Keys<'_>, phases: &[Phase], ranked: Option<&Ranked>) {
    if keys.flag("anonymous_leaderboard") == Some(true) {
        draft.board(&keys.name("anonymous_leaderboard"), BoardShows::NamesHidden);
    }
    let Some(ranked) = ranked else { return };
    if ranked.hides_board {
        draft.board("visibility of the ranked challenge_phase_split", BoardShows::OwnRow);
    } else if phases[ranked.phase].hides_board {
        draft.board("leaderboard_public of the ranked phase", BoardShows::OwnRow);
    }
}

/// A list that is not empty: where it stands, and how long it is. A text may hold several, with commas between them.
fn listed(keys: &mut Keys<'_>, key: &'static str) -> Option<(String, usize)> {
    let node = keys.get(key)?;
    let texts: Vec<&str> = match node.text() {
        Some(text) => text.split(',').collect(),
        None => node.list().iter().filter_map(Node::text).collect(),
    };
    let n = texts.iter().filter(|text| !text.trim().is_empty()).count();
    (n > 0).then(|| (keys.name(key), n))
}

/// A list of who may take part closes the competition: nobody else gets in by the import.
fn who_may_enter(draft: &mut Draft, keys: &mut Keys<'_>, phases: &[Phase]) {
    for (what, n) in phases.iter().filter_map(|phase| phase.allowed.as_ref()) {
        draft
            .closed(what, &format!("Only the addresses that it lists could submit to this phase ({n}): invite them from the bundle."));
    }
    if let Some((what, n)) = listed(keys, "allowed_email_domains") {
        draft.closed(what, &format!("Only people with addresses of its domains could enter ({n})."));
    }
    for key in ["blocked_email_domains", "blocked_emails_domains"] {
        if let Some((what, _)) = listed(keys, key) {
            let words = "Addresses of these domains cannot be shut out here.";
            let to_do = "To keep people of these domains out, set visibility = \"invitation\" and invite everybody else.";
            draft.report.not_carried(&what, words);
            draft.report.to_do(what, to_do);
        }
    }
}

fn timeline(draft: &mut Draft, keys: &mut Keys<'_>, phases: &[Phase]) {
    let starts_at = time(keys, "start_date", &mut draft.report);
    let ends_at = time(keys, "end_date", &mut draft.report);
    let first = phases.iter().filter_map(|phase| phase.starts_at).min();
    let last = phases.iter().filter_map(|phase| phase.ends_at).max();
    draft.timeline(starts_at.or(first), ends_at.or(last));
    if let Some(limit) = phases.last().and_then(|phase| phase.per_day) {
        draft.daily_limit("max_submissions_per_day of the last phase", limit);
    }
    if phases.is_empty() {
        return;
    }
    let at = |at: Option<DateTime<Utc>>| {
        at.map_or("no date".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
    };
    let text: String = phases
        .iter()
        .map(|phase| {
            format!(
                "## {}\n\nFrom {} to {}.\n\n{}\n\n",
                phase.name,
                at(phase.starts_at),
                at(phase.ends_at),
                phase.description.trim()
            )
        })
        .collect();
    let slug = draft.page("Phases", &text);
    draft.report.changed(
        "challenge_phases",
        format!(
            "Their names, times and descriptions are the page pages/{slug}.md. The competition is one: public scores while \
             it is open, private ones at the end."
        ),
    );
}

/// The label by which the last phase is ranked.
fn ranked(report: &mut Report, keys: &mut Keys<'_>, phases: &[Phase], file: &str) -> Option<Ranked> {
    let splits: Vec<(i64, String)> = keys
        .list("dataset_splits")
        .iter()
        .filter_map(|split| Some((split.get("id")?.integer()?, split.get("codename")?.text()?.to_owned())))
        .collect();
    let boards = keys.list("leaderboard");
    let mut best: Option<(i64, usize, &Node)> = None;
    for (at, node) in keys.list("challenge_phase_splits").iter().enumerate() {
        let mut keys = Keys::new(node, format!("challenge_phase_splits[{at}]"), file);
        let phase = keys.integer("challenge_phase_id");
        let phase = phases.iter().position(|known| Some(known.id) == phase);
        let visibility = keys.integer("visibility").unwrap_or(1);
        keys.skip(&[
            "leaderboard_id",
            "dataset_split_id",
            "leaderboard_decimal_precision",
            "is_leaderboard_order_descending",
            "show_execution_time",
            "show_leaderboard_by_latest_submission",
            "show_leaderboard_by_metrics",
        ]);
        keys.finish(report);
        let Some(phase) = phase.filter(|phase| phases[*phase].annotation.is_some()) else { continue };
        let is_better = best.is_none_or(|(seen, of, _)| (phase, visibility) > (of, seen));
        if is_better {
            best = Some((visibility, phase, node));
        }
    }
    let (_, phase, node) = best?;
    let split_id = node.get("dataset_split_id")?.integer()?;
    let split = splits.iter().find(|(id, _)| *id == split_id)?.1.clone();
    let board_id = node.get("leaderboard_id")?.integer()?;
    let board = boards.iter().find(|board| board.get("id").and_then(Node::integer) == Some(board_id))?;
    let (label, others, ascending) = schema(board.get("schema")?)?;
    for (at, other) in phases.iter().enumerate().filter(|(at, _)| *at != phase) {
        report.not_carried(
            format!("scoring of phase {at} “{}”", other.name),
            "A competition has one solution: the last phase's was taken.",
        );
    }
    for other in others {
        report.not_carried(format!("label “{other}”"), "The board has one score.");
    }
    let descending = node.get("is_leaderboard_order_descending").and_then(Node::flag).unwrap_or(true);
    Some(Ranked {
        hides_board: matches!(node.get("visibility").and_then(Node::integer), Some(1 | 2)),
        phase,
        split,
        label,
        is_descending: ascending.map_or(descending, |ascending| !ascending),
        decimals: node.get("leaderboard_decimal_precision").and_then(Node::integer).unwrap_or(2),
    })
}

/// The label that orders, the others, and whether it is said to ascend; a schema may be a text of JSON.
fn schema(node: &Node) -> Option<(String, Vec<String>, Option<bool>)> {
    let parsed;
    let schema = match node.text() {
        Some(text) => {
            parsed = yaml::read("schema", text).ok()?;
            &parsed
        }
        None => node,
    };
    let label = schema.get("default_order_by")?.text()?.to_owned();
    let labels = schema.get("labels").map_or(&[][..], Node::list).iter().filter_map(Node::text);
    let others = labels.filter(|name| *name != label).map(str::to_owned).collect();
    let about = schema.get("metadata").and_then(|metadata| metadata.get(&label));
    let ascending = about.and_then(|about| about.get("sort_ascending")).and_then(Node::flag);
    Some((label, others, ascending))
}

fn leave(report: &mut Report, keys: &mut Keys<'_>) {
    keys.leave(report, &["image"], "A competition has no picture here.");
    keys.leave(report, &["tags", "domain", "list_of_tags", "domain_name"], "Competitions have no tags.");
    keys.leave(report, &["published"], "A competition is a draft until you launch it.");
    keys.leave(
        report,
        &["remote_evaluation", "is_docker_based", "is_static_dataset_code_upload", "queue", "cli_version"],
        "Scores are computed by Holdout's own scorers.",
    );
}

fn carry(
    draft: &mut Draft,
    tree: &Tree,
    script: &str,
    phases: &[Phase],
    ranked: &Ranked,
    sample: Option<&Tree>,
) -> Result<(), Refused> {
    let script = script.trim_end_matches('/');
    mark(tree, script, phases);
    let sources = Sources::of(&tree.part(script)?, &format!("{PACKAGE}/"));
    if !sources.python.contains_key(&format!("{PACKAGE}/__init__.py")) {
        return Err(Refused("It is no package of Python: __init__.py is missing.".to_owned()));
    }
    let phase = &phases[ranked.phase];
    let annotation = phase.annotation.as_deref().unwrap_or_default();
    let pair = Pair::read(tree, annotation, sample)?;
    let missing = sources.missing_modules();
    if !missing.is_empty() {
        return Err(Refused(format!("It loads what the sandbox has not: {}.", missing.join(", "))));
    }
    let runner = Runner::EvalAi {
        reference: Presented {
            file: annotation.rsplit('/').next().unwrap_or(annotation),
            form: &pair.truths.form,
        },
        submission: Presented { file: pair.sent, form: &pair.predictions.form },
        package: PACKAGE,
        phase: &phase.codename,
        split: &ranked.split,
        score: &ranked.label,
    };
    let origin = format!("Scores as the evaluation script of “{}” does.", draft.contents.title);
    let module = adapter::write(&origin, &sources, &runner).map_err(Refused)?;
    draft.module(module, Some(ranked.is_descending));
    draft.contents.score_decimals = i32::try_from(ranked.decimals.clamp(0, 12)).unwrap_or(2);
    let id = tables::id_name(&pair.matching, &pair.truths, &pair.predictions);
    draft.solution = Some(Payload::Made(tables::csv(&pair.truths, &pair.matching, &id)));
    let form = tables::csv(&pair.predictions, &pair.matching, &id);
    draft.made("sample_submission.csv", "sample_submission", "The form of a submission", form);
    draft.report.carried(
        "evaluation_script",
        format!(
            "It is embedded in metric.py, which calls evaluate() with the phase “{}” and takes “{}” of the split “{}”. Everybody \
             who sees the competition can read metric.py: look that no label is in it.",
            phase.codename, ranked.label, ranked.split
        ),
    );
    tell_of_rows(&mut draft.report, annotation, &pair.matching, &id);
    tell_of_sources(&mut draft.report, &sources);
    Ok(())
}

/// What is carried is not told as left behind.
fn mark(tree: &Tree, script: &str, phases: &[Phase]) {
    let start = format!("{script}/");
    tree.paths().filter(|path| *path == script || path.starts_with(&start)).for_each(|path| tree.mark(path));
    phases.iter().filter_map(|phase| phase.annotation.as_deref()).for_each(|path| tree.mark(path));
}

/// Truths and a submission whose rows belong together.
struct Pair<'a> {
    truths: Table,
    predictions: Table,
    /// The submission's file.
    sent: &'a str,
    matching: Match,
}

impl<'a> Pair<'a> {
    fn read(tree: &Tree, annotation: &str, sample: Option<&'a Tree>) -> Result<Self, Refused> {
        let truths = table(tree, annotation, "label").ok_or_else(|| {
            Refused(format!(
                "The annotations ({annotation}) are no table of text: a metric is given rows of a table."
            ))
        })?;
        let sample = sample.ok_or_else(|| {
            Refused(
                "The configuration holds no submission, so the form of one is not known. Import it again with --sample FILE: \
                 a result as participants would send it."
                    .to_owned(),
            )
        })?;
        let sent = sample.only().ok_or_else(|| Refused("The sample is no single file.".to_owned()))?;
        let predictions = table(sample, sent, "prediction")
            .ok_or_else(|| Refused("The sample submission is no table of text.".to_owned()))?;
        let matching = tables::matching(&truths, &predictions).ok_or_else(|| {
            Refused(format!(
                "The annotations have {} rows and the sample {}, and no column of ids is in both.",
                truths.rows.len(),
                predictions.rows.len()
            ))
        })?;
        Ok(Self { truths, predictions, sent, matching })
    }
}

fn tell_of_rows(report: &mut Report, annotation: &str, matching: &Match, id: &str) {
    report.carried(annotation, "It is solution.csv, which is sealed before it is sent.");
    report.changed("submissions", format!("They are CSV with the column “{id}” and a header."));
    if *matching == Match::Order {
        report.changed(
            "order of rows",
            format!("Rows were matched by their order: now by the column “{id}”, which was made."),
        );
    }
    report.changed(
        "public and private rows",
        "The challenge splits no rows: a scorer makes 30% of them public.",
    );
}

fn tell_of_sources(report: &mut Report, sources: &Sources) {
    for other in &sources.other {
        report.not_carried(
            format!("file {other} of the evaluation script"),
            "Only Python sources are embedded: everybody can read them.",
        );
    }
    for name in sources.idle_modules() {
        report.to_do(
            "evaluation_script",
            format!("It loads “{name}”, which can do nothing in the sandbox: see that it scores without."),
        );
    }
}

fn table(tree: &Tree, path: &str, names: &str) -> Option<Table> {
    let bytes = tree.read(path, LARGEST_TABLE).ok()?;
    tables::read(&String::from_utf8(bytes).ok()?, names)
}
