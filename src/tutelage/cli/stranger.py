"""A person's own file: the short options spelt as `--set`, and what follows from how full the label column is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from tutelage.cli import own_material, own_replies
from tutelage.cli.spelling import override, seeds
from tutelage.core.errors import Fault, Refused

SMALLEST_EXAM = 50  # labels; fewer say next to nothing: 50 right-or-wrong items are about +-11 points at 80 %
ROUNDS = 11  # questions are spread over about this many rounds
ALONE = "chosen_self_training"  # the arm for a person who wants a model and not a comparison


class Short(NamedTuple):
    """The short options of `tutelage run`, as given."""

    data: Path | None = None
    text: str | None = None
    label: str | None = None
    id: str | None = None
    group: str | None = None
    labels: int | None = None
    exam_share: float | None = None
    exam_labels: int | None = None
    seeds: str | None = None
    arms: tuple[str, ...] = ()
    candidates: str | None = None
    source: str | None = None
    keep: str | None = None


class Meant(NamedTuple):
    """What the short options stand for, and sentences for the person about what was decided."""

    sets: tuple[str, ...]
    notes: tuple[str, ...]


class Column(NamedTuple):
    """The label column of a file."""

    rows: int
    filled: int
    few: tuple[str, ...]  # labels that stand in fewer than five rows


def meant(short: Short, recipe: str, sets: tuple[str, ...]) -> Meant:
    """Spell the short options out; look at the file once. `sets`: what the person wrote with --set, which wins."""
    if own_material.of_material(short, recipe, sets):
        spelt, said = own_material.meant(short, recipe, sets)
        return Meant(tuple(spelt), tuple(said))
    if short.keep is not None:
        what = "this recipe has no material beside the new one that could be kept"
        raise Refused(Fault("--keep", what, "tutelage run new-material --data PATH --keep general,instructions"))
    if short.data is not None and own_replies.of_replies(short, recipe, sets):
        spelt, said = own_replies.meant(short, recipe, sets)
        return Meant(tuple(spelt), tuple(said))
    if short.candidates or short.source:
        raise Refused(Fault("--candidates, --source", "these name columns of a file of replies", "add --data FILE"))
    made: list[str] = []
    notes: list[str] = []
    if short.exam_share is not None and short.exam_labels is not None:
        raise Refused(
            Fault("--exam-labels", "an exam is a share of the labels in the file or bought, not both", "leave out one")
        )
    exam: dict[str, float] | None = None
    if short.exam_share is not None:
        exam = {"share": short.exam_share}
    if short.exam_labels is not None:
        exam = {"bought": short.exam_labels}
    person: list[str] = []
    if short.data is not None:
        made += _columns(short)
        column = look(short, sets)
        person, said, exam = _decided(short, column, exam, recipe, sets)
        notes += said
    elif short.text or short.label or short.id or short.group:
        raise Refused(
            Fault(
                "--text, --label, --id, --group",
                "these name columns of a file, and no --data names one",
                "add --data FILE",
            )
        )
    if exam is not None:
        made.append(override("data.exam", exam))
    made += person
    if short.labels is not None:
        made += [override("budget.labels", short.labels), override("per_round", max(1, short.labels // ROUNDS))]
    if short.seeds is not None:
        made.append(override("seeds", seeds(short.seeds)))
    if short.arms:
        made.append(override("only", list(short.arms)))
    return Meant(tuple(made), tuple(notes))


def look(short: Short, sets: tuple[str, ...] = ()) -> Column:
    """Read the file once (it is kept in the cache) and count. Refused with everything that is wrong with it."""
    import numpy as np

    from tutelage.kit.layout import Layout
    from tutelage.kit.tables import open_table

    assert short.data is not None
    how: dict[str, Any] = {
        key: value for key, value in _given(sets).items() if key in {"format", "encoding", "separator", "longest"}
    }
    columns: dict[str, Any] = {"label": short.label, "id": short.id, "group": short.group}
    opened = open_table(short.data, Layout(text=short.text or "text", **columns, **how))
    counts = np.bincount(opened.codes[opened.codes >= 0], minlength=len(opened.table.labels))
    few = tuple(name for name, count in zip(opened.table.labels, counts, strict=True) if count < 5)
    return Column(len(opened.codes), int((opened.codes >= 0).sum()), few)


def _decided(short: Short, column: Column, exam: dict[str, float] | None, recipe: str, sets: tuple[str, ...]
            ) -> tuple[list[str], list[str], dict[str, float] | None]:  # fmt: skip
    """Who teaches and where the exam comes from."""
    notes = [_found(short, column)]
    if column.few:
        listed = ", ".join(column.few[:8]) + (", ..." if len(column.few) > 8 else "")
        notes.append(
            f"{len(column.few)} labels stand in fewer than 5 rows ({listed}): scores about them are mostly luck"
        )
    if any(item.startswith("teach.use=") for item in sets):
        return [], notes, exam
    if column.filled == column.rows and not any(item.startswith("data.filled=given") for item in sets):
        notes.append(
            "every row has its label, so this is a simulation: labels are sealed and revealed one by one at their price"
        )
        return [], notes, exam
    notes.append("you are the teacher: the run stops with questions for you, and goes on when they are answered")
    person = ["teach.use=human", "data.filled=given", "control=none"]
    names, budget = _study(recipe, sets)
    if not short.arms and ALONE in names:
        person.append(override("only", [ALONE]))
    if short.seeds is None:
        person.append("seeds=1")
    labels = short.labels or budget
    if exam is None and not any(item.startswith("data.exam") for item in sets):
        exam, said = _exam(column, labels)
        notes.append(said)
    bought = int((exam or {}).get("bought", 0))
    if bought and labels and bought >= labels:
        help = f"raise --labels, or lower --exam-labels (now {bought})"
        raise Refused(
            Fault("--exam-labels", f"an exam of {bought} labels would use up the whole budget of {labels:g}", help)
        )
    return person, notes, exam


def _exam(column: Column, labels: float) -> tuple[dict[str, float], str]:
    if column.filled >= SMALLEST_EXAM:
        said = f"a quarter of the {column.filled} labels in the file is the exam (--exam-share changes it)"
        return {"share": 0.25}, f"{said}, the others are lessons at no cost"
    bought = max(SMALLEST_EXAM, int(labels // 4)) if labels else SMALLEST_EXAM
    kept = f"the {column.filled} labels in the file are lessons, too few for an exam as well; " if column.filled else ""
    said = f"{kept}{bought} rows drawn at random are asked first and sealed as the exam"
    return {"bought": bought}, f"{said}; they count in the budget (--exam-labels changes it)"


def _found(short: Short, column: Column) -> str:
    assert short.data is not None
    if short.label is None:
        return f"{short.data.name}: {column.rows:,} rows, no label column was named"
    return f"{short.data.name}: {column.rows:,} rows, {column.filled:,} of them with a label in column {short.label!r}"


def _columns(short: Short) -> list[str]:
    made = ["data.use=table", override("data.path", str(short.data))]
    for key in ("text", "label", "id", "group"):
        name = getattr(short, key)
        if name is not None:
            made.append(override(f"data.{key}", name))
    return made


def _study(recipe: str, sets: tuple[str, ...]) -> tuple[tuple[str, ...], float]:
    """The arms of the recipe and its label budget (0: none)."""
    from tutelage.recipe.read import read

    study = read(recipe, [item for item in sets if item.startswith("budget")]).study
    return tuple(study.arms), float(study.budget.get("labels", 0))


def _given(sets: tuple[str, ...]) -> dict[str, Any]:
    """The settings of the data that were written with --set."""
    from tutelage.recipe.lines import written

    made = {}
    for item in sets:
        path, _, value = item.partition("=")
        if path.startswith("data."):
            made[path.removeprefix("data.")] = written(value)
    return made
