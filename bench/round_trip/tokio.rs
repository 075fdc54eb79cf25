// Fair: the task is spawned on the runtime's workers, and the thread outside blocks on its JoinHandle.
use bench::read_arguments;
use tokio::runtime::Builder;

fn main() {
    let (workers, n) = read_arguments(20_000);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    bench::round_trip::run(n, |i| {
        runtime.block_on(runtime.spawn(async move { i })).unwrap()
    });
}
