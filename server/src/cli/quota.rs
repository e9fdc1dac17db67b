//! Room for files: what is used and what may be.

use clap::Args;
use serde_json::Value;

use super::Session;
use super::fault::Outcome;
use super::table::Table;
use crate::web::format;

#[derive(Debug, Args)]
pub struct QuotaArgs {
    /// A competition you host, instead of yourself.
    #[arg(short, long, value_name = "COMPETITION")]
    competition: Option<String>,
}

pub fn show(session: &Session, QuotaArgs { competition }: &QuotaArgs) -> Outcome {
    let path = match competition {
        Some(slug) => format!("/api/v1/competitions/{slug}/storage"),
        None => "/api/v1/me/storage".to_owned(),
    };
    let room = session.client.get(&path)?;
    session.screen.answer(&room, |paint| {
        let mut table = Table::new(&["kind", "size"]);
        for (kind, field) in [
            ("submissions", "submission_bytes"),
            ("notebooks", "notebook_bytes"),
            ("data", "data_bytes"),
            ("other", "other_bytes"),
        ] {
            table.row([kind.to_owned(), size(&room[field])]);
        }
        let total = format!("{} of {} are used.", size(&room["used_bytes"]), size(&room["allowed_bytes"]));
        format!("{total}\n\n{}", table.draw(paint, ""))
    });
    Ok(())
}

fn size(bytes: &Value) -> String {
    format::size(bytes.as_u64().unwrap_or_default())
}
