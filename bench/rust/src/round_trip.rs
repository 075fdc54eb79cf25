use super::{expect, print, used};
use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_micros(200);

/// Microseconds that each trip takes.
fn trips(n: usize, pause: Duration, trip: &impl Fn(usize) -> usize) -> Vec<f64> {
    let time = |i| {
        if pause > Duration::ZERO {
            thread::sleep(pause);
        }
        let start = Instant::now();
        expect(trip(i) == i, "a task gives its index");
        start.elapsed().as_nanos() as f64 / 1e3
    };
    (0..n).map(time).collect()
}

fn report(name: &str, mut us: Vec<f64>) {
    us.sort_by(f64::total_cmp);
    print(&format!("{name}_us"), us[us.len() / 2]);
    print(&format!("{name}_p99_us"), us[us.len() * 99 / 100]);
}

/// `trip` gives back its argument by way of a task.
pub fn run(n: usize, trip: impl Fn(usize) -> usize) {
    trips(n / 10, Duration::ZERO, &trip);
    report("back_to_back", trips(n, Duration::ZERO, &trip));
    let before = used();
    let paused = trips(n / 20, PAUSE, &trip);
    let cpu_us = (used().cpu_seconds - before.cpu_seconds) * 1e6 / paused.len() as f64;
    report("paused", paused);
    print("paused_cpu_us", cpu_us);
}
