"""Runs one command and says what it took. A process of its own, as small as can be, because Linux counts the
memory of whoever starts a process as that process's own peak."""

import json
import os
import sys
import time

result, *command = sys.argv[1:]
begun = time.perf_counter()
number = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(number, 0)
wall = time.perf_counter() - begun
with open(result, "w", encoding="ascii") as file:
    json.dump(
        {
            "code": os.waitstatus_to_exitcode(status),
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "memory": usage.ru_maxrss / 1024,
        },
        file,
    )
