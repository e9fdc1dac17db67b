//! What hosts do from the command line: everything that a competition needs, before its launch and after.
//!
//! Never here: a label that leaves this machine in the clear; solutions are sealed by [`super::seal`].

mod after;
mod announcements;
mod audit;
mod baselines;
mod dashboard;
pub mod data;
pub mod export;
mod extensions;
mod failures;
mod invitations;
pub mod judging;
mod pages;
mod probing;
pub mod report;
pub mod rescore;
mod settings;
mod similar;
mod table;
pub mod versions;
mod webhooks;

use clap::Subcommand;

use super::Session;
use super::code::{self, CodeVerb};
pub use super::competition::Competition;
use super::fault::Outcome;
use super::launch::{self, LaunchDraftArgs};
use super::verify;

#[derive(Debug, Subcommand)]
pub enum HostVerb {
    /// Begin a draft.
    Create(settings::CreateArgs),
    /// Delete a draft that nobody entered, for ever.
    Discard(settings::DiscardArgs),
    /// Title, address and subtitle: shown, or changed where something is given.
    Settings(settings::SettingsArgs),
    /// Limits: shown, or changed where something is given.
    Limits(settings::LimitsArgs),
    /// Whether it counts for medals: shown, or decided by an administrator between launch and end.
    Medals(settings::MedalsArgs),
    /// Times, in UTC or with their zone: shown, or changed where something is given.
    Timeline(settings::TimelineArgs),
    /// Who sees the competition, and who is invited: shown, or changed where something is given.
    Invitations(invitations::InvitationsArgs),
    /// Texts: list, show, edit, remove.
    #[command(subcommand)]
    Pages(pages::PagesVerb),
    /// Files of data: list, add, describe, remove.
    #[command(subcommand)]
    Data(data::DataVerb),
    /// What a scorer proposes of the labelled table; with --target or a share, it is split anew, without being sent again.
    Table(table::TableArgs),
    /// Seal the hidden labels on this machine and send them.
    ///
    /// After the launch this begins a new scoring version; with --reason it is scored at once, beside what counts.
    Solution(judging::SolutionArgs),
    /// The metric: show, set, module.
    #[command(subcommand)]
    Metric(judging::MetricVerb),
    /// How the metric can be gamed on the hidden labels; with --declared or --audit-reason, your answers to it.
    Audit(audit::AuditArgs),
    /// What stands between the draft and its launch. Exit code 2 where something does.
    Report(report::ReportArgs),
    /// Have the draft examined again and wait for what is found. Exit code 2 where something stands against it.
    Check(report::ReportArgs),
    /// Launch a draft.
    Launch(LaunchDraftArgs),
    /// Scoring versions: list, new, show, start, moves, publish, roll-back, abandon, retry.
    #[command(subcommand)]
    Versions(versions::VersionsVerb),
    /// Score everything again under a new solution or metric, show who would move, and publish after asking.
    Rescore(rescore::RescoreArgs),
    /// How it goes: entries a day, waits, refusals.
    Dashboard(Competition),
    /// Everybody who takes part.
    Participants(dashboard::ListArgs),
    /// Everything that was received, by whom, and what became of it.
    Submissions(dashboard::SentArgs),
    /// Files that were refused, with the reason.
    Rejections(dashboard::ListArgs),
    /// Submissions without a score by a fault that is not their senders'; --retry has them scored again.
    Failures(failures::FailuresArgs),
    /// Pairs of teams whose predictions are nearly the same, for you to judge: compared, or with --last as found before.
    Similar(similar::SimilarArgs),
    /// Submissions that look made to find out about the hidden rows, for you to judge.
    Probing(probing::ProbingArgs),
    /// Have every score computed again and compared, to the last digit. Exit code 2 where some differ.
    Verify(Competition),
    /// What everybody who takes part is told: list, send, correct, withdraw.
    #[command(subcommand)]
    Announcements(announcements::AnnouncementsVerb),
    /// Files of yours to compare with, which stand on the board without a rank: list, send.
    #[command(subcommand)]
    Baselines(baselines::BaselinesVerb),
    /// Outages after which you are asked whether the end should move: shown, or answered with --accept or --decline.
    Extensions(extensions::ExtensionsArgs),
    /// Who hosts: list, add, remove.
    #[command(subcommand)]
    Hosts(after::HostsVerb),
    /// The winners, once it is over; --confirm names them to everybody, with your closing words.
    Winners(after::WinnersArgs),
    /// Publish the hidden labels of a competition that is over, for good, and wait until a scorer did.
    ReleaseLabels(after::ReleaseArgs),
    /// A competition that is over as a new draft: pages, limits, data, metric, sealed solution.
    Copy(after::CopyArgs),
    /// Webhooks: list, add, remove, ping, deliveries.
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksVerb),
    /// The whole competition as one archive, which another installation imports.
    ///
    /// Settings, pages, data, metric, teams, submissions with their scores, boards, the forum. No label is in it:
    /// the server cannot read them. Whoever imports it gives the solution once more.
    Export(export::ExportArgs),
    #[command(flatten)]
    Code(CodeVerb),
}

/// Runs one command.
///
/// # Errors
/// What went wrong, in words for the terminal.
pub fn run(session: &Session, verb: &HostVerb) -> Outcome {
    match verb {
        HostVerb::Create(args) => settings::create(session, args),
        HostVerb::Discard(args) => settings::discard(session, args),
        HostVerb::Settings(args) => settings::settings(session, args),
        HostVerb::Limits(args) => settings::limits(session, args),
        HostVerb::Medals(args) => settings::medals(session, args),
        HostVerb::Timeline(args) => settings::timeline(session, args),
        HostVerb::Invitations(args) => invitations::invitations(session, args),
        HostVerb::Pages(verb) => pages::run(session, verb),
        HostVerb::Data(verb) => data::run(session, verb),
        HostVerb::Table(args) => table::table(session, args),
        HostVerb::Solution(args) => judging::solution(session, args),
        HostVerb::Metric(verb) => judging::metric(session, verb),
        HostVerb::Audit(args) => audit::audit(session, args),
        HostVerb::Report(args) => report::report(session, args),
        HostVerb::Check(args) => report::check(session, args),
        HostVerb::Launch(args) => launch::launch_draft(session, args),
        HostVerb::Versions(verb) => versions::run(session, verb),
        HostVerb::Rescore(args) => rescore::rescore(session, args),
        HostVerb::Dashboard(of) => dashboard::dashboard(session, of),
        HostVerb::Participants(args) => dashboard::participants(session, args),
        HostVerb::Submissions(args) => dashboard::submissions(session, args),
        HostVerb::Rejections(args) => dashboard::rejections(session, args),
        HostVerb::Extensions(args) => extensions::extensions(session, args),
        HostVerb::Failures(args) => failures::failures(session, args),
        HostVerb::Similar(args) => similar::similar(session, args),
        HostVerb::Probing(args) => probing::probing(session, args),
        HostVerb::Verify(of) => verify::verify(session, &of.slug),
        HostVerb::Announcements(verb) => announcements::run(session, verb),
        HostVerb::Baselines(verb) => baselines::run(session, verb),
        HostVerb::Hosts(verb) => after::hosts(session, verb),
        HostVerb::Winners(args) => after::winners(session, args),
        HostVerb::ReleaseLabels(args) => after::release_labels(session, args),
        HostVerb::Copy(args) => after::copy(session, args),
        HostVerb::Webhooks(verb) => webhooks::run(session, verb),
        HostVerb::Export(args) => export::export(session, args),
        HostVerb::Code(verb) => code::run(session, verb),
    }
}
