//! Every form of the pages has an operation of the API that does the same.

use std::collections::BTreeSet;

use holdout::api::openapi::document;
use holdout::paths;
use holdout::paths::forms::page_of_form;
use sqlx::PgPool;
use ureq::http::Method;

use crate::tidy::{addresses, sources};
use crate::walk::routes;
use crate::world::{Labels, World};

/// Addresses that take a form, and the operations by which a program does what the form does.
const FORMS: &[(&str, &[&str])] = &[
    (paths::REGISTER, &["register_user"]),
    (paths::SIGN_IN, &["create_session"]),
    (paths::SIGN_IN_CODE, &["create_session"]),
    (paths::PROVIDER_LOGOUT, &[]), // what a provider's server sends, in the form of its standard
    (paths::SIGN_OUT, &["revoke_token", "end_session"]),
    (paths::FORGOT_PASSWORD, &["request_password_reset"]),
    (paths::RESET_PASSWORD, &["set_forgotten_password"]),
    (paths::BECOME_ADMIN, &["become_administrator"]),
    (paths::SETTINGS, &["edit_me"]),
    (paths::SETTINGS_PASSWORD, &["change_password"]),
    (paths::SETTINGS_EMAIL, &["ask_for_address"]),
    (paths::SETTINGS_EMAIL_LETTER, &["send_address_letter"]),
    (paths::SETTINGS_EMAIL_WITHDRAW, &["withdraw_address"]),
    (paths::CONFIRM_EMAIL, &["confirm_address"]),
    (paths::SETTINGS_TWO_FACTORS_BEGIN, &["begin_two_factors"]),
    (paths::SETTINGS_TWO_FACTORS_CONFIRM, &["confirm_two_factors"]),
    (paths::SETTINGS_TWO_FACTORS_CODES, &["renew_recovery_codes"]),
    (paths::SETTINGS_TWO_FACTORS_END, &["end_two_factors"]),
    (paths::SETTINGS_IDENTITY_LINK, &["list_identities"]), // a browser is led there and back
    (paths::SETTINGS_IDENTITY_UNLINK, &["unlink_identity"]),
    (paths::SETTINGS_SESSION_END, &["end_session"]),
    (paths::SETTINGS_OTHER_SESSIONS_END, &["end_other_sessions"]),
    (paths::SETTINGS_TOKENS, &["create_token"]),
    (paths::SETTINGS_TOKEN_REVOKE, &["revoke_token"]),
    (paths::SETTINGS_DATA_DELETE, &["ask_for_deletion"]),
    (paths::SETTINGS_DATA_KEEP, &["cancel_deletion"]),
    (paths::ADMIN_USERS, &["make_user"]),
    (paths::ADMIN_USER_SUSPEND, &["suspend_user"]),
    (paths::ADMIN_USER_UNSUSPEND, &["unsuspend_user"]),
    (paths::ADMIN_USER_APPOINT, &["appoint_administrator"]),
    (paths::ADMIN_USER_HOSTING, &["let_host", "let_host_no_more"]),
    (paths::ADMIN_USER_DISMISS, &["dismiss_administrator"]),
    (paths::ADMIN_USER_TWO_FACTORS, &["reset_two_factors"]),
    (paths::ADMIN_USER_EMAIL, &["confirm_address_of"]),
    (paths::ADMIN_SITE, &["change_site"]),
    (paths::ADMIN_TEXT, &["write_site_text"]),
    (paths::TERMS, &["accept_terms"]),
    (paths::ADMIN_INCIDENTS, &["open_incident"]),
    (paths::ADMIN_INCIDENT_UPDATE, &["update_incident"]),
    (paths::ADMIN_INCIDENT_RESOLVE, &["resolve_incident"]),
    (paths::ADMIN_ROOM, &["change_room"]),
    (paths::ADMIN_ROOM_PERSON, &["allow_person"]),
    (paths::ADMIN_ROOM_COMPETITION, &["allow_competition"]),
    (paths::ADMIN_RETENTION_ONE, &["change_retention"]),
    (paths::NEW_STEPS, &["create_competition"]),
    (paths::NEW_TABLE, &["create_competition", "split_table"]),
    (paths::HOST_TABLE, &["split_table", "split_table_anew"]),
    (paths::NEW_BUNDLE, &["read_bundle"]),
    (paths::NEW_BUNDLE_REPORT, &["show_bundle", "make_competition_of_bundle"]),
    (paths::NEW_BUNDLE_FORGET, &["forget_bundle"]),
    (paths::JOIN, &["join_competition"]),
    (paths::INVITATION, &["show_invitation_terms", "accept_invitation"]),
    (paths::SUBMIT, &["submit"]),
    (paths::CHECK, &["check_file"]),
    (paths::CHECK_SUBMIT, &["submit"]),
    (paths::SUBMISSION_DESCRIBE, &["edit_submission"]),
    (paths::SUBMISSION_SELECT, &["edit_submission"]),
    (paths::SUBMISSIONS_FINAL, &["choose_final_selection"]),
    (paths::TEAM_RENAME, &["patch_team"]),
    (paths::TEAM_LEADER, &["patch_team"]),
    (paths::TEAM_LEAVE, &["leave_team"]),
    (paths::TEAM_INVITE, &["invite_to_team"]),
    (paths::TEAM_INVITATION_ACCEPT, &["accept_team_invitation"]),
    (paths::TEAM_INVITATION_DECLINE, &["decline_team_invitation"]),
    (paths::TEAM_INVITATION_WITHDRAW, &["withdraw_team_invitation"]),
    (paths::TEAM_LINK, &["make_team_link"]),
    (paths::TEAM_LINK_REMOVE, &["remove_team_link"]),
    (paths::TEAM_JOIN, &["join_team"]),
    (paths::TEAM_MERGE, &["ask_to_merge"]),
    (paths::TEAM_MERGE_ACCEPT, &["accept_merge_request"]),
    (paths::TEAM_MERGE_END, &["end_merge_request"]),
    (paths::TEAM_WRITE_UP, &["bind_write_up"]),
    (paths::TEAM_WRITE_UP_REMOVE, &["unbind_write_up"]),
    (paths::HOST_BASICS, &["edit_competition"]),
    (paths::HOST_PAGES, &["put_page"]),
    (paths::HOST_PAGE, &["put_page"]),
    (paths::HOST_PAGE_REMOVE, &["remove_page"]),
    (paths::HOST_PAGE_UP, &["order_pages"]),
    (paths::HOST_PAGE_RESTORE, &["restore_page"]),
    (paths::HOST_TIMELINE, &["edit_competition"]),
    (paths::HOST_LIMITS, &["edit_competition"]),
    (paths::HOST_VISIBILITY, &["edit_competition"]),
    (paths::HOST_VISIBILITY_LINK, &["renew_invitation_link"]),
    (paths::HOST_VISIBILITY_LETTERS, &["send_invitations"]),
    (paths::HOST_VISIBILITY_PERSON_REMOVE, &["remove_invited_person"]),
    (paths::HOST_DATA, &["put_data"]),
    (paths::HOST_DATA_DESCRIBE, &["describe_data"]),
    (paths::HOST_DATA_REMOVE, &["remove_data"]),
    (paths::HOST_SAMPLE, &["put_data"]),
    (paths::HOST_SOLUTION, &["put_solution"]),
    (paths::HOST_METRIC, &["put_metric"]),
    (paths::HOST_MODULE, &["put_module"]),
    (paths::HOST_FAILURES_RETRY, &["retry_failures"]),
    (paths::HOST_VERSIONS, &["begin_version"]),
    (paths::HOST_VERSIONS_RELEASE, &["release_labels"]),
    (paths::HOST_VERSIONS_VERIFY, &["begin_verification"]),
    (paths::HOST_VERSION_START, &["start_version"]),
    (paths::HOST_VERSION_PUBLISH, &["publish_version"]),
    (paths::HOST_VERSION_ROLL_BACK, &["roll_back_version"]),
    (paths::HOST_VERSION_ABANDON, &["abandon_version"]),
    (paths::HOST_VERSION_RETRY, &["retry_version"]),
    (paths::HOST_WEBHOOKS, &["create_webhook"]),
    (paths::HOST_WEBHOOK_PING, &["ping_webhook"]),
    (paths::HOST_WEBHOOK_REMOVE, &["remove_webhook"]),
    (paths::HOST_CONDUCT, &["disqualify"]),
    (paths::HOST_CONDUCT_LIFT, &["reinstate"]),
    (paths::HOST_AUDIT, &["answer_audit"]),
    (paths::HOST_SIMILAR, &["compare_submissions"]),
    (paths::HOST_CLOSING, &["confirm_winners"]),
    (paths::HOST_MEDALS, &["decide_medals"]),
    (paths::HOST_BASELINES, &["send_baseline"]),
    (paths::HOST_ANNOUNCEMENTS, &["post_announcement"]),
    (paths::HOST_ANNOUNCEMENT, &["correct_announcement"]),
    (paths::HOST_ANNOUNCEMENT_WITHDRAW, &["withdraw_announcement"]),
    (paths::HOST_EXTENSION, &["answer_extension"]),
    (paths::HOST_HOSTS, &["add_host"]),
    (paths::HOST_HOSTS_REMOVE, &["remove_host"]),
    (paths::HOST_DISCARD, &["discard_draft"]),
    (paths::HOST_UNLAUNCH, &["unlaunch"]),
    (paths::HOST_COPY, &["copy_competition"]),
    (paths::HOST_LAUNCH, &["launch"]),
    (paths::HOST_LAUNCH_EXAMINE, &["examine"]),
    (paths::FORUMS, &["open_forum"]),
    (paths::FORUM_NEW_TOPIC, &["open_topic"]),
    (paths::COMPETITION_NEW_TOPIC, &["open_competition_topic"]),
    (paths::TOPIC, &["write_post"]),
    (paths::TOPIC_ACCEPT, &["arrange_topic"]),
    (paths::TOPIC_PIN, &["arrange_topic"]),
    (paths::TOPIC_LOCK, &["arrange_topic"]),
    (paths::TOPIC_MOVE, &["arrange_topic"]),
    (paths::POST_REPLY, &["write_post"]),
    (paths::POST_EDIT, &["edit_post"]),
    (paths::POST_DELETE, &["delete_post"]),
    (paths::POST_VOTE, &["vote_for_post"]),
    (paths::POST_REPORT, &["report_post"]),
    (paths::POST_MODERATE, &["moderate_post"]),
    (paths::PREVIEW, &["preview"]),
    (paths::IMAGES, &["upload_image"]),
    (paths::TOPIC_FOLLOW, &["follow_topic", "unfollow_topic"]),
    (paths::FORUM_FOLLOW, &["follow_forum", "unfollow_forum"]),
    (paths::COMPETITION_FORUM_FOLLOW, &["follow_competition_forum", "unfollow_competition_forum"]),
    (paths::PROFILE_FOLLOW, &["follow_person", "unfollow_person"]),
    (paths::NOTIFICATIONS_READ, &["read_all_notifications"]),
    (paths::NOTIFICATION, &["read_notification"]),
    (paths::SETTINGS_NOTIFICATIONS, &["set_notification_settings"]),
    (paths::UNSUBSCRIBE, &["set_notification_settings"]),
    (paths::NOTEBOOK_NEW, &["create_notebook"]),
    (paths::NOTEBOOK_VERSIONS, &["push_notebook_version"]),
    (paths::NOTEBOOK_FORK, &["fork_notebook"]),
    (paths::NOTEBOOK_SUBMISSION, &["link_submission", "unlink_submission"]),
    (paths::NOTEBOOK_SETTINGS, &["change_notebook"]),
    (paths::NOTEBOOK_COMMENTS, &["write_comment"]),
    (paths::NOTEBOOK_FOLLOW, &["follow_notebook", "unfollow_notebook"]),
    (paths::NOTEBOOK_VOTE, &["vote_for_notebook", "take_back_vote"]),
    (paths::NOTEBOOK_VERSION_RUN, &["run_notebook"]),
    (paths::NOTEBOOK_RUN_SUBMIT, &["submit_run"]),
    (paths::NOTEBOOK_RUN_CANCEL, &["cancel_run"]),
    (paths::NOTEBOOK_REPORT, &["report_notebook"]),
    (paths::NOTEBOOK_MODERATE, &["moderate_notebook"]),
    (paths::NOTEBOOK_DELETE, &["delete_notebook"]),
];

/// Addresses of Kaggle's own client are no pages.
fn is_page(address: &str) -> bool {
    !["/api/", "/v1/", "/kaggle/"].iter().any(|start| address.starts_with(start))
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_form_has_an_operation_that_does_the_same(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let mut taking = BTreeSet::new();
    for address in routes().into_iter().filter(|address| is_page(address)) {
        let path = address.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let answer = world.visitor().send(Method::TRACE, &path, None, Vec::new()).await;
        if answer.header("allow").contains("POST") {
            taking.insert(address);
        }
    }
    let listed: BTreeSet<_> = FORMS.iter().map(|(address, _)| (*address).to_owned()).collect();
    assert_eq!(taking, listed, "left: what takes a form; right: what this table knows an operation for");
    world.close().await;
}

#[test]
fn the_operations_that_stand_in_for_forms_exist() {
    let known: BTreeSet<&str> = document()["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let wanted = FORMS.iter().flat_map(|(_, operations)| operations.iter());
    let missing: Vec<_> = wanted.filter(|operation| !known.contains(**operation)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Addresses by their names, of the sources where a page's route is made of one and `word`.
fn routed(word: &str) -> BTreeSet<String> {
    let names = addresses();
    let path = |name: &str| {
        let constant = names.split_once(&format!("pub const {name}: &str = "))?.1;
        constant.split('"').nth(1).map(ToOwned::to_owned)
    };
    let sources = sources(&["rs"]);
    let pages = sources.iter().filter(|(at, _)| !at.to_string_lossy().contains("/kaggle/"));
    let routes = pages.flat_map(|(_, text)| text.split(".route(").skip(1));
    let named = routes.filter_map(|route| {
        let (name, how) = route.trim_start().strip_prefix("paths::")?.split_once(',')?;
        how.trim_start().starts_with(word).then(|| path(name)).flatten()
    });
    named.collect()
}

#[test]
fn every_address_of_forms_alone_leads_to_a_page() {
    let pages: BTreeSet<String> = ["get(", "form("].into_iter().flat_map(routed).collect();
    let forms = routed("post(");
    assert!(forms.len() > 80, "{}", forms.len());
    for address in forms {
        let Some(page) = page_of_form(&address) else { continue };
        assert!(page == paths::HOME || pages.contains(&page), "{address} leads to {page}, which is no page");
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whoever_looks_where_forms_are_sent_or_misspells_an_address_comes_to_the_page(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = world.member("ada").await;
    for (address, page) in [
        ("/settings/two-factors/begin", "/settings/two-factors"),
        ("/settings/sessions/7/end", "/settings/sessions"),
        ("/c/nowhere/check", "/c/nowhere/submit"),
    ] {
        let led = ada.browser.get(address).await.expect(303);
        assert_eq!(led.location(), page, "{address}");
    }
    for (address, page) in [
        ("/forums/", "/forums"),
        ("/settings/?x=1", "/settings?x=1"),
        ("/c/Nowhere/leaderboard", "/c/nowhere/leaderboard"),
    ] {
        let led = ada.browser.get(address).await.expect(308);
        assert_eq!(led.location(), page, "{address}");
        let posted = ada.browser.post_form(address, &[]).await;
        assert!(posted.status >= 400, "nothing is sent on: {address} {}", posted.status);
    }
    for elsewhere in ["//evil.example/", "/nowhere", "/c/nowhere"] {
        ada.browser.get(elsewhere).await.expect(404);
    }
    let posted = ada.browser.post_form("/c/nowhere/leaderboard", &[]).await.expect(405).text();
    assert!(posted.contains("nothing was changed") && !posted.contains("header Allow"), "{posted}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whoever_is_signed_out_is_told_that_nothing_was_sent(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let visitor = world.visitor();
    let led = visitor.post_form("/forums/general/new", &[("title", "A title"), ("text", "A text")]).await;
    assert_eq!((led.status, led.location()), (303, "/sign-in?next=/&unsent=1"));
    let told = visitor.get(led.location()).await.expect(200).text();
    assert!(told.contains("so nothing was sent"), "{told}");
    let read = visitor.get("/settings").await.expect(303);
    assert_eq!(read.location(), "/sign-in?next=/settings");
    assert!(!visitor.get(read.location()).await.expect(200).text().contains("nothing was sent"));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_name_that_was_typed_wrongly_stays_in_its_field(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    for (act, field) in [("invite", "username"), ("merge", "team")] {
        let form = [(field, " nobdy ")];
        let refused = bob.browser.post_form(&format!("/c/houses/team/{act}"), &form).await.expect(422).text();
        assert!(refused.contains("“nobdy”") && refused.contains("value=\" nobdy \""), "{refused}");
    }
    let form = [("name", "x\u{202e}y")];
    let refused = bob.browser.post_form("/c/houses/team/rename", &form).await.expect(422).text();
    assert!(refused.contains("value=\"x\u{202e}y\""), "{refused}");
    let data = bob.browser.get("/c/houses/data").await.expect(200).text();
    assert!(
        data.contains("Authorization: Bearer") && data.contains("/api/v1/competitions/houses/data/"),
        "{data}"
    );
    world.close().await;
}
