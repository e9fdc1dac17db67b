//! What the house says on its standard output, a line at a time, with the name of who says it: before the line, or in the
//! document that the line is where logs hold documents.
//!
//! Never here: an end of anything because a line could not be written. The log may lie on a disk
//! that is full; what is not said then is lost, and the next line is tried again.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Write};

use holdout_contract::log;
use serde_json::{Map, Value, json};

#[derive(Clone, Copy)]
enum Form {
    Lines,
    Documents,
}

impl Form {
    fn asked_for() -> Self {
        if log::is_json() { Self::Documents } else { Self::Lines }
    }
}

/// Says one line.
pub fn say(name: &str, words: impl Display) {
    write_line(&mut std::io::stdout(), Form::asked_for(), name, &words.to_string());
}

/// Says every line of a stream until it ends.
pub fn pass_on(name: &str, stream: impl Read) {
    pass_on_to(&mut std::io::stdout(), Form::asked_for(), name, stream);
}

fn pass_on_to(output: &mut impl Write, form: Form, name: &str, stream: impl Read) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).is_ok_and(|n_bytes| n_bytes > 0) {
        write_line(output, form, name, String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        line.clear();
    }
}

fn write_line(output: &mut impl Write, form: Form, name: &str, words: &str) {
    let line = match form {
        Form::Lines => format!("{name:<9} | {words}\n"),
        Form::Documents => format!("{}\n", document(name, words)),
    };
    let _ = output.write_all(line.as_bytes());
}

/// A document as it came, or one made of words, with the name of who says it.
fn document(name: &str, words: &str) -> Value {
    let mut document: Map<String, Value> = serde_json::from_str(words).unwrap_or_else(|_| {
        let said = [("timestamp", json!(log::timestamp())), ("fields", json!({ "message": words }))];
        said.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    });
    document.insert("part".to_owned(), name.into());
    Value::Object(document)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Takes every second line.
    #[derive(Default)]
    struct FullNowAndThen {
        taken: String,
        n_lines: usize,
    }

    impl Write for FullNowAndThen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.n_lines += 1;
            if self.n_lines % 2 == 1 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.push_str(std::str::from_utf8(bytes).expect("text"));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_cannot_be_written_or_read_as_text_ends_nothing() {
        let mut log = FullNowAndThen::default();
        pass_on_to(&mut log, Form::Lines, "server", b"lost\nkept\r\nlost\nodd \xff letter".as_slice());
        assert_eq!(log.taken, "server    | kept\nserver    | odd \u{fffd} letter\n");
    }

    #[test]
    fn where_logs_hold_documents_every_line_is_one() {
        let mut log = Vec::new();
        let said = b"{\"level\":\"INFO\",\"fields\":{\"message\":\"serving\"}}\nLOG:  \"ready\"\n{}\n[1]\n\n";
        pass_on_to(&mut log, Form::Documents, "server", said.as_slice());
        let log = String::from_utf8(log).expect("text");
        let documents: Vec<Value> =
            log.lines().map(|line| serde_json::from_str(line).expect("a document")).collect();
        let messages: Vec<_> = documents.iter().map(|one| one["fields"]["message"].as_str()).collect();
        assert_eq!(messages, [Some("serving"), Some("LOG:  \"ready\""), None, Some("[1]"), Some("")]);
        assert!(documents.iter().all(|one| one["part"] == "server"), "{log}");
        assert!(documents[1]["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{log}");
    }
}
