"""Texts that a study still has to embed, counted from the cache, and what that takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Course, Ints, Pool
from tutelage.core.errors import Missing
from tutelage.core.parts import name_of
from tutelage.core.stages import CanEmbed, CanFit
from tutelage.kit import embeddings
from tutelage.kit.embeddings import MOST, WORTH
from tutelage.recipe.fit import Parts
from tutelage.study.amounts import Amount, total
from tutelage.study.calibration import Rates
from tutelage.study.material import Courses

TEXTS_A_SECOND = 400.0  # short texts on one core with the default encoder, where this machine has not said


class Encoding(NamedTuple):
    """texts: not in the cache yet. seconds: before the first round, on all cores."""

    texts: Amount
    seconds: Amount


def encoding(shelf: Courses, rates: Rates, workers: int) -> Encoding:
    """Over all arms and seeds; a text that several of them read is embedded once."""
    wanted: dict[tuple[str, str], tuple[Any, Pool, list[Ints]]] = {}
    away: list[str] = []
    for arm, parts in shelf.parts.items():
        for encoder in dict.fromkeys(encoders(parts)):
            try:
                mark = encoder.fingerprint  # of the files of its model
            except Missing as missing:
                away.append(str(missing))
                continue
            for seed in shelf.read.study.seed_list:
                course = shelf.course(arm, seed)
                if isinstance(course, Missing):
                    away.append(str(course))
                    break
                for pool in (pool for pool in material(course) if "text" in pool.holds):
                    wanted.setdefault((mark, pool.table.fingerprint), (encoder, pool, []))[2].append(pool.numbers)
    if away:
        unknown = Amount(None, "unknown", f"unknown until fetched: {away[0].splitlines()[-1].strip()}")
        return Encoding(unknown, unknown)
    counts = []
    for encoder, pool, numbers in wanted.values():
        rows = np.unique(np.concatenate(numbers))
        counts.append(
            (encoder, embeddings.missing(Pool(pool.table, rows, pool.labels), encoder.fingerprint, encoder.width))
        )
    texts = Amount(float(sum(count for _, count in counts)))
    return Encoding(texts, total(_seconds(encoder, count, rates) for encoder, count in counts if count))


def _seconds(encoder: Any, count: int, rates: Rates) -> Amount:
    name = name_of(type(encoder))
    speed = rates.speeds.get(f"encode {name}")
    cores = min(len(os.sched_getaffinity(0)), MOST) if count > WORTH else 1
    why = f"{name}, {speed or TEXTS_A_SECOND:.0f} texts a second and core, {'measured' if speed else 'assumed'}"
    return Amount(count / (speed or TEXTS_A_SECOND) / cores, "estimated", why)


def encoders(part: Any) -> Iterator[Any]:
    """Every encoder among these parts and their settings."""
    if isinstance(part, Parts):
        spare = idle(part)
        several = encoders((part.student, *(tuple(step) for step in part.steps)))
        yield from (one for one in several if not any(one is other for other in spare))
    elif isinstance(part, tuple):
        for one in part:
            yield from encoders(one)
    elif is_dataclass(part):
        if {"encode", "fingerprint", "width"} <= set(dir(type(part))):
            yield part
        for one in fields(part):
            yield from encoders(getattr(part, one.name))


def looked_at(parts: Parts) -> bool:
    """Whether a fit or a stage of these parts reads the student's embedding."""
    stages = [
        one
        for step in parts.steps
        for one in (step.choose, step.teach, step.order, step.learn, step.retain, step.recall)
    ]
    exams = [one for step in parts.steps for one in step.assess]
    needs = {need for one in (*stages, *exams, parts.stop) if one is not None for need in one.needs}
    return CanEmbed in parts.student.can and (CanEmbed in needs or CanFit in parts.student.can)


def idle(parts: Parts) -> tuple[Any, ...]:
    """The encoders of a student whose embedding nobody reads; their models are not needed."""
    return tuple(encoders(parts.student)) if CanEmbed in parts.student.can and not looked_at(parts) else ()


def material(course: Course) -> Iterator[Pool]:
    """Everything that a student may have to embed."""
    yield from (part.pool for part in course.parts.values())
    for exam in course.exams.values():
        yield from (block.about.examples() for block in exam.truth)
        yield from exam.parts.values()
