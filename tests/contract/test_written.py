"""Teachers and assessors that need a student who writes keep their rooms' promises, as the others do next door."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import yaml

from tutelage.core.data import Block, Exam, Ints, Pool, Replies, Rng, Rows, Score, Table, Text
from tutelage.core.digest import digest
from tutelage.core.ledger import UNITS
from tutelage.core.method import settings
from tutelage.core.parts import build, names
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.core.writing import CanWrite, Prompt, Turn, Written
from tutelage.runs.till import RecordedTill, till
from tutelage.sandbox.answers import Executed
from tutelage.toys import view


def named(room: str) -> list[str]:
    """Ours that need such a student; a dot: from another package."""
    return [name for name in names(room) if "." not in name and CanWrite in build(room, name).needs]


# Each task: a text, its reference, and what the student may write for it. Half of what it writes is right.
TASKS = [
    (f"{a} and {b}, times {c}?", f"s={a}+{b}\nanswer=s*{c}") for a in range(2, 7) for b in (11, 13) for c in (2, 3)
]


def replies(text: str) -> tuple[str, ...]:
    """Two right ones, one that goes wrong in its last line, one that goes wrong at once."""
    found = [int(word.strip(",?")) for word in text.split() if word.strip(",?").isdigit()]
    a, b, c = (*found, 1, 1, 1)[:3]  # a teacher may show a part of a task
    return (
        f"s={b}+{a}\nanswer=s*{c}",
        f"s={a}+{b}\nanswer={c}*s",
        f"s={b}+{a}\nanswer=s-{c}",
        f"s={b}-{a}\nanswer=s*{c}",
    )


@dataclass(frozen=True)
class Writer:
    """Writes one of `replies`, by luck. best: only the first, which is right."""

    best: bool = False

    @property
    def fingerprint(self) -> str:
        return digest("writer", self.best)

    def write(
        self,
        prompts: Sequence[Prompt],
        k: int,
        rng: Rng,
        *,
        max_tokens: int = 64,
        temperature: float = 1.0,
        stop: Sequence[str] = (),
    ) -> Written:
        texts = np.empty((len(prompts), k), dtype=object)
        for row, prompt in enumerate(prompts):
            turns = (Turn("user", prompt),) if isinstance(prompt, str) else prompt
            begun = turns[-1].text if turns[-1].role == "assistant" else ""
            for draw in range(k):
                whole = replies(turns[0].text)[0 if self.best else rng.integers(4)]
                texts[row, draw] = whole.split("\n", begun.count("\n"))[-1]
        counts = np.array([[len(one) for one in row] for row in texts], dtype=np.int64).reshape(len(prompts), k)
        return Written(texts, np.ones(len(prompts), dtype=np.int64), counts)


def pool() -> Pool:
    columns = {"id": [f"t{i}" for i in range(len(TASKS))], "text": [text for text, _ in TASKS]}
    form = {"source": ["words"] * len(TASKS), "asked": ["2"] * len(TASKS)}  # every reply here has two words
    return Table.of("tasks", {**columns, **form}).pool()


def programs() -> np.ndarray:
    made = np.empty(len(TASKS), dtype=object)
    made[:] = [program for _, program in TASKS]
    return made


POOL, PROGRAMS = pool(), programs()
ANSWERS = Executed(POOL.table, PROGRAMS)


STRUCTURED = {"disagreement", "structured_agreement", "exact_match"}  # those who read JSON objects, or words as said
FIELDS = ("evaluation", "action", "state")
OBJECTS = Table.of(
    "objects",
    {
        "id": [f"t{i}" for i in range(len(TASKS))],
        "text": [text for text, _ in TASKS],
        "reply": [json.dumps(dict.fromkeys(FIELDS, str(i))) for i in range(len(TASKS))],
    },
).pool()


@dataclass(frozen=True)
class Structured:
    """Writes the reply of OBJECTS; best: False, half the time with another action. A token a prompt and a reply."""

    best: bool = False

    @property
    def fingerprint(self) -> str:
        return digest("structured", self.best)

    def write(self, prompts: Sequence[Prompt], k: int, rng: Rng, **settings: object) -> Written:
        rows = [OBJECTS.texts().index(prompt) for prompt in prompts]
        said = np.array([OBJECTS.column("reply")[row].as_py() for row in rows], dtype=object)
        if not self.best:
            said = np.array([text if row % 2 else text.replace('"action": "', '"action": "x') for row, text in
                             zip(rows, said, strict=True)], dtype=object)  # fmt: skip
        ones = np.ones(len(rows), dtype=np.int64)
        return Written(said[:, None].repeat(k, axis=1), ones, ones[:, None].repeat(k, axis=1))


def material(name: str) -> tuple[Pool, np.ndarray, type[Writer] | type[Structured]]:
    """What a part is tried on: rows, the truth about them, and who writes."""
    if name not in STRUCTURED:
        return POOL, PROGRAMS, Writer
    return OBJECTS, np.array(OBJECTS.column("reply").to_pylist(), dtype=object), Structured


class Closed:
    """Sealed answers that must stay closed."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"answers.{name} was used")


def teach(name: str, asked: Rows, purse: RecordedTill | None = None, answers: object = None, seed: int = 0) -> Taught:
    purse = purse or till({unit: 1000.0 for unit in UNITS})
    pool, _, student = material(name)
    now, asked = view(pool, student(), purse=purse), Rows(pool, asked.rows)
    return build("teach", name).teach(asked, now, answers or ANSWERS.through(purse), stream(seed, "teach"))


def rows(*chosen: int) -> Rows:
    return Rows(POOL, np.array(chosen, dtype=np.int64))


ALL = rows(*range(len(POOL)))


@pytest.mark.parametrize("name", named("teach"))
class TestEveryTeacher:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build("teach", name)
        assert build("teach", yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.samples = 5
        assert part.gives and part.spends <= set(UNITS)

    def test_gives_what_it_declares_about_what_was_asked(self, name: str) -> None:
        taught = teach(name, rows(*range(len(POOL)))._replace(rows=np.arange(len(POOL))[::-1]))
        assert sum(block.size for block in taught.lessons) > 0
        for block in taught.lessons:
            assert block.kind in build("teach", name).gives and block.source == name
            assert set(block.about.numbers) <= set(ALL.numbers) and len(np.unique(block.about.numbers)) == block.size
            assert len(block.cost) == len(block.weight) == block.size and (block.weight > 0).all()
            if block.kind is Replies:
                texts, rewards = block.given["texts"], block.given["rewards"]
                assert texts.shape == rewards.shape == block.given["ends"].shape and rewards.dtype == np.float32
                assert ((texts == None) == np.isnan(rewards)).all()  # noqa: E711

    def test_costs_agree_with_the_ledger_and_with_the_price_of_a_row(self, name: str) -> None:
        purse = till({unit: 1000.0 for unit in UNITS})
        taught = teach(name, rows(3, 1, 6), purse)
        spent = {unit: amount for unit, amount in purse.book.ledger.spent.items() if amount}
        assert set(spent) <= build("teach", name).spends
        assert sum(spent.values()) == pytest.approx(sum(float(block.cost.sum()) for block in taught.lessons))
        by_the_row = {unit: price for unit, price in build("teach", name).per_row.items() if price}
        assert all(spent.get(unit, 0.0) <= 3 * price for unit, price in by_the_row.items()) and by_the_row

    def test_a_free_teacher_opens_no_answer(self, name: str) -> None:
        if not build("teach", name).spends:
            teach(name, ALL, answers=Closed())

    def test_no_question_no_lesson_no_charge(self, name: str) -> None:
        purse = till({unit: 1000.0 for unit in UNITS})
        assert teach(name, rows(), purse).lessons == () and purse.book.charged == {}

    def test_same_luck_same_lessons_and_asking_again_is_free(self, name: str) -> None:
        purse = till({unit: 1000.0 for unit in UNITS})
        first = teach(name, ALL, purse)
        spent = dict(purse.book.ledger.spent)
        second = teach(name, ALL, purse)
        assert [block.digest() for block in first.lessons] == [block.digest() for block in second.lessons]
        assert dict(first.facts) == dict(second.facts) and purse.book.ledger.spent == spent

    def test_inputs_are_left_alone(self, name: str) -> None:
        before = (POOL.fingerprint, ALL.rows.tolist(), ANSWERS.programs.tolist())
        teach(name, ALL)
        assert (POOL.fingerprint, ALL.rows.tolist(), ANSWERS.programs.tolist()) == before


def assess(name: str, best: bool = False, chosen: Ints | None = None) -> tuple[Score, ...]:
    pool, truth, student = material(name)
    chosen = np.arange(len(pool)) if chosen is None else chosen
    size = len(chosen)
    block = Block(Rows(pool, chosen), None, Text, {"text": truth[chosen]}, "file", np.zeros(size), np.ones(size))
    return build("assess", name).assess(student(best), Exam((block,)), till(), stream(0, "assess"))


@pytest.mark.parametrize("name", named("assess"))
class TestEveryAssessor:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build("assess", name)
        assert build("assess", yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.on = "probes"
        assert part.on == "exam" and isinstance(part.needs, frozenset)

    def test_the_first_score_has_the_methods_name_and_all_differ(self, name: str) -> None:
        scores = assess(name)
        assert scores[0].name == name and len({score.name for score in scores}) == len(scores)

    def test_items_are_one_finite_number_per_exam_item_and_the_value_their_mean(self, name: str) -> None:
        chosen = np.array([7, 11, 3, 15])
        for score in assess(name, False, chosen):
            assert score.rows.tolist() == chosen.tolist() and score.items.dtype == np.float32
            assert score.items.shape == (4,) and np.isfinite(score.items).all()
            assert score.value == pytest.approx(score.items.mean(dtype=np.float64), abs=1e-6)

    def test_a_perfect_student_gets_the_best_value(self, name: str) -> None:
        for perfect, mixed in zip(assess(name, True), assess(name), strict=True):
            if perfect.higher_is_better:
                assert perfect.value == 1.0 >= mixed.value

    def test_same_luck_same_scores(self, name: str) -> None:
        first, second = assess(name), assess(name)
        assert [score.items.tolist() for score in first] == [score.items.tolist() for score in second]
