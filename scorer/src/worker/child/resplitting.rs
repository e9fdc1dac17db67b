//! A new version of a running competition: its split held against those that counted, and kept where its file leaves it
//! to us.

use std::io::{self, Write};

use holdout_contract::audit::Plan;
use holdout_contract::examine::{Finding, Verdict};
use holdout_contract::seal::Sealer;
use zeroize::Zeroizing;

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
    /// The competition's solution with the split that counts, where its file says nothing of it and it would become
    /// another.
    pub(super) fn keep_split(
        &self,
        competition: &Competition<'_>,
        draft: &Draft,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
        let (Some(solution), Some(active)) =
            (&competition.solution, draft.counted.iter().find(|version| version.is_active))
        else {
            return Ok(None);
        };
        let Some(new) = Placed::of(competition, draft.module.is_some(), &self.limits) else {
            return Ok(None);
        };
        if !new.split_was_made {
            return Ok(None);
        }
        let active = self.placed(&active.judging)?;
        Ok(active.and_then(|active| resplit::kept(solution, &new, &active, &self.limits)))
    }

    /// Stores a solution, sealed, whose split was kept.
    pub(super) fn store_kept(&self, solution: &[u8], draft: &Draft) -> Result<Option<KeptSolution>, Fault> {
        let Some(version) = draft.counted.first() else { return Ok(None) };
        let competition_id = version.judging.competition_id;
        let recipient = self.key.recipient();
        let mut written = Written { storage: &self.storage, competition_id, done: Vec::new() };
        let stored = written.add("solutions", |output| {
            let mut sealer = Sealer::new(&recipient, output).map_err(io::Error::other)?;
            sealer.write_all(solution)?;
            sealer.finish().map(|_| ())
        })?;
        written.done.clear();
        Ok(Some(KeptSolution { stored, recipient }))
    }

    /// `None` where there is nothing to compare with, or the solution cannot be read with the metric.
    pub(super) fn hold_split(
        &self,
        competition: &Competition<'_>,
        draft: &Draft,
    ) -> Result<Option<Held>, Fault> {
        if draft.counted.is_empty() {
            return Ok(None);
        }
        let Some(new) = Placed::of(competition, draft.module.is_some(), &self.limits) else {
            return Ok(None);
        };
        let mut comparison = Comparison::of(&new);
        let mut unreadable = Vec::new();
        for version in &draft.counted {
            match self.placed(&version.judging)? {
                Some(placed) => comparison.with(Counted::from(version), &placed),
                None => unreadable.push(resplit::unreadable(version.number)),
            }
        }
        let findings = if unreadable.is_empty() { comparison.findings() } else { unreadable };
        let is_allowed = findings.iter().all(|finding| finding.verdict != Verdict::Refused);
        Ok(Some(Held { findings, resplit: Resplit { is_allowed, kept: None } }))
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
            params: &judging.params,
            context: &judging.context,
            history: judging.history.as_ref().map(history).transpose()?,
            rule: rule(&judging.context, judging.public_fraction, judging.split_seed),
            train: Vec::new(),
            test: None,
            sample_submission: None,
            declared: None,
            plan: Plan::of(0, 1, None, None),
            direction: None,
        };
        Ok(Placed::of(&competition, judging.module.is_some(), &self.limits))
    }
}

impl From<&CountedVersion> for Counted {
    fn from(version: &CountedVersion) -> Self {
        Self { number: version.number, is_active: version.is_active, is_first: version.is_first }
    }
}
