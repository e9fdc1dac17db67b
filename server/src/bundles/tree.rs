//! The files of a bundle, wherever they lie: in a folder, or unpacked from an archive, on the disk or in
//! memory alone.
//!
//! Never here: a name from an archive as a path on this machine.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use uuid::Uuid;

use super::archive::{self, Budget, Refused, is_junk, is_zip};
use super::scratch::{Part, Scratch};

/// Archives lie in archives so deep at most: a bundle, its data, and a table in them.
const DEEPEST: usize = 3;
/// Longest text that is read whole: a page, a configuration, a program.
const LONGEST_TEXT: u64 = 8 << 20;

/// Where unpacked files go, and how much more may come.
pub struct Space {
    place: Place,
    budget: RefCell<Budget>,
    /// Paths of the outermost tree that were looked at.
    used: RefCell<BTreeSet<String>>,
    /// Of one file that is read whole.
    most_at_once: u64,
}

enum Place {
    Memory,
    Disk { folder: PathBuf, n_files: RefCell<u64> },
    Veiled(Rc<Scratch>),
}

impl Space {
    fn new(place: Place, budget: Budget, most_at_once: u64) -> Rc<Self> {
        Rc::new(Self { place, budget: budget.into(), used: RefCell::default(), most_at_once })
    }

    pub fn in_memory(budget: Budget) -> Rc<Self> {
        Self::new(Place::Memory, budget, u64::MAX)
    }

    /// On the disk, where nobody can read it; no file is read whole beyond `most_at_once`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn veiled(folder: &Path, budget: Budget, most_at_once: u64) -> io::Result<Rc<Self>> {
        Ok(Self::new(Place::Veiled(Scratch::new(folder)?), budget, most_at_once))
    }

    /// A folder that nobody else can read, and that goes with this value.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn on_disk(budget: Budget) -> io::Result<Rc<Self>> {
        let folder = std::env::temp_dir().join(format!("holdout-bundle-{}", Uuid::now_v7()));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let place = Place::Disk { folder, n_files: RefCell::new(0) };
        Ok(Self::new(place, budget, u64::MAX))
    }

    fn open(&self) -> io::Result<(Content, Writer)> {
        match &self.place {
            Place::Memory => {
                let bytes = Rc::new(RefCell::new(Vec::new()));
                Ok((Content::Memory(bytes.clone()), Writer::Memory(bytes)))
            }
            Place::Disk { folder, n_files } => {
                let number = n_files.replace_with(|n| *n + 1);
                let path = folder.join(number.to_string());
                let file = File::create_new(&path)?;
                Ok((Content::Disk(path), Writer::Disk(io::BufWriter::new(file))))
            }
            Place::Veiled(scratch) => {
                let part = scratch.begin();
                Ok((Content::Veiled(part.clone()), Writer::Veiled(part)))
            }
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        if let Place::Disk { folder, .. } = &self.place {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

enum Writer {
    Memory(Rc<RefCell<Vec<u8>>>),
    Disk(io::BufWriter<File>),
    Veiled(Part),
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Memory(held) => held.borrow_mut().write(bytes),
            Self::Disk(file) => file.write(bytes),
            Self::Veiled(part) => part.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Memory(_) | Self::Veiled(_) => Ok(()),
            Self::Disk(file) => file.flush(),
        }
    }
}

#[derive(Clone)]
enum Content {
    Memory(Rc<RefCell<Vec<u8>>>),
    Disk(PathBuf),
    Veiled(Part),
}

/// Files by their path, with `/` between names.
#[derive(Clone)]
pub struct Tree {
    files: BTreeMap<String, Content>,
    space: Rc<Space>,
    depth: usize,
    /// Where this tree's paths stand in the outermost one; `None` once they are of an archive inside.
    prefix: Option<String>,
}

impl Tree {
    /// A folder of this machine.
    ///
    /// # Errors
    /// Links and what is no file; those of the file system.
    pub fn of_folder(folder: &Path, space: Rc<Space>) -> Result<Self, Refused> {
        let mut files = BTreeMap::new();
        walk(folder, "", &mut files, &mut space.budget.borrow_mut())?;
        Ok(Self { files, space, depth: 0, prefix: Some(String::new()) })
    }

    /// One file of this machine; a zip stands for what is in it.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn of_file(path: &Path, space: Rc<Space>) -> Result<Self, Refused> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let files = BTreeMap::from([(name.clone(), Content::Disk(path.to_owned()))]);
        Self { files, space, depth: 0, prefix: None }.part(&name)
    }

    /// An archive; one folder around everything is taken off.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn of_archive(archive: impl Read + Seek, space: Rc<Space>) -> Result<Self, Refused> {
        let files = collect(&space, |budget, open| archive::unpack(archive, budget, open))?;
        Ok(Self { files: without_root(files), space, depth: 1, prefix: Some(String::new()) })
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The only file there is.
    pub fn only(&self) -> Option<&str> {
        match self.files.len() {
            1 => self.files.keys().next().map(String::as_str),
            _ => None,
        }
    }

    fn find(&self, path: &str) -> Result<&Content, Refused> {
        self.mark(path);
        self.files.get(path).ok_or_else(|| Refused(format!("There is no file “{path}” in the bundle.")))
    }

    /// Notes that a file was looked at.
    pub fn mark(&self, path: &str) {
        if let Some(prefix) = &self.prefix {
            self.space.used.borrow_mut().insert(format!("{prefix}{path}"));
        }
    }

    /// Files that nobody has looked at.
    pub fn unused(&self) -> Vec<String> {
        let used = self.space.used.borrow();
        self.files.keys().filter(|path| !used.contains(*path)).cloned().collect()
    }

    /// # Errors
    /// [`Refused`]
    pub fn open(&self, path: &str) -> Result<Box<dyn Read>, Refused> {
        Ok(match self.find(path)? {
            Content::Memory(bytes) => Box::new(Cursor::new(bytes.borrow().clone())),
            Content::Disk(file) => Box::new(io::BufReader::new(File::open(file)?)),
            Content::Veiled(part) => Box::new(part.open()),
        })
    }

    /// A file's bytes, `most` of them at most.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, Refused> {
        let most = most.min(self.space.most_at_once);
        let mut bytes = Vec::new();
        self.open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(Refused(format!("“{path}” is larger than {}.", crate::web::format::size(most))));
        }
        Ok(bytes)
    }

    /// # Errors
    /// [`Refused`]
    pub fn size_bytes(&self, path: &str) -> Result<u64, Refused> {
        Ok(match self.find(path)? {
            Content::Memory(bytes) => bytes.borrow().len() as u64,
            Content::Disk(file) => fs::metadata(file)?.len(),
            Content::Veiled(part) => part.size_bytes(),
        })
    }

    /// A file's text.
    ///
    /// # Errors
    /// What is too long or no UTF-8.
    pub fn text(&self, path: &str) -> Result<String, Refused> {
        let text = String::from_utf8(self.read(path, LONGEST_TEXT)?)
            .map_err(|_| Refused(format!("“{path}” is no text in UTF-8.")))?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n"))
    }

    /// What lies below a folder.
    pub fn below(&self, folder: &str) -> Self {
        let start = format!("{}/", folder.trim_end_matches('/'));
        let inside = |(path, content): (&String, &Content)| {
            Some((path.strip_prefix(&start)?.to_owned(), content.clone()))
        };
        let prefix = self.prefix.as_ref().map(|prefix| format!("{prefix}{start}"));
        let files = self.files.iter().filter_map(inside).collect();
        Self { files, space: self.space.clone(), depth: self.depth, prefix }
    }

    /// What a configuration means by a path: the files of a zip, of a folder, or the one file.
    ///
    /// # Errors
    /// Where nothing is there; [`Refused`] archives.
    pub fn part(&self, reference: &str) -> Result<Self, Refused> {
        let path = archive::safe_path(reference)?.unwrap_or_default();
        if self.has(&path) {
            let start = self.read_start(&path)?;
            if is_zip(&start) {
                return self.unpacked(&path);
            }
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            self.mark(&path);
            let files = BTreeMap::from([(name.clone(), self.files[&path].clone())]);
            let folder = path[..path.len() - name.len()].to_owned();
            let prefix = self.prefix.as_ref().map(|prefix| format!("{prefix}{folder}"));
            return Ok(Self { files, space: self.space.clone(), depth: self.depth, prefix });
        }
        let below = self.below(&path);
        if below.files.is_empty() {
            return Err(Refused(format!("There is no “{reference}” in the bundle.")));
        }
        Ok(below)
    }

    fn read_start(&self, path: &str) -> Result<Vec<u8>, Refused> {
        let mut start = Vec::new();
        self.open(path)?.take(4).read_to_end(&mut start)?;
        Ok(start)
    }

    fn unpacked(&self, path: &str) -> Result<Self, Refused> {
        if self.depth >= DEEPEST {
            return Err(Refused(format!("“{path}” is an archive in an archive in an archive.")));
        }
        let unpack = |budget: &mut Budget, open: &mut dyn FnMut(&str) -> io::Result<Writer>| match self
            .find(path)?
        {
            Content::Memory(bytes) => archive::unpack(Cursor::new(bytes.borrow().as_slice()), budget, open),
            Content::Disk(file) => archive::unpack(File::open(file)?, budget, open),
            Content::Veiled(part) => archive::unpack(part.open(), budget, open),
        };
        let files = collect(&self.space, unpack)?;
        Ok(Self { files, space: self.space.clone(), depth: self.depth + 1, prefix: None })
    }

    /// Copies a file to where it goes.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn copy(&self, path: &str, into: &mut impl Write) -> Result<(), Refused> {
        match self.find(path)? {
            Content::Memory(bytes) => into.write_all(&bytes.borrow())?,
            Content::Disk(file) => drop(io::copy(&mut File::open(file)?, into)?),
            Content::Veiled(part) => drop(io::copy(&mut part.open(), into)?),
        }
        Ok(())
    }
}

fn collect(
    space: &Space,
    unpack: impl FnOnce(&mut Budget, &mut dyn FnMut(&str) -> io::Result<Writer>) -> Result<(), Refused>,
) -> Result<BTreeMap<String, Content>, Refused> {
    let mut files = BTreeMap::new();
    let mut open = |path: &str| {
        let (content, writer) = space.open()?;
        files.insert(path.to_owned(), content);
        Ok(writer)
    };
    unpack(&mut space.budget.borrow_mut(), &mut open)?;
    Ok(files)
}

/// Takes one folder off that stands around everything.
fn without_root(files: BTreeMap<String, Content>) -> BTreeMap<String, Content> {
    let root = files.keys().next().and_then(|path| path.split_once('/')).map(|(root, _)| format!("{root}/"));
    match root {
        Some(root) if files.keys().all(|path| path.starts_with(&root)) => {
            files.into_iter().map(|(path, content)| (path[root.len()..].to_owned(), content)).collect()
        }
        _ => files,
    }
}

fn walk(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, Content>,
    budget: &mut Budget,
) -> Result<(), Refused> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| Refused(format!("The name {name:?} is no UTF-8.")))?;
        if is_junk(&name) || name == ".git" {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), files, budget)?;
        } else if kind.is_file() {
            budget.n_files = budget
                .n_files
                .checked_sub(1)
                .ok_or_else(|| Refused("The folder holds more files than are taken.".to_owned()))?;
            files.insert(path, Content::Disk(entry.path()));
        } else {
            return Err(Refused(format!("“{path}” is a link or no file: only files and folders are taken.")));
        }
    }
    Ok(())
}
