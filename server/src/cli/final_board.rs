//! The final board looked at again: how sure its ranks are, and what other metrics say of it.

use serde_json::Value;

use super::Session;
use super::fault::Outcome;
use super::screen::Paint;
use super::table::{Table, cell};

/// Leads are called more than chance where all that are hold in 95 of 100 contests without any.
const SIGNIFICANT: f64 = 0.05;

pub fn how_sure(session: &Session, board: &str) -> Outcome {
    let found = session.client.get(&format!("{board}/pictures"))?;
    session.screen.answer(&found, |paint| draw_ranks(paint, &found));
    Ok(())
}

pub fn other_metrics(session: &Session, board: &str) -> Outcome {
    let found = session.client.get(&format!("{board}/other-metrics"))?;
    session.screen.answer(&found, |paint| draw_metrics(paint, &found));
    if found["is_complete"] == false {
        session.screen.note("Files of the final board are still being scored by other metrics.");
    }
    Ok(())
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

fn draw_ranks(paint: Paint, found: &Value) -> String {
    let pictures = &found["pictures"];
    let n_draws = pictures["n_draws"].as_f64().unwrap_or(1.0);
    let mut table =
        Table::new(&["rank", "team", "keeps its rank", "comes first", "leads by more than chance"]);
    for (at, team) in list(pictures, "teams").iter().enumerate() {
        let percent = |rank: usize| {
            format!("{:.1}%", 100.0 * team["draws_by_rank"][rank].as_f64().unwrap_or(0.0) / n_draws)
        };
        let leads = list(team, "p_values").iter().filter(|p| p.as_f64() <= Some(SIGNIFICANT));
        let cells =
            [(at + 1).to_string(), cell(&team["team"]), percent(at), percent(0), leads.count().to_string()];
        table.row(cells);
    }
    table.draw(paint, found["absent"].as_str().unwrap_or("No teams on the final board."))
}

fn draw_metrics(paint: Paint, found: &Value) -> String {
    let mut table = Table::new(&["metric", "", "winner", "as on the board", "agreement"]);
    for metric in list(found, "metrics") {
        let keeps = if metric["keeps_the_winner"] == true { "yes" } else { "no" };
        let tau = metric["kendall_tau"].as_f64().map_or_else(|| "–".to_owned(), |tau| format!("{tau:.2}"));
        let winner = cell(&metric["winner"]["team"]);
        table.row([cell(&metric["metric"]), cell(&metric["note"]), winner, keeps.to_owned(), tau]);
    }
    table.draw(paint, "No other metric scored the final board.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_become_rows() {
        let team = |name: &str, draws: [u32; 3], p: [f64; 2]| json!({ "team": name, "draws_by_rank": draws, "p_values": p });
        let pictures = json!({ "pictures": {
            "n_draws": 2000,
            "teams": [team("ada", [1500, 500, 0], [1.0, 0.04]), team("bob", [500, 1500, 0], [1.0, 1.0])],
        } });
        let drawn = draw_ranks(Paint::PLAIN, &pictures);
        let lines: Vec<Vec<&str>> = drawn.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["1", "ada", "75.0%", "75.0%", "1"], "{drawn}");
        assert_eq!(lines[2], ["2", "bob", "75.0%", "25.0%", "0"], "{drawn}");
        let absent = json!({ "absent": "Too few rows." });
        assert_eq!(draw_ranks(Paint::PLAIN, &absent), "Too few rows.");

        let metric = json!({ "metrics": [{ "metric": "map", "note": "k 5", "winner": { "team": "bob" },
            "keeps_the_winner": false, "kendall_tau": 0.333 }] });
        let drawn = draw_metrics(Paint::PLAIN, &metric);
        assert!(drawn.ends_with("map     k 5  bob     no               0.33"), "{drawn}");
    }
}
