//! Several servers and scorers of one installation, each a process, behind a proxy that takes turns.

mod parts;
mod pooled;
mod proxy;
mod rolling;
mod shared;
mod versions;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::world::{World, server_binary};

const PATIENCE: Duration = Duration::from_secs(60);

/// `holdout serve` at an address of its own.
struct Server {
    port: u16,
    process: Child,
}

impl Server {
    /// Starts one more server of a world, which people reach at `public_url`, and waits until it is ready.
    async fn start(world: &World, port: u16, public_url: &str) -> Self {
        Self::started(command(world, port, public_url), port).await
    }

    async fn started(mut command: Command, port: u16) -> Self {
        let server = Self { port, process: command.spawn().unwrap() };
        let start = Instant::now();
        while !server.is_ready().await {
            assert!(start.elapsed() < PATIENCE, "a server does not become ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    async fn is_ready(&self) -> bool {
        let address = format!("http://127.0.0.1:{}/readyz", self.port);
        tokio::task::spawn_blocking(move || ureq::get(address).call().is_ok()).await.unwrap()
    }

    fn ask_to_stop(&self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
    }

    /// As a service manager ends it.
    async fn stop(mut self) {
        stop(&mut self.process).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(world: &World, port: u16, public_url: &str) -> Command {
    let mut command = Command::new(server_binary());
    command
        .arg("serve")
        .env("DATABASE_URL", world.app.config.database_url.reveal())
        .env("HOLDOUT_DATA_DIR", world.folder.path())
        .env("HOLDOUT_FILES", world.app.config.files.to_string())
        .env("HOLDOUT_LISTEN", format!("127.0.0.1:{port}"))
        .env("HOLDOUT_PUBLIC_URL", public_url)
        .env("HOLDOUT_DISK_RESERVE_MB", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Asks a process to leave, and waits for it.
async fn stop(process: &mut Child) {
    kill_process(Pid::from_child(process), Signal::TERM).unwrap();
    let start = Instant::now();
    while process.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < PATIENCE, "a process does not leave");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(process.wait().unwrap().success(), "it leaves in order");
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
