// Fair: tokio's own semaphore. A permit that goes on to another one is forgotten here and added there.
use bench::{ns_since, print, read_arguments};
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

async fn play(mine: Arc<Semaphore>, next: Arc<Semaphore>, turns: usize) {
    for _ in 0..turns {
        mine.acquire().await.unwrap().forget();
        next.add_permits(1);
    }
}

/// Nanoseconds that each of some n hand-offs takes.
fn pass(runtime: &Runtime, players: usize, n: usize) -> f64 {
    let turns: Vec<_> = (0..players).map(|_| Arc::new(Semaphore::new(0))).collect();
    let player = |i: usize| {
        play(
            turns[i].clone(),
            turns[(i + 1) % players].clone(),
            n / players,
        )
    };
    let start = Instant::now();
    let ends: Vec<_> = (0..players).map(|i| runtime.spawn(player(i))).collect();
    turns[0].add_permits(1);
    runtime.block_on(async {
        for end in ends {
            end.await.unwrap();
        }
    });
    ns_since(start) / (n / players * players) as f64
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    pass(&runtime, 2, n / 10);
    print("two_ns", pass(&runtime, 2, n));
    print("hundred_ns", pass(&runtime, 100, n));
}
