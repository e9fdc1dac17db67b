//! The split of a new version beside those of versions that count or counted, while private scores are hidden.
//!
//! A public score over rows that were private is a private score. So none of these rows may become public, and the public
//! rows stay the same by half, lest a public score tell a single cell.
//!
//! Never here: which row it is that a text speaks of.

use std::io;
use std::sync::Arc;

use holdout_contract::examine::Finding;
use zeroize::Zeroizing;

use super::frame::Frame;
use super::{Competition, fit, open, pass, refused};
use crate::custom::tables;
use crate::intake::Limits;
use crate::intake::columns::Id;
use crate::intake::content::Bytes;
use crate::intake::index::IdIndex;
use crate::split::Usage;

/// Room in a rewritten solution for the longest part's name with what goes around it, in bytes a row.
const USAGE_BYTES: usize = 12;

/// Which part every row of a solution is in, whether its file said so or the split was made here.
pub struct Placed {
    pub id_name: String,
    pub split_was_made: bool,
    index: Arc<IdIndex>,
    row_of_slot: Vec<u32>,
    n_public: usize,
    n_private: usize,
}

impl Placed {
    /// `None` where there is no solution, or the metric cannot be used with it.
    pub fn of(competition: &Competition<'_>, has_module: bool, limits: &Limits) -> Option<Self> {
        let solution = competition.solution.as_ref()?;
        if has_module {
            let content = open(solution, limits).ok()?;
            let found =
                tables::Solution::prepare(&content, competition.context, &competition.rule, limits).ok()?;
            return Some(Self {
                id_name: found.id_name().to_owned(),
                split_was_made: found.split_was_made(),
                row_of_slot: found.row_numbers().to_vec(),
                n_public: found.n_public(),
                n_private: found.n_private(),
                index: found.into_index(),
            });
        }
        let found = fit::prepare(competition, solution, limits).ok()?;
        Some(Self {
            id_name: found.id_name().to_owned(),
            split_was_made: found.split_was_made(),
            n_public: found.n_public(),
            n_private: found.n_private(),
            index: found.index,
            row_of_slot: found.row_numbers,
        })
    }

    /// In the order of the file.
    pub fn usage_by_row(&self) -> Vec<Usage> {
        let mut usage = vec![Usage::Ignored; self.row_of_slot.len()];
        for (slot, row) in self.row_of_slot.iter().enumerate() {
            usage[*row as usize] = self.usage_at(slot);
        }
        usage
    }

    /// `None` where there is no such row.
    fn usage_of(&self, id: Id<'_>) -> Option<Usage> {
        self.index.slot(id).map(|slot| self.usage_at(slot as usize))
    }

    fn usage_at(&self, slot: usize) -> Usage {
        if slot < self.n_public {
            Usage::Public
        } else if slot < self.n_public + self.n_private {
            Usage::Private
        } else {
            Usage::Ignored
        }
    }

    /// The parts of rows where those that both have are as they are there; `None` where they are so already.
    fn as_in(&self, counted: &Self) -> Option<Vec<Usage>> {
        let mut usage = self.usage_by_row();
        let mut is_other = false;
        for (id, slot) in self.index.entries() {
            let own = &mut usage[self.row_of_slot[slot as usize] as usize];
            if let Some(there) = counted.usage_of(id).filter(|there| *there != *own) {
                *own = there;
                is_other = true;
            }
        }
        is_other.then_some(usage)
    }
}

/// A solution whose file leaves the split to us, with a column that keeps every row where it counts now; `None` where the
/// file says itself what is public, and where nothing would move.
pub fn kept(solution: &Bytes, new: &Placed, active: &Placed, limits: &Limits) -> Option<Zeroizing<Vec<u8>>> {
    if !new.split_was_made {
        return None;
    }
    let usage = new.as_in(active)?;
    let frame = Frame::read(solution, limits).ok().filter(|frame| frame.n_rows() == usage.len())?;
    with_usage(&frame, &usage).ok()
}

fn with_usage(frame: &Frame, usage: &[Usage]) -> io::Result<Zeroizing<Vec<u8>>> {
    let n_bytes: usize = frame.columns.iter().map(|column| column.n_bytes() + 3 * column.len()).sum();
    let mut written = Zeroizing::new(Vec::with_capacity(n_bytes + USAGE_BYTES * (usage.len() + 1) + 1024));
    let mut csv = csv::Writer::from_writer(&mut *written);
    csv.write_record(frame.names.iter().map(String::as_str).chain(["Usage"]))?;
    for (row, usage) in usage.iter().enumerate() {
        let cells = (0..frame.names.len()).map(|column| frame.cell(row, column));
        csv.write_record(cells.chain([usage.name()]))?;
    }
    csv.flush()?;
    drop(csv);
    Ok(written)
}

/// What is said where a split was kept.
pub fn told_kept() -> Finding {
    pass("split_kept", "The file has no column “Usage”, so every row stays on the side where it counts now.")
}

/// Why nothing can be compared with a version that counts or counted.
pub fn unreadable(number: i32) -> Finding {
    refused(
        "split_compared",
        format!(
            "The solution of version {number} cannot be read any more, so nobody can tell whether a row that was private becomes public."
        ),
        "Ask an administrator to look after the scorers' key; after the end a version can be started all the same.",
    )
}

/// A version that counts or counted, by its place among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub number: i32,
    pub is_active: bool,
    /// Whether the launch was with it.
    pub is_first: bool,
}

/// A new version's public rows, beside those of one version after another.
pub struct Comparison<'a> {
    new: &'a Placed,
    /// Of every public row, the version in which it was private.
    private_in: Vec<Option<i32>>,
    is_public_now: Vec<bool>,
    findings: Vec<Finding>,
}

impl<'a> Comparison<'a> {
    pub fn of(new: &'a Placed) -> Self {
        let (private_in, is_public_now) = (vec![None; new.n_public], vec![false; new.n_public]);
        Self { new, private_in, is_public_now, findings: Vec::new() }
    }

    pub fn with(&mut self, version: Counted, counted: &Placed) {
        let new = self.new;
        let mut n_kept = 0;
        let public = new.index.entries().map(|(id, slot)| (id, slot as usize));
        for (id, slot) in public.filter(|(_, slot)| *slot < new.n_public) {
            match counted.usage_of(id) {
                Some(Usage::Public) => {
                    n_kept += 1;
                    self.is_public_now[slot] |= version.is_active;
                }
                Some(Usage::Private) => self.private_in[slot] = Some(version.number),
                Some(Usage::Ignored) | None => {}
            }
        }
        if (version.is_active || version.is_first) && 2 * n_kept < counted.n_public {
            self.findings.push(lost(version.number, n_kept, counted.n_public));
        }
    }

    /// What stands against the version; one that passes where nothing does.
    pub fn findings(mut self) -> Vec<Finding> {
        let opened: Vec<i32> = self
            .private_in
            .iter()
            .zip(&self.is_public_now)
            .filter_map(|(private_in, is_public_now)| private_in.filter(|_| !is_public_now))
            .collect();
        if let Some(number) = opened.iter().max() {
            self.findings.insert(0, self::opened(*number, opened.len()));
        }
        if self.findings.is_empty() {
            self.findings.push(pass("split_compared", "No row that was private becomes public."));
        }
        self.findings
    }
}

fn opened(number: i32, n_opened: usize) -> Finding {
    let rows = match n_opened {
        1 => "1 row that is".to_owned(),
        several => format!("{several} rows that are"),
    };
    refused(
        "private_rows_opened",
        format!(
            "{rows} private in version {number} would be public in this one: public scores would tell private ones before the end."
        ),
        "Leave these rows private, or mark them “Ignored” in the column “Usage”. Without that column every row stays on the side where it counts now. After the end the split may change.",
    )
}

fn lost(number: i32, n_kept: usize, n_public: usize) -> Finding {
    refused(
        "public_rows_kept",
        format!(
            "Of {n_public} public rows of version {number}, {n_kept} would stay public: scores on so few of them tell what single cells of a file hold."
        ),
        "Keep at least half of them public in the column “Usage”. Without that column every row stays on the side where it counts now. After the end the split may change.",
    )
}

#[cfg(test)]
mod tests {
    use holdout_contract::examine::Verdict;
    use holdout_contract::spec::Params;

    use super::*;
    use crate::split::SplitRule;

    const LAUNCHED: &str = "id,y,Usage\n1,0,Public\n2,1,Public\n3,2,Private\n4,3,Private\n5,4,Ignored\n";

    fn bytes(solution: &str) -> Bytes {
        solution.as_bytes().to_vec().into()
    }

    fn placed_by(solution: &str, metric: Option<&str>, seed: u64) -> Placed {
        let params = Params::new();
        let competition = Competition {
            solution: Some(bytes(solution)),
            metric,
            rule: SplitRule { public_fraction: 0.5, seed, group_column: None },
            ..Competition::empty(&params, &params)
        };
        Placed::of(&competition, metric.is_none(), &Limits::default()).expect("read")
    }

    fn placed(solution: &str) -> Placed {
        placed_by(solution, Some("rmse"), 1)
    }

    fn version(number: i32) -> Counted {
        Counted { number, is_active: number == 1, is_first: number == 1 }
    }

    fn against(new: &str) -> Vec<String> {
        let new = placed(new);
        let mut comparison = Comparison::of(&new);
        comparison.with(version(1), &placed(LAUNCHED));
        let refused = |finding: Finding| (finding.verdict == Verdict::Refused).then_some(finding.check);
        comparison.findings().into_iter().filter_map(refused).collect()
    }

    #[test]
    fn no_private_row_becomes_public_however_it_is_written() {
        assert_eq!(against(LAUNCHED), [""; 0]);
        assert_eq!(against(&LAUNCHED.replace("3,2,Private", "3,9,public")), ["private_rows_opened"]);
        assert_eq!(against(&LAUNCHED.replace("3,2,Private", "3,2,Ignored")), [""; 0]);
        assert_eq!(against(&LAUNCHED.replace("5,4,Ignored", "5,4,Public")), [""; 0], "it was never private");
        let text_ids = "id,y,Usage\n3,2,Public\n1,0,Public\n2,1,Public\nx,3,Private\n4,3,Private\n";
        assert_eq!(against(text_ids), ["private_rows_opened"]);
    }

    #[test]
    fn half_of_the_public_rows_stay_public() {
        assert_eq!(against(&LAUNCHED.replace("2,1,Public", "2,1,Private")), [""; 0]);
        let one = LAUNCHED.replace(",Public", ",Private").replace("5,4,Ignored", "5,4,Public");
        assert_eq!(against(&one), ["public_rows_kept"]);
    }

    #[test]
    fn a_row_does_not_become_public_over_a_version_that_ignored_it() {
        let new = placed(&LAUNCHED.replace("3,2,Private", "3,2,Public"));
        let mut comparison = Comparison::of(&new);
        comparison.with(
            Counted { is_active: true, is_first: false, number: 2 },
            &placed(&LAUNCHED.replace("3,2,Private", "3,2,Ignored")),
        );
        comparison.with(Counted { is_active: false, is_first: true, number: 1 }, &placed(LAUNCHED));
        let found = comparison.findings();
        assert_eq!(found.len(), 1);
        assert!(found[0].text.starts_with("1 row that is private in version 1"), "{}", found[0].text);
    }

    #[test]
    fn what_counts_as_public_may_stay_public() {
        let new = placed(LAUNCHED);
        let mut comparison = Comparison::of(&new);
        comparison.with(version(1), &placed(LAUNCHED));
        comparison.with(version(2), &placed(&LAUNCHED.replace("2,1,Public", "2,1,Private")));
        assert_eq!(comparison.findings()[0].verdict, Verdict::Pass);
    }

    #[test]
    fn a_solution_without_usage_keeps_the_split_and_adds_nothing_else() {
        let rows = |usage: bool| -> String {
            let row = |id: u32| {
                format!("{id},\"{}, x\",{}", id % 3, if id.is_multiple_of(4) { "Public" } else { "Private" })
            };
            let plain = |id: u32| format!("{id},\"{}, x\"", (id + 1) % 3);
            let head = if usage { "id,y,Usage\n" } else { "id,y\n" };
            let lines: Vec<String> = (0..40).map(|id| if usage { row(id) } else { plain(id) }).collect();
            format!("{head}{}\n", lines.join("\n"))
        };
        let active = placed_by(&rows(true), None, 1);
        let corrected = rows(false);
        let new = placed_by(&corrected, None, 1);
        let written = kept(&bytes(&corrected), &new, &active, &Limits::default()).expect("another split");
        let written = String::from_utf8(written.to_vec()).expect("text");
        assert!(written.starts_with("id,y,Usage\n0,\"1, x\",Public\n1,\"2, x\",Private\n"), "{written}");
        let again = placed_by(&written, None, 1);
        assert_eq!(again.usage_by_row(), active.usage_by_row());
        assert!(kept(&bytes(&written), &again, &active, &Limits::default()).is_none());
    }

    #[test]
    fn a_made_split_is_left_alone_where_it_comes_out_the_same() {
        let plain = "id,y\n1,0.5\n2,1.5\n3,2.5\n4,3.5\n5,4.5\n6,0.25\n";
        let corrected = plain.replace("3,2.5", "3,2.75");
        let (active, new) = (placed(plain), placed(&corrected));
        assert!(kept(&bytes(&corrected), &new, &active, &Limits::default()).is_none());
        let other_seed = placed_by(&corrected, Some("rmse"), 4);
        let differs = other_seed.usage_by_row() != active.usage_by_row();
        assert_eq!(kept(&bytes(&corrected), &other_seed, &active, &Limits::default()).is_some(), differs);
    }
}
