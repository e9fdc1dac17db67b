//! Whether classes and groups have the rows they need: on either side of the split, and to be learned from.

use std::collections::HashSet;

use holdout_contract::examine::Finding;

use super::frame::Frame;
use super::{pass, refused, warn};
use crate::solution::{Solution, Split};

/// Fewer rows of a class decide by chance.
const RARE: u64 = 5;
const MAX_SHOWN: usize = 5;

/// Classes that have no row on one side.
pub fn missing(solution: &Solution) -> Option<Finding> {
    let public = solution.class_counts(Split::Public);
    let private = solution.class_counts(Split::Private);
    if public.is_empty() || solution.n_private() == 0 {
        return None;
    }
    let names = solution.class_names();
    let name = |code: usize| names.get(code).cloned().unwrap_or_else(|| code.to_string());
    // A class that stands in ignored rows alone is nobody's concern.
    let is_scored = |code: usize| public[code] + private[code] > 0;
    let missing = |counts: &[u64]| -> Vec<String> {
        (0..counts.len()).filter(|code| is_scored(*code) && counts[*code] == 0).map(name).collect()
    };
    let sides = [("public", missing(&public)), ("private", missing(&private))];
    let texts: Vec<String> = sides
        .iter()
        .filter(|(_, missing)| !missing.is_empty())
        .map(|(side, missing)| {
            let shown = missing.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            match missing.len() {
                1 => format!("The class {shown} has no {side} row."),
                n => format!("{n} classes have no {side} row, for example {shown}."),
            }
        })
        .collect();
    Some(if texts.is_empty() {
        pass("class_missing", "Every class has public and private rows.")
    } else {
        refused(
            "class_missing",
            texts.join(" "),
            "Split anew so that every class has rows on both sides: leave the column “Usage” out, and the split \
             is made by class; or drop classes with a single row.",
        )
    })
}

/// Classes that have a few rows on one side, so that chance decides what is known of them.
pub fn rare(solution: &Solution) -> Option<Finding> {
    let names = solution.class_names();
    let texts: Vec<String> = [("public", Split::Public), ("private", Split::Private)]
        .into_iter()
        .take(if solution.n_private() > 0 { 2 } else { 1 })
        .filter_map(|(side, split)| {
            let counts = solution.class_counts(split);
            let rare: Vec<String> = (0..counts.len())
                .filter(|code| (1..RARE).contains(&counts[*code]))
                .map(|code| names.get(code).cloned().unwrap_or_else(|| code.to_string()))
                .collect();
            (!rare.is_empty()).then(|| format!("fewer than {RARE} {side} rows have {}", listed(&rare)))
        })
        .collect();
    (!texts.is_empty()).then(|| {
        warn(
            "class_rare",
            format!("Chance decides what is known of some classes, for {}.", texts.join("; ")),
            "Collect more rows of these classes or put them together; scores that count every class alike hang on single rows here.",
        )
    })
}

/// Groups that are scored as a whole, with rows on both sides.
pub fn groups_torn(solution: &Solution) -> Option<Finding> {
    let has_sides = solution.n_private() > 0 && solution.judge().needs_groups();
    let groups = solution.groups.as_ref().filter(|_| has_sides)?;
    let of = |split: Split| groups[solution.range(split)].iter().copied().collect::<HashSet<u32>>();
    let (public, private) = (of(Split::Public), of(Split::Private));
    let n = public.intersection(&private).count();
    (n > 0).then(|| {
        warn(
            "groups_torn",
            format!("What the public board tells of a group helps with its private rows: {n} of {} groups have rows on both sides.", public.union(&private).count()),
            "Mark all rows of a group alike in the column “Usage”, or name the group column and have the split made.",
        )
    })
}

/// Classes of the solution that a training file does not have; `None` where it does not say.
pub fn not_learned(solution: &Solution, train: &Frame, target: usize) -> Option<Vec<String>> {
    let names = solution.class_names();
    let learned: HashSet<&str> = match &train.rest {
        None => train.cells(target).collect(),
        Some(rest) => rest.answers.as_ref()?.iter().map(String::as_str).collect(),
    };
    let counts = solution.class_counts(Split::All);
    let is_missing = |(code, name): &(usize, &String)| {
        counts.get(*code).is_some_and(|n| *n > 0) && !learned.contains(name.as_str())
    };
    Some(names.iter().enumerate().filter(is_missing).map(|(_, name)| name.clone()).collect())
}

/// Classes that nobody can learn from what there is of training data.
pub fn unlearnable(solution: &Solution, missing: &[String], n_files: usize) -> Option<Finding> {
    let n_classes = solution.class_names().len();
    let have = if n_files > 1 { "The training files have" } else { "The training file has" };
    (!missing.is_empty()).then(|| {
        warn(
            "class_not_in_training",
            format!("{have} no row of {} of the {n_classes} classes that are scored: {}.", missing.len(), listed(missing)),
            "Add rows of these classes to the training file, or mark theirs “Ignored”; nobody can learn them.",
        )
    })
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MAX_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(MAX_SHOWN);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
