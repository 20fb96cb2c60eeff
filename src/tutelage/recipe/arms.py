"""`{arm: NAME}` where a student stands: that arm's final student at the same seed, written out as what teaches it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.pupil import KEYS
from tutelage.recipe.lines import Source
from tutelage.recipe.schema import Recipe, Spec


def written_out(recipes: Mapping[str, Recipe], source: Source, first: str) -> dict[str, Recipe]:
    """Every recipe with the arms that it names in their place. Refused for unknown arms and for circles."""
    done: dict[str, Recipe] = {}

    def one(arm: str, asking: Sequence[str]) -> Recipe:
        if arm not in done:
            plain = recipes[arm].model_dump(exclude_unset=True)
            made = _within(plain, "", (*asking, arm))
            done[arm] = recipes[arm] if made == plain else Recipe.model_validate(made)
        return done[arm]

    def _within(value: Any, path: str, asking: Sequence[str]) -> Any:
        if isinstance(value, (list, tuple)):
            return tuple(_within(item, f"{path}.{at}", asking) for at, item in enumerate(value))
        if not isinstance(value, Mapping):
            return value
        if "arm" in value and value.keys() <= KEYS:
            return _instead(value, path.lstrip("."), asking)
        return {key: _within(item, f"{path}.{key}", asking) for key, item in value.items()}

    def _instead(value: Mapping[str, Any], path: str, asking: Sequence[str]) -> Spec:
        name, where = value["arm"], source.place(path, asking[-1], first)
        if name not in recipes:
            raise Refused(Fault(where, f"there is no arm called {name!r}", nearest(str(name), recipes)))
        if name in asking:
            circle = " asks for ".join([*asking[list(asking).index(name) :], name])
            raise Refused(Fault(where, f"arms cannot teach each other in a circle: {circle}"))
        whole = one(name, asking).model_dump(exclude_unset=True)
        student = whole.pop("student")
        for unheard in ("assess", "assess_every"):  # whoever is taught here sits no exam
            whole.pop(unheard, None)
        own = {"student": student} if "taught" in student else {}
        return {**{key: item for key, item in student.items() if key != "taught"},
                "taught": {**whole, **own, **value}}  # fmt: skip

    return {arm: one(arm, ()) for arm in recipes}


def answers_only(taught: Mapping[str, Any] | None, learners: Iterable[str]) -> tuple[str, str] | None:
    """What is wrong and what helps where a student that is to learn is handed over as it answers, through a recall.

    >>> answers_only({"recall": {"use": "knn_lm"}}, ["gradient"])[0]
    'the student was taught to answer through knn_lm, and what answers so cannot learn on by gradient'
    >>> answers_only({"recall": {"use": "knn_lm"}}, ["nothing"]), answers_only({}, ["gradient"])
    (None, None)
    """
    recall = (taught or {}).get("recall") or "nothing"
    use = recall.get("use", "nothing") if isinstance(recall, Mapping) else str(recall)
    learns = next((name for name in learners if name != "nothing"), None)
    if use == "nothing" or learns is None:
        return None
    what = f"the student was taught to answer through {use}, and what answers so cannot learn on by {learns}"
    return what, "leave recall out where it is taught, and say it where it answers"
