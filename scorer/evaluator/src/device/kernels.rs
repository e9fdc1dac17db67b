//! The suite on a device: what is laid out for the kernels, and what is made of their answers.

use bytemuck::{Pod, Zeroable};

use super::curves::{self, Curve};
use super::layout::{Lists, MOST_BYTES, n_together, number};
use super::{Argument, Device, DeviceFailure, Shape};
use crate::cpu::{MEAN_BLOCK_ROWS, PRODUCT_BLOCK_ROWS};
use crate::edits::{self, Dense};
use crate::philox::{Draw, ROWS_PER_CALL};
use crate::ranking::Ranking;
use crate::suite::{Pair, Run, Suite};
use crate::sums;

/// Replicates of one chunk: a row's weights are one line of the device's memory.
pub(super) const LANES: usize = 128;
const DIGITS: usize = 16;
const BITS_OF_DIGIT: u32 = 4;
const SCAN_THREADS: u32 = 256;
/// Neighbouring items that one thread sorts, at least; and how many threads there are, at most.
const ITEMS_PER_OWNER: usize = 64;
const MOST_OWNERS: usize = 1 << 14;
const TILE: usize = 64;
const TILE_THREADS: [u32; 2] = [8, 16];
/// So many blocks of threads keep a processor busy; where tiles are fewer, their rows are cut into parts.
const BUSY_TILES: usize = 4;
/// Columns of fewer bytes are put together before they travel.
const BYTES_OF_A_JOURNEY: usize = 1 << 16;

/// The suite on a device.
pub struct Kernels<D>(pub D);

type Replicates = Vec<Vec<f64>>;

impl<D: Device> Suite for Kernels<D> {
    type Error = DeviceFailure;

    fn sums(&self, columns: &[&[f64]]) -> Result<Vec<f64>, DeviceFailure> {
        let lengths: Vec<usize> = columns.iter().map(|column| column.len()).collect();
        self.sums_of_lengths(columns, &lengths)
    }

    fn orders(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u32>>, DeviceFailure> {
        let n = columns.first().map_or(0, |column| column.len());
        let mut orders = Vec::with_capacity(columns.len());
        for columns in columns.chunks(n_together(24 * n)) {
            let (_, rows) = self.sort(columns, n)?;
            let rows: Vec<u32> = self.download(&rows, n * columns.len())?;
            orders.extend(rows.chunks(n.max(1)).map(<[u32]>::to_vec));
        }
        orders.resize(columns.len(), Vec::new());
        Ok(orders)
    }

    fn sorted(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u64>>, DeviceFailure> {
        let n = columns.first().map_or(0, |column| column.len());
        let mut sorted = Vec::with_capacity(columns.len());
        for columns in columns.chunks(n_together(24 * n)) {
            let (keys, _) = self.sort(columns, n)?;
            let keys: Vec<u64> = self.download(&keys, n * columns.len())?;
            sorted.extend(keys.chunks(n.max(1)).map(<[u64]>::to_vec));
        }
        sorted.resize(columns.len(), Vec::new());
        Ok(sorted)
    }

    fn weights(&self, draw: Draw, n_rows: usize) -> Result<Vec<u8>, DeviceFailure> {
        let mut weights = vec![0; n_rows * draw.n_replicates];
        self.by_chunks(draw, n_rows, |first, n_kept, table| {
            let chunk: Vec<u8> = self.download(table, n_rows * LANES)?;
            for (row, lanes) in chunk.chunks(LANES).enumerate() {
                weights[row * draw.n_replicates + first..][..n_kept].copy_from_slice(&lanes[..n_kept]);
            }
            Ok(())
        })?;
        Ok(weights)
    }

    fn roc_auc(&self, rankings: &[&Ranking], draw: Draw) -> Result<Replicates, DeviceFailure> {
        curves::replicates(self, rankings, draw, Curve::Roc)
    }

    fn average_precision(&self, rankings: &[&Ranking], draw: Draw) -> Result<Replicates, DeviceFailure> {
        curves::replicates(self, rankings, draw, Curve::Precision)
    }

    fn means(&self, columns: &[&[f64]], draw: Draw) -> Result<Replicates, DeviceFailure> {
        let Some(n_rows) = columns.first().map(|column| column.len()) else { return Ok(Vec::new()) };
        let mut means = vec![Vec::with_capacity(draw.n_replicates); columns.len()];
        let n_blocks = n_rows.div_ceil(MEAN_BLOCK_ROWS);
        let n_sums = n_blocks * columns.len() * LANES;
        let n_chunks = draw.n_replicates.div_ceil(LANES);
        let n_joined = n_together(n_sums * size_of::<f64>()).min(n_chunks);
        let values = self.upload_columns(columns)?;
        let sums = self.zeros::<f64>(n_sums * n_joined)?;
        let totals = self.zeros::<u32>(n_blocks * LANES * n_joined)?;
        let found = self.zeros::<f64>(columns.len() * LANES * n_joined)?;
        self.by_chunks(draw, n_rows, |first, _, table| {
            let chunk = first / LANES % n_joined;
            let arguments = [
                buffer(&values),
                buffer(table),
                buffer(&sums),
                buffer(&totals),
                count(n_rows)?,
                count(columns.len())?,
                count(n_blocks)?,
                count(chunk)?,
            ];
            self.0.launch("mean_blocks", Shape::of_threads(n_sums), &arguments)?;
            if chunk + 1 < n_joined && first / LANES + 1 < n_chunks {
                return Ok(());
            }
            let n_means = columns.len() * LANES * (chunk + 1);
            let arguments = [
                buffer(&sums),
                buffer(&totals),
                buffer(&found),
                count(columns.len())?,
                count(n_blocks)?,
                count(chunk + 1)?,
            ];
            self.0.launch("join_means", Shape::of_threads(n_means), &arguments)?;
            let lanes: Vec<f64> = self.download(&found, n_means)?;
            add_lanes(&mut means, &lanes, draw);
            Ok(())
        })?;
        Ok(means)
    }

    fn segment_means(&self, values: &[f64], ends: &[u32]) -> Result<Vec<f64>, DeviceFailure> {
        let starts = std::iter::once(&0).chain(ends);
        let lengths: Vec<usize> = starts.zip(ends).map(|(start, end)| (end - start) as usize).collect();
        let sums = self.sums_of_lengths(&[values], &lengths)?;
        Ok(sums.into_iter().zip(lengths).map(|(sum, length)| sum / length as f64).collect())
    }

    fn overlaps(&self, pairs: &[(&[Run], &[Run])]) -> Result<Vec<u64>, DeviceFailure> {
        let mut lists = Lists::default();
        for (a, b) in pairs {
            for runs in [a, b] {
                lists.push(runs.iter().flat_map(|run| [run.start, run.length]), 2)?;
            }
        }
        let found = self.zeros::<u64>(pairs.len())?;
        let (runs, ends) = (self.upload(&lists.values)?, self.upload(&lists.ends)?);
        let arguments = [buffer(&runs), buffer(&ends), buffer(&found), count(pairs.len())?];
        self.0.launch("overlap_runs", Shape::of_threads(pairs.len()), &arguments)?;
        self.download(&found, pairs.len())
    }

    fn distances(&self, pairs: &[Pair<'_>]) -> Result<Vec<u32>, DeviceFailure> {
        let mut lists = Lists::default();
        let mut n_masks = 0;
        let mut mask_ends = Vec::with_capacity(pairs.len());
        for (a, b) in pairs {
            let (pattern, text) = edits::differing(a, b);
            let dense = Dense::of(pattern, text);
            lists.push(dense.pattern.into_iter(), 1)?;
            lists.push(dense.text.into_iter(), 1)?;
            n_masks += dense.n_numbers;
            mask_ends.push(number(n_masks)?);
        }
        let found = self.zeros::<u32>(pairs.len())?;
        let masks = self.zeros::<u64>(n_masks)?;
        let carries = self.zeros::<u8>(lists.values.len())?;
        let (symbols, ends) = (self.upload(&lists.values)?, self.upload(&lists.ends)?);
        let mask_ends = self.upload(&mask_ends)?;
        let arguments = [
            buffer(&symbols),
            buffer(&ends),
            buffer(&mask_ends),
            buffer(&masks),
            buffer(&carries),
            buffer(&found),
            count(pairs.len())?,
        ];
        self.0.launch("edit_distances", Shape::of_threads(pairs.len()), &arguments)?;
        self.download(&found, pairs.len())
    }

    fn text_distances(&self, pairs: &[(&str, &str)]) -> Result<Vec<u32>, DeviceFailure> {
        let points = |text: &str| text.chars().map(u32::from).collect::<Vec<u32>>();
        let symbols: Vec<(Vec<u32>, Vec<u32>)> = pairs.iter().map(|(a, b)| (points(a), points(b))).collect();
        let pairs: Vec<Pair<'_>> = symbols.iter().map(|(a, b)| (a.as_slice(), b.as_slice())).collect();
        self.distances(&pairs)
    }

    fn products(&self, columns: &[&[f32]], with: &[&[f32]]) -> Result<Replicates, DeviceFailure> {
        if columns.is_empty() || with.is_empty() {
            return Ok(vec![Vec::new(); with.len()]);
        }
        let n_rows = with[0].len();
        let n_products = columns.len() * with.len();
        let parts = Parts::of(n_rows, [columns.len(), with.len()], BUSY_TILES * self.0.n_processors());
        let found = self.zeros::<f64>(n_products * parts.n_sums())?;
        let columns_there = self.upload_columns(columns)?;
        // Columns among themselves travel once.
        let is_same =
            columns.len() == with.len() && columns.iter().zip(with).all(|(a, b)| std::ptr::eq(*a, *b));
        let with_there = if is_same { None } else { Some(self.upload_columns(with)?) };
        let arguments = [
            buffer(&columns_there),
            buffer(with_there.as_ref().unwrap_or(&columns_there)),
            buffer(&found),
            count(n_rows)?,
            count(columns.len())?,
            count(with.len())?,
            count(parts.n)?,
            count(parts.n_blocks_each * PRODUCT_BLOCK_ROWS)?,
        ];
        let tiles = |n: usize| n.div_ceil(TILE);
        let grid = [(tiles(columns.len()) * parts.n) as u32, tiles(with.len()) as u32];
        self.0.launch("column_products", Shape { grid, block: TILE_THREADS }, &arguments)?;
        let found = if parts.n == 1 { found } else { self.join_products(&found, n_products, parts)? };
        let found: Vec<f64> = self.download(&found, n_products)?;
        Ok(found.chunks(columns.len()).map(<[f64]>::to_vec).collect())
    }
}

/// The rows of products, cut so that a device has enough to do at a time. What one part adds up are whole blocks, so that
/// no sum depends on how many parts there are.
#[derive(Debug, Clone, Copy)]
struct Parts {
    n: usize,
    n_blocks: usize,
    n_blocks_each: usize,
}

impl Parts {
    fn of(n_rows: usize, n_columns: [usize; 2], n_busy: usize) -> Self {
        let n_blocks = n_rows.div_ceil(PRODUCT_BLOCK_ROWS).max(1);
        let n_tiles: usize = n_columns.iter().map(|n| n.div_ceil(TILE)).product();
        let bytes_of_blocks = n_columns.iter().product::<usize>() * n_blocks * size_of::<f64>();
        let wanted = if bytes_of_blocks > MOST_BYTES { 1 } else { (n_busy / n_tiles).clamp(1, n_blocks) };
        let n_blocks_each = n_blocks.div_ceil(wanted);
        Self { n: n_blocks.div_ceil(n_blocks_each), n_blocks, n_blocks_each }
    }

    /// That are kept of every product.
    fn n_sums(self) -> usize {
        if self.n == 1 { 1 } else { self.n_blocks }
    }
}

/// What kernels found in the lanes of some chunks of replicates, of one column after another in each; those beyond the last
/// replicate are left out.
pub(super) fn add_lanes(values: &mut [Vec<f64>], lanes: &[f64], draw: Draw) {
    for chunk in lanes.chunks((values.len() * LANES).max(1)) {
        for (values, lanes) in values.iter_mut().zip(chunk.chunks(LANES)) {
            let n_left = draw.n_replicates - values.len();
            values.extend(&lanes[..LANES.min(n_left)]);
        }
    }
}

pub(super) fn buffer<B>(buffer: &B) -> Argument<'_, B> {
    Argument::Buffer(buffer)
}

pub(super) fn count<B>(n: usize) -> Result<Argument<'static, B>, DeviceFailure> {
    Ok(Argument::Number(number(n)?))
}

impl<D: Device> Kernels<D> {
    pub(super) fn upload<T: Pod>(&self, values: &[T]) -> Result<D::Buffer, DeviceFailure> {
        self.0.upload(&[bytemuck::cast_slice(values)])
    }

    /// Columns one after another, each from where it lies.
    pub(super) fn upload_columns<T: Pod>(&self, columns: &[&[T]]) -> Result<D::Buffer, DeviceFailure> {
        let n_bytes = columns.iter().map(|column| size_of_val(*column)).sum::<usize>();
        if n_bytes < BYTES_OF_A_JOURNEY * columns.len() {
            return self.upload(&columns.concat());
        }
        self.0.upload(&columns.iter().map(|column| bytemuck::cast_slice(column)).collect::<Vec<&[u8]>>())
    }

    fn join_products(
        &self,
        blocks: &D::Buffer,
        n_products: usize,
        parts: Parts,
    ) -> Result<D::Buffer, DeviceFailure> {
        let joined = self.zeros::<f64>(n_products)?;
        let arguments = [buffer(blocks), buffer(&joined), count(n_products)?, count(parts.n_blocks)?];
        self.0.launch("join_products", Shape::of_threads(n_products), &arguments)?;
        Ok(joined)
    }

    pub(super) fn zeros<T: Pod>(&self, n: usize) -> Result<D::Buffer, DeviceFailure> {
        self.0.zeros(n * size_of::<T>())
    }

    pub(super) fn download<T: Pod + Zeroable>(
        &self,
        buffer: &D::Buffer,
        n: usize,
    ) -> Result<Vec<T>, DeviceFailure> {
        let mut values = vec![T::zeroed(); n];
        self.0.download(buffer, bytemuck::cast_slice_mut(&mut values))?;
        Ok(values)
    }

    /// The sums of so many values each, which follow each other.
    fn sums_of_lengths(&self, values: &[&[f64]], lengths: &[usize]) -> Result<Vec<f64>, DeviceFailure> {
        let mut block_starts: Vec<u64> = Vec::new();
        let mut block_lengths: Vec<u32> = Vec::new();
        let mut start = 0;
        for length in lengths {
            for block in (0..*length).step_by(sums::BLOCK) {
                block_starts.push((start + block) as u64);
                block_lengths.push(sums::BLOCK.min(length - block) as u32);
            }
            start += length;
        }
        let n_blocks = block_starts.len();
        let values = self.upload_columns(values)?;
        let (block_starts, block_lengths) = (self.upload(&block_starts)?, self.upload(&block_lengths)?);
        let found = self.zeros::<f64>(n_blocks)?;
        let arguments = [
            buffer(&values),
            buffer(&block_starts),
            buffer(&block_lengths),
            buffer(&found),
            count(n_blocks)?,
        ];
        self.0.launch("sum_blocks", Shape::of_threads(n_blocks), &arguments)?;
        let found: Vec<f64> = self.download(&found, n_blocks)?;
        let mut blocks = found.into_iter();
        let join = |length: &usize| sums::join(blocks.by_ref().take(length.div_ceil(sums::BLOCK)));
        Ok(lengths.iter().map(join).collect())
    }

    /// Calls `work` for every chunk of replicates with its first, how many of its lanes count, and the weights
    /// of all rows in them.
    pub(super) fn by_chunks(
        &self,
        draw: Draw,
        n_rows: usize,
        mut work: impl FnMut(usize, usize, &D::Buffer) -> Result<(), DeviceFailure>,
    ) -> Result<(), DeviceFailure> {
        let table = self.zeros::<u8>(n_rows * LANES)?;
        let [key_low, key_high] = draw.key();
        for first in (0..draw.n_replicates).step_by(LANES) {
            let shape = Shape::of_threads(n_rows.div_ceil(ROWS_PER_CALL) * LANES);
            let arguments = [
                buffer(&table),
                count(n_rows)?,
                count(first)?,
                Argument::Number(key_low),
                Argument::Number(key_high),
            ];
            self.0.launch("draw_weights", shape, &arguments)?;
            work(first, LANES.min(draw.n_replicates - first), &table)?;
        }
        Ok(())
    }

    /// The keys of all columns in order, one column after another, and their rows.
    fn sort(&self, columns: &[&[u64]], n: usize) -> Result<(D::Buffer, D::Buffer), DeviceFailure> {
        let n_items = n * columns.len();
        let items_per_owner = ITEMS_PER_OWNER.max(n.div_ceil(MOST_OWNERS));
        let n_owners = n.div_ceil(items_per_owner);
        let mut keys = self.upload_columns(columns)?;
        let mut rows = self.zeros::<u32>(n_items)?;
        let mut sorted_keys = self.zeros::<u64>(n_items)?;
        let mut sorted_rows = self.zeros::<u32>(n_items)?;
        let counts = self.zeros::<u32>(DIGITS * n_owners * columns.len())?;
        let of_columns = |shape: Shape| Shape { grid: [shape.grid[0], columns.len() as u32], ..shape };
        self.0.launch("number_rows", of_columns(Shape::of_threads(n)), &[buffer(&rows), count(n)?])?;
        let owners = of_columns(Shape::of_threads(n_owners));
        let scan = Shape { grid: [1, columns.len() as u32], block: [SCAN_THREADS, 1] };
        let [n_items, per_owner, n_owners_there] = [number(n)?, number(items_per_owner)?, number(n_owners)?];
        for shift in varying_digits(columns) {
            let arguments = [
                buffer(&keys),
                buffer(&counts),
                Argument::Number(n_items),
                Argument::Number(per_owner),
                Argument::Number(n_owners_there),
                Argument::Number(shift),
            ];
            self.0.launch("count_digits", owners, &arguments)?;
            self.0.launch("scan_digits", scan, &[buffer(&counts), count(DIGITS * n_owners)?])?;
            let arguments = [
                buffer(&keys),
                buffer(&rows),
                buffer(&counts),
                buffer(&sorted_keys),
                buffer(&sorted_rows),
                Argument::Number(n_items),
                Argument::Number(per_owner),
                Argument::Number(n_owners_there),
                Argument::Number(shift),
            ];
            self.0.launch("scatter_digits", owners, &arguments)?;
            std::mem::swap(&mut keys, &mut sorted_keys);
            std::mem::swap(&mut rows, &mut sorted_rows);
        }
        Ok((keys, rows))
    }
}

/// Where keys of some column differ; all other passes would move nothing.
fn varying_digits(columns: &[&[u64]]) -> impl Iterator<Item = u32> {
    let differing = |column: &&[u64]| column.iter().fold(0, |all, key| all | (key ^ column[0]));
    let differing = columns.iter().map(differing).fold(0, |all, bits| all | bits);
    (0..u64::BITS).step_by(BITS_OF_DIGIT as usize).filter(move |shift| differing >> shift & 15 != 0)
}
