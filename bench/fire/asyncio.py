"""Fair: tasks created in the event loop, where programs of asyncio live, in a TaskGroup, which waits for all and keeps no
results. asyncio has one thread, so more workers would not help it. 100,000 tasks are the default here."""

import asyncio
import itertools
import sys
import time


async def count(ran):
    next(ran)


async def fire(n):
    ran = itertools.count()
    start = time.monotonic_ns()
    async with asyncio.TaskGroup() as group:
        for _ in range(n):
            group.create_task(count(ran))
    elapsed = time.monotonic_ns() - start
    if next(ran) != n:
        sys.exit("wrong number of tasks")
    return elapsed


async def main(n):
    await fire(n // 10)
    print("ns_per_task", await fire(n) / n)


asyncio.run(main(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000))
