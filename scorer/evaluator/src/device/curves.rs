//! Areas under curves on a device. A ranking is cut into segments that run at the same time; only whole ties
//! are cut off. Counts are joined by segment; what ties gain in precision is kept tie by tie and added up in the
//! order of the ranking, as the processor does it.

use super::kernels::{Kernels, LANES, add_lanes, buffer, count};
use super::layout::{n_together, number};
use super::{Device, DeviceFailure, Shape};
use crate::philox::Draw;
use crate::ranking::{Code, Ranking};

const LANES_PER_THREAD: usize = 4;
const SEGMENTS_PER_BLOCK: usize = 8;
/// Each segment is the work of one warp.
const WARPS_OF_A_PROCESSOR: usize = 64;
const MOST_SEGMENTS: usize = 1024;
/// A shorter segment is not worth a thread.
const SEGMENT_ROWS: usize = 64;
/// Of a replicate in a segment: two weights and what was won.
const BYTES_OF_COUNTS: usize = 16;
const BYTES_OF_VALUE: usize = size_of::<f64>();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    Roc,
    Precision,
}

pub(super) fn replicates<D: Device>(
    on: &Kernels<D>,
    rankings: &[&Ranking],
    draw: Draw,
    curve: Curve,
) -> Result<Vec<Vec<f64>>, DeviceFailure> {
    let n_rows = rankings.first().map_or(0, |ranking| ranking.n_rows());
    let mut areas = Vec::with_capacity(rankings.len());
    let n_gains = match curve {
        Curve::Roc => 0,
        Curve::Precision => rankings.iter().map(|ranking| n_gains(&ranking.codes)).max().unwrap_or_default(),
    };
    let n_at_once = WARPS_OF_A_PROCESSOR * on.0.n_processors();
    let n_segments = n_segments(n_rows, n_at_once / rankings.len().max(1));
    let bytes_of_lane = BYTES_OF_COUNTS * n_segments + BYTES_OF_VALUE * n_gains;
    let bytes_of_areas = BYTES_OF_VALUE * draw.n_replicates;
    for together in rankings.chunks(n_together(4 * n_rows + LANES * bytes_of_lane + bytes_of_areas)) {
        areas.extend(Batch::of(on, together, [n_rows, n_segments], draw, curve)?.areas(draw)?);
    }
    Ok(areas)
}

/// Rankings on the device, with room for the counts of one chunk of replicates.
struct Batch<'a, D: Device> {
    on: &'a Kernels<D>,
    n_rows: usize,
    n_rankings: usize,
    n_segments: usize,
    codes: D::Buffer,
    ends: D::Buffer,
    positives: D::Buffer,
    negatives: D::Buffer,
    twice_won: D::Buffer,
    /// Of every replicate: the lanes of a chunk of one ranking after another, and so chunk after chunk.
    areas: D::Buffer,
    /// Where precision is asked for.
    gains: Option<Gains<D::Buffer>>,
}

/// What every tie with a positive row gains, and where the gains of every segment end.
struct Gains<B> {
    ends: B,
    values: B,
}

impl<'a, D: Device> Batch<'a, D> {
    fn of(
        on: &'a Kernels<D>,
        rankings: &[&Ranking],
        [n_rows, n_segments]: [usize; 2],
        draw: Draw,
        curve: Curve,
    ) -> Result<Self, DeviceFailure> {
        let n_rankings = rankings.len();
        let codes: Vec<&[u32]> = rankings.iter().map(|ranking| ranking.codes.as_slice()).collect();
        let ends: Vec<u32> = codes.iter().flat_map(|codes| segment_ends(codes, n_segments)).collect();
        let gains = match curve {
            Curve::Roc => None,
            Curve::Precision => Some(Gains::of(on, &codes, &ends)?),
        };
        let n_counts = n_rankings * n_segments * LANES;
        Ok(Self {
            n_rows,
            n_rankings,
            n_segments,
            codes: on.upload_columns(&codes)?,
            ends: on.upload(&ends)?,
            positives: on.zeros::<u32>(n_counts)?,
            negatives: on.zeros::<u32>(n_counts)?,
            twice_won: on.zeros::<u64>(n_counts)?,
            areas: on.zeros::<f64>(n_rankings * draw.n_replicates.next_multiple_of(LANES))?,
            gains,
            on,
        })
    }

    /// Nothing is waited for before all replicates are on their way.
    fn areas(&self, draw: Draw) -> Result<Vec<Vec<f64>>, DeviceFailure> {
        self.on.by_chunks(draw, self.n_rows, |first, _, table| {
            self.count(table)?;
            match &self.gains {
                None => self.join_counts(first / LANES),
                Some(gains) => self.gain(table, gains, first / LANES),
            }
        })?;
        let n_lanes = self.n_rankings * draw.n_replicates.next_multiple_of(LANES);
        let lanes: Vec<f64> = self.on.download(&self.areas, n_lanes)?;
        let mut areas = vec![Vec::with_capacity(draw.n_replicates); self.n_rankings];
        add_lanes(&mut areas, &lanes, draw);
        Ok(areas)
    }

    fn shape(&self) -> Shape {
        Shape {
            grid: [self.n_segments.div_ceil(SEGMENTS_PER_BLOCK) as u32, self.n_rankings as u32],
            block: [(LANES / LANES_PER_THREAD) as u32, SEGMENTS_PER_BLOCK as u32],
        }
    }

    /// Of every segment and replicate: the weight of positives, of negatives, and twice that of won pairs.
    fn count(&self, table: &D::Buffer) -> Result<(), DeviceFailure> {
        let arguments = [
            buffer(&self.codes),
            buffer(&self.ends),
            buffer(table),
            buffer(&self.positives),
            buffer(&self.negatives),
            buffer(&self.twice_won),
            count(self.n_rows)?,
            count(self.n_segments)?,
        ];
        self.on.0.launch("count_segments", self.shape(), &arguments)
    }

    fn join_counts(&self, chunk: usize) -> Result<(), DeviceFailure> {
        let arguments = [
            buffer(&self.positives),
            buffer(&self.negatives),
            buffer(&self.twice_won),
            buffer(&self.areas),
            count(self.n_rankings)?,
            count(self.n_segments)?,
            count(chunk)?,
        ];
        self.on.0.launch("join_counts", Shape::of_threads(self.n_rankings * LANES), &arguments)
    }

    /// The counts stand.
    fn gain(&self, table: &D::Buffer, gains: &Gains<D::Buffer>, chunk: usize) -> Result<(), DeviceFailure> {
        let arguments = [
            buffer(&self.codes),
            buffer(&self.ends),
            buffer(table),
            buffer(&self.positives),
            buffer(&self.negatives),
            buffer(&gains.ends),
            buffer(&gains.values),
            count(self.n_rows)?,
            count(self.n_segments)?,
        ];
        self.on.0.launch("gain_segments", self.shape(), &arguments)?;
        let arguments = [
            buffer(&gains.values),
            buffer(&gains.ends),
            buffer(&self.positives),
            buffer(&self.areas),
            count(self.n_rankings)?,
            count(self.n_segments)?,
            count(chunk)?,
        ];
        self.on.0.launch("join_gains", Shape::of_threads(self.n_rankings * LANES), &arguments)
    }
}

impl<B> Gains<B> {
    /// Room for the gains of rankings that are cut at these ends, the same number of them in each.
    fn of<D: Device<Buffer = B>>(
        on: &Kernels<D>,
        rankings: &[&[u32]],
        segment_ends: &[u32],
    ) -> Result<Self, DeviceFailure> {
        let mut n_before = 0;
        let mut ends = Vec::with_capacity(segment_ends.len());
        for (codes, segments) in rankings.iter().zip(segment_ends.chunks(segment_ends.len() / rankings.len()))
        {
            let mut start = 0;
            for end in segments.iter().map(|end| *end as usize) {
                n_before += n_gains(&codes[start..end]);
                ends.push(number(n_before)?);
                start = end;
            }
        }
        Ok(Self { ends: on.upload(&ends)?, values: on.zeros::<f64>(n_before * LANES)? })
    }
}

/// Ties with a positive row.
fn n_gains(codes: &[u32]) -> usize {
    let ties = codes.split_inclusive(|code| Code(*code).ends_tie());
    ties.filter(|tie| tie.iter().any(|code| Code(*code).is_positive())).count()
}

/// As many as keep a device busy.
fn n_segments(n_rows: usize, n_busy: usize) -> usize {
    (n_rows / SEGMENT_ROWS).clamp(1, n_busy.clamp(1, MOST_SEGMENTS))
}

/// Equal parts, each of them prolonged to the end of its last tie.
fn segment_ends(codes: &[u32], n_segments: usize) -> Vec<u32> {
    let mut end = 0;
    let next = |segment: usize| {
        end = end.max(codes.len() * segment / n_segments);
        while end > 0 && end < codes.len() && !Code(codes[end - 1]).ends_tie() {
            end += 1;
        }
        end as u32
    };
    (1..=n_segments).map(next).collect()
}
