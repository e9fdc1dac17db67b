//! Whole competitions from the first file to the medals, on the real server with real scorers, against a
//! reckoning in another language that knows the rules and what people did, and no board.

mod contest;
mod large;
mod reckoned;
mod replay;
mod small;

/// Draws the same everywhere.
struct Dice(u64);

impl Dice {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
