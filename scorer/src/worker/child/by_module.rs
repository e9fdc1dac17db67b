//! What a host's metric is asked for in the sandbox: scores, and how sure they are.

use std::time::{Duration, Instant};

use super::{Child, Fault, Prepared, Refusal, open};
use crate::custom::blocks::{self, Blocks, MOST_TIME_OF_A_LOOK, Unknown};
use crate::custom::{self, Module};
use crate::influence::Influence;
use crate::ranks::Rung;
use crate::solution::Split;
use crate::worker::message::{Answer, Climb, FileRef, Judging};

/// Why the host is told where a Ladder shows no new score.
const UNKNOWN_ON_A_LADDER: &str = "The board is a Ladder, and of this file or of the team's best one before it is not known what is chance. \
                                   So the team sees the score of its best file again.";

/// Of a host's metric, with the columns that a file must have.
type Tables<'a> = (&'a custom::tables::Solution, Option<&'a [String]>);

impl Child {
    pub(super) fn score_by_module(
        &mut self,
        source: &str,
        judging: &Judging,
        tables: Tables<'_>,
        aligned: &custom::tables::Aligned,
        ladder: Option<&Climb>,
    ) -> Result<Answer, Refusal> {
        let module = Module { source: source.to_owned(), params: judging.params.clone() };
        let until = Instant::now() + self.modules.bounds.time;
        match custom::score(self.modules.sandbox()?, &module, tables.0, aligned) {
            Ok(custom::Scored { scores, report }) => {
                let climbs = ladder.filter(|_| scores.public.value().is_some());
                let rung = climbs.map(|climb| self.rung_by_module(judging, tables, aligned, climb, until));
                let rung = rung.transpose()?;
                let is_unknown = rung.is_some_and(|rung| rung.least_gain.is_none());
                let unknown = is_unknown.then(|| UNKNOWN_ON_A_LADDER.to_owned());
                let reports: Vec<String> = [report, unknown].into_iter().flatten().collect();
                let report = (!reports.is_empty()).then(|| reports.join("\n\n"));
                Ok(Answer::Scored { scores, rung, report })
            }
            Err(custom::Failure::Refused(rejection)) => Err(rejection.into()),
            Err(custom::Failure::Broke(report) | custom::Failure::Stopped(report)) => {
                Ok(Answer::Broke { report })
            }
            Err(custom::Failure::Platform(reason)) => Err(self.no_sandbox(reason).into()),
        }
    }

    fn no_sandbox(&mut self, reason: String) -> Fault {
        self.modules.sandbox = None;
        Fault::Sandbox(reason)
    }

    /// How far a file must come on the public rows to be shown, beside the team's best released file.
    fn rung_by_module(
        &mut self,
        judging: &Judging,
        (solution, columns): Tables<'_>,
        aligned: &custom::tables::Aligned,
        climb: &Climb,
        until: Instant,
    ) -> Result<Rung, Refusal> {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        let time = if climb.best.is_some() { left / 2 } else { left };
        let own = self.influence_of(judging, solution, aligned, Split::Public, time)?.ok();
        let best = match &climb.best {
            None => None,
            Some(best) => {
                let best = solution.align(&open(self.read(best)?, &self.limits)?, columns, &self.limits);
                let best = best.map_err(|_| Fault::Solution)?;
                Some(self.influence_of(judging, solution, &best, Split::Public, time)?.ok())
            }
        };
        Ok(Rung::of_values(own, best, solution.n_public()))
    }

    /// The influence of every block of rows on a file's score.
    fn influence_of(
        &mut self,
        judging: &Judging,
        solution: &custom::tables::Solution,
        aligned: &custom::tables::Aligned,
        split: Split,
        time: Duration,
    ) -> Result<Result<Influence, Unknown>, Fault> {
        let Some(source) = &judging.module else { return Err(Fault::Solution) };
        let seed = judging.split_seed.cast_unsigned();
        let blocks = match Blocks::declared(solution, split, &judging.context, seed) {
            Ok(blocks) => blocks,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let module = Module { source: source.clone(), params: judging.params.clone() };
        let file = (solution, aligned, split);
        let found = blocks::influence(self.modules.sandbox()?, &module, file, &blocks, time);
        found.map_err(|reason| self.no_sandbox(reason))
    }

    /// As a look at a board needs it, of a file that was scored.
    pub(super) fn influence_by_module(
        &mut self,
        judging: &Judging,
        file: &FileRef,
        split: Split,
    ) -> Result<Result<Influence, Unknown>, Fault> {
        let prepared = self.solution(judging)?;
        let Prepared::Module { solution, columns } = &*prepared else { return Err(Fault::Solution) };
        let aligned = open(self.read(file)?, &self.limits)
            .and_then(|content| Ok(solution.align(&content, columns.as_deref(), &self.limits)?));
        let aligned = match aligned {
            Ok(aligned) => aligned,
            Err(Refusal::Rejected(_)) => return Err(Fault::Solution),
            Err(Refusal::Fault(fault)) => return Err(fault),
        };
        let time = self.modules.bounds.time.min(MOST_TIME_OF_A_LOOK);
        self.influence_of(judging, solution, &aligned, split, time)
    }
}
