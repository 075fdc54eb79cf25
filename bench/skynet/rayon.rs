// Fair: `join` is rayon's lightest construct; halving ten children takes nine of it, so that nine are spawned and one called.
use bench::{expect, ns_since, print, read_arguments};
use rayon::{join, ThreadPool, ThreadPoolBuilder};
use std::time::Instant;

fn skynet(ordinal: u64, depth: usize) -> u64 {
    if depth == 0 {
        return ordinal;
    }
    children(ordinal * 10, ordinal * 10 + 10, depth - 1)
}

fn children(begin: u64, end: u64, depth: usize) -> u64 {
    if end - begin == 1 {
        return skynet(begin, depth);
    }
    let middle = (begin + end) / 2;
    let (a, b) = join(
        || children(begin, middle, depth),
        || children(middle, end, depth),
    );
    a + b
}

fn run(pool: &ThreadPool, depth: usize) -> f64 {
    let start = Instant::now();
    let sum = pool.install(|| skynet(0, depth));
    let ns = ns_since(start);
    let leaves = 10u64.pow(depth as u32);
    expect(
        sum == leaves * (leaves - 1) / 2,
        "the sum of the ordinals is right",
    );
    ns
}

fn main() {
    let (workers, depth) = read_arguments(8);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    run(&pool, depth.saturating_sub(1));
    print("ms", run(&pool, depth) / 1e6);
}
