// Fair: each task's own JoinHandle is kept and awaited, in one block_on for all of them.
use bench::{expect, ns_since, print, read_arguments};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};

fn collect(runtime: &Runtime, n: usize) -> f64 {
    let start = Instant::now();
    let handles: Vec<_> = (0..n).map(|i| runtime.spawn(async move { i })).collect();
    runtime.block_on(async {
        for (i, handle) in handles.into_iter().enumerate() {
            expect(handle.await.unwrap() == i, "a task gives its index");
        }
    });
    ns_since(start)
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    collect(&runtime, n / 10);
    print("ns_per_task", collect(&runtime, n) / n as f64);
    for _ in 0..8 {
        collect(&runtime, n);
    }
    print("tenth_ns_per_task", collect(&runtime, n) / n as f64);
}
