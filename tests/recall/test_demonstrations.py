"""Worked examples before a question: which, in which order, never the row itself; nothing to show is the plain student."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.data import Block, Rows, Soft, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import View
from tutelage.kit.bank import banked
from tutelage.kit.context import contexts
from tutelage.recall.demonstrations import Demonstrations
from tutelage.student.text.causal import Causal
from tutelage.toys import view

LABELS = ("left", "right")
# A text is a number on a line through angles: its vector is (cos, sin) of so many tenths.
POOL = Table.of("line", {"text": ["0", "2", "5", "9", "14"]}, LABELS).pool()
EXAM = Table.of("exam", {"text": ["1", "8", "20"]}, LABELS).pool()


@dataclass(frozen=True)
class Angle:
    """Implements core.encoder.Encoder on texts that are numbers."""

    width: int = 2
    fingerprint: str = "angle"

    def encode(self, texts: Any) -> Any:
        angles = np.array([float(text) / 10 for text in texts])
        return (3 * np.stack([np.cos(angles), np.sin(angles)], 1)).astype(np.float32)  # longer than 1: cosine is asked


@dataclass(frozen=True, eq=False)
class Parrot:
    """Heeds examples: it says what the last one says, and without any, left; a token is a letter."""

    labels: tuple[str, ...] = LABELS
    fingerprint: str = "parrot"
    embeds_as: str = "angle"
    seen: list[Any] = field(default_factory=list)

    def embed(self, pool: Any, side: str = "") -> Any:
        return Angle().encode(pool.texts())

    def lengths(self, questions: Any, answers: Any) -> Any:
        return np.array([len(q) + len(a) for q, a in zip(questions, answers, strict=True)])

    def among(self, labels: Any) -> Any:
        return dataclasses.replace(self, labels=tuple(labels))

    def probs(self, pool: Any) -> Any:
        last = [one[0][-1][1] if one[0] else "left" for one in contexts(pool)]
        return np.eye(len(self.labels), dtype=np.float32)[[self.labels.index(name) for name in last]]

    def answer(self, pool: Any, rng: Any) -> Block:
        return labelled(Rows(pool, np.arange(len(pool))), self.probs(pool).argmax(1), "parrot")


def taught(rows: Any = (0, 2, 4), codes: Any = (0, 0, 1), pool: Any = POOL, **rest: Any) -> View:
    lessons = (labelled(Rows(pool, np.array(rows, dtype=np.int64)), np.array(codes, dtype=np.int64), "oracle"),)
    return view(POOL, student=Parrot(), lessons=lessons)._replace(**rest)


def shown(recall: Demonstrations, now: View, pool: Any = EXAM) -> list[list[str]]:
    return [[x for x, _ in row[0]] for row in contexts(recall.context(pool, now, stream(0, "recall")))]


@pytest.fixture(autouse=True)
def _own(own_cache: Path) -> None:
    """Vectors of these tests stay in their own cache."""


def test_by_hand() -> None:
    """Bank at 0, 5, 14 (left, left, right), questions at 1, 8, 20: the two nearest, the nearest last.

    |1-0| < |1-5|: [5, 0]; |8-5| < |8-14|: [14, 5]; |20-14| < |20-5|: [5, 14]. The parrot says left, left, right.
    """
    recall = Demonstrations(k=2)
    assert shown(recall, taught()) == [["5", "0"], ["14", "5"], ["5", "14"]]
    equipped = recall.equip(taught(), stream(0, "recall"))
    answer = equipped.answer(EXAM, stream(0, "x"))
    assert answer.given["label"].tolist() == [0, 0, 1] and answer.about.pool.table is EXAM.table
    assert equipped.probs(EXAM).argmax(1).tolist() == [0, 0, 1]


@pytest.mark.parametrize("recall", [{"k": 0}, {"k": 3, "pick": "nearest"}, {"pick": "random"}, {"pick": "fixed"}])
def test_neutral_limit_nothing_to_show_is_the_plain_student(recall: dict[str, Any]) -> None:
    part = build("recall", {"use": "demonstrations", **recall})
    now = taught() if recall.get("k") == 0 else taught((), ())
    assert part.equip(now, stream(0, "recall")) is now.student
    told = part.context(EXAM, now, stream(0, "recall"))
    assert contexts(told) == [((),)] * 3 and (now.student.probs(told) == now.student.probs(EXAM)).all()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_nearest_as_plain_code_has_it(data: st.DataObject) -> None:
    """Cosine by cosine, row by row; the row itself is left out, whatever stands at the same place."""
    angles = st.lists(st.integers(0, 30), min_size=1, max_size=12)
    table = Table.of("line", {"text": [str(one) for one in data.draw(angles)]}, LABELS).pool()
    bank = data.draw(st.lists(st.integers(0, len(table) - 1), min_size=1, max_size=12, unique=True))
    k = data.draw(st.integers(1, 5))
    now = taught(bank, np.zeros(len(bank), dtype=int), table)
    rows = Demonstrations(k=k).context(table, now, stream(0, "recall"))
    vectors = Angle().encode(table.texts())
    for row, shots in enumerate(contexts(rows)):
        others = [one for one in bank if one != row]
        cosines = sorted((float(vectors[one] @ vectors[row] / 9) for one in others), reverse=True)[:k]
        ours = [float(Angle().encode([x])[0] @ vectors[row] / 9) for x, _ in shots[0]]
        assert len(ours) == min(k, len(others))
        np.testing.assert_allclose(ours[::-1], cosines, atol=1e-5)


def test_the_row_itself_is_never_shown() -> None:
    for pick in ("nearest", "random", "fixed"):
        for row, texts in enumerate(shown(Demonstrations(k=5, pick=pick), taught(range(5), [0] * 5), POOL)):
            assert len(texts) == 4 and POOL.texts()[row] not in texts


def test_a_budget_ends_with_the_first_that_does_not_fit() -> None:
    """Sizes: "0 left" 5, "5 left" 5, "14 right" 7. For 20 the order is 14, 5, 0: 12 tokens hold two, 11 one, 6 none."""
    for budget, texts in ((17, ["0", "5", "14"]), (12, ["5", "14"]), (11, ["14"]), (6, [])):
        assert shown(Demonstrations(k=3, budget=budget), taught())[2] == texts


def test_random_examples_belong_to_the_row_and_differ_between_rows() -> None:
    many = Table.of("many", {"text": [str(one) for one in range(40)]}, LABELS).pool()
    now, recall = taught(range(40), [0] * 40, many), Demonstrations(k=3, pick="random")
    equipped: Any = recall.equip(now, stream(0, "recall"))
    whole = contexts(equipped.asked(many))
    assert len(set(whole)) > 30
    order = np.array([7, 3, 3, 39])
    assert contexts(equipped.asked(many.take(order))) == [whole[row] for row in order]
    assert contexts(recall.equip(now, stream(1, "recall")).asked(many)) != whole  # type: ignore[attr-defined]


def test_fixed_examples_are_the_first_lessons_in_their_order() -> None:
    assert shown(Demonstrations(k=2, pick="fixed"), taught((4, 0, 2))) == [["14", "0"]] * 3


def test_the_bank_holds_each_row_once_with_its_last_label() -> None:
    first = labelled(Rows(POOL, np.array([0, 2])), np.array([0, 0]), "oracle")
    soft = {"probs": np.array([[0.1, 0.9], [0.6, 0.4]], dtype=np.float32)}
    weak = Block(Rows(POOL, np.array([2, 3])), None, Soft, soft, "weak", np.zeros(2), np.array([1.0, 0.0]))
    bank = banked(taught()._replace(lessons=(first, weak)))
    assert bank.texts == ["0", "5"] and bank.answers == ("left", "right")


def test_a_part_limits_the_bank() -> None:
    now = taught(parts={"gold": POOL.take([2, 4]), "other": EXAM})
    assert banked(now, "gold").texts == ["5", "14"] and banked(now, "other").texts == []
    assert shown(Demonstrations(k=1, part="gold"), now) == [["5"], ["5"], ["14"]]


def test_labels_that_a_person_added_can_be_answered() -> None:
    grown = POOL.with_labels((*LABELS, "up"))
    now = taught((0, 4), (0, 2), grown)
    equipped: Any = Demonstrations(k=1).equip(now, stream(0, "recall"))
    assert equipped.labels == (*LABELS, "up") and equipped.probs(EXAM).argmax(1).tolist() == [0, 2, 2]


def test_the_fingerprint_follows_bank_settings_and_student() -> None:
    def print_(recall: Demonstrations, now: View, seed: int = 0) -> str:
        return recall.equip(now, stream(seed, "recall")).fingerprint

    base = print_(Demonstrations(k=2), taught())
    assert base == print_(Demonstrations(k=2), taught(), seed=1)  # luck does not matter to the nearest
    wrong = taught()._replace(student=dataclasses.replace(Parrot(), fingerprint="another"))
    others = [print_(Demonstrations(k=1), taught()), print_(Demonstrations(k=2), taught((0, 2), (0, 0))),
              print_(Demonstrations(k=2), taught(codes=(1, 0, 1))), print_(Demonstrations(k=2), wrong),
              print_(Demonstrations(k=2, pick="random"), taught()),
              print_(Demonstrations(k=2, pick="random"), taught(), seed=1)]  # fmt: skip
    assert len({base, *others}) == 7


def test_an_encoder_of_its_own_needs_no_embedding_of_the_student() -> None:
    names = {need.__name__ for need in Demonstrations(encoder=Angle()).needs}
    assert names == {"CanWeigh", "CanHeed"} and len(Demonstrations().needs) == 3
    assert shown(Demonstrations(k=1, encoder=Angle()), taught()) == [["0"], ["5"], ["14"]]


def test_lessons_that_name_no_class_are_a_broken_contract() -> None:
    from tutelage.core.data import Itself

    block = taught().lessons[0]._replace(kind=Itself, given={})
    with pytest.raises(ContractBroken, match="not of Itself"):
        Demonstrations().equip(taught()._replace(lessons=(block,)), stream(0, "recall"))


def test_an_equipped_language_model_is_saved_with_its_bank(tiny_decoder: Path, tmp_path: Path) -> None:
    """Loaded by a run's own way, it answers bit for bit as before, also about rows that stand in its bank."""
    from tutelage.taught import _loaded

    spec = {"use": "text.causal", "model": str(tiny_decoder)}
    plain = build("student", spec).begin(POOL, stream(0, "student"))
    for recall in (Demonstrations(k=2, encoder=None, pick="random"), Demonstrations(k=1, pick="fixed")):
        equipped: Any = recall.equip(taught(student=plain), stream(0, "recall"))
        folder = tmp_path / recall.pick
        equipped.save(folder)
        back = _loaded(spec, folder)
        assert back.fingerprint == equipped.fingerprint != plain.fingerprint
        for pool in (EXAM, POOL):
            assert (back.probs(pool) == equipped.probs(pool)).all()
        assert np.abs(back.probs(EXAM) - plain.probs(EXAM)).max() > 1e-3
    plain.save(tmp_path / "plain")
    assert _loaded(spec, tmp_path / "plain").fingerprint == plain.fingerprint
    assert isinstance(build("student", spec), Causal)
