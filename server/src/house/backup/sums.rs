//! The list of hashes, in the form that `sha256sum --check` reads, and copies that are hashed on their way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

const BUFFER_BYTES: usize = 1 << 20;

/// Written line by line.
pub struct Sums(BufWriter<File>);

impl Sums {
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(BufWriter::new(File::create_new(path)?)))
    }

    pub fn add(&mut self, name: &str, sha256: &[u8]) -> io::Result<()> {
        writeln!(self.0, "{}  {name}", hex::encode(sha256))
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// One line of the list.
pub struct Sum {
    pub name: String,
    pub sha256: String,
}

/// # Errors
/// A list that cannot be read or understood.
pub fn read(path: &Path) -> anyhow::Result<Vec<Sum>> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut sums = Vec::new();
    for line in BufReader::new(file).lines() {
        let line = line?;
        match line.split_once("  ") {
            Some((sha256, name)) if sha256.len() == 64 => {
                sums.push(Sum { name: name.to_owned(), sha256: sha256.to_owned() });
            }
            _ => bail!("{} has a line that is no hash and name: {line}", path.display()),
        }
    }
    Ok(sums)
}

/// The hash of a file.
///
/// # Errors
/// Those of the file system.
pub fn of_file(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            n => hasher.update(&buffer[..n]),
        }
    }
}
