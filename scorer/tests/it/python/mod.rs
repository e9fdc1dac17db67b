//! The Python with which tests run hosts' metrics: a private environment beside the other things
//! that builds leave, made once.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter; the first test that asks has the scorer's program install it while the others wait.
pub fn python(scorer: &Path) -> PathBuf {
    if let Some(named) = std::env::var_os("HOLDOUT_PYTHON") {
        return named.into();
    }
    let folder = folder();
    let lock = File::create(folder.with_extension("lock")).expect("a lock");
    lock.lock().expect("locked");
    let whole = folder.join("whole-with-kernel");
    if !whole.exists() {
        let status = Command::new(scorer).args(["python-setup", "--into"]).arg(&folder).status();
        assert!(
            status.expect("the scorer's program").success(),
            "pandas, numpy, scikit-learn and the kernel are installed"
        );
        File::create(whole).expect("marked");
    }
    folder.join("bin/python")
}

/// Below the build's folder, unless the user nobody could not enter it.
fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the folder of builds");
    let is_open = |folder: &Path| {
        std::fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    };
    if target.ancestors().all(is_open) {
        target.join("python")
    } else {
        "/var/tmp/holdout-tests-python".into()
    }
}
