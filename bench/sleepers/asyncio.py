"""Fair: one task for each sleep, their ends taken from an asyncio.Queue, which takes a little less CPU time and memory here
than asyncio.as_completed(). asyncio has one thread, so a second worker would not help it; delays and ends are kept in
arrays of 8-byte numbers, as in the other programs."""

import array
import asyncio
import random
import resource
import sys
import time


async def nap(i, delays, ends, done):
    ends[i] = time.monotonic() + delays[i]
    await asyncio.sleep(delays[i])
    done.put_nowait(i)


async def collect(n, delays, ends, done):
    delay_inversions = end_inversions = 0
    last = await done.get()
    for _ in range(n - 1):
        i = await done.get()
        delay_inversions += delays[i] < delays[last]
        end_inversions += ends[i] < ends[last]
        last = i
    return delay_inversions, end_inversions


async def measure(n):
    delays = array.array("d", (random.random() for _ in range(n)))
    ends = array.array("d", bytes(8 * n))
    done = asyncio.Queue()
    start = time.monotonic()
    tasks = [asyncio.create_task(nap(i, delays, ends, done)) for i in range(n)]
    inversions = await collect(n, delays, ends, done)
    over = time.monotonic() - start - max(delays)
    await asyncio.wait(tasks)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print("over_ms", over * 1e3)
    print("cpu_s", usage.ru_utime + usage.ru_stime)
    print("peak_mb", usage.ru_maxrss / 1024)
    print("delay_inversions", inversions[0])
    print("end_inversions", inversions[1])


random.seed(1)
asyncio.run(measure(int(sys.argv[2]) if len(sys.argv) > 2 else 10000))
