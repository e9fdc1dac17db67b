//! What others see of somebody, changed by themselves: the name and the words about them.

use crate::accounts::forms::FormErrors;
use crate::accounts::model::{self, Member};
use crate::accounts::store::users::{self, Words};
use crate::app::App;
use crate::error::Result;

/// What is left out stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    pub display_name: Option<&'a str>,
    pub bio: Option<&'a str>,
}

/// Changes what a member's profile says, if the condition holds of what it says now; inside, everything that is wrong
/// with the wish.
///
/// # Errors
/// That of the condition.
pub async fn edit(
    app: &App,
    member: &Member,
    wish: Wish<'_>,
    condition: impl FnOnce(&Words) -> Result<()>,
) -> Result<std::result::Result<(), FormErrors>> {
    let mut tx = app.db.begin().await?;
    let before = users::lock_profile(&mut tx, member.id).await?;
    let mut errors = FormErrors::default();
    let name = model::display_name(wish.display_name.unwrap_or(&before.display_name));
    let name = errors.check("display_name", name);
    let bio = errors.check("bio", model::bio(wish.bio.unwrap_or(&before.bio)));
    let (Some(display_name), Some(bio)) = (name, bio) else { return Ok(Err(errors)) };
    condition(&before)?;
    users::set_profile(&mut tx, member.id, &display_name, &bio).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// The condition of whoever writes whatever stands there.
///
/// # Errors
/// Never.
pub fn whatever_stands(_: &Words) -> Result<()> {
    Ok(())
}
