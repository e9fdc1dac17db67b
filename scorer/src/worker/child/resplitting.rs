//! A new version of a running competition: its split held against those that counted, and kept where its file leaves it
//! to us.

use std::io::{self, Write};

use holdout_contract::examine::{Finding, Verdict};
use holdout_contract::seal::Sealer;

use super::super::message::{CountedVersion, Draft, FileRef, Judging, KeptSolution, Resplit};
use super::super::storage::StorageError;
use super::{Child, Fault, Written, rule};
use crate::examine::Competition;
use crate::examine::resplit::{self, Comparison, Counted, Placed};
use crate::intake::content::Bytes;
use crate::unseal::UnsealError;

/// A split that was held against those before.
pub(super) struct Held {
    pub(super) findings: Vec<Finding>,
    pub(super) resplit: Resplit,
}

impl Child {
    /// Holds the split of a competition's solution against those before. Where its file says nothing of the split and it would
    /// become another than that which counts, the competition has a solution with that one from then on. `None` where there is
    /// nothing to compare with, or the solution cannot be read with the metric.
    pub(super) fn resplit(
        &self,
        competition: &mut Competition<'_>,
        draft: &Draft,
    ) -> Result<Option<Held>, Fault> {
        let place =
            |competition: &Competition<'_>| Placed::of(competition, draft.module.is_some(), &self.limits);
        let Some(first) = draft.counted.first() else { return Ok(None) };
        let Some(mut new) = place(competition) else { return Ok(None) };
        let mut active = match draft.counted.iter().find(|version| version.is_active) {
            Some(version) => self.placed(&version.judging)?,
            None => None,
        };
        let mut kept = None;
        if let (Some(solution), Some(active)) = (&competition.solution, &active)
            && let Some(solution) = resplit::kept(solution, &new, active, &self.limits)
        {
            kept = Some(self.store_kept(&solution, first.judging.competition_id)?);
            competition.solution = Some(Bytes::of(solution));
            let Some(placed) = place(competition) else { return Ok(None) };
            new = placed;
        }
        let mut comparison = Comparison::of(&new);
        let mut unreadable = Vec::new();
        for version in &draft.counted {
            let placed = match version.is_active {
                true => active.take(),
                false => self.placed(&version.judging)?,
            };
            match placed {
                Some(placed) => comparison.with(Counted::from(version), &placed),
                None => unreadable.push(resplit::unreadable(version.number)),
            }
        }
        let findings = if unreadable.is_empty() { comparison.findings() } else { unreadable };
        let is_allowed = findings.iter().all(|finding| finding.verdict != Verdict::Refused);
        Ok(Some(Held { findings, resplit: Resplit { is_allowed, kept } }))
    }

    /// Stores a solution, sealed, whose split was kept.
    fn store_kept(&self, solution: &[u8], competition_id: i64) -> Result<KeptSolution, Fault> {
        let recipient = self.key.recipient();
        let mut written = Written { storage: &self.storage, competition_id, done: Vec::new() };
        let stored = written.add("solutions", |output| {
            let mut sealer = Sealer::new(&recipient, output).map_err(io::Error::other)?;
            sealer.write_all(solution)?;
            sealer.finish().map(|_| ())
        })?;
        written.done.clear();
        Ok(KeptSolution { stored, recipient })
    }

    /// Which part every row of a version's solution is in; `None` where it cannot be read any more.
    fn placed(&self, judging: &Judging) -> Result<Option<Placed>, Fault> {
        let solution = match self.unseal(&judging.solution) {
            Err(Fault::Unseal(UnsealError::CannotOpen)) => return Ok(None),
            solution => solution?,
        };
        let history = |file: &FileRef| Ok::<Bytes, StorageError>(self.read(file)?.into());
        let competition = Competition {
            solution: Some(Bytes::of(solution)),
            metric: Some(&judging.metric),
            history: judging.history.as_ref().map(history).transpose()?,
            rule: rule(&judging.context, judging.public_fraction, judging.split_seed),
            ..Competition::empty(&judging.params, &judging.context)
        };
        Ok(Placed::of(&competition, judging.module.is_some(), &self.limits))
    }
}

impl From<&CountedVersion> for Counted {
    fn from(version: &CountedVersion) -> Self {
        Self { number: version.number, is_active: version.is_active, is_first: version.is_first }
    }
}
