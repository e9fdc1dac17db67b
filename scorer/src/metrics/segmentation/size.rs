//! How large an image is: the same for all, or as columns of the solution say.

use holdout_contract::rejection::RejectionKind;
use holdout_contract::spec::{Cell, Layout};

use crate::intake::shapes::{Runs, masks};
use crate::judge::Context;
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{Params, Values};
use crate::misfit::Misfits;

/// Larger images are not judged.
const MAX_SIDE: u32 = 65_536;

pub(super) const HEIGHT: ParameterAbout = ParameterAbout {
    name: "height",
    kind: Kind::Integer(0, MAX_SIDE as i64, 0),
    description: "The height of every image in pixels; 0: as the competition's “height” says, or unknown.",
    is_main: false,
};
pub(super) const WIDTH: ParameterAbout = ParameterAbout {
    name: "width",
    description: "The width of every image in pixels; 0: as the competition's “width” says, or unknown.",
    ..HEIGHT
};
pub(super) const HEIGHT_COLUMN: ParameterAbout = ParameterAbout {
    name: "height_column",
    kind: Kind::Text(""),
    description: "The solution's column with the height of each row's image, where sizes differ; needs “width_column”, too.",
    is_main: false,
};
pub(super) const WIDTH_COLUMN: ParameterAbout = ParameterAbout {
    name: "width_column",
    description: "The solution's column with the width of each row's image, where sizes differ; needs “height_column”, too.",
    ..HEIGHT_COLUMN
};
pub(super) const MASK_COLUMN: ParameterAbout = ParameterAbout {
    name: "mask_column",
    kind: Kind::Text("rle"),
    description: "The name of the column with the masks, where columns say how large the images are.",
    is_main: false,
};

/// Height and width of every image, where parameters or competition say so.
pub(crate) fn image_size(params: &Params, context: &Context) -> Option<(u32, u32)> {
    let side = |name: &str| {
        let given = params.optional_number(name).filter(|side| *side > 0.0);
        given.or_else(|| context.number(name)).and_then(whole_side)
    };
    Some((side(HEIGHT.name)?, side(WIDTH.name)?))
}

fn whole_side(side: f64) -> Option<u32> {
    (side.fract() == 0.0 && (1.0..=f64::from(MAX_SIDE)).contains(&side)).then_some(side as u32)
}

fn columns(params: &Params) -> Option<(&str, &str)> {
    Some((params.text(HEIGHT_COLUMN.name)?, params.text(WIDTH_COLUMN.name)?))
}

/// The mask column in both files, and the columns of sizes in the solution where there are some.
pub(super) fn layout(about: &About, params: &Params) -> Layout {
    let plain = about.layout.to_layout();
    let (Some((height, width)), Layout::Target { solution: cell, .. }) = (columns(params), &plain) else {
        return plain;
    };
    let mask = params.text(MASK_COLUMN.name).unwrap_or("rle").to_owned();
    let sizes = [(height.to_owned(), Cell::Integer), (width.to_owned(), Cell::Integer)];
    Layout::Named {
        solution: std::iter::once((mask.clone(), *cell)).chain(sizes).collect(),
        submission: vec![(mask, *cell)],
    }
}

/// # Errors
/// One column of sizes without the other.
pub(super) fn fits(params: &Params) -> Result<(), String> {
    match (params.text(HEIGHT_COLUMN.name), params.text(WIDTH_COLUMN.name)) {
        (Some(_), None) | (None, Some(_)) => {
            Err("The parameters “height_column” and “width_column” go together: set both, or none.".into())
        }
        _ => Ok(()),
    }
}

/// Whether the size of every image will be known.
pub(super) fn is_known(params: &Params, context: &Context) -> bool {
    columns(params).is_some() || image_size(params, context).is_some()
}

/// The size of one row's image, from the solution's columns where they say it.
pub(super) fn of_row(truths: &[Values<'_>], at: usize, everywhere: Option<(u32, u32)>) -> Option<(u32, u32)> {
    match truths {
        [_, heights, widths] => Some((whole_side(heights.numbers()[at])?, whole_side(widths.numbers()[at])?)),
        _ => everywhere,
    }
}

/// Rows whose mask has a pixel outside of the image that the solution's columns describe.
pub(super) fn misfits(truths: &[Values<'_>], predictions: &[Values<'_>]) -> Option<Misfits> {
    let [_, heights, _] = truths else { return None };
    let is_beyond = |at: usize| {
        let n_pixels =
            of_row(truths, at, None).map_or(0, |(height, width)| u64::from(height) * u64::from(width));
        let last = |mask: &str| Runs::of(mask).last().map_or(0, |run| run.end);
        n_pixels == 0 || masks(predictions[0].text(at)).any(|mask| last(mask) > n_pixels)
    };
    let what = "which reaches beyond the height and width of this row's image";
    Misfits::among(heights.len(), is_beyond, 0, RejectionKind::BadRle, what)
}
