//! Every page is drawn from its sample, and no template lies about unused.

use std::collections::BTreeSet;
use std::path::Path;

use askama::Template;
use holdout::{
    accounts, admin, announcements, api, baselines, bundles, certificates, closing, competitions, conduct,
    custom_metrics, dashboard, forum, images, incidents, leaderboard, medals, moderation, notebooks,
    notifications, other_metrics, personal, pictures, probing, quotas, ranks, retention, search, shake_up,
    similar, site, site_texts, submissions, teams, versions, web, webhooks,
};

use crate::tidy::{root, sources};

/// Draws the samples of these page structs, each with its path.
macro_rules! drawn {
    ($($page:path),* $(,)?) => {
        vec![$((stringify!($page).replace(' ', ""), <$page>::sample().render())),*]
    };
}

fn pages() -> Vec<(String, askama::Result<String>)> {
    drawn![
        accounts::pages::addresses::AddressPage,
        accounts::pages::addresses::ConfirmPage,
        accounts::pages::become_admin::BecomeAdminPage,
        accounts::pages::entrance::CodePage,
        accounts::pages::entrance::RegisterPage,
        accounts::pages::entrance::SignInPage,
        accounts::pages::profile::ProfilePage,
        accounts::pages::providers::IdentitiesPage,
        accounts::pages::recovery::ForgotPasswordPage,
        accounts::pages::recovery::ResetPasswordPage,
        accounts::pages::settings::PasswordPage,
        accounts::pages::settings::SessionsPage,
        accounts::pages::settings::SettingsPage,
        accounts::pages::sign_out::SignedOutPage,
        accounts::pages::tokens::TokensPage,
        accounts::pages::two_factors::TwoFactorsPage,
        admin::pages::LogPage,
        admin::pages::MailsPage,
        admin::pages::OverviewPage,
        admin::pages::QueuePage,
        admin::pages::UsersPage,
        announcements::pages::AnnouncementsPage,
        announcements::pages::CorrectionPage,
        announcements::pages::HostAnnouncementsPage,
        baselines::pages::BaselinesPage,
        api::reference::ReferencePage,
        competitions::pages::changes::ChangesPage,
        competitions::pages::data::DataPage,
        competitions::pages::data::PreviewPage,
        competitions::pages::history::ComparisonPage,
        competitions::pages::history::HistoryPage,
        competitions::pages::home::HomePage,
        competitions::pages::mine::HostedPage,
        competitions::pages::mine::InvitedPage,
        competitions::pages::mine::JoinedPage,
        competitions::pages::metrics::MetricPage,
        competitions::pages::metrics::MetricsPage,
        medals::pages::MedalsPage,
        medals::recomputed_page::RecomputedPage,
        images::pages::ImagesPage,
        moderation::pages::LogPage,
        moderation::pages::ModerationPage,
        moderation::pages::ReportPage,
        notifications::pages::NotificationsPage,
        notifications::pages::SettingsPage,
        notifications::pages::UnsubscribePage,
        bundles::pages::SendBundlePage,
        bundles::pages::BundleReportPage,
        competitions::pages::new::NewPage,
        competitions::pages::new::NewStepsPage,
        competitions::pages::new::NewTablePage,
        competitions::pages::setup::HostPage,
        competitions::pages::setup::files::DataPage,
        competitions::pages::setup::files::SamplePage,
        competitions::pages::setup::files::SolutionPage,
        competitions::pages::setup::audit::AuditPage,
        competitions::pages::setup::hosts::CopyPage,
        competitions::pages::setup::hosts::HostsPage,
        competitions::pages::setup::launch::LaunchPage,
        competitions::pages::setup::table::TablePage,
        competitions::pages::setup::metric::MetricPage,
        competitions::pages::setup::settings::BasicsPage,
        competitions::pages::setup::settings::LimitsPage,
        competitions::pages::setup::settings::TimelinePage,
        competitions::pages::setup::visibility::VisibilityPage,
        competitions::pages::setup::texts::PagePage,
        competitions::pages::setup::texts::PagesPage,
        competitions::pages::texts::InvitationPage,
        competitions::pages::texts::TextPageView,
        certificates::pages::CertificatePage,
        certificates::pages::VerificationPage,
        closing::pages::ClosingPage,
        closing::pages::WinnersPage,
        conduct::pages::ConductPage,
        custom_metrics::pages::FailuresPage,
        custom_metrics::pages::FormPage,
        custom_metrics::pages::MetricPage,
        dashboard::pages::DashboardPage,
        dashboard::pages::ParticipantsPage,
        dashboard::pages::RejectionsPage,
        dashboard::sent_pages::SentPage,
        forum::pages::forums::CompetitionForumPage,
        forum::pages::forums::ForumPage,
        forum::pages::forums::ForumsPage,
        forum::pages::read::HistoryPage,
        forum::pages::read::ThreadPage,
        forum::pages::read::TopicPage,
        forum::pages::write::WritePage,
        incidents::pages::IncidentHistoryPage,
        incidents::pages::StatusPage,
        incidents::pages::admin::AdminIncidentsPage,
        incidents::pages::host::ExtensionsPage,
        personal::pages::DataPage,
        leaderboard::pages::BoardPage,
        other_metrics::pages::OtherMetricsPage,
        pictures::pages::PicturesPage,
        probing::pages::ProbingPage,
        ranks::pages::ComparePage,
        versions::pages::HistoryPage,
        versions::pages::VersionsPage,
        versions::pages::VersionPage,
        quotas::pages::RoomPage,
        retention::pages::RetentionPage,
        search::pages::SearchPage,
        similar::pages::SimilarPage,
        notebooks::pages::comments::CommentsPage,
        notebooks::pages::compare::ComparePage,
        notebooks::pages::list::CompetitionNotebooksPage,
        notebooks::pages::list::OwnPage,
        notebooks::pages::list::SitePage,
        notebooks::pages::manage::NotebookSettingsPage,
        notebooks::pages::runs::NotebookRunPage,
        notebooks::pages::runs::NotebookRunsPage,
        notebooks::pages::send::NewNotebookPage,
        notebooks::pages::send::NotebookVersionsPage,
        notebooks::pages::show::NotebookPage,
        shake_up::pages::ShakeUpPage,
        site::pages::SitePage,
        site_texts::pages::SiteTextFormPage,
        site_texts::pages::SiteTextPage,
        submissions::pages::choose::FinalPage,
        submissions::pages::send::CheckPage,
        submissions::pages::send::SubmitPage,
        submissions::pages::show::ListPage,
        submissions::pages::show::SubmissionPage,
        teams::pages::JoinPage,
        teams::pages::LinkPage,
        teams::pages::TeamPage,
        web::problems::ProblemPage,
        webhooks::pages::WebhookPage,
        webhooks::pages::WebhooksPage,
    ]
}

#[test]
fn every_page_is_drawn_from_its_sample() {
    for (page, drawn) in pages() {
        let html = drawn.unwrap_or_else(|error| panic!("{page}: {error}"));
        let count = |part: &str| html.matches(part).count();
        assert!(
            html.trim_start().to_lowercase().starts_with("<!doctype html>"),
            "{page} is a whole document"
        );
        assert!(html.contains("<html lang="), "{page} names its language");
        assert_eq!(count("<main"), 1, "{page} has one main part");
        assert_eq!(count("<h1"), 1, "{page} has one first heading");
        let head = html.split("</head>").next().unwrap_or_default();
        assert_eq!(head.matches("<title>").count(), 1, "{page} has a title");
        assert_eq!(count("<form"), count("</form>"), "{page} closes its forms");
        let unlabelled: Vec<_> =
            html.split("<img").skip(1).filter(|image| !tag(image).contains("alt=")).collect();
        assert!(unlabelled.is_empty(), "{page} has images without words: {unlabelled:?}");
    }
}

#[test]
fn no_page_is_forgotten_above() {
    let named: BTreeSet<_> = pages().into_iter().map(|(page, _)| page).collect();
    let written: BTreeSet<_> = page_structs().into_iter().collect();
    let forgotten: Vec<_> = written.difference(&named).collect();
    assert!(forgotten.is_empty(), "add these to pages() in this file: {forgotten:?}");
}

#[test]
fn every_template_is_used() {
    let everything: String = sources(&["rs", "html"]).into_iter().map(|(_, text)| text).collect();
    let idle: Vec<_> = sources(&["html"])
        .into_iter()
        .filter_map(|(path, _)| path.strip_prefix(root().join("templates")).ok().map(Path::to_owned))
        .filter(|name| !everything.contains(&format!("\"{}\"", name.display())))
        .collect();
    assert!(idle.is_empty(), "no page, template or macro uses these: {idle:?}");
}

fn tag(after_name: &str) -> &str {
    after_name.split('>').next().unwrap_or_default()
}

/// Structs that draw a whole page, by their paths; what draws a part of one is called `…Part`.
fn page_structs() -> Vec<String> {
    let mut found = Vec::new();
    let folder = root().join("server/src");
    for (path, text) in sources(&["rs"]) {
        let Ok(inside) = path.strip_prefix(&folder) else { continue };
        let module: Vec<_> = inside.iter().map(|part| part.to_string_lossy().replace(".rs", "")).collect();
        let module = module.into_iter().filter(|part| part != "mod").collect::<Vec<_>>().join("::");
        for after in text.split("#[template(path").skip(1) {
            let Some(name) = after.split("pub struct ").nth(1) else { continue };
            let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
            if !name.ends_with("Part") {
                found.push(format!("{module}::{name}"));
            }
        }
    }
    found
}
