"""Fair: asyncio's own semaphore. asyncio has one thread, so more workers would not help it. 100,000 hand-offs are the default
here."""

import asyncio
import sys
import time


async def play(mine, following, turns):
    for _ in range(turns):
        await mine.acquire()
        following.release()


async def run_ring(players, n):
    """Nanoseconds that each of some n hand-offs takes."""
    turns = [asyncio.Semaphore(0) for _ in range(players)]
    start = time.monotonic_ns()
    ends = [asyncio.create_task(play(mine, turns[(i + 1) % players], n // players)) for i, mine in enumerate(turns)]
    turns[0].release()
    await asyncio.gather(*ends)
    return (time.monotonic_ns() - start) / (n // players * players)


async def main(n):
    await run_ring(2, n // 10)
    print("two_ns", await run_ring(2, n))
    print("hundred_ns", await run_ring(100, n))


asyncio.run(main(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000))
