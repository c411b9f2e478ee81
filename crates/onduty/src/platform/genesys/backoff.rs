//! How long to wait after the nth failure in a row.

use std::time::Duration;

/// Doubles from `base` with each failure up to `cap`; of that, the half to the whole, by `jitter` (0 to 1), so that
/// many clients that failed together do not come back together. `failures` counts from 1.
pub fn backoff(failures: u32, base: Duration, cap: Duration, jitter: f64) -> Duration {
    let doubled = base.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(cap);
    doubled.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_jitter_takes_at_most_half() {
        let (base, cap) = (Duration::from_millis(200), Duration::from_secs(30));
        let table =
            [(1, 1.0, 200), (1, 0.0, 100), (2, 1.0, 400), (5, 0.5, 2_400), (99, 1.0, 30_000), (0, 1.0, 200)];
        for (failures, jitter, expected) in table {
            assert_eq!(
                backoff(failures, base, cap, jitter).as_millis(),
                expected,
                "{failures} failures, jitter {jitter}"
            );
        }
    }
}
