//! A server of another release than the database's says so and does not serve.

use std::process::{Command, Stdio};

use sqlx::PgPool;

use super::{command, free_port};
use crate::world::{World, server_binary, sql};

fn refused(mut command: Command) -> String {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_server_of_another_release_is_refused_in_words(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let serve = || refused(command(&world, free_port(), &world.base));
    let newest = "select max(version) from _sqlx_migrations";
    let newest: i64 = sqlx::Row::get(&sql(newest).fetch_one(&world.pool).await.unwrap(), 0);
    sql("insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (99990101000000, 'of a release to come', true, '', 0)")
    .execute(&world.pool)
    .await
    .unwrap();
    let newer =
        "The database's schema is newer than this program. Use the program that made it, or a newer one.";
    assert!(serve().contains(newer));
    let mut migrate = Command::new(server_binary());
    migrate.arg("migrate").env("DATABASE_URL", world.app.config.database_url.reveal());
    let words = refused(migrate);
    assert!(words.contains(newer), "{words}");

    sql("delete from _sqlx_migrations where version >= $1").bind(newest).execute(&world.pool).await.unwrap();
    let words = serve();
    assert!(words.contains("The database's schema is not up to date. Run: holdout migrate"), "{words}");
    world.close().await;
}
