// Fair: `in_place_scope` is rayon's own way to spawn from a thread outside and to wait for all that was spawned.
use bench::{expect, ns_since, print, read_arguments};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

fn fire(pool: &ThreadPool, n: usize) -> f64 {
    let ran = &AtomicUsize::new(0);
    let start = Instant::now();
    pool.in_place_scope(|scope| {
        for _ in 0..n {
            scope.spawn(move |_| {
                ran.fetch_add(1, Relaxed);
            });
        }
    });
    let ns = ns_since(start);
    expect(ran.load(Relaxed) == n, "every task has run");
    ns
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    fire(&pool, n / 10);
    print("ns_per_task", fire(&pool, n) / n as f64);
    for _ in 0..8 {
        fire(&pool, n);
    }
    print("tenth_ns_per_task", fire(&pool, n) / n as f64);
}
