//! Moderation: everything a moderator does is on record.

pub mod record;
