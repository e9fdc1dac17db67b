//! The competition that a command is about: the first of its words, or anywhere behind `-c`.
//!
//! What reads the command line cannot tell a competition from the words behind it where it may be left out. So it is put
//! in front before anything is read ([`in_front`]), and all commands take it in both ways.

use std::ffi::OsString;

use clap::{Args, Command};

use crate::web::problems::encode;

const BEHIND_A_FLAG: &str = "competition_behind_a_flag";

#[derive(Debug, Clone, Args)]
pub struct Competition {
    /// Name in the competition's address; or give it with -c, anywhere.
    #[arg(id = "competition", value_name = "COMPETITION")]
    pub slug: String,
    /// Name in the competition's address, instead of the first argument.
    #[arg(id = BEHIND_A_FLAG, short = 'c', long = "competition", value_name = "COMPETITION", conflicts_with = "competition")]
    behind_a_flag: Option<String>,
}

impl Competition {
    pub fn named(slug: impl Into<String>) -> Self {
        Self { slug: slug.into(), behind_a_flag: None }
    }

    /// Its address in the API, with what follows.
    pub fn api(&self, rest: &str) -> String {
        format!("/api/v1/competitions/{}{rest}", encode(&self.slug))
    }
}

/// The words of a command line, with a competition that stands behind `-c` as the first word of the command that takes one.
pub fn in_front(program: &Command, mut words: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = first_word(program, &words) else { return words };
    let Some((at, n_words, slug)) = behind_a_flag(&words, first) else { return words };
    words.splice(at..at + n_words, []);
    words.insert(first, slug);
    words
}

/// Where the first word of the command stands, if it takes a competition.
fn first_word(program: &Command, words: &[OsString]) -> Option<usize> {
    let (mut command, mut at) = (program, 1);
    while command.has_subcommands() {
        let word = words.get(at)?.to_str()?;
        at += 1;
        match word.strip_prefix("--") {
            Some(option) if takes_a_word(program, option) => at += 1,
            Some(_) => {}
            None if word.starts_with('-') => {}
            None => command = command.find_subcommand(word)?,
        }
    }
    command.get_arguments().any(|argument| argument.get_id() == BEHIND_A_FLAG).then_some(at)
}

/// Whether an option that stands before the command has its value in the next word.
fn takes_a_word(program: &Command, option: &str) -> bool {
    let mut known = program.get_arguments();
    known.any(|argument| argument.get_long() == Some(option) && argument.get_action().takes_values())
}

/// The place of the flag, how many words it takes, and the competition.
fn behind_a_flag(words: &[OsString], first: usize) -> Option<(usize, usize, OsString)> {
    for (at, word) in words.iter().enumerate().skip(first) {
        let word = word.to_str().unwrap_or_default();
        if word == "--" {
            return None;
        }
        if matches!(word, "-c" | "--competition") {
            return words.get(at + 1).map(|slug| (at, 2, slug.clone()));
        }
        let joined = word.strip_prefix("--competition=").or_else(|| {
            let short = word.strip_prefix("-c")?;
            Some(short.strip_prefix('=').unwrap_or(short))
        });
        if let Some(slug) = joined {
            return Some((at, 1, slug.into()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;
    use crate::cli::program::Program;

    fn put_in_front(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let put = in_front(&Program::command(), words);
        put.iter().map(|word| word.to_str().expect("text")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_competition_behind_a_flag_is_put_in_front() {
        for (typed, read) in [
            ("holdout submission -c houses 7", "holdout submission houses 7"),
            ("holdout submission 7 -c houses", "holdout submission houses 7"),
            ("holdout select 7 8 --competition=houses --withdraw", "holdout select houses 7 8 --withdraw"),
            ("holdout team rename -choses Tigers", "holdout team rename hoses Tigers"),
            ("holdout --server team team show -c=houses", "holdout --server team team show houses"),
            ("holdout --json host pages show rules -c houses", "holdout --json host pages show houses rules"),
            ("holdout team show houses", "holdout team show houses"),
            ("holdout submit file.csv -c houses", "holdout submit file.csv -c houses"),
            ("holdout download -- -c", "holdout download -- -c"),
            ("holdout nothing -c houses", "holdout nothing -c houses"),
            ("holdout team", "holdout team"),
            ("holdout team show -c", "holdout team show -c"),
        ] {
            assert_eq!(put_in_front(typed), read);
        }
    }

    #[test]
    fn every_command_that_names_a_competition_takes_it_behind_the_flag_too() {
        fn look(command: &Command, path: &str, n_found: &mut usize) {
            for sub in command.get_subcommands() {
                look(sub, &format!("{path} {}", sub.get_name()), n_found);
            }
            let is_named = |name: &clap::builder::Str| name.contains("COMPETITION");
            let named =
                |argument: &&clap::Arg| argument.get_value_names().unwrap_or_default().iter().any(is_named);
            if command.get_positionals().any(|argument| named(&argument)) {
                *n_found += 1;
                let flags =
                    command.get_arguments().filter(|argument| argument.get_long() == Some("competition"));
                assert_eq!(flags.filter(|flag| flag.get_short() == Some('c')).count(), 1, "{path}");
            }
        }
        let mut n_found = 0;
        look(&Program::command(), "holdout", &mut n_found);
        assert!(n_found > 50, "{n_found}");
    }

    #[test]
    fn a_competition_is_said_once() {
        let read = |line: &str| {
            let words = line.split(' ').map(OsString::from).collect();
            let found = Program::command().try_get_matches_from(in_front(&Program::command(), words));
            found.and_then(|found| Program::from_arg_matches(&found)).map(drop)
        };
        assert!(read("holdout team show -c houses").is_ok());
        assert!(read("holdout team merge -c houses Tigers").is_ok());
        for wrong in [
            "holdout team show",
            "holdout team show -c a -c b",
            "holdout team show a -c b",
            "holdout team show -c",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
