//! The whole site, added up once an hour from what is counted of people, some at a time.

use super::model::Kept;
use super::store;
use crate::app::App;
use crate::error::Result;
use crate::ids::UserId;

const AT_A_TIME: i64 = 5000;

/// # Errors
/// Those of the database.
pub async fn add_up(app: &App) -> Result<()> {
    let mut total = Kept::default();
    let mut after = UserId(0);
    loop {
        let mut conn = app.db.acquire().await?;
        let Some((last, some)) = store::add_some(&mut conn, after, AT_A_TIME).await? else {
            store::put_total(&mut conn, &total, app.clock.now()).await?;
            return Ok(());
        };
        total.data_bytes += some.data_bytes;
        total.submission_bytes += some.submission_bytes;
        total.notebook_bytes += some.notebook_bytes;
        total.other_bytes += some.other_bytes;
        after = last;
    }
}
