//! Every SQL statement about a database that a backup is to fill.

use sqlx::{AssertSqlSafe, PgConnection};

/// Makes a database without what the server gives every new one.
///
/// # Errors
/// Those of the database.
pub async fn make_empty(conn: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    let quoted = name.replace('"', "\"\"");
    let make = AssertSqlSafe(format!("create database \"{quoted}\" template template0")); // names cannot be bound
    sqlx::raw_sql(make).execute(conn).await?;
    Ok(())
}

/// Whether somebody made anything in it; what came with an extension does not count.
///
/// # Errors
/// Those of the database.
pub async fn is_used(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from pg_class as made
            join pg_namespace as place on place.oid = made.relnamespace
            where place.nspname <> 'information_schema' and place.nspname !~ '^pg_'
              and not exists (
                select from pg_depend
                where classid = 'pg_class'::regclass and objid = made.oid and deptype = 'e')) as "is_used!""#
    )
    .fetch_one(conn)
    .await
}

/// Whether this user may grant to all of these roles what they need, because it is a member of each.
///
/// # Errors
/// Those of the database.
pub async fn has_roles(conn: &mut PgConnection, roles: &[String]) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select count(*) = cardinality($1::text[]) as "has_roles!"
           from pg_roles
           where rolname = any($1) and pg_has_role(current_user, oid, 'member')"#,
        roles,
    )
    .fetch_one(conn)
    .await
}
