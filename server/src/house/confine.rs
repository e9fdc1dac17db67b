//! The web server's own cage: it may read the system's files and use the folder of stored files,
//! and nothing else of this machine; above all neither the keys nor the database's own files.

use std::fs::File;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    Scope, path_beneath_rules,
};

/// What the kernel made of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    Full,
    /// The kernel knows some of the restrictions; files are covered by all kernels that know any.
    Partial,
    /// The kernel offers none.
    Absent,
}

/// A set of restrictions that this kernel may know or not.
const RULES: ABI = ABI::V6;

/// Folders that a server reads: libraries, the resolver's settings, time zones, certificates, its own
/// limits.
const READABLE: [&str; 15] = [
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/localtime",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/run/systemd/resolve",
    "/proc/self",
    "/sys/fs/cgroup",
];

const WRITABLE: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/urandom"];

/// Confines this process for the rest of its life. Call before any other thread exists.
///
/// # Errors
/// When the kernel refuses for another reason than not knowing how.
pub fn confine(files: Option<&Path>, secrets: &Path) -> anyhow::Result<Confinement> {
    let writable = writable_folders(files, secrets);
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RULES))?
        .scope(Scope::from_all(RULES))?
        .create()?
        .add_rules(path_beneath_rules(READABLE, AccessFs::from_read(RULES)))?
        .add_rules(path_beneath_rules(std::env::current_exe(), AccessFs::from_read(RULES)))?
        .add_rules(path_beneath_rules(trusted_certificates(), AccessFs::from_read(RULES)))?
        .add_rules(path_beneath_rules(tokens_of_roles(secrets), AccessFs::from_read(RULES)))?
        .add_rules(path_beneath_rules(writable, AccessFs::from_all(RULES)))?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Confinement::Full,
        RulesetStatus::PartiallyEnforced => Confinement::Partial,
        RulesetStatus::NotEnforced => Confinement::Absent,
    })
}

/// Where an operator says that certificates of trusted authorities lie, by OpenSSL's own variables.
fn trusted_certificates() -> impl Iterator<Item = PathBuf> {
    let named = |variable| std::env::var_os(variable).unwrap_or_default();
    let paths = [named("SSL_CERT_FILE"), named("SSL_CERT_DIR")];
    paths.into_iter().flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>())
}

/// By what a bucket's client proves its role, which is read again whenever that runs out.
const TOKENS: [&str; 2] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];

fn tokens_of_roles(secrets: &Path) -> impl Iterator<Item = PathBuf> {
    TOKENS.iter().filter_map(std::env::var_os).map(move |token| readable_token(Path::new(&token), secrets))
}

/// The file alone; of a volume that Kubernetes replaces as a whole, behind the link `..data`, the volume.
fn readable_token(token: &Path, secrets: &Path) -> PathBuf {
    let volume = token.parent().filter(|folder| folder.join("..data").exists() && !covers(folder, secrets));
    volume.unwrap_or(token).to_owned()
}

/// The folder for temporary files is left out where the secrets lie below it.
fn writable_folders(files: Option<&Path>, secrets: &Path) -> Vec<PathBuf> {
    let temporary = std::env::temp_dir();
    let covers_secrets = covers(&temporary, secrets);
    WRITABLE
        .iter()
        .map(PathBuf::from)
        .chain(files.map(Path::to_owned))
        .chain((!covers_secrets).then_some(temporary))
        .collect()
}

fn covers(folder: &Path, secrets: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    canonical(secrets).starts_with(canonical(folder))
}

/// Tries to read each of `paths` from inside and says of each whether that worked.
pub fn readable(paths: &[PathBuf]) -> Vec<(PathBuf, bool)> {
    paths
        .iter()
        .map(|path| {
            let opened =
                if path.is_dir() { std::fs::read_dir(path).is_ok() } else { File::open(path).is_ok() };
            (path.clone(), opened)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_alone_but_with_the_volume_that_is_replaced_around_it() {
        let folder = std::env::temp_dir().join(format!("holdout-token-{}", uuid::Uuid::new_v4()));
        let (token, keys) = (folder.join("token"), Path::new("/srv/keys"));
        std::fs::create_dir_all(folder.join("mounted")).expect("a folder");
        assert_eq!(readable_token(&token, keys), token);
        std::os::unix::fs::symlink("mounted", folder.join("..data")).expect("a link");
        assert_eq!(readable_token(&token, keys), folder);
        assert_eq!(readable_token(&token, &folder.join("keys")), token, "never what holds the secrets");
        std::fs::remove_dir_all(folder).expect("it goes");
    }

    #[test]
    fn temporary_files_are_open_only_where_no_secret_lies_below() {
        let temporary = std::env::temp_dir();
        let apart = writable_folders(Some(Path::new("/srv/files")), Path::new("/srv/keys"));
        assert!(apart.contains(&temporary));
        let within = writable_folders(Some(Path::new("/srv/files")), &temporary.join("holdout/keys"));
        assert!(!within.contains(&temporary));
        let arriving = temporary.join("holdout/arriving");
        let with_bucket = writable_folders(Some(&arriving), &temporary.join("holdout"));
        assert!(with_bucket.contains(&arriving) && !with_bucket.contains(&temporary));
    }
}
