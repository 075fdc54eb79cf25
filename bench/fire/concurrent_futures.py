"""Fair: the futures that submit() makes in any case are dropped, and shutdown() is the pool's own wait-all. The threads that
the pool starts as it needs them are there before. 100,000 tasks are the default here."""

import itertools
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait


def fire(pool, n):
    ran = itertools.count()
    start = time.monotonic_ns()
    for _ in range(n):
        pool.submit(next, ran)
    pool.shutdown()
    elapsed = time.monotonic_ns() - start
    if next(ran) != n:
        sys.exit("wrong number of tasks")
    return elapsed


def main(workers, n):
    pool = ThreadPoolExecutor(workers)
    wait([pool.submit(int) for _ in range(n // 10)])
    print("ns_per_task", fire(pool, n) / n)


main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
