"""What was asked and answered in words, and which classes were taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.answers import keys_of
from tutelage.core.data import Course, Ints, Pool, Rows
from tutelage.core.parts import load
from tutelage.recipe.read import Read, overlay
from tutelage.runs.journal import lines
from tutelage.runs.record import Record, arrays
from tutelage.study.measure import round_lines

MOST = 1000  # questions shown; all of them are in the record
NUMBERS = 8  # of a vector that are shown


class Asked(NamedTuple):
    """One question that was put and answered."""

    round: int  # -1: before the first question
    step: str
    id: str
    x: Any  # the text, or the vector's first numbers
    why: float | None  # the chooser's score, None where it gave none
    label: str | None  # None: nobody knew
    bought: str  # "asked" or "start"


class Confused(NamedTuple):
    """How often the answer was `said` where `truth` is right, over all finished seeds."""

    truth: str
    said: str
    times: int


def asked(record: Record, arm: str, seed: int, course: Course, read: Read) -> tuple[Asked, ...]:
    """The questions of one arm at one seed in their order; steps whose teacher is free asked nobody."""
    names = label_names(record, arm, seed, course)
    pool = course.parts["pool"].pool
    start = set(pool.numbers[course.start].tolist())
    made: list[Asked] = []
    for line in round_lines(record, arm, seed):
        if line["round"] >= 0 and not _paid(read, arm, line["step"]):
            continue
        saved = arrays(record.arm_folder(arm, seed) / line["arrays"])
        taught = saved.get("taught", np.zeros(0, dtype=np.int64)).tolist()
        codes = dict(zip(taught, saved.get("taught_label", np.zeros(0, dtype=np.int64)).tolist(), strict=True))
        if line["round"] < 0:
            rows, why, bought = [row for row in taught if row in start], {}, "start"
        else:
            rows, bought = saved["chosen"].tolist(), "asked"
            why = dict(zip(rows, saved["why"].tolist(), strict=True))
        rows = rows[: MOST - len(made)]
        about = Pool(pool.table, np.array(rows, dtype=np.int64), pool.labels)
        for row, id, x in zip(rows, about.ids(), _shown(about), strict=True):
            score = why.get(row, np.nan)
            label = names[codes[row]] if row in codes else None
            made.append(Asked(line["round"], line["step"], id, x, None if np.isnan(score) else score, label, bought))
    return tuple(made)


def confused(record: Record, arm: str, seeds: Sequence[int], course: Course) -> tuple[Confused, ...]:
    """The last round's answers against the truth, most frequent first; empty where no assessor kept them."""
    counts: dict[tuple[str, str], int] = {}
    for seed in seeds:
        kept = [line["arrays"] for line in round_lines(record, arm, seed) if "confusions" in line["scores"]]
        if not kept:
            continue
        names = dict(enumerate(label_names(record, arm, seed, course)))
        saved = arrays(record.arm_folder(arm, seed) / kept[-1])
        truths, answers = saved["confusions.groups"].astype(int), saved["confusions.items"].astype(int)
        for truth, said in zip(truths.tolist(), answers.tolist(), strict=True):
            pair = names.get(truth, "?"), names.get(said, "(no answer)")
            counts[pair] = counts.get(pair, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Confused(truth, said, times) for (truth, said), times in ordered)


def label_names(record: Record, arm: str, seed: int, course: Course) -> tuple[str, ...]:
    """Names by code: those of the data, then those that a person added, found in what was paid for."""
    pool = course.parts["pool"].pool
    names = list(pool.labels)
    new: dict[int, int] = {}
    for line in round_lines(record, arm, seed):
        saved = arrays(record.arm_folder(arm, seed) / line["arrays"]) if line["lessons"] else {}
        codes: Ints = saved.get("taught_label", np.zeros(0, dtype=np.int64))
        for at in np.flatnonzero(codes >= len(names)):
            new.setdefault(int(codes[at]), int(saved["taught"][at]))
    if not new:
        return tuple(names)
    paid = {
        key: value
        for line in lines(record.arm_folder(arm, seed) / "events.jsonl")
        if line["event"] == "pay"
        for key, value, _ in line["bought"]
    }
    for code in range(len(names), max(new) + 1):
        names.append(_said(paid, pool, new[code]) if code in new else f"label {code}")
    return tuple(names)


def _said(paid: Mapping[str, Any], pool: Pool, row: int) -> str:
    one = Pool(pool.table, np.array([row], dtype=np.int64), pool.labels)
    value = paid.get(keys_of(Rows(one, np.array([0])), "human")[0])
    return str(value["label"] if isinstance(value, Mapping) else value)


def _paid(read: Read, arm: str, step: str) -> bool:
    """Whether the teacher of this step charges anything."""
    recipe = read.recipes[arm]
    difference = recipe.steps[int(step)] if recipe.steps else {}
    teach = overlay({"teach": recipe.teach}, {"teach": difference.get("teach", {})})["teach"]
    return bool(load("teach", teach["use"]).spends)


def _shown(pool: Pool) -> list[Any]:
    if "text" in pool.holds:
        return list(pool.texts())
    if "vector" in pool.holds:
        return [[round(float(number), 4) for number in row[:NUMBERS]] for row in pool.vectors()]
    return [None] * len(pool)
