"""Fair: tasks created in the event loop, whose one thread is busy with creating them. 100,000 tasks are the default here."""

import asyncio
import pathlib
import re
import sys


async def index(i):
    return i


def resident_bytes():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


async def main(n):
    before = resident_bytes()
    tasks = [asyncio.create_task(index(i)) for i in range(n)]
    print("bytes_per_task", (resident_bytes() - before) / n)
    for i, task in enumerate(tasks):
        if await task != i:
            sys.exit("wrong result of a task")


asyncio.run(main(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000))
