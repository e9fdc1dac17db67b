//! What those who asked met.

use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinError;

/// Errors that are told in words.
const SAID: usize = 3;

#[derive(Default)]
pub struct Met {
    taken: Vec<Duration>,
    said: Vec<String>,
    errors: usize,
    /// Changes that open boards were told of.
    heard: usize,
}

/// As documents of benchmarks have it; times in milliseconds, none where nobody was answered.
#[derive(Debug, PartialEq, Serialize)]
pub struct Told {
    pub n: usize,
    pub errors: usize,
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub worst_ms: Option<f64>,
    pub heard: usize,
    pub said: Vec<String>,
}

impl Met {
    pub fn note(&mut self, ended: Result<(Duration, Result<(), String>), JoinError>) {
        match ended {
            Ok((taken, Ok(()))) => self.answered(taken),
            Ok((_, Err(error))) => self.fail(error),
            Err(error) => self.fail(error.to_string()),
        }
    }

    pub fn answered(&mut self, taken: Duration) {
        self.taken.push(taken);
    }

    pub fn fail(&mut self, error: String) {
        self.errors += 1;
        if self.said.len() < SAID {
            self.said.push(error);
        }
    }

    pub fn hear(&mut self) {
        self.heard += 1;
    }

    pub fn told(&self) -> Told {
        let mut sorted: Vec<f64> = self.taken.iter().map(|taken| taken.as_secs_f64() * 1e3).collect();
        sorted.sort_by(f64::total_cmp);
        Told {
            n: sorted.len(),
            errors: self.errors,
            p50_ms: percentile(&sorted, 50),
            p99_ms: percentile(&sorted, 99),
            worst_ms: sorted.last().copied(),
            heard: self.heard,
            said: self.said.clone(),
        }
    }
}

/// Between the two values that lie around it, as Python's `statistics.quantiles` has it.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let n = sorted.len();
    if n < 2 {
        return None;
    }
    let at = percent * (n + 1);
    let below = (at / 100).clamp(1, n - 1);
    let beyond = (at as f64 - 100.0 * below as f64) / 100.0;
    Some(sorted[below - 1] * (1.0 - beyond) + sorted[below] * beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_python() {
        // statistics.quantiles([1, 2, 4, 8, 16], n=100)[49] and [98]
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert_eq!(percentile(&values, 50), Some(4.0));
        assert!((percentile(&values, 99).expect("five values") - 23.52).abs() < 1e-9);
        assert_eq!(percentile(&[3.0], 50), None);
    }

    #[test]
    fn three_errors_are_told_and_all_counted() {
        let mut met = Met::default();
        for number in 0..7 {
            met.fail(number.to_string());
        }
        met.answered(Duration::from_millis(8));
        let told = met.told();
        assert_eq!((told.n, told.errors, told.worst_ms), (1, 7, Some(8.0)));
        assert_eq!(told.said, ["0", "1", "2"]);
    }
}
