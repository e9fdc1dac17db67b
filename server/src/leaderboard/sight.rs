//! What somebody sees of a board: the one place that decides it, for pages, JSON, CSV, Kaggle's client and archives alike.
//!
//! Whatever hands out rows of a board, or names beside ranks and scores, asks for a [`BoardSight`], so that whoever forgets
//! the veil has nothing to read with. It is made from what a viewer is in a competition and from nothing else. What many
//! viewers share is kept under their [`Audience`]; an own row has none, and is kept for nobody else.
//!
//! A veiled row keeps rank, scores, ranges, entries and times. It loses name, members, write-up, the team's id, which other
//! lists have, and the submission's, which tells when a team entered. Its time is of the minute: an exact one stands in the
//! public log as well. Statements that put a rank or a score beside a name outside of this room ask `is_board_open()`, which
//! is [`BoardSight`] for whoever is nobody in particular.

use chrono::{DateTime, SubsecRound, Timelike, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::competitions::access::{Seen, Standing};
use crate::competitions::board_shows::{BoardShows, VeilSecret};
use crate::competitions::model::Competition;
use crate::ids::TeamId;
use crate::leaderboard::model::{Key, Row};

/// How much of a board somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Extent {
    /// As it is.
    Names,
    /// Other teams under pseudonyms.
    Pseudonyms(Option<VeilSecret>),
    /// Nothing of others.
    OwnRow,
}

/// Viewers who see the same rows, which can be made once for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    Names,
    Pseudonyms,
}

impl Audience {
    pub fn name(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Pseudonyms => "pseudonyms",
        }
    }
}

/// Shows that somebody sees all names of a board; only [`BoardSight::names`] makes one.
#[derive(Debug, Clone, Copy)]
pub struct Names(());

/// What one viewer sees of one competition's boards.
#[derive(Debug, Clone)]
pub struct BoardSight {
    extent: Extent,
    own: Option<TeamId>,
    /// Whether others see less.
    is_of_few: bool,
}

impl BoardSight {
    /// Hosts and administrators see every board as it is.
    pub fn of(seen: &Seen) -> Self {
        Self::standing(&seen.competition, seen.standing)
    }

    fn standing(competition: &Competition, standing: Standing) -> Self {
        let is_veiled = hides_now(competition);
        let extent = match competition.board_shows {
            _ if !is_veiled || standing.is_host => Extent::Names,
            BoardShows::Everybody => Extent::Names,
            BoardShows::NamesHidden => Extent::Pseudonyms(competition.veil_secret.clone()),
            BoardShows::OwnRow => Extent::OwnRow,
        };
        Self { own: standing.team_id, is_of_few: is_veiled && standing.is_host, extent }
    }

    /// Of a person's list of their own ranks, on whatever board: this team's row and nothing else.
    pub fn of_own_row(team: TeamId) -> Self {
        Self { extent: Extent::OwnRow, own: Some(team), is_of_few: false }
    }

    /// What a viewer who is nothing in the competition sees.
    pub fn of_visitors(competition: &Competition) -> Self {
        Self::standing(competition, Standing::of_nobody())
    }

    /// Stable name for JSON.
    pub fn name(&self) -> &'static str {
        self.audience().map_or("own_row", Audience::name)
    }

    /// Whose row is the viewer's own.
    pub fn own(&self) -> Option<TeamId> {
        self.own
    }

    /// `None` where names are hidden: then nothing can be looked up by a name or by a team's id.
    pub fn names(&self) -> Option<Names> {
        (self.extent == Extent::Names).then_some(Names(()))
    }

    /// Whether rows and scores of others are seen, under whatever names.
    pub fn shows_others(&self) -> bool {
        self.extent != Extent::OwnRow
    }

    /// Whether the viewer sees names that others do not.
    pub fn is_of_few(&self) -> bool {
        self.is_of_few
    }

    /// `None` where rows are of one viewer alone.
    pub fn audience(&self) -> Option<Audience> {
        match self.extent {
            Extent::Names => Some(Audience::Names),
            Extent::Pseudonyms(_) => Some(Audience::Pseudonyms),
            Extent::OwnRow => None,
        }
    }

    /// Told from every other sight of the same board: what a browser keeps of one is not another's. Empty where everybody sees
    /// everything.
    pub fn tag(&self) -> String {
        let own = self.own.map_or(0, |team| team.0);
        match (&self.extent, self.is_of_few) {
            (Extent::Names, false) => String::new(),
            (Extent::Names, true) => "-names".to_owned(),
            (Extent::Pseudonyms(_), _) => format!("-pseudonyms-{own}"),
            (Extent::OwnRow, _) => format!("-own-{own}"),
        }
    }

    /// Rows as the viewer sees them. Of others they are what everybody of the same audience sees; the own one, too, is under its
    /// pseudonym here.
    pub(super) fn veil(&self, rows: Vec<Row>) -> Vec<Row> {
        match &self.extent {
            Extent::Names => rows,
            Extent::Pseudonyms(secret) => {
                rows.into_iter().map(|row| if row.is_baseline { row } else { veiled(row, secret) }).collect()
            }
            Extent::OwnRow => rows.into_iter().filter(|row| self.is_own(row.team_id)).map(alone).collect(),
        }
    }

    /// The viewer's own row: with its real name, and the pseudonym under which others see it.
    pub(super) fn own_row(&self, row: Row) -> Row {
        match &self.extent {
            Extent::Names => row,
            Extent::Pseudonyms(secret) => {
                let pseudonym = row.team_id.map(|team| pseudonym(secret.as_ref(), team));
                Row { pseudonym, ..row }
            }
            Extent::OwnRow => alone(row),
        }
    }

    fn is_own(&self, team: Option<TeamId>) -> bool {
        team.is_some() && team == self.own
    }

    /// How a team is called in a list beside the board that all of its audience see, and its id where that may be known; `None`
    /// where the team is not seen at all.
    pub fn team(&self, team: TeamId, name: String) -> Option<SeenTeam> {
        let is_own = self.is_own(Some(team));
        match &self.extent {
            Extent::Pseudonyms(secret) if !is_own => {
                Some(SeenTeam { id: None, name: pseudonym(secret.as_ref(), team), is_own })
            }
            Extent::OwnRow if !is_own => None,
            _ => Some(SeenTeam { id: Some(team), name, is_own }),
        }
    }
}

/// A team in a list beside the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTeam {
    /// `None` under a pseudonym.
    pub id: Option<TeamId>,
    pub name: String,
    pub is_own: bool,
}

impl SeenTeam {
    pub fn sample(id: i64, name: &str) -> Self {
        Self { id: Some(TeamId(id)), name: name.to_owned(), is_own: false }
    }
}

/// Whether visitors see less than the whole board.
fn hides_now(competition: &Competition) -> bool {
    let is_over = competition.settled_at.is_some() && !competition.board_stays_veiled;
    competition.is_veiled() && !is_over
}

fn veiled(row: Row, secret: &Option<VeilSecret>) -> Row {
    let team = row.team_id.map_or_else(|| "A team".to_owned(), |team| pseudonym(secret.as_ref(), team));
    Row {
        team,
        team_id: None,
        people: Vec::new(),
        write_up: None,
        last_entry_at: to_the_minute(row.last_entry_at),
        // By its rank alone it is found as well; a submission's number tells when it came.
        key: Key { submission_id: 0, ..row.key },
        ..row
    }
}

/// Without what it says of others: a range tells how near they are.
fn alone(row: Row) -> Row {
    Row { range: None, no_range: None, ..row }
}

fn to_the_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0).with_second(0).unwrap_or(at)
}

/// Without vowels and what looks alike: nobody is called anything by chance.
const LETTERS: &[u8; 28] = b"23456789BCDFGHJKLMNPQRSTVWXZ";

/// `Team B7QX-42KM`: the same as long as the competition lasts, and nothing about the team for whoever lacks the secret. Of ten
/// thousand teams, two are called the same once in 7,000 competitions, which tells nothing either.
fn pseudonym(secret: Option<&VeilSecret>, team: TeamId) -> String {
    // Without one, which the schema does not allow, a name is no better than none.
    let Some(secret) = secret else { return "A team".to_owned() };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.bytes()) else { return "A team".to_owned() };
    let digest = mac.chain_update(b"pseudonym").chain_update(team.0.to_be_bytes()).finalize().into_bytes();
    let mut number = digest.iter().take(15).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let mut name = "Team ".to_owned();
    for at in 0..8 {
        if at == 4 {
            name.push('-');
        }
        name.push(char::from(LETTERS[(number % 28) as usize]));
        number /= 28;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn competition(board_shows: BoardShows) -> Competition {
        let veil_secret = (board_shows != BoardShows::Everybody).then(|| VeilSecret::new(vec![7; 32]));
        Competition { board_shows, veil_secret, ..Competition::sample() }
    }

    fn sight(competition: &Competition, standing: Standing) -> BoardSight {
        BoardSight::standing(competition, standing)
    }

    fn participant(team: i64) -> Standing {
        Standing { team_id: Some(TeamId(team)), ..Standing::of_nobody() }
    }

    fn host() -> Standing {
        Standing { is_host: true, is_among_hosts: true, ..Standing::of_nobody() }
    }

    #[test]
    fn names_are_seen_by_hosts_and_after_the_end_by_all_unless_the_veil_stays() {
        for shows in [BoardShows::NamesHidden, BoardShows::OwnRow] {
            let open = competition(shows);
            let over = Competition { settled_at: Some(DateTime::UNIX_EPOCH), ..open.clone() };
            let stays = Competition { board_stays_veiled: true, ..over.clone() };
            for someone in [Standing::of_nobody(), participant(1)] {
                assert!(sight(&open, someone).names().is_none() && sight(&stays, someone).names().is_none());
                assert!(sight(&over, someone).names().is_some());
            }
            assert!(sight(&open, host()).names().is_some() && sight(&open, host()).is_of_few());
            assert!(!sight(&over, host()).is_of_few());
        }
        let open = competition(BoardShows::Everybody);
        let everybody = sight(&open, Standing::of_nobody());
        assert!(everybody.names().is_some() && everybody.tag().is_empty() && !everybody.is_of_few());
    }

    #[test]
    fn a_veiled_row_keeps_its_numbers_and_nothing_that_names_it() {
        let at = "2026-11-03T14:15:16.171819Z".parse().expect("a time");
        let key = Key { submission_id: 81, rank: 1 };
        let row = Row { key, last_entry_at: at, ..Row::sample() };
        let rows = vec![row.clone(), Row::sample_baseline()];
        let open = competition(BoardShows::NamesHidden);
        let shown = sight(&open, participant(1)).veil(rows.clone());
        let [of_team, of_host] = shown.as_slice() else { panic!("{shown:?}") };
        assert_eq!(*of_host, rows[1], "hosts are no secret");
        assert_eq!((of_team.rank, of_team.score, of_team.range), (row.rank, row.score, row.range));
        assert_eq!((of_team.team_id, of_team.write_up, of_team.key.submission_id), (None, None, 0));
        assert!(of_team.people.is_empty() && of_team.team.starts_with("Team "), "{of_team:?}");
        assert_eq!(of_team.last_entry_at.to_rfc3339(), "2026-11-03T14:15:00+00:00");
        let own = sight(&open, participant(1)).own_row(row.clone());
        assert_eq!((own.team, own.pseudonym.as_ref()), (row.team, Some(&of_team.team)));
    }

    #[test]
    fn whoever_sees_one_row_sees_no_other_and_no_range() {
        let open = competition(BoardShows::OwnRow);
        let rows =
            vec![Row::sample(), Row { team_id: Some(TeamId(2)), ..Row::sample() }, Row::sample_baseline()];
        assert!(sight(&open, Standing::of_nobody()).veil(rows.clone()).is_empty());
        let own = sight(&open, participant(2)).veil(rows.clone());
        assert!(own.len() == 1 && own[0].team_id == Some(TeamId(2)) && own[0].range.is_none(), "{own:?}");
        assert_eq!(sight(&open, host()).veil(rows.clone()), rows);
        assert!(sight(&open, participant(2)).audience().is_none(), "kept for nobody else");
        assert_eq!(sight(&open, participant(2)).team(TeamId(3), "Cleo".to_owned()), None);
    }

    #[test]
    fn pseudonyms_stay_and_follow_nothing_but_the_secret() {
        let secret = VeilSecret::new(vec![7; 32]);
        let name = |team| pseudonym(Some(&secret), TeamId(team));
        assert_eq!(name(1), name(1));
        let mut names: Vec<_> = (1..=2000).map(name).collect();
        assert!(names.iter().all(|name| name.len() == "Team B7QX-42KM".len()), "{names:?}");
        let in_order_of_joining = names.clone();
        names.sort();
        names.dedup();
        assert!(names.len() == 2000 && names != in_order_of_joining);
        assert_ne!(pseudonym(Some(&VeilSecret::new(vec![8; 32])), TeamId(1)), name(1));
    }

    #[test]
    fn what_one_browser_keeps_is_told_from_what_another_does() {
        let tags: Vec<_> = [BoardShows::NamesHidden, BoardShows::OwnRow]
            .map(competition)
            .iter()
            .flat_map(|open| {
                [host(), Standing::of_nobody(), participant(1), participant(2)]
                    .map(|who| sight(open, who).tag())
            })
            .collect();
        for own in [&tags[..4], &tags[4..]] {
            let mut told: Vec<_> = own.to_vec();
            told.sort();
            told.dedup();
            assert_eq!(told.len(), 4, "{own:?}");
        }
    }
}
