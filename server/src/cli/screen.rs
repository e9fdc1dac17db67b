//! What a command writes: one document or one text on stdout; notes, bars and questions on stderr.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::fault::{CliError, Outcome};
use super::table::cell;

/// When to write in colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

impl Colour {
    fn is_on(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }
}

/// How words are marked; without colour they are plain.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    #[cfg(test)]
    pub const PLAIN: Self = Self { is_on: false };

    fn styled(self, style: Style, text: &str) -> String {
        if self.is_on { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    pub fn faint(self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    pub fn good(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    pub fn bad(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default().bold(), text)
    }

    pub fn doubtful(self, text: &str) -> String {
        self.styled(AnsiColor::Yellow.on_default(), text)
    }
}

pub struct Screen {
    is_json: bool,
    colour: Colour,
    /// A command prints one document and no second one.
    has_printed: Cell<bool>,
}

impl Screen {
    pub fn new(is_json: bool, colour: Colour) -> Self {
        Self { is_json, colour, has_printed: Cell::new(false) }
    }

    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// How to mark words on stdout.
    pub fn paint(&self) -> Paint {
        Paint { is_on: self.colour.is_on(io::stdout().is_terminal()) }
    }

    /// The command's answer: the document with `--json`, else the text.
    pub fn answer(&self, document: &Value, text: impl FnOnce(Paint) -> String) {
        self.has_printed.set(true);
        let text = if self.is_json { document.to_string() } else { text(self.paint()) };
        // A reader that went away, as `head` does, ends the command quietly.
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// Something worth knowing beside the answer.
    pub fn note(&self, text: &str) {
        let paint = Paint { is_on: self.colour.is_on(io::stderr().is_terminal()) };
        let _ = writeln!(io::stderr(), "{}", paint.faint(text));
    }

    /// Which option of a list goes on where this part ends, if there is more: `next` is that of the part.
    pub fn tell_of_more(&self, option: &str, next: &Value) {
        if !next.is_null() {
            self.note(&format!("There are more: {option} {}", cell(next)));
        }
    }

    /// The last words of a command that failed.
    pub fn fail(&self, error: &CliError) {
        if self.is_json && !self.has_printed.get() {
            let _ = writeln!(io::stdout(), "{}", error.document());
        }
        let paint = Paint { is_on: self.colour.is_on(io::stderr().is_terminal()) };
        let _ = writeln!(io::stderr(), "{}", paint.bad(&error.to_string()));
    }

    /// A bar for so many bytes; nothing where stderr is no terminal.
    pub fn transfer(&self, what: &str, size_bytes: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(size_bytes), self.target());
        let template = "{prefix}  [{bar:24}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta}";
        bar.set_style(style(template));
        bar.set_prefix(what.to_owned());
        bar
    }

    /// A bar for so many steps.
    pub fn steps(&self, what: &str, n_steps: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(n_steps), self.target());
        bar.set_style(style("{prefix}  [{bar:24}] {pos}/{len}"));
        bar.set_prefix(what.to_owned());
        bar
    }

    /// A line that says what is waited for.
    pub fn waiting(&self, what: &str) -> ProgressBar {
        let line = ProgressBar::with_draw_target(None, self.target());
        line.set_style(style("{spinner} {msg}"));
        line.set_message(what.to_owned());
        line.enable_steady_tick(Duration::from_millis(120));
        line
    }

    fn target(&self) -> ProgressDrawTarget {
        if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
    }

    /// Asks before something that cannot be taken back lightly; `is_sure` is what `--yes` said.
    ///
    /// # Errors
    /// Where nobody can be asked.
    pub fn confirm(&self, question: &str, is_sure: bool) -> Outcome<bool> {
        if is_sure {
            return Ok(true);
        }
        if !io::stdin().is_terminal() {
            return Err(CliError::Usage(format!("{question} Say --yes to go on without being asked.")));
        }
        write!(io::stderr(), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_marked_only_where_colour_is_wanted() {
        assert_eq!(Paint::PLAIN.bad("no"), "no");
        let marked = Paint { is_on: Colour::Always.is_on(false) }.bad("no");
        assert!(marked.starts_with("\u{1b}[") && marked.ends_with("\u{1b}[0m"), "{marked:?}");
        assert!(!Colour::Never.is_on(true) && !Colour::Auto.is_on(false));
    }
}
