//! The metrics of this version as data, compiled in for whoever has no server to ask.
//!
//! `catalogue.json` is made by `make catalogue`; a test of the scorer fails when it has drifted.

use std::sync::OnceLock;

use crate::spec::MetricSpec;

/// As `make catalogue` writes it.
pub const TEXT: &str = include_str!("catalogue.json");

/// Every metric of this version, without the texts for people.
pub fn known() -> &'static [MetricSpec] {
    static KNOWN: OnceLock<Vec<MetricSpec>> = OnceLock::new();
    KNOWN.get_or_init(|| serde_json::from_str(TEXT).unwrap_or_default())
}

/// A list of metrics as [`TEXT`] holds it: one a line, without the texts for people.
pub fn write(specs: impl IntoIterator<Item = MetricSpec>) -> String {
    let lines: Vec<String> =
        specs.into_iter().filter_map(|spec| serde_json::to_string(&bare(spec)).ok()).collect();
    format!("[\n{}\n]", lines.join(",\n"))
}

fn bare(mut spec: MetricSpec) -> MetricSpec {
    spec.parameters.iter_mut().for_each(|parameter| parameter.description.clear());
    MetricSpec {
        sentence: String::new(),
        formula: String::new(),
        edge_cases: Vec::new(),
        gaming: String::new(),
        example: None,
        ..spec
    }
}

/// Metrics whose every score lies from 0 to 1, whatever the files and parameters; sorted.
const SHARES: [&str; 75] = [
    "accuracy",
    "accuracy_argmax",
    "auc_above_tpr",
    "auc_ovo_macro",
    "auc_ovr_macro",
    "auc_ovr_weighted",
    "average_precision",
    "balanced_accuracy",
    "c_index",
    "c_index_harrell_sksurv",
    "c_index_ipcw",
    "coco_ap50",
    "coco_ar100",
    "coco_map",
    "completeness_score",
    "cumulative_dynamic_auc",
    "dice_global",
    "dice_mean",
    "error_rate",
    "exact_match_text",
    "f0.5",
    "f1",
    "f1_macro",
    "f1_macro_tags",
    "f1_micro",
    "f1_micro_tags",
    "f1_samples",
    "f1_samples_empty1",
    "f1_weighted",
    "f2",
    "f2_samples",
    "fbeta",
    "fbeta_macro",
    "fbeta_samples",
    "fbeta_weighted",
    "fowlkes_mallows_score",
    "hamming_loss",
    "hit",
    "homogeneity_score",
    "iou_global",
    "iou_mean",
    "jaccard",
    "jaccard_macro",
    "jaccard_samples",
    "levenshtein_similarity",
    "lrap",
    "lwlrap",
    "map",
    "map_macro_classes",
    "mc_auc",
    "mean_column_auc",
    "mrr",
    "mrr_classes",
    "normalized_mutual_info_score",
    "nsd",
    "panoptic_quality",
    "precision",
    "precision_macro",
    "rand_score",
    "recall",
    "recall_macro",
    "roc_auc",
    "rouge1",
    "rouge2",
    "rougeL",
    "subset_accuracy",
    "tgs_map_iou",
    "token_f1",
    "top2_accuracy",
    "top3_accuracy",
    "top_k_accuracy",
    "top_recall",
    "v_measure_score",
    "voc_ap",
    "word_jaccard",
];

/// Whether every score of a metric lies from 0 to 1.
pub fn is_share(metric: &str) -> bool {
    SHARES.binary_search(&metric).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_catalogue() {
        assert!(SHARES.is_sorted());
        assert!(SHARES.iter().all(|name| known().iter().any(|metric| metric.name == *name)));
        assert!(is_share("roc_auc") && !is_share("r2"));
    }

    #[test]
    fn the_catalogue_reads() {
        assert!(known().iter().any(|spec| spec.name == "rmse"));
        assert!(known().iter().all(|spec| spec.name != crate::custom::NAME));
    }
}
