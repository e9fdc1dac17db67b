//! Carries a message to its address, by the rules of [`crate::outbound`].

use std::time::Duration;

use crate::outbound::{self, Reach};

const TIMEOUT: Duration = Duration::from_secs(15);

/// A message as it is sent.
#[derive(Debug, Clone)]
pub struct Message {
    pub url: String,
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
}

#[derive(Debug, Clone)]
pub struct Courier {
    agent: ureq::Agent,
}

impl Courier {
    /// One that goes to public addresses alone, or anywhere.
    pub fn new(may_go_anywhere: bool) -> Self {
        let reach = if may_go_anywhere { Reach::Anywhere } else { Reach::Public };
        Self { agent: outbound::agent(TIMEOUT, reach) }
    }

    /// Sends a message and gives the status of the answer. Blocks.
    ///
    /// # Errors
    /// A sentence when there is no answer.
    pub fn carry(&self, message: &Message) -> Result<u16, String> {
        let sent = self
            .agent
            .post(&message.url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", message.timestamp.to_string())
            .header("webhook-signature", &message.signature)
            .send(&message.body);
        sent.map(|answer| answer.status().as_u16()).map_err(|error| format!("No answer: {error}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_home_is_refused_before_anything_is_sent() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"] {
            let message = Message {
                url: format!("http://{host}:{port}/"),
                id: "1".to_owned(),
                timestamp: 0,
                signature: "v1,".to_owned(),
                body: "{}".to_owned(),
            };
            let refused = Courier::new(false).carry(&message).unwrap_err();
            assert!(refused.contains("private network"), "{host}: {refused}");
        }
        assert!(listener.accept().is_err(), "nobody came");
    }
}
