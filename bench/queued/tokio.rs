// Fair: tasks with their JoinHandles, behind tasks that block their workers at a barrier.
use bench::{expect, print, read_arguments, resident_bytes};
use std::sync::{Arc, Barrier};
use tokio::runtime::{Builder, Runtime};

fn block(runtime: &Runtime, workers: usize, barrier: &Arc<Barrier>) {
    for _ in 0..workers {
        let barrier = barrier.clone();
        runtime.spawn(async move {
            barrier.wait();
            barrier.wait();
        });
    }
    barrier.wait();
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    let barrier = Arc::new(Barrier::new(workers + 1));
    block(&runtime, workers, &barrier);
    let before = resident_bytes();
    let handles: Vec<_> = (0..n).map(|i| runtime.spawn(async move { i })).collect();
    print("bytes_per_task", (resident_bytes() - before) / n as f64);
    barrier.wait();
    runtime.block_on(async {
        for (i, handle) in handles.into_iter().enumerate() {
            expect(handle.await.unwrap() == i, "a task gives its index");
        }
    });
}
