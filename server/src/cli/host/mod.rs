//! What hosts do from the command line: everything that a competition needs, before its launch and after.
//!
//! Never here: a label that leaves this machine in the clear; solutions are sealed by [`super::seal`].

mod after;
mod announcements;
mod audit;
mod baselines;
mod conduct;
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
    /// Create a draft.
    Create(settings::CreateArgs),
    /// Delete a draft that nobody has joined, permanently.
    Discard(settings::DiscardArgs),
    /// Show or change the title, address and subtitle.
    Settings(settings::SettingsArgs),
    /// Show or change the limits.
    Limits(settings::LimitsArgs),
    /// Show whether it counts for medals; administrators can change it between launch and end.
    Medals(settings::MedalsArgs),
    /// Show or change the times, in UTC or with their zone.
    Timeline(settings::TimelineArgs),
    /// Show or change who can see the competition, and who is invited.
    Invitations(invitations::InvitationsArgs),
    /// Pages of text: list, show, edit, remove.
    #[command(subcommand)]
    Pages(pages::PagesVerb),
    /// Data files: list, add, describe, remove.
    #[command(subcommand)]
    Data(data::DataVerb),
    /// Show what a scorer proposes for the labelled table; --target or a share splits it again, without another upload.
    Table(table::TableArgs),
    /// Seal the hidden labels on this machine and send them.
    ///
    /// After the launch this starts a new scoring version; with --reason it is scored at once, beside the one that counts.
    Solution(judging::SolutionArgs),
    /// The metric: show, set, module.
    #[command(subcommand)]
    Metric(judging::MetricVerb),
    /// Show how the metric can be gamed on the hidden labels; --declared and --audit-reason give your answers.
    Audit(audit::AuditArgs),
    /// Show what is missing before the draft can be launched. Exit code 2 if anything is.
    Report(report::ReportArgs),
    /// Examine the draft again and wait for the result. Exit code 2 if it cannot be launched.
    Check(report::ReportArgs),
    /// Launch a draft.
    Launch(LaunchDraftArgs),
    /// Take a launch back, while nobody has joined: the competition is a draft again.
    Unlaunch(settings::UnlaunchArgs),
    /// Scoring versions: list, new, show, start, moves, publish, roll-back, abandon, retry.
    #[command(subcommand)]
    Versions(versions::VersionsVerb),
    /// Score everything again under a new solution or metric, show who would move, and publish after asking.
    Rescore(rescore::RescoreArgs),
    /// Show statistics: entries per day, waits, refusals.
    Dashboard(Competition),
    /// List participants.
    Participants(dashboard::ListArgs),
    /// List all submissions: who sent them, and what became of them.
    Submissions(dashboard::SentArgs),
    /// List refused files, with the reason.
    Rejections(dashboard::ListArgs),
    /// List submissions without a score because of an error that is not their senders'; --retry scores them again.
    Failures(failures::FailuresArgs),
    /// Find pairs of teams whose predictions are nearly the same, for you to judge; --last shows the last result.
    Similar(similar::SimilarArgs),
    /// List submissions that look made to find out about the hidden rows, for you to judge.
    Probing(probing::ProbingArgs),
    /// Disqualify a team or a submission: it leaves every board while it lasts, and its team is told why.
    Disqualify(conduct::DisqualifyArgs),
    /// Reinstate what was disqualified: boards and medals follow.
    Reinstate(conduct::ReinstateArgs),
    /// List what is and was disqualified, with the numbers to reinstate by.
    Disqualifications(dashboard::ListArgs),
    /// Compute every score again and compare it, to the last digit. Exit code 2 if some differ.
    Verify(Competition),
    /// Announcements to all participants: list, send, correct, withdraw.
    #[command(subcommand)]
    Announcements(announcements::AnnouncementsVerb),
    /// Baselines to compare with, shown on the board without a rank: list, send.
    #[command(subcommand)]
    Baselines(baselines::BaselinesVerb),
    /// Show outages for which you can extend the end; answer with --accept or --decline.
    Extensions(extensions::ExtensionsArgs),
    /// Hosts: list, add, remove.
    #[command(subcommand)]
    Hosts(after::HostsVerb),
    /// Show the winners once it is over; --confirm publishes them, with your closing words.
    Winners(after::WinnersArgs),
    /// Publish the hidden labels of a finished competition, permanently, and wait until a scorer has done so.
    ReleaseLabels(after::ReleaseArgs),
    /// Copy a finished competition as a new draft: pages, limits, data, metric, sealed solution.
    Copy(after::CopyArgs),
    /// Webhooks: list, add, remove, ping, deliveries.
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksVerb),
    /// Export the whole competition as one archive, which another installation can import.
    ///
    /// Settings, pages, data, metric, teams, submissions with their scores, boards, the forum. It contains no labels:
    /// the server cannot read them. The solution has to be given again when importing.
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
        HostVerb::Unlaunch(args) => settings::unlaunch(session, args),
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
        HostVerb::Disqualify(args) => conduct::disqualify(session, args),
        HostVerb::Reinstate(args) => conduct::reinstate(session, args),
        HostVerb::Disqualifications(args) => conduct::disqualifications(session, args),
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
