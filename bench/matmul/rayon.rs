// Fair: nested `join`, rayon's lightest construct. Quadrants of one matrix interleave in memory, so they are pointers here: no
// element of c belongs to two of them.
use bench::{expect, ns_since, print, read_arguments};
use rayon::{join, ThreadPool, ThreadPoolBuilder};
use std::time::Instant;

const LEAF: usize = 32;

#[derive(Clone, Copy)]
struct Square {
    first: *mut i32,
    n: usize,
    stride: usize,
}

unsafe impl Send for Square {}
unsafe impl Sync for Square {}

impl Square {
    fn whole(elements: &mut [i32], n: usize) -> Square {
        Square {
            first: elements.as_mut_ptr(),
            n,
            stride: n,
        }
    }

    fn quadrant(self, row: usize, column: usize) -> Square {
        let half = self.n / 2;
        let first = unsafe { self.first.add(row * half * self.stride + column * half) };
        Square {
            first,
            n: half,
            ..self
        }
    }

    fn row<'a>(self, i: usize) -> &'a [i32] {
        unsafe { std::slice::from_raw_parts(self.first.add(i * self.stride), self.n) }
    }

    fn row_mut<'a>(self, i: usize) -> &'a mut [i32] {
        unsafe { std::slice::from_raw_parts_mut(self.first.add(i * self.stride), self.n) }
    }
}

fn multiply_leaf(a: Square, b: Square, c: Square) {
    for i in 0..a.n {
        for (k, &factor) in a.row(i).iter().enumerate() {
            for (sum, &element) in c.row_mut(i).iter_mut().zip(b.row(k)) {
                *sum += factor * element;
            }
        }
    }
}

/// Adds a * b to c.
fn multiply(a: Square, b: Square, c: Square) {
    if a.n <= LEAF {
        return multiply_leaf(a, b, c);
    }
    for k in 0..2 {
        let product = |i, j| multiply(a.quadrant(i, k), b.quadrant(k, j), c.quadrant(i, j));
        join(
            || join(|| product(0, 0), || product(0, 1)),
            || join(|| product(1, 0), || product(1, 1)),
        );
    }
}

fn is_right(a: &[i32], b: &[i32], c: &[i32], n: usize) -> bool {
    let entry = |i, j| (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum::<i32>();
    [
        (0, 0),
        (0, n - 1),
        (n / 2, n / 3),
        (n - 1, 0),
        (n - 1, n - 1),
    ]
    .iter()
    .all(|&(i, j)| c[i * n + j] == entry(i, j))
}

fn run(pool: &ThreadPool, n: usize) -> f64 {
    let mut a: Vec<i32> = (0..n * n).map(|i| (i % 13) as i32).collect();
    let mut b: Vec<i32> = (0..n * n).map(|i| (i % 17) as i32).collect();
    let mut c = a.clone();
    c.fill(0);
    let squares = [&mut a, &mut b, &mut c].map(|elements| Square::whole(elements, n));
    let start = Instant::now();
    pool.install(|| multiply(squares[0], squares[1], squares[2]));
    let ns = ns_since(start);
    expect(
        is_right(&a, &b, &c, n),
        "some entries of the product are right",
    );
    ns
}

fn main() {
    let (workers, n) = read_arguments(2048);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    run(&pool, n / 2);
    print("ms", run(&pool, n) / 1e6);
}
