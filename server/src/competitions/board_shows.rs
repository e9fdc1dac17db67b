//! What a competition's board shows while it is open, as its host chose: whose names and scores stand there for whom, and
//! in words what that means. [`crate::leaderboard::sight`] keeps to it.

use serde::{Deserialize, Serialize};

use crate::competitions::model::Competition;
use crate::competitions::settings::Limits;
use crate::error::{AppError, Result};

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum BoardShows {
    /// Every team's name, members and score.
    #[default]
    Everybody,
    /// Every row, other teams under pseudonyms.
    NamesHidden,
    /// To each team its own row and nothing of others.
    OwnRow,
}

impl BoardShows {
    /// What shows less comes later.
    pub const ALL: [Self; 3] = [Self::Everybody, Self::NamesHidden, Self::OwnRow];

    pub fn name(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::NamesHidden => "names_hidden",
            Self::OwnRow => "own_row",
        }
    }

    /// In a list to choose from.
    pub fn words(self) -> &'static str {
        match self {
            Self::Everybody => "All teams with their names and scores",
            Self::NamesHidden => "All scores, other teams under pseudonyms",
            Self::OwnRow => "Only each team's own row",
        }
    }

    /// # Errors
    /// [`AppError::Field`] for any other word.
    pub fn read(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == name.trim())
            .ok_or_else(|| AppError::field("board_shows", "Choose everybody, names_hidden or own_row."))
    }
}

/// What pseudonyms are made from. It is shown nowhere.
#[derive(Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct VeilSecret(Vec<u8>);

impl VeilSecret {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for VeilSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What everybody reads about the board of a competition, in a sentence or two.
pub fn sentence(competition: &Competition) -> &'static str {
    match (competition.board_shows, competition.board_stays_veiled) {
        (BoardShows::Everybody, _) => "The board shows every team with its name and score.",
        (BoardShows::NamesHidden, false) => {
            "While the competition is open, the board hides names: other teams appear under pseudonyms, and each \
            team sees only its own name. The final board shows all names."
        }
        (BoardShows::NamesHidden, true) => {
            "The board hides names, even after the end: other teams appear under pseudonyms, and each team sees \
            only its own name."
        }
        (BoardShows::OwnRow, false) => {
            "While the competition is open, each team sees only its own row: its score, its rank and the number of \
            teams. The final board shows all teams with their names."
        }
        (BoardShows::OwnRow, true) => {
            "Each team sees only its own row, even after the end: its score, its rank and the number of teams."
        }
    }
}

/// The same among the rules in numbers.
pub fn short(competition: &Competition) -> &'static str {
    match (competition.board_shows, competition.board_stays_veiled) {
        (BoardShows::Everybody, _) => "all names and scores",
        (BoardShows::NamesHidden, false) => "names hidden until the end",
        (BoardShows::NamesHidden, true) => "names hidden, even after the end",
        (BoardShows::OwnRow, false) => "only your own row until the end",
        (BoardShows::OwnRow, true) => "only your own row, even after the end",
    }
}

/// What somebody reads who wants the veil to stay of a board that has none.
pub const NOTHING_HIDDEN: &str =
    "Everyone can see this board while it is open, so there is nothing to keep hidden after the end.";

/// A board whose veil stays says nothing of it by medals.
const NO_MEDALS: &str = "This competition counts for medals, which reveal ranks: its board cannot stay hidden after \
the end unless an administrator decides that it does not count.";

/// Whether limits say of the board what they may.
///
/// Before the launch a host chooses freely. From then on a board can be made to show less, never more: participants entered,
/// and sent files that they might not have sent otherwise, because the rules told them who would see their scores; no reason
/// that a host could give undoes what was read once. To show less breaks no such promise. Once the final board stands,
/// nothing changes: what was public would not be forgotten, and medals and certificates rest on it.
///
/// # Errors
/// [`AppError::Field`] for what may not be.
pub fn allows(before: &Competition, after: &Limits) -> Result<()> {
    let is_same =
        (before.board_shows, before.board_stays_veiled) == (after.board_shows, after.board_stays_veiled);
    if before.launched_at.is_none() || is_same {
        return Ok(());
    }
    if before.settled_at.is_some() {
        let words = "The final board is out: what it shows can no longer be changed.";
        return Err(AppError::field("board_shows", words));
    }
    if after.board_shows < before.board_shows {
        let words = "After the launch a board can show less, but not more: participants submitted files because the \
        rules said who would see their scores.";
        return Err(AppError::field("board_shows", words));
    }
    if before.board_stays_veiled && !after.board_stays_veiled {
        let words = "Participants were told that the board does not change after the end.";
        return Err(AppError::field("board_stays_veiled", words));
    }
    if after.board_stays_veiled && before.counts_for_medals {
        return Err(AppError::field("board_stays_veiled", NO_MEDALS));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn limits(board_shows: BoardShows, board_stays_veiled: bool) -> Limits {
        Limits { board_shows, board_stays_veiled, ..Limits::default() }
    }

    #[test]
    fn since_the_launch_a_board_shows_less_and_never_more() {
        use BoardShows::{Everybody, NamesHidden, OwnRow};
        let all =
            [(Everybody, false), (NamesHidden, false), (NamesHidden, true), (OwnRow, false), (OwnRow, true)];
        for (before_shows, before_stays) in all {
            let before = Competition {
                board_shows: before_shows,
                board_stays_veiled: before_stays,
                counts_for_medals: false,
                ..Competition::sample()
            };
            let draft = Competition { launched_at: None, ..before.clone() };
            let settled = Competition { settled_at: Some(DateTime::UNIX_EPOCH), ..before.clone() };
            for (shows, stays) in all {
                let after = limits(shows, stays);
                assert!(allows(&draft, &after).is_ok());
                let hides_no_less = shows >= before_shows && (stays || !before_stays);
                assert_eq!(allows(&before, &after).is_ok(), hides_no_less, "{before:?} {after:?}");
                let is_same = (shows, stays) == (before_shows, before_stays);
                assert_eq!(allows(&settled, &after).is_ok(), is_same, "{settled:?} {after:?}");
            }
        }
    }

    #[test]
    fn nothing_stays_hidden_that_is_not_or_that_medals_would_tell() {
        let counting = Competition { counts_for_medals: true, ..Competition::sample() };
        assert!(allows(&counting, &limits(BoardShows::NamesHidden, false)).is_ok());
        assert!(allows(&counting, &limits(BoardShows::NamesHidden, true)).is_err());
        let draft = Competition { launched_at: None, ..counting };
        assert!(allows(&draft, &limits(BoardShows::NamesHidden, true)).is_ok());
        assert!(limits(BoardShows::Everybody, true).checked().is_err());
        assert!(limits(BoardShows::OwnRow, true).checked().is_ok());
    }

    #[test]
    fn a_secret_is_not_written_into_logs() {
        assert_eq!(format!("{:?}", VeilSecret::new(vec![7; 32])), "***");
        assert_eq!(
            BoardShows::ALL.map(|known| BoardShows::read(known.name()).ok()),
            BoardShows::ALL.map(Some)
        );
        assert!(BoardShows::read("hidden").is_err());
    }
}
