//! The honesty of metrics of whole distributions.

use super::{Candidate, Honesty, NAME, SLIGHT, best_of, honest_loses, honest_wins};
use crate::audit::case::Case;
use crate::audit::distributions::Normals;
use crate::audit::forecast::Forecaster;
use crate::audit::report::{advised, check, gained, judged, part};

/// Distributions are made so many times as wide.
const STRETCHES: [f64; 11] = [0.1, 0.5, 0.75, 0.85, 0.9, 1.1, 1.15, 1.25, 1.5, 2.0, 1e6];
/// And moved by such a part of their spread.
const SHIFTS: [f64; 6] = [-0.5, -0.25, -0.1, 0.1, 0.25, 0.5];

/// What is honest.
const BELIEVED: &str = "the distributions that are honestly believed in";

/// Gains are told as a part of what honest work gains, or of this part of its score where that is nothing.
const LEAST_WAY: f64 = 0.1;

pub(super) fn distributions(case: &Case<'_>, forecaster: &Forecaster) -> Option<Honesty> {
    let belief = forecaster.normals()?;
    let usual = belief.report(&case.says);
    let honest = forecaster.expect_one(case, usual.clone())?;
    let stretched = STRETCHES.map(|stretch| {
        let name = if stretch > 1e5 {
            "endlessly wide distributions".to_owned()
        } else {
            format!("distributions {stretch} times as wide")
        };
        (name, belief.turned(0.0, stretch).report(&case.says))
    });
    let shifted = SHIFTS.map(|shift| {
        (
            format!(
                "distributions moved {} by {} of their width",
                if shift > 0.0 { "up" } else { "down" },
                part(shift.abs())
            ),
            belief.turned(shift, 1.0).report(&case.says),
        )
    });
    let candidates: Vec<Candidate> = stretched.into_iter().chain(shifted).collect();
    let best = best_of(case, forecaster, &honest, candidates);
    let alike = forecaster.expect_one(case, Normals::of_nothing(&case.truth).report(&case.says));
    let way = alike.map_or(0.0, |alike| case.gain(honest.mean, alike.mean).abs());
    let gain = best.as_ref().map_or(0.0, |best| best.gain / way.max(LEAST_WAY * honest.mean.abs()).max(1e-9));
    let verdict = judged(gain, 0.01, 0.05);
    let text = match best.filter(|_| gain > SLIGHT) {
        Some(best) => format!("{} {}", honest_loses(verdict, BELIEVED), gained(&best.name, gain)),
        None => honest_wins(BELIEVED),
    };
    let honesty = advised(
        check(NAME, verdict, gain, text),
        "Widen, narrow or move every distribution before sending it, without any better model.",
        "Use crps_gaussian, gaussian_nll, mean_pinball, wis or interval_score, which honest distributions win.",
    );
    Some(Honesty { checks: vec![honesty], usual })
}
