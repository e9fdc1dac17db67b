//! A webhook, and what was sent to it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::WebhookId;

/// What a host can be told of, with words for the form.
pub const EVENTS: [(&str, &str); 2] = [
    ("submission.scored", "A submission was scored"),
    ("competition.closed", "The competition has closed and its final board stands"),
];
/// What a trial is called; it is sent whatever the webhook asks for.
pub const TRIAL: &str = "ping";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub url: String,
    pub secret: Vec<u8>,
    pub events: Vec<String>,
    pub created_at: DateTime<Utc>,
    /// When the receiver said that it is gone.
    pub disabled_at: Option<DateTime<Utc>>,
}

impl Webhook {
    /// The secret as libraries for Standard Webhooks take it.
    pub fn secret_text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.secret))
    }

    pub fn sample() -> Self {
        Self {
            id: WebhookId(1),
            url: "https://example.org/hooks/holdout".to_owned(),
            secret: vec![7; 32],
            events: EVENTS.map(|(name, _)| name.to_owned()).into(),
            created_at: DateTime::UNIX_EPOCH,
            disabled_at: None,
        }
    }
}

/// One message to one webhook, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: i64,
    /// Stays the same however often the message is sent.
    pub message_id: Uuid,
    pub event: String,
    pub created_at: DateTime<Utc>,
    pub attempts: i32,
    /// `None` once it is delivered or given up.
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    /// HTTP status of the newest answer.
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
}

impl Delivery {
    /// `delivered`, `waiting` or `given_up`.
    pub fn state(&self) -> &'static str {
        match (self.delivered_at, self.next_attempt_at) {
            (Some(_), _) => "delivered",
            (None, Some(_)) => "waiting",
            (None, None) => "given_up",
        }
    }

    pub fn state_words(&self) -> &'static str {
        match self.state() {
            "delivered" => "delivered",
            "waiting" if self.attempts == 0 => "on its way",
            "waiting" => "to be tried again",
            _ => "given up",
        }
    }

    pub fn sample() -> Self {
        Self {
            id: 1,
            message_id: Uuid::nil(),
            event: "submission.scored".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            attempts: 2,
            next_attempt_at: Some(DateTime::UNIX_EPOCH),
            delivered_at: None,
            last_status: Some(503),
            last_error: Some("The receiver answered 503.".to_owned()),
        }
    }
}

/// A message whose turn it is, with everything that sending it needs.
#[derive(Debug, Clone)]
pub struct Due {
    pub id: i64,
    pub webhook_id: WebhookId,
    pub message_id: Uuid,
    pub payload: serde_json::Value,
    pub url: String,
    pub secret: Vec<u8>,
}
