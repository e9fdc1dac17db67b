//! What the plan of the contest does to honest ranks: labels that leak at the planned decimals, the
//! difference that the private rows tell apart, a board on all rows.

use holdout_contract::audit::{Check, PRIVATE_ROWS, Verdict};

use super::ground::Ground;
use super::influence::Resolution;
use super::probing::Probing;
use super::report::{SMALL_STEP, advised, check, judged, short, some_of};

/// Up to this share of the public labels may be told by all files of a team.
const LEAK: f64 = 0.1;

/// How many decimals may be shown.
pub fn decimals(case: &Ground<'_>, probing: &Probing) -> Check {
    const NAME: &str = "P safe decimals";
    let n_files = f64::from(case.settings.n_submissions);
    let told = |bits: f64| bits * n_files / probing.n_public as f64;
    let safe = probing.bits.iter().rposition(|bits| told(*bits) < LEAK);
    let planned = case.settings.digits as usize;
    let text = match safe {
        Some(safe) if safe >= planned => {
            format!(
                "The board shows few enough decimals: with {planned}, the {} files of a team tell less than a tenth of the public labels.",
                case.settings.n_submissions
            )
        }
        Some(safe) => format!(
            "The board shows more decimals than is safe. With {} files a team, up to {safe} would tell less than a tenth of the public labels, and {planned} tell more.",
            case.settings.n_submissions
        ),
        None => {
            let files = (LEAK * probing.n_public as f64 / probing.bits[3].max(1e-9)).ceil();
            format!(
                "However few decimals the board shows, the {} files of a team can tell a tenth of the public labels. At 3 decimals {} of them {} enough.",
                case.settings.n_submissions,
                files,
                if files == 1.0 { "is" } else { "are" }
            )
        }
    };
    let is_safe = safe.is_some_and(|safe| safe >= planned);
    let verdict = if is_safe { Verdict::Pass } else { Verdict::Warn };
    advised(
        check(NAME, verdict, safe.map(|safe| safe as f64), text),
        "Read public labels off the board and train on them, or copy them.",
        match safe {
            None => "Allow fewer submissions; the prize is decided by private rows in any case.",
            Some(_) => {
                "Show fewer decimals or allow fewer submissions; the prize is decided by private rows in any case."
            }
        },
    )
}

/// What the private rows tell apart, and how many would be enough.
pub fn private_rows(case: &Ground<'_>, resolution: &Resolution) -> Option<Check> {
    let n_private = (case.n_rows as f64 * (1.0 - case.settings.public_fraction)).round();
    if n_private < 1.0 {
        return None;
    }
    let least = resolution.least * (case.n_rows as f64 / n_private).sqrt();
    let ratio = least / resolution.step.max(1e-12);
    let verdict = judged(ratio, 1.0, f64::INFINITY);
    let meant = match verdict {
        Verdict::Pass => "The private rows are enough to decide between good entries.",
        _ => "The private rows are too few to decide between good entries, so chance will help.",
    };
    let text = format!(
        "{meant} On {n_private} of them a true difference of about {} shows in 80 of 100 contests; {} rows would show {SMALL_STEP}, which is worth {}.",
        short(least),
        (ratio * ratio * n_private).ceil(),
        short(resolution.step)
    );
    Some(advised(
        check(PRIVATE_ROWS, verdict, least, text),
        "Enter often: among entries that are truly alike, chance chooses the winner.",
        "Score more rows privately, or say in the rules that entries within this difference share a prize.",
    ))
}

/// A board that shows everything.
pub fn public_board(case: &Ground<'_>) -> Check {
    let share = case.settings.public_fraction;
    let verdict = if share >= 1.0 { Verdict::Warn } else { Verdict::Pass };
    let text = match verdict {
        Verdict::Pass if share <= 0.0 => "Nobody sees a score before the end: no row is public.".to_owned(),
        Verdict::Pass => format!(
            "Private rows decide, and nobody sees scores on them before the end: {} are public.",
            some_of(share, "rows")
        ),
        _ => "Nothing is left that decides honestly at the end: the public board is computed on all rows."
            .to_owned(),
    };
    advised(
        check("P public board", verdict, share, text),
        "Climb the board by trying until chance helps; the same rows decide at the end.",
        "Keep at least half of the rows private.",
    )
}
