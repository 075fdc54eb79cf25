// Fair: tokio's mpsc channel with the same room. It has one receiver; several tasks take from it by turns, under tokio's mutex.
use bench::{expect, ns_since, print, read_arguments};
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{channel, Receiver, Sender};
use tokio::sync::Mutex;

const ROOM: usize = 64;

async fn put(numbers: Sender<usize>, n: usize) {
    for i in 1..=n {
        numbers.send(i).await.unwrap();
    }
}

async fn add(mut numbers: Receiver<usize>) -> usize {
    let mut sum = 0;
    while let Some(number) = numbers.recv().await {
        sum += number;
    }
    sum
}

async fn add_shared(numbers: Arc<Mutex<Receiver<usize>>>) -> usize {
    let mut sum = 0;
    loop {
        let next = numbers.lock().await.recv().await;
        match next {
            Some(number) => sum += number,
            None => return sum,
        }
    }
}

/// Nanoseconds that each of n takes.
fn pass(runtime: &Runtime, pairs: usize, n: usize) -> f64 {
    let (sender, receiver) = channel(ROOM);
    let each = n / pairs;
    let start = Instant::now();
    let getters: Vec<_> = if pairs == 1 {
        vec![runtime.spawn(add(receiver))]
    } else {
        let receiver = Arc::new(Mutex::new(receiver));
        (0..pairs)
            .map(|_| runtime.spawn(add_shared(receiver.clone())))
            .collect()
    };
    for _ in 0..pairs {
        runtime.spawn(put(sender.clone(), each));
    }
    drop(sender);
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for getter in getters {
            sum += getter.await.unwrap();
        }
        sum
    });
    let ns = ns_since(start);
    expect(
        sum == pairs * (each * (each + 1) / 2),
        "all numbers have arrived",
    );
    ns / (each * pairs) as f64
}

fn main() {
    let (workers, n) = read_arguments(1_000_000);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    pass(&runtime, 1, n / 10);
    print("one_to_one_ns", pass(&runtime, 1, n));
    print("four_to_four_ns", pass(&runtime, 4, n));
}
