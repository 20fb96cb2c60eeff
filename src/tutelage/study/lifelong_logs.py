"""Lifetimes as folders in the layout of l2logger 1.8 (log format 1.1), written and read.

    FOLDER/logger_info.json, scenario_info.json
           WORKER/BLOCK-train/data-log.tsv, WORKER/BLOCK-test/data-log.tsv

with one line per experience. Its readers take task names in lower case and sort the lines by experience number; a line
whose `exp_status` is not "complete" or that has no performance is no experience. The time stamps written here say only
the order: second 0 of 1970 and one microsecond more per experience.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np

from tutelage.core.errors import Fault, Refused
from tutelage.kit.lifetimes import Lifetime, checked, stretches
from tutelage.runs.record import write

FORMAT = "1.1"
PERFORMANCE = "performance"
WORKER = "worker-default"
COLUMNS = ("block_num", "exp_num", "worker_id", "block_type", "block_subtype", "task_name", "task_params", "exp_status",
           "timestamp", PERFORMANCE)  # fmt: skip


def write_logs(folder: Path, life: Lifetime, scenario: str = "custom") -> Path:
    """The folder, made. `scenario`: condensed, dispersed, permuted, alternating, ste or custom."""
    life = checked(life)
    names = np.unique(life.task)
    lower = [str(name).lower() for name in names]
    if len(set(lower)) < len(names):
        raise Refused(
            Fault("lifetime, column task", "two task names differ in case only, which these logs cannot tell")
        )
    if (folder / "logger_info.json").exists():
        raise Refused(Fault(str(folder), "there are logs in this folder already"))
    info = {"metrics_columns": [PERFORMANCE], "log_format_version": FORMAT}
    write(folder / "logger_info.json", json.dumps(info, indent=2))
    about = {"complexity": "1-low", "difficulty": "2-medium", "scenario_type": scenario}
    write(folder / "scenario_info.json", json.dumps(about, indent=2))
    starts = stretches(life).starts
    first = starts[np.append(np.diff(life.block[starts[:-1]], prepend=-1) != 0, True)] if len(life.block) else starts
    for start, stop in zip(first[:-1].tolist(), first[1:].tolist(), strict=True):
        kind = "train" if life.train[start] else "test"
        write(folder / WORKER / f"{life.block[start]}-{kind}" / "data-log.tsv", _lines(life, start, stop, kind))
    return folder


def read_logs(folder: Path, of: str = PERFORMANCE) -> Lifetime:
    """The lifetime in such a folder. Refused when a file or the measure `of` is missing, or a value is no number."""
    paths = sorted(folder.rglob("data-log.tsv"))
    if not paths:
        raise Refused(Fault(str(folder), "there is no data-log.tsv in this folder"))
    lines: list[tuple[int, int, bool, str, float]] = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            for number, line in enumerate(csv.DictReader(file, delimiter="\t"), start=2):
                if line.get("exp_status") != "complete" or line.get(of) == "":
                    continue
                try:
                    key = int(line["exp_num"]), int(line["block_num"])
                    lines.append((*key, line["block_type"] == "train", line["task_name"].lower(), float(line[of])))
                except (KeyError, ValueError, TypeError) as error:
                    raise Refused(Fault(f"{path}, line {number}", f"not a line of these logs: {error}")) from error
    lines.sort(key=lambda line: line[:2])
    experience, block, train, task, performance = zip(*lines, strict=True) if lines else ((), (), (), (), ())
    return checked(Lifetime(np.array(block), np.array(train), np.array(task), np.array(experience),
                            np.array(performance)))  # fmt: skip


def _lines(life: Lifetime, start: int, stop: int, kind: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for place in range(start, stop):
        when = f"19700101T{_clock(place)}"
        writer.writerow([life.block[place], life.experience[place], WORKER, kind, "wake", str(life.task[place]).lower(),
                         "{}", "complete", when, repr(float(life.performance[place]))])  # fmt: skip
    return text.getvalue()


def _clock(microseconds: int) -> str:
    seconds, rest = divmod(microseconds, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}{minutes % 60:02d}{seconds:02d}.{rest:06d}"
