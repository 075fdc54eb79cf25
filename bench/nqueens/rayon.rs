// Fair: `join` is rayon's lightest construct; halving k legal children takes k - 1 of it, so that all but one are spawned.
use bench::{expect, ns_since, print, read_arguments};
use rayon::{join, ThreadPool, ThreadPoolBuilder};
use std::time::Instant;

const MOST: usize = 16;
const SOLUTIONS: [u64; MOST + 1] = [
    1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2_680, 14_200, 73_712, 365_596, 2_279_184, 14_772_512,
];

/// The column of the queen in each row.
type Board = [u8; MOST];

fn is_legal(board: &Board, row: usize, column: u8) -> bool {
    board[..row].iter().enumerate().all(|(i, &other)| {
        let distance = (row - i) as u8;
        other != column && other + distance != column && other != column + distance
    })
}

fn place(board: Board, row: usize, n: usize) -> u64 {
    if row == n {
        return 1;
    }
    let mut legal = [0; MOST];
    let mut count = 0;
    for column in (0..n as u8).filter(|&column| is_legal(&board, row, column)) {
        legal[count] = column;
        count += 1;
    }
    children(board, row, n, &legal[..count])
}

fn children(mut board: Board, row: usize, n: usize, columns: &[u8]) -> u64 {
    match columns {
        [] => 0,
        [column] => {
            board[row] = *column;
            place(board, row + 1, n)
        }
        _ => {
            let (left, right) = columns.split_at(columns.len() / 2);
            let (a, b) = join(
                || children(board, row, n, left),
                || children(board, row, n, right),
            );
            a + b
        }
    }
}

fn run(pool: &ThreadPool, n: usize) -> f64 {
    let start = Instant::now();
    let solutions = pool.install(|| place([0; MOST], 0, n));
    let ns = ns_since(start);
    expect(
        solutions == SOLUTIONS[n],
        "the number of solutions is right",
    );
    ns
}

fn main() {
    let (workers, n) = read_arguments(14);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .unwrap();
    run(&pool, n.saturating_sub(2));
    print("ms", run(&pool, n) / 1e6);
}
