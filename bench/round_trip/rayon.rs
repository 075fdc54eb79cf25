// Fair: `install` is rayon's own way for a thread outside to have something done by the pool and wait for it.
use bench::read_arguments;
use rayon::ThreadPoolBuilder;

fn main() {
    let (workers, n) = read_arguments(20_000);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    bench::round_trip::run(n, |i| pool.install(|| i));
}
