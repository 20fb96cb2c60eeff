"""Every part of the room data/: it builds, its course is whole, nothing of the exam stands in its pool."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Itself, Label, Pool, Preference, Text
from tutelage.core.errors import Missing
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.kit.split import content_keys
from tutelage.sandbox.answers import Executed
from tutelage.sandbox.verdict import outcomes

NAMES = names("data")
OURS = [name for name in NAMES if "." not in name]


def spec(name: str, folder: Path) -> dict[str, Any]:
    """What a part needs to build: those that read a user's files get some."""
    if name == "table":
        rows = [f"text {i},{'ab'[i % 2] if i < 20 else ''}" for i in range(24)]
        (folder / "a.csv").write_text("\n".join(["text,label", *rows]))
        return {"use": name, "path": str(folder / "a.csv"), "label": "label"}
    if name == "text_folder":
        for i in range(24):
            (folder / "ab"[i % 2]).mkdir(exist_ok=True)
            (folder / "ab"[i % 2] / f"{i}.txt").write_text(f"text {i}")
        return {"use": name, "path": str(folder)}
    if name == "passages":
        for i in range(24):
            (folder / f"{i}.md").write_text(f"# Rule {i}\n\nWhoever comes on day {i} signs the book.")
        return {"use": name, "path": str(folder)}
    if name == "replies":
        rows = [f"prompt {i // 3},reply {i},{'ab'[i % 2]}" for i in range(36)]
        (folder / "r.csv").write_text("\n".join(["prompt,reply,source", *rows]))
        return {"use": name, "path": str(folder / "r.csv"), "source": "source"}
    return {"use": name}


def made(name: str, folder: Path, seed: int = 0) -> Course:
    try:
        course: Course = build("data", spec(name, folder)).course(stream(seed, "data"))
    except Missing as error:
        pytest.skip(f"data/{name} needs an asset that is not here: {error}")
    return course


def test_every_file_is_found() -> None:
    files = [path for path in (PACKAGE / "data").iterdir() if path.suffix == ".py" and path.name[0] != "_"]
    assert len(files) == len(OURS) > 0


@pytest.mark.parametrize("name", NAMES)
def test_settings_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    part = build("data", spec(name, tmp_path))
    assert settings(build("data", settings(part))) == settings(part)
    assert isinstance(part.card, str) and part.card.strip()
    assert part.holds and isinstance(part.holds, frozenset)


@pytest.mark.parametrize("name", NAMES)
def test_the_course_is_whole(name: str, tmp_path: Path) -> None:
    course = made(name, tmp_path)
    pool, answers = course.parts["pool"]
    assert len(pool) > 0 and len(set(pool.ids())) == len(pool)
    assert pool.holds == build("data", spec(name, tmp_path)).holds
    assert all(isinstance(note, str) and note for note in course.notes)
    open_ended = not pool.labels and isinstance(answers, Sealed)  # replies stand in the pool, and nothing is sealed
    assert isinstance(answers, (Sealed, Executed))
    assert answers.known(pool).all() != open_ended, "an oracle can answer for every row"
    if isinstance(answers, Sealed):
        assert answers.codes.max() < max(len(pool.labels), 1)
    texts_alone = all(block.kind is Itself for exam in course.exams.values() for block in exam.truth)
    assert not open_ended or texts_alone or {"reply", "group"} <= set(pool.table.columns.column_names)
    assert ((course.start >= 0) & (course.start < len(pool))).all()
    for exam in course.exams.values():
        for block in exam.truth:
            assert block.size > 0 and block.about.pool.labels == pool.labels
            if isinstance(answers, Executed):
                assert block.kind is Text and all(outcomes(block.given["text"].tolist(), answers.how))
                continue
            if open_ended and texts_alone:
                continue
            if open_ended:
                columns = {Text: ["text"], Preference: ["chosen", "rejected"]}[block.kind]
                assert all(isinstance(text, str) and text for name in columns for text in block.given[name])
                continue
            assert block.kind is Label
            assert set(np.unique(block.given["label"])) <= set(np.unique(answers.codes[pool.numbers]))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_exam_stands_in_the_pool(name: str, tmp_path: Path) -> None:
    course = made(name, tmp_path)
    asked = getattr(build("data", spec(name, tmp_path)), "exams_of_what_was_taught", frozenset())
    for exam in (course.exams[one] for one in asked):
        pool = content_keys(course.parts["pool"].pool)
        assert all(np.isin(content_keys(block.about.examples()), pool).all() for block in exam.truth)
    held = [
        block.about.examples() for key, exam in course.exams.items() if key not in asked for block in exam.truth
    ]  # fmt: skip
    if getattr(build("data", spec(name, tmp_path)), "asks_what_was_taught", False):
        pool, foils = course.parts["pool"].pool, [one for exam in course.exams.values() for one in exam.parts.values()]
        assert all(np.isin(content_keys(exam), content_keys(pool)).all() for exam in held), "memory of what was taught"
        assert foils and not any(np.isin(content_keys(pool), content_keys(one)).any() for one in foils)
        return
    for part in course.parts.values():
        for exam in held:
            both = np.isin(content_keys(part.pool), content_keys(exam)).sum()
            assert both == 0, f"{both} rows of the pool stand in the exam, too"


@pytest.mark.parametrize("name", NAMES)
def test_same_luck_same_course_and_one_exam_for_all(name: str, tmp_path: Path) -> None:
    one, two, other = made(name, tmp_path), made(name, tmp_path), made(name, tmp_path, seed=1)
    assert prints(one) == prints(two)
    assert prints(one)[1:] == prints(other)[1:], "the exam must not depend on the seed"


def prints(course: Course) -> list[Any]:
    def of(pool: Pool) -> str:
        return pool.fingerprint

    blocks = [block.digest() for exam in course.exams.values() for block in exam.truth]
    return [({key: of(part.pool) for key, part in course.parts.items()}, course.start.tolist()), *blocks]
