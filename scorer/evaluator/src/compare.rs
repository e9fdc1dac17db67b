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

/// As [`compare`], on inputs that are larger than one thread, one block of threads or one launch of a device takes.
/// The definitions would need hours for them.
///
/// # Errors
/// Those of the tested suite.
pub fn compare_large<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    seed: u64,
) -> Result<Vec<Finding>, T::Error> {
    let source = &mut Source { seed, at: 0 };
    let n_rows = 5000 + source.below(3000);
    let n_blocks = 300 + source.below(9);
    let long = [source.numbers(1024 * n_blocks + 77), source.numbers(n_rows)];
    let many_keys: Vec<u64> = (0..(1 << 20) + 1 + source.below(70_000))
        .map(|_| u64::from(source.word()) << 32 | u64::from(source.word()))
        .collect();
    let many_columns: Vec<Vec<u64>> =
        (0..65_536 + source.below(50)).map(|_| vec![u64::from(source.word())]).collect();
    let wide: Vec<Vec<f64>> = (0..129 + source.below(9)).map(|_| source.numbers(800)).collect();
    let segment_ends = ends(&[0, 1, 1023, 1024, 1025, 0, 4096, source.below(90_000)], source);
    Ok([
        sums_of(tested, reference, &long)?,
        orders_of(tested, reference, &[many_keys])?,
        orders_of(tested, reference, &many_columns)?,
        weights_of(tested, reference, draw(source, 300), n_rows)?,
        curves_of(tested, reference, source, [n_rows, 1 << 20, 2])?,
        curves_of(tested, reference, source, [n_rows, n_rows / 3, 40])?,
        // Ties that are longer than a segment.
        curves_of(tested, reference, source, [n_rows, 5, 3])?,
        means_of(tested, reference, source, &wide)?,
        segments_of(tested, reference, source, &segment_ends)?,
        overlaps_of(tested, reference, source, 400)?,
        distances_of(tested, reference, source, &[(900, 3), (2500, 40)])?,
        products_of(tested, reference, source, [70, 131, 700])?,
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
    sums_of(tested, reference, &columns)
}

fn sums_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    columns: &[Vec<f64>],
) -> Found<T> {
    let Ok(expected) = reference.sums(&slices(columns));
    let Ok(scales) = reference.sums(&slices(&sizes(columns)));
    Ok(vec![near("sums", &tested.sums(&slices(columns))?, &expected, &scales)])
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
        found.extend(orders_of(tested, reference, &[distinct, tied, wide, vec![7; n]])?);
    }
    Ok(found)
}

fn orders_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    columns: &[Vec<u64>],
) -> Found<T> {
    let columns = slices(columns);
    let Ok(expected) = reference.orders(&columns);
    let orders = exact("orders", &tested.orders(&columns)?, &expected);
    let Ok(expected) = reference.sorted(&columns);
    Ok(vec![orders, exact("sorted", &tested.sorted(&columns)?, &expected)])
}

fn weights<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut found = Vec::new();
    for (n_rows, n_replicates) in [(1, 1), (5, 200), (400 + source.below(100), 3)] {
        let draw = draw(source, n_replicates);
        found.extend(weights_of(tested, reference, draw, n_rows)?);
    }
    Ok(found)
}

fn weights_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    draw: Draw,
    n_rows: usize,
) -> Found<T> {
    let Ok(expected) = reference.weights(draw, n_rows);
    Ok(vec![exact("weights", &tested.weights(draw, n_rows)?, &expected)])
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
    for size in [[1, 2, 2], [3, 2, 2], [90, 20, 3], [300, 100_000, 30], [640, 40, 9]] {
        found.extend(curves_of(tested, reference, source, size)?);
    }
    Ok(found)
}

/// Of so many rows with so many scores, among which one in so many is positive.
fn curves_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
    [n_rows, n_scores, one_in]: [usize; 3],
) -> Found<T> {
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
    let areas = near("roc_auc", &tested.roc_auc(&rankings, draw)?.concat(), &expected.concat(), &scales);
    let Ok(expected) = reference.average_precision(&rankings, draw);
    let got = tested.average_precision(&rankings, draw)?.concat();
    Ok(vec![areas, near("average_precision", &got, &expected.concat(), &scales)])
}

fn means<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let mut found = Vec::new();
    for n_rows in [1, 255, 256, 400 + source.below(300)] {
        let columns = [source.numbers(n_rows), source.numbers(n_rows)];
        found.extend(means_of(tested, reference, source, &columns)?);
    }
    Ok(found)
}

fn means_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
    columns: &[Vec<f64>],
) -> Found<T> {
    let n_replicates = 1 + source.below(150);
    let draw = draw(source, n_replicates);
    let Ok(expected) = reference.means(&slices(columns), draw);
    let Ok(scales) = reference.means(&slices(&sizes(columns)), draw);
    let got = tested.means(&slices(columns), draw)?.concat();
    Ok(vec![near("means", &got, &expected.concat(), &scales.concat())])
}

/// Where segments of these lengths end, with shorter ones between them.
fn ends(lengths: &[usize], source: &mut Source) -> Vec<u32> {
    let mut end = 0;
    let lengths = lengths.iter().flat_map(|length| [*length, source.below(20)]);
    lengths
        .map(|length| {
            end += length as u32;
            end
        })
        .collect()
}

fn segments<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    let lengths: Vec<usize> = (0..75).map(|_| source.below(20)).collect();
    let ends = ends(&lengths, source);
    segments_of(tested, reference, source, &ends)
}

fn segments_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
    ends: &[u32],
) -> Found<T> {
    let values = source.numbers(ends.last().map_or(0, |end| *end as usize));
    let Ok(expected) = reference.segment_means(&values, ends);
    let Ok(scales) =
        reference.segment_means(&values.iter().map(|value| value.abs()).collect::<Vec<f64>>(), ends);
    Ok(vec![near("segment_means", &tested.segment_means(&values, ends)?, &expected, &scales)])
}

fn overlaps<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    overlaps_of(tested, reference, source, 60)
}

/// As many pairs as the longest masks have runs at most.
fn overlaps_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
    most_runs: usize,
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
    let masks: Vec<(Vec<Run>, Vec<Run>)> =
        (0..most_runs).map(|at| (mask(at), mask(most_runs - at))).collect();
    let pairs: Vec<(&[Run], &[Run])> = masks.iter().map(|(a, b)| (a.as_slice(), b.as_slice())).collect();
    let Ok(expected) = reference.overlaps(&pairs);
    Ok(vec![exact("overlaps", &tested.overlaps(&pairs)?, &expected)])
}

fn distances<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
) -> Found<T> {
    distances_of(tested, reference, source, &[(0, 1), (5, 2), (64, 3), (65, 30), (200, 4), (300, 1000)])
}

/// Of texts of so many symbols at most, of so many kinds.
fn distances_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
    sizes: &[(usize, usize)],
) -> Found<T> {
    let mut text = |most: usize, n_symbols: usize| -> Vec<u32> {
        let n = source.below(most + 1);
        (0..n).map(|_| 1_000_000 * source.below(n_symbols) as u32).collect()
    };
    let texts: Vec<(Vec<u32>, Vec<u32>)> =
        (0..60).map(|at| sizes[at % sizes.len()]).map(|(most, n)| (text(most, n), text(most, n))).collect();
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
    for size in [[1, 1, 1], [5, 9, 256], [66, 3, 300 + source.below(400)]] {
        found.extend(products_of(tested, reference, source, size)?);
    }
    Ok(found)
}

fn products_of<T: Suite + ?Sized>(
    tested: &T,
    reference: &impl Suite<Error = Infallible>,
    source: &mut Source,
    [n_columns, n_with, n_rows]: [usize; 3],
) -> Found<T> {
    let mut column = || source.numbers(n_rows).into_iter().map(|value| value as f32).collect::<Vec<f32>>();
    let columns: Vec<Vec<f32>> = (0..n_columns).map(|_| column()).collect();
    let with: Vec<Vec<f32>> = (0..n_with).map(|_| column()).collect();
    let size = |columns: &[Vec<f32>]| -> Vec<Vec<f32>> {
        columns.iter().map(|column| column.iter().map(|value| value.abs()).collect()).collect()
    };
    let Ok(expected) = reference.products(&slices(&columns), &slices(&with));
    let Ok(scales) = reference.products(&slices(&size(&columns)), &slices(&size(&with)));
    let got = tested.products(&slices(&columns), &slices(&with))?.concat();
    Ok(vec![near("products", &got, &expected.concat(), &scales.concat())])
}
