use super::{expect, ns_since, print};
use std::time::Instant;

fn fibonacci(n: usize) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

/// Every call with n >= 2 spawns once. Gives nanoseconds.
pub fn run(n: usize, fib: impl Fn(usize) -> u64) -> f64 {
    fib(n.saturating_sub(5));
    let start = Instant::now();
    let result = fib(n);
    let ns = ns_since(start);
    expect(result == fibonacci(n), "fib(n) is right");
    print("ns_per_spawn", ns / (fibonacci(n + 1) - 1) as f64);
    ns
}
