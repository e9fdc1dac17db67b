//! What a board's ranks are worth: which ranks each team may truly have, which differences are noise, and two
//! teams compared. Scorers compute it after a board changed; the board is exact without it.
//!
//! While a competition is open everything here is of public rows and follows from scores as they are shown, so
//! that no digit leaves that the board hides. What private rows say is read from views that are empty of it
//! before the end. Prizes follow exact ranks.
//!
//! Start at [`attach`], which puts ranges beside the rows of a board.

pub mod api;
pub mod attach;
pub mod by_parts;
pub mod compare;
pub mod difference;
pub mod first_digits;
pub mod gain;
pub mod left_out;
pub mod model;
pub mod outlook;
pub mod pages;
pub mod store;
