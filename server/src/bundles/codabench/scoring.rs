//! The scoring program: whether the sandbox can run it, and the tables that it reads.

use super::model::{Bundle, Column, Task};
use super::{mark_all, write_it_yourself};
use crate::bundles::adapter::{self, Presented, Runner, Sources};
use crate::bundles::archive::Refused;
use crate::bundles::draft::{Draft, Payload};
use crate::bundles::tables::{self, Table};
use crate::bundles::tree::Tree;
use crate::bundles::yaml;

/// Largest table that is read whole.
const LARGEST_TABLE: u64 = 256 << 20;

/// Carries metric, solution and sample submission over, or says why not.
pub(super) fn carry(draft: &mut Draft, tree: &Tree, bundle: &Bundle, sample: Option<&Tree>) {
    let Some(task) = chosen_task(draft, bundle) else {
        draft.report.not_carried("tasks", "The bundle describes no task with a scoring program.");
        write_it_yourself(&mut draft.report);
        return;
    };
    let Some(column) = ranked_column(draft, bundle) else {
        draft.report.not_carried("leaderboards", "No column ranks: it is not known which score counts.");
        write_it_yourself(&mut draft.report);
        return;
    };
    if let Some(program) = &task.ingestion_program {
        draft.report.not_carried(
            format!("ingestion_program of “{}”", task.name),
            "Submissions of code are not run; results are scored.",
        );
        mark_all(tree, program);
    }
    let (scoring, reference) = (task.scoring_program.as_deref(), task.reference_data.as_deref());
    for path in [scoring, reference].into_iter().flatten() {
        mark_all(tree, path);
    }
    if let Err(refused) = try_carry(draft, tree, bundle, task, column, sample) {
        draft.report.not_carried(format!("scoring program of “{}”", task.name), refused.to_string());
        write_it_yourself(&mut draft.report);
    }
}

/// The task of the last phase: the final ranking is made with it.
fn chosen_task<'a>(draft: &mut Draft, bundle: &'a Bundle) -> Option<&'a Task> {
    let wanted = bundle.phases.last().map(|phase| phase.tasks.clone()).unwrap_or_default();
    let chosen = bundle
        .tasks
        .iter()
        .find(|task| wanted.contains(&task.index) && task.scoring_program.is_some())
        .or_else(|| bundle.tasks.iter().find(|task| task.scoring_program.is_some()))?;
    for task in bundle.tasks.iter().filter(|task| task.index != chosen.index) {
        draft.report.not_carried(
            format!("task “{}”", task.name),
            format!("A competition has one task: “{}”, which the last phase scores, was taken.", chosen.name),
        );
    }
    Some(chosen)
}

fn ranked_column<'a>(draft: &mut Draft, bundle: &'a Bundle) -> Option<&'a Column> {
    let (first, rest) = bundle.columns.split_first()?;
    for column in rest {
        draft.report.not_carried(
            format!("leaderboard column “{}”", column.title),
            "The board has one score; equal scores are ranked by the earlier submission.",
        );
    }
    if first.is_computed || first.key.is_empty() {
        draft.report.not_carried(
            format!("leaderboard column “{}”", first.title),
            "It is computed from other columns, which the board has not.",
        );
        return None;
    }
    draft.contents.score_decimals = i32::try_from(first.precision.clamp(0, 12)).unwrap_or(2);
    let order = if first.is_descending { "higher is better" } else { "lower is better" };
    draft.report.carried(
        format!("leaderboard column “{}”", first.title),
        format!("It ranks: {order}, shown with {} decimals.", draft.contents.score_decimals),
    );
    Some(first)
}

fn refused<T>(sentence: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(sentence.into()))
}

fn try_carry(
    draft: &mut Draft,
    tree: &Tree,
    bundle: &Bundle,
    task: &Task,
    column: &Column,
    sample: Option<&Tree>,
) -> Result<(), Refused> {
    let program = tree.part(task.scoring_program.as_deref().unwrap_or_default())?;
    let sources = Sources::of(&program, "");
    let command = command(&program)?;
    let Some(reference) = &task.reference_data else {
        return refused("It has no reference data: there is nothing to hide.");
    };
    let (reference_file, truths) = only_table(&tree.part(reference)?, "reference data", "label")?;
    let (submission_file, predictions) = sample_table(tree, bundle, task, sample)?;
    let Some(matching) = tables::matching(&truths, &predictions) else {
        return refused(format!(
            "The reference data have {} rows and the sample submission {}, and no column of ids is in both: rows \
             cannot be matched.",
            truths.rows.len(),
            predictions.rows.len()
        ));
    };
    if truths.form.columns.iter().any(|name| name.eq_ignore_ascii_case("usage")) {
        return refused(
            "The reference data have a column “Usage”, which here tells public rows from private ones.",
        );
    }
    let missing = sources.missing_modules();
    if !missing.is_empty() {
        return refused(format!("It loads what the sandbox has not: {}.", missing.join(", ")));
    }
    let id = tables::id_name(&matching, &truths, &predictions);
    let module = adapter::write(
        &format!("Scores as the scoring program of “{}” does.", bundle.title),
        &sources,
        &Runner::Codabench {
            reference: Presented { file: &reference_file, form: &truths.form },
            submission: Presented { file: &submission_file, form: &predictions.form },
            command: &command,
            score: &column.key,
        },
    )
    .map_err(Refused)?;
    draft.module(module, Some(column.is_descending));
    draft.solution = Some(Payload::Made(tables::csv(&truths, &matching, &id)));
    let form = tables::csv(&predictions, &matching, &id);
    draft.made("sample_submission.csv", "sample_submission", "The form of a submission", form);
    tell(draft, &sources, &matching, &id, &reference_file, &submission_file);
    Ok(())
}

fn tell(
    draft: &mut Draft,
    sources: &Sources,
    matching: &tables::Match,
    id: &str,
    reference_file: &str,
    submission_file: &str,
) {
    let report = &mut draft.report;
    report.carried(
        "scoring program",
        "It is embedded in metric.py, which runs it in the sandbox: once for the public rows, once for the private \
         ones. Everybody who sees the competition can read metric.py with the program's sources: look that no label \
         is in them.",
    );
    report.carried(
        format!("reference data ({reference_file})"),
        "They are solution.csv, which is sealed before it is sent.",
    );
    report.changed(
        format!("sample submission ({submission_file})"),
        format!("It is data/sample_submission.csv: submissions are CSV with the column “{id}” and a header."),
    );
    if *matching == tables::Match::Order {
        report.changed(
            "order of rows",
            format!("Rows were matched by their order: now by the column “{id}”, which was made."),
        );
    }
    report.changed(
        "public and private rows",
        "The bundle splits no rows: a scorer makes 30% of them public. Add a column “Usage” to solution.csv to choose them.",
    );
    for name in &sources.other {
        report.not_carried(
            format!("file {name} of the scoring program"),
            "Only Python sources are embedded: everybody can read them, and other files might hold labels.",
        );
    }
    for name in sources.idle_modules() {
        report.to_do(
            "scoring program",
            format!("It loads “{name}”, which can do nothing in the sandbox: see that it scores without."),
        );
    }
}

/// The only table of a folder.
fn only_table(part: &Tree, what: &str, names: &str) -> Result<(String, Table), Refused> {
    let Some(path) = part.only() else {
        let files: Vec<&str> = part.paths().take(5).collect();
        return refused(format!(
            "The {what} are several files ({}…): one table is needed, as a metric is given one.",
            files.join(", ")
        ));
    };
    let bytes = part.read(path, LARGEST_TABLE)?;
    let table = String::from_utf8(bytes).ok().and_then(|text| tables::read(&text, names));
    match table {
        Some(table) => Ok((path.to_owned(), table)),
        None => {
            refused(format!("The {what} ({path}) are no table of text: a metric is given rows of a table."))
        }
    }
}

fn sample_table(
    tree: &Tree,
    bundle: &Bundle,
    task: &Task,
    sample: Option<&Tree>,
) -> Result<(String, Table), Refused> {
    if let Some(sample) = sample {
        return only_table(sample, "sample submission's contents", "prediction");
    }
    let named = bundle.solutions.iter().find(|(_, tasks)| tasks.is_empty() || tasks.contains(&task.index));
    let Some((path, _)) = named else {
        return refused(
            "The bundle has no sample submission (solutions), so the form of a submission is not known. Import it \
             again with --sample FILE: a result as participants would send it.",
        );
    };
    mark_all(tree, path);
    let part = tree.part(path)?;
    if part.paths().any(|name| name == "metadata" || name == "metadata.yaml" || name.ends_with(".py")) {
        return refused(
            "The bundle's sample submission is code, and code is not run. Import it again with --sample FILE: a result \
             as participants would send it.",
        );
    }
    only_table(&part, "sample submission's contents", "prediction")
}

/// The script and its arguments, as `metadata` or `metadata.yaml` has them.
fn command(program: &Tree) -> Result<Vec<String>, Refused> {
    let file = ["metadata.yaml", "metadata"].into_iter().find(|name| program.has(name));
    let Some(file) = file else {
        return refused("It has no metadata file that tells how it is run.");
    };
    let text = program.text(file)?;
    // Some of these files are no YAML but in the line that counts.
    let line = || text.lines().find_map(|line| Some(line.trim().strip_prefix("command:")?.trim().to_owned()));
    let named = yaml::read(file, &text).ok().and_then(|root| Some(root.get("command")?.text()?.to_owned()));
    let Some(command) = named.or_else(line).filter(|command| !command.is_empty()) else {
        return refused(format!("Its {file} names no command."));
    };
    let words = words(&substituted(&command))
        .ok_or_else(|| Refused(format!("Its command cannot be read: {command}")))?;
    let mut words = words.into_iter();
    let interpreter = words.next().unwrap_or_default();
    let name = interpreter.rsplit('/').next().unwrap_or_default();
    if !name.starts_with("python") {
        return refused(format!("Its command is no Python script: {command}"));
    }
    let mut words = words.skip_while(|word| word.starts_with('-'));
    let script = words.next().unwrap_or_default();
    let script = script.strip_prefix("/app/program/").unwrap_or(&script).trim_start_matches("./").to_owned();
    if !script.ends_with(".py") || !program.has(&script) {
        return refused(format!(
            "Its command runs “{script}”, which is no Python script of the program: {command}"
        ));
    }
    Ok(std::iter::once(script).chain(words).collect())
}

/// The variables that commands of CodaLab have, in the order in which they were put in.
fn substituted(command: &str) -> String {
    let variables = [
        ("$input", "/app/input"),
        ("$output", "/app/output"),
        ("$program", "/app/program"),
        ("$ingestion_program", "/app/program"),
        ("$hidden", "/app/input/ref"),
        ("$shared", "/app/shared"),
        ("$submission_program", "/app/ingested_program"),
        ("$tmp", "/app/output"),
        ("$predictions", "/app/input/res"),
    ];
    variables.iter().fold(command.to_owned(), |command, (name, path)| command.replace(name, path))
}

/// Words as a shell takes them apart; `None` for what only a shell can do.
fn words(command: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in command.trim().chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (None, ';' | '|' | '&' | '<' | '>' | '$' | '`' | '\n') => return None,
            (None, _) if letter.is_whitespace() => found.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    found.extend(word);
    quote.is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_apart() {
        assert_eq!(words("python3 -u 'a b.py' \"\" x").expect("words"), ["python3", "-u", "a b.py", "", "x"]);
        assert_eq!(words("python a.py && rm x"), None);
        assert_eq!(
            substituted("python $program/score.py $input $output"),
            "python /app/program/score.py /app/input /app/output"
        );
    }
}
