//! Who sees a competition, and who is invited into it.

use clap::Args;
use serde_json::{Value, json};

use super::Competition;
use super::settings::{edit, wish};
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::table::{facts, local, text};
use crate::web::problems::encode;

#[derive(Debug, Args)]
pub struct InvitationsArgs {
    #[command(flatten)]
    of: Competition,
    /// Who can see it.
    #[arg(long, value_parser = ["public", "unlisted", "invitation"])]
    visibility: Option<String>,
    /// Invite by e-mail address; more than once for more.
    #[arg(long, value_name = "EMAIL")]
    add: Vec<String>,
    /// Take an invitation back; more than once for more.
    #[arg(long, value_name = "EMAIL")]
    remove: Vec<String>,
    /// Make a new link; the old one no longer works.
    #[arg(long)]
    new_link: bool,
    /// Notify an invited address again; more than once for more.
    #[arg(long, value_name = "EMAIL")]
    tell: Vec<String>,
    /// Notify everyone not notified yet because of the daily limit.
    #[arg(long, conflicts_with = "tell")]
    tell_rest: bool,
    /// Remove someone who came by the link; more than once for more.
    #[arg(long, value_name = "USER")]
    remove_person: Vec<String>,
}

pub fn invitations(session: &Session, args: &InvitationsArgs) -> Outcome {
    let api = args.of.api("/invitations");
    let emails = if args.add.is_empty() && args.remove.is_empty() {
        None
    } else {
        let invited = session.client.get(&api)?["emails"].as_array().cloned().unwrap_or_default();
        Some(changed(invited, &args.add, &args.remove))
    };
    let wishes = [("visibility", wish(&args.visibility)), ("emails", emails)];
    if wishes.iter().any(|(_, wish)| wish.is_some()) {
        edit(session, &args.of, &wishes)?;
    }
    if args.new_link {
        session.client.post(&format!("{api}/link"), &json!({}))?;
    }
    for username in &args.remove_person {
        session.client.delete(&format!("{api}/people/{}", encode(username)))?;
    }
    if args.tell_rest || !args.tell.is_empty() {
        let emails = (!args.tell_rest).then_some(&args.tell);
        session.client.post(&format!("{api}/letters"), &json!({ "emails": emails }))?;
    }
    let now = session.client.get(&api)?;
    session.screen.answer(&now, |paint| {
        facts(
            paint,
            &[
                ("visibility", text(&now, "visibility")),
                ("invited", states(&now["addresses"])),
                ("came by the link", people(&now["people"])),
                ("link", text(&now, "link")),
            ],
        )
    });
    Ok(())
}

/// Each address, and how it stands with it.
fn states(addresses: &Value) -> String {
    let state = |one: &Value| match (one["takes_part"] == true, one["told_at"].is_null()) {
        (true, _) => "joined".to_owned(),
        (_, true) => "not told yet".to_owned(),
        _ => format!("told {}", local(&one["told_at"])),
    };
    let lines = addresses.as_array().into_iter().flatten();
    lines.map(|one| format!("{} ({})", text(one, "email"), state(one))).collect::<Vec<_>>().join(", ")
}

fn people(people: &Value) -> String {
    let names = people.as_array().into_iter().flatten();
    names.map(|one| text(one, "username")).collect::<Vec<_>>().join(", ")
}

fn changed(invited: Vec<Value>, add: &[String], remove: &[String]) -> Value {
    let is_same = |a: &Value, b: &String| a.as_str().is_some_and(|a| a.eq_ignore_ascii_case(b));
    let mut emails: Vec<Value> =
        invited.into_iter().filter(|known| !remove.iter().any(|gone| is_same(known, gone))).collect();
    for email in add {
        if !emails.iter().any(|known| is_same(known, email)) {
            emails.push(json!(email));
        }
    }
    Value::Array(emails)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_invited_twice() {
        let invited = vec![json!("ada@x.test"), json!("bob@x.test")];
        let now = changed(invited, &["Bob@x.test".into(), "eve@x.test".into()], &["ADA@x.test".into()]);
        assert_eq!(now, json!(["bob@x.test", "eve@x.test"]));
    }
}
