//! Signs of probing are shown to hosts, with evidence, and to nobody else.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::world::{Arena, Labels, Person, World, sql};

const N_ROWS: usize = 400;

fn labels(metric: &'static str, label: &dyn Fn(usize) -> f64) -> Labels {
    let (mut solution, mut sample) = ("id,target,Usage\n".to_owned(), "id,target\n".to_owned());
    for row in 0..N_ROWS {
        let usage = if row % 3 == 0 { "Public" } else { "Private" };
        writeln!(solution, "r{row},{},{usage}", label(row)).unwrap();
        writeln!(sample, "r{row},0").unwrap();
    }
    let higher_is_better = false;
    Labels { metric, params: json!({}), ranked_parts: None, higher_is_better, solution, sample }
}

fn file(prediction: &dyn Fn(usize) -> f64) -> String {
    let rows = (0..N_ROWS).map(|row| format!("r{row},{}\n", prediction(row)));
    format!("id,target\n{}", rows.collect::<String>())
}

/// Of three classes, with a probability for each.
fn classes() -> Labels {
    let (mut solution, mut sample) = ("id,target,Usage\n".to_owned(), "id,a,b,c\n".to_owned());
    for row in 0..N_ROWS {
        let usage = if row % 3 == 0 { "Public" } else { "Private" };
        writeln!(solution, "r{row},{},{usage}", ["a", "b", "c"][(row * 31) % 7 % 3]).unwrap();
        writeln!(sample, "r{row},0.2,0.3,0.5").unwrap();
    }
    let higher_is_better = false;
    let metric = "multiclass_log_loss";
    Labels { metric, params: json!({}), ranked_parts: None, higher_is_better, solution, sample }
}

fn chances(of_row: &dyn Fn(usize) -> [f64; 3]) -> String {
    let rows = (0..N_ROWS).map(|row| {
        let [a, b, c] = of_row(row);
        format!("r{row},{a},{b},{c}\n")
    });
    format!("id,a,b,c\n{}", rows.collect::<String>())
}

/// Has scorers look at all files now.
async fn look(world: &World) {
    world.drain().await;
    sql("update probing_looks set due_at = now()").execute(&world.pool).await.unwrap();
    world.drain().await;
}

async fn found(arena: &Arena, host: &Person, rest: &str) -> Value {
    host.api.get(&arena.api(&format!("/probing{rest}"))).await.expect(200).json()
}

fn signs(item: &Value) -> Vec<&str> {
    item["signs"].as_array().unwrap().iter().map(|sign| sign["sign"].as_str().unwrap()).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_see_files_that_ask_about_rows_and_nobody_else_does(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let label = |row: usize| 5000.0 + ((row * 37) % 101) as f64 + 0.625;
    let houses = world.open_competition(&ada, "houses", &labels("rmse", &label)).await;
    let truth = |row: usize| f64::from(u8::from((row * 31) % 7 < 3));
    let odds = world.open_competition(&ada, "odds", &labels("log_loss", &truth)).await;
    sql("update competitions set daily_limit = 50").execute(&world.pool).await.unwrap();
    houses.join(&bob).await;
    odds.join(&bob).await;
    let honest = |row: usize| 5000.0 + ((row * 53) % 97) as f64;
    let files = [
        file(&honest),
        file(&|row| if row == 8 { honest(row) + 1.0 } else { honest(row) }),
        file(&|row| honest(row) + 0.5),
        file(&|row| if row == 3 { 1e9 } else { honest(row) + 2.0 }),
        file(&|row| if row < 200 { 5000.0 } else { 5050.0 }),
    ];
    let mut ids = Vec::new();
    for file in &files {
        ids.push(houses.submit(&bob, file).await);
    }
    let log_odds = |l: f64| 1.0 / (1.0 + (-l).exp());
    let climbing = |row: usize| if row < 9 { log_odds(1e-3 * 2_f64.powi(row as i32)) } else { 0.5 };
    let climbed = odds.submit(&bob, &file(&climbing)).await;
    look(&world).await;

    let all = found(&houses, &ada, "").await;
    let told: Vec<(i64, Vec<&str>)> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["submission_id"].as_i64().unwrap(), signs(item)))
        .collect();
    assert_eq!(told, [(ids[4], vec!["blocks"]), (ids[3], vec!["far_out"]), (ids[1], vec!["few_changes"])]);
    let sentence = all["items"][2]["signs"][0]["sentence"].as_str().unwrap();
    assert!(sentence.contains(&format!("submission {}, in 1 of 400 rows", ids[0])), "{sentence}");
    let ladder = found(&odds, &ada, "").await;
    assert_eq!(signs(&ladder["items"][0]), ["ladder"]);
    assert_eq!(ladder["items"][0]["submission_id"], climbed);

    // Part by part, the newest first.
    let first = found(&houses, &ada, "?limit=1").await;
    assert_eq!((&first["items"][0]["submission_id"], &first["next"]), (&json!(ids[4]), &json!(ids[4])));
    let second = found(&houses, &ada, &format!("?limit=1&before={}", ids[4])).await;
    assert_eq!(second["items"][0]["submission_id"], ids[3]);

    let page = ada.browser.get("/c/houses/host/probing").await.expect(200).text();
    assert!(page.contains("in 1 of 400 rows alone") && page.contains("bob bobson"), "{page}");
    assert!(!page.contains(".625") && !all.to_string().contains(".625"), "no label comes out");
    bob.browser.get("/c/houses/host/probing").await.expect(404);
    bob.api.get(&houses.api("/probing")).await.expect(404);
    world.visitor().get(&houses.api("/probing")).await.expect(401);
    let board = houses.board().await;
    assert_eq!(board["items"][0]["n_entries"], 5, "nobody was punished: {board}");

    // What was looked at once is not looked at again; what comes later is.
    let again = houses.submit(&bob, &file(&|row| if row == 9 { 0.0 } else { honest(row) + 0.5 })).await;
    look(&world).await;
    let all = found(&houses, &ada, "").await;
    assert_eq!(
        all["items"].as_array().unwrap().len(),
        3,
        "it differs from the file of blocks everywhere: {again}"
    );
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn ladders_and_blocks_are_seen_among_the_probabilities_of_several_classes(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let kinds = world.open_competition(&ada, "kinds", &classes()).await;
    kinds.join(&bob).await;
    let model = |row: usize| {
        let first = 0.1 + 0.8 * f64::from((row as u32 * 53) % 97) / 97.0;
        [first, (1.0 - first) * 0.6, (1.0 - first) * 0.4]
    };
    let log_odds = |l: f64| 1.0 / (1.0 + (-l).exp());
    let climbing = |row: usize| {
        let first =
            log_odds(if row < 9 { 1e-3 * 2_f64.powi(row as i32) } else { 0.0 } - std::f64::consts::LN_2);
        [first, (1.0 - first) / 2.0, (1.0 - first) / 2.0]
    };
    let blocks = |row: usize| if row < 200 { [0.98, 0.01, 0.01] } else { [0.01, 0.98, 0.01] };
    let mut ids = Vec::new();
    for file in [chances(&model), chances(&climbing), chances(&blocks)] {
        ids.push(kinds.submit(&bob, &file).await);
    }
    look(&world).await;
    let all = found(&kinds, &ada, "").await;
    let items = all["items"].as_array().unwrap();
    let told: Vec<_> =
        items.iter().map(|item| (item["submission_id"].as_i64().unwrap(), signs(item))).collect();
    assert_eq!(told, [(ids[2], vec!["blocks"]), (ids[1], vec!["ladder"])]);
    world.close().await;
}
