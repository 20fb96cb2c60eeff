"""The model card of an exported student: data, budget, scores with intervals, limits; all of it from the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutelage.cli.tables import estimate

if TYPE_CHECKING:
    from tutelage.runs.record import Record
    from tutelage.study.summary import ArmOf, Summary
    from tutelage.taught import Picked

USE = """```python
import tutelage

said = tutelage.load("THIS FOLDER").predict(["a text"])
print(said.labels, said.confidence)
```"""


REPLIES = """```python
import tutelage

said = tutelage.load("THIS FOLDER").reply(["a question"])
print(said.texts)
```"""


def card(told: Summary, record: Record, picked: Picked) -> str:
    """Markdown for people."""
    import yaml

    recipe = record.read().recipes[picked.arm].model_dump(mode="json")
    arm = next(one for one in told.arms if one.name == picked.arm)
    spent = ", ".join(f"{amount:g} {unit}" for unit, amount in arm.spent.items()) or "nothing"
    limits = ", ".join(f"{amount:g} {unit}" for unit, amount in told.budget.items()) or "none"
    software = told.environment.get("software", {})
    version = f" {software['tutelage']}" if "tutelage" in software else ""
    pieces = [
        f"# {record.name}: {picked.arm}, seed {picked.seed}",
        f"{_what(told)}, taught by tutelage{version}.",
        f"This arm was taken because {picked.why}; its seed was not picked by how it did on the exam.",
        "## Use",
        USE if told.labels else REPLIES,
        "## Data",
        f"`{recipe['data']}`\n\n{_about(record, picked)}",
        *([_list(told.notes)] if told.notes else []),
        "## Budget",
        f"Limit: {limits}. This arm spent {spent} (mean over finished seeds).",
        "## Scores",
        _scores(arm),
        "## Limits",
        _list(_limits(told, arm)),
        *(["## Labels", ", ".join(f"`{name}`" for name in told.labels)] if told.labels else []),
        "## Recipe",
        f"```yaml\n{yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True)}```",
        f"Record: `{told.digest or 'unfinished'}`",
    ]
    return "\n\n".join(pieces) + "\n"


def _what(told: Summary) -> str:
    """A student without labels is one that writes."""
    return f"A classifier for {len(told.labels)} labels" if told.labels else "A language model that replies to prompts"


def _about(record: Record, picked: Picked) -> str:
    from tutelage.core.parts import load

    use = record.read().recipes[picked.arm].data["use"]
    return str(getattr(load("data", use), "card", "") or "")


def _scores(arm: ArmOf) -> str:
    """Of the arm over its seeds: a single model's own score is one of those, and says less."""
    if not arm.scores:
        return "None: this run had no exam."
    lines = ["| score | mean over seeds, 95 % interval | seeds | exam items |", "|---|---|---|---|"]
    lines += [f"| {one.name} | {estimate(one.final)} | {len(arm.seeds)} | {one.items} |" for one in arm.scores.values()]
    return "\n".join(lines)


def _limits(told: Summary, arm: ArmOf) -> list[str]:
    items = max((one.items for one in arm.scores.values()), default=0)
    first = "It knows the labels below and no others: a text that fits none of them gets one of them all the same."
    if not told.labels:
        first = "What it writes may be wrong, and sound as if it were not; nothing was done to keep it from harm."
    said = [first, "The scores hold for texts like those of the exam; on other texts they may be anything."]
    if 0 < items < 200:
        said.append(f"The exam has {items} items, so a score is known only to within the interval given.")
    if len(arm.seeds) < 5:
        said.append(f"{len(arm.seeds)} seeds were run: how much luck matters cannot be said from fewer than five.")
    if told.status != "done":
        said.append(f"The run was not finished when this was written ({told.status}).")
    return said


def _list(items: Any) -> str:
    return "\n".join(f"- {item}" for item in items)
