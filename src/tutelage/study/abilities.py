"""The forgetting ledger: what an arm could do before its first lesson, and what it gained and lost since.

An ability is one score, or where the exam's table has a column `task` the part of it that belongs to one task. With
v_s(r) its value at seed s after round r, counted so that more is better, and 0 the round before the first lesson,

    gained     mean over seeds of v_s(last) - v_s(0)
    forgotten  mean over seeds of max_r v_s(r) - v_s(last),    never below 0

The interval of `gained` is that of a table of seeds and exam items, both random; over the items alone at one seed; none
in between. That of `forgotten` is over seeds. The best round is chosen with the noise of its exam, so `forgotten` of an
ability that only wavers lies above 0. No interval is widened because there are several.

A study has a ledger when its pool comes in episodes: then the first student is examined before it learns anything.

Source: backward and forward looks at a matrix of tasks and times, Lopez-Paz and Ranzato (2017); `forgotten` as the
forgetting of Chaudhry et al. (2018), section 2, over all rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Course, Floats, Table, gather
from tutelage.kit.episodes import episodes
from tutelage.kit.intervals import FEWEST_SEEDS, t_interval
from tutelage.runs.record import Record, arrays
from tutelage.study.estimate import Estimate, estimate
from tutelage.study.measure import Items, round_lines

NONE = ("confusions", "answer_tokens", "reply_share")  # scores that begin so say nothing of what a student can do


class Ability(NamedTuple):
    """One ability of one arm. Values as the score has them; `gained` and `forgotten` so that more is better learned."""

    name: str  # of the score
    task: str  # "" for the whole score
    higher_is_better: bool
    rounds: tuple[int, ...]  # -1: before the first lesson
    values: tuple[float, ...]  # of each of these rounds, mean over seeds
    gained: Estimate
    forgotten: Estimate
    items: int
    change: str  # gained, lost or unclear: on which side of 0 the interval of `gained` lies


class _Told(NamedTuple):
    """One seed: values of each round, items of the first and of the last."""

    rounds: tuple[int, ...]
    values: Floats
    first: Items
    last: Items


def abilities(record: Record, arm: str, seeds: Sequence[int], course: Course | None) -> tuple[Ability, ...]:
    """Every ability of an arm over its finished seeds; empty without episodes, or without a round before the first."""
    if course is None or not seeds or not episodes(course.parts["pool"].pool):
        return ()
    lines = [
        [line for line in round_lines(record, arm, seed) if line["scores"]] for seed in seeds
    ]  # rounds that were examined
    if any(not told or told[0]["round"] >= 0 for told in lines):
        return ()
    names = [name for name in lines[0][0]["scores"] if not name.startswith(NONE)]
    return tuple(one for name in names for one in _of_score(record, arm, seeds, name, lines, course))


def _of_score(
    record: Record, arm: str, seeds: Sequence[int], name: str, lines: Sequence[Sequence[dict[str, Any]]], course: Course
) -> list[Ability]:
    told = [_told(record, arm, seed, name, mine) for seed, mine in zip(seeds, lines, strict=True)]
    if any(one is None for one in told):
        return []
    known = [one for one in told if one is not None]
    higher = bool(lines[0][0]["higher"][name])
    made = [_ability(name, "", higher, known)]
    tasks = _tasks(course, name, known[0].first.rows)
    if tasks is not None and all(np.array_equal(one.first.rows, known[0].first.rows) for one in known):
        split = [
            _ability(name, str(task), higher, _within(record, arm, seeds, name, lines, known, tasks == task))
            for task in np.unique(tasks)
        ]
        made += split if len(split) > 1 else []
    return made


def _told(record: Record, arm: str, seed: int, name: str, lines: Sequence[dict[str, Any]]) -> _Told | None:
    """None where a round lacks the score."""
    if any(name not in line["scores"] for line in lines):
        return None
    values = np.array([line["scores"][name] for line in lines], dtype=np.float64)
    ends = [_items(record, arm, seed, name, line) for line in (lines[0], lines[-1])]
    return _Told(tuple(line["round"] for line in lines), values, *ends)


def _items(record: Record, arm: str, seed: int, name: str, line: dict[str, Any]) -> Items:
    saved = arrays(record.arm_folder(arm, seed) / line["arrays"])
    return Items(saved[f"{name}.rows"], saved[f"{name}.items"].astype(np.float64), saved.get(f"{name}.groups"))


def _within(
    record: Record, arm: str, seeds: Sequence[int], name: str, lines: Any, told: Sequence[_Told], mine: Array
) -> list[_Told]:
    """The same of some items alone; values are their means."""
    made = []
    for seed, rounds, one in zip(seeds, lines, told, strict=True):
        values = [_items(record, arm, seed, name, line).values[mine].mean() for line in rounds]
        made.append(one._replace(values=np.array(values), first=_some(one.first, mine), last=_some(one.last, mine)))
    return made


def _some(items: Items, mine: Array) -> Items:
    return Items(items.rows[mine], items.values[mine], None if items.groups is None else items.groups[mine])


def _ability(name: str, task: str, higher: bool, told: Sequence[_Told]) -> Ability:
    sign = 1.0 if higher else -1.0
    rounds = [number for number in told[0].rounds if all(number in one.rounds for one in told)]
    values = [float(np.mean([one.values[one.rounds.index(number)] for one in told])) for number in rounds]
    changes = [sign * float(one.values[-1] - one.values[0]) for one in told]
    paired = [_paired(one, sign) for one in told]
    lost = np.array([(sign * one.values).max() - sign * one.values[-1] for one in told])
    over = t_interval(lost)
    forgotten = Estimate(float(lost.mean()), over.low, over.high, "seeds" if len(lost) >= FEWEST_SEEDS else "")
    gained = estimate(paired, changes, shares=False)
    change = "gained" if gained.low > 0 else "lost" if gained.high < 0 else "unclear"
    return Ability(
        name, task, higher, tuple(rounds), tuple(values), gained, forgotten, len(told[0].last.values), change
    )


def _paired(one: _Told, sign: float) -> Items:
    """What each item gained; no items where the exam is not the same before and after."""
    if not np.array_equal(one.first.rows, one.last.rows):
        return Items(one.first.rows[:0], one.first.values[:0], None)
    return Items(one.first.rows, sign * (one.last.values - one.first.values), one.last.groups)


def _tasks(course: Course, name: str, rows: Array) -> Array | None:
    """(n,) the task of each item, of the exam that the score's name ends with; None where its table names none."""
    exam = next((one for one in course.exams if one != "exam" and name.endswith(f"_{one}")), "exam")
    if exam not in course.exams or not course.exams[exam].truth:
        return None
    table: Table = course.exams[exam].truth[0].about.pool.table
    if "task" not in table.columns.column_names or not len(rows) or int(rows.max()) >= table.columns.num_rows:
        return None
    return np.array([str(task) for task in gather(table.columns.column("task"), rows).to_pylist()], dtype=str)
