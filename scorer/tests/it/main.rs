//! Everything that is tried on the scorer from outside, as one program: each of its own would be linked with all that a
//! scorer needs.

mod audit;
mod audit_exploits;
mod audit_groups;
mod audit_modules;
mod audit_tables;
mod audit_texts;
mod audit_whole;
mod batches;
mod chances;
mod checks;
mod compose;
mod crash;
mod drivers;
mod evaluator;
mod examine;
mod fair;
mod fixtures;
mod formats;
mod influence;
mod laws;
mod modules;
mod notebooks;
mod parquet_files;
mod python;
mod rejections;
mod sandbox;
mod setbacks;
mod spread;
mod tables;
mod worker;
mod world;
