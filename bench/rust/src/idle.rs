use super::{print, used};
use std::thread;
use std::time::Duration;

/// Threads that look for work a while longer are left to do so before the watch begins.
const SETTLING: Duration = Duration::from_millis(500);

pub fn watch(seconds: usize) {
    thread::sleep(SETTLING);
    let before = used();
    thread::sleep(Duration::from_secs(seconds as u64));
    let after = used();
    print("cpu_ms", (after.cpu_seconds - before.cpu_seconds) * 1e3);
    print("switches", (after.switches - before.switches) as f64);
}
