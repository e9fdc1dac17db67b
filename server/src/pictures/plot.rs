//! The two drawings as shapes: a row for every team, a column for every rank or every other team.
//!
//! Never here: markup. The templates draw it as SVG with a table beside it.

use super::model::Pictures;
use crate::leaderboard::sight::SeenTeam;

/// Of the names on the left and the numbers on top.
const LEFT: f64 = 168.0;
const TOP: f64 = 30.0;
const CELL: f64 = 22.0;
/// Of a blob that fills its cell: a rank that is taken every time.
const LARGEST: f64 = 10.0;
/// Letters of a name that have room on the left.
const LETTERS: usize = 20;

/// A name or a number at the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub x: String,
    pub y: String,
    pub text: String,
    /// The whole of it.
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    pub x: String,
    pub y: String,
    pub radius: String,
    pub title: String,
}

/// The corner of a square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Square {
    pub x: String,
    pub y: String,
    /// `lead`, `chance` or `same`.
    pub class: &'static str,
    pub title: String,
}

/// What both drawings have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    pub width: String,
    pub height: String,
    pub right: String,
    pub bottom: String,
    /// Where lines between rows lie.
    pub lines: Vec<String>,
    pub rows: Vec<Label>,
    pub columns: Vec<Label>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blobs {
    pub ground: Ground,
    pub blobs: Vec<Blob>,
    /// Around the rank that each team has.
    pub own: Vec<Square>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    pub ground: Ground,
    pub squares: Vec<Square>,
}

/// The middle of a column or a row.
fn middle(edge: f64, at: usize) -> f64 {
    edge + CELL * (at as f64 + 0.5)
}

fn shown(place: f64) -> String {
    format!("{place:.1}")
}

fn ground(teams: &[SeenTeam], columns: &[(String, String)]) -> Ground {
    let (right, bottom) = (LEFT + CELL * columns.len() as f64, TOP + CELL * teams.len() as f64);
    let row = |(at, team): (usize, &SeenTeam)| Label {
        x: shown(LEFT - 8.0),
        y: shown(middle(TOP, at) + 4.0),
        text: format!("{} {}", shortened(&team.name), at + 1),
        title: team.name.clone(),
    };
    let column = |(at, (text, title)): (usize, &(String, String))| Label {
        x: shown(middle(LEFT, at)),
        y: shown(TOP - 10.0),
        text: text.clone(),
        title: title.clone(),
    };
    Ground {
        width: shown(right + 8.0),
        height: shown(bottom + 8.0),
        right: shown(right),
        bottom: shown(bottom),
        lines: (0..=teams.len()).map(|at| shown(TOP + CELL * at as f64)).collect(),
        rows: teams.iter().enumerate().map(row).collect(),
        columns: columns.iter().enumerate().map(column).collect(),
    }
}

/// A name that fits beside its row.
fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

impl Blobs {
    pub fn of(pictures: &Pictures) -> Self {
        let n = pictures.teams.len();
        let mut columns: Vec<_> = (1..=n).map(|rank| (rank.to_string(), format!("Rank {rank}"))).collect();
        columns.push(("↓".to_owned(), format!("Below rank {n}")));
        let blob = |team: usize, at: usize, count: i32| {
            let share = pictures.share(count);
            Blob {
                x: shown(middle(LEFT, at)),
                y: shown(middle(TOP, team)),
                // Twice as often is twice the ink.
                radius: format!("{:.2}", LARGEST * share.sqrt()),
                title: format!("{}, {}: {:.1}%", pictures.teams[team].name, columns[at].1, 100.0 * share),
            }
        };
        let counts = pictures.frequencies.iter().enumerate();
        let blobs = counts.flat_map(|(team, counts)| {
            counts
                .iter()
                .enumerate()
                .filter(|(_, count)| **count > 0)
                .map(move |(at, count)| (team, at, *count))
        });
        Self {
            blobs: blobs.map(|(team, at, count)| blob(team, at, count)).collect(),
            own: (0..n)
                .map(|at| square(at, at, "own", format!("Rank {} on the final board", at + 1)))
                .collect(),
            ground: ground(&pictures.teams, &columns),
        }
    }
}

impl Map {
    pub fn of(pictures: &Pictures) -> Self {
        let n = pictures.teams.len();
        let columns: Vec<_> = pictures
            .teams
            .iter()
            .enumerate()
            .map(|(at, team)| ((at + 1).to_string(), team.name.clone()))
            .collect();
        let pairs = (0..n).flat_map(|row| (0..n).map(move |column| (row, column)));
        let squares = pairs.map(|(row, column)| {
            let (a, b) = (&pictures.teams[row].name, &pictures.teams[column].name);
            let p = p_value(pictures.p_values[row][column]);
            match (row == column, pictures.leads(row, column)) {
                (true, _) => square(row, column, "same", a.clone()),
                (false, true) => {
                    square(row, column, "lead", format!("{a} leads {b} by more than chance: p {p}"))
                }
                (false, false) => {
                    square(row, column, "chance", format!("{a} before {b}: no more than chance, p {p}"))
                }
            }
        });
        Self { squares: squares.collect(), ground: ground(&pictures.teams, &columns) }
    }
}

fn square(row: usize, column: usize, class: &'static str, title: String) -> Square {
    Square {
        x: shown(LEFT + CELL * column as f64 + 2.0),
        y: shown(TOP + CELL * row as f64 + 2.0),
        class,
        title,
    }
}

/// As people read it.
pub fn p_value(p: f32) -> String {
    if p < 0.001 { "below 0.001".to_owned() } else { format!("{p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_taken_half_of_the_time_has_half_of_the_ink() {
        let mut pictures = Pictures::sample();
        pictures.frequencies[0] = vec![1000, 0, 0, 1000];
        let drawn = Blobs::of(&pictures);
        let first = &drawn.blobs[0];
        assert_eq!((first.x.as_str(), first.y.as_str(), first.radius.as_str()), ("179.0", "41.0", "7.07"));
        assert_eq!(first.title, "Ada & friends, Rank 1: 50.0%");
        assert_eq!(drawn.blobs[1].title, "Ada & friends, Below rank 3: 50.0%");
        assert_eq!(drawn.own.len(), 3);
        assert_eq!(drawn.ground.columns.len(), 4);
        assert_eq!(drawn.ground.rows[2].text, "Cleo of the very lo… 3");
    }

    #[test]
    fn leads_that_are_more_than_chance_are_told_from_others_in_one_direction() {
        let drawn = Map::of(&Pictures::sample());
        let classes: Vec<_> = drawn.squares.iter().map(|square| square.class).collect();
        let expected = ["same", "chance", "lead", "chance", "same", "lead", "chance", "chance", "same"];
        assert_eq!(classes, expected);
        assert_eq!(
            drawn.squares[2].title,
            "Ada & friends leads Cleo of the very long team name by more than chance: p 0.004"
        );
        assert_eq!((p_value(0.000_2), p_value(1.0)), ("below 0.001".to_owned(), "1.000".to_owned()));
    }
}
