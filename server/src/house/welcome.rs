//! What the first start says and loads once the site answers: its address, the one-time link that
//! makes an administrator, and the demonstration competitions.
//!
//! Never here: the link in a log. It is for whoever sits at the terminal, and `holdout admin-link` for all others.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::ensure;
use rustix::process::Signal;

use crate::config::Config;
use crate::house::admin_link;
use crate::house::children::die_with_supervisor;
use crate::house::layout::{self, Layout};
use crate::house::words::say;
use crate::paths;

const PAUSE: Duration = Duration::from_millis(100);

/// What the welcome needs to know.
#[derive(Debug)]
pub struct Welcome {
    pub config: Config,
    pub owner_url: String,
    pub web_url: String,
    pub layout: Layout,
    pub loads_demos: bool,
}

/// Waits for the site, then greets. Runs on a thread of its own.
pub fn welcome(welcome: &Welcome) {
    while !answers(welcome.config.listen) {
        std::thread::sleep(PAUSE);
    }
    say("holdout", format_args!("Open {}", welcome.config.public_url));
    tell_of_administrator(welcome);
    if welcome.loads_demos && !welcome.layout.furnished().exists() {
        match load_demos(welcome) {
            Ok(()) => say("holdout", "The demonstration competitions are there."),
            Err(error) => say("holdout", format_args!("{error:#}. The next start tries again.")),
        }
    }
}

fn tell_of_administrator(welcome: &Welcome) {
    if !std::io::stdout().is_terminal() {
        say(
            "holdout",
            "Where there is no administrator yet, `holdout admin-link` prints the link that makes one.",
        );
        return;
    }
    match admin_link(welcome) {
        Ok(Some(link)) => {
            say("holdout", "Become the administrator with this link, which works once and for seven days:");
            say("holdout", format_args!("{link}"));
        }
        Ok(None) => {}
        Err(error) => say("holdout", format_args!("The administrator's link could not be made: {error:#}")),
    }
}

/// As a process of its own: what it needs in memory is gone afterwards.
fn load_demos(welcome: &Welcome) -> anyhow::Result<()> {
    say("holdout", "The demonstration competitions are being loaded.");
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["demo", "load"])
        .env("DATABASE_URL", &welcome.web_url)
        .env("HOLDOUT_FILES", layout::absolute(&welcome.config.files)?)
        .env("HOLDOUT_DATA_DIR", &welcome.layout.root)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .process_group(0);
    die_with_supervisor(&mut command, Signal::TERM);
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "The demonstration competitions could not be loaded: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    File::create(welcome.layout.furnished())?.sync_all()?;
    Ok(())
}

/// Whether something answers "alive" there.
pub fn answers(listen: SocketAddr) -> bool {
    ask_health(listen).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn ask_health(listen: SocketAddr) -> std::io::Result<String> {
    use std::io::Write;
    let mut stream = TcpStream::connect_timeout(&reachable(listen), Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", paths::HEALTH)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// "Every address" is where to listen, not where to call.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

fn admin_link(welcome: &Welcome) -> anyhow::Result<Option<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let first = admin_link::Whom::First;
    runtime.block_on(admin_link::make(&welcome.owner_url, &welcome.config.public_url, first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_called_on_this_machine() {
        let every: SocketAddr = "0.0.0.0:8080".parse().expect("an address");
        assert_eq!(reachable(every).to_string(), "127.0.0.1:8080");
        let one: SocketAddr = "192.0.2.7:80".parse().expect("an address");
        assert_eq!(reachable(one), one);
    }
}
