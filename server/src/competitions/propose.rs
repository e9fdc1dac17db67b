//! First drafts of a competition's pages, written from what is known about it. A page stays a
//! proposal, and follows the facts, until its host edits it.
//!
//! Never here: a fact about a hidden label beyond what the host publishes anyway.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use holdout_contract::examine::{Proposal, TargetKind};
use holdout_contract::spec::{Direction, Layout, MetricSpec, ParameterType};
use serde_json::Value;
use sqlx::PgConnection;

use crate::competitions::metric_words::{in_words, layout};
use crate::competitions::model::Competition;
use crate::competitions::store::data::DataFile;
use crate::competitions::store::texts::{TextPage, Writing};
use crate::competitions::{board_shows, ranked, store};
use crate::error::Result;
use crate::ids::CompetitionId;

/// What the drafts are written from.
#[derive(Debug, Clone)]
pub struct Facts {
    pub competition: Competition,
    pub metric: Option<MetricSpec>,
    /// Of the metric.
    pub params: Value,
    pub files: Vec<DataFile>,
    pub proposal: Option<Proposal>,
}

/// A page that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub slug: &'static str,
    pub title: &'static str,
    pub markdown: String,
}

/// Writes the proposals anew from the facts of now; pages that a host edited stay as they are.
///
/// # Errors
/// Those of the database.
pub async fn refresh(conn: &mut PgConnection, id: CompetitionId, now: DateTime<Utc>) -> Result<()> {
    let Some(facts) = gather(conn, id).await? else { return Ok(()) };
    let known = store::texts::all(conn, id).await?;
    for draft in drafts(&facts) {
        let is_wanted = match known.iter().find(|page| page.slug == draft.slug) {
            Some(page) => page.is_proposed && page.markdown != draft.markdown,
            None => facts.competition.launched_at.is_none(),
        };
        if is_wanted {
            let html = crate::folder::links::draw(&facts.competition.slug, &draft.markdown);
            let page = Writing {
                slug: draft.slug,
                title: draft.title,
                markdown: &draft.markdown,
                html: &html,
                is_proposed: true,
            };
            store::texts::save(conn, id, &page, now).await?;
        }
    }
    Ok(())
}

/// The pages as they read now: the proposals of a draft follow what a scorer made of its table, written down or not.
///
/// # Errors
/// Those of the database.
pub async fn pages(conn: &mut PgConnection, competition: &Competition) -> Result<Vec<TextPage>> {
    let mut pages = store::texts::all(conn, competition.id).await?;
    follow(conn, competition, &mut pages).await?;
    Ok(pages)
}

/// As [`pages`], one of them.
///
/// # Errors
/// Those of the database.
pub async fn page(
    conn: &mut PgConnection,
    competition: &Competition,
    slug: &str,
) -> Result<Option<TextPage>> {
    let mut found = store::texts::find(conn, competition.id, slug).await?;
    follow(conn, competition, found.as_mut_slice()).await?;
    Ok(found)
}

/// Has a draft's proposals say what [`refresh`] would write; the launch wrote them down.
///
/// # Errors
/// Those of the database.
pub async fn follow(
    conn: &mut PgConnection,
    competition: &Competition,
    pages: &mut [TextPage],
) -> Result<()> {
    let (id, is_draft) = (competition.id, competition.launched_at.is_none());
    let may_differ = is_draft && pages.iter().any(|page| page.is_proposed);
    if !may_differ || !has_split_table(conn, id).await? {
        return Ok(());
    }
    let Some(facts) = gather(conn, id).await? else { return Ok(()) };
    let drafts = drafts(&facts);
    for page in pages.iter_mut().filter(|page| page.is_proposed) {
        let draft = drafts.iter().find(|draft| draft.slug == page.slug && draft.markdown != page.markdown);
        if let Some(draft) = draft {
            page.html = crate::folder::links::draw(&facts.competition.slug, &draft.markdown);
            page.markdown.clone_from(&draft.markdown);
        }
    }
    Ok(())
}

/// Whatever else a proposal is made from, hosts change by verbs that write it anew; a table is split by a scorer.
async fn has_split_table(conn: &mut PgConnection, id: CompetitionId) -> Result<bool> {
    let table = store::judging::newest_table(conn, id).await?;
    Ok(table.is_some_and(|table| table.proposal.is_some()))
}

async fn gather(conn: &mut PgConnection, id: CompetitionId) -> Result<Option<Facts>> {
    let Some(competition) = store::find_by_id(conn, id).await? else { return Ok(None) };
    let metric = match competition.metric_of_score() {
        Some(name) => store::judging::metric(conn, name).await?,
        None => None,
    };
    let params = store::judging::params(conn, id).await?.unwrap_or_default();
    let files = store::data::all(conn, id).await?;
    let proposal = store::judging::newest_table(conn, id)
        .await?
        .and_then(|table| table.proposal)
        .and_then(|proposal| serde_json::from_value(proposal).ok());
    Ok(Some(Facts { competition, metric, params, files, proposal }))
}

/// The four pages every competition has.
pub fn drafts(facts: &Facts) -> Vec<Draft> {
    vec![
        Draft { slug: "overview", title: "Overview", markdown: overview(facts) },
        Draft { slug: "evaluation", title: "Evaluation", markdown: evaluation(facts) },
        Draft { slug: "data", title: "Data", markdown: data(facts) },
        Draft { slug: "rules", title: "Rules", markdown: rules(facts) },
    ]
}

fn overview(facts: &Facts) -> String {
    let mut text = String::new();
    if !facts.competition.subtitle.is_empty() {
        let _ = writeln!(text, "{}.\n", facts.competition.subtitle.trim_end_matches('.'));
    }
    match &facts.proposal {
        Some(proposal) => {
            let _ = writeln!(
                text,
                "Predict `{}` {} for {} rows whose answers are hidden. {} labelled rows with {} {} are there to learn from.",
                proposal.target_column,
                kind(&proposal.target),
                proposal.n_test,
                proposal.n_train,
                proposal.feature_columns.len(),
                if proposal.feature_columns.len() == 1 { "feature" } else { "features" },
            );
        }
        None => text.push_str("Predict what is hidden: no participant knows the answers to the test rows.\n"),
    }
    let last = match facts.competition.is_all_public {
        true => "Every row is public, so the same rows decide at the end.",
        false => "The final ranking uses other rows, whose scores nobody sees before the end.",
    };
    let _ = writeln!(
        text,
        "\n## How it works\n\n1. Accept the rules and download the data.\n2. Predict every row of the test file, in the form of the sample submission.\n3. Send your predictions: in the browser, with `holdout submit`, or through the API.\n4. The public leaderboard shows your public score at once. {last}"
    );
    text
}

fn kind(target: &TargetKind) -> String {
    match target {
        TargetKind::Number { .. } => "(a number)".to_owned(),
        TargetKind::Binary { .. } => "(one of two classes)".to_owned(),
        TargetKind::Classes { classes } => format!("(one of {} classes)", classes.len()),
        TargetKind::Ratings { minimum, maximum } => format!("(a rating from {minimum} to {maximum})"),
        TargetKind::Lists => "(a list)".to_owned(),
        TargetKind::Text => "(text)".to_owned(),
    }
}

fn evaluation(facts: &Facts) -> String {
    if facts.competition.metric.as_deref() == Some(holdout_contract::custom::NAME) {
        return own_metric(facts);
    }
    let Some(spec) = &facts.metric else {
        return "The metric has not been chosen yet.\n".to_owned();
    };
    let direction = match spec.direction {
        Direction::HigherIsBetter => "Higher is better",
        Direction::LowerIsBetter => "Lower is better",
    };
    let (_, submission) = layout(spec);
    let mut text =
        format!("Submissions are judged by **{}**. {} {direction}.\n\n", spec.title, spec.sentence);
    let how = ranked::how(facts.competition.ranked_by());
    if !how.is_empty() {
        let _ = writeln!(text, "{how} The final ranking does the same with private scores.\n");
    }
    let shown = facts.competition.shown_metrics();
    if !shown.is_empty() {
        let _ = writeln!(text, "{}\n\n{}", ranked::beside(shown), parts(&facts.params["parts"]));
    }
    if !spec.formula.is_empty() {
        let _ = writeln!(text, "$${}$$\n", spec.formula);
    }
    let _ = writeln!(text, "[Exactly how it is computed](/metrics/{}).\n", spec.name);
    let chosen = chosen(spec, &facts.params);
    if !chosen.is_empty() {
        let _ = writeln!(text, "With these parameters:\n\n{chosen}");
    }
    let _ = writeln!(
        text,
        "## The file\n\nA submission has {submission}{}. Every id of the test file appears exactly once; the order \
        of rows does not matter. CSV, gzip or zip of one CSV, and Parquet are accepted.",
        header(spec, facts.proposal.as_ref()),
    );
    text
}

/// The names of a submission's columns, where a table gave them.
fn header(spec: &MetricSpec, proposal: Option<&Proposal>) -> String {
    match (&spec.layout, proposal) {
        (Layout::Target { .. }, Some(proposal)) => {
            format!(": `{}` and `{}`", proposal.id_column, proposal.target_column)
        }
        _ => String::new(),
    }
}

/// The parameters that are not left at their defaults, one a line.
fn chosen(spec: &MetricSpec, params: &Value) -> String {
    let mut text = String::new();
    for parameter in &spec.parameters {
        let Some(value) = params.get(&parameter.name).filter(|value| **value != parameter.default) else {
            continue;
        };
        match (&parameter.parameter_type, value) {
            (ParameterType::Parts, listed) => text.push_str(&parts(listed)),
            (_, Value::String(words)) => _ = writeln!(text, "- {}: `{words}`", in_words(parameter)),
            (_, other) => _ = writeln!(text, "- {}: {other}", in_words(parameter)),
        }
    }
    text
}

/// Metrics that one is put together from, one a line.
fn parts(listed: &Value) -> String {
    let mut text = String::new();
    listed.as_array().into_iter().flatten().for_each(|part| push_part(&mut text, part));
    text
}

fn push_part(text: &mut String, part: &Value) {
    let _ = write!(text, "- `{}`", part["metric"].as_str().unwrap_or_default());
    if let Some(target) = part["target"].as_str().filter(|target| !target.is_empty()) {
        let _ = write!(text, " of `{target}`");
    }
    if !part["weight"].is_null() {
        let _ = write!(text, ", weight {}", part["weight"]);
    }
    let params = part["params"].as_object().filter(|params| !params.is_empty());
    if let Some(params) = params {
        let _ = write!(text, ", with `{}`", Value::Object(params.clone()));
    }
    text.push('\n');
}

fn own_metric(facts: &Facts) -> String {
    let direction = match facts.competition.higher_is_better {
        Some(true) => "Higher is better",
        _ => "Lower is better",
    };
    format!(
        "Submissions are judged by a metric of this competition's own. {direction}.\n\n\
         [Exactly how it is computed](/c/{}/metric).\n\n\
         ## The file\n\nA submission has the columns of the sample submission. Every id of the test file appears \
         exactly once; the order of rows does not matter. CSV, gzip or zip of one CSV, and Parquet are accepted.\n",
        facts.competition.slug,
    )
}

fn data(facts: &Facts) -> String {
    let mut text = String::new();
    for (role, sentence) in [
        ("train", "holds the rows with their answers, to learn from"),
        ("test", "holds the rows to predict"),
        ("sample_submission", "shows the form of a submission"),
    ] {
        for file in facts.files.iter().filter(|file| file.role == role) {
            let _ = writeln!(text, "- `{}` {sentence}.", file.name);
        }
    }
    if let Some(proposal) = &facts.proposal {
        let _ = writeln!(text, "\n## Columns\n");
        let made = if proposal.id_was_made { " (made for this competition)" } else { "" };
        let _ = writeln!(text, "- `{}`: identifies the row{made}.", proposal.id_column);
        let _ = writeln!(text, "- `{}`: what to predict.", proposal.target_column);
        const SHOWN: usize = 40;
        for column in proposal.feature_columns.iter().take(SHOWN) {
            let _ = writeln!(text, "- `{column}`");
        }
        if proposal.feature_columns.len() > SHOWN {
            let _ = writeln!(text, "- … and {} more columns.", proposal.feature_columns.len() - SHOWN);
        }
    }
    if text.is_empty() {
        text.push_str("What the files and their columns mean.\n");
    }
    text
}

fn rules(facts: &Facts) -> String {
    let competition = &facts.competition;
    format!(
        "- One account per person, one team per person. Teams have at most {} {}.\n\
         - A team may send {} submissions a day (from 00:00 UTC){}; rejected files do not count.\n\
         - Up to {} of your submissions count for the final ranking: the ones you select, or otherwise your best public ones.\n\
         - Do not share code or data privately outside your team; sharing with everyone is welcome.\n\
         - Do not label the test rows by hand, and do not look up their answers.\n\
         - Equal scores: the earlier submission ranks higher.\n{}",
        competition.team_limit,
        if competition.team_limit == 1 { "person" } else { "people" },
        competition.daily_limit,
        competition.total_limit.map_or_else(String::new, |total| format!(", and {total} in all")),
        competition.final_limit,
        if competition.is_veiled() {
            format!("- {}\n", board_shows::sentence(competition))
        } else {
            String::new()
        },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_drafts_name_what_is_known() {
        let facts = Facts {
            competition: Competition::sample(),
            metric: Some(crate::competitions::metric_words::sample_spec()),
            params: json!({ "beta": 2.0 }),
            files: vec![DataFile::sample()],
            proposal: Some(Proposal {
                id_column: "id".to_owned(),
                id_was_made: true,
                target_column: "price".to_owned(),
                feature_columns: vec!["rooms".to_owned()],
                n_train: 700,
                n_test: 300,
                target: TargetKind::Number { is_whole: false, has_negative: false, has_zero: false },
                metric: "rmse".to_owned(),
                metric_reason: String::new(),
                remarks: Vec::new(),
            }),
        };
        let drafts = drafts(&facts);
        assert!(drafts[0].markdown.contains("`price` (a number) for 300 rows"));
        assert!(drafts[1].markdown.contains("F-beta") && drafts[1].markdown.contains("$$"));
        assert!(drafts[1].markdown.contains("- Beta: 2.0\n"), "{}", drafts[1].markdown);
        assert!(drafts[2].markdown.contains("train.csv") && drafts[2].markdown.contains("`rooms`"));
        assert!(drafts[3].markdown.contains("5 submissions a day"));
    }

    #[test]
    fn every_part_is_listed_with_what_is_its_own() {
        let mut text = String::new();
        push_part(&mut text, &json!({ "metric": "map@5", "weight": -0.5, "params": { "k": 3 } }));
        push_part(&mut text, &json!({ "metric": "rmse", "weight": 1, "target": "price" }));
        assert_eq!(text, "- `map@5`, weight -0.5, with `{\"k\":3}`\n- `rmse` of `price`, weight 1\n");
    }
}
