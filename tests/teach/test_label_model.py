"""The label model as a teacher: nested labellers, abstentions, prices added up, label lists joined."""

from typing import ClassVar

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Label, Rows, Share, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.runs.till import till
from tutelage.teach.label_model import LabelModel
from tutelage.teach.noisy import Noisy
from tutelage.teach.oracle import Oracle
from tutelage.toys import ANSWERS, CODES, POOL, vector_pool, view


@method
class Scripted:
    """Says these codes; -1 says nothing. Draws once, so that its luck shows."""

    codes: tuple[int, ...]
    cost: float = 0.0

    needs: ClassVar = frozenset()
    gives: ClassVar = frozenset({Label})
    spends: ClassVar = frozenset()

    def teach(self, asked: Rows, seen: object, answers: object, rng: object) -> Taught:
        codes = np.array(self.codes)[asked.numbers]
        spoke = np.flatnonzero(codes >= 0)
        calls = int(seen.memory.get("calls", 0)) + 1
        about = Rows(asked.pool, asked.rows[spoke])
        return Taught((labelled(about, codes[spoke], "scripted", self.cost),), {}, {"calls": calls})


def teach(
    *codes: tuple[int, ...], rows: object = None, memory: object = None, costs: object = None, **settings: object
) -> Taught:
    prices = costs or [0.0] * len(codes)
    of = tuple(Scripted(codes=one, cost=cost) for one, cost in zip(codes, prices, strict=True))
    asked = Rows(POOL, np.arange(6) if rows is None else np.asarray(rows))
    return LabelModel(of=of, **settings).teach(asked, view()._replace(memory=memory or {}), None, stream(0, "teach"))


A, B, C = (0, 0, 0, 1, 1, 1), (0, 0, 1, 1, 1, -1), (0, 1, -1, 1, 0, -1)


def test_majority_by_hand() -> None:
    """a: 3 of 3 left; b: 2 of 3; c: one each, the first labeller's left; d: right; e: 2 of 3 right; f: A alone."""
    soft = teach(A, B, C, by="majority").lessons[0]
    assert soft.kind is Soft and soft.given["probs"][:, 0] == pytest.approx([1, 2 / 3, 1 / 2, 0, 1 / 3, 0])
    hard = teach(A, B, C, by="majority", hard=True).lessons[0]
    assert hard.kind is Label and hard.given["label"].tolist() == [0, 0, 0, 1, 1, 1]
    assert teach(B, A, C, by="majority", hard=True).lessons[0].given["label"][2] == 1


def test_one_labeller_is_passed_on() -> None:
    for by in ("majority", "dawid_skene"):
        soft = teach(B, by=by, smoothing=0.0).lessons[0]
        assert soft.about.examples().ids() == list("abcde")
        assert soft.given["probs"] == pytest.approx(np.eye(2)[list(B[:5])])


def test_nobody_speaks_nobody_is_taught() -> None:
    silent = (-1,) * 6
    taught = teach(silent, silent)
    assert taught.lessons == () and taught.facts == {"coverage": 0.0}
    some = teach(silent, (-1, 1, -1, -1, -1, -1))
    assert some.lessons[0].about.examples().ids() == ["b"] and some.facts["coverage"] == pytest.approx(1 / 6)
    assert "alpha" not in some.facts, "nobody spoke twice about anything"


def test_facts() -> None:
    taught = teach(A, A, A, smoothing=0.0)
    assert taught.facts["alpha"] == 1 and taught.facts["accuracy_2"] == pytest.approx(1)
    assert set(teach(A, B, by="majority").facts) == {"coverage", "alpha"}


def test_costs_add_up_and_rows_keep_their_order() -> None:
    block = teach(A, B, costs=[1.0, 0.25], rows=[5, 0, 3], by="majority").lessons[0]
    assert block.about.examples().ids() == ["f", "a", "d"] and block.cost.tolist() == [1.0, 1.25, 1.25]


def test_costs_are_what_the_till_charged() -> None:
    """One labeller is paid 1.5 a label, one is free: 6 looks."""
    purse = till({"labels": 9.0})
    sealed = Sealed(POOL.table, CODES, {"labels": 1.5}).through(purse)
    model = LabelModel(of=(Oracle(), Scripted(codes=A)))
    (block,) = model.teach(Rows(POOL, np.arange(6)), view(purse=purse), sealed, stream(0, "t")).lessons
    assert block.cost.sum() == 9 and purse.left("labels") == 0 and model.spends == {"labels"}


def test_each_labeller_has_a_memory_of_its_own() -> None:
    first = teach(A, B)
    assert first.memory == {"of.0": {"calls": 1}, "of.1": {"calls": 1}}
    assert teach(A, B, memory=first.memory).memory["of.1"] == {"calls": 2}


def test_each_labeller_has_luck_of_its_own() -> None:
    """Two noisy labellers of one kind err on different rows."""
    pool = vector_pool(np.zeros((300, 1)))
    sealed = Sealed(pool.table, np.zeros(300, dtype=np.int64)).through(till())
    model = LabelModel(of=(Noisy(error=0.3), Noisy(error=0.3)), by="majority")
    (block,) = model.teach(Rows(pool, np.arange(300)), view(pool), sealed, stream(0, "t")).lessons
    assert 0.3 < (block.given["probs"][:, 0] == 0.5).mean() < 0.55, "2 x 0.3 x 0.7 = 0.42 disagree"


def test_the_label_model_beats_the_vote() -> None:
    """One good labeller among three poor ones, told by how they agree."""
    rng = stream(2, "crowd")
    truth = rng.integers(0, 2, 400)
    pool = vector_pool(np.zeros((400, 1)))

    def said(error: float) -> tuple[int, ...]:
        return tuple(np.where(rng.random(400) < error, 1 - truth, truth).tolist())

    of = tuple(Scripted(codes=said(error)) for error in (0.05, 0.1, 0.45, 0.45, 0.45))
    right = []
    for by in ("dawid_skene", "majority"):
        model = LabelModel(of=of, by=by, hard=True)
        (block,) = model.teach(Rows(pool, np.arange(400)), view(pool), None, stream(0, "t")).lessons
        right.append((block.given["label"] == truth).mean())
    assert right[0] > right[1] + 0.02


def test_a_longer_label_list_wins() -> None:
    @method
    class Grows:
        needs: ClassVar = frozenset()
        gives: ClassVar = frozenset({Label})
        spends: ClassVar = frozenset()

        def teach(self, asked: Rows, seen: object, answers: object, rng: object) -> Taught:
            about = Rows(asked.pool.with_labels(("left", "right", "up")), asked.rows)
            return Taught((labelled(about, np.full(len(asked.rows), 2), "grows"),))

    model = LabelModel(of=(Grows(), Scripted(codes=A)), by="majority")
    (block,) = model.teach(Rows(POOL, np.arange(6)), view(), None, stream(0, "t")).lessons
    assert block.about.pool.labels == ("left", "right", "up") and block.given["probs"][0].tolist() == [0.5, 0, 0.5]


def test_bags_and_other_rows_cannot_be_joined() -> None:
    @method
    class Strange:
        kind: str

        needs: ClassVar = frozenset()
        gives: ClassVar = frozenset({Share})
        spends: ClassVar = frozenset()

        def teach(self, asked: Rows, seen: object, answers: object, rng: object) -> Taught:
            if self.kind == "bag":
                sealed = ANSWERS.through(till())
                return Taught((sealed.reveal(Rows(asked.pool, asked.rows, np.array([0, 6])), Share),))
            other = vector_pool([[1.0]])
            return Taught((labelled(Rows(other, np.array([0])), np.array([0]), "strange"),))

    for kind, message in (("bag", "gave Share"), ("other", "wrote about others")):
        with pytest.raises(ContractBroken, match=message):
            LabelModel(of=(Strange(kind=kind),)).teach(Rows(POOL, np.arange(6)), view(), None, stream(0, "t"))


def test_read_from_a_recipe() -> None:
    made = build("teach", {"use": "label_model", "of": [{"use": "noisy", "error": 0.2}, {"use": "self_training"}]})
    assert made.of[0].error == 0.2 and len(made.of) == 2 and made.gives == {Soft}
    assert made.spends == {"labels"} and {need.__name__ for need in made.needs} == {"CanWeigh", "CanEmbed"}
