//! What a monitor asks: how long answers take, how long jobs wait, what is refused, how full disks are.
//! In OpenMetrics text at an address of its own, which the site's visitors never reach.
//!
//! Never here: a score, a label, a name, an address of a person. Start at [`serve::serve`].

mod collect;
pub mod requests;
pub mod serve;
pub mod store;
