//! A competition that is played through HTTP, and the journal of all that was done in it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use ureq::http::Method;

use crate::client::Answer;
use crate::world::{Arena, Labels, Person, World, sql};

/// Files that are sent at the same time.
const AT_ONCE: usize = 8;

pub struct Contest<'w> {
    world: &'w World,
    pub arena: Arena,
    rules: Value,
    solutions: Vec<String>,
    journal: Vec<Value>,
    /// Public boards as people were shown them, one for each time that somebody looked.
    pub looks: Vec<Vec<Value>>,
}

/// How a competition differs from others.
#[derive(Clone, Copy)]
pub struct Rules {
    pub daily_limit: i32,
    pub days: i32,
}

/// Predictions of somebody, to be sent.
pub struct File {
    pub by: Person,
    pub csv: String,
}

/// The days that a test plays, from noon of the first: nothing happens around midnight.
pub struct Days<'w> {
    world: &'w World,
    to_noon: TimeDelta,
}

impl<'w> Days<'w> {
    pub async fn begin(world: &'w World) -> Self {
        let to_noon = sql(
            "select 12 * 60 * 60 - extract(epoch from (now() at time zone 'UTC')::time)::bigint as seconds",
        );
        let seconds: i64 = to_noon.fetch_one(&world.pool).await.unwrap().get(0);
        let days = Self { world, to_noon: TimeDelta::seconds(seconds) };
        days.pass(0, 0).await;
        days
    }

    /// Moves on to so many days and hours after the first noon.
    pub async fn pass(&self, days: i64, hours: i64) {
        self.world.let_pass(self.to_noon + TimeDelta::days(days) + TimeDelta::hours(hours)).await;
    }
}

impl<'w> Contest<'w> {
    /// A competition that begins now; teams form until a day before its end.
    pub async fn open(world: &'w World, host: &Person, slug: &str, labels: &Labels, rules: Rules) -> Self {
        let arena = world.open_competition(host, slug, labels).await;
        sql("update competitions
             set starts_at = clock_now() - interval '1 hour', launched_at = clock_now() - interval '1 hour',
                 entry_deadline_at = clock_now() + make_interval(days => $2 - 1),
                 merger_deadline_at = clock_now() + make_interval(days => $2 - 1),
                 ends_at = clock_now() + make_interval(days => $2), daily_limit = $3,
                 score_decimals = 12, are_decimals_chosen = true
             where id = $1")
        .bind(arena.id)
        .bind(rules.days)
        .bind(rules.daily_limit)
        .execute(&world.pool)
        .await
        .unwrap();
        let shown = host.api.get(&arena.api("")).await.expect(200).json();
        let metrics = match &labels.ranked_parts {
            Some(parts) => parts.as_array().unwrap().iter().map(part).collect::<Vec<_>>(),
            None => vec![json!({ "metric": labels.metric, "weight": "1" })],
        };
        let rules = json!({
            "slug": slug, "metrics": metrics, "starts_at": shown["starts_at"], "ends_at": shown["ends_at"],
            "merger_deadline_at": shown["merger_deadline_at"], "daily_limit": rules.daily_limit,
            "team_limit": 5, "final_limit": 2,
        });
        let solutions = vec![labels.solution.clone()];
        Self { world, arena, rules, solutions, journal: Vec::new(), looks: Vec::new() }
    }

    /// What the reckoning is given: rules, files, and what happened.
    pub fn facts(&self) -> Value {
        let mut facts = self.rules.clone();
        facts["solutions"] = json!(self.solutions);
        facts["journal"] = json!(self.journal);
        facts
    }

    fn note(&mut self, what: &str, accepted: bool, mut event: Value) -> bool {
        event["what"] = json!(what);
        event["at"] = json!(written(self.world.app.clock.now()));
        event["accepted"] = json!(accepted);
        self.journal.push(event);
        accepted
    }

    async fn post(&self, person: &Person, rest: &str, body: Value) -> Answer {
        person.api.send_json(Method::POST, &self.arena.api(rest), &body).await
    }

    pub async fn join(&mut self, person: &Person) {
        self.arena.join(person).await;
        self.note("joined", true, json!({ "person": person.name }));
    }

    /// Sends files, several at a time; gives the numbers of those that were received, in their order.
    pub async fn send(&mut self, files: Vec<File>) -> Vec<i64> {
        let (mut received, mut refused) = (Vec::new(), Vec::new());
        let mut files = files.into_iter().peekable();
        while files.peek().is_some() {
            let sending: Vec<_> = files.by_ref().take(AT_ONCE).map(|file| self.begin_to_send(file)).collect();
            for sent in sending {
                let (file, answer) = sent.await.unwrap();
                let event = json!({ "what": "sent", "person": file.by.name, "file": file.csv });
                match answer.status {
                    200..300 => received.push((answer.json(), event)),
                    429 => refused.push(event),
                    _ => panic!("{}", answer.text()),
                }
            }
        }
        received.sort_by_key(|(receipt, _)| receipt["log_position"].as_i64());
        let mut ids = Vec::new();
        for (receipt, mut event) in received {
            event["id"] = receipt["id"].clone();
            event["at"] = receipt["received_at"].clone();
            event["accepted"] = json!(true);
            ids.push(receipt["id"].as_i64().unwrap());
            self.journal.push(event);
        }
        for event in refused {
            self.note("sent", false, event);
        }
        ids
    }

    fn begin_to_send(&self, file: File) -> tokio::task::JoinHandle<(File, Answer)> {
        let arena = self.arena.clone();
        tokio::spawn(async move {
            let answer = arena.send(&file.by, "predictions.csv", file.csv.clone()).await;
            (file, answer)
        })
    }

    /// Lets scorers do all that waits.
    pub async fn judge(&mut self) {
        self.world.drain().await;
        self.note("judged", true, json!({}));
    }

    /// Somebody is invited and accepts; says whether the rules allowed it.
    pub async fn invite(&mut self, leader: &Person, person: &Person) -> bool {
        let asked = self.post(leader, "/team/invitations", json!({ "username": person.name })).await;
        let accepted = asked.status == 200 && {
            let seen = person.api.get(&self.arena.api("/team")).await.expect(200).json();
            let id = &seen["invitations"][0]["id"];
            let answer = self.post(person, &format!("/team/invitations/{id}/accept"), json!({})).await;
            is_accepted(&answer)
        };
        self.note("came", accepted, json!({ "person": person.name, "to": leader.name }))
    }

    /// One leader asks, and the other accepts.
    pub async fn merge(&mut self, leader: &Person, other: &Person) -> bool {
        let asked = self.post(leader, "/team/merge-requests", json!({ "team": team_of(other) })).await;
        let accepted = is_accepted(&asked) && {
            let seen = other.api.get(&self.arena.api("/team")).await.expect(200).json();
            let id = &seen["team"]["merge_requests"][0]["id"];
            let answer = self.post(other, &format!("/team/merge-requests/{id}/accept"), json!({})).await;
            is_accepted(&answer)
        };
        self.note("merged", accepted, json!({ "person": leader.name, "other": other.name }))
    }

    pub async fn leave(&mut self, person: &Person) -> bool {
        let accepted = is_accepted(&self.post(person, "/team/leave", json!({})).await);
        self.note("left", accepted, json!({ "person": person.name }))
    }

    /// What the page of the final selection offers somebody, the best first.
    pub async fn offered(&self, person: &Person) -> Vec<i64> {
        let path = holdout::paths::submissions_final(&self.arena.slug);
        let page = person.browser.get(&path).await.expect(200).text();
        let values = page.split("name=\"shown\" value=\"").skip(1);
        values.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
    }

    /// Checks these boxes and no other.
    pub async fn choose(&mut self, person: &Person, shown: &[i64], chosen: &[i64]) -> bool {
        let field = |name: &'static str| move |id: &i64| (name, id.to_string());
        let fields: Vec<(&str, String)> =
            shown.iter().map(field("shown")).chain(chosen.iter().map(field("chosen"))).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = holdout::paths::submissions_final(&self.arena.slug);
        let answer = person.browser.post_form(&path, &fields).await;
        assert!(matches!(answer.status, 303 | 422), "{}", answer.text());
        let event = json!({ "person": person.name, "shown": shown, "chosen": chosen });
        self.note("chose", answer.status == 303, event)
    }

    pub async fn disqualify_team(&mut self, person: &Person) -> i64 {
        let team = json!({ "team": team_of(person), "reason": "Two teams shared their code." });
        self.disqualify(team, json!({ "person": person.name })).await
    }

    pub async fn disqualify_submission(&mut self, id: i64) -> i64 {
        let wish = json!({ "submission_id": id, "reason": "It was made with labels." });
        self.disqualify(wish, json!({ "id": id })).await
    }

    async fn disqualify(&mut self, wish: Value, event: Value) -> i64 {
        let host = self.arena.host.clone();
        let decided = self.post(&host, "/disqualifications", wish).await.expect(201).json();
        self.note("disqualified", true, event);
        decided["id"].as_i64().unwrap()
    }

    pub async fn reinstate(&mut self, decision: i64, target: Value) {
        let host = self.arena.host.clone();
        let path = format!("/disqualifications/{decision}/lift");
        self.post(&host, &path, json!({ "reason": "The appeal was right." })).await.expect(200);
        self.note("reinstated", true, target);
    }

    /// Scores everything by another solution, beside what counts.
    pub async fn prepare_version(&mut self, solution: &str) {
        let host = self.arena.host.clone();
        self.post(&host, "/versions", json!({})).await.expect(201);
        let path = self.arena.api("/solution");
        let sent = host.api.send(Method::PUT, &path, Some("text/csv"), solution.into());
        sent.await.expect(200);
        self.world.drain().await;
        let reason = json!({ "reason": "Some labels were wrong." });
        let number = self.solutions.len() + 1;
        self.post(&host, &format!("/versions/{number}/start"), reason).await.expect(200);
        self.world.drain().await;
        self.solutions.push(solution.to_owned());
    }

    /// From now on the newest solution counts.
    pub async fn publish_version(&mut self) {
        let host = self.arena.host.clone();
        let number = self.solutions.len();
        self.post(&host, &format!("/versions/{number}/publish"), json!({})).await.expect(200);
        self.note("published", true, json!({ "solution": number - 1 }));
    }

    /// Keeps the public board as it is shown now.
    pub async fn look(&mut self) {
        let board = self.board("").await;
        self.looks.push(board);
        self.note("looked", true, json!({}));
    }

    /// The whole board, part by part.
    pub async fn board(&self, wish: &str) -> Vec<Value> {
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let path = self.arena.api(&format!("/leaderboard?limit=90{wish}{after}"));
            let part = self.arena.host.api.get(&path).await.expect(200).json();
            rows.extend(part["items"].as_array().unwrap().clone());
            match part["next"].as_str() {
                Some(next) => after = format!("&after={}", crate::client::encode(next)),
                None => return rows,
            }
        }
    }
}

/// A weight as the host wrote it.
fn part(part: &Value) -> Value {
    json!({ "metric": part["name"], "weight": part["weight"].to_string() })
}

/// Teams are called after who founded them.
fn team_of(person: &Person) -> String {
    format!("{0} {0}son", person.name)
}

fn is_accepted(answer: &Answer) -> bool {
    assert!(matches!(answer.status, 200 | 403), "{} {}", answer.status, answer.text());
    answer.status == 200
}

pub fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
