// Fair: a pool as rayon makes it, whose threads have all worked.
use bench::read_arguments;
use rayon::ThreadPoolBuilder;

fn main() {
    let (workers, seconds) = read_arguments(5);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    pool.in_place_scope(|scope| (0..1000).for_each(|_| scope.spawn(|_| {})));
    bench::idle::watch(seconds);
}
