"""Teach models with as little supervision as possible, and say honestly what it cost.

The names below are loaded when they are first used, so that importing the package costs nothing.

    tutelage.run("few-labels", sets=["seeds=5"])     a study from its recipe to its record
    tutelage.load("exported")                        a taught student: .predict(texts)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tutelage.core.data import Block, Course, Exam, Pool, Rows, Table
    from tutelage.core.errors import Missing, Refused, TutelageError, Waiting
    from tutelage.core.method import method
    from tutelage.papers.claim import claim
    from tutelage.recipe.read import read
    from tutelage.study.summary import summary
    from tutelage.taught import Taught, load, run

_WHERE = {
    "Block": "core.data",
    "Course": "core.data",
    "Exam": "core.data",
    "Pool": "core.data",
    "Rows": "core.data",
    "Table": "core.data",
    "Missing": "core.errors",
    "Refused": "core.errors",
    "TutelageError": "core.errors",
    "Waiting": "core.errors",
    "method": "core.method",
    "claim": "papers.claim",
    "read": "recipe.read",
    "summary": "study.summary",
    "Taught": "taught",
    "load": "taught",
    "run": "taught",
}

__all__ = [
    "Block", "Course", "Exam", "Missing", "Pool", "Refused", "Rows", "Table", "Taught", "TutelageError", "Waiting",
    "claim", "load", "method", "read", "run", "summary",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'tutelage' has no attribute {name!r}")
    return getattr(import_module(f"tutelage.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
