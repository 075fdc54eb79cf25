// Fair: every child is a task with its own JoinHandle. An async function that calls itself has to box its future; here this is
// once for each call, as it is with the async_recursion macro.
use bench::read_arguments;
use std::future::Future;
use std::pin::Pin;
use tokio::runtime::Builder;

fn fib(n: usize) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if n < 2 {
            return n as u64;
        }
        let child = tokio::spawn(fib(n - 1));
        let called = fib(n - 2).await;
        child.await.unwrap() + called
    })
}

fn main() {
    let (workers, n) = read_arguments(30);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .build()
        .unwrap();
    bench::fib::run(n, |n| runtime.block_on(runtime.spawn(fib(n))).unwrap());
}
