"""Run one arm at one seed, writing every purchase before its use and every round as it ends; resume by replaying.

A round's line names its digest (rows asked, lessons, scores, weights). A run that was killed executes again from
its start: recorded purchases are found paid, recorded rounds must come out with the digest they had.

Purchases are waited for until the disk has them. Rounds are not: should the machine itself go down, what is lost of
them is made again.

Processes that were launched together to teach one student (kit.processes) all execute it; the main one alone writes.

A limit in seconds cannot be kept to the second: the arm ends when what is left is less than its longest round took.
"""

from __future__ import annotations

import fcntl
import io
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tutelage.before import played
from tutelage.core.data import Course, Label
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken, Waiting
from tutelage.core.rng import stream
from tutelage.kit.processes import main, once
from tutelage.kit.processes import told as agree
from tutelage.loop import Round, Run
from tutelage.recipe.fit import fit_one
from tutelage.runs.answered import answered, ask
from tutelage.runs.bought import bought
from tutelage.runs.journal import Journal, lines
from tutelage.runs.record import Record, write
from tutelage.runs.till import Book, RecordedTill, till


def execute(folder: Path, arm: str, seed: int) -> str:
    """Return "done" or "waiting". Safe to call again at any time: a finished arm is left alone."""
    record = Record(folder)
    place = record.arm_folder(arm, seed)
    place.mkdir(parents=True, exist_ok=True)
    # one thread: the same sums in the same order on any number of workers
    with _alone(place) if main() else nullcontext(), threadpool_limits(1):
        if once(lambda: record.state(arm, seed).status == "done"):
            return "done"
        return _execute(record, arm, seed, place)


def _execute(record: Record, arm: str, seed: int, place: Path) -> str:
    read = record.read()
    recipe = read.recipes[arm]
    parts = fit_one(recipe, read.source, arm, next(iter(read.study.arms)))
    started = time.perf_counter()
    course: Course = parts.data.course(stream(seed, "data"))
    clock = {"data": round(time.perf_counter() - started, 6)}
    events = place / "events.jsonl"
    told, known = once(lambda: (list(lines(events)), {**bought(record.folder, events), **answered(record.folder)}))
    purse = till(read.study.budget, events if main() else None, known, told)
    before = [line for line in told if line["event"] == "round"]
    scratch = place / "scratch"
    scratch.mkdir(exist_ok=True)
    done: list[str] = []
    last: Round | None = None
    try:
        salt = f"{arm}/" if recipe.luck == "own" else ""
        run = Run(parts, course, seed, purse, scratch, salt)
        for one in _written(played(run), purse, place, course, before, done):
            last = one
            once(lambda: _empty(scratch))
        once(lambda: (place / "queue.jsonl").unlink(missing_ok=True))
    except Waiting as waiting:
        asked = waiting
        once(lambda: ask(place, asked))
        return "waiting"
    finally:
        if purse.book.journal is not None:
            purse.book.journal.close()
    once(lambda: _end(place, last, purse.book, done, clock))
    return "done"


def _written(stream_: Iterator[Round], purse: RecordedTill, place: Path, course: Course,
           before: list[dict[str, Any]], done: list[str]) -> Iterator[Round]:  # fmt: skip
    """Write each round as it ends, or check it against what an earlier life wrote."""
    started, longest = time.perf_counter(), 0.0
    for one in stream_:
        known = before[len(done)]["seconds"] if len(done) < len(before) else None
        took = round(time.perf_counter() - started, 6)
        seconds = agree(took) if known is None else known  # done again: what it took then
        longest = max(longest, seconds)
        purse.book.ledger.charge("seconds", seconds)
        arrays = _arrays(one)
        mark = digest(arrays, one.student.fingerprint, [block.digest() for block in one.lessons])
        name = f"rounds/{one.number + 1:04d}-{one.step}.npz"
        if known is not None and before[len(done)]["digest"] != mark:
            raise ContractBroken(
                f"{place}: round {one.number} does not come out as it was recorded; the code, a library or the "
                "machine changed since. Start a new run, or go back to the software in environment.json"
            )
        journal = purse.book.journal
        if journal is not None and (known is None or not zipfile.is_zipfile(place / name)):
            buffer = io.BytesIO()
            np.savez_compressed(buffer, allow_pickle=False, **arrays)
            write(place / name, buffer.getvalue(), durable=False)
        if journal is not None and known is None:
            line = _line(one, course, dict(purse.book.ledger.spent), seconds)
            journal.append({**line, "digest": mark, "arrays": name}, durable=False)
        done.append(mark)
        yield one
        if purse.left("seconds") < longest:
            return
        started = time.perf_counter()


def _line(one: Round, course: Course, spent: Mapping[str, float], seconds: float) -> dict[str, Any]:
    """The round in numbers that people read; its seconds are outside the digest."""
    return {
        "event": "round",
        "round": one.number,
        "step": one.step,
        "asked": len(one.chosen),
        "lessons": sum(block.size for block in one.lessons),
        "spent": spent,
        "facts": {**one.facts, **_right(one, course)},
        "scores": {score.name: score.value for score in one.scores},
        "higher": {score.name: score.higher_is_better for score in one.scores},
        "seconds": seconds,
        "clock": {stage: round(took, 6) for stage, took in one.clock.items()},
    }


def _arrays(one: Round) -> dict[str, np.ndarray]:
    """What a round leaves behind in numbers; rows are those of the table."""
    made: dict[str, np.ndarray] = {"chosen": one.chosen, "why": one.why}
    labels = [block for block in one.lessons if block.kind is Label]
    if labels:
        made["taught"] = np.concatenate([block.about.numbers for block in labels])
        made["taught_label"] = np.concatenate([block.given["label"] for block in labels])
        made["taught_weight"] = np.concatenate([block.weight for block in labels])
    for score in one.scores:
        made[f"{score.name}.rows"] = score.rows
        made[f"{score.name}.items"] = score.items
        if score.groups is not None:
            made[f"{score.name}.groups"] = score.groups
    return made


def _right(one: Round, course: Course) -> Mapping[str, float]:
    """The share of this round's labels that agree with the sealed truth, where there is one: for the record only.

    It is worked out after the round, by the referee; no method ever sees it.
    """
    codes = getattr(course.parts["pool"].answers, "codes", None)
    labels = [block for block in one.lessons if block.kind is Label]
    if codes is None or not labels:
        return {}
    rows = np.concatenate([block.about.numbers for block in labels])
    known = codes[rows] >= 0
    given = np.concatenate([block.given["label"] for block in labels])
    return {"lessons_right": float((given == codes[rows])[known].mean())} if known.any() else {}


def _empty(folder: Path) -> None:
    if any(folder.iterdir()):
        shutil.rmtree(folder)
        folder.mkdir()


def _end(place: Path, last: Round | None, book: Book, done: list[str], clock: Mapping[str, float]) -> None:
    if last is not None:
        model = place / "model"
        shutil.rmtree(model, ignore_errors=True)
        last.student.save(model)
    bought = [[key, _timeless(book.charged[key])] for key in sorted(book.charged)]
    mark = digest(bought, done, last.student.fingerprint if last is not None else None)
    closing = Journal(place / "events.jsonl")
    closing.append({"event": "end", "digest": mark, "spent": dict(book.ledger.spent), "clock": clock})
    closing.close()
    shutil.rmtree(place / "scratch", ignore_errors=True)


def _timeless(value: Any) -> Any:
    """Who answered and when is kept in the record but is not part of its identity."""
    return {key: item for key, item in value.items() if key not in {"by", "at"}} if isinstance(value, dict) else value


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Wait until no other process writes this arm: a killed run's worker may still be ending."""
    with (place / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
