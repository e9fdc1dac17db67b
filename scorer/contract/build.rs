//! The migrations are compiled in, so a changed one must rebuild this crate.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
