"""What a retention cannot do with the weights or lessons of a recipe, said before anything runs.

combines    it adds weights of several students, which all of them must have
penalises   it adds a penalty, which the learner must take (takes_penalty, where it says nothing it does)
places      it remembers where lessons lie in the student's embedding, whose width must stay
accepts     the kinds of lessons that it remembers, where it says any
adds        of an adapter: it brings weights that the student had not
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tutelage.core.descent import CanDescend, CanExpand
from tutelage.core.parts import name_of


def misfits(student: Any, stages: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(where, what, help) for a retention that does not go with this student, teacher or learner."""
    teach, learn, retain = stages["teach"], stages["learn"], stages["retain"]
    if retain is None:
        return
    mine, theirs = name_of(type(retain)), name_of(type(learn))
    if CanDescend in retain.needs and CanDescend not in learn.needs:
        what = f"{mine} holds weights back while they move, and {theirs} moves none"
        yield "retain", what, "--set learn.use=gradient"
    adapter = getattr(learn, "adapter", None)
    if getattr(retain, "combines", False):
        more = adapter if getattr(adapter, "adds", False) else student if CanExpand in student.can else None
        if more is not None:
            what = f"{mine} combines weights that every student of the run has, and {name_of(type(more))} adds some"
            yield "retain", what, "another retain, or what adds no weights"
    if getattr(retain, "places", False) and CanExpand in student.can:
        what = f"{mine} remembers places in an embedding, and that of {name_of(type(student))} grows with every task"
        yield "retain", what, "another retain"
    if getattr(retain, "penalises", False) and not getattr(learn, "takes_penalty", True):
        yield "retain", f"{mine} adds a penalty, and {theirs} takes none", "--set retain.use=nothing"
    accepts = getattr(retain, "accepts", None) or teach.gives
    for kind in sorted(teach.gives - accepts, key=lambda kind: str(kind.__name__)):
        told = ", ".join(sorted(one.__name__ for one in accepts))
        yield "retain", f"{name_of(type(teach))} gives {kind.__name__}, {mine} remembers {told}", "another retain"
