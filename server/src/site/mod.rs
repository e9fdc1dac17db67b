//! The installation itself: its name, a notice above every page, who may register and who may host.

pub mod api;
pub mod change;
pub mod current;
pub mod model;
pub mod pages;
pub mod store;
