//! Masks of images, straight from their runs: nothing here ever holds a pixel grid.

mod boundary;
mod outline;
mod overlap;
mod panoptic;
mod size;

pub use boundary::{HD95, NSD};
pub use overlap::{
    DICE_CLASS_MEAN, DICE_GLOBAL, DICE_MEAN, IOU_CLASS_MEAN, IOU_GLOBAL, IOU_MEAN, TGS_MAP_IOU,
};
pub use panoptic::{PANOPTIC_QUALITY, PANOPTIC_QUALITY_CLASS_MEAN};
pub(crate) use size::image_size;

use holdout_contract::spec::{Cell, Direction, Task};

use crate::metrics::about::{About, Kind, ParameterAbout, fields};

const MASKS: fields::Fields = fields::Fields::Target { solution: Cell::Mask, submission: Cell::Mask };

const EMPTY_PAIR: ParameterAbout = ParameterAbout {
    name: "empty_pair",
    kind: Kind::Integer(0, 1, 1),
    description: "What a row counts where neither truth nor prediction has a pixel: 1 or 0.",
    is_main: true,
};
const LEAVE_OUT: ParameterAbout = ParameterAbout {
    name: "leave_out_empty_pairs",
    kind: Kind::Boolean(false),
    description: "Leaves rows out of the mean where neither truth nor prediction has a pixel.",
    is_main: false,
};

const RUNS: &str = "A mask is a list of runs “start length …”: pixels are numbered from 1 down the first column, then down the next; an empty cell (or “-”) is a mask without pixels.";
const CHECKED: &str =
    "Runs that overlap, descend, or reach beyond an image of known size are refused with their line.";
const EMPTIES: &str = "Where neither mask has a pixel the row counts 1, or 0, or is left out, as the parameters say; where one of them has, 0.";
const GAMING: &str = "Where many images have no object, an empty mask for every doubtful image scores the full value there; a threshold other than 0.5 may be best.";

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Segmentation,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: MASKS,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: GAMING,
};
