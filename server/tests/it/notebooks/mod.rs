//! Shared notebooks: bytes come back as they went, everybody sees what they may, votes, comments, forks,
//! scores.

mod files;
mod found;
mod moderated;
mod people;
mod rights;
pub mod runs;

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::{Answer, Client, Part};
use crate::world::{Arena, Labels, Person, World, sql};

const TOUR: &[u8] = include_bytes!("../../../../tests/notebooks/tour.ipynb");
const OLD_FORMAT: &[u8] = include_bytes!("../../../../tests/notebooks/tour-nbformat3.ipynb");
const HOUSES: &[u8] = include_bytes!("../../../../tests/notebooks/houses.ipynb");
const CHANGED: &[u8] = include_bytes!("../../../../tests/notebooks/houses-changed.ipynb");

/// A competition with the team of bob and carol, the team of erin, and people around it.
struct Library {
    world: World,
    arena: Arena,
    bob: Person,
    carol: Person,
    erin: Person,
    dave: Person,
    root: Person,
}

impl Library {
    async fn open(pool: PgPool) -> Self {
        Self::over(World::new(pool).await).await
    }

    async fn over(world: World) -> Self {
        let host = world.member("ada").await;
        let (bob, carol, erin) =
            (world.member("bob").await, world.member("carol").await, world.member("erin").await);
        let (dave, root) = (world.member("dave").await, world.admin("root").await);
        let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
        for person in [&bob, &carol, &erin] {
            arena.join(person).await;
        }
        // Without the notices that an invitation brings.
        sql("delete from teams where id = (select team_id from team_members where user_id = $1)")
            .bind(carol.id)
            .execute(&world.pool)
            .await
            .unwrap();
        sql("insert into team_members (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
             select competition_id, team_id, $2, false, joined_at, joined_at from team_members where user_id = $1")
        .bind(bob.id)
        .bind(carol.id)
        .execute(&world.pool)
        .await
        .unwrap();
        Self { world, arena, bob, carol, erin, dave, root }
    }

    async fn close(self) {
        self.world.close().await;
    }

    async fn count(&self, statement: &'static str) -> i64 {
        sql(statement).fetch_one(&self.world.pool).await.unwrap().get(0)
    }

    /// Files of notebooks on the disk.
    fn n_files(&self) -> usize {
        let files = self.world.folder.path().join("files");
        ["notebooks", "notebook-pages", "notebook-pictures"]
            .iter()
            .map(|room| count_files(&files.join(room)))
            .sum()
    }
}

fn count_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| if entry.path().is_dir() { count_files(&entry.path()) } else { 1 }).sum()
}

async fn create(person: &Person, query: &str, bytes: &[u8]) -> Answer {
    person.api.upload(&format!("/api/v1/notebooks?{query}"), "x.ipynb", bytes).await
}

/// Shares a notebook; gives its name.
async fn share(person: &Person, query: &str, bytes: &[u8]) -> String {
    let pushed = create(person, query, bytes).await.expect(201).json();
    pushed["notebook"]["name"].as_str().unwrap().to_owned()
}

fn api(owner: &Person, notebook: &str, rest: &str) -> String {
    format!("/api/v1/notebooks/{}/{notebook}{rest}", owner.name)
}

fn page(owner: &Person, notebook: &str, rest: &str) -> String {
    format!("/n/{}/{notebook}{rest}", owner.name)
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

async fn names(client: &Client, path: &str) -> Vec<String> {
    let list = client.get(path).await.expect(200).json();
    list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

async fn vote(person: &Person, owner: &Person, notebook: &str, method: Method) -> Answer {
    person.api.send(method, &api(owner, notebook, "/vote"), None, Vec::new()).await
}

/// What a moderator decides; the status of the answer.
async fn decide(person: &Person, owner: &Person, notebook: &str, decision: &str) -> u16 {
    let asked = json!({"decision": decision, "words": "Please keep to the rules."});
    person.api.send_json(Method::POST, &api(owner, notebook, "/moderate"), &asked).await.status
}
