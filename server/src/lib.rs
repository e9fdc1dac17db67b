//! The web server of Holdout and its command line. See ARCHITECTURE.md for the map.
//!
//! Never here: polars, a private key, a label in the clear.

pub mod accounts;
pub mod admin;
pub mod announcements;
pub mod api;
pub mod app;
pub mod archives;
pub mod bundles;
pub mod certificates;
pub mod cli;
pub mod clock;
pub mod closing;
pub mod competitions;
pub mod conduct;
pub mod config;
pub mod custom_metrics;
pub mod dashboard;
pub mod demo;
pub mod error;
pub mod fellows;
pub mod files;
pub mod folder;
pub mod forum;
pub mod highlight;
pub mod house;
pub mod html;
pub mod ids;
pub mod images;
pub mod kaggle;
pub mod leaderboard;
pub mod lines;
pub mod mail;
pub mod markdown;
pub mod medals;
pub mod moderation;
pub mod notebooks;
pub mod notifications;
pub mod paths;
pub mod pictures;
pub mod ranks;
pub mod search;
pub mod seed;
pub mod shake_up;
pub mod similar;
pub mod site;
pub mod submissions;
pub mod teams;
pub mod telemetry;
pub mod uploads;
pub mod veil;
pub mod versions;
pub mod web;
pub mod webhooks;
pub mod write_ups;

pub use app::{App, router};
