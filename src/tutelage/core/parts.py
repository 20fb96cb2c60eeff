"""Which parts exist: the room is the folder, the name is the file, the class is the file's name in CamelCase.

Listing reads folders and first docstring lines as text and imports nothing; `load` imports one file. Outside
packages add parts through the entry-point group `tutelage.<room>`; those carry a prefix with a dot (`theirs.margin`).
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from pathlib import Path
from typing import Any

from tutelage.core.errors import ContractBroken, Fault, Missing, Refused, nearest
from tutelage.core.pupil import Pupil

PACKAGE = Path(__file__).resolve().parent.parent
ROOMS: dict[str, str] = {  # room -> its question; a dotted room is a folder inside another room
    "data": "from what material?",
    "student": "who is taught?",
    "student.text.encoder": "what turns a text into a vector?",
    "choose": "which examples?",
    "choose.stop": "when is it enough?",
    "teach": "who says what is right?",
    "order": "when?",
    "order.difficulty": "how hard is a lesson?",
    "learn": "how does the student change?",
    "objective": "what is minimised?",
    "adapter": "which weights may move, how fast?",
    "retain": "what must not be lost?",
    "recall": "what is looked up at answer time?",
    "assess": "how good?",
}
NESTED = {"student": 1}  # rooms whose names carry the folder: student/text/linear.py is text.linear


def names(room: str) -> tuple[str, ...]:
    """Every part of a room, sorted, ours first; imports none of them."""
    return tuple(sorted(_files(room))) + tuple(sorted(_outside(room)))


def summary(room: str, name: str) -> str:
    """The first docstring line of a part's file, read as text; empty for a part from another package."""
    path = _files(room).get(name)
    if path is None:
        return ""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith('"""'):
                return line.strip().strip('"').strip()
    return ""


def load(room: str, name: str, where: str = "") -> type[Any]:
    """Import one part and return its class. Refused with the nearest name; Missing when its extra is not there."""
    if name in _outside(room):
        made: type[Any] = _outside(room)[name].load()
        return made
    if name not in _files(room):
        known = names(room)
        what = f"no {room} method is called {name!r}"
        raise Refused(Fault(where or room, what, nearest(name, known, f"tutelage list {room}")))
    path = f"tutelage.{room}.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tutelage"):
            raise
        raise missing_extra(f"{room}: {name}", error.name or "") from error
    found: type[Any] | None = getattr(module, camel(name.rpartition(".")[2]), None)
    if found is None:
        raise ContractBroken(f"{path} defines no class {camel(name.rpartition('.')[2])}")
    return found


def build(room: str, spec: Any, where: str = "") -> Any:
    """Build one part from its spec {"use": name, setting: value}; every fault of its settings in one Refused."""
    from pydantic import ValidationError

    where = where or room
    if isinstance(spec, str):
        spec = {"use": spec}
    if dataclasses.is_dataclass(spec) and not isinstance(spec, type):
        return spec
    if not isinstance(spec, dict) or not isinstance(spec.get("use"), str):
        raise Refused(Fault(where, f"a part is written {{use: NAME, ...}}, found {spec!r}", f"tutelage list {room}"))
    cls = load(room, spec["use"], f"{where}.use")
    beside = {"use", "taught"} if room == "student" else {"use"}  # `taught` is for whoever teaches it: see core.pupil
    given = {str(key): value for key, value in spec.items() if key not in beside}
    fields = [f.name for f in dataclasses.fields(cls)]
    faults: list[Fault] = []
    for key in [key for key in given if key not in fields]:
        del given[key]
        help = nearest(key, fields, f"tutelage show {room}/{spec['use']}")
        faults.append(Fault(f"{where}.{key}", f"{spec['use']} has no setting {key!r}", help))
    optional = {f.name for f in dataclasses.fields(cls) if f.default is None}
    for name, inner in nested(cls).items():
        if name not in given or (given[name] is None and name in optional):
            continue
        try:
            several = isinstance(given[name], (list, tuple))
            items = given[name] if several else [given[name]]
            places = [f"{where}.{name}.{at}" if inner == "student" and several else f"{where}.{name}"
                      for at in range(len(items))]  # fmt: skip
            make = pupil if inner == "student" else functools.partial(build, inner)
            built = [make(item, place) for item, place in zip(items, places, strict=True)]
            given[name] = tuple(built) if several else built[0]
        except Refused as refused:
            faults.extend(refused.faults)
            del given[name]
    try:
        part = cls(**given)
    except ValidationError as error:
        for item in error.errors():
            place = ".".join([where, *(str(step) for step in item["loc"])])
            faults.append(
                Fault(place, f"{item['msg']}; found {item['input']!r}", f"tutelage show {room}/{spec['use']}")
            )
        raise Refused(faults) from None
    if faults:
        raise Refused(faults)
    return part


def pupil(spec: Any, where: str = "student") -> Pupil:
    """A student that a part asks for, from its spec."""
    if isinstance(spec, Pupil):
        return spec
    taught = spec.get("taught") if isinstance(spec, dict) else None
    if taught is not None and not isinstance(taught, dict):
        what = f"a student is taught by a recipe, {{teach: ..., learn: ...}}, found {taught!r}"
        raise Refused(Fault(f"{where}.taught", what))
    return Pupil(build("student", spec, where), taught)


@dataclasses.dataclass(frozen=True)
class part:
    """Marks a field that is itself a part: `encoder: Annotated[Any, part("student.text.encoder")]`."""

    room: str


def nested(cls: type[Any]) -> dict[str, str]:
    """Field -> room, for the fields of a method that are parts themselves."""
    import typing

    hints = typing.get_type_hints(cls, include_extras=True)
    return {
        name: mark.room
        for name, hint in hints.items()
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, part)
    }


def name_of(cls: type[Any]) -> str:
    """The `use:` name of a part's class."""
    module = cls.__module__.removeprefix("tutelage.")
    for room in sorted(ROOMS, key=len, reverse=True):
        if module.startswith(room + "."):
            return module[len(room) + 1 :]
    return f"{cls.__module__.partition('.')[0]}.{cls.__name__.lower()}"


def room_of(cls: type[Any]) -> str:
    """The room that a part's class lives in; empty for a class of another package."""
    module = cls.__module__.removeprefix("tutelage.")
    return next((room for room in sorted(ROOMS, key=len, reverse=True) if module.startswith(room + ".")), "")


def camel(name: str) -> str:
    """core_set -> CoreSet."""
    return "".join(word.capitalize() for word in name.split("_"))


def missing_extra(what: str, module: str) -> Missing:
    """The error for an optional library that is not installed, with the line that installs it."""
    extras = {"torch": "text", "transformers": "text", "safetensors": "text", "peft": "text", "accelerate": "text",
              "gguf": "text", "huggingface_hub": "text", "ray": "scale", "xllamacpp": "gguf-runtime",
              "opacus": "private"}  # fmt: skip
    extra = extras.get(module.partition(".")[0], "dev")
    return Missing(f"{what} needs the library {module!r}", f"pip install 'tutelage[{extra}]'")


@functools.cache
def _files(room: str) -> dict[str, Path]:
    if room not in ROOMS:
        raise Refused(Fault("", f"there is no room called {room!r}", nearest(room, ROOMS, "tutelage list")))
    folder = PACKAGE / room.replace(".", "/")
    pattern = "*/" * NESTED.get(room, 0) + "*.py"
    found = (path for path in folder.glob(pattern) if not path.name.startswith("_"))
    return {".".join(path.relative_to(folder).with_suffix("").parts): path for path in found}


@functools.cache
def _outside(room: str) -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=f"tutelage.{room}") if "." in point.name}
