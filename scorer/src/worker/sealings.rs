//! Whose a sealed file is. Bytes that came to one competition are opened for no other one, whatever a web server wrote down
//! since: who came by them, from a backup or a bucket, would read labels off scores.
//!
//! Never here: trust in a file's place. What is asked about is its hash, which is compared with its bytes when it is read.

use std::collections::HashSet;

use holdout_contract::queue::Leased;
use holdout_contract::rejection::{Rejection, RejectionKind};
use sqlx::PgPool;

use super::message::{Answer, Request};
use super::patience::patiently;
use crate::examine::sealed_for_another;

const REASON: &str = "the sealed file came to another competition before, which is not over";

/// More are not remembered.
const MOST: usize = 10_000;

/// Solutions that competitions were found to be scored with rightly.
#[derive(Debug, Default)]
pub struct Admitted(HashSet<(i64, [u8; 32])>);

impl Admitted {
    /// What is answered in place of opening a file that is another competition's.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn refuse(
        &mut self,
        db: &PgPool,
        leased: &Leased,
        request: &Request,
    ) -> sqlx::Result<Option<Answer>> {
        let competition_id = leased.competition()?;
        for file in request.sealed() {
            let Some(sha256) = file.sha256 else { return Ok(Some(answer(request))) };
            let known = (competition_id, sha256);
            if request.is_scoring() && self.0.contains(&known) {
                continue;
            }
            if patiently(async || is_foreign(db, competition_id, &sha256).await).await? {
                tracing::warn!(competition_id, "a sealed file of another competition is not opened");
                return Ok(Some(answer(request)));
            }
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert(known);
        }
        Ok(None)
    }
}

async fn is_foreign(db: &PgPool, competition_id: i64, sha256: &[u8; 32]) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select is_sealed_for_another($1, $2) as "is_foreign!""#,
        sha256.as_slice(),
        competition_id
    )
    .fetch_one(db)
    .await
}

fn answer(request: &Request) -> Answer {
    match request {
        Request::Examine { .. } => {
            Answer::Examined { report: Box::new(sealed_for_another()), commitment: None, resplit: None }
        }
        Request::Split { .. } => {
            let sentence = "The labelled table was sealed for another competition, which is not over and has another host. If the labels are yours, send it once more as it is, or sealed anew.";
            Answer::Rejected { rejection: Rejection::new(RejectionKind::BadSolution, sentence) }
        }
        Request::Release { .. } => Answer::Withheld { reason: REASON.to_owned() },
        _ => Answer::Fault { text: REASON.to_owned(), is_passing: false },
    }
}
