//! One's own certificate.

use super::Session;
use super::fault::Outcome;
use super::table::text;
use crate::web::problems::encode;

pub fn certificate(session: &Session, competition: &str) -> Outcome {
    let path = format!("/api/v1/competitions/{}/certificate", encode(competition));
    let certificate = session.client.get(&path)?;
    session.screen.answer(&certificate, |_| {
        let placing = &certificate["placing"];
        let medal = match text(placing, "medal") {
            medal if medal.is_empty() => String::new(),
            medal => format!(", {medal} medal"),
        };
        format!(
            "{}, in the team “{}”: rank {} of {} in “{}”{medal}, score {}\n{}",
            text(&certificate, "name"),
            text(&certificate, "team"),
            placing["rank"],
            placing["n_teams"],
            text(&certificate, "competition"),
            text(placing, "shown"),
            text(&certificate, "address"),
        )
    });
    Ok(())
}
