"""Every teacher keeps its room's promises: gives what it declares, about what was asked, for what is charged."""

import dataclasses
import subprocess

import numpy as np
import pytest
import yaml

from tutelage.core.answers import Sealed, keys_of
from tutelage.core.data import Label, Rows, Soft, Table, labelled
from tutelage.core.forecast import ForetellsCharges
from tutelage.core.ledger import UNITS
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, load, names
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.core.writing import CanWrite
from tutelage.runs.till import RecordedTill, till
from tutelage.toys import Nearest, view

ROOM = "teach"
EVERY = [name for name in names(ROOM) if "." not in name]  # a dot: from another package
NAMES = [name for name in EVERY if CanWrite not in build(ROOM, name).needs]  # test_written.py has the others


# Two bundles of twenty, far apart, so that also a teacher who asks fifteen neighbours finds them agreeing.
CODES = np.arange(40) % 2
POINTS = np.stack([4.0 * CODES - 2, 0.01 * np.arange(40)], axis=1)
# Bags for those who count: rows 1 and 3 each alone and 0 with 5, so that every question below is about whole bags.
BAGS = ["0-5" if row in (0, 5) else str(row) if row in (1, 3) else f"four {row // 4}" for row in range(40)]
POOL = Table.of(
    "toy",
    {
        "id": [f"p{row}" for row in range(40)],
        "vector": POINTS,
        "group": BAGS,
        "reply": [f"reply {row}" for row in range(40)],
        "reward": [float(row % 3) for row in range(40)],
    },
    ["left", "right"],
).pool()
ANSWERS = Sealed(POOL.table, CODES)
STUDENT = Nearest(POOL.labels, np.array([[-2, 0], [2, 0]], dtype=np.float32))
ALL = np.arange(40)
# Six labelled examples of another table, for those who go by the lessons so far.
HELD = Table.of("held", {"vector": POINTS[:6] + [0, 0.5]}, ["left", "right"]).pool()
LESSONS = (labelled(Rows(HELD, np.arange(6)), CODES[:6], "oracle", 1.0),)


class Watched:
    """Sealed answers that remember whether they were opened."""

    def __init__(self, sealed: Sealed) -> None:
        self.sealed, self.opened = sealed, False

    def reveal(self, about: Rows, kind: object = None) -> object:
        self.opened = True
        return self.sealed.reveal(about, kind)


class Closed:
    """Sealed answers that must stay closed."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"answers.{name} was used")


def rows(*chosen: int) -> Rows:
    return Rows(POOL, np.array(chosen, dtype=np.int64))


def purse(name: str, asked: Rows) -> RecordedTill:
    """A till in which everybody who has to be asked under this teacher's name has already answered."""
    truth = [POOL.labels[code] for code in CODES[asked.numbers]]
    return till({unit: 1000.0 for unit in UNITS}, shared=dict(zip(keys_of(asked, name), truth, strict=True)))


def teach(name: str, asked: Rows, till: RecordedTill | None = None, answers: object = None, seed: int = 0) -> Taught:
    till = till or purse(name, asked)
    now = view(POOL, STUDENT, LESSONS, purse=till)
    return build(ROOM, name).teach(asked, now, answers or ANSWERS.through(till), stream(seed, "teach"))


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(EVERY) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


@pytest.mark.parametrize("name", NAMES)
class TestEveryTeacher:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.error = 0.5

    def test_declares_itself(self, name: str) -> None:
        part = build(ROOM, name)
        assert isinstance(part.needs, frozenset) and part.gives and part.spends <= set(UNITS)
        assert load(ROOM, name) is type(part)

    def test_charges_what_it_foretold(self, name: str) -> None:
        """To the unit, for rows that it was never asked about before and whose answers are all known."""
        part, asked = build(ROOM, name), rows(*ALL[:7])
        if not isinstance(part, ForetellsCharges):
            return
        till = purse(name, asked)
        before = {unit: till.left(unit) for unit in UNITS}
        teach(name, asked, till)
        spent = {unit: before[unit] - till.left(unit) for unit in UNITS if till.left(unit) < before[unit]}
        assert spent == part.charges(7, ANSWERS) and spent.keys() == part.spends

    def test_gives_what_it_declares_about_what_was_asked(self, name: str) -> None:
        asked = rows(*ALL[::-1])
        taught = teach(name, asked)
        assert sum(block.size for block in taught.lessons) > 0
        for block in taught.lessons:
            numbers = block.about.numbers
            assert block.kind in build(ROOM, name).gives and block.source == name
            assert set(numbers) <= set(asked.numbers) and len(np.unique(numbers)) == len(numbers)
            assert len(block.cost) == len(block.weight) == block.size
            assert np.isfinite(block.weight).all() and (block.weight > 0).all()
            if block.kind is Label:
                codes = block.given["label"]
                assert codes.dtype == np.int64 and codes.min() >= 0 and codes.max() < len(block.about.pool.labels)
            if block.kind is Soft:
                probs = block.given["probs"]
                assert probs.dtype == np.float32 and probs.min() >= 0 and probs.sum(axis=1) == pytest.approx(1)

    def test_costs_agree_with_the_ledger(self, name: str) -> None:
        asked = rows(3, 1)
        till = purse(name, asked)
        taught = teach(name, asked, till)
        cost = sum(float(block.cost.sum()) for block in taught.lessons)
        assert all((block.cost >= 0).all() for block in taught.lessons)
        spent = {unit: amount for unit, amount in till.book.ledger.spent.items() if amount}
        assert set(spent) <= build(ROOM, name).spends and sum(spent.values()) == pytest.approx(cost)

    def test_a_free_teacher_opens_no_answer_and_a_paid_one_charges(self, name: str) -> None:
        asked = rows(*ALL)
        till = purse(name, asked)
        if build(ROOM, name).spends:
            teach(name, asked, till)
            assert sum(till.book.ledger.spent.values()) > 0
        else:
            teach(name, asked, till, answers=Closed())
            assert till.book.charged == {} and sum(till.book.ledger.spent.values()) == 0

    def test_no_question_no_lesson_no_charge(self, name: str) -> None:
        till = purse(name, rows())
        assert teach(name, rows(), till).lessons == () and till.book.charged == {}

    def test_same_luck_same_lessons(self, name: str) -> None:
        asked = rows(*ALL)
        first, second = (teach(name, asked) for _ in range(2))
        assert [block.digest() for block in first.lessons] == [block.digest() for block in second.lessons]
        assert dict(first.facts) == dict(second.facts)

    def test_asking_again_is_free_and_says_the_same(self, name: str) -> None:
        asked = rows(*ALL)
        till = purse(name, asked)
        first = teach(name, asked, till)
        spent = dict(till.book.ledger.spent)
        second = teach(name, asked, till)
        assert till.book.ledger.spent == spent
        assert [block.digest() for block in first.lessons] == [block.digest() for block in second.lessons]

    def test_inputs_are_left_alone(self, name: str) -> None:
        asked = rows(5, 0, 1)
        now = view(POOL, STUDENT, LESSONS, purse=purse(name, asked))
        before = (now.student.fingerprint, now.pool.fingerprint, asked.rows.tolist(), CODES.tolist())
        build(ROOM, name).teach(asked, now, ANSWERS.through(now.till), stream(0, "teach"))
        assert (now.student.fingerprint, now.pool.fingerprint, asked.rows.tolist(), CODES.tolist()) == before

    def test_who_opens_answers_depends_on_them_and_nobody_else_does(self, name: str) -> None:
        """With every sealed answer swapped: whoever opened them says otherwise, whoever did not says the same."""
        asked = rows(*ALL)
        till = purse(name, asked)
        watched = Watched(Sealed(POOL.table, 1 - CODES).through(till))
        ours, theirs = teach(name, asked), teach(name, asked, till, watched)
        same = [block.digest() for block in ours.lessons] == [block.digest() for block in theirs.lessons]
        assert same != watched.opened
