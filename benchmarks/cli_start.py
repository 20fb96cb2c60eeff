"""How long a person waits for `tutelage --help` and `tutelage list`: median of ten whole processes.

    python benchmarks/cli_start.py

One JSON line a command: seconds, the limit asked for, their quotient. No peer: nothing else lists these methods.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMITS = {"--help": 0.15, "list": 0.25}
RUNS = 10


def seconds(argument: str) -> float:
    """One whole process, from start to end."""
    started = time.perf_counter()
    command = [str(Path(sys.executable).with_name("tutelage")), argument]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    print(f"load {os.getloadavg()[0]:.2f}", file=sys.stderr)
    for argument, limit in LIMITS.items():
        seconds(argument)  # the first one compiles
        ours = statistics.median(seconds(argument) for _ in range(RUNS))
        line = {"id": f"start {argument}", "ours": round(ours, 4), "peer": None, "ratio": None,
                "limit": limit, "of_limit": round(ours / limit, 3)}  # fmt: skip
        print(json.dumps(line))


if __name__ == "__main__":
    main()
