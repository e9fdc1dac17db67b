//! How much room the installation takes, and how much is left.

use std::path::PathBuf;

use holdout_contract::watermark::Disk as Measured;

use super::store;
use crate::app::App;
use crate::error::Result;
use crate::web::format;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub free_bytes: u64,
    pub total_bytes: u64,
}

impl Disk {
    /// Under a tenth is left.
    pub fn is_nearly_full(&self) -> bool {
        self.free_bytes < self.total_bytes / 10
    }

    pub fn free(&self) -> String {
        format::size(self.free_bytes)
    }

    pub fn total(&self) -> String {
        format::size(self.total_bytes)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub database_bytes: u64,
    /// Where files lie; `None` in a bucket, which tells nobody.
    pub files: Option<Disk>,
    /// Files are refused while so little is free.
    pub is_refusing_files: bool,
    /// Kept free on the disk that takes files.
    pub reserve_bytes: u64,
}

impl Room {
    pub fn reserve(&self) -> String {
        format::size(self.reserve_bytes)
    }

    pub fn database(&self) -> String {
        format::size(self.database_bytes)
    }

    pub fn sample() -> Self {
        let files = Disk { free_bytes: 3 << 30, total_bytes: 40 << 30 };
        Self {
            database_bytes: 5 << 20,
            files: Some(files),
            is_refusing_files: true,
            reserve_bytes: 512 << 20,
        }
    }
}

/// # Errors
/// Those of the database; a folder that cannot be looked at is left out.
pub async fn measure(app: &App) -> Result<Room> {
    let database_bytes = store::database_bytes(&mut *app.db.acquire().await?).await?;
    let files = match app.config.files.folder().map(PathBuf::from) {
        Some(folder) => tokio::task::spawn_blocking(move || disk(&folder)).await.ok().flatten(),
        None => None,
    };
    Ok(Room {
        database_bytes: u64::try_from(database_bytes).unwrap_or(0),
        files,
        is_refusing_files: app.space.is_short(),
        reserve_bytes: app.space.reserve_bytes(),
    })
}

fn disk(folder: &std::path::Path) -> Option<Disk> {
    let Measured { free_bytes, total_bytes } = Measured::of(folder)?;
    Some(Disk { free_bytes, total_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_measured_and_warned_of_below_a_tenth() {
        let here = disk(std::path::Path::new("/")).expect("there is a root");
        assert!(here.total_bytes >= here.free_bytes && here.total_bytes > 0);
        assert!(Room::sample().files.is_some_and(|disk| disk.is_nearly_full()));
        assert!(!Disk { free_bytes: 5, total_bytes: 40 }.is_nearly_full());
    }
}
