"""Fair: the futures that submit() makes in any case are dropped, and shutdown() is the pool's own wait-all. The threads that
the pool starts as it needs them are there before. 100,000 tasks are the default here."""

import itertools
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

SUBMITTERS = 4


def submit(pool, n, ran):
    for _ in range(n):
        pool.submit(next, ran)


def run(pool, each):
    ran = itertools.count()
    submitters = [threading.Thread(target=submit, args=(pool, each, ran)) for _ in range(SUBMITTERS)]
    start = time.monotonic_ns()
    for submitter in submitters:
        submitter.start()
    for submitter in submitters:
        submitter.join()
    pool.shutdown()
    elapsed = time.monotonic_ns() - start
    if next(ran) != SUBMITTERS * each:
        sys.exit("wrong number of tasks")
    return elapsed


def main(workers, n):
    pool = ThreadPoolExecutor(workers)
    wait([pool.submit(int) for _ in range(n // 10)])
    each = n // SUBMITTERS
    print("ns_per_task", run(pool, each) / (SUBMITTERS * each))


main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
