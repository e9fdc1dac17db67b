//! What the program says of itself: shell completions, man pages, exit codes. All of it is made from the
//! commands as they are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use serde_json::json;

use super::fault::{CliError, EXIT_CODES, Outcome};
use super::screen::Screen;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to print them for.
    shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for one page per command; if left out, the main page goes to stdout.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// Exit codes as a table, below the help.
pub fn exit_codes() -> String {
    let lines = EXIT_CODES.iter().map(|(code, meaning)| format!("  {code:<3} {meaning}"));
    format!("Exit codes:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// Tells the exit codes.
pub fn tell_exit_codes(screen: &Screen) {
    let items: Vec<_> =
        EXIT_CODES.iter().map(|(code, meaning)| json!({ "code": code, "meaning": meaning })).collect();
    screen.answer(&json!({ "items": items }), |_| exit_codes());
}

/// Prints the completions for a shell.
pub fn completions(screen: &Screen, mut program: Command, args: &CompletionsArgs) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "holdout", &mut script);
    let script = String::from_utf8_lossy(&script);
    screen.answer(&json!({ "shell": args.shell.to_string(), "script": script }), |_| {
        script.trim_end().to_owned()
    });
}

/// Writes the man pages.
///
/// # Errors
/// A folder that cannot be written to.
pub fn man(screen: &Screen, program: Command, args: &ManArgs) -> Outcome {
    let mut program = program;
    program.build();
    let Some(folder) = &args.into else {
        let page = page(&program)?;
        let page = String::from_utf8_lossy(&page);
        screen.answer(&json!({ "name": page_name(&program), "page": page }), |_| page.trim_end().to_owned());
        return Ok(());
    };
    fs::create_dir_all(folder)?;
    let mut written = Vec::new();
    write_pages(folder, &program, &mut written)?;
    screen.answer(&json!({ "items": written }), |_| {
        format!("{} pages are in {}.", written.len(), folder.display())
    });
    Ok(())
}

/// A page for this command and for each below it.
fn write_pages(folder: &Path, command: &Command, written: &mut Vec<String>) -> Outcome {
    let name = page_name(command);
    let path = folder.join(&name);
    fs::write(&path, page(command)?)
        .map_err(|error| CliError::Refused(format!("{} cannot be written: {error}", path.display())))?;
    written.push(name);
    let below = command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help");
    below.into_iter().try_for_each(|below| write_pages(folder, below, written))
}

/// `holdout-host-pages.1`
fn page_name(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or("holdout").replace(' ', "-");
    format!("{name}.1")
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let title = page_name(command).trim_end_matches(".1").to_uppercase();
    Man::new(command.clone()).title(title).manual("Holdout").render(&mut bytes)?;
    let mut codes = Roff::new();
    codes.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES {
        codes.control("TP", []);
        codes.text([roman(code.to_string())]);
        codes.text([roman(meaning)]);
    }
    codes.to_writer(&mut bytes)?;
    Ok(bytes)
}
