//! Every address of the site, asked for by every kind of person: nobody reads what they must not,
//! nothing breaks, and what does not exist is not found.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use holdout::api::openapi::document;
use holdout::paths;
use holdout::paths::forms::page_of_form;
use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use crate::client::{Answer, Client};
use crate::tidy::{addresses, root};
use crate::world::{Arena, Labels, PASSWORD_HASH, Person, World, sql};

/// Errors of the predictions, in thousandths. The private ones are looked for in every answer.
const BOB: (usize, usize) = (250, 617);
const CAROL: (usize, usize) = (300, 829);
const PRIVATE: [&str; 11] = [
    "0.617", "0.61699", "0.6170", "0.829", "0.82899", "0.8290",
    // Squared: a part of the second competition's metric.
    "0.38068", "0.38069", "0.3807", "0.68724", "0.6872",
];
const STEPS: [&str; 3] = ["basics", "solution", NOWHERE];
const NOWHERE: &str = "nowhere-at-all";
/// A topic in the competition that is by invitation, and its first post.
const HIDDEN_TOPIC: &str = "7700001";
const HIDDEN_POST: &str = "7700002";

struct Walk {
    world: World,
    arena: Arena,
    people: Vec<Caller>,
    /// Of bob's team and of carol's, and bob's to the competition whose teams are ranked by several metrics.
    submissions: [i64; 3],
    /// A topic with its first post and a reply, which everybody may read.
    discussion: [i64; 3],
    /// Of everybody.
    secrets: Vec<String>,
}

/// One kind of person, in one of the two ways in which they can ask.
struct Caller {
    kind: &'static str,
    client: Client,
    own_email: String,
    is_admin: bool,
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_reads_what_they_must_not_before_the_end(pool: PgPool) {
    let walk = Walk::begin(pool).await;
    let mut complaints = Vec::new();
    let mut n_shown = 0;
    for route in routes() {
        for caller in &walk.people {
            for path in walk.addresses(&route) {
                let answer = caller.client.get(&path).await;
                n_shown += usize::from(answer.status == 200);
                complaints.extend(walk.complaints(caller, &answer, true));
                complaints.extend(existence_complaint(caller, &path, &answer));
            }
        }
    }
    assert!(n_shown > 100, "most addresses show something: {n_shown}");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    walk.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_empty_form_is_answered_with_a_sentence_whoever_sends_it(pool: PgPool) {
    let walk = Walk::begin(pool).await;
    let mut complaints = Vec::new();
    let mut judged = BTreeSet::new();
    for route in those_that_end_access_last(routes()) {
        let (content_type, body) = emptiness(&route);
        for method in methods(&route) {
            'callers: for caller in &walk.people {
                for path in walk.addresses(&route) {
                    let sent = caller.client.send(method.clone(), &path, Some(content_type), body.into());
                    let answer = sent.await;
                    complaints.extend(walk.complaints(caller, &answer, true));
                    complaints.extend(hidden_complaint(caller, &path, &answer));
                    if matches!(answer.status, 200..300 | 422) {
                        judged.insert((caller.kind, method.clone(), route.clone()));
                    }
                    if answer.status == 405 {
                        break 'callers; // a method that an address does not have is there for nobody
                    }
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    for (kind, method, route) in [
        ("host with a program", Method::PATCH, paths::API_COMPETITION),
        ("host with a program", Method::PUT, paths::API_PAGE),
        ("host", Method::POST, paths::HOST_BASICS),
        ("participant with a program", Method::PATCH, paths::API_SUBMISSION),
        ("participant", Method::PATCH, paths::API_PROFILE),
        ("other team with a program", Method::DELETE, paths::API_FORUM_FOLLOW),
        ("administrator with a program", Method::POST, paths::API_FORUMS),
    ] {
        assert!(
            judged.iter().any(|(who, how, what)| (*who, how, what.as_str()) == (kind, &method, route)),
            "{kind} should be let in by {method} {route}"
        );
    }
    walk.world.drain().await; // what the host's buttons began
    walk.world.close().await;
}

/// Nothing at all, as pages and as the API read it.
fn emptiness(route: &str) -> (&'static str, &'static str) {
    if route.starts_with("/api/") {
        ("application/json", "{}")
    } else {
        ("application/x-www-form-urlencoded", "")
    }
}

/// What can be sent to an address: a form, or what the document of the API says.
fn methods(route: &str) -> Vec<Method> {
    let described = document()["paths"][route].as_object();
    let described = described.into_iter().flat_map(|item| item.keys());
    let writes = described.filter(|method| ["put", "patch", "delete"].contains(&method.as_str()));
    std::iter::once(Method::POST).chain(writes.map(|method| method.to_uppercase().parse().unwrap())).collect()
}

/// After these some callers are nobody any more, or administrators: the rest would be asked by others than it says.
fn those_that_end_access_last(mut routes: Vec<String>) -> Vec<String> {
    let ends = ["/sign-out", "/tokens/", "/suspend", "/sessions/", "/appoint", "/dismiss", "/administrator"];
    routes.sort_by_key(|route| ends.iter().any(|part| route.contains(part)));
    routes
}

/// The API's answer to a write must not tell what is there from what is not.
fn hidden_complaint(caller: &Caller, path: &str, answer: &Answer) -> Option<String> {
    let below = path.strip_prefix("/api/v1/competitions/")?;
    let (slug, rest) = below.split_once('/').unwrap_or((below, ""));
    if rest == "invitations/accept" {
        return None; // whoever holds no secret is told so, whatever there is
    }
    let may_see = match slug {
        "houses" | "ranked" => true,
        NOWHERE => false,
        _ => caller.kind.starts_with("host") || caller.is_admin,
    };
    let is_right =
        matches!(answer.status, 404 | 405) || (answer.status == 401 && caller.kind.starts_with("visitor"));
    (!may_see && !is_right)
        .then(|| format!("{} gives {} {}, not 404", answer.asked, caller.kind, answer.status))
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn private_scores_appear_after_the_end_and_nothing_else_does(pool: PgPool) {
    let walk = Walk::begin(pool).await;
    walk.world.let_pass(TimeDelta::days(31)).await;
    walk.world.drain().await;
    let mut complaints = Vec::new();
    let mut shown_at = BTreeSet::new();
    for route in routes() {
        for caller in &walk.people {
            for path in walk.addresses(&route) {
                let answer = caller.client.get(&path).await;
                complaints.extend(walk.complaints(caller, &answer, false));
                if answer.status == 200 && PRIVATE.iter().any(|score| has_number(&answer.text(), score)) {
                    shown_at.insert((caller.kind, path));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let slug = &walk.arena.slug;
    let of_parts = walk.world.visitor().get("/c/ranked/leaderboard").await.expect(200).text();
    assert!(
        of_parts.contains("0.38069") && of_parts.contains("0.68724"),
        "private scores of parts: {of_parts}"
    );
    for (kind, path) in [
        ("visitor", format!("/c/{slug}/leaderboard")),
        ("visitor", format!("/c/{slug}/leaderboard.csv")),
        ("visitor with a program", format!("/api/v1/competitions/{slug}/leaderboard")),
        ("participant", format!("/c/{slug}/submissions")),
        ("participant with a program", format!("/api/v1/competitions/{slug}/submissions")),
    ] {
        assert!(
            shown_at.contains(&(kind, path.clone())),
            "{kind} should see private scores at {path}: {shown_at:?}"
        );
    }
    walk.world.close().await;
}

#[test]
fn every_route_is_one_of_the_known_addresses() {
    let strangers: Vec<_> = crate::tidy::sources(&["rs"])
        .into_iter()
        .filter(|(path, _)| path.starts_with(root().join("server/src")))
        .flat_map(|(path, text)| {
            let typed_in = text.matches(".route(\"").count();
            (typed_in > 0).then(|| path.display().to_string())
        })
        .collect();
    assert!(strangers.is_empty(), "name these addresses in paths.rs: {strangers:?}");
    assert!(routes().len() > 40, "{:?}", routes());
}

impl Walk {
    async fn begin(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let host = world.member("ada").await;
        let (bob, carol) = (world.member("bob").await, world.member("carol").await);
        let (dave, root) = (world.member("dave").await, world.admin("root").await);
        let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
        arena.join(&bob).await;
        arena.join(&carol).await;
        let parts = Labels::ranked(&[("rmse", 1.0, false), ("mse", 2.0, false)]);
        let ranked = world.open_competition(&host, "ranked", &parts).await;
        ranked.join(&bob).await;
        ranked.join(&carol).await;
        let submissions = [
            arena.submit(&bob, &Labels::predictions(BOB.0, BOB.1)).await,
            arena.submit(&carol, &Labels::predictions(CAROL.0, CAROL.1)).await,
            ranked.submit(&bob, &Labels::predictions(BOB.0, BOB.1)).await,
        ];
        ranked.submit(&carol, &Labels::predictions(CAROL.0, CAROL.1)).await;
        world.drain().await;
        let scored = sql("select 1 from private_scores where private_score between 0.6169 and 0.6171");
        assert_eq!(
            scored.fetch_all(&world.pool).await.unwrap().len(),
            2,
            "bob's private score is recognisable"
        );
        let parts = sql("select 1 from private_scores where part_scores[2] between 0.3806 and 0.3808");
        assert_eq!(parts.fetch_all(&world.pool).await.unwrap().len(), 1, "so is that of a part");
        let hidden = world.open_competition(&host, "hidden", &Labels::regression()).await;
        for statement in [
            "update competitions set visibility = 'invitation' where slug = 'hidden'",
            "insert into competitions (slug, title, created_by) select 'draft', 'Draft', created_by from competitions limit 1",
            "insert into competition_hosts (competition_id, user_id) select id, created_by from competitions where slug = 'draft'",
            "insert into scoring_versions (competition_id, number) select id, 1 from competitions where slug = 'draft'",
        ] {
            sql(statement).execute(&world.pool).await.unwrap();
        }
        assert_ne!(hidden.id, arena.id);
        let discussion = discuss(&world, [&bob, &carol, &host]).await;
        share(&host, "tour", "houses").await;
        share(&host, "hidden-tour", "hidden").await;
        sql("insert into notebook_runs (id, notebook_id, number, asked_by, asked_at, state, finished_at) overriding system value
             select case row_number() over (order by id) when 1 then 4400003 else 7700004 end, id, 1, owner_id, clock_now(), 'stopped', clock_now() from notebooks")
            .execute(&world.pool)
            .await
            .unwrap();
        let secrets =
            [&host, &bob, &carol, &dave, &root].into_iter().flat_map(|person| person.secrets.clone());
        Self {
            secrets: secrets.collect(),
            people: Caller::all(&world, [&dave, &bob, &carol, &host, &root]),
            world,
            arena,
            submissions,
            discussion,
        }
    }

    /// A route with its gaps filled: with what exists, with what belongs to somebody else, and with
    /// what does not exist.
    fn addresses(&self, route: &str) -> Vec<String> {
        let ids = [
            self.submissions[0].to_string(),
            self.submissions[1].to_string(),
            self.submissions[2].to_string(),
            "999999999".to_owned(),
            "5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11".to_owned(),
            "..%2f..%2fetc".to_owned(),
        ];
        let fill = |name: &str| -> Vec<String> {
            let values: &[&str] = match name {
                "slug" => &["houses", "ranked", "hidden", "draft", NOWHERE],
                "file" => &["sample_submission.csv", NOWHERE],
                "page" => &["overview", NOWHERE],
                "step" => &STEPS,
                "name" => &["rmse", "mean_rank", NOWHERE],
                "username" => &["ada", NOWHERE],
                "forum" => &["general", NOWHERE],
                "text" => &["privacy", "terms", NOWHERE],
                "topic" | "post" => {
                    let known = self.discussion.iter().map(ToString::to_string);
                    return known
                        .chain([HIDDEN_TOPIC, HIDDEN_POST, "999999999"].map(str::to_owned))
                        .collect();
                }
                "notebook" => &["tour", "hidden-tour", NOWHERE],
                "version" => &["1", "999999999"],
                "run" => &["4400003", "7700004", "999999999"],
                "output" => &["1", "999999999"],
                "service" => &["competitions.CompetitionApiService", NOWHERE],
                "method" => &["ListCompetitions", "GetLeaderboard", NOWHERE],
                "id" => return ids.to_vec(),
                _ => &[NOWHERE],
            };
            values.iter().map(ToString::to_string).collect()
        };
        filled(route, fill)
    }

    fn complaints(&self, caller: &Caller, answer: &Answer, is_before_the_end: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        let headers: String = answer
            .headers
            .iter()
            .filter(|(name, _)| name.as_str() != "set-cookie")
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        let text = headers + &answer.text();
        if answer.status >= 500 {
            wrong.push(format!(
                "a {}: {}",
                answer.status,
                answer.text().chars().take(300).collect::<String>()
            ));
        }
        if is_before_the_end {
            wrong.extend(
                PRIVATE
                    .iter()
                    .filter(|score| has_number(&text, score))
                    .map(|score| format!("private score {score}")),
            );
        }
        wrong.extend(
            (0..10)
                .map(Labels::label)
                .filter(|label| text.contains(label))
                .map(|label| format!("label {label}")),
        );
        if !caller.is_admin && text.contains("@people.test") {
            let addresses = text.split(|c: char| !c.is_ascii_alphanumeric() && !"@.-_".contains(c));
            let foreign =
                addresses.filter(|word| word.ends_with("@people.test") && *word != caller.own_email);
            wrong.extend(foreign.map(|word| format!("somebody's e-mail address {word}")));
        }
        if text.contains(PASSWORD_HASH) || text.contains("argon2id") {
            wrong.push("a password hash".to_owned());
        }
        if text.contains("AGE-SECRET-KEY") {
            wrong.push("a private key".to_owned());
        }
        let secrets = self.secrets.iter().filter(|secret| text.contains(*secret));
        wrong.extend(secrets.map(|secret| format!("the secret {secret}")));
        wrong.into_iter().map(|what| format!("{} gives {} {what}", answer.asked, caller.kind)).collect()
    }
}

/// An address with its gaps filled, by name, in every way.
pub fn filled(route: &str, fill: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let mut addresses = vec![String::new()];
    for part in route.split('/').skip(1) {
        let values = match part.strip_prefix('{').and_then(|part| part.split_once('}')) {
            Some((name, rest)) => {
                fill(name.trim_start_matches('*')).into_iter().map(|value| value + rest).collect()
            }
            None => vec![part.to_owned()],
        };
        addresses = addresses
            .iter()
            .flat_map(|before| values.iter().map(move |value| format!("{before}/{value}")))
            .collect();
    }
    addresses
}

/// A topic that everybody may read, and one that only its competition's people may.
async fn discuss(world: &World, [bob, carol, host]: [&Person; 3]) -> [i64; 3] {
    let topic = json!({"title": "Why does it jump?", "markdown": "It *jumps*."});
    let open = async |slug: &str, person: &Person| {
        let path = format!("/api/v1/competitions/{slug}/topics");
        let opened = person.api.send_json(Method::POST, &path, &topic).await.expect(201).json();
        opened["id"].as_i64().unwrap()
    };
    let id = open("houses", bob).await;
    let reply = json!({"markdown": "Noise."});
    let path = format!("/api/v1/topics/{id}/posts");
    let reply = carol.api.send_json(Method::POST, &path, &reply).await.expect(201).json();
    sql("alter sequence subjects_id_seq restart with 7700001").execute(&world.pool).await.unwrap();
    assert_eq!(open("hidden", host).await.to_string(), HIDDEN_TOPIC);
    [id, id + 1, reply["id"].as_i64().unwrap()]
}

/// A public notebook under a competition.
async fn share(person: &Person, name: &str, competition: &str) {
    const NOTEBOOK: &[u8] = include_bytes!("../../../tests/notebooks/houses.ipynb");
    let path = format!("/api/v1/notebooks?name={name}&competition={competition}&visibility=public");
    person.api.upload(&path, "x.ipynb", NOTEBOOK).await.expect(201);
}

impl Caller {
    fn all(world: &World, [member, participant, other_team, host, administrator]: [&Person; 5]) -> Vec<Self> {
        let visitor =
            |kind| Self { kind, client: world.visitor(), own_email: String::new(), is_admin: false };
        let mut all = vec![visitor("visitor"), visitor("visitor with a program")];
        for (person, kinds) in [
            (member, ["member", "member with a program"]),
            (participant, ["participant", "participant with a program"]),
            (other_team, ["other team", "other team with a program"]),
            (host, ["host", "host with a program"]),
            (administrator, ["administrator", "administrator with a program"]),
        ] {
            for (kind, client) in kinds.into_iter().zip([&person.browser, &person.api]) {
                all.push(Self {
                    kind,
                    client: client.clone(),
                    own_email: person.email.clone(),
                    is_admin: person.id == administrator.id,
                });
            }
        }
        all
    }
}

/// Whether a number begins so. Within a longer one, such as the seconds of a time, it is another.
pub fn has_number(text: &str, beginning: &str) -> bool {
    text.match_indices(beginning).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_ascii_digit()))
}

/// What does not exist is not found, and what may not be seen looks just the same.
fn existence_complaint(caller: &Caller, path: &str, answer: &Answer) -> Option<String> {
    let is_hidden = ["/draft", "/hidden", "/77000"].iter().any(|part| path.contains(part));
    let may_see_hidden = caller.kind.starts_with("host") || caller.is_admin;
    let must_be_missing =
        path.contains(NOWHERE) || path.contains("999999999") || (is_hidden && !may_see_hidden);
    // Pages know people by their cookie alone: to them a program is a visitor.
    let may_be_a_visitor = caller.kind.starts_with("visitor") || caller.kind.ends_with("with a program");
    let is_sent_to_sign_in = answer.status == 401 || answer.location().starts_with("/sign-in");
    // The overview's second address leads to the first, whatever the competition.
    let leads_on = answer.status == 308 && path.strip_suffix("/p/overview") == Some(answer.location());
    // So does an address of forms alone to the page above it.
    let leads_up = answer.status == 303 && page_of_form(path).as_deref() == Some(answer.location());
    // These tell what anybody may know: a link is used up, the rules come before data and files,
    // whichever id was asked for.
    let has_team = caller.kind.starts_with("participant") || caller.kind.starts_with("other team");
    let asks_for_rules = ["/data/", "/submissions/"].iter().any(|part| path.contains(part)) && !has_team;
    let may_see_it =
        path.contains("/houses/") || path.contains("/ranked/") || (may_see_hidden && !path.contains(NOWHERE));
    let says_why = answer.status == 403
        && (path.starts_with("/reset-password/")
            || path.starts_with("/confirm-email/")
            || (asks_for_rules && may_see_it));
    // 405: the address takes forms only.
    let is_missing = matches!(answer.status, 404 | 405)
        || (may_be_a_visitor && is_sent_to_sign_in)
        || leads_on
        || leads_up
        || says_why;
    (must_be_missing && !is_missing)
        .then(|| format!("{} gives {} {}, not 404", answer.asked, caller.kind, answer.status))
}

/// Every address that the site names, in the order of the sources.
pub fn routes() -> Vec<String> {
    let source = addresses();
    source
        .split(';')
        .filter_map(|item| item.split_once("pub const "))
        .filter_map(|(_, constant)| constant.split('"').nth(1))
        .filter(|path| path.starts_with('/'))
        .map(ToOwned::to_owned)
        .collect()
}
