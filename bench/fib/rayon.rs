// Fair: `join` is rayon's lightest construct; the child lives on the stack of its parent.
use bench::{print, read_arguments};
use rayon::{join, ThreadPoolBuilder};

fn fib(n: usize) -> u64 {
    if n < 2 {
        return n as u64;
    }
    let (a, b) = join(|| fib(n - 2), || fib(n - 1));
    a + b
}

fn main() {
    let (workers, n) = read_arguments(39);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    let ns = bench::fib::run(n, |n| pool.install(|| fib(n)));
    print("ms", ns / 1e6);
}
