// Fair: the tasks of ../collect/rayon.rs, each with its channel, behind tasks that wait for a barrier.
use bench::{expect, print, read_arguments, resident_bytes};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Arc, Barrier};
use tokio::sync::oneshot::{channel, Receiver};

fn submit(pool: &ThreadPool, i: usize) -> Receiver<usize> {
    let (result, future) = channel();
    pool.spawn(move || result.send(i).unwrap());
    future
}

fn block(pool: &ThreadPool, workers: usize, barrier: &Arc<Barrier>) {
    for _ in 0..workers {
        let barrier = barrier.clone();
        pool.spawn(move || {
            barrier.wait();
            barrier.wait();
        });
    }
    barrier.wait();
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    let barrier = Arc::new(Barrier::new(workers + 1));
    block(&pool, workers, &barrier);
    let before = resident_bytes();
    let futures: Vec<_> = (0..n).map(|i| submit(&pool, i)).collect();
    print("bytes_per_task", (resident_bytes() - before) / n as f64);
    barrier.wait();
    for (i, future) in futures.into_iter().enumerate() {
        expect(future.blocking_recv() == Ok(i), "a task gives its index");
    }
}
