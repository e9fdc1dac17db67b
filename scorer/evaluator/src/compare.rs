//! One suite against another on fresh random inputs: the same for tests, for a scorer's look at its own device,
//! and for whoever has bought one. The seed makes the inputs.

use std::convert::Infallible;

use crate::philox::{Draw, philox4x32};
use crate::radix::order_key;
use crate::ranking::Ranking;
use crate::suite::{Run, Suite};

/// Sums may differ by this part of the sum of their terms' sizes.
pub const TOLERANCE: f64 = 1e-12;

/// What one computation came to.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Finding {
    pub what: &'static str,
    pub n_values: usize,
    /// The largest difference, as a part of what may be in a sum; counts and orders are equal or not.
    pub worst: f64,
    pub agrees: bool,
}

/// Random numbers for inputs.
struct Source {
    seed: u64,
    at: u32,
}

impl Source {
    fn word(&mut self) -> u32 {
        self.at += 1;
        philox4x32([self.at, 0, 0, u32::MAX], [self.seed as u32, (self.seed >> 32) as u32])[0]
    }

    fn below(&mut self, n: usize) -> usize {
        self.word() as usize % n
    }

    /// Of very different sizes, on both sides of 0.
    fn number(&mut self) -> f64 {
        let size = 10_f64.powi(self.below(7) as i32 - 3);
        (f64::from(self.word()) / f64::from(u32::MAX) - 0.5) * size
    }

    fn numbers(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.number()).collect()
    }
}

/// Everything a suite computes, by `tested` and by `reference`.
///
/// # Errors
/// Those of the tested suite.
pub fn compare<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    seed: u64,
) -> Result<Vec<Finding>, T::Error> {
    let source = &mut Source { seed, at: 0 };
    Ok([
        sums(tested, reference, source)?,
        orders(tested, reference, source)?,
        weights(tested, reference, source)?,
        curves(tested, reference, source)?,
        means(tested, reference, source)?,
        segments(tested, reference, source)?,
        overlaps(tested, reference, source)?,
        distances(tested, reference, source)?,
        products(tested, reference, source)?,
    ]
    .concat())
}

type Found<T> = Result<Vec<Finding>, <T as Suite>::Error>;

fn exact<V: PartialEq>(what: &'static str, found: &[V], expected: &[V]) -> Finding {
    let agrees = found == expected;
    Finding { what, n_values: expected.len(), worst: f64::from(u8::from(!agrees)), agrees }
}

/// `scales` are the sums of the terms' sizes.
fn near(what: &'static str, found: &[f64], expected: &[f64], scales: &[f64]) -> Finding {
    let difference = |((found, expected), scale): ((&f64, &f64), &f64)| {
        if found.is_nan() && expected.is_nan() || found == expected {
            return 0.0;
        }
        let part = (found - expected).abs() / scale;
        if part.is_nan() { f64::INFINITY } else { part }
    };
    let worst = found.iter().zip(expected).zip(scales).map(difference).fold(0.0, f64::max);
    Finding {
        what,
        n_values: expected.len(),
        worst,
        agrees: found.len() == expected.len() && worst <= TOLERANCE,
    }
}

fn sizes(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    columns.iter().map(|column| column.iter().map(|value| value.abs()).collect()).collect()
}

fn slices<V>(columns: &[Vec<V>]) -> Vec<&[V]> {
    columns.iter().map(Vec::as_slice).collect()
}

fn sums<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let lengths = [0, 1, 7, 1023, 1024, 1025, 2048 + source.below(5000)];
    let columns: Vec<Vec<f64>> = lengths.into_iter().map(|n| source.numbers(n)).collect();
    let Ok(expected) = reference.sums(&slices(&columns));
    let Ok(scales) = reference.sums(&slices(&sizes(&columns)));
    Ok(vec![near("sums", &tested.sums(&slices(&columns))?, &expected, &scales)])
}

fn orders<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut found = Vec::new();
    for n in [1, 2, 300, 1500 + source.below(2000)] {
        let distinct: Vec<u64> = (0..n).map(|_| order_key(source.number())).collect();
        let tied: Vec<u64> = (0..n).map(|_| order_key(source.below(9) as f64 - 4.0)).collect();
        let wide: Vec<u64> = (0..n).map(|_| u64::from(source.word()) << source.below(33)).collect();
        let columns = [distinct, tied, wide, vec![7; n]];
        let Ok(expected) = reference.orders(&slices(&columns));
        found.push(exact("orders", &tested.orders(&slices(&columns))?, &expected));
        let Ok(expected) = reference.sorted(&slices(&columns));
        found.push(exact("sorted", &tested.sorted(&slices(&columns))?, &expected));
    }
    Ok(found)
}

fn weights<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut found = Vec::new();
    for (n_rows, n_replicates) in [(1, 1), (5, 200), (400 + source.below(100), 3)] {
        let draw = draw(source, n_replicates);
        let Ok(expected) = reference.weights(draw, n_rows);
        found.push(exact("weights", &tested.weights(draw, n_rows)?, &expected));
    }
    Ok(found)
}

fn draw(source: &mut Source, n_replicates: usize) -> Draw {
    Draw { version: u64::from(source.word()) << 32 | u64::from(source.word()), n_replicates }
}

fn curves<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut found = Vec::new();
    for (n_rows, n_scores, one_in) in [(1, 2, 2), (3, 2, 2), (90, 20, 3), (300, 100_000, 30), (640, 40, 9)] {
        let is_positive: Vec<bool> = (0..n_rows).map(|_| source.below(one_in) == 0).collect();
        let mut ranking = || {
            let scores: Vec<f64> = (0..n_rows).map(|_| source.below(n_scores) as f64).collect();
            Ranking::of(&is_positive, &scores)
        };
        let rankings = [ranking(), ranking(), ranking()];
        let rankings: Vec<&Ranking> = rankings.iter().collect();
        let n_replicates = 1 + source.below(140);
        let draw = draw(source, n_replicates);
        let scales = vec![1.0; draw.n_replicates * rankings.len()];
        let Ok(expected) = reference.roc_auc(&rankings, draw);
        let expected = expected.concat();
        found.push(near("roc_auc", &tested.roc_auc(&rankings, draw)?.concat(), &expected, &scales));
        let Ok(expected) = reference.average_precision(&rankings, draw);
        let got = tested.average_precision(&rankings, draw)?.concat();
        found.push(near("average_precision", &got, &expected.concat(), &scales));
    }
    Ok(found)
}

fn means<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut found = Vec::new();
    for n_rows in [1, 255, 256, 400 + source.below(300)] {
        let columns = [source.numbers(n_rows), source.numbers(n_rows)];
        let n_replicates = 1 + source.below(150);
        let draw = draw(source, n_replicates);
        let Ok(expected) = reference.means(&slices(&columns), draw);
        let Ok(scales) = reference.means(&slices(&sizes(&columns)), draw);
        let got = tested.means(&slices(&columns), draw)?.concat();
        found.push(near("means", &got, &expected.concat(), &scales.concat()));
    }
    Ok(found)
}

fn segments<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut ends = Vec::new();
    let mut end = 0;
    for _ in 0..150 {
        end += source.below(20) as u32;
        ends.push(end);
    }
    let values = source.numbers(end as usize);
    let Ok(expected) = reference.segment_means(&values, &ends);
    let Ok(scales) =
        reference.segment_means(&values.iter().map(|value| value.abs()).collect::<Vec<f64>>(), &ends);
    Ok(vec![near("segment_means", &tested.segment_means(&values, &ends)?, &expected, &scales)])
}

fn overlaps<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut mask = |most: usize| {
        let mut place = 0;
        let n = source.below(most + 1);
        let mut run = || {
            let start = place + source.below(9) as u32;
            let length = 1 + source.below(12) as u32;
            place = start + length;
            Run { start, length }
        };
        (0..n).map(|_| run()).collect::<Vec<Run>>()
    };
    let masks: Vec<(Vec<Run>, Vec<Run>)> = (0..60).map(|at| (mask(at), mask(60 - at))).collect();
    let pairs: Vec<(&[Run], &[Run])> = masks.iter().map(|(a, b)| (a.as_slice(), b.as_slice())).collect();
    let Ok(expected) = reference.overlaps(&pairs);
    Ok(vec![exact("overlaps", &tested.overlaps(&pairs)?, &expected)])
}

fn distances<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut text = |most: usize, n_symbols: usize| -> Vec<u32> {
        let n = source.below(most + 1);
        (0..n).map(|_| 1_000_000 * source.below(n_symbols) as u32).collect()
    };
    let sizes = [(0, 1), (5, 2), (64, 3), (65, 30), (200, 4), (300, 1000)];
    let texts: Vec<(Vec<u32>, Vec<u32>)> =
        (0..60).map(|at| sizes[at % 6]).map(|(most, n)| (text(most, n), text(most, n))).collect();
    let pairs: Vec<(&[u32], &[u32])> = texts.iter().map(|(a, b)| (a.as_slice(), b.as_slice())).collect();
    let Ok(expected) = reference.distances(&pairs);
    let distances = exact("distances", &tested.distances(&pairs)?, &expected);
    let written = |symbols: &[u32]| -> String {
        let letter = |symbol: &u32| char::from_u32('n' as u32 + 4 * (symbol / 1_000_000 % 40)).unwrap_or('-');
        symbols.iter().map(letter).collect()
    };
    let texts: Vec<(String, String)> = texts.iter().map(|(a, b)| (written(a), written(b))).collect();
    let pairs: Vec<(&str, &str)> = texts.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let Ok(expected) = reference.text_distances(&pairs);
    Ok(vec![distances, exact("text_distances", &tested.text_distances(&pairs)?, &expected)])
}

fn products<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut found = Vec::new();
    for (n_columns, n_with, n_rows) in [(1, 1, 1), (5, 9, 256), (66, 3, 300 + source.below(400))] {
        let mut column =
            || source.numbers(n_rows).into_iter().map(|value| value as f32).collect::<Vec<f32>>();
        let columns: Vec<Vec<f32>> = (0..n_columns).map(|_| column()).collect();
        let with: Vec<Vec<f32>> = (0..n_with).map(|_| column()).collect();
        let size = |columns: &[Vec<f32>]| -> Vec<Vec<f32>> {
            columns.iter().map(|column| column.iter().map(|value| value.abs()).collect()).collect()
        };
        let Ok(expected) = reference.products(&slices(&columns), &slices(&with));
        let Ok(scales) = reference.products(&slices(&size(&columns)), &slices(&size(&with)));
        let got = tested.products(&slices(&columns), &slices(&with))?.concat();
        found.push(near("products", &got, &expected.concat(), &scales.concat()));
    }
    Ok(found)
}
