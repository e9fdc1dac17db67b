//! Metrics written by hosts, as far as server and scorer must agree on them.

/// The name under which scoring versions carry a metric that their host wrote.
pub const NAME: &str = "custom";

/// Bytes of a module's text, at most.
pub const MAX_SOURCE_BYTES: usize = 256 << 10;

/// Characters of a metric's own sentence that a participant is shown, at most.
pub const MAX_PARTICIPANT_CHARS: usize = 280;

/// What a participant reads when a host's metric broke.
pub const HOST_IS_TOLD: &str = "The metric of this competition, which its host wrote, broke on this file. The host has been told and can see why; \
     nobody else can. You need not send the file again, and it took none of your entries.";
