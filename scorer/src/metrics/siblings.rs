//! Which other metrics could have judged a competition's files: for the question whether another one would
//! have changed the winner.
//!
//! A table names families: metrics that read the same cells, the most telling first, and together those that
//! order teams alike (RMSE, MSE and R² of the same rows), which would answer nothing. The siblings of a metric
//! are the first of each other group of its family, up to [`N_SIBLINGS`], that fit the competition; they take
//! over its parameters where they have the same. Of a metric put together from parts, the parts are asked one
//! by one, but for the one that alone ranks. Where the competition has groups, the metric itself is asked under
//! the other aggregation as well.

use serde_json::{Map, Value};

use super::{catalogue, compose};
use crate::judge::{Context, Judge};
use holdout_contract::spec::Direction;

/// Of one metric, the other aggregation of itself apart.
pub const N_SIBLINGS: usize = 3;

/// Families, and in each the groups that order teams alike. A metric's family is the first that names it; the
/// first of a group stands for it and may stand in a later family, too, where cells are stricter.
pub const FAMILIES: &[&[&[&str]]] = &[
    &[
        &["rmse", "mse", "r2", "r2_about_zero"],
        &["mae", "wape", "d2_absolute_error"],
        &["medae"],
        &["spearman"],
        &["rmsle", "msle"],
        &["smape"],
        &["mape"],
        &["rmspe"],
        &["male"],
        &["huber"],
        &["log_cosh"],
        &["pinball"],
        &["explained_variance"],
        &["pearson"],
        &["kendall"],
        &["ccc"],
        &["max_error"],
        &["normalized_gini", "gini"],
        &["poisson_deviance"],
        &["gamma_deviance"],
        &["tweedie"],
        &["mean_bias"],
    ],
    &[
        &["mase"],
        &["rmsse"],
        &["smape_by_series"],
        &["group_mean_mae"],
        &["mae"],
        &["rmse"],
        &["group_mean_log_mae"],
        &["wrmsse"],
    ],
    &[&["mcrmse"], &["mcmae"], &["r2_uniform"], &["mc_spearman"], &["mc_rmsle"]],
    &[&["kl_divergence"], &["mcrmse"], &["mcmae"], &["mc_spearman"]],
    &[
        &["roc_auc", "gini_auc"],
        &["average_precision"],
        &["ks_statistic"],
        &["partial_auc"],
        &["auc_above_tpr"],
        &["eer"],
        &["top_recall"],
        &["min_dcf"],
    ],
    &[
        &["log_loss", "log_loss_sklearn", "capped_binomial_deviance"],
        &["brier"],
        &["roc_auc"],
        &["average_precision"],
        &["ece"],
    ],
    &[
        &["accuracy", "error_rate", "f1_micro"],
        &["balanced_accuracy"],
        &["f1_macro"],
        &["mcc"],
        &["kappa"],
        &["f1_weighted"],
        &["fbeta_macro"],
        &["fbeta_weighted"],
        &["precision_macro"],
        &["recall_macro"],
        &["jaccard_macro"],
    ],
    &[&["f1", "jaccard"], &["precision"], &["recall"], &["f2"], &["f0.5"], &["fbeta"]],
    &[&["qwk"], &["lwk"], &["mae"], &["rmse"]],
    &[
        &["multiclass_log_loss"],
        &["accuracy_argmax"],
        &["multiclass_brier"],
        &["auc_ovr_macro"],
        &["auc_ovr_weighted"],
        &["auc_ovo_macro"],
        &["map_macro_classes"],
        &["mean_column_auc"],
        &["mrr_classes"],
        &["top2_accuracy"],
        &["top3_accuracy"],
        &["top_k_accuracy"],
        &["rps"],
    ],
    &[&["mc_auc"], &["lrap"], &["lwlrap"]],
    &[&["mc_log_loss"], &["mc_auc"], &["lrap"], &["lwlrap"]],
    &[
        &["f1_samples", "f1_samples_empty1"],
        &["f1_micro_tags"],
        &["subset_accuracy"],
        &["jaccard_samples"],
        &["f1_macro_tags"],
        &["hamming_loss"],
        &["f2_samples"],
        &["fbeta_samples"],
    ],
    &[&["map"], &["ndcg"], &["mrr"], &["recall_at"], &["precision_at"], &["hit"]],
    &[&["ndcg_graded"], &["ndcg_exp"]],
    &[&["crps_gaussian"], &["gaussian_nll"], &["laplace_ll"]],
    &[&["crps_quantile", "mean_pinball"], &["wis"], &["interval_score"], &["coverage"]],
    &[
        &["c_index", "c_index_harrell_sksurv"],
        &["c_index_ipcw"],
        &["cumulative_dynamic_auc"],
        &["c_index_stratified"],
    ],
    &[
        &["levenshtein_mean"],
        &["exact_match_text"],
        &["wer"],
        &["chrf"],
        &["cer"],
        &["levenshtein_similarity"],
        &["token_f1"],
        &["bleu"],
        &["rougeL"],
        &["rouge1"],
        &["rouge2"],
        &["ter"],
        &["word_jaccard"],
    ],
    &[
        &["dice_mean"],
        &["iou_mean"],
        &["dice_global", "iou_global"],
        &["tgs_map_iou"],
        &["dice_class_mean"],
        &["iou_class_mean"],
        &["nsd"],
        &["hd95"],
    ],
    &[&["panoptic_quality"], &["panoptic_quality_class_mean"]],
    &[&["coco_map"], &["coco_ap50"], &["voc_ap"], &["coco_ar100"]],
    &[
        &["adjusted_rand_score"],
        &["normalized_mutual_info_score", "v_measure_score"],
        &["adjusted_mutual_info_score"],
        &["fowlkes_mallows_score"],
        &["rand_score"],
        &["homogeneity_score"],
        &["completeness_score"],
    ],
];

/// Metrics that stand alone: no other of the catalogue reads what they read.
pub const WITHOUT_SIBLINGS: &[&str] =
    &["haversine_km", "angular_error", "google_global_ap", "crps_ensemble", "integrated_brier"];

/// A metric that could have judged the same files.
#[derive(Debug, Clone, PartialEq)]
pub struct Sibling {
    pub metric: String,
    pub params: Map<String, Value>,
    pub direction: Direction,
    /// What is particular about it beside its name: a column, an aggregation.
    pub note: String,
}

/// The siblings of a competition's metric with its parameters, in the order in which they are shown.
pub fn siblings(judge: &Judge) -> Vec<Sibling> {
    let parts = compose::parts(&judge.params);
    if !parts.is_empty() {
        let n_ranking = usize::from(judge.has_secondary());
        let asked = parts.iter().skip(n_ranking).take(N_SIBLINGS);
        return asked.filter_map(|part| of_part(judge, part)).collect();
    }
    let name = judge.metric.about().name;
    let others = family(name).into_iter().flatten().filter(|alike| !alike.contains(&name));
    let given = judge.params.as_map();
    let found = others.filter_map(|alike| sibling(alike.first()?, given, &judge.context, String::new()));
    found.take(N_SIBLINGS).chain(other_aggregation(judge)).collect()
}

/// These metrics, where they can judge a competition; of one whose own metric is none of the catalogue.
pub fn named(names: &[String], context: &Context) -> Vec<Sibling> {
    let given = Map::new();
    let found = names.iter().filter_map(|name| sibling(name, &given, context, String::new()));
    found.take(N_SIBLINGS).collect()
}

/// The groups of the first family that names a metric.
pub fn family(name: &str) -> Option<&'static [&'static [&'static str]]> {
    FAMILIES.iter().copied().find(|family| family.iter().any(|alike| alike.contains(&name)))
}

fn of_part(judge: &Judge, part: &compose::Part) -> Option<Sibling> {
    let note = part.params.text("columns").map(|column| format!("of {column}")).unwrap_or_default();
    sibling(part.metric.about().name, part.params.as_map(), &judge.context, note)
}

/// The metric itself, over all rows together instead of group by group, or the other way round.
fn other_aggregation(judge: &Judge) -> Option<Sibling> {
    let aggregation = judge.params.text("groups")?;
    let (other, note) = match aggregation {
        "none" => ("mean", "mean over groups"),
        _ => ("none", "all rows together"),
    };
    let mut params = judge.params.as_map().clone();
    if other == "mean" {
        let column = judge.params.text("group_column").or_else(|| judge.context.text("group_column"))?;
        params.insert("group_column".to_owned(), column.into());
        // A group without a value is left out of this mean, since nobody was told to give it one.
        params.insert("undefined_groups".to_owned(), "skip".into());
    }
    params.insert("groups".to_owned(), other.into());
    sibling(judge.metric.about().name, &params, &judge.context, note.to_owned())
}

/// `None` for a metric that cannot judge this competition.
fn sibling(name: &str, given: &Map<String, Value>, context: &Context, note: String) -> Option<Sibling> {
    let metric = catalogue::all().find(|metric| metric.about().name == name)?;
    let is_weighted = given.get("weight_column").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    if is_weighted && !metric.laws().has_weights {
        return None; // a row of weight 0 would count
    }
    let known = metric.about().all_parameters(metric.laws().has_weights, metric.needs_groups());
    let is_known = |key: &str| known.iter().any(|parameter| parameter.name == key);
    let params: Map<String, Value> = given
        .iter()
        .filter(|(key, value)| is_known(key) && !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let judge = Judge::new(name, &params, context.clone()).ok()?;
    judge.fits().ok()?;
    let main = known.iter().find(|parameter| parameter.is_main);
    let value = main.and_then(|main| judge.params.value(main.name)).filter(|value| value.is_number());
    let main = main.zip(value).map(|(main, value)| format!("{} {value}", main.name.replace('_', " ")));
    let notes: Vec<String> = main.into_iter().chain([note]).filter(|note| !note.is_empty()).collect();
    Some(Sibling {
        metric: name.to_owned(),
        params: judge.params.as_map().clone(),
        direction: judge.direction(),
        note: notes.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::metrics::{all, find};

    fn of(name: &str, params: Value, context: Value) -> Vec<(String, String)> {
        let object = |value: Value| value.as_object().cloned().expect("an object");
        let judge = Judge::new(name, &object(params), Context::new(object(context))).expect("a metric");
        siblings(&judge).into_iter().map(|sibling| (sibling.metric, sibling.note)).collect()
    }

    fn names(name: &str) -> Vec<String> {
        of(name, json!({}), json!({})).into_iter().map(|(metric, _)| metric).collect()
    }

    #[test]
    fn every_metric_of_the_catalogue_has_a_family_or_stands_alone_for_a_reason() {
        for metric in all() {
            let name = metric.about().name;
            let is_of_parts = metric.about().all_parameters(false, false).iter().any(|p| p.name == "parts");
            let n_ways = usize::from(family(name).is_some())
                + usize::from(WITHOUT_SIBLINGS.contains(&name))
                + usize::from(is_of_parts);
            assert_eq!(n_ways, 1, "{name}");
        }
        let named: BTreeSet<&str> = FAMILIES.iter().flat_map(|family| family.concat()).collect();
        let known: BTreeSet<&str> = all().map(|metric| metric.about().name).collect();
        assert!(named.is_subset(&known), "{:?}", named.difference(&known));
    }

    #[test]
    fn siblings_read_the_same_columns() {
        for family in FAMILIES {
            let layouts: BTreeSet<String> = family
                .concat()
                .iter()
                .map(|name| {
                    let (metric, params) = find(name, &Map::new()).expect("a metric");
                    match metric.layout(&params) {
                        holdout_contract::spec::Layout::Target { .. } => "target".to_owned(),
                        holdout_contract::spec::Layout::TargetColumns { .. } => "target columns".to_owned(),
                        layout => format!("{layout:?}"),
                    }
                })
                .collect();
            assert_eq!(layouts.len(), 1, "{family:?}: {layouts:?}");
        }
    }

    #[test]
    fn siblings_are_others_that_order_otherwise() {
        assert_eq!(names("rmse"), ["mae", "medae", "spearman"]);
        assert_eq!(names("r2"), ["mae", "medae", "spearman"], "what orders as R² does answers nothing");
        assert_eq!(names("rmsle"), ["rmse", "mae", "medae"]);
        assert_eq!(names("roc_auc"), ["average_precision", "ks_statistic", "partial_auc"]);
        assert_eq!(names("log_loss"), ["brier", "roc_auc", "average_precision"]);
        assert_eq!(names("haversine_km"), [""; 0]);
        let weighted = of("rmse", json!({ "weight_column": "w" }), json!({}));
        assert!(
            weighted.len() == 3 && weighted.iter().all(|(metric, _)| metric != "spearman"),
            "{weighted:?}"
        );
    }

    #[test]
    fn parameters_are_taken_over_and_groups_are_asked_both_ways() {
        let lists = of("map", json!({ "k": 7 }), json!({}));
        assert_eq!(lists[0], ("ndcg".to_owned(), "k 7".to_owned()));
        let grouped = of("mae", json!({}), json!({ "group_column": "site" }));
        assert_eq!(grouped.last(), Some(&("mae".to_owned(), "mean over groups".to_owned())));
        let pooled = of("mae", json!({ "groups": "mean", "group_column": "site" }), json!({}));
        assert_eq!(pooled.last(), Some(&("mae".to_owned(), "all rows together".to_owned())));
        assert_eq!(of("mae", json!({}), json!({})).len(), 3, "there is nothing to group by");
    }

    #[test]
    fn parts_are_asked_one_by_one() {
        let parts = json!({ "parts": [
            { "metric": "rmse", "weight": 1.0, "target": "price" },
            { "metric": "mae", "weight": 2.0, "target": "rent" },
        ] });
        let found = of("mean_rank", parts, json!({}));
        let expected = [("rmse", "of price"), ("mae", "of rent")];
        assert_eq!(found, expected.map(|(metric, note)| (metric.to_owned(), note.to_owned())));
        let beside = json!({ "parts": [{ "metric": "rmse" }, { "metric": "mae" }] });
        assert_eq!(of("with_secondary", beside, json!({})), [("mae".to_owned(), String::new())]);
    }
}
