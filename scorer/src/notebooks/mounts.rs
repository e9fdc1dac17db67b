//! What a notebook sees of a file system: Python and its libraries, the competition's data, and one folder in
//! memory, of a bounded size, for everything that it writes. The machine's own root is let go.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Component, Path, PathBuf};

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};

/// Where a notebook works; what it leaves there is kept.
const WORKING: &str = "/kaggle/working";
/// Folders that a notebook may write.
pub const WRITABLE: [&str; 3] = [WORKING, "/tmp", "/dev/shm"];
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
/// Shells and small programs, for the lines of a notebook that call them, and letters for plots.
const PROGRAMS: [&str; 4] = ["/usr/bin", "/bin", "/etc/fonts", "/usr/share/fonts"];
const PASSWD: &str = "notebook:x:1000:1000::/tmp/home:/bin/sh\n";
/// Files, folders and links that a notebook may make, for each MB of its disk.
const INODES_A_MB: u64 = 64;

/// What the root is made of.
#[derive(Debug)]
pub struct View<'a> {
    /// An empty folder, under which the root is built.
    pub at: &'a Path,
    pub disk_mb: u64,
    /// Of the interpreter, to be read.
    pub read: &'a [PathBuf],
    /// The folder with the data files, if there are any, and the name under which a notebook finds it.
    pub input: Option<(&'a Path, &'a str)>,
    /// The interpreter as it is called.
    pub python: &'a Path,
}

/// Builds the root and moves into it. Needs a mount namespace of its own, with the rights in it.
///
/// # Errors
/// Those of the kernel, with the step that failed.
pub fn enter(view: &View<'_>) -> anyhow::Result<()> {
    use anyhow::Context;
    let root = view.at;
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .context("the mounts cannot be made private")?;
    let bounds =
        format!("size={}m,nr_inodes={},mode=0755", view.disk_mb, (view.disk_mb * INODES_A_MB).max(4096));
    let bounds = std::ffi::CString::new(bounds)?;
    rustix::mount::mount("tmpfs", root, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, bounds.as_c_str())
        .context("a bounded disk cannot be made")?;
    for folder in WRITABLE {
        make_folder(&root.join(folder.trim_start_matches('/')))?;
    }
    make_folder(&root.join("tmp/home"))?;
    make_folder(&root.join("etc"))?;
    fs::write(root.join("etc/passwd"), PASSWD)?;
    for device in DEVICES.map(PathBuf::from) {
        show(root, &device, Flags::Device)
            .with_context(|| format!("{} cannot be shown", device.display()))?;
    }
    let programs = PROGRAMS.map(PathBuf::from);
    let mut shown: Vec<_> = view.read.iter().chain(&programs).filter(|path| path.exists()).collect();
    shown.sort(); // a folder before what is in it
    for path in shown {
        show(root, path, Flags::Library).with_context(|| format!("{} cannot be shown", path.display()))?;
    }
    show(root, view.python, Flags::Library).with_context(|| {
        format!(
            "{} cannot be shown: it must lie where every user of this machine may read it",
            view.python.display()
        )
    })?;
    show_terminals(root).context("terminals cannot be made")?;
    make_folder(&root.join("kaggle/input"))?;
    if let Some((input, name)) = view.input {
        show_data(root, input, name).context("the data cannot be shown")?;
    }
    rustix::process::chdir(root)?;
    rustix::process::pivot_root(".", ".").context("the root cannot be changed")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).context("the old root cannot be let go")?;
    rustix::process::chdir(WORKING)?;
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flags {
    Library,
    Device,
    Data,
}

impl Flags {
    fn bits(self) -> u64 {
        let (read_only, no_setuid) = (libc::MOUNT_ATTR_RDONLY, libc::MOUNT_ATTR_NOSUID);
        let (no_devices, no_programs) = (libc::MOUNT_ATTR_NODEV, libc::MOUNT_ATTR_NOEXEC);
        match self {
            Self::Library => read_only | no_setuid | no_devices,
            Self::Device => no_setuid | no_programs,
            Self::Data => read_only | no_setuid | no_devices | no_programs,
        }
    }
}

/// Shows a file or folder of the machine at its own place; a link as the link that it is.
fn show(root: &Path, path: &Path, flags: Flags) -> io::Result<()> {
    let target = root.join(path.strip_prefix("/").unwrap_or(path));
    if target.symlink_metadata().is_ok() {
        return Ok(()); // below something that is shown already
    }
    let parent = target.parent().unwrap_or(root);
    make_folder(parent)?;
    let metadata = path.symlink_metadata()?;
    if metadata.is_symlink() {
        let leads_to = fs::read_link(path)?;
        symlink(&leads_to, &target)?;
        // The next link of a chain, and where the chain ends, whichever way it goes.
        let next = path.parent().unwrap_or(root).join(&leads_to);
        let goes_down =
            next.components().all(|part| !matches!(part, Component::ParentDir | Component::CurDir));
        if goes_down {
            show(root, &next, flags)?;
        }
        return show(root, &path.canonicalize()?, flags);
    }
    if metadata.is_dir() {
        make_folder(&target)?;
    } else {
        fs::File::create(&target)?;
    }
    bind(path, &target, flags)
}

/// The data, under their name and as `data`.
fn show_data(root: &Path, input: &Path, name: &str) -> io::Result<()> {
    let target = root.join("kaggle/input").join(name);
    make_folder(&target)?;
    bind(input, &target, Flags::Data)?;
    symlink(Path::new("/kaggle/input").join(name), root.join("kaggle/working/data"))
}

/// Terminals of its own, through which a kernel runs small programs.
fn show_terminals(root: &Path) -> io::Result<()> {
    let terminals = root.join("dev/pts");
    make_folder(&terminals)?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    rustix::mount::mount("devpts", &terminals, "devpts", flags, c"newinstance,ptmxmode=0666,mode=0620")?;
    symlink("pts/ptmx", root.join("dev/ptmx"))
}

fn bind(from: &Path, to: &Path, flags: Flags) -> io::Result<()> {
    rustix::mount::mount_bind_recursive(from, to)?;
    set(to, flags.bits())
}

/// Only ever takes rights away, whatever the mount had.
fn set(path: &Path, attributes: u64) -> io::Result<()> {
    let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes())?;
    let attributes = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: path and attributes live until the call returns, and the size is that of the attributes.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}
