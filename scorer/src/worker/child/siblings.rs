//! Other metrics than the competition's own: the same files, read, aligned and scored as any submission is.

use std::time::{Duration, Instant};

use super::{Child, Fault, Prepared, Refusal, open};
use crate::align::align;
use crate::score::score_split;
use crate::solution::{Solution, Split};
use crate::worker::message::{Answer, Asked, Judging, OtherMetric, OtherScores};

/// One job takes no longer; the rest is scored in the next.
const MOST_TIME: Duration = Duration::from_secs(30);

impl Child {
    /// Metric by metric, as long as there is time: one file at least.
    pub(super) fn other_metrics(&mut self, wanted: &[OtherMetric]) -> Result<Answer, Refusal> {
        let until = Instant::now() + MOST_TIME;
        let mut found = Vec::with_capacity(wanted.len());
        for metric in wanted {
            found.push(self.other_metric(metric, until)?);
            if Instant::now() > until {
                break;
            }
        }
        Ok(Answer::OtherMetrics { found })
    }

    fn other_metric(&mut self, metric: &OtherMetric, until: Instant) -> Result<OtherScores, Refusal> {
        let none = OtherScores { place: metric.place, is_absent: true, scores: Vec::new() };
        let prepared = match self.solution(&self.naming_the_target(&metric.judging)?) {
            // It was chosen for what it reads, and these labels are none for it.
            Err(Fault::Solution | Fault::Metric(_)) => return Ok(none),
            prepared => prepared?,
        };
        let Prepared::Catalogue(solution) = &*prepared else { return Ok(none) };
        let mut found = OtherScores { is_absent: false, ..none };
        for entry in &metric.entries {
            found.scores.push((entry.submission_id, self.private_score(solution, entry)?));
            if Instant::now() > until {
                break;
            }
        }
        Ok(found)
    }

    /// Where the host's own metric was asked, the sample submission says which column of the solution is predicted.
    fn naming_the_target(&self, judging: &Judging) -> Result<Judging, Fault> {
        let mut judging = judging.clone();
        let id_name = judging.context.get("id_column").and_then(|name| name.as_str()).map(str::to_owned);
        let columns = self.columns_of_sample(&judging, id_name.as_deref())?;
        if let Some([target]) = columns.as_deref()
            && !judging.context.contains_key("target")
        {
            judging.context.insert("target".to_owned(), target.as_str().into());
        }
        Ok(judging)
    }

    /// `None` where the metric gives the file no score: it may ask more of a cell than the competition did.
    fn private_score(&self, solution: &Solution, entry: &Asked) -> Result<Option<f64>, Refusal> {
        let content = match open(self.read(&entry.file)?, &self.limits) {
            Err(Refusal::Rejected(_)) => return Ok(None),
            content => content?,
        };
        let aligned = align(solution, &content, &self.limits).ok();
        Ok(aligned.and_then(|aligned| score_split(solution, &aligned, Split::Private).value()))
    }
}
