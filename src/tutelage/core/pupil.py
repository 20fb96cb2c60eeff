"""A student that a part asks for by its recipe: taught first, depth first, and handed over finished (contract X9).

    {use: text.linear, taught: {data: {part: gold}, teach: {use: oracle}}}      written out
    {arm: weak}                                                                 that arm's final student, same seed

A part names such a student in a field marked `part("student")` and finds a Pupil there; when it is asked to work, its
`student` is there. No part runs a loop: whoever runs the recipe teaches it before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tutelage.core.errors import ContractBroken

KEYS = frozenset({"given", "seed", "arm"})  # what `taught` may say beside a recipe


@dataclass(frozen=True, eq=False)
class Pupil:
    """maker: its settings. taught: the recipe as written, without `student`; None: used as it begins.

    student: the finished one, None until it has been taught.
    """

    maker: Any
    taught: Mapping[str, Any] | None = field(default=None)
    student: Any = None

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Pupil) and self.maker == other.maker and self.taught == other.taught
        return same and self.student is getattr(other, "student", None)

    def __hash__(self) -> int:
        return hash(type(self.maker))

    @property
    def finished(self) -> Any:
        """The student. ContractBroken when nobody taught it before it was asked for."""
        if self.student is None:
            raise ContractBroken(f"{type(self.maker).__name__}: this student was used before it was taught")
        return self.student

    def spec(self) -> dict[str, Any]:
        """What builds it again."""
        from tutelage.core.method import settings

        return {**settings(self.maker), **({} if self.taught is None else {"taught": dict(self.taught)})}


def with_pupils(part: Any, path: str, change: Callable[[str, Pupil], Pupil]) -> Any:
    """The same part with every pupil in it, at any depth, changed; `path` is its dotted place in the recipe.

    The very same object where it holds none.
    """
    if isinstance(part, Pupil):
        return change(path, part)
    if isinstance(part, tuple):
        made = tuple(with_pupils(one, f"{path}.{number}", change) for number, one in enumerate(part))
        return part if all(a is b for a, b in zip(made, part, strict=True)) else made
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        return part
    fields = {one.name: getattr(part, one.name) for one in dataclasses.fields(part)}
    changed = {name: with_pupils(value, f"{path}.{name}", change) for name, value in fields.items()}
    changed = {name: value for name, value in changed.items() if value is not fields[name]}
    return dataclasses.replace(part, **changed) if changed else part
