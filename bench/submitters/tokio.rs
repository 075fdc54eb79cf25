// Fair: the JoinHandles are dropped at once; the runtime has no wait-all, so the tasks count themselves down.
use bench::{ns_since, print, read_arguments, Countdown};
use std::thread;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};

const SUBMITTERS: usize = 4;

fn submit(runtime: &Runtime, n: usize, left: &'static Countdown) {
    for _ in 0..n {
        runtime.spawn(async { left.done() });
    }
}

fn run(runtime: &Runtime, each: usize) -> f64 {
    let start = Instant::now();
    let left = Countdown::new(SUBMITTERS * each);
    thread::scope(|threads| {
        for _ in 0..SUBMITTERS {
            threads.spawn(|| submit(runtime, each, left));
        }
        left.wait();
    });
    ns_since(start)
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    let each = n / SUBMITTERS;
    run(&runtime, each / 10);
    print(
        "ns_per_task",
        run(&runtime, each) / (SUBMITTERS * each) as f64,
    );
    for _ in 0..8 {
        run(&runtime, each);
    }
    print(
        "tenth_ns_per_task",
        run(&runtime, each) / (SUBMITTERS * each) as f64,
    );
}
