"""From a YAML file, or a built-in name, and `--set` overrides to a Study; differences are laid over the first arm."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from tutelage.core.errors import Fault, Refused, nearest
from tutelage.recipe.arms import written_out
from tutelage.recipe.lines import Source, parse, written
from tutelage.recipe.schema import RECIPE_KEYS, STUDY_KEYS, Paper, Recipe, Spec, Study

BUILT_IN = Path(__file__).parent / "built_in"
S = TypeVar("S", bound=Study)


class Read(NamedTuple):
    """A study as it will be run, the recipe of every arm resolved, and where each key stands."""

    study: Study
    recipes: dict[str, Recipe]
    source: Source
    text: str  # as written

    def resolved(self) -> dict[str, Any]:
        """Everything needed to run it again, with every arm written out whole."""
        whole = self.study.model_dump(mode="json", exclude={"arms"})
        arms = {name: recipe.model_dump(mode="json") for name, recipe in self.recipes.items()}
        for recipe in arms.values():
            if recipe["luck"] == "shared":  # not said, so that a run begun before there was a choice is still the same
                del recipe["luck"]
        return {**whole, "arms": arms}


def built_in() -> tuple[str, ...]:
    """Names of the recipes that come with tutelage."""
    return tuple(sorted(path.stem for path in BUILT_IN.glob("*.yaml")))


def text_of(name: str) -> tuple[str, str]:
    """(file name, text) of a recipe file or a built-in recipe. Refused with the nearest name when there is neither."""
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        if not path.is_file():
            raise Refused(Fault(name, "there is no such file", "tutelage list recipes"))
        try:
            return str(path), path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise Refused(Fault(name, f"the file is not UTF-8 (byte {error.start})")) from None
    if name not in built_in():
        help = nearest(name, built_in(), "tutelage list recipes")
        raise Refused(Fault("", f"no recipe is called {name!r}, and there is no such file", help))
    return f"{name}.yaml", (BUILT_IN / f"{name}.yaml").read_text(encoding="utf-8")


def read(name: str, sets: Sequence[str] = ()) -> Read:
    """Read a study or a single recipe; `sets` are `path=value` overrides with YAML values."""
    shown, text = text_of(name)
    return read_text(text, shown, sets)


def read_text(text: str, name: str, sets: Sequence[str] = (), kind: type[Study] = Study) -> Read:
    """The same from text. A file without `arms` is one recipe: its one arm is called after the file."""
    raw, source = parse(text, name)
    raw, source = _as_study(raw, source)
    for item in sorted(sets, key=_use_first):
        _set(raw, item)
    study = validated(kind, raw, source, "")
    first = next(iter(study.arms), "")
    recipes: dict[str, Recipe] = {}
    faults: list[Fault] = []
    for arm, difference in study.arms.items():
        whole = overlay(study.arms[first], difference) if arm != first else difference
        try:
            recipes[arm] = validated(Recipe, whole, source, arm, first)
        except Refused as refused:
            faults.extend(fault for fault in refused.faults if fault not in faults)
    for arm in study.only:
        if arm not in study.arms:
            help = nearest(arm, study.arms)
            faults.append(Fault(source.place("only"), f"there is no arm called {arm!r}", help))
    if faults:
        raise Refused(faults)
    recipes = written_out(recipes, source, first)
    kept = {arm: recipe for arm, recipe in recipes.items() if not study.only or arm in study.only}
    return Read(study, kept, source, text)


def overlay(base: Mapping[str, Any], difference: Mapping[str, Any]) -> Spec:
    """`difference` laid over `base`: a part that says `use` replaces the old one whole, otherwise merge key by key.

    >>> overlay({"choose": {"use": "margin"}, "rounds": 3}, {"choose": {"use": "uniform"}})
    {'choose': {'use': 'uniform'}, 'rounds': 3}
    """
    made = copy.deepcopy(dict(base))
    for key, value in difference.items():
        old = made.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and "use" not in value:
            made[key] = overlay(old, value)
        else:
            made[key] = copy.deepcopy(value)
    return made


def _use_first(item: str) -> int:
    return 0 if item.partition("=")[0].endswith(".use") else 1


def _as_study(raw: dict[str, Any], source: Source) -> tuple[dict[str, Any], Source]:
    if "arms" in raw or "data" not in raw:
        return raw, source
    name = Path(source.name).stem
    study = {key: value for key, value in raw.items() if key not in RECIPE_KEYS}
    recipe = {key: value for key, value in raw.items() if key in RECIPE_KEYS}
    lines = {
        (("arms", name, *path) if path and path[0] in RECIPE_KEYS else path): n for path, n in source.lines.items()
    }
    return {**study, "arms": {name: recipe}}, Source(source.name, lines)


def _set(raw: dict[str, Any], item: str) -> None:
    path, equals, text = item.partition("=")
    if not equals or not path:
        raise Refused(
            Fault(f"--set {item}", "an override is written PATH=VALUE", "for example --set choose.use=margin")
        )
    try:
        value = written(text)
    except Refused as refused:
        raise Refused([one._replace(where=f"--set {item}") for one in refused.faults]) from None
    keys = path.split(".")
    place: Any = raw
    if keys[0] not in STUDY_KEYS:
        if keys[0] not in RECIPE_KEYS:
            help = nearest(keys[0], RECIPE_KEYS | STUDY_KEYS)
            raise Refused(Fault(f"--set {item}", f"a recipe has no key {keys[0]!r}", help))
        place = next(iter(raw.get("arms", {"": {}}).values()))
    for key in keys[:-1]:
        place = place[int(key)] if isinstance(place, list) and key.isdigit() else place.setdefault(key, {})
        if not isinstance(place, (dict, list)):
            raise Refused(Fault(f"--set {item}", f"{key!r} holds a plain value, so nothing lies below it"))
    if isinstance(place, list):
        place[int(keys[-1])] = value
    elif keys[-1] == "use" and place.get("use") != value:
        place.clear()  # another part: the old one's settings mean nothing to it
        place["use"] = value
    else:
        place[keys[-1]] = value


def validated(kind: type[Any], raw: Any, source: Source, arm: str, first: str = "") -> Any:
    """`raw` as this kind of model. Refused with every fault at its line."""
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        faults = []
        for item in error.errors():
            path = ".".join(str(step) for step in item["loc"])
            if item["type"] == "extra_forbidden":
                known = RECIPE_KEYS if kind is Recipe else frozenset(kind.model_fields) | RECIPE_KEYS
                what, help = (
                    f"there is no key {item['loc'][-1]!r}",
                    nearest(str(item["loc"][-1]), known, "tutelage show few-labels"),
                )
            else:
                found = "" if item["type"] == "missing" else f"; found {item['input']!r}"
                what, help = f"{item['msg']}{found}", ""
            faults.append(Fault(source.place(path, arm, first), what, help))
        raise Refused(faults) from None


__all__ = ["BUILT_IN", "Paper", "Read", "built_in", "overlay", "read", "read_text", "text_of", "validated"]
