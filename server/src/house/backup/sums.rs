//! The list of hashes, in the form that `sha256sum --check` reads.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, bail};

/// Written line by line.
pub struct Sums(BufWriter<File>);

impl Sums {
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(BufWriter::new(File::create_new(path)?)))
    }

    pub fn add(&mut self, name: &str, sha256: &str) -> io::Result<()> {
        writeln!(self.0, "{sha256}  {name}")
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
