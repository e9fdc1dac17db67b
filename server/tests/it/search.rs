//! The search: what is found, by whom, and in which order.

use holdout::accounts::model::Member;
use holdout::forum::forums;
use holdout::forum::topics;
use holdout::search::find;
use holdout::search::model::{Found, Part};
use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use crate::stage::{SLUG, Stage};
use crate::world::{Labels, World, sql};

async fn open_topic(stage: &Stage, author: &Member, forum: &str, title: &str, text: &str) {
    let seen = forums::see_named(&stage.app, forum, Some(author)).await.unwrap();
    topics::open(&stage.app, author, &seen, title, text).await.unwrap();
}

async fn found(stage: &Stage, viewer: Option<&Member>, part: Part, query: &str) -> Found {
    find::part(&stage.app, viewer, query, part, None, 20).await.unwrap()
}

fn titles(found: &Found) -> Vec<&str> {
    found.hits.iter().map(|hit| hit.title.as_str()).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_fits_best_comes_first_and_typing_errors_are_forgiven(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.person("ada").await;
    open_topic(&stage, &ada, "general", "On trees", "Some mention boosting in passing, <b>at length</b>.")
        .await;
    open_topic(&stage, &ada, "general", "Gradient boosting", "Which parameters?").await;
    open_topic(&stage, &ada, "general", "Neural networks", "Which layers?").await;
    let hits = found(&stage, None, Part::Discussion, "boosted").await;
    assert_eq!(titles(&hits), ["Gradient boosting", "On trees"], "a title weighs more than a text");
    let marked = hits.hits[1].marked();
    assert!(marked.contains("<mark>boosting</mark>") && !marked.contains("<b>"), "{marked}");
    assert!(
        titles(&found(&stage, None, Part::Discussion, "boosting -passing").await) == ["Gradient boosting"]
    );

    let misspelt = found(&stage, None, Part::Discussion, "gradiant bosting").await;
    assert_eq!(misspelt.instead.as_deref(), Some("gradient boosting"));
    assert_eq!(titles(&misspelt), ["Gradient boosting"]);
    assert_eq!(titles(&found(&stage, None, Part::People, "ada").await), ["Ada"]);
    stage.person("lovelace").await;
    assert_eq!(titles(&found(&stage, None, Part::People, "lovelase").await), ["Lovelace"]);
    assert_eq!(titles(&found(&stage, None, Part::Competitions, "stage").await), ["Stage"]);
    assert_eq!(titles(&found(&stage, None, Part::Competitions, "stagge").await), ["Stage"]);
    assert!(found(&stage, None, Part::Discussion, "xyzzy").await.hits.is_empty());
    for odd in ["'", "\"", "a:*", "!", "<->", "((", "\\", "%", "the"] {
        for (part, _) in Part::ALL {
            found(&stage, Some(&ada), part, odd).await;
        }
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_competition_is_found_by_its_pages_its_metric_and_other_forms_of_words(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let run = async |statement: &'static str| sql(statement).execute(&stage.owner).await.unwrap();
    let found = async |query| {
        let found = found(&stage, None, Part::Competitions, query).await;
        found.hits.iter().map(|hit| (hit.title.clone(), hit.marked())).collect::<Vec<_>>()
    };
    run("update competitions set title = 'Rain', subtitle = 'A forecast for tomorrow'").await;
    for form in ["forecasting", "forecasts", "Forecasted"] {
        let hits = found(form).await;
        assert!(hits.len() == 1 && hits[0].1.contains("<mark>forecast</mark> for"), "{form}: {hits:?}");
    }
    run("insert into pages (competition_id, slug, title, position, markdown, html, updated_at)
         select id, 'sensors', 'Sensors', 9, 'x', '<p>Old <em>barometers</em> &amp; others on the roof.</p>', now()
         from competitions")
    .await;
    let by_page = found("barometer").await;
    let words = by_page[0].1.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("<mark>barometers</mark> &amp; others"), "{words}");
    assert_eq!(found("rain sensor").await.len(), 1, "words of several places");
    run("update pages set is_proposed = true where slug = 'sensors'").await;
    assert!(found("barometer").await.is_empty(), "what Holdout proposed says nothing");
    run("update pages set is_proposed = false where slug = 'sensors'").await;
    assert_eq!(found("barometer").await.len(), 1);
    run("delete from pages where slug = 'sensors'").await;
    assert!(found("barometer").await.is_empty());

    run("update metrics set spec = jsonb_set(spec, '{title}', '\"Mean quagga error\"')").await;
    assert_eq!(found("quagga").await.len(), 1, "by the title of its metric");
    let ada = stage.person("ada").await;
    run("insert into competitions (slug, title, subtitle, created_by)
         select 'tomorrow', 'Tomorrow', 'Else', id from users where username = 'ada'")
    .await;
    run("insert into competition_hosts (competition_id, user_id, added_at)
         select id, created_by, now() from competitions where slug = 'tomorrow'")
    .await;
    let hosts = self::found(&stage, Some(&ada), Part::Competitions, "tomorrow").await;
    assert_eq!(titles(&hosts), ["Tomorrow", "Rain"], "a title weighs more than the line below it");
    assert_eq!(found("tomorrow").await.len(), 1, "nobody else finds a draft");
    run("delete from competitions where slug = 'tomorrow'").await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_finds_what_they_may_not_see(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, eve) = (stage.person("ada").await, stage.person("eve").await);
    let root = Member { is_admin: true, ..stage.person("root").await };
    holdout::teams::join::join(&stage.app, &ada, SLUG).await.unwrap();
    let forum = format!("c/{SLUG}");
    open_topic(&stage, &ada, &forum, "Treasure", "buried under the oak").await;
    assert_eq!(titles(&found(&stage, None, Part::Discussion, "treasure").await), ["Treasure"]);
    for (visibility, strangers) in [("unlisted", 0), ("invitation", 0), ("public", 1)] {
        sql("update competitions set visibility = $1").bind(visibility).execute(&stage.owner).await.unwrap();
        for part in [Part::Discussion, Part::Competitions] {
            let query = if part == Part::Discussion { "oak" } else { "stage" };
            let of = async |viewer| found(&stage, viewer, part, query).await.hits.len();
            assert_eq!(of(Some(&ada)).await, 1, "{visibility} {part:?}");
            assert_eq!(of(Some(&eve)).await, strangers, "{visibility} {part:?}");
            assert_eq!(of(Some(&root)).await, strangers, "{visibility} {part:?}");
            assert_eq!(of(None).await, strangers, "{visibility} {part:?}");
        }
        let misspelt = found(&stage, Some(&eve), Part::Discussion, "tresure").await;
        assert_eq!(misspelt.instead.is_some(), strangers == 1, "a correction tells no title");
    }
    for change in ["hidden_at = now()", "hidden_at = null, deleted_at = now()"] {
        let change = format!("update subjects set {change} where kind = 'topic'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(change)).execute(&stage.owner).await.unwrap();
        assert!(found(&stage, Some(&ada), Part::Discussion, "oak").await.hits.is_empty());
    }
    sql("update users set suspended_at = now() where username = 'eve'").execute(&stage.owner).await.unwrap();
    assert!(found(&stage, None, Part::People, "eve").await.hits.is_empty());
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn long_lists_are_walked_to_their_end_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.person("ada").await;
    open_topic(&stage, &ada, "general", "The first", "common rare").await;
    // Copies of its post: 1,600 with a common word, 50 with a rarer one.
    sql("with s as (
             insert into subjects (kind, author_id, created_at)
             select 'post', $1, now() from generate_series(1, 1650) returning id)
         insert into posts (id, under_id, root_id, markdown, html, plain)
         select s.id, (select id from topics), s.id, 'x', 'x', case when s.id % 33 = 0 then 'rare' else 'common' end
         from s")
        .bind(ada.id.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    for word in ["common", "rare"] {
        let expected = sql("select id from posts where plain like '%' || $1 || '%'").bind(word);
        let expected = expected.fetch_all(&stage.owner).await.unwrap().len();
        let mut ids = Vec::new();
        let mut after = None;
        loop {
            let part = find::part(&stage.app, None, word, Part::Discussion, after, 20).await.unwrap();
            ids.extend(part.hits.iter().map(|hit| hit.key.id));
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        let n_shown = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((n_shown, ids.len()), (expected, expected), "{word}");
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_page_and_the_api_show_what_is_found(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    world.open_competition(&ada, "houses", &Labels::regression()).await;
    let topic = json!({"title": "Noise <script>", "markdown": "The *noise* & <i>more</i>."});
    ada.api.send_json(Method::POST, "/api/v1/forums/general/topics", &topic).await.expect(201);
    let page = world.visitor().get("/search?q=noise").await.expect(200).text();
    assert!(page.contains("Noise &#60;script&#62;") && page.contains("<mark>noise</mark> &amp; "), "{page}");
    assert!(world.visitor().get("/search?q=houses").await.expect(200).text().contains("href=\"/c/houses\""));
    world.visitor().get("/search").await.expect(200);
    let found = world.visitor().get("/api/v1/search?q=noise&in=discussion").await.expect(200).json();
    assert_eq!(found["items"][0]["kind"], "topic", "{found}");
    world.visitor().get("/api/v1/search?q=%20&in=people").await.expect(422);
    world.visitor().get("/search?q=a&in=people&after=x").await.expect(404);
    world.close().await;
}
