//! Labels before and after the end: a commitment to them, and their publication where it still holds.
//!
//! Never here: a label on its way out that its host did not release after the end. The database decides that.

use std::io::{self, Write};

use holdout_contract::commitment::{Form, Salt};
use holdout_contract::seal::Sealer;

use super::super::message::{Answer, Draft, FileRef};
use super::super::releasing::{Released, ToRelease};
use super::super::storage::StorageError;
use super::{Child, Fault, Refusal, Written, rule};
use crate::examine::Competition;
use crate::examine::committed::{Committed, Whole};
use crate::intake::content::Bytes;
use crate::unseal::UnsealError;

impl Child {
    /// Commits to labels and split with a salt that nobody has but this key's owner; `None` where they cannot be read.
    pub(super) fn commit(
        &self,
        competition: &Competition<'_>,
        has_module: bool,
        solution_sha256: Option<[u8; 32]>,
    ) -> Result<Option<Committed>, Fault> {
        let whole = Whole::of(competition, has_module, &self.limits);
        match whole.zip(solution_sha256) {
            Some((whole, solution_sha256)) => self.sealed(&whole, solution_sha256, &rand::random()).map(Some),
            None => Ok(None),
        }
    }

    fn sealed(&self, whole: &Whole, solution_sha256: [u8; 32], salt: &Salt) -> Result<Committed, Fault> {
        let mut sealer = Sealer::new(&self.key.recipient(), Vec::new())
            .map_err(|error| io::Error::other(error.to_string()))?;
        sealer.write_all(salt)?;
        Ok(Committed {
            solution_sha256,
            sha256: whole.commitment(Form::AsScored, salt),
            sealed_salt: sealer.finish()?,
        })
    }

    /// Writes the solution in the clear with the salt of its commitment; where it has none, one is made now.
    pub(super) fn release(&self, asked: &ToRelease) -> Result<Answer, Refusal> {
        let ToRelease { competition_id, draft, commitment, judges_another } = asked;
        if *judges_another {
            return Ok(withheld(
                "another competition, which is not over, was examined with the same solution",
            ));
        }
        let Some(solution_sha256) = draft.solution.as_ref().and_then(|file| file.sha256) else {
            return Ok(withheld("there is no solution"));
        };
        let Some(whole) = self.whole(draft)? else {
            return Ok(withheld("the solution cannot be read with the version's metric"));
        };
        let (form, salt, made) = match commitment {
            Some(committed) => {
                let Some(salt) = self.salt_of(committed)? else {
                    return Ok(withheld("the commitment's salt was sealed to another scorer's key"));
                };
                let holds = |form: &Form| whole.commitment(*form, &salt) == committed.sha256;
                match Form::ALL.into_iter().find(holds) {
                    Some(form) => (form, salt, None),
                    None => return Ok(withheld("the labels are not those that were committed to")),
                }
            }
            None => {
                let salt = rand::random();
                (Form::AsScored, salt, Some(self.sealed(&whole, solution_sha256, &salt)?))
            }
        };
        let mut written =
            Written { storage: &self.storage, competition_id: *competition_id, done: Vec::new() };
        let stored = written.add("data", |output| whole.write(form, output))?;
        written.done.clear();
        Ok(Answer::Released { released: Box::new(Released { stored, salt, made }) })
    }

    /// `None` where its seal does not open, or it cannot be read.
    fn whole(&self, draft: &Draft) -> Result<Option<Whole>, Fault> {
        let Some(file) = &draft.solution else { return Ok(None) };
        let solution = match self.unseal(file) {
            Err(Fault::Unseal(UnsealError::CannotOpen)) => return Ok(None),
            solution => solution?,
        };
        let history = |file: &FileRef| Ok::<Bytes, StorageError>(self.read(file)?.into());
        let competition = Competition {
            solution: Some(Bytes::of(solution)),
            metric: draft.metric.as_deref(),
            history: draft.data.history.as_ref().map(history).transpose()?,
            rule: rule(&draft.context, draft.public_fraction, draft.split_seed),
            ..Competition::empty(&draft.params, &draft.context)
        };
        Ok(Whole::of(&competition, draft.module.is_some(), &self.limits))
    }

    fn salt_of(&self, committed: &Committed) -> Result<Option<Salt>, Fault> {
        match self.key.open(&committed.sealed_salt) {
            Ok(opened) => Ok(opened.as_slice().try_into().ok()),
            Err(UnsealError::CannotOpen) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn withheld(reason: &str) -> Answer {
    Answer::Withheld { reason: reason.to_owned() }
}
