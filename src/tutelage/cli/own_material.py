"""A person's own material to learn, and what must be kept beside it: the short options spelt as `--set`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutelage.cli.spelling import override, seeds
from tutelage.core.errors import Fault, Refused, nearest

if TYPE_CHECKING:
    from tutelage.cli.stranger import Short

DOCUMENTS = (".txt", ".md", ".markdown")  # files that are read whole; of others a row is a prompt with its reply


def of_material(short: Short, recipe: str, sets: tuple[str, ...]) -> bool:
    """Whether the recipe is one of new material beside what must be kept."""
    asked = short.data is not None or short.keep is not None
    return asked and _data(recipe, sets).get("use") == "new_material"


def meant(short: Short, recipe: str, sets: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The overrides and sentences for the person. Refused for options that mean nothing here, and unknown names."""
    given = {"--label": short.label, "--labels": short.labels, "--group": short.group,
             "--exam-labels": short.exam_labels}  # fmt: skip
    for option in [option for option, value in given.items() if value is not None]:
        raise Refused(Fault(option, "new material has no labels to buy", "leave it out"))
    made, notes = [], []
    if short.data is not None:
        of = _new(short)
        made.append(override("data.of", of))
        notes.append(f"new material: {short.data}")
        if of["use"] == "replies":
            made.append("teach.use=recorded")
    elif short.text or short.candidates or short.source or short.id or short.exam_share is not None:
        options = "--text, --candidates, --source, --id, --exam-share"
        raise Refused(Fault(options, "these are about a file of yours, and no --data names one", "add --data PATH"))
    if short.keep is not None:
        known = _data(recipe, sets).get("keep", {})
        keep = dict(_kept(one.strip(), known) for one in short.keep.split(",") if one.strip())
        if not keep:
            raise Refused(Fault("--keep", "it names nothing to keep", f"--keep {','.join(known)}"))
        made += [override("data.keep", keep), override("shows", _shows(recipe, sets, known, keep))]
    if short.seeds is not None:
        made.append(override("seeds", seeds(short.seeds)))
    if short.arms:
        made.append(override("only", list(short.arms)))
    return made, notes


def _new(short: Short) -> dict[str, Any]:
    """The data set that reads the person's file."""
    path = str(short.data)
    if short.candidates is not None:
        columns = {"prompt": short.text, "candidates": short.candidates, "source": short.source, "id": short.id}
        exam = {} if short.exam_share is None else {"exam": {"share": short.exam_share}}
        return {"use": "replies", "path": path, **_said(columns), **exam}
    if short.source is not None:
        raise Refused(
            Fault("--source", "it says who wrote a reply, and texts have none", "--candidates COLUMN as well")
        )
    share = {} if short.exam_share is None else {"share": short.exam_share}
    return {"use": "passages", "path": path, **_said({"text": short.text, "id": short.id}), **share}


def _kept(one: str, known: dict[str, Any]) -> tuple[str, Any]:
    """An ability and the data that stand for it: a name that the recipe has, or NAME=PATH, or a path."""
    if one in known:
        return one, known[one]
    name, equals, path = one.partition("=")
    if not equals:
        path, name = one, Path(one).stem.replace("-", "_").replace(" ", "_")
    if not Path(path).exists():
        what = f"{one!r} is neither an ability that the recipe knows nor a file"
        raise Refused(Fault("--keep", what, nearest(one, known, "NAME=PATH keeps what a file of yours stands for")))
    documents = Path(path).is_dir() or Path(path).suffix.lower() in DOCUMENTS
    return name, {"use": "passages" if documents else "replies", "path": path}


def _shows(recipe: str, sets: tuple[str, ...], known: dict[str, Any], keep: dict[str, Any]) -> list[Any]:
    """The recipe's conditions, those about an ability for every one that is kept now."""
    from tutelage.recipe.read import read

    made: list[Any] = []
    told = [condition.model_dump(mode="json", exclude_defaults=True) for condition in read(recipe, sets).study.shows]
    about = {name: [one for one in told if str(one["measure"].get("of", "")).endswith(f"_{name}")] for name in known}
    first: list[dict[str, Any]] = next((several for several in about.values() if several), [])
    stem = str(first[0]["measure"]["of"]) if first else ""
    old = next((name for name in known if stem.endswith(f"_{name}")), "")
    for name in keep:
        for one in first:
            of = str(one["measure"]["of"]).removesuffix(f"_{old}") + f"_{name}"
            made.append({**one, "measure": {**one["measure"], "of": of}})
    named = [one for several in about.values() for one in several]
    return made + [one for one in told if one not in named]


def _data(recipe: str, sets: tuple[str, ...]) -> dict[str, Any]:
    from tutelage.recipe.read import read

    return dict(next(iter(read(recipe, sets).recipes.values())).data)


def _said(columns: dict[str, str | None]) -> dict[str, str]:
    return {key: name for key, name in columns.items() if name is not None}
