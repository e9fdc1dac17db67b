//! States that the rules forbid, tried in SQL as the web server's role and as the schema's owner: the schema
//! itself refuses each, also where two write at once.

use std::time::Duration;

use holdout::submissions::choose::choose_final;
use holdout::submissions::submit::Entrant;
use holdout::teams::merge;
use sqlx::{PgPool, Postgres, Row, Transaction};

use crate::stage::{SLUG, Stage};
use crate::world::sql;

/// A statement that would do it, and the constraint that refuses it.
type Attempt = (&'static str, &'static str, &'static str);

/// Where the web server's role has not even the right to try.
const NO_RIGHT: &str = "42501";

const ATTEMPTS: [Attempt; 25] = [
    (
        "a person in two teams",
        "insert into team_members select competition_id, (select id from teams where name = 'Ada'), user_id, false, joined_at, joined_at
         from team_members where user_id = (select id from users where username = 'bob')",
        "team_members_pkey",
    ),
    (
        "somebody new in a full team",
        "insert into team_members select m.competition_id, m.team_id, u.id, false, joined_at, joined_at
         from team_members m, users u where m.user_id = (select id from users where username = 'ada') and u.username = 'nobody'",
        "team_members_fit",
    ),
    (
        "somebody else's member in a full team",
        "update team_members set team_id = (select id from teams where name = 'Ada'), is_leader = false
         where user_id = (select id from users where username = 'idle')",
        "team_members_fit",
    ),
    (
        "a team without a leader",
        "update team_members set is_leader = false where team_id = (select id from teams where name = 'Ada')",
        "team_members_have_leader",
    ),
    (
        "somebody new who leads nobody and is led by nobody",
        "with made as (insert into teams (competition_id, name) select competition_id, 'None' from teams limit 1 returning *)
         insert into team_members select made.competition_id, made.id, u.id, false, now(), now() from made, users u where u.username = 'nobody'",
        "team_members_have_leader",
    ),
    (
        "a leader who is taken away from a team",
        "delete from team_members where is_leader and team_id = (select id from teams where name = 'Ada')",
        "team_members_have_leader",
    ),
    (
        "two leaders",
        "update team_members set is_leader = true where team_id = (select id from teams where name = 'Ada')",
        "team_members_one_leader",
    ),
    (
        "a member who leaves what the team has sent",
        "with made as (insert into teams (competition_id, name) select competition_id, 'New' from teams limit 1 returning id)
         update team_members set team_id = made.id, is_leader = true from made
         where user_id = (select id from users where username = 'mate')",
        "team_members_stay",
    ),
    (
        "a member of a team that is no more",
        "update team_members set team_id = (select id from teams where name = 'Gone'), is_leader = false
         where user_id = (select id from users where username = 'idle')",
        "team_members_of_live_team",
    ),
    (
        "an invitation by a team that is no more",
        "insert into team_invitations (competition_id, team_id, user_id, invited_by, invited_at)
         select t.competition_id, t.id, u.id, u.id, now() from teams t, users u where t.name = 'Gone' and u.username = 'cy'",
        "team_invitations_competition_id_team_id_of_live_team_fkey",
    ),
    (
        "a file of somebody who is not in the team",
        "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
         select t.competition_id, t.id, u.id, clock_now(), false, 'f', 'k1', 1, sha256('') from teams t, users u
         where t.name = 'Ada' and u.username = 'cy'",
        "submissions_by_members",
    ),
    (
        "a file that comes after the end and counts",
        "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
         select m.competition_id, m.team_id, m.user_id, (select ends_at from competitions), false, 'f', 'k2', 1, sha256('')
         from team_members m join users u on u.id = m.user_id where u.username = 'cy'",
        "submissions_late_after_end",
    ),
    (
        "one file too many on a day",
        "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
         select m.competition_id, m.team_id, m.user_id, clock_now(), false, 'f', 'k3-' || i, 1, sha256('')
         from team_members m join users u on u.id = m.user_id, generate_series(1, 6) i where u.username = 'cy'",
        "submissions_fit_day",
    ),
    (
        "one file too many in all",
        "with bound as (update competitions set total_limit = 3 returning id)
         insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
         select bound.id, m.team_id, m.user_id, clock_now(), false, 'f', 'k3-' || i, 1, sha256('')
         from bound, team_members m join users u on u.id = m.user_id, generate_series(1, 4) i where u.username = 'cy'",
        "submissions_fit_total",
    ),
    (
        "a board that shows more than was promised",
        "update competitions set board_shows = 'names_hidden'",
        "competitions_board_veil_stays",
    ),
    (
        "a veil that stays no longer",
        "update competitions set board_stays_veiled = false",
        "competitions_board_veil_stays",
    ),
    (
        "a board that shows what nobody knows",
        "update competitions set board_shows = 'half'",
        "competitions_board_shows",
    ),
    (
        "medals that tell whose rank is whose",
        "update competitions set counts_for_medals = true",
        "competitions_veiled_no_medals",
    ),
    (
        "a third choice of two",
        "update submissions set selected_at = clock_now()
         where selected_at is null and team_id = (select id from teams where name = 'Ada')",
        "submissions_choices_fit",
    ),
    (
        "a third choice that comes with its file",
        "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256, selected_at)
         select m.competition_id, m.team_id, m.user_id, clock_now(), false, 'f', 'k4', 1, sha256(''), clock_now()
         from team_members m join users u on u.id = m.user_id where u.username = 'ada'",
        "submissions_choices_fit",
    ),
    (
        "a choice of what is late",
        "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256, selected_at)
         select m.competition_id, m.team_id, m.user_id, clock_now(), true, 'f', 'k5', 1, sha256(''), clock_now()
         from team_members m join users u on u.id = m.user_id where u.username = 'cy'",
        "submissions_selected_counts",
    ),
    (
        "a merge with a team that is disqualified",
        "select merge_teams((select id from teams where name = 'Cy'), (select id from teams where name = 'Barred'), clock_now())",
        "teams_merge_unbarred",
    ),
    (
        "a merge that makes a team too large",
        "select merge_teams((select id from teams where name = 'Ada'), (select id from teams where name = 'Cy'), clock_now())",
        "team_members_fit",
    ),
    (
        "a merge of two that sent more than one could have",
        "select merge_teams((select id from teams where name = 'Cy'), (select id from teams where name = 'Busy'), clock_now())",
        "teams_merge_within_days",
    ),
    (
        "a second merge of a team that is no more",
        "update teams set merged_into = (select id from teams where name = 'Cy') where name = 'Gone'",
        "teams_merge_once",
    ),
];

/// What holds after the deadline and after the end.
const LATER: [Attempt; 3] = [
    (
        "a merge after the deadline",
        "select merge_teams((select id from teams where name = 'Cy'), (select id from teams where name = 'Idle'), clock_now())",
        "teams_merge_in_time",
    ),
    (
        "a choice after the end",
        "update submissions set selected_at = clock_now() where team_id = (select id from teams where name = 'Bob')",
        "submissions_choices_stand",
    ),
    (
        "a choice that is taken back after the end",
        "update submissions set selected_at = null where selected_at is not null",
        "submissions_choices_stand",
    ),
];

/// Writes, and has everything asked that would be asked at the end of the transaction.
async fn write(tx: &mut Transaction<'_, Postgres>, statement: &'static str) -> Result<(), sqlx::Error> {
    sql(statement).execute(&mut **tx).await?;
    sql("set constraints all immediate").execute(&mut **tx).await.map(|_| ())
}

fn refusal(outcome: Result<(), sqlx::Error>) -> String {
    let error = outcome.expect_err("it is refused");
    let error = error.as_database_error().unwrap_or_else(|| panic!("{error}"));
    error.constraint().or(error.code().as_deref()).unwrap().to_owned()
}

async fn all_are_refused(stage: &Stage, attempts: &[Attempt]) {
    for (what, statement, constraint) in attempts {
        let mut tx = stage.owner.begin().await.unwrap();
        assert_eq!(refusal(write(&mut tx, statement).await), *constraint, "{what}, as the owner");
        tx.rollback().await.unwrap();
        let mut tx = stage.app.db.begin().await.unwrap();
        let found = refusal(write(&mut tx, statement).await);
        assert!([*constraint, NO_RIGHT].contains(&found.as_str()), "{what}, as the web server: {found}");
        tx.rollback().await.unwrap();
    }
}

/// Ada and her mate have sent three files and chosen two; Bob has sent one, and so have others.
async fn crowded(pool: PgPool) -> (Stage, Entrant) {
    let stage = Stage::open(pool).await;
    stage.at_noon().await;
    let mut people = Vec::new();
    for name in ["ada", "mate", "bob", "cy", "barred", "busy", "gone", "idle"] {
        people.push(stage.entrant(name).await);
    }
    stage.person("nobody").await;
    let [ada, mate, bob, cy, barred, busy, gone, _idle] = people.try_into().unwrap();
    let id = stage.invited(&ada, &mate).await;
    stage.accept(&mate, id).await.unwrap();
    let id = stage.asked(&bob, &gone).await;
    merge::accept_request(&stage.app, &gone.member, SLUG, id).await.unwrap();
    sql("update competitions set team_limit = 2").execute(&stage.owner).await.unwrap();
    sql("update competitions set board_shows = 'own_row', board_stays_veiled = true, counts_for_medals = false")
        .execute(&stage.owner)
        .await
        .unwrap();
    for at in 0..3 {
        let id = stage.scored(&ada, 0.5, 0.5).await;
        if at < 2 {
            choose_final(&stage.app, &ada, id).await.unwrap();
        }
    }
    stage.scored(&bob, 0.4, 0.4).await;
    stage.scored(&barred, 0.4, 0.4).await;
    stage.scored(&cy, 0.4, 0.4).await;
    for _ in 0..5 {
        stage.scored(&busy, 0.3, 0.3).await;
    }
    for statement in [
        "insert into disqualifications (competition_id, team_id, reason, decided_at)
         select competition_id, id, 'Because.', clock_now() from teams where name = 'Barred'",
        "update competitions set starts_at = clock_now() - interval '1 hour'",
    ] {
        sql(statement).execute(&stage.owner).await.unwrap();
    }
    (stage, cy)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_web_servers_role_moves_no_end_in_and_takes_no_launch_back(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    stage.scored(&ada, 0.5, 0.25).await;
    for attempt in [
        "update competitions set ends_at = clock_now() - interval '1 second', merger_deadline_at = starts_at, entry_deadline_at = starts_at",
        "update competitions set ends_at = ends_at - interval '1 microsecond', merger_deadline_at = starts_at, entry_deadline_at = starts_at",
        "update competitions set launched_at = null, starts_at = null, ends_at = null, merger_deadline_at = null, entry_deadline_at = null",
        "update competitions set launched_at = launched_at - interval '1 day'",
    ] {
        let mut tx = stage.app.db.begin().await.unwrap();
        assert_eq!(refusal(write(&mut tx, attempt).await), "competitions_end_stands", "{attempt}");
    }
    let out =
        sql("update competitions set ends_at = ends_at + interval '1 day'").execute(&stage.app.db).await;
    assert_eq!(out.unwrap().rows_affected(), 1, "it moves out");
    let released = sql(
        "select count(*) from competitions c, released_private_scores(c.id, array(select id from submissions))",
    );
    assert_eq!(released.fetch_one(&stage.app.db).await.unwrap().get::<i64, _>(0), 0);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_schema_refuses_what_the_rules_forbid(pool: PgPool) {
    let (stage, _) = crowded(pool).await;
    all_are_refused(&stage, &ATTEMPTS).await;
    // Nobody is in no team: the web server's role takes nobody out of one.
    let taken = sql("delete from team_members").execute(&stage.app.db).await;
    assert_eq!(refusal(taken.map(|_| ())), NO_RIGHT);
    sql("update competitions set merger_deadline_at = clock_now(), entry_deadline_at = clock_now(), ends_at = clock_now()")
        .execute(&stage.owner)
        .await
        .unwrap();
    all_are_refused(&stage, &LATER).await;
    stage.rules_hold().await;
}

/// Two statements of which each alone is allowed, and the constraint that refuses the second.
const PAIRS: [(&str, [&str; 2], &str); 5] = [
    (
        "a last choice, twice",
        [
            "update submissions set selected_at = clock_now()
             where id = (select max(s.id) from submissions s join users u on u.id = s.user_id where u.username = 'cy')",
            "update submissions set selected_at = clock_now()
             where id = (select min(s.id) from submissions s join users u on u.id = s.user_id where u.username = 'cy')",
        ],
        "submissions_choices_fit",
    ),
    (
        "a last seat, twice",
        [
            "insert into team_members select m.competition_id, m.team_id, u.id, false, joined_at, joined_at
             from team_members m, users u where m.user_id = (select id from users where username = 'cy') and u.username = 'nobody'",
            "insert into team_members select m.competition_id, m.team_id, u.id, false, joined_at, joined_at
             from team_members m, users u where m.user_id = (select id from users where username = 'cy') and u.username = 'another'",
        ],
        "team_members_fit",
    ),
    (
        "a file, and a member who leaves",
        [
            "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
             select competition_id, team_id, user_id, clock_now(), false, 'f', 'p1', 1, sha256('')
             from team_members where user_id = (select id from users where username = 'calm')",
            "with made as (insert into teams (competition_id, name) select competition_id, 'New' from teams limit 1 returning id)
             update team_members set team_id = made.id, is_leader = true from made
             where user_id = (select id from users where username = 'calmmate')",
        ],
        "team_members_stay",
    ),
    (
        "a member who leaves, and a file of theirs",
        [
            "with made as (insert into teams (competition_id, name) select competition_id, 'New' from teams limit 1 returning id)
             update team_members set team_id = made.id, is_leader = true from made
             where user_id = (select id from users where username = 'quietmate')",
            "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
             select t.competition_id, t.id, u.id, clock_now(), false, 'f', 'p2', 1, sha256('') from teams t, users u
             where t.name = 'Quiet' and u.username = 'quietmate'",
        ],
        "submissions_by_members",
    ),
    (
        "a last file of the day, twice",
        [
            "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
             select competition_id, team_id, user_id, clock_now(), false, 'f', 'p3', 1, sha256('')
             from team_members where user_id = (select id from users where username = 'busy')",
            "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
             select competition_id, team_id, user_id, clock_now(), false, 'f', 'p4', 1, sha256('')
             from team_members where user_id = (select id from users where username = 'busy')",
        ],
        "submissions_fit_day",
    ),
];

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn of_two_that_write_at_once_the_second_sees_the_first(pool: PgPool) {
    let (stage, cy) = crowded(pool).await;
    for (leader, mate) in [("quiet", "quietmate"), ("calm", "calmmate")] {
        let (leader, mate) = (stage.entrant(leader).await, stage.entrant(mate).await);
        let id = stage.invited(&leader, &mate).await;
        stage.accept(&mate, id).await.unwrap();
    }
    let chosen = stage.scored(&cy, 0.5, 0.5).await;
    stage.scored(&cy, 0.5, 0.5).await;
    choose_final(&stage.app, &cy, chosen).await.unwrap();
    stage.person("another").await;
    sql("update competitions set daily_limit = 6").execute(&stage.owner).await.unwrap();
    for (what, [first, second], constraint) in PAIRS {
        let mut one = stage.app.db.begin().await.unwrap();
        write(&mut one, first).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let db = stage.app.db.clone();
        let other = tokio::spawn(async move {
            let mut two = db.begin().await.unwrap();
            write(&mut two, second).await
        });
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        while stage.number(waiting).await == 0 {
            assert!(!other.is_finished(), "{what}: the second does not wait");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        one.commit().await.unwrap();
        assert_eq!(refusal(other.await.unwrap()), constraint, "{what}");
    }
}
