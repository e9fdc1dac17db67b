//! Which rows are public, private or ignored: read from the `Usage` column, or made from a seed.
//!
//! A made split depends on the seed, the labels and the order of rows alone: the same bytes give the
//! same split on every machine.

use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_contract::spec::CLUSTER_COLUMN;

use crate::intake::Labels;
use crate::splitmix::{GAMMA, mixed};

/// What a row of the solution is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Usage {
    Public,
    Private,
    /// Must be predicted, never counts.
    Ignored,
}

impl Usage {
    /// As files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Private => "Private",
            Self::Ignored => "Ignored",
        }
    }
}

/// How to make a split where the solution has no `Usage` column.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitRule {
    /// Share of rows that are public, above 0 and below 1.
    pub public_fraction: f64,
    pub seed: u64,
    /// A column of the solution whose groups must not be torn apart.
    pub group_column: Option<String>,
}

/// The column whose rows a made split keeps on one side, from a competition's context: declared clusters, else the
/// one that is named for the split alone.
pub fn kept_together<'a>(text: impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
    let named = |key| text(key).filter(|name| !name.is_empty());
    named(CLUSTER_COLUMN).or_else(|| named("group_column"))
}

impl Default for SplitRule {
    fn default() -> Self {
        Self { public_fraction: 0.3, seed: 0, group_column: None }
    }
}

/// Reads the `Usage` column; upper and lower case do not matter.
///
/// # Errors
/// A value that is none of the three.
pub fn from_column(column: &Labels) -> Result<Vec<Usage>, Rejection> {
    let known: Vec<Option<Usage>> = column.names.iter().map(parse).collect();
    if let Some(code) = known.iter().position(Option::is_none) {
        let name = column.names.get(code);
        return Err(Rejection::new(
            RejectionKind::BadSolution,
            format!("The column “Usage” holds “{name}”; it may hold Public, Private and Ignored."),
        )
        .with_column("Usage")
        .with_examples([name]));
    }
    Ok(column.codes.iter().filter_map(|code| known[*code as usize]).collect())
}

fn parse(name: &str) -> Option<Usage> {
    match name.trim().to_ascii_lowercase().as_str() {
        "public" => Some(Usage::Public),
        "private" => Some(Usage::Private),
        "ignored" => Some(Usage::Ignored),
        _ => None,
    }
}

/// Splits rows so that every class has its share on both sides; with one class for all, plainly.
pub fn by_class(classes: &[u32], rule: &SplitRule) -> Vec<Usage> {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|row| (classes[*row], key(rule.seed, *row as u64), *row));
    let mut usage = vec![Usage::Private; classes.len()];
    let mut owed = 0.0;
    for row in order {
        // Shares are carried from class to class, so that the total comes out right as well.
        owed += rule.public_fraction;
        if owed >= 0.5 {
            usage[row] = Usage::Public;
            owed -= 1.0;
        }
    }
    keep_both_sides(&mut usage);
    usage
}

/// Splits whole groups until the public side has its share of rows.
pub fn by_group(groups: &[u32], group_names: &[String], rule: &SplitRule) -> Vec<Usage> {
    let mut order: Vec<u32> = (0..group_names.len() as u32).collect();
    order.sort_by_key(|group| {
        let name = &group_names[*group as usize];
        (key(rule.seed, text_key(name)), name.clone())
    });
    let mut sizes = vec![0_usize; group_names.len()];
    groups.iter().for_each(|group| sizes[*group as usize] += 1);
    let wanted = rule.public_fraction * groups.len() as f64;
    let mut n_public = 0;
    let mut is_public = vec![false; group_names.len()];
    for group in order {
        let size = sizes[group as usize];
        if (n_public as f64 + size as f64 / 2.0) < wanted || n_public == 0 {
            is_public[group as usize] = true;
            n_public += size;
        }
    }
    groups
        .iter()
        .map(|group| if is_public[*group as usize] { Usage::Public } else { Usage::Private })
        .collect()
}

/// Two rows and more never all fall on one side.
fn keep_both_sides(usage: &mut [Usage]) {
    if usage.len() < 2 {
        return;
    }
    for side in [Usage::Public, Usage::Private] {
        if !usage.contains(&side) {
            usage[0] = side;
        }
    }
}

/// A fixed, well-mixed number for every seed and row.
pub(crate) fn key(seed: u64, value: u64) -> u64 {
    mixed(mixed(seed.wrapping_mul(GAMMA) ^ value.wrapping_add(GAMMA)))
}

/// FNV-1a.
pub(crate) fn text_key(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_public(usage: &[Usage]) -> usize {
        usage.iter().filter(|usage| **usage == Usage::Public).count()
    }

    #[test]
    fn every_class_has_its_share() {
        let classes: Vec<u32> = (0..1000).map(|row| u32::from(row % 10 == 0)).collect();
        let usage = by_class(&classes, &SplitRule::default());
        let rare: Vec<Usage> =
            usage.iter().zip(&classes).filter(|(_, class)| **class == 1).map(|(usage, _)| *usage).collect();
        assert_eq!(n_public(&usage), 300);
        assert_eq!(n_public(&rare), 30);
    }

    #[test]
    fn the_same_seed_gives_the_same_split_and_another_seed_another() {
        let classes = vec![0; 200];
        let rule = |seed| SplitRule { seed, ..SplitRule::default() };
        assert_eq!(by_class(&classes, &rule(1)), by_class(&classes, &rule(1)));
        assert_ne!(by_class(&classes, &rule(1)), by_class(&classes, &rule(2)));
        assert_eq!(n_public(&by_class(&[0, 0], &SplitRule { public_fraction: 0.1, ..rule(3) })), 1);
    }

    #[test]
    fn groups_stay_whole() {
        let groups: Vec<u32> = (0..100).map(|row| row / 5).collect();
        let names: Vec<String> = (0..20).map(|group| format!("g{group}")).collect();
        let usage = by_group(&groups, &names, &SplitRule::default());
        assert_eq!(n_public(&usage), 30);
        for rows in usage.chunks(5) {
            assert!(rows.iter().all(|usage| *usage == rows[0]));
        }
    }
}
