// Fair: a parallel iterator over the slice, which splits it by itself. The function is not inlined, so that serial and parallel
// loops run the same code.
use bench::{expect, ns_since, print, read_arguments};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::time::Instant;

#[inline(never)]
fn work(x: f64, rounds: usize) -> f64 {
    (0..rounds).fold(x, |x, _| (x * x + 1.0).sqrt())
}

fn time(loop_over: impl FnOnce()) -> f64 {
    let start = Instant::now();
    loop_over();
    ns_since(start)
}

fn parallel_over_serial(
    pool: &ThreadPool,
    n: usize,
    rounds: impl Fn(usize) -> usize + Sync,
) -> f64 {
    let mut serial: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let mut parallel = serial.clone();
    let each = |(i, x): (usize, &mut f64)| *x = work(*x, rounds(i));
    let serial_ns = time(|| serial.iter_mut().enumerate().for_each(each));
    let parallel_ns = time(|| pool.install(|| parallel.par_iter_mut().enumerate().for_each(each)));
    expect(
        parallel == serial,
        "parallel and serial results are the same",
    );
    parallel_ns / serial_ns
}

fn main() {
    let (workers, n) = read_arguments(10_000_000);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    let even = |_| 8;
    parallel_over_serial(&pool, n / 10, even);
    print("even_over_serial", parallel_over_serial(&pool, n, even));
    print(
        "growing_over_serial",
        parallel_over_serial(&pool, n, |i| 1 + 15 * i / n),
    );
}
