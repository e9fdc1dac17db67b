//! Metrics written by hosts, as far as server and scorer must agree on them.

/// The name under which scoring versions carry a metric that their host wrote.
pub const NAME: &str = "custom";

/// The finding of an examination that says whether the metric, asked for the score without each of some blocks of rows, tells
/// what is chance.
pub const CHANCE_IS_KNOWN: &str = "metric_chance";

/// Bytes of a module's text, at most.
pub const MAX_SOURCE_BYTES: usize = 256 << 10;

/// Characters of a metric's own sentence that a participant is shown, at most.
pub const MAX_PARTICIPANT_CHARS: usize = 280;

/// What stands in the place of a private score where a host's metric gave none on the rows that decide. Nobody reads it before
/// the end, and nothing else tells: whether a metric breaks or refuses may depend on labels.
pub const NO_PRIVATE_SCORE: &str = "The metric of this competition, which its host wrote, gave no score on the rows that decide. Its host can see why.";

/// What a participant reads when a host's metric broke.
pub const HOST_IS_TOLD: &str = "The metric of this competition, which its host wrote, broke on this file. The host has been told and can see why; \
     nobody else can. You need not send the file again, and it took none of your entries.";
