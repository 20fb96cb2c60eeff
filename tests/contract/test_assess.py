"""Every assessor keeps its room's promises: bounds, aligned items, no order, the best value for a perfect student."""

import ast
import dataclasses
import subprocess

import numpy as np
import pytest
import yaml

from tutelage.core.data import Block, Exam, Ints, Itself, Preference, Rows, Score, Table, Text, labelled
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.core.writing import CanWrite
from tutelage.kit.reply_courses import references_of
from tutelage.runs.till import till
from tutelage.toy_writer import texts, writer
from tutelage.toys import Nearest, Reader, Rote, Writer, replies_pool, view

ROOM = "assess"
EVERY = [name for name in names(ROOM) if "." not in name]  # a dot: from another package
NAMES = [name for name in EVERY if CanWrite not in build(ROOM, name).needs]  # test_written.py has the others
RNG = stream(0, "points")
TRUTH = np.repeat(np.arange(3), 10)
POINTS = 20 * np.eye(3)[TRUTH] + RNG.normal(size=(30, 3))
POOL = Table.of("points", {"vector": POINTS, "task": ["one"] * 30, "canary": ["one"] * 30}, ("a", "b", "c")).pool()
PERFECT = Nearest(POOL.labels, (20 * np.eye(3)).astype(np.float32))
MIXED = Nearest(POOL.labels, np.array([[20, 0, 0], [25, 0, 0], [0, 0, 20]], dtype=np.float32))  # b: ranked wrongly too


WORDS = Table.of("words", {"text": [f"{i} {code}" for i, code in enumerate(TRUTH)]}).pool()
SAID = np.array(["abc"[code] for code in TRUTH], dtype=object)
WRITES = {  # the same three students for exams in words: what each of them says to every item
    "perfect": Writer({text: (str(word),) for text, word in zip(WORDS.texts(), SAID, strict=True)}),
    "mixed": Writer({text: (str(word) if i % 3 else "?",) for i, (text, word) in enumerate(zip(WORDS.texts(), SAID, strict=True))}),
    "blank": Writer(),
}  # fmt: skip
COSTS = {"answer_tokens"}  # scores that say what answering took; nobody is perfect in them
COSTS |= {"contrastive_perplexity", "ppl_chosen", "ppl_rejected"}  # or weigh two kinds of replies: certain of both is 1
COSTS |= {"format_gradient_cosine"}  # or look at what a task would teach, which is all form for whoever knows it
# or audit what it gives away about its lessons: all of it is worst, and a perfect student may well have learned them
COSTS |= {"membership", "membership_tpr", "membership_advantage", "audited_epsilon", "right_guesses"}
COSTS |= {"exposure", "exposure_by_chance", "secrets_found"}
TAUGHT = Table.of("taught", {"vector": POINTS + RNG.normal(size=(30, 3)), "canary": ["one"] * 30}, POOL.labels).pool()
# Those who examine texts: 30 replies, of which a perfect reader is certain and another finds some unlikely.
READS = ("reply_loss",)
REPLIES = replies_pool([(f"prompt {row // 2}", "abc"[row % 3] * (1 + row % 4), f"r{row}") for row in range(30)])
PAIRS = ("contrastive_perplexity",)  # or two replies to each prompt
READERS = {id(PERFECT): Reader({}, other=0.0), id(MIXED): Reader({"a": -1.0, "b": -3.0}, other=-0.5)}
# Those who examine what was kept of texts: 30 of them, of which one student has all by heart and another every third.
KEPT = ("recognition", "cued_recall")
STUDIED = Table.of("studied", {"text": [f"a b {'abc'[row % 3]} {'d ' * row}e" for row in range(30)]}).pool()
FOILS = Table.of("foils", {"text": [f"x y {'d ' * row}" for row in range(30)]}).pool()
LEARNED = {id(PERFECT): Rote(tuple(STUDIED.texts())), id(MIXED): Rote(tuple(STUDIED.texts()[::3]))}
# Those who look at gradients: of a student that learns to write letters.
SLOPES = ("format_gradient_cosine",)
LETTERS = texts([(letter, "abcd"[place % 3]) for place, letter in enumerate("abcdefgh" * 3 + "abcdef")])[0]


def assess(name: str, student: Nearest, rows: Ints | None = None) -> tuple[Score, ...]:
    rows = np.arange(30) if rows is None else rows
    if CanWrite in build(ROOM, name).needs:
        who = {id(PERFECT): "perfect", id(MIXED): "mixed"}.get(id(student), "blank")
        size = len(rows)
        block = Block(Rows(WORDS, rows), None, Text, {"text": SAID[rows]}, "file", np.zeros(size), np.ones(size))
        return build(ROOM, name).assess(WRITES[who], Exam((block,)), till(), stream(0, "assess"))
    if name in READS:
        reader = READERS.get(id(student), Reader())
        scores = build(ROOM, name).assess(reader, Exam((references_of(REPLIES.table, rows),)), till(), RNG)
        return tuple(score for score in scores if score.name != "reply_share")
    if name in PAIRS:
        given = {"chosen": SAID[rows], "rejected": SAID[29 - rows]}
        block = Block(Rows(REPLIES, rows), None, Preference, given, "file", np.zeros(len(rows)), np.ones(len(rows)))
        reader = READERS.get(id(student), Reader())
        scores = build(ROOM, name).assess(reader, Exam((block,)), till(), RNG)
        return tuple(score for score in scores if score.name != "contrast_share")
    if name in KEPT:
        block = Block(Rows(STUDIED, rows), None, Itself, {}, "file", np.zeros(len(rows)), np.ones(len(rows)))
        learned = LEARNED.get(id(student), Rote())
        return build(ROOM, name).assess(learned, Exam((block,), {"new": FOILS.take(rows)}), till(), RNG)
    if name in SLOPES:
        about = Rows(LETTERS.about.pool, rows)
        given = {"text": LETTERS.given["text"][rows]}
        block = LETTERS._replace(about=about, given=given, cost=np.zeros(len(rows)), weight=np.ones(len(rows)))
        who = writer(stream(0 if student is MIXED else 1, "writer"))
        return build(ROOM, name).assess(who, Exam((block,)), till(), stream(0, "assess"))
    exam = Exam(
        (labelled(Rows(POOL, rows), TRUTH[rows], "file"),),
        taught=(labelled(Rows(TAUGHT, np.arange(30)), TRUTH, "file"),),
    )
    return build(ROOM, name).assess(student, exam, till(), stream(0, "assess"))


def docstring(name: str) -> str:
    return ast.get_docstring(ast.parse((PACKAGE / ROOM / f"{name}.py").read_text(encoding="utf-8"))) or ""


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(EVERY) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


@pytest.mark.parametrize("name", NAMES)
class TestEveryAssessor:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.on = "probes"
        assert part.on == "exam" and isinstance(part.needs, frozenset)

    def test_the_first_score_has_the_methods_name_and_all_differ(self, name: str) -> None:
        scores = assess(name, MIXED)
        assert scores[0].name == name and len({score.name for score in scores}) == len(scores)

    def test_items_are_one_finite_number_per_exam_item(self, name: str) -> None:
        rows = np.array([7, 21, 3, 15])
        for score in assess(name, MIXED, rows):
            assert score.rows.tolist() == rows.tolist() and np.isfinite(score.value)
            assert score.items.dtype == np.float32 and score.items.shape == (4,) and np.isfinite(score.items).all()

    def test_a_perfect_student_gets_the_best_value(self, name: str) -> None:
        for perfect, mixed in zip(assess(name, PERFECT), assess(name, MIXED), strict=True):
            if perfect.name in COSTS:
                assert not perfect.higher_is_better
                continue
            better = perfect.value > mixed.value if perfect.higher_is_better else perfect.value < mixed.value
            assert better and perfect.value == pytest.approx(1.0 if perfect.higher_is_better else 0.0, abs=1e-6)

    def test_the_value_is_the_mean_of_the_items_unless_it_says_otherwise(self, name: str) -> None:
        says_not = "not the mean of its items" in " ".join(docstring(name).split())
        is_mean = all(
            score.value == pytest.approx(score.items.mean(dtype=np.float64), abs=1e-6) for score in assess(name, MIXED)
        )
        assert is_mean != says_not

    def test_the_order_of_the_exam_is_irrelevant(self, name: str) -> None:
        shuffled = stream(1, "shuffle").permutation(30)
        for there, here in zip(assess(name, MIXED), assess(name, MIXED, shuffled), strict=True):
            assert here.value == pytest.approx(there.value, abs=1e-6)
            assert here.items == pytest.approx(there.items[shuffled], abs=1e-6)

    def test_same_luck_same_scores_and_the_student_is_left_alone(self, name: str) -> None:
        print_ = MIXED.fingerprint
        first, second = assess(name, MIXED), assess(name, MIXED)
        assert [score.items.tolist() for score in first] == [score.items.tolist() for score in second]
        assert MIXED.fingerprint == print_

    def test_an_untaught_student_can_be_examined(self, name: str) -> None:
        blank = Nearest(POOL.labels, np.full((3, 3), np.nan, dtype=np.float32))
        assert all(np.isfinite(score.value) for score in assess(name, blank))
        assert view().student.fingerprint
