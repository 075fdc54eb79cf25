"""Fair: submit() and result() of a ThreadPoolExecutor. 100,000 tasks are the default here."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor


def index(i):
    return i


def collect(pool, n):
    start = time.monotonic_ns()
    futures = [pool.submit(index, i) for i in range(n)]
    for i, future in enumerate(futures):
        if future.result() != i:
            sys.exit("wrong result of a task")
    return time.monotonic_ns() - start


def main(workers, n):
    with ThreadPoolExecutor(workers) as pool:
        collect(pool, n // 10)
        print("ns_per_task", collect(pool, n) / n)


main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
