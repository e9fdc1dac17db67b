//! A submission against a prepared solution, and many of one version against the same.

use std::time::{Duration, Instant};

use super::{Child, Fault, Prepared, Refusal, answer_of, open};
use crate::align::{Aligned, align};
use crate::score::{both_scores, both_scores_of_all};
use crate::solution::Solution;
use crate::worker::message::{Answer, Climb, FileRef, Judging, Submitted};

impl Child {
    pub(super) fn score(
        &mut self,
        judging: &Judging,
        submission: &FileRef,
        ladder: Option<&Climb>,
    ) -> Result<Answer, Refusal> {
        let bytes = self.read(submission)?;
        let prepared = self.solution(judging)?;
        self.score_against(&prepared, judging, bytes, ladder)
    }

    fn score_against(
        &mut self,
        prepared: &Prepared,
        judging: &Judging,
        submission: Vec<u8>,
        ladder: Option<&Climb>,
    ) -> Result<Answer, Refusal> {
        match (prepared, &judging.module) {
            (Prepared::Catalogue(solution), _) => {
                let aligned = align(solution, &open(submission, &self.limits)?, &self.limits)?;
                let scores = both_scores(solution, &aligned);
                let climb = |climb: &Climb| self.rung(solution, &aligned, climb.best.as_ref());
                Ok(Answer::Scored { scores, rung: ladder.map(climb).transpose()?, report: None })
            }
            (Prepared::Module { solution, columns }, Some(source)) => {
                let aligned =
                    solution.align(&open(submission, &self.limits)?, columns.as_deref(), &self.limits)?;
                self.score_by_module(source, judging, (solution, columns.as_deref()), &aligned, ladder)
            }
            (Prepared::Module { .. }, None) => Err(Fault::Solution.into()),
        }
    }

    /// As many as there is time for: one at least.
    pub(super) fn score_batch(
        &mut self,
        judging: &Judging,
        submitted: &[Submitted],
        time: Duration,
    ) -> Result<Answer, Refusal> {
        let prepared = self.solution(judging)?;
        let begun = Instant::now();
        let mut answers = Vec::with_capacity(submitted.len());
        while let Some(next) = submitted.get(answers.len()..).filter(|rest| !rest.is_empty()) {
            let passed = begun.elapsed();
            if !answers.is_empty() && passed > time {
                break;
            }
            match &*prepared {
                Prepared::Catalogue(solution) if solution.judge().is_together() => {
                    let n = n_in_time(answers.len(), passed, time).min(next.len());
                    answers.append(&mut self.score_together(solution, &next[..n]));
                }
                _ => {
                    let Submitted { file, ladder } = &next[0];
                    let bytes = self.read(file).map_err(Refusal::from);
                    let scored = bytes
                        .and_then(|bytes| self.score_against(&prepared, judging, bytes, ladder.as_ref()));
                    answers.push(answer_of(scored));
                }
            }
        }
        Ok(Answer::ScoredBatch { answers })
    }

    /// Scores the first of these, as many as there is memory for, at once: one at least.
    fn score_together(&self, solution: &Solution, submitted: &[Submitted]) -> Vec<Answer> {
        let mut files = Vec::with_capacity(submitted.len());
        let mut held_bytes = 0;
        for Submitted { file, .. } in submitted {
            let aligned = self
                .read(file)
                .map_err(Refusal::from)
                .and_then(|bytes| Ok(align(solution, &open(bytes, &self.limits)?, &self.limits)?));
            held_bytes += aligned.as_ref().map_or(0, Aligned::n_bytes);
            files.push(aligned);
            if held_bytes > self.batch_bytes {
                break;
            }
        }
        let aligned: Vec<&Aligned> = files.iter().filter_map(|file| file.as_ref().ok()).collect();
        let scores = match aligned.as_slice() {
            // A device is not worth opening for one.
            [alone] => vec![both_scores(solution, alone)],
            several => both_scores_of_all(solution, several, self.evaluator()),
        };
        let mut scores = scores.into_iter();
        let answer = |(Submitted { ladder, .. }, aligned): (&Submitted, Result<Aligned, Refusal>)| {
            let aligned = aligned?;
            let scores = scores.next().ok_or(Fault::Solution)?;
            let climb = |climb: &Climb| self.rung(solution, &aligned, climb.best.as_ref());
            Ok(Answer::Scored { scores, rung: ladder.as_ref().map(climb).transpose()?, report: None })
        };
        submitted.iter().zip(files).map(answer).map(answer_of).collect()
    }
}

/// How many more can be expected to be done in time, when so many took as long as has passed.
fn n_in_time(n_done: usize, passed: Duration, time: Duration) -> usize {
    if n_done == 0 {
        return 1;
    }
    let left = time.saturating_sub(passed);
    let n = n_done as f64 * left.as_secs_f64() / passed.as_secs_f64().max(1e-6);
    (n as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_in_time() {
        let [second, third] = [1, 3].map(Duration::from_secs);
        assert_eq!(n_in_time(0, Duration::ZERO, second), 1);
        assert_eq!(n_in_time(1, second, third), 2);
        assert_eq!(n_in_time(5, third, second), 1);
    }
}
