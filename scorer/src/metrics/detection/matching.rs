//! Boxes by image and class, their overlaps, and the classes of a split.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::intake::shapes::{Boxed, boxes};
use crate::metrics::{Draws, Rows, Undefined};
use crate::parallel;

use super::in_file_order;

/// The intersection over union of two boxes; 0 where they do not meet.
pub(super) fn iou(a: &Boxed<'_>, b: &Boxed<'_>) -> f64 {
    let width = (a.x + a.width).min(b.x + b.width) - a.x.max(b.x);
    let height = (a.y + a.height).min(b.y + b.height) - a.y.max(b.y);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let both = width * height;
    both / (area(a) + area(b) - both)
}

pub(super) fn area(of: &Boxed<'_>) -> f64 {
    of.width * of.height
}

/// The boxes of one class in one image; predicted ones by falling confidence, ties as they stand.
#[derive(Debug, Default)]
pub(super) struct Image<'a> {
    /// Its place among the rows.
    pub(super) row: usize,
    pub(super) truths: Vec<Boxed<'a>>,
    pub(super) predictions: Vec<Boxed<'a>>,
}

/// The images of every class that the truth has, in the order of the solution file; images without a
/// box of the class are left out.
pub(super) fn by_class<'a>(rows: &Rows<'a>) -> Result<Vec<Vec<Image<'a>>>, Undefined> {
    rows.positive_weight()?;
    let order = in_file_order(rows);
    let mut classes: BTreeMap<&str, Vec<(usize, Image<'a>)>> = BTreeMap::new();
    for (place, at) in order.iter().enumerate() {
        for truth in boxes(rows.truths[0].text(*at), false) {
            image(classes.entry(truth.class).or_default(), place).truths.push(truth);
        }
    }
    if classes.is_empty() {
        return Err(Undefined::because("This split has no true box."));
    }
    for (place, at) in order.iter().enumerate() {
        for prediction in boxes(rows.predictions[0].text(*at), true) {
            if let Some(images) = classes.get_mut(prediction.class) {
                image_anywhere(images, place).predictions.push(prediction);
            }
        }
    }
    Ok(classes.into_values().map(|images| finished(images, &order)).collect())
}

/// The image at this place, made if it is new; places come in ascending order.
fn image<'a, 'b>(images: &'b mut Vec<(usize, Image<'a>)>, place: usize) -> &'b mut Image<'a> {
    if images.last().is_none_or(|(last, _)| *last != place) {
        images.push((place, Image::default()));
    }
    let last = images.len() - 1;
    &mut images[last].1
}

/// As [`image`], after images with truths: those are sorted, those with predictions alone come behind.
fn image_anywhere<'a, 'b>(images: &'b mut Vec<(usize, Image<'a>)>, place: usize) -> &'b mut Image<'a> {
    let n_with_truth = images.partition_point(|(_, image)| !image.truths.is_empty());
    match images[..n_with_truth].binary_search_by_key(&place, |(place, _)| *place) {
        Ok(at) => &mut images[at].1,
        Err(_) => image(images, place),
    }
}

fn finished<'a>(mut images: Vec<(usize, Image<'a>)>, order: &[usize]) -> Vec<Image<'a>> {
    images.sort_by_key(|(place, _)| *place);
    for (place, image) in &mut images {
        image.row = order[*place];
        image.predictions.sort_by(|a, b| falling(a.confidence, b.confidence));
    }
    images.into_iter().map(|(_, image)| image).collect()
}

/// Confidences are finite; 0 and -0 are equal.
fn falling(a: f64, b: f64) -> Ordering {
    b.partial_cmp(&a).unwrap_or(Ordering::Equal)
}

/// Indexes of confidences, highest first, ties as they stand.
pub(super) fn by_confidence(confidences: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..confidences.len()).collect();
    order.sort_by(|a, b| falling(confidences[*a], confidences[*b]));
    order
}

/// Draws that are reckoned side by side.
pub(super) const LANES: usize = 16;

/// A whole number of every draw.
pub(super) type Counts = [u32; LANES];

/// How often every image comes in some neighbouring draws, by its row.
pub(super) struct Times(Vec<Counts>);

impl Times {
    /// Of the draws from `first` on; those beyond the last have no image.
    fn of(draws: &Draws<'_>, first: usize, n_images: usize) -> Self {
        let mut times: Vec<Counts> = vec![[0; LANES]; n_images];
        for lane in 0..LANES.min(draws.n_draws() - first) {
            let of_draw = draws.times(first + lane, n_images);
            times.iter_mut().zip(of_draw).for_each(|(times, of_draw)| times[lane] = of_draw.into());
        }
        Self(times)
    }

    pub(super) fn of_row(&self, row: u32) -> &Counts {
        &self.0[row as usize]
    }

    pub(super) fn of_rows(&self, rows: impl Iterator<Item = u32>) -> Counts {
        let mut total = [0; LANES];
        rows.for_each(|row| add(&mut total, self.of_row(row)));
        total
    }
}

pub(super) fn add(total: &mut Counts, counts: &Counts) {
    total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
}

/// What a class comes to in some draws of images: how many true boxes it has, and its score where there is any.
pub(super) struct OfClass {
    pub n_true: Counts,
    pub scores: [f64; LANES],
}

/// The mean over classes of draws of images; `NaN` where a draw has none of them.
pub(super) fn of_draws<C: Sync>(
    draws: &Draws<'_>,
    n_images: usize,
    classes: &[C],
    n_boxes: usize,
    of_class: impl Fn(&C, &Times) -> OfClass + Sync,
) -> Vec<f64> {
    let n_groups = draws.n_draws().div_ceil(LANES);
    let groups = parallel::map(n_groups, draws.n_draws() * n_boxes, |group| {
        let times = Times::of(draws, group * LANES, n_images);
        let found: Vec<OfClass> = classes.iter().map(|class| of_class(class, &times)).collect();
        let mean_of_draw = |lane: usize| {
            let has_true = found.iter().filter(|class| class.n_true[lane] > 0);
            mean(&has_true.map(|class| class.scores[lane]).collect::<Vec<f64>>()).unwrap_or(f64::NAN)
        };
        std::array::from_fn::<f64, LANES, _>(mean_of_draw)
    });
    groups.into_iter().flatten().take(draws.n_draws()).collect()
}

/// `None` of no values.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| crate::kernels::sum(values.len(), |at| values[at]) / values.len() as f64)
}

pub(super) fn count_predictions(classes: &[Vec<Image<'_>>]) -> usize {
    classes.iter().flatten().map(|image| image.predictions.len()).sum()
}
