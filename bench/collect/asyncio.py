"""Fair: tasks created in the event loop, where programs of asyncio live; from a thread outside each would cost several times as
much. asyncio has one thread, so more workers would not help it. 100,000 tasks are the default here."""

import asyncio
import sys
import time


async def index(i):
    return i


async def collect(n):
    start = time.monotonic_ns()
    tasks = [asyncio.create_task(index(i)) for i in range(n)]
    for i, task in enumerate(tasks):
        if await task != i:
            sys.exit("wrong result of a task")
    return time.monotonic_ns() - start


async def main(n):
    await collect(n // 10)
    print("ns_per_task", await collect(n) / n)


asyncio.run(main(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000))
