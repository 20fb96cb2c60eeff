"""task_stream: data sets as episodes, classes of their own or shared, texts to read, an exam of all tasks."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.data import Course, Itself, Label, Rows, Text
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data.digits import Digits
from tutelage.kit.episodes import episodes
from tutelage.retain.mix_review import MixReview
from tutelage.runs.till import till
from tutelage.teach.recorded import Recorded
from tutelage.toys import ANSWERS, view


def written(folder: Path, name: str, rows: list[tuple[str, str]], label: str = "label") -> dict:
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", label), *rows])
    return {"use": "table", "path": str(folder / name), "label": label}


@pytest.fixture
def two(tmp_path: Path) -> list[dict]:
    """Twenty mails about cards or rent, sixteen lines that are good or bad, each with a quarter as exam."""
    mails = [(f"mail number {i} about {'card' if i % 2 else 'rent'}", "card" if i % 2 else "rent") for i in range(20)]
    lines = [(f"line {i}", "good" if i % 2 else "bad") for i in range(16)]
    return [written(tmp_path, "mail.csv", mails), written(tmp_path, "line.csv", lines)]


def made(of: list[dict], seed: int = 0, **settings: object) -> Course:
    spec = {"use": "task_stream", "of": of, "names": ["mail", "line"], **settings}
    return build("data", spec).course(stream(seed, "data"))


def test_by_hand(two: list[dict]) -> None:
    """15 and 12 rows in two episodes, five and four items; "card" of the mails is one of four classes."""
    course = made(two, scenario="condensed")
    pool, answers = course.parts["pool"]
    assert pool.labels == ("mail/card", "mail/rent", "line/bad", "line/good")
    assert [len(rows) for rows in episodes(pool)] == [15, 12]
    assert pool.column("task").to_pylist() == ["mail"] * 15 + ["line"] * 12
    told = answers.through(till()).reveal(Rows(pool, np.arange(len(pool)))).given["label"]
    for text, code in zip(pool.texts(), told, strict=True):
        assert pool.labels[code].partition("/")[2] in (text.split()[-1], "good", "bad")
    (block,) = course.exams["exam"].truth
    items = block.about.examples()
    assert block.kind is Label and items.column("task").to_pylist() == ["mail"] * 5 + ["line"] * 4
    assert set(block.given["label"][:5]) <= {0, 1} and set(block.given["label"][5:]) <= {2, 3}


def test_shared_classes_of_one_name_are_one(tmp_path: Path) -> None:
    """Domain-incremental: films and books, the same two answers, whose order in a task's own list does not matter."""
    films = [(f"film {i}", "good" if i % 2 else "bad") for i in range(12)]
    books = [(f"book {i}", "bad" if i % 2 else "good") for i in range(12)]
    course = made([written(tmp_path, "f.csv", films), written(tmp_path, "b.csv", books)], labels="shared")
    pool, answers = course.parts["pool"]
    assert pool.labels == ("bad", "good")
    truth = dict([*films, *books])
    assert [pool.labels[code] for code in answers.codes] == [truth[text] for text in pool.texts()]


def test_what_is_read_has_no_labels_and_a_reply_behind_its_text(tmp_path: Path, two: list[dict]) -> None:
    with (tmp_path / "r.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("prompt", "reply"), *[(f"what is {i}", f"it is {i}") for i in range(12)]])
    asked = {"use": "replies", "path": str(tmp_path / "r.csv")}
    course = made([two[0], asked], labels="none", cut=16)
    pool, answers = course.parts["pool"]
    assert pool.labels == () and not answers.known(pool).any() and course.exams["exam"].truth[0].kind is Itself
    texts = dict(zip(pool.column("task").to_pylist(), pool.texts(), strict=True))
    assert texts["mail"].startswith("mail number") and all(len(text.encode()) <= 16 for text in pool.texts())
    assert texts["line"].split("\n")[0].startswith("what is") and "it" in texts["line"].split("\n")[1]
    replies = build("data", {"use": "task_stream", "of": [asked]}).course(stream(0, "data"))
    assert (
        replies.exams["exam"].truth[0].kind is Text and "reply" in replies.parts["pool"].pool.table.columns.column_names
    )


def test_orders_slices_passes_and_all_at_once(two: list[dict]) -> None:
    def blocks(**settings: object) -> list[str]:
        pool = made(two, **settings).parts["pool"].pool
        return [pool.table.columns.column("task")[int(rows[0])].as_py() for rows in episodes(pool)]

    assert (
        blocks(order=[1, 0]) == ["line", "mail"]
        and blocks(scenario="condensed", slices=2) == ["mail"] * 2 + ["line"] * 2
    )
    assert blocks(scenario="dispersed", passes=2, order=[1, 0]) == ["line", "mail"] * 2
    assert {tuple(blocks(seed=seed)) for seed in range(8)} == {("mail", "line"), ("line", "mail")}
    together = made(two, scenario="together").parts["pool"].pool
    assert len(episodes(together)) == 1 and len(together) == 27


def test_an_expert_sees_its_rows_and_sits_the_same_exam(two: list[dict]) -> None:
    whole, expert = made(two, seed=4, slices=2), made(two, seed=4, slices=2, task="line")
    pool = whole.parts["pool"].pool
    own = [id for id, task in zip(pool.ids(), pool.column("task").to_pylist(), strict=True) if task == "line"]
    assert expert.parts["pool"].pool.ids() == own and len(episodes(expert.parts["pool"].pool)) == 2
    assert expert.exams["exam"].truth[0].digest() == whole.exams["exam"].truth[0].digest()


def test_tasks_that_are_examined_and_never_taught(two: list[dict]) -> None:
    course = made([two[0]], also=[two[1]], labels="none", items=3)
    assert set(course.parts["pool"].pool.column("task").to_pylist()) == {"mail"}
    tasks = course.exams["exam"].truth[0].about.examples().column("task").to_pylist()
    assert tasks == ["mail"] * 3 + ["line"] * 3


def test_what_stands_in_the_exam_of_one_task_is_taught_in_none(tmp_path: Path, two: list[dict]) -> None:
    """The second task has the mails of the first under other classes, and its own quarter held out: none is taught."""
    again = [(f"mail number {i} about {'card' if i % 2 else 'rent'}", "even" if i % 2 else "odd") for i in range(20)]
    course = made([two[0], {**written(tmp_path, "again.csv", [*again, *[(f"new {i}", "odd") for i in range(40)]])}])
    held = set(course.exams["exam"].truth[0].about.examples().texts())
    assert not held & set(course.parts["pool"].pool.texts())
    assert any("stand in the exam of a task, too" in note for note in course.notes)


def test_neutral_limit_one_data_set() -> None:
    """The digits in one episode: the same pictures, answers and items under longer names."""
    ours = build("data", {"use": "task_stream", "of": [{"use": "digits"}], "labels": "shared"}).course(
        stream(0, "data")
    )
    plain = Digits().course(stream(0, "data"))
    one, other = ours.parts["pool"], plain.parts["pool"]
    place = {id: row for row, id in enumerate(other.pool.ids())}
    rows = [place[id.removeprefix("digits/")] for id in one.pool.ids()]
    assert sorted(rows) == list(range(len(other.pool))) and one.pool.labels == other.pool.labels
    assert (one.answers.codes == other.answers.codes[other.pool.numbers[rows]]).all()
    assert (one.pool.vectors() == other.pool.take(rows).vectors()).all()
    truth, theirs = ours.exams["exam"].truth[0], plain.exams["exam"].truth[0]
    assert (truth.given["label"] == theirs.given["label"]).all()


@pytest.mark.parametrize(("settings", "says"), [
    ({"names": ["a", "a"]}, "2 tasks need as many names"), ({"task": "lines"}, "did you mean 'line'"),
    ({"also": [{"use": "digits"}], "names": []}, "one student cannot read all"),
    ({"also": [{"use": "worked_problems", "prompts": 20, "exam": 10}], "names": []}, "told in different ways"),
    ({"order": [0]}, "each of the tasks 0 to 1 once"), ({"slices": 13}, "cannot fill 13 episodes"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(two: list[dict], settings: dict, says: str) -> None:
    with pytest.raises(Refused, match=says):
        made(two, **settings)


def test_labels_bought_beforehand_and_vectors_to_read_are_refused() -> None:
    with pytest.raises(Refused, match="bought before its turn"):
        made([{"use": "digits", "start_per_class": 1}, {"use": "digits"}])
    with pytest.raises(Refused, match="these tasks hold none"):
        made([{"use": "digits"}, {"use": "digits"}], labels="none")


@pytest.fixture
def stages(tmp_path: Path, two: list[dict]) -> dict:
    """A domain of texts with classes, then prompts with replies; a general domain that is examined and never taught."""
    with (tmp_path / "r.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("prompt", "reply"), *[(f"what is {i}", f"it is {i}") for i in range(12)]])
    asked = {"use": "replies", "path": str(tmp_path / "r.csv")}
    settings = {"labels": "replies", "scenario": "condensed", "also": [two[1]], "names": ["domain", "asked", "general"]}
    return {"of": [two[0], asked], **settings}


def test_stages_of_different_kinds_read_what_has_no_reply_and_answer_what_has(stages: dict) -> None:
    """15 mails are read, then 9 prompts answered; the exam asks 5 mails and 4 lines to be read and 3 prompts."""
    course = made(**stages)
    pool = course.parts["pool"].pool
    assert [len(rows) for rows in episodes(pool)] == [15, 9] and pool.labels == ()
    told = [reply is not None for reply in pool.column("reply").to_pylist()]
    assert told == [False] * 15 + [True] * 9
    taught = Recorded(without="read").teach(Rows(pool, np.arange(24)), view(pool), ANSWERS, stream(0, "teach"))
    assert [(block.kind, block.size) for block in taught.lessons] == [(Text, 9), (Itself, 15)]
    truth = course.exams["exam"].truth
    assert [block.kind for block in truth] == [Text, Itself]
    names = [block.about.examples().column("task").to_pylist() for block in truth]
    assert names == [["asked"] * 3, ["domain"] * 5 + ["general"] * 4]
    assert [text.startswith("it is") for text in truth[0].given["text"]] == [True] * 3
    assert truth[0].about.pool.table is truth[1].about.pool.table  # so that a score has a value for every task


def test_what_is_never_taught_is_a_part_that_a_replay_may_name(stages: dict) -> None:
    course = made(**stages)
    pool, general = course.parts["pool"].pool, course.parts["general"].pool
    assert len(general) == 12 and set(general.column("task").to_pylist()) == {"general"}
    held = {text for block in course.exams["exam"].truth for text in block.about.examples().texts()}
    assert not held & {*general.texts(), *pool.texts()}
    seen = view(pool)._replace(parts={"general": general})
    new = Recorded().teach(Rows(pool, np.arange(15, 24)), seen, ANSWERS, stream(0, "teach")).lessons
    (old,) = MixReview(factor=0.5, part="general").rehearse(new, seen, stream(0, "retain"))
    assert old.kind is Itself and old.size == 4 and old.about.pool is general


def test_each_exam_stands_beside_whole_and_is_taught_in_no_task(tmp_path: Path, two: list[dict]) -> None:
    """One item of each task is asked together; alone a data set's own exam is as it was, and no pool holds any of it."""
    again = written(tmp_path, "again.csv", [(f"mail number {i} about card", "card") for i in range(1, 40, 2)])
    apart = made([two[0], again], labels="none", items=1, exams="each")
    held = {
        text
        for name in ("mail", "line")
        for block in apart.exams[name].truth
        for text in block.about.examples().texts()
    }
    assert len(apart.exams["exam"].truth[0].about.rows) == 2 and not held & set(apart.parts["pool"].pool.texts())
    own = build("data", two[0]).course(stream(0, "data")).exams["exam"].truth[0]
    assert apart.exams["mail"].truth[0].digest() == own.digest()
    assert list(made([two[0], again], labels="none", items=1).exams) == ["exam"]


@pytest.mark.parametrize("labels", ["none", "replies"])
def test_a_prompt_that_is_asked_by_itself_is_taught_in_no_task(tmp_path: Path, labels: str) -> None:
    """Twelve prompts with replies, three of them an exam; a table of the same prompts as texts with labels, and a second
    file of the same prompts with other replies. With each exam by itself no row is an exam's prompt, also where its
    reply is read behind it; where the exam is the joined text alone, the bare prompt is another text."""
    prompts = [f"what is {i}" for i in range(12)]
    files = {}
    for name, reply in (("asked", "it is {}"), ("again", "perhaps {}")):
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("prompt", "reply"), *[(p, reply.format(i)) for i, p in enumerate(prompts)]])
        files[name] = {"use": "replies", "path": str(tmp_path / f"{name}.csv")}
    more = [(text, "even" if i % 2 else "odd") for i, text in enumerate([*prompts, *(f"new {i}" for i in range(40))])]
    of = [files["asked"], written(tmp_path, "texts.csv", more), {**files["again"], "exam": {"share": 0.5}}]
    settings = {"names": ["asked", "texts", "again"], "labels": labels}
    course = made(of, **settings, exams="each")
    held = {text for name in settings["names"] for block in course.exams[name].truth
            for text in block.about.examples().texts()}  # fmt: skip
    bare = {text.split("\n")[0] for text in course.parts["pool"].pool.texts()}
    assert len(held & set(prompts)) >= 6 and bare and not held & bare
    if labels == "none":
        joined = made(of, **settings).parts["pool"].pool.texts()
        assert held & set(joined), "nobody asks the bare prompts there"


def test_a_name_that_means_something_else_is_refused(two: list[dict]) -> None:
    with pytest.raises(Refused, match="'exam' means something else here"):
        made(two, names=["mail", "exam"])
