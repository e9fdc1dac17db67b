//! Why a command did not do what was asked, in words and as an exit code.

use serde_json::{Value, json};

use crate::error::NOTHING_HERE;

/// A command's failure. The sentence is for the person, the exit code for scripts.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The server, the platform or this machine said no.
    #[error("{0}")]
    Refused(String),
    /// A file was judged and found wrong, or something differs from what is on record.
    #[error("{0}")]
    Rejected(String),
    /// Nobody is signed in, or this caller may not do it.
    #[error("{0}")]
    NotAllowed(String),
    /// Signing in takes a code beside the password.
    #[error("{0}")]
    AsksForCode(String),
    #[error("{0}")]
    NotFound(String),
    /// A limit is used up.
    #[error("{sentence}")]
    TooMany { sentence: String, retry_after_seconds: Option<u64> },
    #[error("{0}")]
    Unreachable(String),
    /// The command line asks for what makes no sense.
    #[error("{0}")]
    Usage(String),
}

/// Every exit code with its meaning, for the help and the manual. A test holds the errors to it.
pub const EXIT_CODES: [(i32, &str); 8] = [
    (0, "done; of a check: the file is valid"),
    (1, "refused, or failed"),
    (2, "a file was rejected, or something differs from what is on record"),
    (3, "not signed in, or not allowed: rules not accepted, not started, a token without the scope"),
    (4, "not found"),
    (5, "a limit has been reached; try again later"),
    (6, "the server cannot be reached"),
    (64, "the command line is not valid"),
];

impl CliError {
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Refused(_) => 1,
            Self::Rejected(_) => 2,
            Self::NotAllowed(_) | Self::AsksForCode(_) => 3,
            Self::NotFound(_) => 4,
            Self::TooMany { .. } => 5,
            Self::Unreachable(_) => 6,
            Self::Usage(_) => 64,
        }
    }

    /// What a server's refusal means here.
    pub fn from_answer(status: u16, problem: &Value) -> Self {
        let sentence = match problem["detail"].as_str() {
            Some(detail) => detail.to_owned(),
            None => format!("The server answered {status}."),
        };
        match status {
            401 => Self::NotAllowed(format!("{sentence} Run `holdout login` first.")),
            403 if sentence.starts_with("Accept the rules first") => {
                Self::NotAllowed(format!("{sentence} `holdout join` with the competition's name does it."))
            }
            403 => Self::NotAllowed(sentence),
            422 if problem["field"] == "code" => Self::AsksForCode(sentence),
            404 if sentence == NOTHING_HERE => Self::NotFound(
                "The server has nothing with this name, or you may not see it. `holdout competitions` lists the \
                competitions that you may see."
                    .to_owned(),
            ),
            404 => Self::NotFound(sentence),
            413 => Self::Rejected(sentence),
            429 => Self::TooMany { sentence, retry_after_seconds: problem["retry_after_seconds"].as_u64() },
            502..=504 => Self::Unreachable(sentence),
            _ => Self::Refused(sentence),
        }
    }

    /// The one document of a failed command with `--json`.
    pub fn document(&self) -> Value {
        let mut error = json!({ "exit_code": self.exit_code(), "message": self.to_string() });
        if let Self::TooMany { retry_after_seconds: Some(seconds), .. } = self {
            error["retry_after_seconds"] = json!(seconds);
        }
        json!({ "error": error })
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

/// What a verb of the command line comes to: nothing to say, or why it went wrong, with its exit code.
pub type Outcome<T = ()> = Result<T, CliError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_documented_exit_code() {
        let problem = json!({ "detail": "Today's 5 submissions are used up.", "retry_after_seconds": 60 });
        let expected = [(401, 3), (403, 3), (404, 4), (413, 2), (422, 1), (429, 5), (500, 1), (503, 6)];
        for (status, code) in expected {
            let error = CliError::from_answer(status, &problem);
            assert_eq!(error.exit_code(), code, "{status}");
            assert!(EXIT_CODES.iter().any(|(known, _)| *known == code));
        }
        let told = CliError::from_answer(429, &problem).document();
        assert_eq!(told["error"]["retry_after_seconds"], 60);
        let nothing = CliError::from_answer(404, &json!({ "detail": NOTHING_HERE })).to_string();
        assert!(nothing.contains("`holdout competitions`"), "{nothing}");
        let rules = json!({ "detail": "Accept the rules first; then you can download the data." });
        assert!(CliError::from_answer(403, &rules).to_string().contains("`holdout join`"));
        assert!(CliError::from_answer(401, &Value::Null).to_string().ends_with("`holdout login` first."));
    }
}
