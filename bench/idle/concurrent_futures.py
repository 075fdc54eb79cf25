"""Fair: a ThreadPoolExecutor whose threads have all worked."""

import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait


def main(workers, seconds):
    with ThreadPoolExecutor(workers) as pool:
        wait([pool.submit(int) for _ in range(1000)])
        time.sleep(0.5)
        before = resource.getrusage(resource.RUSAGE_SELF)
        time.sleep(seconds)
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print("cpu_ms", cpu * 1e3)
    print("switches", after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw)


main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
