"""Fair: run_coroutine_threadsafe() is asyncio's way for a thread outside to have something run in the event loop and wait for
it. asyncio has one thread, so more workers would not help it."""

import asyncio
import sys
import threading
import time

PAUSE = 200e-6


async def index(i):
    return i


def trips(loop, n, pause):
    """Microseconds that each takes."""
    us = []
    for i in range(n):
        if pause:
            time.sleep(pause)
        start = time.monotonic_ns()
        if asyncio.run_coroutine_threadsafe(index(i), loop).result() != i:
            sys.exit("wrong result of a task")
        us.append((time.monotonic_ns() - start) / 1e3)
    return us


def report(name, us):
    us.sort()
    print(f"{name}_us", us[len(us) // 2])
    print(f"{name}_p99_us", us[len(us) * 99 // 100])


def main(n):
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    trips(loop, n // 10, 0)
    report("back_to_back", trips(loop, n, 0))
    before = time.process_time()
    paused = trips(loop, n // 20, PAUSE)
    cpu = time.process_time() - before
    report("paused", paused)
    print("paused_cpu_us", cpu * 1e6 / len(paused))


main(int(sys.argv[2]) if len(sys.argv) > 2 else 20_000)
