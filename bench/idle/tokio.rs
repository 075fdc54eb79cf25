// Fair: a runtime as a program without files and sockets makes it, whose threads have all worked.
use bench::read_arguments;
use tokio::runtime::Builder;

fn main() {
    let (workers, seconds) = read_arguments(5);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    let handles: Vec<_> = (0..1000).map(|_| runtime.spawn(async {})).collect();
    runtime.block_on(async {
        for handle in handles {
            handle.await.unwrap();
        }
    });
    bench::idle::watch(seconds);
}
