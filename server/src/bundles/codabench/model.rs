//! A Codabench bundle as it is described, of version 2 or of CodaLab's before it.

use chrono::{DateTime, Utc};

use crate::bundles::keys::Keys;
use crate::bundles::report::Report;
use crate::bundles::times;
use crate::bundles::yaml::Node;

#[derive(Debug, Default)]
pub struct Bundle {
    pub title: String,
    pub description: String,
    pub terms: Option<String>,
    /// Title and file.
    pub pages: Vec<(String, String)>,
    pub tasks: Vec<Task>,
    /// In their order.
    pub phases: Vec<Phase>,
    /// Of the first leaderboard, in their order.
    pub columns: Vec<Column>,
    /// Sample submissions: their path, with the tasks they are for.
    pub solutions: Vec<(String, Vec<i64>)>,
    pub shows_input_data: bool,
    pub is_by_approval: bool,
    /// Participants do not see the board.
    pub is_board_hidden: bool,
    /// They see it without names.
    pub is_board_anonymous: bool,
}

#[derive(Debug, Default, Clone)]
pub struct Task {
    pub index: i64,
    pub name: String,
    pub scoring_program: Option<String>,
    pub reference_data: Option<String>,
    pub input_data: Option<String>,
    pub ingestion_program: Option<String>,
}

#[derive(Debug, Default, Clone)]
pub struct Phase {
    pub name: String,
    pub description: String,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub tasks: Vec<i64>,
    pub per_day: i64,
    /// Of the whole phase.
    pub in_all: Option<i64>,
    pub public_data: Option<String>,
    pub starting_kit: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub title: String,
    pub key: String,
    pub is_descending: bool,
    pub precision: i64,
    pub is_computed: bool,
}

/// What the platform takes where a phase names no limit.
const USUAL_PER_DAY: i64 = 5;

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Reads a time and says what Codabench would have made of it.
fn time(keys: &mut Keys<'_>, key: &'static str, report: &mut Report) -> Option<DateTime<Utc>> {
    let text = keys.text(key)?;
    let Some(read) = times::read(text) else {
        report.not_carried(keys.name(key), format!("“{text}” is no time that can be read."));
        return None;
    };
    if read.has_time {
        report.changed(
            keys.name(key),
            format!(
                "{} is kept as written. Codabench cuts a time to midnight and drops its zone, against its own \
                 documentation.",
                read.at.format("%Y-%m-%d %H:%M UTC")
            ),
        );
    }
    Some(read.at)
}

/// Version 2.
pub fn read_v2(root: &Node, file: &str, report: &mut Report) -> Bundle {
    let mut keys = Keys::new(root, "", file);
    keys.get("version");
    let mut bundle = Bundle {
        title: keys.text("title").unwrap_or_default().to_owned(),
        description: keys.text("description").unwrap_or_default().to_owned(),
        terms: owned(keys.text("terms")),
        shows_input_data: keys.flag("make_input_data_available").unwrap_or(false),
        // Left out, the platform takes it for false.
        is_by_approval: keys.flag("registration_auto_approve") != Some(true),
        ..Bundle::default()
    };
    pages_v2(&mut keys, &mut bundle, file, report);
    for (at, task) in keys.list("tasks").iter().enumerate() {
        bundle.tasks.push(task_v2(task, at, file, report));
    }
    let mut phases: Vec<(i64, Phase)> = Vec::new();
    for (at, phase) in keys.list("phases").iter().enumerate() {
        let index = phase.get("index").and_then(Node::integer).unwrap_or(at as i64);
        phases.push((index, phase_v2(phase, at, file, report)));
    }
    phases.sort_by_key(|(index, _)| *index);
    bundle.phases = phases.into_iter().map(|(_, phase)| phase).collect();
    solutions_v2(&mut keys, &mut bundle, file, report);
    leaderboards(&mut keys, &mut bundle, file, report);
    for (names, why) in LEFT_V2 {
        keys.leave(report, names, why);
    }
    keys.finish(report);
    bundle
}

/// What a bundle of version 2 says and a competition does not have, and why.
const LEFT_V2: [(&[&str], &str); 9] = [
    (&["image"], "A competition has no picture here."),
    (&["docker_image", "queue"], "Scores are computed by Holdout's own scorers, without containers."),
    (&["contact_email"], "Write it on a page, if it is to be public."),
    (&["reward"], "Write it on a page."),
    (&["fact_sheet"], "Submissions carry a note of one line, and no form."),
    (&["competition_type", "make_programs_available"], "There is no such setting."),
    (
        &[
            "enable_detailed_results",
            "show_detailed_results_in_submission_panel",
            "show_detailed_results_in_leaderboard",
        ],
        "A submission has a score and, where it is wrong, a reason; no page of its own.",
    ),
    (&["auto_run_submissions"], "Every submission is scored at once."),
    (&["can_participants_make_submissions_public", "forum_enabled"], "There is no such setting."),
];

fn pages_v2(keys: &mut Keys<'_>, bundle: &mut Bundle, file: &str, report: &mut Report) {
    for (at, page) in keys.list("pages").iter().enumerate() {
        let mut page = Keys::new(page, format!("pages[{at}]"), file);
        page.get("index");
        let (title, path) = (page.text("title"), page.text("file"));
        if let Some(path) = path {
            bundle.pages.push((title.unwrap_or("Page").to_owned(), path.to_owned()));
        }
        page.finish(report);
    }
}

fn solutions_v2(keys: &mut Keys<'_>, bundle: &mut Bundle, file: &str, report: &mut Report) {
    for (at, solution) in keys.list("solutions").iter().enumerate() {
        let mut solution = Keys::new(solution, format!("solutions[{at}]"), file);
        let tasks = solution.list("tasks").iter().filter_map(Node::integer).collect();
        solution.skip(&["index", "name", "description"]);
        if let Some(path) = solution.text("path") {
            bundle.solutions.push((path.to_owned(), tasks));
        }
        solution.leave(report, &["key"], "It names an object on the server that the bundle came from.");
        solution.finish(report);
    }
}

fn task_v2(task: &Node, at: usize, file: &str, report: &mut Report) -> Task {
    let mut keys = Keys::new(task, format!("tasks[{at}]"), file);
    keys.skip(&["description", "is_public", "ingestion_only_during_scoring"]);
    let read = Task {
        index: keys.integer("index").unwrap_or(at as i64),
        name: keys.text("name").unwrap_or_default().to_owned(),
        scoring_program: owned(keys.text("scoring_program")),
        reference_data: owned(keys.text("reference_data")),
        input_data: owned(keys.text("input_data")),
        ingestion_program: owned(keys.text("ingestion_program")),
    };
    keys.leave(
        report,
        &["key"],
        "It names an object on the server that the bundle came from, which is not in the bundle.",
    );
    keys.finish(report);
    read
}

fn phase_v2(phase: &Node, at: usize, file: &str, report: &mut Report) -> Phase {
    let mut keys = Keys::new(phase, format!("phases[{at}]"), file);
    keys.get("index");
    keys.get("solutions");
    let read = Phase {
        name: keys.text("name").unwrap_or_default().to_owned(),
        description: keys.text("description").unwrap_or_default().to_owned(),
        starts_at: time(&mut keys, "start", report),
        ends_at: time(&mut keys, "end", report),
        tasks: keys.list("tasks").iter().filter_map(Node::integer).collect(),
        per_day: keys.integer("max_submissions_per_day").unwrap_or(USUAL_PER_DAY),
        in_all: keys.integer("max_submissions"),
        public_data: owned(keys.text("public_data")),
        starting_kit: owned(keys.text("starting_kit")),
    };
    phase_rest(&mut keys, report);
    keys.finish(report);
    read
}

fn phase_rest(keys: &mut Keys<'_>, report: &mut Report) {
    keys.leave(report, &["execution_time_limit"], "Who runs the installation bounds the time of scoring.");
    keys.leave(
        report,
        &["auto_migrate_to_this_phase", "auto_migration"],
        "One competition has one set of submissions: public scores while it is open, private ones at its end.",
    );
    keys.leave(
        report,
        &["hide_output", "hide_prediction_output", "hide_score_output"],
        "Outputs are never shown.",
    );
    keys.leave(report, &["accepts_only_result_submissions"], "Submissions are results in any case.");
}

fn leaderboards(keys: &mut Keys<'_>, bundle: &mut Bundle, file: &str, report: &mut Report) {
    // The reader takes the plural alone; the documentation of the format shows the singular.
    let all = [keys.list("leaderboards"), keys.list("leaderboard")].concat();
    for (at, board) in all.iter().enumerate() {
        let mut board = Keys::new(board, format!("leaderboards[{at}]"), file);
        board.skip(&["title", "key", "index"]);
        let is_hidden = board.flag("hidden").unwrap_or(false);
        bundle.is_board_hidden |= at == 0 && is_hidden;
        board.leave(
            report,
            &["submission_rule"],
            "A team's best public score stands on the board; at the end the submissions that it selected count.",
        );
        let mut columns: Vec<(i64, Column)> = Vec::new();
        for (number, column) in board.list("columns").iter().enumerate() {
            let mut keys = Keys::new(column, format!("leaderboards[{at}].columns[{number}]"), file);
            let computation = keys.get("computation").is_some();
            keys.get("computation_indexes");
            keys.leave(report, &["hidden"], "The board has one column of scores.");
            let index = keys.integer("index").unwrap_or(number as i64);
            columns.push((
                index,
                Column {
                    title: keys.text("title").unwrap_or_default().to_owned(),
                    key: keys.text("key").unwrap_or_default().to_owned(),
                    is_descending: keys.text("sorting") != Some("asc"),
                    precision: keys.integer("precision").unwrap_or(2),
                    is_computed: computation,
                },
            ));
            keys.finish(report);
        }
        board.finish(report);
        columns.sort_by_key(|(index, _)| *index);
        if at == 0 {
            bundle.columns = columns.into_iter().map(|(_, column)| column).collect();
        } else {
            report.not_carried(format!("leaderboards[{at}]"), "A competition has one leaderboard.");
        }
    }
}

/// CodaLab 1.5 and 1.8: phases in a map, each with data of its own.
pub fn read_v1(root: &Node, file: &str, report: &mut Report) -> Bundle {
    let mut keys = Keys::new(root, "", file);
    let mut bundle = Bundle {
        title: keys.text("title").unwrap_or_default().to_owned(),
        description: keys.text("description").unwrap_or_default().to_owned(),
        is_by_approval: keys.flag("has_registration").unwrap_or(false),
        is_board_anonymous: keys.flag("anonymous_leaderboard").unwrap_or(false),
        ..Bundle::default()
    };
    pages_v1(&mut keys, &mut bundle);
    phases_v1(&mut keys, &mut bundle, file, report);
    columns_v1(&mut keys, &mut bundle, file, report);
    for (names, why) in LEFT_V1 {
        keys.leave(report, names, why);
    }
    keys.leave(report, &UNKNOWN_V1, "There is no such setting.");
    keys.finish(report);
    bundle
}

/// What a bundle of version 1 says and a competition does not have, and why.
const LEFT_V1: [(&[&str], &str); 4] = [
    (&["image"], "A competition has no picture here."),
    (&["competition_docker_image"], "Scores are computed by Holdout's own scorers, without containers."),
    (&["admin_names"], "They are accounts of the platform that the bundle came from."),
    (&["enable_detailed_results"], "A submission has a score and, where it is wrong, a reason."),
];

const UNKNOWN_V1: [&str; 9] = [
    "allow_public_submissions",
    "allow_teams",
    "disallow_leaderboard_modifying",
    "enable_forum",
    "enable_per_submission_metadata",
    "force_submission_to_leaderboard",
    "show_datasets_from_yaml",
    "enable_medical_image_viewer",
    "reward",
];

fn pages_v1(keys: &mut Keys<'_>, bundle: &mut Bundle) {
    for (name, page) in keys.get("html").map_or(&[][..], Node::entries) {
        let Some(path) = page.text() else { continue };
        if name == "terms" {
            bundle.terms = Some(path.to_owned());
        } else {
            bundle.pages.push((crate::folder::title_of(&name.replace('_', "-")), path.to_owned()));
        }
    }
}

/// In the order of their numbers; each ends where the next begins.
fn phases_v1(keys: &mut Keys<'_>, bundle: &mut Bundle, file: &str, report: &mut Report) {
    let last_end = time(keys, "end_date", report);
    let mut phases: Vec<(i64, &Node)> = keys
        .get("phases")
        .map_or(&[][..], Node::entries)
        .iter()
        .enumerate()
        .map(|(at, (_, phase))| {
            (phase.get("phasenumber").and_then(Node::integer).unwrap_or(at as i64), phase)
        })
        .collect();
    phases.sort_by_key(|(number, _)| *number);
    for (at, (_, phase)) in phases.into_iter().enumerate() {
        let is_parent = phase.get("is_parallel_parent").and_then(Node::flag) == Some(true);
        let (read, task) = phase_v1(phase, at, file, report);
        if is_parent {
            report.not_carried(
                format!("phases[{at}] “{}”", read.name),
                "It only gathers the scores of other phases: a competition here has one task.",
            );
            continue;
        }
        bundle.tasks.push(task);
        bundle.phases.push(read);
    }
    let starts: Vec<_> = bundle.phases.iter().map(|phase| phase.starts_at).collect();
    for (at, phase) in bundle.phases.iter_mut().enumerate() {
        phase.ends_at = starts.get(at + 1).copied().flatten().or(last_end);
    }
}

fn phase_v1(phase: &Node, at: usize, file: &str, report: &mut Report) -> (Phase, Task) {
    let mut keys = Keys::new(phase, format!("phases[{at}]"), file);
    keys.skip(&[
        "phasenumber",
        "color",
        "is_scoring_only",
        "is_parallel_parent",
        "parent_phasenumber",
        "datasets",
        "hidden_columns",
        "ingestion_program_only_during_scoring",
        "leaderboard_management_mode",
    ]);
    let index = at as i64;
    let task = Task {
        index,
        name: keys.text("label").unwrap_or_default().to_owned(),
        scoring_program: owned(keys.text("scoring_program")),
        reference_data: owned(keys.text("reference_data")),
        input_data: owned(keys.text("input_data")),
        ingestion_program: owned(keys.text("ingestion_program")),
    };
    let read = Phase {
        name: task.name.clone(),
        description: keys.text("description").unwrap_or_default().to_owned(),
        starts_at: time(&mut keys, "start_date", report),
        ends_at: None,
        tasks: vec![index],
        per_day: keys.integer("max_submissions_per_day").unwrap_or(USUAL_PER_DAY),
        in_all: keys.integer("max_submissions"),
        public_data: owned(keys.text("public_data")),
        starting_kit: owned(keys.text("starting_kit")),
    };
    phase_rest(&mut keys, report);
    keys.finish(report);
    (read, task)
}

fn columns_v1(keys: &mut Keys<'_>, bundle: &mut Bundle, file: &str, report: &mut Report) {
    let Some(board) = keys.get("leaderboard") else { return };
    let mut board = Keys::new(board, "leaderboard", file);
    board.get("leaderboards");
    board.leave(report, &["column_groups"], "The board has one column of scores.");
    let mut columns: Vec<(i64, Column)> = Vec::new();
    for (key, column) in board.get("columns").map_or(&[][..], Node::entries) {
        let mut keys = Keys::new(column, format!("leaderboard.columns.{key}"), file);
        keys.skip(&["leaderboard", "column_group"]);
        keys.leave(report, &["hidden"], "The board has one column of scores.");
        let computed = keys.get("computed").is_some();
        columns.push((
            keys.integer("rank").unwrap_or(0),
            Column {
                title: keys.text("label").unwrap_or(key).to_owned(),
                key: key.clone(),
                is_descending: keys.text("sort") != Some("asc"),
                precision: keys.integer("numeric_format").unwrap_or(2),
                is_computed: computed,
            },
        ));
        keys.finish(report);
    }
    board.finish(report);
    columns.sort_by_key(|(rank, _)| *rank);
    bundle.columns = columns.into_iter().map(|(_, column)| column).collect();
}
