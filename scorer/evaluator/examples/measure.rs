//! `measure TEAMS ROWS REPLICATES COLUMNS`: the evaluator's own times on this processor, without the rest of a
//! scorer. `holdout-scorer evaluator --measure` prints the same.

use holdout_evaluator::Cpu;
use holdout_evaluator::measure::{Size, measure};

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|number| number.parse().ok()).collect();
    let &[teams, rows, replicates, columns] = numbers.as_slice() else {
        eprintln!("measure TEAMS ROWS REPLICATES COLUMNS");
        std::process::exit(2);
    };
    let Ok(found) = measure(&Cpu, Size { teams, rows, replicates, columns });
    println!("{found:#}");
}
