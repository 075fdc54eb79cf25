"""Fair: submit() of a ThreadPoolExecutor, whose threads wait at a barrier. 100,000 tasks are the default here."""

import pathlib
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor


def index(i):
    return i


def block(barrier):
    barrier.wait()
    barrier.wait()


def resident_bytes():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


def main(workers, n):
    barrier = threading.Barrier(workers + 1)
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(workers):
            pool.submit(block, barrier)
        barrier.wait()
        before = resident_bytes()
        futures = [pool.submit(index, i) for i in range(n)]
        print("bytes_per_task", (resident_bytes() - before) / n)
        barrier.wait()
        for i, future in enumerate(futures):
            if future.result() != i:
                sys.exit("wrong result of a task")


main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
