"""Asking a teacher that is a setting of another one: its own till, its own luck, its own memory."""

from __future__ import annotations

from typing import Any

from tutelage.core.data import Rng, Rows
from tutelage.core.stages import Answers, Taught, View


def taught_by(teacher: Any, name: str, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
    """What the nested teacher says. Its memory is the entry `name` of the outer memory; keep it there."""
    inner = view._replace(till=view.till.part(name), memory=view.memory.get(name, {}))
    taught: Taught = teacher.teach(asked, inner, answers, rng)
    return taught


def kept(**memories: Any) -> dict[str, Any]:
    """The outer memory made of the inner ones, those that hold anything."""
    return {name: memory for name, memory in memories.items() if memory}
