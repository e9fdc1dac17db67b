//! Times until an event, some of which are only known to be longer.
//!
//! Events happen as Kaplan and Meier find them in the solution, and rows are lost from sight as they find it of those,
//! independently of each other. A forecaster knows a signal that is correlated with a row's time in ranks (a Gaussian
//! copula), so the chance to be without the event at any time is known. Honest is any risk that falls with the signal,
//! or those chances. Beside it are tried few levels, the opposite order, guessing in one group or the other (some
//! metrics subtract what groups differ by), and for chances: sharper, blunter, earlier, later. Without content are
//! equal risks, risks in hashed order, and the chances of all rows together.
//!
//! Truth and report are not of one kind (A), risks have no size (B, E2), and the event has no opposite (C).

use std::collections::BTreeMap;

use super::world::{Belief, SURE, Words, World, chances};
use crate::audit::case::{deviation, mean};
use crate::audit::forecast::signals_of;
use crate::audit::honesty::{Candidate, pushed};
use crate::audit::metric::{Kind, Shaped};
use crate::audit::normal;
use crate::audit::question::Asks;
use crate::intake::Texts;
use crate::solution::{Solution, Split, Truth};
use holdout_contract::spec::Layout;

const MAX_ROWS: usize = 1200;
const DRAWS: u64 = 24;
/// Of a forecaster who knows one group better than the others, there and elsewhere.
const UNEVEN: [f64; 2] = [0.95, 0.6];
/// Stream of the chances by which rows are lost from sight.
const LOST: u64 = 500;

const WORDS: Words = Words {
    asks: Asks::Order,
    unit: "rows",
    volume: "",
    volume_counts: false,
    exploit: "Change the risks in this way before sending them, without any better model.",
    repair: "Use c_index, where the honest order is best, or integrated_brier, where the honest chances are.",
    repair_of_empty: "Use c_index or c_index_ipcw, where a file without knowledge scores one half.",
    repair_of_weights: "Use c_index, where every pair that can be compared counts alike.",
    not_applicable: &[
        ("A exchange", "A risk and a time that may be known in part are not of one kind."),
        ("B over/under", "Risks have no size that could be too much or too little."),
        ("C relabel", "The event has no opposite: of rows without it nobody knows whether it comes."),
        ("E2 volume bias", "Risks do not add up to anything."),
        (
            "G leverage",
            "The score compares rows with one another, so an error has no price of its own; what single rows weigh is told by their influence.",
        ),
    ],
};

static OF_RISKS: Words = WORDS;
/// Where chances at several times are asked for.
static OF_CHANCES: Words = Words { asks: Asks::Probabilities, ..WORDS };

pub(super) fn read(solution: &Solution) -> Option<World> {
    let [Truth::Numbers(times), Truth::Numbers(events)] = solution.truths.as_slice() else { return None };
    let Layout::Named { submission, .. } = solution.judge().layout() else { return None };
    let times_asked: Option<Vec<f64>> = match submission.as_slice() {
        [(name, _)] if name == "risk" => Some(Vec::new()),
        columns => columns.iter().map(|(name, _)| name.strip_prefix('s')?.parse().ok()).collect(),
    };
    let rows = normal::some(solution.range(Split::All).len(), MAX_ROWS);
    let pick = |values: &[f64]| rows.iter().map(|row| values[*row as usize]).collect::<Vec<f64>>();
    let groups: Option<Vec<u32>> =
        solution.groups.as_ref().map(|groups| rows.iter().map(|row| groups[*row as usize]).collect());
    let (times, events) = (pick(times), pick(events));
    if !events.contains(&1.0) {
        return None;
    }
    let clinic = Clinic {
        event: Curve::of(&times, &events, 1.0),
        lost: Curve::of(&times, &events, 0.0),
        last: times.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        n: rows.len(),
        times_asked: times_asked?,
        groups,
    };
    let truth = [times, events].concat();
    let [weak, usual, strong, stronger] = [0.3, 0.8, 0.8, 0.85].map(|skill| clinic.believe(skill));
    let n = rows.len();
    let n_reports = clinic.times_asked.len().max(1);
    let turned = clinic
        .times_asked
        .is_empty()
        .then(|| usual.honest[0].1.iter().map(|risk| libm::exp(*risk)).collect());
    let wrong = vec![
        vec![if clinic.times_asked.is_empty() { 1e6 } else { 0.0 }; n * n_reports],
        vec![if clinic.times_asked.is_empty() { -1e6 } else { 1.0 }; n * n_reports],
    ];
    let asked = clinic.times_asked.clone();
    let is_of_chances = !asked.is_empty();
    Some(World {
        tried: Some([strong.draws[0].clone(), strong.honest[0].1.clone()]),
        uneven: clinic.believe_unevenly(),
        empties: clinic.empties(),
        turned,
        wrong,
        perfect: Box::new(move |truth| match asked.as_slice() {
            [] => truth[..n].iter().map(|time| -time).collect(),
            asked => asked
                .iter()
                .flat_map(|at| truth[..n].iter().map(move |time| f64::from(u8::from(time > at))))
                .collect(),
        }),
        ..World::new(
            if is_of_chances { &OF_CHANCES } else { &OF_RISKS },
            Shaped {
                truths: vec![Kind::Number; 2],
                reports: vec![Kind::Number; n_reports],
                cells: Texts::default(),
                n_classes: 0,
            },
            truth,
            rows,
            solution.range(Split::All).len(),
            [weak, usual, strong, stronger],
        )
    })
}

/// A curve of Kaplan and Meier: the times at which something happens, with the share to which it has happened by then.
struct Curve {
    steps: Vec<(f64, f64)>,
}

impl Curve {
    /// Of rows whose `kind` is this.
    fn of(times: &[f64], kinds: &[f64], kind: f64) -> Self {
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|a, b| times[*a].total_cmp(&times[*b]).then(kinds[*b].total_cmp(&kinds[*a])));
        let mut left = 1.0;
        let mut steps: Vec<(f64, f64)> = Vec::new();
        for (place, row) in order.iter().enumerate() {
            if kinds[*row] == kind {
                left *= 1.0 - 1.0 / (times.len() - place) as f64;
                steps.push((times[*row], 1.0 - left));
            }
        }
        Self { steps }
    }

    /// The time by which such a share has it; none for those who never have it in the solution's time.
    fn at(&self, share: f64) -> Option<f64> {
        let step = self.steps.partition_point(|(_, reached)| *reached < share);
        self.steps.get(step).map(|(time, _)| *time)
    }

    /// The share that has it by then.
    fn by(&self, time: f64) -> f64 {
        let n = self.steps.partition_point(|(at, _)| *at <= time);
        n.checked_sub(1).map_or(0.0, |last| self.steps[last].1)
    }
}

struct Clinic {
    event: Curve,
    lost: Curve,
    last: f64,
    n: usize,
    /// The times at which chances are asked for; none where risks are.
    times_asked: Vec<f64>,
    groups: Option<Vec<u32>>,
}

impl Clinic {
    fn believe(&self, skill: f64) -> Belief {
        let signals = signals_of(self.n, skill);
        let draws = (0..DRAWS).map(|draw| self.draw(&signals, |_| skill, draw)).collect();
        if self.times_asked.is_empty() {
            let risks: Vec<f64> = signals.iter().map(|signal| -signal).collect();
            let tricks = self.of_risks(&risks);
            return Belief {
                draws,
                honest: vec![("risks in the order one believes in".to_owned(), risks)],
                tricks,
            };
        }
        let chances = |turn: &dyn Fn(f64) -> f64| self.chances(&signals, skill, turn);
        let mut tricks: Vec<Candidate> = Vec::new();
        for factor in [0.5, 0.75, 1.25, 2.0] {
            tricks.push((pushed(factor), chances(&|z| factor * z)));
        }
        for shift in [-0.5, -0.2, 0.2, 0.5] {
            let way = if shift > 0.0 { "later" } else { "sooner" };
            tricks.push((
                format!("chances of an event that comes {way} than one believes"),
                chances(&|z| z + shift),
            ));
        }
        tricks.push(("chances of 0 or 1".to_owned(), chances(&|z| z.signum() * 40.0)));
        Belief { draws, honest: vec![("the chances one believes in".to_owned(), chances(&|z| z))], tricks }
    }

    /// A forecaster who knows the largest group well and the others less: what is lost there may be won back where a score
    /// takes off how far groups are apart. Of two groups the worse one counts alone, so that there is nothing to win.
    fn believe_unevenly(&self) -> Option<Belief> {
        let groups = self.groups.as_ref().filter(|_| self.times_asked.is_empty())?;
        let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
        groups.iter().for_each(|group| *sizes.entry(*group).or_default() += 1);
        if sizes.len() < 3 {
            return None;
        }
        let (known, _) = sizes.iter().max_by_key(|(group, n)| (**n, std::cmp::Reverse(**group)))?;
        let [well, less] = UNEVEN.map(|skill| (skill, signals_of(self.n, skill)));
        let of_row = |row: usize| if groups[row] == *known { &well } else { &less };
        let signals: Vec<f64> = (0..self.n).map(|row| of_row(row).1[row]).collect();
        let draws = (0..DRAWS).map(|draw| self.draw(&signals, |row| of_row(row).0, draw)).collect();
        let risks: Vec<f64> = signals.iter().map(|signal| -signal).collect();
        let noise = normal::scores(self.n, SURE);
        let spoilt = |(part, name): (f64, &str)| {
            let risk = |row: usize| match groups[row] == *known {
                true => (1.0 - part) * risks[row] + part * noise[row],
                false => risks[row],
            };
            (
                format!("risks that are {name} in the group that one knows best"),
                (0..self.n).map(risk).collect(),
            )
        };
        let degrees = [(0.2, "spoilt a little"), (0.4, "spoilt"), (0.6, "half guessed"), (1.0, "guessed")];
        Some(Belief {
            draws,
            tricks: degrees.map(spoilt).into(),
            honest: vec![("risks in the order one believes in".to_owned(), risks)],
        })
    }

    fn draw(&self, signals: &[f64], skill: impl Fn(usize) -> f64, draw: u64) -> Vec<f64> {
        let left = |row: usize| (1.0 - skill(row) * skill(row)).sqrt();
        let scores = normal::scores(self.n, super::world::FIRST_DRAW + draw);
        let lost = chances(self.n, LOST + draw);
        let observed = (0..self.n).map(|row| {
            let event = self.event.at(normal::cdf(skill(row) * signals[row] + left(row) * scores[row]));
            let lost = self.lost.at(lost[row]).unwrap_or(self.last);
            match event {
                Some(time) if time <= lost => (time, 1.0),
                _ => (lost, 0.0),
            }
        });
        let (times, events): (Vec<f64>, Vec<f64>) = observed.unzip();
        [times, events].concat()
    }

    /// Chances to be without the event at every time that is asked for, their normal scores turned.
    fn chances(&self, signals: &[f64], skill: f64, turn: &dyn Fn(f64) -> f64) -> Vec<f64> {
        let left = (1.0 - skill * skill).sqrt();
        let column = |time: &f64| {
            let by_then = normal::quantile(self.event.by(*time).clamp(1e-9, 1.0 - 1e-9));
            signals
                .iter()
                .map(move |signal| normal::cdf(turn((skill * signal - by_then) / left)))
                .collect::<Vec<f64>>()
        };
        self.times_asked.iter().flat_map(column).collect()
    }

    fn of_risks(&self, risks: &[f64]) -> Vec<Candidate> {
        let noise = normal::scores(self.n, SURE);
        let mut found: Vec<Candidate> = vec![
            (
                "risks in two levels".to_owned(),
                risks.iter().map(|risk| f64::from(u8::from(*risk > 0.0))).collect(),
            ),
            ("risks in whole numbers".to_owned(), risks.iter().map(|risk| risk.round()).collect()),
            ("the opposite order".to_owned(), risks.iter().map(|risk| -risk).collect()),
            ("extreme risks pulled in".to_owned(), risks.iter().map(|risk| risk.clamp(-1.0, 1.0)).collect()),
        ];
        let (centre, spread) = (mean(risks), deviation(risks));
        let n_groups = self.groups.iter().flatten().max().map_or(0, |last| last + 1);
        for group in 0..n_groups.min(6) {
            let is_in = |row: usize| self.groups.as_ref().is_some_and(|groups| groups[row] == group);
            for (part, name) in [(1.0, "guessed"), (0.3, "half guessed")] {
                let risk = |row: usize| {
                    if is_in(row) {
                        (1.0 - part) * risks[row] + part * (centre + spread * noise[row])
                    } else {
                        risks[row]
                    }
                };
                found.push((format!("risks that are {name} in one group"), (0..self.n).map(risk).collect()));
            }
        }
        found
    }

    fn empties(&self) -> Vec<Candidate> {
        if self.times_asked.is_empty() {
            return vec![
                ("equal risks".to_owned(), vec![0.0; self.n]),
                ("risks in an order that knows nothing".to_owned(), normal::scores(self.n, SURE)),
            ];
        }
        let alike = |chance: &dyn Fn(f64) -> f64| {
            self.times_asked.iter().flat_map(|time| vec![chance(*time); self.n]).collect::<Vec<f64>>()
        };
        vec![
            ("the chances of all rows together".to_owned(), alike(&|time| 1.0 - self.event.by(time))),
            ("no event for anybody".to_owned(), alike(&|_| 1.0)),
            ("an event for everybody".to_owned(), alike(&|_| 0.0)),
            ("one half everywhere".to_owned(), alike(&|_| 0.5)),
        ]
    }
}
