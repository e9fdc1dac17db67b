//! What the child lends to whoever looks at a board: its solution, its key, its evaluator.

use std::rc::Rc;

use holdout_evaluator::Evaluator;

use super::super::board;
use super::super::message::{Board, FileRef};
use super::super::storage::Storage;
use super::{Child, Fault, Prepared, Refusal, open, read};
use crate::align::Aligned;
use crate::custom::blocks::Unknown;
use crate::influence::{Exact, Influence, NoInterval};
use crate::parallel;
use crate::ranks::Mean;
use crate::score::{influence_of_parts_on, influence_on, mean_of_units};
use crate::solution::{Solution, Split};
use crate::unseal::Opened;

/// What a look at a board needs of the child.
pub(super) struct Desk<'a> {
    child: &'a mut Child,
    board: &'a Board,
}

impl<'a> Desk<'a> {
    pub fn of(child: &'a mut Child, board: &'a Board) -> Self {
        Self { child, board }
    }

    fn solution(&mut self) -> Result<Rc<Prepared>, Fault> {
        self.child.solution(&self.board.judging)
    }

    fn exact(&self) -> Exact<'_> {
        Exact { evaluator: self.child.evaluator(), version: self.board.seed }
    }

    fn with_aligned<T>(
        &mut self,
        file: &FileRef,
        work: impl FnOnce(&Self, &Solution, &Aligned) -> T,
    ) -> Result<T, Fault> {
        let prepared = self.solution()?;
        let Prepared::Catalogue(solution) = &*prepared else { return Err(Fault::Solution) };
        let bytes = self.child.read(file)?;
        // It was scored, so it can be read; else the score is another version's, and nothing is known.
        let aligned = open(bytes, &self.child.limits)
            .and_then(|content| Ok(crate::align::align(solution, &content, &self.child.limits)?));
        match aligned {
            Ok(aligned) => Ok(work(self, solution, &aligned)),
            Err(Refusal::Rejected(_)) => Err(Fault::Solution),
            Err(Refusal::Fault(fault)) => Err(fault),
        }
    }

    fn split(&self) -> Split {
        if self.board.is_final { Split::Private } else { Split::Public }
    }
}

impl board::Desk for Desk<'_> {
    type Fault = Fault;

    fn influence(&mut self, file: &FileRef) -> Result<Result<Influence, board::Unknown>, Fault> {
        if self.board.judging.module.is_some() {
            let (judging, split) = (&self.board.judging, self.split());
            let found = self.child.influence_by_module(judging, file, split)?;
            return Ok(found.map_err(|unknown| match unknown {
                Unknown::OfFile(why) => board::Unknown::OfFile(why),
                of_all => board::Unknown::OfAllFiles(of_all.to_string()),
            }));
        }
        let found = self.with_aligned(file, |desk, solution, aligned| {
            influence_on(solution, aligned, desk.split(), desk.exact())
        })?;
        Ok(found.map_err(|NoInterval(reason)| board::Unknown::OfAllFiles(reason)))
    }

    fn influence_of_parts(&mut self, file: &FileRef) -> Result<Result<Vec<Influence>, NoInterval>, Fault> {
        self.with_aligned(file, |desk, solution, aligned| {
            influence_of_parts_on(solution, aligned, desk.split(), desk.exact())
        })
    }

    fn mean_of_units(&mut self, file: &FileRef) -> Result<Option<Mean>, Fault> {
        if self.board.judging.module.is_some() {
            return Ok(None);
        }
        self.with_aligned(file, |desk, solution, aligned| mean_of_units(solution, aligned, desk.split()))
    }

    fn unseal(&self, file: &FileRef) -> Result<Opened, Fault> {
        self.child.unseal(file)
    }

    fn unseal_each<T: Send>(
        &self,
        files: &[FileRef],
        n_values: usize,
        parse: impl Fn(&Opened) -> T + Sync,
    ) -> Result<Vec<T>, Fault> {
        let (storage, key) = (&self.child.storage, &self.child.key);
        let one = |at: usize| Ok(parse(&key.open(&read(storage, &files[at])?)?));
        parallel::map(files.len(), n_values, one).into_iter().collect()
    }

    fn recipient(&self) -> String {
        self.child.key.recipient()
    }

    fn storage(&self) -> &Storage {
        &self.child.storage
    }

    fn evaluator(&self) -> &Evaluator {
        self.child.evaluator()
    }

    fn share_of_unseen(&mut self) -> Result<f64, Fault> {
        let (n_public, n_private) = match &*self.solution()? {
            Prepared::Catalogue(solution) => (solution.n_public(), solution.n_private()),
            Prepared::Module { solution, .. } => (solution.n_public(), solution.n_private()),
        };
        Ok(if n_public > 0 { n_private as f64 / n_public as f64 } else { 0.0 })
    }
}
