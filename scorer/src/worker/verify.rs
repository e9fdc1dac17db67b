//! A score computed again, compared with the one on record to the last bit.
//!
//! Never here: a digit of a score in what is written down, or a change of any score.

use holdout_contract::job::SplitScore;
use holdout_contract::queue::Leased;
use sqlx::PgPool;

use super::climbing;
use super::finish::{Judged, Written, need_not_wait_for_the_disk, with_the_job};
use super::read::Submission;

/// Ends the job of one submission, with what differed.
///
/// # Errors
/// Those of the database.
pub async fn verified(
    db: &PgPool,
    leased: &Leased,
    verification_id: i64,
    submission: &Submission,
    judged: Judged<'_>,
) -> sqlx::Result<Written> {
    with_the_job(db, leased, async |conn| {
        need_not_wait_for_the_disk(conn).await?;
        if climbing::is_overtaken(conn, submission).await? {
            return Ok(Written::Overtaken);
        }
        let record = sqlx::query_as!(
            Record,
            r#"select coalesce(e.public_score, x.public_score) as public_score, x.public_score as shown_score,
                      x.ladder_step, p.private_score as "private_score?", x.rejection is not null as "is_rejected!",
                      x.part_scores as "public_parts?", p.part_scores as "private_parts?", x.submission_sha256,
                      x.solution_sha256 as "solution_sha256!", x.metric_sha256
               from scores x
               left join private_scores p on p.submission_id = x.submission_id and p.version_id = x.version_id
               left join exact_public_scores e on e.submission_id = x.submission_id and e.version_id = x.version_id
               where x.submission_id = $1 and x.version_id = $2"#,
            submission.id,
            submission.version_id,
        )
        .fetch_optional(&mut *conn)
        .await?;
        // Without a record there is nothing to compare: the version was given up meanwhile.
        let what = record.map(|record| record.differences(submission, judged)).unwrap_or_default();
        if !what.is_empty() {
            sqlx::query!(
                "insert into verification_faults (verification_id, submission_id, what)
                 values ($1, $2, $3)
                 on conflict do nothing",
                verification_id,
                submission.id,
                what.join(" "),
            )
            .execute(&mut *conn)
            .await?;
        }
        Ok(Written::Yes)
    })
    .await
}

/// What is on record of one score.
struct Record {
    public_score: Option<f64>,
    /// On a Ladder another than that, perhaps.
    shown_score: Option<f64>,
    ladder_step: Option<String>,
    private_score: Option<f64>,
    public_parts: Option<Vec<f64>>,
    private_parts: Option<Vec<f64>>,
    is_rejected: bool,
    submission_sha256: Vec<u8>,
    solution_sha256: Vec<u8>,
    /// Of older scores it was not kept.
    metric_sha256: Option<Vec<u8>>,
}

impl Record {
    fn differences(&self, submission: &Submission, judged: Judged<'_>) -> Vec<&'static str> {
        let bits = |score: Option<f64>| score.map(f64::to_bits);
        let (public, private, is_rejected) = match judged {
            Judged::Scored { scores, .. } => (Some(&scores.public), Some(&scores.private), false),
            Judged::Rejected(_) => (None, None, true),
            Judged::Broke(_) => return vec!["The metric broke on the file, and did not before."],
        };
        let value = |score: Option<&SplitScore>| score.and_then(SplitScore::value);
        let metric = self.metric_sha256.as_deref();
        let all = [
            (
                is_rejected != self.is_rejected,
                "The file is refused now and was not, or was refused and is not.",
            ),
            (bits(value(public)) != bits(self.public_score), "The public score differs."),
            (self.shows_other_than(submission, judged), "What the Ladder shows of it differs."),
            (bits(value(private)) != bits(self.private_score), "The private score differs."),
            (differ(parts(public), self.public_parts.as_deref()), "A public score of a part differs."),
            (differ(parts(private), self.private_parts.as_deref()), "A private score of a part differs."),
            (submission.sha256 != self.submission_sha256, "The file is not the one that was scored."),
            (
                submission.solution_sha256 != self.solution_sha256,
                "The solution is not the one it was scored with.",
            ),
            (
                metric.is_some_and(|hash| hash != submission.metric_sha256),
                "Metric, parameters or split are not those it was scored with.",
            ),
        ];
        all.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what).collect()
    }

    /// Whether a Ladder showed another step. Without the file that it was judged against that cannot be known.
    fn shows_other_than(&self, submission: &Submission, judged: Judged<'_>) -> bool {
        let Some(climber) = submission.climber.as_ref().filter(|climber| climber.is_whole()) else {
            return false;
        };
        let step = match judged {
            Judged::Scored { scores, rung: Some(rung), .. } => {
                climber.step(submission.direction, &scores.public, rung)
            }
            _ => None,
        };
        let on_record = self.ladder_step.as_deref().zip(self.shown_score.map(f64::to_bits));
        step.map(|step| (step.name(), step.shown().to_bits())) != on_record
    }
}

fn parts(score: Option<&SplitScore>) -> Option<&[f64]> {
    score.and_then(SplitScore::parts)
}

/// Whether one bit of one part is another.
fn differ(computed: Option<&[f64]>, recorded: Option<&[f64]>) -> bool {
    let bits = |scores: &[f64]| scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>();
    computed.map(bits) != recorded.map(bits)
}

#[cfg(test)]
mod tests {
    use holdout_contract::job::Scores;
    use holdout_contract::spec::Direction;

    use super::*;

    #[test]
    fn one_bit_is_a_difference() {
        let submission = Submission {
            id: 1,
            team_id: 1,
            sha256: vec![1],
            version_id: 1,
            is_rescoring: true,
            solution_sha256: vec![2],
            metric_sha256: [3; 32],
            direction: Direction::LowerIsBetter,
            climber: None,
        };
        let record = Record {
            public_score: Some(0.1 + 0.2),
            shown_score: Some(0.1 + 0.2),
            ladder_step: None,
            private_score: None,
            public_parts: None,
            private_parts: None,
            is_rejected: false,
            submission_sha256: vec![1],
            solution_sha256: vec![2],
            metric_sha256: Some(vec![3; 32]),
        };
        let undefined = || SplitScore::Undefined { undefined: "No rows.".to_owned() };
        let scores = |public: f64| Scores { public: SplitScore::Defined(public), private: undefined() };
        let found = |record: &Record, scores: &Scores| {
            record.differences(&submission, Judged::Scored { scores, rung: None, report: None })
        };
        assert!(found(&record, &scores(0.1 + 0.2)).is_empty());
        assert_eq!(found(&record, &scores(0.3)), ["The public score differs."]);

        let record = Record { public_parts: Some(vec![0.1 + 0.2, 0.5]), ..record };
        let ranked = |last: f64| Scores {
            public: SplitScore::OfParts { parts: vec![0.1 + 0.2, last] },
            private: undefined(),
        };
        assert!(found(&record, &ranked(0.5)).is_empty());
        assert_eq!(found(&record, &ranked(0.5 + f64::EPSILON)), ["A public score of a part differs."]);
    }
}
