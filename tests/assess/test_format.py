"""Format leakage and the cosine of gradients, by hand and at their limits."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from tutelage.assess import format_gradient_cosine
from tutelage.assess.format_gradient_cosine import FormatGradientCosine, cosine, slope
from tutelage.assess.format_leakage import FormatLeakage
from tutelage.core.data import Block, Exam, Rows, Table, Text
from tutelage.core.errors import ContractBroken, Refused
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.toy_writer import preferences, texts, writer
from tutelage.toys import Writer, stream, till


def exam(*pairs: tuple[str, str]) -> Exam:
    pool = Table.of("asked", {"text": [asked for asked, _ in pairs]}).pool()
    given = {"text": np.array([said for _, said in pairs], dtype=object)}
    size = len(pairs)
    return Exam((Block(Rows(pool, np.arange(size)), None, Text, given, "file", np.zeros(size), np.ones(size)),))


class TestLeakage:
    def test_by_hand(self) -> None:
        """ "true", " FALSE." and "True" are labels however they are written; "True it is" and "untrue" are not: 3 of 5."""
        said = {"a": ("true",), "b": (" FALSE.",), "c": ("True it is",), "d": ("untrue",), "e": ("True",)}
        made = FormatLeakage().assess(Writer(said), exam(*((key, "x") for key in said)), till(), stream(0, "a"))[0]
        assert made.items.tolist() == [1, 1, 0, 0, 1] and made.value == pytest.approx(3 / 5)
        assert made.name == "format_leakage" and not made.higher_is_better

    def test_who_is_right_leaks_nothing(self) -> None:
        pairs = [("a", "x"), ("b", "y")]
        right = Writer({asked: (said,) for asked, said in pairs})
        assert FormatLeakage().assess(right, exam(*pairs), till(), stream(0, "a"))[0].value == 0

    def test_an_exam_that_is_rightly_answered_so_is_refused(self) -> None:
        with pytest.raises(Refused, match="rightly answered with 'true'"):
            FormatLeakage().assess(Writer(), exam(("a", "x"), ("b", "true")), till(), stream(0, "a"))


class TestCosine:
    def test_of_a_gradient_with_itself_is_1_and_with_its_opposite_minus_1(self) -> None:
        found = slope(writer(stream(0, "w")), texts([("a", "b"), ("c", "d")])[0], CrossEntropy(), stream(0, "l"))
        assert cosine(found, found) == pytest.approx(1.0)
        assert cosine(found, {name: -one for name, one in found.items()}) == pytest.approx(-1.0)
        assert np.isnan(cosine(found, {name: 0 * one for name, one in found.items()}))

    def test_the_gradient_is_that_of_the_mean_loss(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Against finite differences in one direction, and in pieces as in one."""
        import torch

        student, (block,) = writer(stream(0, "w")), texts([("ab", "b"), ("c", "da"), ("e", "f")])
        block = block._replace(weight=np.array([1.0, 2.0, 0.0]))
        found = slope(student, block, CrossEntropy(), stream(0, "l"))
        monkeypatch.setattr(format_gradient_cosine, "AT_ONCE", 1)
        pieces = slope(student, block, CrossEntropy(), stream(0, "l"))
        assert all(torch.allclose(found[name], pieces[name], atol=1e-7) for name in found)

        def loss(step: float) -> float:
            module = student.module.double()
            for name, one in module.named_parameters():
                one.data += step * found[name]
            batch = student.encode((block,)).batch(np.array([0, 1]))
            each = CrossEntropy().losses(module, batch, stream(0, "l"))
            return float((each * batch.weight).sum().detach() / 3)

        length = sum(float((one**2).sum()) for one in found.values())
        assert (loss(1e-4) - loss(-1e-4)) / 2e-4 == pytest.approx(length, rel=1e-4)

    def test_shuffling_keeps_the_histogram_and_the_questions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Block] = []
        monkeypatch.setattr(format_gradient_cosine, "slope",
                            lambda student, block, *rest: seen.append(block) or {"w": np.ones(1)})  # fmt: skip
        pairs = [(letter, "abcd"[place % 4]) for place, letter in enumerate("abcdefgh")]
        FormatGradientCosine().assess(writer(stream(0, "w")), Exam(texts(pairs)), till(), stream(0, "a"))
        first, second = seen
        assert Counter(first.given["text"]) == Counter(second.given["text"])
        assert first.given["text"].tolist() != second.given["text"].tolist() and first.about is second.about

    def test_answers_that_are_all_alike_have_nothing_but_form(self) -> None:
        made = assess(texts([("a", "b"), ("c", "b"), ("d", "b")]))
        assert made.value == pytest.approx(1.0) and (made.items == np.float32(made.value)).all()

    def test_what_it_refuses(self) -> None:
        with pytest.raises(ContractBroken, match="answers in words"):
            assess(preferences([("a", "b", "c")]))


def assess(lessons: Any) -> Any:
    return FormatGradientCosine().assess(writer(stream(0, "w")), Exam(lessons), till(), stream(0, "a"))[0]
