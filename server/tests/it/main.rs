//! Everything that is shown on a real PostgreSQL, through the real HTTP server, with real scorers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod accounts;
mod announcements;
mod api;
mod api_gaps;
mod archives;
mod bundles;
mod certificates;
mod client;
mod closing;
mod cohosts;
mod command_line;
mod competitions;
mod conditions;
mod conduct;
mod containers;
mod contract;
mod custom_metrics;
mod dashboard;
mod deadline;
mod final_choice;
mod folder;
mod forbidden;
mod forms;
mod forum;
mod forum_pages;
mod fuzz;
mod host_commands;
mod kaggle;
mod leaderboard;
mod life;
mod medals;
mod merges;
mod moderation;
mod notebooks;
mod notifications;
mod openapi;
mod plans;
#[path = "../../../scorer/tests/python/mod.rs"]
mod python;
mod races;
mod rank_ranges;
mod ranks;
mod render;
#[path = "../../../scorer/contract/tests/s3/mod.rs"]
mod s3;
mod search;
mod shake_up;
mod similar;
mod site;
mod stage;
mod storage;
mod submissions;
mod teams;
mod telemetry;
mod texts;
mod tidy;
mod tus_clients;
mod uploads;
mod versions;
mod walk;
mod webhooks;
mod whole;
mod world;
mod write_ups;
