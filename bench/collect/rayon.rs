// Fair: rayon has no futures of its own; for the result of a rayon task tokio's documentation recommends its oneshot channel.
use bench::{expect, ns_since, print, read_arguments};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::time::Instant;
use tokio::sync::oneshot::{channel, Receiver};

fn submit(pool: &ThreadPool, i: usize) -> Receiver<usize> {
    let (result, future) = channel();
    pool.spawn(move || result.send(i).unwrap());
    future
}

fn collect(pool: &ThreadPool, n: usize) -> f64 {
    let start = Instant::now();
    let futures: Vec<_> = (0..n).map(|i| submit(pool, i)).collect();
    for (i, future) in futures.into_iter().enumerate() {
        expect(future.blocking_recv() == Ok(i), "a task gives its index");
    }
    ns_since(start)
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    collect(&pool, n / 10);
    print("ns_per_task", collect(&pool, n) / n as f64);
    for _ in 0..8 {
        collect(&pool, n);
    }
    print("tenth_ns_per_task", collect(&pool, n) / n as f64);
}
