//! What the Rust programs have in common.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Instant;
use std::{env, fs, mem, process};

pub mod fib;
pub mod idle;
pub mod round_trip;

/// `program WORKERS [SIZE]`
pub fn read_arguments(default_size: usize) -> (usize, usize) {
    let number = |i| {
        env::args()
            .nth(i)
            .map(|text| text.parse().expect("a number"))
    };
    (
        number(1).expect("usage: program WORKERS [SIZE]"),
        number(2).unwrap_or(default_size),
    )
}

pub fn expect(holds: bool, what: &str) {
    if !holds {
        eprintln!("not so: {what}");
        process::exit(1);
    }
}

pub fn print(metric: &str, figure: f64) {
    println!("{metric} {figure:.3}");
}

pub fn ns_since(start: Instant) -> f64 {
    start.elapsed().as_nanos() as f64
}

pub struct Usage {
    pub cpu_seconds: f64,
    pub switches: i64,
}

pub fn used() -> Usage {
    let usage: libc::rusage = unsafe {
        let mut usage = mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Usage {
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        switches: usage.ru_nvcsw + usage.ru_nivcsw,
    }
}

pub fn resident_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("VmRSS");
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<f64>().ok())
        .expect("kB")
        * 1024.0
}

/// Counts tasks down for the thread that made it; lives as long as the program, so that no task has to own a share of it.
pub struct Countdown {
    left: AtomicUsize,
    waiter: Thread,
}

impl Countdown {
    pub fn new(n: usize) -> &'static Countdown {
        Box::leak(Box::new(Countdown {
            left: AtomicUsize::new(n),
            waiter: thread::current(),
        }))
    }

    pub fn done(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.waiter.unpark();
        }
    }

    pub fn wait(&self) {
        while self.left.load(Ordering::Acquire) > 0 {
            thread::park();
        }
    }
}
