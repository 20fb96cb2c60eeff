"""passages: documents from files, folders and rows; what is held out; what is refused, by file."""

import json
from pathlib import Path

import pytest

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.passages import Passages
from tutelage.kit.excerpts import passages

TEXT = "\n\n".join(f"Rule {k}: whoever comes to the office on day {k} signs the book and says so." for k in range(12))


def course(path: Path, **how):
    return Passages(path=str(path), **how).course(stream(0, "data"))


def texts_of(made) -> tuple[list[str], list[str]]:
    return made.parts["pool"].pool.texts(), made.exams["exam"].truth[0].about.examples().texts()


def test_nothing_but_white_space_is_lost() -> None:
    """Whatever the length, the words stand there in their order."""
    text = "# One\nA cat. A dog sat?  Yes!\n\n\n" + "word " * 50 + "\n\n## Two\nEnd." + "x" * 130
    for longest in (40, 64, 120, 1000):
        cut = passages(text, longest)
        assert max(map(len, cut)) <= longest
        assert "".join("".join(cut).split()) == "".join(text.split())


def test_cut_behind_sentences_before_words() -> None:
    assert passages("One two. Three four five. Six", 19) == ["One two.", "Three four five.", "Six"]
    assert passages("One two three four", 9) == ["One two", "three", "four"]
    assert passages("abcdefgh", 3) == ["abc", "def", "gh"]


def test_headings_stay_with_what_follows_them() -> None:
    assert passages("# A\n\n## B\n\ntext\n\n# C\nmore", 100) == ["# A\n\n## B\n\ntext", "# C\n\nmore"]


def test_a_folder_a_file_and_rows_give_the_same_passages(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "rules.md").write_text(TEXT, encoding="utf-8")
    (folder / ".hidden.md").write_text("not read", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    rows = tmp_path / "rules.jsonl"
    rows.write_text(json.dumps({"id": "rules.md", "text": TEXT}) + "\n", encoding="utf-8")
    one, two, three = (course(path, passage=80) for path in (folder, folder / "rules.md", rows))
    assert texts_of(one) == texts_of(two) == texts_of(three)
    pool, exam = texts_of(one)
    assert len(pool) == 10 and len(exam) == 2 and not set(pool) & set(exam)
    assert one.parts["pool"].pool.ids()[0].startswith("rules.md/")


def test_repeated_passages_stand_on_one_side_and_once(tmp_path: Path) -> None:
    book = tmp_path / "book.md"
    book.write_text(TEXT + "\n\n" + TEXT, encoding="utf-8")
    made = course(book, passage=80)
    pool, exam = texts_of(made)
    assert len(pool) + len(exam) == 12 and not set(pool) & set(exam)
    assert any("12 passages repeat" in note for note in made.notes)


def test_whole_documents_can_be_held_out(tmp_path: Path) -> None:
    for k in range(5):
        (tmp_path / f"{k}.txt").write_text(f"Document {k} begins.\n\nDocument {k} ends here.", encoding="utf-8")
    made = course(tmp_path, passage=40, by="document", share=0.4)
    sides = [set(part.column("document").to_pylist()) for part in
             (made.parts["pool"].pool, made.exams["exam"].truth[0].about.examples())]  # fmt: skip
    assert not sides[0] & sides[1] and len(sides[1]) == 2


def test_the_exam_is_the_same_at_every_seed_and_a_sample_is_not(tmp_path: Path) -> None:
    book = tmp_path / "book.md"
    book.write_text(TEXT, encoding="utf-8")
    made = [Passages(path=str(book), passage=80, pool=5).course(stream(seed, "data")) for seed in (0, 1)]
    assert texts_of(made[0])[1] == texts_of(made[1])[1]
    assert sorted(texts_of(made[0])[0]) != sorted(texts_of(made[1])[0])


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.md", b"", "the file is empty"),
    ("a.md", "caf\u00e9".encode("latin-1"), "byte 3 is no utf-8"),
    ("a.txt", b"x" * 500, "500 characters, more than 400"),
])  # fmt: skip
def test_every_file_that_is_wrong_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.md").write_text("All is well here.\n\nAnd here.", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        course(tmp_path, longest=400)
    assert name in str(refused.value) and said in str(refused.value)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such file or folder"):
        course(tmp_path / "none")
    with pytest.raises(Refused, match="holds no file that ends with"):
        course(tmp_path)
    (tmp_path / "one.md").write_text("Only one passage.", encoding="utf-8")
    with pytest.raises(Refused, match="1 passages"):
        course(tmp_path)
