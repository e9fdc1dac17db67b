//! Being told to leave: the job in hand is finished if that takes no longer than the patience, and handed back
//! otherwise, at no cost to it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::sleep;

/// What a service manager sends, and Ctrl-C.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    has_come: bool,
}

impl Signals {
    pub(crate) fn new() -> std::io::Result<Self> {
        let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        Ok(Self { terminate: terminate?, interrupt: interrupt?, has_come: false })
    }

    /// Ready when one came, now or before.
    pub(crate) async fn arrival(&mut self) {
        if !self.has_come {
            self.next().await;
        }
    }

    /// Whether one came already, without waiting.
    pub(crate) fn came(&mut self) -> bool {
        use std::task::{Context, Waker};
        let mut context = Context::from_waker(Waker::noop());
        let is_here = |signal: &mut Signal, context: &mut Context<'_>| signal.poll_recv(context).is_ready();
        self.has_come |=
            is_here(&mut self.terminate, &mut context) || is_here(&mut self.interrupt, &mut context);
        self.has_come
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        self.has_come = true;
    }

    /// Has the job in hand given back once one came and the patience is over, or another one came. Never ready.
    pub(crate) async fn end_in_time(&mut self, patience: Duration, leaving: &Leaving) {
        self.arrival().await;
        tokio::select! {
            () = sleep(patience) => {}
            () = self.next() => {}
        }
        leaving.hand_back();
        pending().await
    }
}

/// Tells a step to hand its job back. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Leaving(Arc<Notify>);

impl Leaving {
    pub fn hand_back(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn is_over(&self) {
        self.0.notified().await;
    }
}
