//! Boards that hide names, or all but one's own row: every address of the site is asked by every kind of person, and nowhere
//! does anybody learn whose score is whose, while the competition is open and, where the veil stays, after its end.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::{Answer, Client};
use crate::walk::{filled, has_number, routes};
use crate::world::{Arena, Labels, Person, World, sql};

/// A competition, and how wrong carol's predictions are in it, on public and on private rows: her scores in thousandths.
struct Case {
    slug: &'static str,
    shows: &'static str,
    stays: bool,
    errors: (usize, usize),
}

const CASES: [Case; 4] = [
    Case { slug: "names", shows: "names_hidden", stays: false, errors: (389, 829) },
    Case { slug: "row", shows: "own_row", stays: false, errors: (397, 859) },
    Case { slug: "names-stay", shows: "names_hidden", stays: true, errors: (379, 839) },
    Case { slug: "row-stays", shows: "own_row", stays: true, errors: (371, 847) },
];
/// What carol's team is called in each of them.
const TEAM: &str = "Quokkas";
const NOWHERE: &str = "nowhere-at-all";
const NOTEBOOK: &[u8] = include_bytes!("../../../tests/notebooks/houses.ipynb");
/// Addresses beside which the name of a team tells of its row.
const BOARDS: [&str; 4] = ["leaderboard", "shake-up", "winners", "Leaderboard"];

impl Case {
    fn scores(&self) -> [String; 2] {
        let (public, private) = self.errors;
        [format!("0.{public}"), format!("0.{private}")]
    }

    fn hides_scores(&self) -> bool {
        self.shows == "own_row"
    }

    fn is_veiled(&self, is_over: bool) -> bool {
        self.stays || !is_over
    }
}

struct Scene {
    world: World,
    arenas: Vec<Arena>,
    host: Person,
    root: Person,
    bob: Person,
    carol: Person,
    dave: Person,
    member: Person,
    /// Carol's, by case.
    submissions: Vec<i64>,
    topics: Vec<i64>,
    teams: Vec<i64>,
}

impl Scene {
    async fn begin(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let [host, bob, carol, dave] = [
            world.member("ada").await,
            world.member("bob").await,
            world.member("carol").await,
            world.member("dave").await,
        ];
        let (member, root) = (world.member("mia").await, world.admin("root").await);
        let (mut arenas, mut submissions, mut topics, mut teams) = (vec![], vec![], vec![], vec![]);
        for case in &CASES {
            let arena = world.open_competition(&host, case.slug, &Labels::regression()).await;
            let veiled = sql(
                "update competitions set counts_for_medals = false, board_shows = $2, board_stays_veiled = $3 where id = $1",
            );
            veiled.bind(arena.id).bind(case.shows).bind(case.stays).execute(&world.pool).await.unwrap();
            for person in [&bob, &carol, &dave] {
                arena.join(person).await;
            }
            let named = json!({ "name": TEAM });
            carol.api.send_json(Method::PATCH, &arena.api("/team"), &named).await.expect(200);
            arena.submit(&bob, &Labels::predictions(257, 617)).await;
            submissions.push(arena.submit(&carol, &Labels::predictions(case.errors.0, case.errors.1)).await);
            arena.submit(&dave, &Labels::predictions(431, 431)).await;
            let zeros = Labels::predictions(300, 700);
            host.api.upload(&arena.api("/baselines?name=Zeros"), "f.csv", zeros).await.expect(201);
            arenas.push(arena);
        }
        world.drain().await;
        for (case, submission) in CASES.iter().zip(&submissions) {
            // What carol herself leads people to her score by.
            let text =
                json!({ "title": "Ours", "markdown": format!("See submission:{submission} of ours.") });
            let path = format!("/api/v1/competitions/{}/topics", case.slug);
            let topic = carol.api.send_json(Method::POST, &path, &text).await.expect(201).json();
            topics.push(topic["id"].as_i64().unwrap());
            let path = format!("/api/v1/notebooks?name=of-{0}&competition={0}&visibility=public", case.slug);
            carol.api.upload(&path, "x.ipynb", NOTEBOOK).await.expect(201);
            let path =
                format!("/api/v1/notebooks/carol/of-{}/versions/1/submissions/{submission}", case.slug);
            carol.api.send(Method::PUT, &path, None, Vec::new()).await.expect(204);
        }
        for arena in &arenas {
            let team =
                sql("select id from teams where competition_id = $1 and name = $2").bind(arena.id).bind(TEAM);
            teams.push(team.fetch_one(&world.pool).await.unwrap().get(0));
        }
        Self { world, arenas, host, root, bob, carol, dave, member, submissions, topics, teams }
    }

    /// Whoever must not learn which row is carol's.
    fn others(&self) -> Vec<(&'static str, Client)> {
        vec![
            ("visitor", self.world.visitor()),
            ("member", self.member.browser.clone()),
            ("member with a program", self.member.api.clone()),
            ("participant", self.bob.browser.clone()),
            ("participant with a program", self.bob.api.clone()),
            ("other team", self.dave.browser.clone()),
        ]
    }

    fn addresses(&self) -> Vec<String> {
        let list = |ids: &[i64]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let fill = |name: &str| -> Vec<String> {
            match name {
                "slug" => CASES.iter().map(|case| case.slug.to_owned()).collect(),
                "username" => vec!["carol".to_owned()],
                "topic" | "post" => list(&self.topics[..2]),
                "notebook" => CASES.iter().map(|case| format!("of-{}", case.slug)).collect(),
                "page" => ["overview", "rules"].map(str::to_owned).to_vec(),
                "version" | "run" | "number" => vec!["1".to_owned()],
                "id" => list(&self.submissions[..2]),
                _ => vec![NOWHERE.to_owned()],
            }
        };
        let mut addresses: Vec<String> = routes().iter().flat_map(|route| filled(route, fill)).collect();
        for (at, case) in CASES.iter().enumerate() {
            let (slug, team, submission) = (case.slug, self.teams[at], self.submissions[at]);
            let boards =
                [format!("/c/{slug}/leaderboard"), format!("/api/v1/competitions/{slug}/leaderboard")];
            for board in boards {
                for query in ["team=Quokkas", "team=carol", "board=public", "limit=1", "after=0.1"] {
                    addresses.push(format!("{board}?{query}"));
                }
                addresses.push(format!("{board}?after={submission}.0"));
                addresses.push(format!("{board}?team={submission}"));
                addresses.push(format!("{board}.csv?board=public"));
                addresses.push(format!("{board}/compare?a={team}&b={team}"));
            }
            addresses.push(format!("/c/{slug}/notebooks?order=score"));
            addresses.push(format!("/api/v1/competitions/{slug}/notebooks?order=score"));
        }
        addresses.push("/search?q=Quokkas".to_owned());
        addresses.push("/api/v1/search?q=carol".to_owned());
        addresses
    }

    /// Hosts look first, so that what is kept of them is at hand when the others ask.
    async fn complaints(&self, is_over: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        for case in &CASES {
            for person in [&self.host, &self.root] {
                let board =
                    person.browser.get(&format!("/c/{}/leaderboard", case.slug)).await.expect(200).text();
                assert!(
                    board.contains(TEAM) && board.contains(&case.scores()[usize::from(is_over)]),
                    "{board}"
                );
                assert_eq!(
                    board.contains("You see all names and scores"),
                    case.is_veiled(is_over),
                    "{board}"
                );
                let path = format!("/api/v1/competitions/{}/leaderboard.csv", case.slug);
                let csv = person.api.get(&path).await.expect(200).text();
                assert!(csv.contains(TEAM) && csv.contains("carol carolson"), "{csv}");
                person.api.get_with(&path, &[("accept-encoding", "gzip")]).await.expect(200);
            }
        }
        for path in self.addresses() {
            for (kind, client) in self.others() {
                let answer = client.get(&path).await;
                wrong.extend(complaints(kind, &answer, is_over));
            }
        }
        for case in &CASES {
            for method in ["GetLeaderboard", "DownloadLeaderboard", "ListCompetitions", "ListSubmissions"] {
                let path = format!("/v1/competitions.CompetitionApiService/{method}");
                let ask = json!({ "competitionName": case.slug, "overridePublic": true });
                let answer = self.bob.api.send_json(Method::POST, &path, &ask).await;
                wrong.extend(complaints("participant with Kaggle's client", &answer, is_over));
            }
        }
        wrong
    }
}

fn complaints(kind: &str, answer: &Answer, is_over: bool) -> Vec<String> {
    // The way to sign in leads back to the words that were searched for.
    let text = ["team=", "team%3D"].iter().fold(unpacked(answer), |text, asked| {
        text.replace(&format!("{asked}{TEAM}"), "").replace(&format!("{asked}carol"), "")
    });
    let names_carol = text.contains(TEAM) || text.contains("carol");
    let mut wrong = Vec::new();
    if answer.status >= 500 {
        wrong.push(format!("a {}: {text}", answer.status));
    }
    for case in CASES.iter().filter(|case| case.is_veiled(is_over)) {
        let is_its_own = answer.asked.contains(&format!("/{}/", case.slug))
            || answer.asked.contains(&format!("/{}?", case.slug));
        let is_board = is_its_own && BOARDS.iter().any(|part| answer.asked.contains(part));
        for score in case.scores().iter().filter(|score| has_number(&text, score)) {
            if case.hides_scores() {
                wrong.push(format!("the score {score} of another team"));
            } else if names_carol {
                wrong.push(format!("the score {score} beside a name"));
            }
        }
        if is_board && (text.contains(TEAM) || text.contains("carolson")) {
            wrong.push("the name of another team".to_owned());
        }
    }
    wrong.into_iter().map(|what| format!("{} gives {kind} {what}", answer.asked)).collect()
}

/// A zip holds its names and what is stored in it; files in it are looked into.
fn unpacked(answer: &Answer) -> String {
    let Ok(mut zip) = zip::ZipArchive::new(std::io::Cursor::new(answer.bytes.clone())) else {
        return answer.text();
    };
    let mut text = String::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    text
}

fn items(board: &Value) -> Vec<(Value, String)> {
    let rows = board["items"].as_array().unwrap().iter();
    rows.map(|row| (row["rank"].clone(), row["team"].as_str().unwrap().to_owned())).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_learns_whose_score_is_whose_by_any_address(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let profile = scene.world.visitor().get("/api/v1/users/carol").await.expect(200).json();
    let n_active = profile["active_days"].as_array().unwrap().iter().map(|day| day["n"].as_i64().unwrap());
    assert_eq!(n_active.sum::<i64>(), 8, "days tell of her texts and notebooks, not of her files: {profile}");
    let wrong = scene.complaints(false).await;
    assert!(wrong.is_empty(), "while open: {}", wrong.join("\n"));
    scene.world.let_pass(TimeDelta::days(31)).await;
    scene.world.drain().await;
    let words = json!({ "words": "Thank you." });
    for (arena, topic) in scene.arenas.iter().zip(&scene.topics) {
        arena.board().await; // the first to look makes the final board
        scene.host.api.send_json(Method::PUT, &arena.api("/winners"), &words).await.expect(200);
        let chosen = json!({ "topic": topic });
        scene.carol.api.send_json(Method::PUT, &arena.api("/team/write-up"), &chosen).await.expect(200);
    }
    scene.world.drain().await;
    let wrong = scene.complaints(true).await;
    assert!(wrong.is_empty(), "after the end: {}", wrong.join("\n"));

    let visitor = scene.world.visitor();
    let profile = visitor.get("/api/v1/users/carol").await.expect(200).json();
    for (case, topic) in CASES.iter().zip(&scene.topics) {
        let competitions = profile["joined"].as_array().unwrap();
        let one = competitions.iter().find(|one| one["slug"] == case.slug).unwrap();
        assert_eq!(one["rank"].is_null(), case.stays, "{one}");
        let told = visitor.get(&format!("/api/v1/topics/{topic}")).await.expect(200).json();
        assert_eq!(told["write_up_of"]["rank"].is_null(), case.stays, "{told}");
        let board = visitor.get(&format!("/c/{}/leaderboard", case.slug)).await.expect(200).text();
        assert_eq!(board.contains(TEAM), !case.stays, "{board}");
    }
    let own = scene.carol.api.get("/api/v1/users/carol").await.expect(200).json();
    let ranks = own["joined"].as_array().unwrap().iter().filter(|one| one["rank"].is_number());
    assert_eq!(ranks.count(), CASES.len(), "to herself: {own}");
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_names_are_hidden_all_rows_are_there_under_pseudonyms_that_stay(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let (arena, visitor) = (&scene.arenas[0], scene.world.visitor());
    let api = arena.api("/leaderboard");
    let whole = arena.board().await;
    let seen = visitor.get(&api).await.expect(200).json();
    assert_eq!((&seen["shows"], &whole["shows"]), (&"pseudonyms".into(), &"names".into()));
    assert_eq!(whole["others_see_less"], true);
    let ranks: Vec<Value> = items(&whole).into_iter().map(|(rank, _)| rank).collect();
    assert_eq!(ranks, [json!(1), json!(null), json!(2), json!(3)]);
    for (shown, real) in seen["items"].as_array().unwrap().iter().zip(whole["items"].as_array().unwrap()) {
        for number in ["rank", "score", "n_entries", "is_baseline", "change"] {
            assert_eq!(shown[number], real[number], "{shown} {real}");
        }
        let is_named = shown["is_baseline"] == true;
        assert_eq!(shown["team"] == real["team"], is_named, "{shown}");
        assert_eq!((shown["team_id"].is_null(), shown["members"] == json!([])), (!is_named, true));
    }
    // In pages of one row, with keys that tell no submission.
    let (mut walked, mut after) = (Vec::new(), "0.0".to_owned());
    loop {
        let page = visitor.get(&format!("{api}?limit=1&after={after}")).await.expect(200).json();
        walked.extend(items(&page));
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!(walked, items(&seen));
    let by_number = visitor.get(&format!("{api}?after={}.0", scene.submissions[0])).await.expect(200).json();
    assert!(items(&by_number).len() == 4, "a submission is no place to read on from: {by_number}");
    visitor.get(&format!("{api}?team=bob")).await.expect(422);
    visitor.get(&arena.api("/leaderboard/compare")).await.expect(403);
    arena.host.api.get(&arena.api("/leaderboard/compare")).await.expect(200);

    let own = scene.bob.api.get(&api).await.expect(200);
    let tag = own.header("etag").to_owned();
    let own = own.json();
    assert_eq!(
        (&own["own"]["team"], &own["own"]["pseudonym"]),
        (&"bob bobson".into(), &seen["items"][0]["team"])
    );
    scene.bob.api.get_with(&api, &[("if-none-match", &tag)]).await.expect(304);
    for other in [&scene.carol.api, &scene.host.api, &visitor] {
        other.get_with(&api, &[("if-none-match", &tag)]).await.expect(200);
    }
    let page = scene.bob.browser.get("/c/names/leaderboard").await.expect(200).text();
    assert!(page.contains("bob bobson") && page.contains("others see"), "{page}");
    assert!(page.contains("hides names") && !page.contains("/u/carol"), "{page}");
    let rules = visitor.get("/c/names").await.expect(200).text();
    assert!(rules.contains("names hidden until the end"), "{rules}");

    arena.submit(&scene.dave, &Labels::predictions(100, 100)).await;
    scene.world.drain().await;
    let later = visitor.get(&api).await.expect(200).json();
    let pseudonym = |board: &Value, rank: i64| {
        let all = items(board);
        all.into_iter().find(|(place, _)| *place == rank).unwrap().1
    };
    for (then, now) in [(1, 2), (2, 3), (3, 1)] {
        assert_eq!(pseudonym(&seen, then), pseudonym(&later, now), "the same team");
    }
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_each_sees_its_own_row_a_team_knows_its_score_and_its_rank_among_how_many(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let (arena, visitor) = (&scene.arenas[1], scene.world.visitor());
    let api = arena.api("/leaderboard");
    let told = scene.dave.api.get(&api).await.expect(200).json();
    assert_eq!(
        (&told["shows"], &told["n_teams"], &told["ranks"]),
        (&"own_row".into(), &3.into(), &Value::Null)
    );
    assert_eq!(items(&told), [(json!(3), "dave daveson".to_owned())]);
    assert_eq!(told["own"]["rank"], 3);
    let page = scene.dave.browser.get("/c/row/leaderboard").await.expect(200).text();
    assert!(page.contains("Your team has rank 3 of 3 teams.") && page.contains("0.431"), "{page}");
    let csv = scene.dave.browser.get("/c/row/leaderboard.csv").await.expect(200).text();
    assert_eq!(csv.lines().count(), 2, "{csv}");
    for nobody in [&visitor, &scene.member.api] {
        let told = nobody.get(&api).await.expect(200).json();
        assert_eq!((items(&told).len(), &told["own"], &told["n_teams"]), (0, &Value::Null, &3.into()));
    }
    let page = visitor.get("/c/row/leaderboard").await.expect(200).text();
    assert!(page.contains("3 teams") && page.contains("only its own row"), "{page}");
    assert_eq!(items(&arena.board().await).len(), 4, "hosts see all, with the baseline");
    let mine = scene.dave.browser.get("/").await.expect(200).text();
    assert!(mine.contains("Competition row"), "{mine}");
    scene.world.close().await;
}
