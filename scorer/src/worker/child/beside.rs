//! A file beside another of the same team: the best one that was released, or the one before it.

use holdout_contract::probing::Signs;

use super::{Child, Fault, Prepared, Refusal, open};
use crate::align::{Aligned, align};
use crate::intake::Content;
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
        let signs = match &*prepared {
            Prepared::Catalogue(solution) => {
                let aligned = |content: &Content| align(solution, content, &self.limits).ok();
                self.signs(looked, aligned, |file, before| probing::look(solution, file, before))
            }
            Prepared::Module { solution, columns } => {
                let aligned =
                    |content: &Content| solution.align(content, columns.as_deref(), &self.limits).ok();
                self.signs(looked, aligned, |file, before| probing::look_at_texts(solution, file, before))
            }
        };
        signs.map(|signs| Answer::Probing { signs })
    }

    /// `None` for files that the solution does not take.
    fn signs<A>(
        &self,
        looked: &[Looked],
        aligned: impl Fn(&Content) -> Option<A>,
        look: impl Fn(&A, Option<&A>) -> Signs,
    ) -> Result<Vec<Option<Signs>>, Refusal> {
        let read = |file: &FileRef| -> Result<Option<A>, Refusal> {
            match open(self.read(file)?, &self.limits) {
                Err(Refusal::Rejected(_)) => Ok(None),
                content => Ok(aligned(&content?)),
            }
        };
        let signs = looked.iter().map(|Looked { file, previous }| {
            let previous = previous.as_ref().map(read).transpose()?.flatten();
            Ok(read(file)?.map(|file| look(&file, previous.as_ref())))
        });
        signs.collect()
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
