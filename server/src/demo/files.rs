//! The demonstration competitions' files, compiled in so that the program stands alone.

macro_rules! demo_files {
    ($($path:literal),* $(,)?) => {
        /// Paths below `demo/` with their bytes.
        pub const FILES: &[(&str, &[u8])] =
            &[$(($path, include_bytes!(concat!("../../../demo/", $path)))),*];
    };
}

demo_files! {
    "breast-cancer/demo.json",
    "breast-cancer/pages/data.md",
    "breast-cancer/pages/evaluation.md",
    "breast-cancer/pages/overview.md",
    "breast-cancer/pages/rules.md",
    "breast-cancer/sample_submission.csv",
    "breast-cancer/solution.csv",
    "breast-cancer/submissions/boosting.csv",
    "breast-cancer/submissions/forest.csv",
    "breast-cancer/submissions/hard_labels.csv",
    "breast-cancer/submissions/knn_ties.csv",
    "breast-cancer/submissions/logistic.csv",
    "breast-cancer/submissions/prior.csv",
    "breast-cancer/test.csv",
    "breast-cancer/train.csv",
    "diabetes/demo.json",
    "diabetes/pages/data.md",
    "diabetes/pages/evaluation.md",
    "diabetes/pages/overview.md",
    "diabetes/pages/rules.md",
    "diabetes/sample_submission.csv",
    "diabetes/solution.csv",
    "diabetes/submissions/boosting.csv",
    "diabetes/submissions/constant_median.csv",
    "diabetes/submissions/forest.csv",
    "diabetes/submissions/knn.csv",
    "diabetes/submissions/lasso.csv",
    "diabetes/submissions/ridge.csv",
    "diabetes/test.csv",
    "diabetes/train.csv",
    "digits/demo.json",
    "digits/pages/data.md",
    "digits/pages/evaluation.md",
    "digits/pages/overview.md",
    "digits/pages/rules.md",
    "digits/sample_submission.csv",
    "digits/solution.csv",
    "digits/submissions/forest.csv",
    "digits/submissions/knn.csv",
    "digits/submissions/logistic.csv",
    "digits/submissions/majority.csv",
    "digits/submissions/tree.csv",
    "digits/test.csv",
    "digits/train.csv",
    "tourism-2010/demo.json",
    "tourism-2010/history.csv",
    "tourism-2010/pages/data.md",
    "tourism-2010/pages/evaluation.md",
    "tourism-2010/pages/overview.md",
    "tourism-2010/pages/rules.md",
    "tourism-2010/sample_submission.csv",
    "tourism-2010/solution.csv",
    "tourism-2010/submissions/mean2.csv",
    "tourism-2010/submissions/snaive.csv",
    "tourism-2010/submissions/snaive_growth.csv",
    "tourism-2010/submissions/theta_like.csv",
    "tourism-2010/train.csv",
}

/// The bytes of `demo/{folder}/{name}`.
pub fn file(folder: &str, name: &str) -> Option<&'static [u8]> {
    FILES
        .iter()
        .find(|(path, _)| path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) == Some(name))
        .map(|(_, bytes)| *bytes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_every_demonstration_is_compiled_in() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo");
        let mut folders = vec![root.clone()];
        let mut n_found = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
                if name != "README.md" {
                    assert!(FILES.iter().any(|(known, _)| *known == name), "compile in {name}");
                    n_found += 1;
                }
            }
        }
        assert_eq!(n_found, FILES.len());
    }
}
