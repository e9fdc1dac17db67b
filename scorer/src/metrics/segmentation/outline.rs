//! The outline of a mask, as intervals of rows in every column, and exact distances between outlines.
//!
//! An outline pixel is a mask pixel with a neighbour above, below, left or right that is not in the
//! mask; what lies outside the image is not in the mask.

/// Intervals of rows, sorted and disjoint, for every column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    starts: Vec<usize>,
    intervals: Vec<Interval>,
}

type Interval = (u32, u32);

use crate::intake::shapes::Runs;

impl Columns {
    /// The columns of a mask; runs that touch are joined.
    pub(super) fn of(mask: &str, height: u32, width: u32) -> Self {
        let height = u64::from(height);
        let mut columns = Self { starts: vec![0], intervals: Vec::new() };
        for run in Runs::of(mask) {
            let mut at = run.start;
            let end = run.end.min(height * u64::from(width));
            while at < end {
                let column = at / height;
                let until = end.min((column + 1) * height);
                columns.open(column as usize);
                columns.push(((at - column * height) as u32, (until - column * height) as u32));
                at = until;
            }
        }
        columns.close(width as usize);
        columns
    }

    /// Ends all columns before this one.
    fn open(&mut self, column: usize) {
        while self.starts.len() <= column {
            self.starts.push(self.intervals.len());
        }
    }

    fn close(&mut self, width: usize) {
        self.open(width);
    }

    /// Adds an interval to the column that was opened last.
    fn push(&mut self, (start, end): Interval) {
        let first = self.starts.last().copied().unwrap_or(0);
        match self.intervals[first..].last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            _ => self.intervals.push((start, end)),
        }
    }

    fn column(&self, at: usize) -> &[Interval] {
        &self.intervals[self.starts[at]..self.starts[at + 1]]
    }

    fn n_columns(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    pub(super) fn n_pixels(&self) -> u64 {
        self.intervals.iter().map(|(start, end)| u64::from(end - start)).sum()
    }

    pub(super) fn outline(&self) -> Self {
        let mut outline = Self { starts: vec![0], intervals: Vec::new() };
        let none: &[Interval] = &[];
        for at in 0..self.n_columns() {
            let left = if at == 0 { none } else { self.column(at - 1) };
            let right = if at + 1 == self.n_columns() { none } else { self.column(at + 1) };
            let shrunk: Vec<Interval> = self
                .column(at)
                .iter()
                .map(|(start, end)| (start + 1, end - 1))
                .filter(|(start, end)| start < end)
                .collect();
            let inside = common(&common(&shrunk, left), right);
            outline.intervals.extend(without(self.column(at), &inside));
            outline.starts.push(outline.intervals.len());
        }
        outline
    }
}

fn common(a: &[Interval], b: &[Interval]) -> Vec<Interval> {
    let (mut i, mut j) = (0, 0);
    let mut found = Vec::new();
    while i < a.len() && j < b.len() {
        let both = (a[i].0.max(b[j].0), a[i].1.min(b[j].1));
        if both.0 < both.1 {
            found.push(both);
        }
        if a[i].1 <= b[j].1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

/// `a` without `b`, where `b` lies inside `a`.
fn without(a: &[Interval], b: &[Interval]) -> Vec<Interval> {
    let mut inside = b.iter().peekable();
    let mut left = Vec::new();
    for (start, end) in a {
        let mut from = *start;
        while let Some((hole, hole_end)) = inside.next_if(|(hole, _)| hole < end) {
            if from < *hole {
                left.push((from, *hole));
            }
            from = *hole_end;
        }
        if from < *end {
            left.push((from, *end));
        }
    }
    left
}

/// One column of an outline while rows go by.
struct Cursor<'a> {
    column: usize,
    intervals: &'a [Interval],
    /// The first interval that ends after the row.
    next: usize,
}

impl Cursor<'_> {
    fn advance(&mut self, row: u32) {
        while self.intervals.get(self.next).is_some_and(|(_, end)| *end <= row) {
            self.next += 1;
        }
    }

    fn holds(&self, row: u32) -> bool {
        self.intervals.get(self.next).is_some_and(|(start, _)| *start <= row)
    }

    /// Rows to the nearest pixel of this column.
    fn distance(&self, row: u32) -> u32 {
        let below = self.intervals.get(self.next).map(|(start, _)| start.saturating_sub(row));
        let above = self.next.checked_sub(1).map(|before| row - (self.intervals[before].1 - 1));
        below.into_iter().chain(above).min().unwrap_or(u32::MAX)
    }
}

fn cursors(columns: &Columns) -> Vec<Cursor<'_>> {
    (0..columns.n_columns())
        .map(|column| Cursor { column, intervals: columns.column(column), next: 0 })
        .filter(|cursor| !cursor.intervals.is_empty())
        .collect()
}

/// Calls `see` with the squared distance from every pixel of one outline to the nearest of the other,
/// row by row: the distance within each column, then the lower envelope of parabolas over the columns
/// (Felzenszwalb & Huttenlocher 2012), for the rows and columns alone that are asked about.
///
/// `spacing` is the height and the width of a pixel. Neither outline may be empty.
pub(super) fn each_squared_distance(
    from: &Columns,
    to: &Columns,
    spacing: (f64, f64),
    mut see: impl FnMut(f64),
) {
    let rows = || from.intervals.iter();
    let first = rows().map(|(start, _)| *start).min().unwrap_or(0);
    let last = rows().map(|(_, end)| *end).max().unwrap_or(0);
    let (mut asking, mut answering) = (cursors(from), cursors(to));
    let mut envelope = Envelope::default();
    for row in first..last {
        asking.iter_mut().for_each(|cursor| cursor.advance(row));
        if !asking.iter().any(|cursor| cursor.holds(row)) {
            continue;
        }
        envelope.clear();
        for cursor in &mut answering {
            cursor.advance(row);
            let height = f64::from(cursor.distance(row)) * spacing.0;
            envelope.add(cursor.column as f64 * spacing.1, height * height);
        }
        let mut at = 0;
        for cursor in asking.iter().filter(|cursor| cursor.holds(row)) {
            see(envelope.lowest(cursor.column as f64 * spacing.1, &mut at));
        }
    }
}

/// Parabolas (x - place)² + height of which each is the lowest somewhere.
#[derive(Default)]
struct Envelope {
    places: Vec<f64>,
    heights: Vec<f64>,
    /// From where each is the lowest.
    from: Vec<f64>,
}

impl Envelope {
    fn clear(&mut self) {
        self.places.clear();
        self.heights.clear();
        self.from.clear();
    }

    /// Places come in ascending order.
    fn add(&mut self, place: f64, height: f64) {
        let mut from = f64::NEG_INFINITY;
        while let (Some(other), Some(above), Some(begins)) =
            (self.places.last(), self.heights.last(), self.from.last())
        {
            from = 0.5 * ((height - above) / (place - other) + place + other);
            if from > *begins {
                break;
            }
            from = f64::NEG_INFINITY;
            self.places.pop();
            self.heights.pop();
            self.from.pop();
        }
        self.places.push(place);
        self.heights.push(height);
        self.from.push(from);
    }

    /// The lowest value at `x`; `at` remembers the parabola, as `x` ascends.
    fn lowest(&self, x: f64, at: &mut usize) -> f64 {
        while self.from.get(*at + 1).is_some_and(|from| *from < x) {
            *at += 1;
        }
        let across = x - self.places[*at];
        across * across + self.heights[*at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splitmix::SplitMix64;

    fn mask(random: &mut SplitMix64, n_pixels: u64) -> String {
        let mut text = String::new();
        let mut at = 1 + random.next_number() % 9;
        while at <= n_pixels {
            let length = (1 + random.next_number() % 30).min(n_pixels + 1 - at);
            text += &format!("{at} {length} ");
            at += length + random.next_number() % 12;
        }
        text
    }

    fn pixels(columns: &Columns) -> Vec<(i64, i64)> {
        let rows = |column: usize| columns.column(column).iter().flat_map(|(start, end)| *start..*end);
        (0..columns.n_columns())
            .flat_map(|column| rows(column).map(move |row| (i64::from(row), column as i64)))
            .collect()
    }

    /// The outline and the distances, pixel against pixel.
    fn by_pixels(mask: &Columns) -> Vec<(i64, i64)> {
        let all = pixels(mask);
        let is_inside = |(row, column): (i64, i64)| {
            [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
                .iter()
                .all(|pixel| all.contains(pixel))
        };
        all.iter().copied().filter(|pixel| !is_inside(*pixel)).collect()
    }

    #[test]
    fn outlines_and_distances_are_those_of_pixels() {
        let mut random = SplitMix64::new(7);
        for (height, width) in [(16, 11), (7, 20), (1, 30), (30, 1)] {
            for spacing in [(1.0, 1.0), (0.5, 3.0)] {
                for _ in 0..6 {
                    let n_pixels = u64::from(height * width);
                    let a = Columns::of(&mask(&mut random, n_pixels), height, width);
                    let b = Columns::of(&mask(&mut random, n_pixels), height, width);
                    let (from, to) = (a.outline(), b.outline());
                    assert_eq!(pixels(&from), by_pixels(&a));
                    let mut found = Vec::new();
                    each_squared_distance(&from, &to, spacing, |distance| found.push(distance));
                    let nearest = |pixel: &(i64, i64)| {
                        let distance = |other: &(i64, i64)| {
                            let down = (pixel.0 - other.0) as f64 * spacing.0;
                            let across = (pixel.1 - other.1) as f64 * spacing.1;
                            down * down + across * across
                        };
                        pixels(&to).iter().map(distance).fold(f64::INFINITY, f64::min)
                    };
                    let mut expected: Vec<f64> = pixels(&from).iter().map(nearest).collect();
                    expected.sort_by(f64::total_cmp);
                    found.sort_by(f64::total_cmp);
                    assert_eq!(found, expected);
                    assert_eq!(from.n_pixels(), found.len() as u64);
                }
            }
        }
    }
}
