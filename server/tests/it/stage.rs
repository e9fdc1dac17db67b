//! A light world without processes: the app's verbs on a test's own database, with scores written
//! as a scorer's finishing transaction writes them.

use chrono::{DateTime, TimeDelta, Utc};
use holdout::App;
use holdout::accounts::model::Member;
use holdout::config::{Config, Secret};
use holdout::database::certificates::Certificates;
use holdout::error::Result;
use holdout::ids::{SubmissionId, TeamId, UserId};
use holdout::medals::model::Thresholds;
use holdout::submissions::submit::{Entrant, Receipt, Upload, enter, submit};
use holdout::teams::join::join;
use holdout::web::proxies::Proxies;
use holdout_contract::place::Place;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};

use crate::world::{Folder, sql};

pub const SLUG: &str = "stage";

pub struct Stage {
    /// The schema owner's connections.
    pub owner: PgPool,
    /// Connects as the web server's role.
    pub app: App,
    pub competition_id: i64,
    pub version_id: i64,
    _folder: Folder,
}

impl Stage {
    /// A competition that began yesterday and ends tomorrow; lower scores are better.
    pub async fn open(owner: PgPool) -> Self {
        let folder = Folder::new();
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: "http://stage.test".to_owned(),
            data_dir: folder.path().to_owned(),
            files: Place::Folder(folder.path().join("files")),
            direct: None,
            database_url: Secret::new(""),
            database_direct_url: None,
            database_replica_url: None,
            database_certificates: Certificates::default(),
            smtp: None,
            providers: Vec::new(),
            accounts_key: Some(Secret::new("for tests, of no other use at all")),
            open_registration: true,
            members_may_host: true,
            members_give_medals: true,
            proxies: Proxies::None,
            other_hosts: Vec::new(),
            database_connections: 8,
            disk_reserve_mb: 0,
            leave_after: std::time::Duration::ZERO,
            api_requests_a_minute: 0,
            metrics_listen: None,
            webhooks_to_private_addresses: false,
            tls_for_subdomains: false,
            notebooks: None,
            notebook_openers: holdout::notebooks::openers::Openers::default(),
            notebook_medals: Thresholds::NOTEBOOKS,
            post_medals: Thresholds::POSTS,
        };
        let role = owner.connect_options().as_ref().clone().options([("role", "holdout_web")]);
        // Eight requests at once, and what rests in `coalescing::ParkedConnection`.
        let db = PgPoolOptions::new().max_connections(12).connect_with(role).await.unwrap();
        let app = App::new(db, config).unwrap();
        app.clock.synchronise(&mut app.db.acquire().await.unwrap()).await.unwrap();
        sql("insert into metrics (name, spec, engine_version, announced_at)
             values ('rmse', '{}', 'test', now()) on conflict do nothing")
        .execute(&owner)
        .await
        .unwrap();
        let row = sql("with host as (
                insert into users (username, email, display_name, password_hash, email_confirmed_at)
                values ('host', 'host@stage.test', 'Host', '!', now()) returning id
             ), c as (
                insert into competitions (slug, title, created_by, starts_at, ends_at, entry_deadline_at, merger_deadline_at)
                select $1, 'Stage', id, now() - interval '1 day', now() + interval '30 hours',
                       now() + interval '20 hours', now() + interval '20 hours' from host
                returning id
             ), s as (
                insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256)
                select id, 'none', 'stage', 1, sha256('stage') from c returning id
             )
             insert into scoring_versions (competition_id, number, solution_id, metric, higher_is_better, activated_at)
             select c.id, 1, s.id, 'rmse', false, now() from c, s
             returning id, competition_id")
        .bind(SLUG)
        .fetch_one(&owner)
        .await
        .unwrap();
        let (version_id, competition_id): (i64, i64) = (row.get(0), row.get(1));
        sql("update competitions set launched_at = starts_at, active_version_id = $2 where id = $1")
            .bind(competition_id)
            .bind(version_id)
            .execute(&owner)
            .await
            .unwrap();
        Self { owner, app, competition_id, version_id, _folder: folder }
    }

    pub async fn person(&self, name: &str) -> Member {
        let id: i64 =
            sql("insert into users (username, email, display_name, password_hash, email_confirmed_at)
             values ($1, $1 || '@stage.test', initcap($1), '!', now()) returning id")
            .bind(name)
            .fetch_one(&self.owner)
            .await
            .unwrap()
            .get(0);
        Member {
            id: UserId(id),
            username: name.to_owned(),
            display_name: name[..1].to_uppercase() + &name[1..],
            is_admin: false,
            has_confirmed_email: true,
        }
    }

    /// Who made it, among its hosts.
    pub async fn host(&self) -> Member {
        let id: i64 =
            sql("select id from users where username = 'host'").fetch_one(&self.owner).await.unwrap().get(0);
        sql("insert into competition_hosts (competition_id, user_id) values ($1, $2) on conflict do nothing")
            .bind(self.competition_id)
            .bind(id)
            .execute(&self.owner)
            .await
            .unwrap();
        Member {
            id: UserId(id),
            username: "host".to_owned(),
            display_name: "Host".to_owned(),
            is_admin: false,
            has_confirmed_email: true,
        }
    }

    /// Somebody who takes part.
    pub async fn entrant(&self, name: &str) -> Entrant {
        let member = self.person(name).await;
        join(&self.app, &member, SLUG).await.unwrap();
        enter(&self.app, &member, SLUG).await.unwrap()
    }

    pub async fn upload(&self, text: &str, key: Option<&str>) -> Upload {
        let mut writing = self.app.files.create("submissions", self.competition_id).await.unwrap();
        writing.write(text.as_bytes()).await.unwrap();
        Upload {
            file_name: "predictions.csv".to_owned(),
            arrived: writing.finish().await.unwrap().into(),
            description: String::new(),
            idempotency_key: key.map(str::to_owned),
        }
    }

    pub async fn send(&self, entrant: &Entrant, text: &str) -> Result<Receipt> {
        submit(&self.app, entrant, self.upload(text, None).await).await
    }

    /// Has teams ranked by several metrics from now on; the primary is better when lower.
    pub async fn rank_by(&self, parts: &serde_json::Value) {
        sql("insert into metrics (name, spec, engine_version, announced_at) values ('mean_rank', '{}', 'test', now())")
            .execute(&self.owner)
            .await
            .unwrap();
        sql("update scoring_versions set metric = 'mean_rank', ranked_parts = $2 where id = $1")
            .bind(self.version_id)
            .bind(parts)
            .execute(&self.owner)
            .await
            .unwrap();
    }

    /// Sends and has it scored.
    pub async fn scored(&self, entrant: &Entrant, public: f64, private: f64) -> SubmissionId {
        self.scored_by_parts(entrant, &[public], &[private]).await
    }

    /// As [`Stage::scored`], with the value of every metric that teams are ranked by.
    pub async fn scored_by_parts(&self, entrant: &Entrant, public: &[f64], private: &[f64]) -> SubmissionId {
        let receipt = self.send(entrant, &format!("{public:?} {private:?}")).await.unwrap();
        self.finish_by_parts(entrant.team_id, receipt.submission.id, public, private).await;
        receipt.submission.id
    }

    pub async fn finish(&self, team: TeamId, id: SubmissionId, public: f64, private: f64) {
        self.finish_by_parts(team, id, &[public], &[private]).await;
    }

    /// What a scorer's finishing transaction does.
    pub async fn finish_by_parts(&self, team: TeamId, id: SubmissionId, public: &[f64], private: &[f64]) {
        let mut tx = self.owner.begin().await.unwrap();
        self.write_outcome(&mut tx, team, id, public, private).await;
        tx.commit().await.unwrap();
    }

    async fn write_outcome(
        &self,
        tx: &mut sqlx::PgConnection,
        team: TeamId,
        id: SubmissionId,
        public: &[f64],
        private: &[f64],
    ) {
        sql("update submissions
             set state = 'scored', scored_at = clock_now() where id = $1")
        .bind(id.0)
        .execute(&mut *tx)
        .await
        .unwrap();
        sql("insert into scores
                (submission_id, version_id, team_id, received_at, is_late, public_score, rank_key, submission_sha256,
                 solution_sha256, engine_version, scored_at, part_scores)
             select id, $2, team_id, received_at, is_late, $3[1], $3[1], sha256, sha256('test'), 'test', scored_at,
                    case when cardinality($3) > 1 then $3 end
             from submissions where id = $1")
            .bind(id.0)
            .bind(self.version_id)
            .bind(public)
            .execute(&mut *tx)
            .await
            .unwrap();
        sql("insert into private_scores (submission_id, version_id, private_score, part_scores)
             values ($1, $2, $3[1], case when cardinality($3) > 1 then $3 end)")
        .bind(id.0)
        .bind(self.version_id)
        .bind(private)
        .execute(&mut *tx)
        .await
        .unwrap();
        self.end_job(&mut *tx, id).await;
        sql("select place_on_board($1, $2)")
            .bind(self.competition_id)
            .bind(team.0)
            .execute(&mut *tx)
            .await
            .unwrap();
        sql("update competitions set board_revision = board_revision + 1, n_entries = n_entries + 1 where id = $1")
            .bind(self.competition_id)
            .execute(&mut *tx)
            .await
            .unwrap();
    }

    /// As [`Stage::finish`], with the locks of a scorer, which asks for the team at the end.
    pub async fn finish_as_scorer(&self, id: SubmissionId, score: f64) {
        let mut tx = self.owner.begin().await.unwrap();
        let team = sql("select hold_team_of_submission($1)").bind(id.0).fetch_one(&mut *tx).await.unwrap();
        sql("select from scoring_versions order by id for share").execute(&mut *tx).await.unwrap();
        self.write_outcome(&mut tx, TeamId(team.get(0)), id, &[score], &[score]).await;
        tx.commit().await.unwrap();
    }

    pub async fn reject(&self, id: SubmissionId) {
        let mut tx = self.owner.begin().await.unwrap();
        sql("update submissions
             set state = 'rejected', selected_at = null, rejection = '{\"error\": \"no_rows\", \"message\": \"The file has no rows.\"}'
             where id = $1")
        .bind(id.0)
        .execute(&mut *tx)
        .await
        .unwrap();
        self.end_job(&mut tx, id).await;
        tx.commit().await.unwrap();
    }

    async fn end_job(&self, conn: &mut sqlx::PgConnection, id: SubmissionId) {
        sql("update jobs set state = 'done', finished_at = now() where submission_id = $1")
            .bind(id.0)
            .execute(conn)
            .await
            .unwrap();
    }

    /// Moves contest time for database and server.
    pub async fn let_pass(&self, length: TimeDelta) {
        let definition = format!(
            "create or replace function clock_now() returns timestamptz language sql stable
             as $$ select now() + interval '{} seconds' $$",
            length.num_seconds()
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(definition)).execute(&self.owner).await.unwrap();
        self.app.clock.synchronise(&mut self.app.db.acquire().await.unwrap()).await.unwrap();
    }

    /// Has a submission arrive at another time, to make ties.
    pub async fn arrives_at(&self, entrant: &Entrant, id: SubmissionId, at: DateTime<Utc>) {
        sql("update submissions set received_at = $2 where id = $1")
            .bind(id.0)
            .bind(at)
            .execute(&self.owner)
            .await
            .unwrap();
        sql("select place_on_board($1, $2)")
            .bind(self.competition_id)
            .bind(entrant.team_id.0)
            .execute(&self.owner)
            .await
            .unwrap();
    }

    pub async fn number(&self, statement: &'static str) -> i64 {
        sql(statement).fetch_one(&self.owner).await.unwrap().get(0)
    }

    pub fn stored_files(&self) -> usize {
        let folder =
            self.app.config.files.folder().unwrap().join(format!("submissions/{}", self.competition_id));
        std::fs::read_dir(folder).map(Iterator::count).unwrap_or(0)
    }
}
