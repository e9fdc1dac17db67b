//! Letters: what is due to a person goes into the outbox, all in one, in the transaction that takes it
//! off the list.

use std::fmt::Write;
use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::mail::{self, Letter};
use crate::notifications::model::Notification;
use crate::notifications::store::mail as store;
use crate::paths;

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Runs for ever.
pub async fn write_forever(app: App) {
    loop {
        match write_next(&app).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => {
                tracing::warn!(%error, "letters cannot be written; trying again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

/// Writes one person's letter; `false` when none is due. Who has read everything on the site, may not
/// see it any more or wants no letters gets none.
///
/// # Errors
/// Those of the database.
pub async fn write_next(app: &App) -> Result<bool> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(user) = store::next_due(&mut tx, now).await? else { return Ok(false) };
    let told = store::take_due(&mut tx, user, now).await?;
    if let Some(addressee) = store::addressee(&mut tx, user).await?.filter(|_| !told.is_empty()) {
        let site = app.config.public_url.trim_end_matches('/');
        let unsubscribe_url = format!("{site}{}", paths::unsubscribe(&addressee.unsubscribe_token));
        let letter = Letter {
            to: addressee.email,
            subject: subject(&told),
            body: body(&told, site, &unsubscribe_url),
            unsubscribe_url: Some(unsubscribe_url),
        };
        mail::post(&mut tx, &letter, now).await?;
    }
    tx.commit().await?;
    Ok(true)
}

fn subject(told: &[Notification]) -> String {
    match told {
        [only] => only.sentence(),
        many => format!("{} new things in what you follow", many.len()),
    }
}

fn body(told: &[Notification], site: &str, unsubscribe_url: &str) -> String {
    let mut body = String::new();
    for one in told {
        let _ = writeln!(body, "{}\n{site}{}\n", one.sentence(), one.address());
        for line in one.quoted().lines() {
            let _ = writeln!(body, "> {line}");
        }
        body.push('\n');
    }
    let settings = paths::SETTINGS_NOTIFICATIONS;
    let _ = write!(
        body,
        "--\nChoose your notifications: {site}{settings}\nUnsubscribe from these emails: {unsubscribe_url}\n"
    );
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_names_everything_and_the_way_out() {
        let told = [Notification::sample(), Notification { words: String::new(), ..Notification::sample() }];
        let text = body(&told, "https://holdout.example", "https://holdout.example/unsubscribe/x");
        assert!(text.contains("https://holdout.example/posts/2#post-2"), "{text}");
        assert!(text.contains("> Please stay") && text.contains("> It is the noise."), "{text}");
        assert!(text.ends_with("/unsubscribe/x\n"));
        assert_eq!(subject(&told), "2 new things in what you follow");
        assert!(subject(&told[..1]).contains("mentioned you"));
    }
}
