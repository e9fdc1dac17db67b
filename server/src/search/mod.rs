//! Search: one box over competitions, notebooks, topics with their posts, and people.
//!
//! Words are looked up in GIN indexes. Few hits are ranked by how well they fit; of words that very many
//! posts have, the newest come first, so that no search reads more than a bound. What is found nowhere
//! is looked for as it might have been meant, by the words of all titles.
//!
//! Found is what is public, what belongs to the searcher's own competitions, and notebooks of one's own and
//! of one's team: nobody, administrators included, finds another's. To add something that is searched: a variant of [`model::Part`], its
//! statement in [`store`], and an arm in [`find::part`].

pub mod api;
pub mod find;
pub mod model;
pub mod pages;
pub mod store;
