"""One choice of every chooser from a large pool, each in a process of its own: seconds, and the peak of its memory.

    python benchmarks/large_pool.py [ROWS] [CHOOSER ...]                 default: 100,000 rows, every chooser
    python benchmarks/large_pool.py --few-labels [ROWS] [CHOOSER ...]    the whole recipe instead

The pool is ROWS x 384 numbers of length 1 in 77 clusters; the student is `vector.logistic`, taught 140 of them; 28 are
asked for. There is no peer. `predicted` is what `kit/cost.py` says, beside `ours` (seconds of wall clock) and `cpu`
(seconds of this process); `grown` the bytes that choosing added to the peak. A chooser with which `tutelage run
few-labels` on a file of ROWS texts would be refused is measured all the same if one choice is predicted to take less
than two minutes, else not run; its line holds the refusal. `limit`: 4 GB for the whole process. One JSON line each.

With --few-labels the recipe is run on such a file in 4 arms and at 5 seeds, with 308 labels, the chooser in the two
arms that choose. The vectors of the texts are put into the cache first, since encoding is not what is measured.
`limit`: 1,800 seconds, and 4 GB for the largest process.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
WIDTH, CLASSES, HELD, ASKED = 384, 77, 140, 28
BYTES, SECONDS, PATIENCE = 4e9, 1800, 120


def drawn(codes, first: int):
    """(n, 384) of length 1: one of 77 centres and noise, the same for the same row whoever asks."""
    import numpy as np

    centres = np.random.default_rng(0).normal(size=(CLASSES, WIDTH)).astype(np.float32)
    x = centres[codes] + np.stack([np.random.default_rng(first + i).normal(size=WIDTH) for i in range(len(codes))])
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def one(name: str, rows: int) -> None:
    """In a process of its own."""
    import numpy as np

    from tutelage.core.data import Rows, Table, labelled
    from tutelage.core.parts import build
    from tutelage.core.rng import stream
    from tutelage.kit.cost import Size, cost_of
    from tutelage.student.vector.logistic import Logistic
    from tutelage.toys import view

    codes = np.arange(rows) * 7 % CLASSES
    x = np.empty((rows, WIDTH), dtype=np.float32)
    for start in range(0, rows, 10_000):
        x[start : start + 10_000] = drawn(codes[start : start + 10_000], start)
    pool = Table.of("large", {"vector": x}, [f"class {c}" for c in range(CLASSES)]).pool()
    del x
    held = np.random.default_rng(1).choice(rows, HELD, replace=False)
    lessons = (labelled(Rows(pool, held), codes[held], "oracle", 1.0),)
    student = Logistic().begin(pool, stream(0, "student")).fit(lessons, stream(0, "learn"))
    seen = view(pool.without(held), student, lessons)
    chooser = build("choose", name)
    predicted = cost_of(chooser, Size(rows - HELD, WIDTH, CLASSES, ASKED, HELD))
    before, wall, cpu = peak(), time.perf_counter(), time.process_time()
    rows_chosen = chooser.choose(seen, ASKED, stream(0, "choose")).rows
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if len(set(rows_chosen.tolist())) != ASKED:
        raise SystemExit(f"{name} chose {len(rows_chosen)} rows; times would mean nothing")
    print(json.dumps({"id": f"{name}, {rows} rows", "ours": round(wall, 2), "cpu": round(cpu, 2),
                      "predicted": round(predicted.seconds, 2), "peak_bytes": peak(), "grown": peak() - before,
                      "predicted_bytes": int(predicted.bytes), "limit": BYTES, "of_limit": round(peak() / BYTES, 3)}))  # fmt: skip


def peak(who: int = resource.RUSAGE_SELF) -> int:
    return resource.getrusage(who).ru_maxrss * 1024


def written(rows: int, folder: Path) -> tuple[str, ...]:
    """A file of so many texts of 80 letters; the options that name it."""
    path = folder / "large.csv"
    with path.open("w") as file:
        file.write("body,queue\n")
        file.writelines(
            f"{f'text {i} of class {i * 7 % CLASSES} ':.<80},class {i * 7 % CLASSES}\n" for i in range(rows)
        )
    return ("--data", str(path), "--text", "body", "--label", "queue", "--labels", "308")


def asked_for(name: str, options: tuple[str, ...]):
    """The study of `run few-labels` with this chooser. Refused where it is too much."""
    from tutelage.recipe.read import read
    from tutelage.study.run import prepare

    data = f"data={{use: table, path: {options[1]}, text: body, label: queue}}"
    return prepare(read("few-labels", (data, "budget.labels=308", *chosen_by(name))))


def chosen_by(name: str) -> list[str]:
    return [f"arms.{arm}.choose={{use: {name}}}" for arm in ("chosen", "chosen_self_training")]


def whole(name: str, rows: int, options: tuple[str, ...]) -> None:
    """`tutelage run few-labels`, the vectors of its texts being in the cache."""
    import numpy as np

    from tutelage.kit.embeddings import fill
    from tutelage.student.text.encoder.onnx import Onnx
    from tutelage.study.opened import _material

    def encode(texts):
        numbers = [[int(found) for found in re.findall(r"\d+", text)] for text in texts]
        return np.concatenate([drawn([code], row) for row, code in numbers])

    for material in _material(asked_for(name, options).courses["uniform"]):
        fill(material, Onnx().fingerprint, encode, WIDTH)
    sets = [part for item in chosen_by(name) for part in ("--set", item)]
    command = [sys.executable, "-m", "tutelage.cli.main", "run", "few-labels", *options, *sets]
    with tempfile.TemporaryDirectory() as runs:
        started = time.perf_counter()
        done = subprocess.run([*command, "--runs", runs], capture_output=True, text=True)
        seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    largest = peak(resource.RUSAGE_CHILDREN)
    print(json.dumps({"id": f"few-labels with {name}, {rows} texts", "ours": round(seconds, 1), "limit": SECONDS,
                      "of_limit": round(max(seconds / SECONDS, largest / BYTES), 3), "peak_bytes": largest}))  # fmt: skip


def main(few_labels: bool, rows: int, names: list[str]) -> None:
    from tutelage.core.errors import Refused
    from tutelage.core.parts import build
    from tutelage.kit.cache import cache_folder
    from tutelage.kit.cost import Size, cost_of

    print(f"load {os.getloadavg()[0]:.2f}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cache").mkdir()
        (Path(folder) / "cache" / "assets").symlink_to(cache_folder("assets"))
        os.environ["TUTELAGE_CACHE"] = str(Path(folder) / "cache")
        options = written(rows, Path(folder))
        for name in names:
            refused = ""
            try:
                asked_for(name, options)
            except Refused as error:
                refused = str(error)
            size = Size(rows - HELD, WIDTH, CLASSES, ASKED, HELD)
            if refused and (few_labels or cost_of(build("choose", name), size).seconds > PATIENCE):
                print(json.dumps({"id": f"{name}, {rows} rows", "refused": refused.splitlines()}), flush=True)
                continue
            mode = "--whole" if few_labels else "--one"
            subprocess.run([sys.executable, __file__, mode, name, str(rows), *options], check=True)


if __name__ == "__main__":
    from tutelage.core.parts import names as of_room

    words = sys.argv[1:]
    if words[:1] == ["--one"]:
        one(words[1], int(words[2]))
    elif words[:1] == ["--whole"]:
        whole(words[1], int(words[2]), tuple(words[3:]))
    else:
        few = words[:1] == ["--few-labels"]
        words = words[few:]
        rows = int(words.pop(0)) if words[:1] and words[0].isdigit() else 100_000
        main(few, rows, words or [name for name in of_room("choose") if "." not in name])
