"""data/text_folder: one file is one text, its sub-folder is its label.

By hand: eight files in two sub-folders and one beside them: two are the exam, six are sealed, one has no label.
"""

from pathlib import Path
from typing import Any

import pytest

from tutelage.core.data import Course
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.text_folder import TextFolder

pytestmark = pytest.mark.usefixtures("own_cache")


def folder(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


NINE: dict[str, str | bytes] = {f"{label}/{i}.txt": f"{label} {i}" for label in ("spam", "ham") for i in range(4)} | {"loose.txt": "loose", ".hid/a.txt": "no", "a.md": "no"}  # fmt: skip


def course(path: Path, **settings: Any) -> Course:
    return TextFolder(path=str(path), **settings).course(stream(0, "data"))


def refused(path: Path, **settings: Any) -> str:
    with pytest.raises(Refused) as caught:
        course(path, **settings)
    return str(caught.value)


def test_by_hand(tmp_path: Path) -> None:
    made = course(folder(tmp_path, NINE))
    pool, truth = made.parts["pool"].pool, made.exams["exam"].truth[0]
    assert (len(pool), truth.size) == (6, 2) and pool.labels == ("ham", "spam")
    assert made.parts["unlabelled"].pool.ids() == ["loose.txt"]
    for id, code in zip(truth.about.examples().ids(), truth.given["label"].tolist(), strict=True):
        assert id.startswith(pool.labels[code] + "/")


def test_given_asks_about_the_loose_files(tmp_path: Path) -> None:
    made = course(folder(tmp_path, NINE), filled="given")
    assert made.parts["pool"].pool.texts() == ["loose"] and made.given[0].size == 6


def test_exam_folder(tmp_path: Path) -> None:
    exam = folder(tmp_path / "exam", {"ham/new.txt": "new", "ham/old.txt": "HAM  1"})
    made = course(folder(tmp_path / "pool", NINE), exam={"file": str(exam)})
    assert made.exams["exam"].truth[0].size == 2 and len(made.parts["pool"].pool) == 7
    strange = folder(tmp_path / "other", {"hamm/new.txt": "new"})
    assert "did you mean 'ham'?" in refused(tmp_path / "pool", exam={"file": str(strange)})


def test_neutral_limit_a_flat_folder_needs_a_person(tmp_path: Path) -> None:
    flat = folder(tmp_path, {"a.txt": "x", "b.txt": "y"})
    assert "nobody can answer: no sub-folder holds a text" in refused(flat)
    made = course(flat, filled="given", exam={"bought": 1})
    assert made.parts["pool"].pool.texts() == ["x", "y"] and made.bought == 1


def test_bad_files_are_all_told(tmp_path: Path) -> None:
    said = refused(folder(tmp_path, {"a/1.txt": " \n", "a/2.txt": b"caf\xe9", "b/3.txt": "abcdef"}), longest=5)
    assert "1.txt: the text is empty" in said
    assert "2.txt: byte 4 (0xe9) is not utf-8" in said
    assert "3.txt: the text has 6 characters; 5 are allowed" in said


def test_no_folder_and_no_texts(tmp_path: Path) -> None:
    assert "there is no such folder" in refused(tmp_path / "nowhere")
    assert "holds no .txt file" in refused(tmp_path)
    assert "use: table" in refused(folder(tmp_path, {"a.csv": "text"}) / "a.csv")


def test_the_same_folder_gives_the_same_course(tmp_path: Path) -> None:
    path = folder(tmp_path, NINE)
    one, two = course(path), course(path)
    assert one.parts["pool"].pool.fingerprint == two.parts["pool"].pool.fingerprint
