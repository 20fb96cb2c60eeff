"""Programs a second behind the walls, beside a bare interpreter for each program, and in the interpreter of arithmetic.

    OMP_NUM_THREADS=1 python benchmarks/sandbox.py [PROGRAMS]

Small programs (a sum, printed), 1,000 unless told. Ours: `run_all` with one worker, walls included, the trial of the
walls not. Peer: `subprocess.run([python, -I, -S, -c, program])` one after another, which has no wall at all. What both
print is compared first. One JSON line; `rate`: ours, programs a second; `workers`: the same with a worker a processor;
`trial_s`: seconds of the walls' trial, once a process; `arithmetic`: programs a second of the interpreter, on programs
of five lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from common import agree, line, timed

from tutelage.sandbox import walls
from tutelage.sandbox.arithmetic import result
from tutelage.sandbox.box import run_all

PROGRAMS = 1000
LIMIT = 1.0  # a walled program is to cost no more than a bare process


def main(count: int) -> dict[str, object]:
    programs = [f"print(sum(range({n})))" for n in range(count)]
    trial, _ = timed(walls.hold)
    ours, said = timed(lambda: [ran.out for ran in run_all(programs, workers=1)])
    every, again = timed(lambda: [ran.out for ran in run_all(programs)])
    bare, few = [sys.executable, "-I", "-S", "-c"], programs[: max(count // 5, 1)]
    peer, told = timed(
        lambda: [subprocess.run([*bare, one], capture_output=True, text=True, check=True).stdout for one in few]
    )
    agree("sandbox", said[: len(told)] == told and said == again, "what was printed differs")
    texts = [f"a={n}+2\nb=a*3\nc=b-{n}\nd=c*c\nanswer=d+1" for n in range(count)]
    exact, values = timed(lambda: list(map(result, texts)))
    agree("sandbox", values == [str(((n + 2) * 3 - n) ** 2 + 1) for n in range(count)], "a result differs")
    more = {"rate": count / ours, "workers": count / every, "trial_s": trial, "arithmetic": count / exact}
    return {**line("sandbox", ours / count, peer / len(told), LIMIT), **more, "load": os.getloadavg()[0]}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else PROGRAMS)))
