// Fair: the JoinHandles are dropped at once; the runtime has no wait-all, so the tasks count themselves down.
use bench::{ns_since, print, read_arguments, Countdown};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};

fn fire(runtime: &Runtime, n: usize) -> f64 {
    let start = Instant::now();
    let left = Countdown::new(n);
    for _ in 0..n {
        runtime.spawn(async { left.done() });
    }
    left.wait();
    ns_since(start)
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    fire(&runtime, n / 10);
    print("ns_per_task", fire(&runtime, n) / n as f64);
    for _ in 0..8 {
        fire(&runtime, n);
    }
    print("tenth_ns_per_task", fire(&runtime, n) / n as f64);
}
