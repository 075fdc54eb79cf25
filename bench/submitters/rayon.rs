// Fair: each thread has an `in_place_scope`, rayon's own way to spawn from outside and to wait for all that was spawned.
use bench::{expect, ns_since, print, read_arguments};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

const SUBMITTERS: usize = 4;

fn submit(pool: &ThreadPool, n: usize, ran: &AtomicUsize) {
    pool.in_place_scope(|scope| {
        for _ in 0..n {
            scope.spawn(move |_| {
                ran.fetch_add(1, Relaxed);
            });
        }
    });
}

fn run(pool: &ThreadPool, each: usize) -> f64 {
    let ran = &AtomicUsize::new(0);
    let start = Instant::now();
    thread::scope(|threads| {
        for _ in 0..SUBMITTERS {
            threads.spawn(move || submit(pool, each, ran));
        }
    });
    let ns = ns_since(start);
    expect(ran.load(Relaxed) == SUBMITTERS * each, "every task has run");
    ns
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    let each = n / SUBMITTERS;
    run(&pool, each / 10);
    print("ns_per_task", run(&pool, each) / (SUBMITTERS * each) as f64);
    for _ in 0..8 {
        run(&pool, each);
    }
    print("tenth_ns_per_task", run(&pool, each) / (SUBMITTERS * each) as f64);
}
