"""Fair: submit() and result() of a ThreadPoolExecutor."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

PAUSE = 200e-6


def index(i):
    return i


def trips(pool, n, pause):
    """Microseconds that each takes."""
    us = []
    for i in range(n):
        if pause:
            time.sleep(pause)
        start = time.monotonic_ns()
        if pool.submit(index, i).result() != i:
            sys.exit("wrong result of a task")
        us.append((time.monotonic_ns() - start) / 1e3)
    return us


def report(name, us):
    us.sort()
    print(f"{name}_us", us[len(us) // 2])
    print(f"{name}_p99_us", us[len(us) * 99 // 100])


def main(workers, n):
    with ThreadPoolExecutor(workers) as pool:
        trips(pool, n // 10, 0)
        report("back_to_back", trips(pool, n, 0))
        before = time.process_time()
        paused = trips(pool, n // 20, PAUSE)
        cpu = time.process_time() - before
    report("paused", paused)
    print("paused_cpu_us", cpu * 1e6 / len(paused))


main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20_000)
