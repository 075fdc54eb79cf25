"""Fair: an event loop that waits for nothing but the end of the watch."""

import asyncio
import resource
import sys


async def nothing():
    pass


async def main(seconds):
    await asyncio.gather(*(nothing() for _ in range(1000)))
    await asyncio.sleep(0.5)
    before = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.sleep(seconds)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print("cpu_ms", cpu * 1e3)
    print("switches", after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw)


asyncio.run(main(int(sys.argv[2]) if len(sys.argv) > 2 else 5))
