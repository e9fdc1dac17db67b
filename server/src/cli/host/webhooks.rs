//! Addresses that are told what happens.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::table::{Table, cell, items, local, text};

#[derive(Debug, Subcommand)]
pub enum WebhooksVerb {
    /// List the webhooks.
    List(Competition),
    /// Add a webhook; the secret that signs its messages is shown only once.
    Add(AddArgs),
    /// Remove a webhook.
    Remove(WebhookArgs),
    /// Send a test message.
    Ping(WebhookArgs),
    /// List messages of the last 30 days, and what came of them.
    Deliveries(WebhookArgs),
}

#[derive(Debug, Args)]
pub struct AddArgs {
    #[command(flatten)]
    of: Competition,
    /// Starts with https:// and must be a public address.
    url: String,
    /// The events to send.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "submission.scored,competition.closed",
        value_name = "EVENT,…"
    )]
    events: Vec<String>,
}

#[derive(Debug, Args)]
pub struct WebhookArgs {
    #[command(flatten)]
    of: Competition,
    /// Number in the list.
    id: String,
}

impl WebhookArgs {
    fn api(&self, rest: &str) -> String {
        self.of.api(&format!("/webhooks/{}{rest}", crate::web::problems::encode(&self.id)))
    }
}

pub fn run(session: &Session, verb: &WebhooksVerb) -> Outcome {
    match verb {
        WebhooksVerb::List(of) => list(session, of),
        WebhooksVerb::Add(args) => {
            let wish = json!({ "url": args.url, "events": args.events });
            let made = session.client.post(&args.of.api("/webhooks"), &wish)?;
            session.screen.note("Keep the secret: it will not be shown again.");
            session.screen.answer(&made, |_| text(&made, "secret"));
            Ok(())
        }
        WebhooksVerb::Remove(args) => {
            session.client.delete(&args.api(""))?;
            session
                .screen
                .answer(&json!({ "removed": args.id }), |_| "Nothing more will be sent there.".to_owned());
            Ok(())
        }
        WebhooksVerb::Ping(args) => {
            let answer = session.client.post(&args.api("/ping"), &json!({}))?;
            let document = if answer.is_null() { json!({ "pinged": args.id }) } else { answer };
            session.screen.answer(&document, |_| "A test message has been queued.".to_owned());
            Ok(())
        }
        WebhooksVerb::Deliveries(args) => deliveries(session, args),
    }
}

fn list(session: &Session, of: &Competition) -> Outcome {
    let webhooks = session.client.get(&of.api("/webhooks"))?;
    session.screen.answer(&webhooks, |paint| {
        let mut table = Table::new(&["id", "address", "told of", "made", "ended"]);
        for webhook in items(&webhooks) {
            table.row([
                cell(&webhook["id"]),
                text(webhook, "url"),
                cell(&webhook["events"]),
                local(&webhook["created_at"]),
                local(&webhook["disabled_at"]),
            ]);
        }
        table.draw(paint, "There are no webhooks.")
    });
    Ok(())
}

fn deliveries(session: &Session, args: &WebhookArgs) -> Outcome {
    let sent = session.client.get(&args.api("/deliveries"))?;
    session.screen.answer(&sent, |paint| {
        let mut table = Table::new(&["message", "event", "made", "tries", "answer"]);
        for delivery in items(&sent) {
            table.row([
                cell(&delivery["id"]),
                cell(&delivery["event"]),
                local(&delivery["created_at"]),
                cell(&delivery["attempts"]),
                outcome(delivery),
            ]);
        }
        table.draw(paint, "Nothing sent yet.")
    });
    Ok(())
}

fn outcome(delivery: &Value) -> String {
    let fields = ["last_status", "last_error", "state"].map(|field| &delivery[field]);
    fields.into_iter().find(|value| !value.is_null()).map(cell).unwrap_or_default()
}
