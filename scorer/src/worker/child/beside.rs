//! A file beside another of the same team: the best one that was released, or the one before it.

use super::{Child, Fault, Prepared, Refusal, open};
use crate::align::{Aligned, align};
use crate::probing;
use crate::ranks::Rung;
use crate::score::rung;
use crate::solution::Solution;
use crate::worker::message::{Answer, FileRef, Judging, Looked};

impl Child {
    /// The best file was scored under this version, so it can be read.
    pub(super) fn rung(
        &self,
        solution: &Solution,
        aligned: &Aligned,
        best: Option<&FileRef>,
    ) -> Result<Rung, Refusal> {
        let best = match best {
            Some(best) => Some(self.aligned(solution, best)?.ok_or(Fault::Solution)?),
            None => None,
        };
        Ok(rung(solution, aligned, best.as_ref()))
    }

    /// What speaks for probing in each of these files.
    pub(super) fn look(&mut self, judging: &Judging, looked: &[Looked]) -> Result<Answer, Refusal> {
        if looked.is_empty() {
            return Ok(Answer::Probing { signs: Vec::new() });
        }
        let prepared = self.solution(judging)?;
        let Prepared::Catalogue(solution) = &*prepared else { return Err(Fault::Solution.into()) };
        let mut signs = Vec::with_capacity(looked.len());
        for Looked { file, previous } in looked {
            let previous = match previous {
                Some(previous) => self.aligned(solution, previous)?,
                None => None,
            };
            let aligned = self.aligned(solution, file)?;
            signs.push(aligned.map(|aligned| probing::look(solution, &aligned, previous.as_ref())));
        }
        Ok(Answer::Probing { signs })
    }

    /// `None` where the solution does not take the file.
    fn aligned(&self, solution: &Solution, file: &FileRef) -> Result<Option<Aligned>, Refusal> {
        let content = match open(self.read(file)?, &self.limits) {
            Err(Refusal::Rejected(_)) => return Ok(None),
            content => content?,
        };
        Ok(align(solution, &content, &self.limits).ok())
    }
}
