//! Boxes in images, matched with the true ones.

mod coco;
mod matching;
mod voc;
mod walk;

pub use coco::{COCO_AP50, COCO_AR100, COCO_MAP};
pub use voc::VOC_AP;

use std::borrow::Cow;

use holdout_contract::spec::{Cell, Direction, Task};

use crate::metrics::Rows;
use crate::metrics::about::{About, fields};

const BOXES: fields::Fields = fields::Fields::Named {
    solution: &[("boxes", Cell::Boxes)],
    submission: &[("prediction", Cell::ScoredBoxes)],
};

const FORMAT: &str = "The solution's column “boxes” holds “class x y width height” for every box of an image, the submission's column “prediction” “class confidence x y width height”; an empty cell has no box. x and y are the top left corner.";
const CLASSES: &str = "The classes are those that the truth of the split has; predicted boxes of other classes do not count. Undefined where the split has no true box.";
const TIES: &str = "Equal confidences keep the order of the solution's rows and of the boxes in the cell.";

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Detection,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: BOXES,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "Boxes of low confidence cost nothing once all better ones are listed: long tails of doubtful boxes never hurt.",
};

/// The true boxes as a submission would hold them, each with the confidence 1.
fn with_confidence(truth: &str) -> Cow<'_, str> {
    let mut written = String::with_capacity(truth.len() + 16);
    for (place, item) in truth.split_ascii_whitespace().enumerate() {
        if place > 0 {
            written.push(' ');
        }
        written.push_str(item);
        if place % 5 == 0 {
            written.push_str(" 1");
        }
    }
    Cow::Owned(written)
}

/// The rows of a split in the order of the solution file, by which ties are broken.
fn in_file_order(rows: &Rows<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by_key(|at| rows.row_numbers[*at]);
    order
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_true_box_gets_a_confidence() {
        assert_eq!(super::with_confidence("cat 1 2 3 4  dog 5 6 7 8"), "cat 1 1 2 3 4 dog 1 5 6 7 8");
        assert_eq!(super::with_confidence(""), "");
    }
}
