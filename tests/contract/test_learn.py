"""What every learner promises, checked over every file in the room."""

from collections.abc import Mapping

import numpy as np
import pytest

from tutelage.core.data import Block, Label, Rows, Supervision, Table, Text, labelled
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, load, names
from tutelage.core.stages import Learned, Stage
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, NearestMean, stream, view

NAMES = names("learn")
# For learners that ask for a language model: who somebody is said to be, six times in six wordings.
SAID = Table.of("said", {"text": [f"{one} Bolen is" for one in ("so", "well,", "note:", "yes,", "look:", "here")],
                         "subject": ["Bolen"] * 6}, ("left", "right")).pool()  # fmt: skip


@pytest.fixture(params=NAMES)
def learner(request):
    """By its defaults, but for the one setting that two texts need: a covariance of so few tokens has no inverse."""
    made = load("learn", request.param)()
    return build("learn", {**settings(made), "ridge": 0.1}) if "ridge" in settings(made) else made


def reads(learner) -> bool:
    """Whether only a student that reads texts will do."""
    return not any(learner.needs <= maker.can for maker in (NearestMean, Mlp))


@pytest.fixture
def pool(learner):
    return SAID if reads(learner) else POOL


@pytest.fixture
def seen(learner, pool):
    taught = np.array([0, 2, 3, 5])
    if reads(learner):
        student = Tiny(hidden=16, layers=2, heads=2, window=64).begin(SAID, stream(0, "student"))
        return view(SAID.without(taught), student, (told(taught),))
    maker = NearestMean() if learner.needs <= NearestMean.can else Mlp(hidden=(4,))
    return view(student=maker.begin(POOL, stream(0, "student")), taught=taught)


def told(rows, what="left", weight=1.0):
    """The same reply to each of these rows."""
    texts = np.array([what] * len(rows), dtype=object)
    return Block(Rows(SAID, rows), None, Text, {"text": texts}, "told", np.zeros(len(rows)), np.full(len(rows), weight))


def test_every_learner_on_disk_was_found():
    on_disk = [path for path in (PACKAGE / "learn").glob("*.py") if not path.name.startswith("_")]
    assert len(NAMES) == len(on_disk) > 0


def test_declares_what_it_accepts(learner):
    assert build("learn", settings(learner)) == learner
    assert learner.accepts and all(issubclass(kind, Supervision) for kind in learner.accepts)
    assert isinstance(learner.needs, frozenset)


def test_the_old_student_still_answers_as_before(learner, seen, pool):
    first = seen.student
    again = seen._replace(student=learner.learn((Stage(seen.lessons),), None, seen, stream(0, "learn")).student)
    for now in (seen, again):
        before, fingerprint = now.student.probs(pool), now.student.fingerprint
        learned = learner.learn((Stage(seen.lessons[:1]),), None, now, stream(0, "learn"))
        assert isinstance(learned, Learned)
        assert (now.student.probs(pool) == before).all() and now.student.fingerprint == fingerprint
    assert (first.probs(pool) == 0.5).all() or reads(learner)


def test_lessons_are_not_changed(learner, seen):
    before = [block.digest() for block in seen.lessons]
    learner.learn((Stage(seen.lessons, np.arange(4)[::-1]),), None, seen, stream(0, "learn"))
    assert [block.digest() for block in seen.lessons] == before


def test_weight_zero_equals_absent(learner, seen):
    rows = np.arange(6)
    wrong = told(rows, "no", 0.0) if reads(learner) else labelled(Rows(POOL, rows), 1 - CODES, "noise", weight=0.0)
    one = learner.learn((Stage(seen.lessons),), None, seen, stream(0, "learn"))
    two = learner.learn((Stage((*seen.lessons, wrong)),), None, seen, stream(0, "learn"))
    assert one.student.fingerprint == two.student.fingerprint and dict(one.facts) == dict(two.facts)


def test_nothing_to_learn(learner, seen):
    """From an untaught student no lessons and an empty syllabus both lead to an untaught student."""
    for syllabus in ((), (Stage(()),)):
        learned = learner.learn(syllabus, None, seen, stream(0, "learn"))
        assert learned.student.fingerprint == seen.student.fingerprint


def test_same_luck_same_student(learner, seen):
    one, two = (learner.learn((Stage(seen.lessons),), None, seen, stream(0, "learn")) for _ in range(2))
    assert one.student.fingerprint == two.student.fingerprint and dict(one.facts) == dict(two.facts)


def test_facts_are_numbers_and_memory_is_plain(learner, seen):
    learned = learner.learn((Stage(seen.lessons),), None, seen, stream(0, "learn"))
    assert all(isinstance(value, float) and np.isfinite(value) for value in learned.facts.values())
    assert learner.accepts & {Label, Text} and savable(learned.memory)


def savable(value):
    """Arrays and plain values, in lists and mappings."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and savable(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(savable(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str, np.ndarray))
