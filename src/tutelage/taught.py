"""Using what a run taught: pick an arm and a seed, predict or reply, hand the student out as a folder, load it again.

Longer than 200 lines: the one page of the library for whoever is done with teaching.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Floats32, Ints, Pool, Table
from tutelage.core.descent import CanExport
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import CanWeigh, able
from tutelage.core.writing import CanWrite, Prompt
from tutelage.runs.record import Record, find
from tutelage.study.summary import Summary

FORM = 1  # of an exported folder
BATCH = 65_536  # rows a call


class Prediction(NamedTuple):
    """One line a text."""

    labels: tuple[str, ...]  # the likeliest label of each
    probs: Floats32  # (n, C), column c is names[c]
    names: tuple[str, ...]

    @property
    def confidence(self) -> Floats32:
        """(n,) the probability of the label given."""
        return np.asarray(self.probs.max(axis=1), dtype=np.float32)


class Replied(NamedTuple):
    """One reply a prompt."""

    texts: tuple[str, ...]
    tokens: Ints  # (n,) drawn for each, the one that ended it included


class Taught:
    """A student that has been taught, ready to answer.

    >>> load("nowhere")
    Traceback (most recent call last):
    tutelage.core.errors.Refused: nowhere: this is not a folder that `tutelage export` wrote
        tutelage export RUN DIR
    """

    def __init__(self, student: Any, about: dict[str, Any]) -> None:
        self.student, self.about = student, about

    @property
    def names(self) -> tuple[str, ...]:
        """The labels that it can give; empty for a student that writes."""
        return tuple(getattr(self.student, "labels", ()))

    @property
    def writes(self) -> bool:
        """Whether it was taught to reply in words and not to choose a label."""
        return not self.names and isinstance(self.student, CanWrite)

    def reply(self, asked: Sequence[Prompt], max_tokens: int = 256, temperature: float = 0.0, seed: int = 0) -> Replied:
        """Its reply to each prompt, a text or a conversation; temperature 0: the likeliest token each time."""
        if not isinstance(self.student, CanWrite):
            raise Refused(Fault("reply", "this student writes nothing: it knows labels", "predict([...])"))
        luck = stream(seed, "reply")
        said = self.student.write(list(asked), 1, luck, max_tokens=max_tokens, temperature=temperature)
        return Replied(tuple(said.texts[:, 0].tolist()), said.tokens_out[:, 0])

    def predict(self, texts: Sequence[str]) -> Prediction:
        """The likeliest label of each text, and all probabilities. Refused for a student that writes."""
        if self.writes:
            raise Refused(Fault("predict", "this student knows no labels: it was taught to reply", "reply([...])"))
        table = Table.of("texts", {"text": [str(text) for text in texts]}, self.names)
        return self.predict_pool(table.pool())

    def predict_pool(self, pool: Pool) -> Prediction:
        """The same of a pool, whatever its payload."""
        parts = [one.probs for one in self.predict_batches(pool)]
        probs = np.concatenate(parts) if parts else np.zeros((0, len(self.names)), dtype=np.float32)
        return self._named(probs)

    def predict_batches(self, pool: Pool) -> Iterator[Prediction]:
        """The same in batches, for pools whose probabilities should not be held all at once."""
        weigher = able(self.student, CanWeigh)
        for batch in pool.batches(BATCH):
            yield self._named(weigher.probs(batch))

    def _named(self, probs: Floats32) -> Prediction:
        codes: Ints = probs.argmax(axis=1) if probs.size else np.zeros(0, dtype=np.int64)
        return Prediction(tuple(self.names[code] for code in codes), probs, self.names)


class Picked(NamedTuple):
    """Which model of a run was taken, and why."""

    arm: str
    seed: int
    why: str
    folder: Path
    spec: dict[str, Any]  # the student's

    def load(self) -> Taught:
        """The student itself."""
        return Taught(_loaded(self.spec, self.folder), {"arm": self.arm, "seed": self.seed})


def pick(record: Record, told: Summary, arm: str | None = None, seed: int | None = None) -> Picked:
    """The arm whose verdict is best, else the first; the first seed. Never the seed that did best on the exam."""
    read = record.read()
    if arm is not None and arm not in read.recipes:
        raise Refused(Fault("--arm", f"this run has no arm {arm!r}", nearest(arm, read.recipes)))
    why = "as asked"
    if arm is None:
        arms = list(read.recipes)
        won = {name: wins(told, name) for name in arms}
        arm = max(arms, key=lambda name: (won[name], -arms.index(name)))
        why = "its verdict is the best" if won[arm] > 0 else "it is the first"
    seeds = record.seeds
    chosen = seeds[0] if seed is None else seed
    if chosen not in seeds:
        raise Refused(Fault("--seed", f"this run has no seed {chosen}", f"its seeds are {', '.join(map(str, seeds))}"))
    folder = record.arm_folder(arm, chosen) / "model"
    if not folder.is_dir():
        what = f"arm {arm!r} at seed {chosen} has no model yet: it is not finished"
        raise Refused(Fault(record.name, what, f"tutelage resume {record.name}"))
    return Picked(arm, chosen, why, folder, dict(read.recipes[arm].student))


def wins(told: Summary, arm: str) -> int:
    """Comparisons that this arm wins less those that it loses."""
    won = 0
    for one in told.judged:
        sign = {"better": 1, "worse": -1}.get(one.verdict, 0)
        treatment, control = one.condition.pair or ("", "")
        won += sign * ((treatment == arm) - (control == arm))
    return won


def hand_out(picked: Picked, folder: Path, card: str, about: dict[str, Any]) -> str:
    """Write the student, its label names and its card; whole or not at all. Refused when the folder holds something.

    For other libraries there are `files`, or in the card the reason why not, which is returned; "" where there are.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(Fault(str(folder), "there is something here already", "name a folder that is new or empty"))
    taught, why = picked.load(), ""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    try:
        part.chmod(0o755)
        shutil.copytree(picked.folder, part / "model")
        told = {"form": FORM, "student": picked.spec, "arm": picked.arm, "seed": picked.seed, **about}
        (part / "tutelage.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if taught.names:
            names = json.dumps(taught.names, indent=1, ensure_ascii=False)
            (part / "labels.json").write_text(names + "\n", encoding="utf-8")
        if isinstance(taught.student, CanExport):
            try:
                lines = f"```python\n{taught.student.export(part / 'files')}\n```"
            except Refused as refused:
                shutil.rmtree(part / "files", ignore_errors=True)
                why = f"no files for other libraries: {refused.faults[0].what}; `tutelage.load` reads this folder"
                lines = f"There are {why}."
            card += f"\n## As other libraries read it\n\n{lines}\n"
        (part / "README.md").write_text(card, encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return why


def load(folder: str | Path) -> Taught:
    """A student that `tutelage export` wrote. Refused for another folder, Missing when an asset is not here."""
    place = Path(folder)
    try:
        told = json.loads((place / "tutelage.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(
            Fault(str(folder), "this is not a folder that `tutelage export` wrote", "tutelage export RUN DIR")
        ) from None
    if told.get("form") != FORM:
        raise Refused(Fault(str(folder), f"written in form {told.get('form')}, this version reads form {FORM}"))
    return Taught(_loaded(told["student"], place / "model"), told)


def _loaded(spec: dict[str, Any], folder: Path) -> Any:
    """The student, and with it whatever its recall had equipped it with when it was saved."""
    student, equipment = build("student", spec).load(folder), folder / "recall.json"
    if not equipment.is_file():
        return student
    recall = build("recall", json.loads(equipment.read_text(encoding="utf-8"))["settings"])
    return recall.restored(student, folder)


def run(
    recipe: str, sets: Sequence[str] = (), runs: str | Path = "runs", workers: int | None = None, name: str = ""
) -> Record:
    """A study from its recipe to its record, as `tutelage run` does it, silently; see `record.states()`."""
    from tutelage.recipe.read import read
    from tutelage.study.run import go_on, prepare, start

    record = start(prepare(read(recipe, sets)), Path(runs), tuple(sets), name)
    go_on(record, workers)
    return record


__all__ = ["Picked", "Prediction", "Replied", "Taught", "find", "hand_out", "load", "pick", "run", "wins"]
