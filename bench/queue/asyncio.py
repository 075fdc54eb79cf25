"""Fair: asyncio.Queue with the same room; None tells who gets that nothing follows. asyncio has one thread, so more workers would
not help it. 100,000 numbers are the default here."""

import asyncio
import sys
import time

ROOM = 64


async def put(queue, n):
    for i in range(1, n + 1):
        await queue.put(i)


async def add(queue):
    total = 0
    while (number := await queue.get()) is not None:
        total += number
    return total


async def run(pairs, each):
    queue = asyncio.Queue(ROOM)
    getters = [asyncio.create_task(add(queue)) for _ in range(pairs)]
    await asyncio.gather(*(put(queue, each) for _ in range(pairs)))
    for _ in getters:
        await queue.put(None)
    return sum(await asyncio.gather(*getters))


async def run_pairs(pairs, n):
    """Nanoseconds that each of n takes."""
    each = n // pairs
    start = time.monotonic_ns()
    total = await run(pairs, each)
    ns = time.monotonic_ns() - start
    if total != pairs * (each * (each + 1) // 2):
        sys.exit("not all numbers have arrived")
    return ns / (each * pairs)


async def main(n):
    await run_pairs(1, n // 10)
    print("one_to_one_ns", await run_pairs(1, n))
    print("four_to_four_ns", await run_pairs(4, n))


asyncio.run(main(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000))
