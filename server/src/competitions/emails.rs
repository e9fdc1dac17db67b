//! Lists of e-mail addresses as hosts paste them.

use crate::accounts::model::email;
use crate::error::{AppError, Result};

/// Reads a list of addresses, one a line or separated by commas or spaces.
///
/// # Errors
/// [`AppError::Field`] naming the first that is none.
pub fn read_emails(text: &str) -> Result<Vec<String>> {
    let mut emails = Vec::new();
    for entry in without_quoted(text).split([',', ';', '\n', '\r']) {
        for word in addresses_of(entry) {
            let not_one = |_| AppError::field("emails", format!("“{word}” is not an e-mail address."));
            emails.push(email(word).map_err(not_one)?);
        }
    }
    emails.sort();
    emails.dedup();
    if emails.len() > 5_000 {
        return Err(AppError::field("emails", "At most 5,000 addresses: use the invitation link for more."));
    }
    Ok(emails)
}

/// Names in quotes may hold commas.
fn without_quoted(text: &str) -> String {
    let lines = text.lines().map(|line| match line.matches('"').count() % 2 {
        0 => line.split('"').step_by(2).collect::<Vec<_>>().join(" "),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands in `<` and `>` where anything does, as mail programs write an address behind its name; else every word.
fn addresses_of(entry: &str) -> Vec<&str> {
    let bracketed: Vec<&str> = entry
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(inside, _)| inside.trim())
        .collect();
    if bracketed.is_empty() {
        entry.split_whitespace().map(|word| word.trim_matches(['<', '>'])).collect()
    } else {
        bracketed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_any_list() {
        let emails = read_emails("Ada@x.org, <bob@y.org>\nada@x.org").expect("addresses");
        assert_eq!(emails, ["ada@x.org", "bob@y.org"]);
        let named = "Ada Lovelace <Ada@x.org>; \"Doe, Jane\" <jane@z.org>,bob@y.org eve@y.org\nMallory <m@x.org> Ned <n@x.org>";
        let all = ["ada@x.org", "bob@y.org", "eve@y.org", "jane@z.org", "m@x.org", "n@x.org"];
        assert_eq!(read_emails(named).expect("addresses"), all);
        for wrong in ["nobody", "Ada <nobody>", "Ada Lovelace ada@x.org", "Ada <>"] {
            assert!(read_emails(wrong).is_err(), "{wrong}");
        }
    }
}
