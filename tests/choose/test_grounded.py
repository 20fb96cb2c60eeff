"""grounded: what quotes a passage scores 1, the obvious version, blocks of any size, its limits, and what it asks for."""

from pathlib import Path

import numpy as np
import pytest

from tutelage.choose.everything import Everything
from tutelage.choose.grounded import Grounded
from tutelage.choose.margin import Margin
from tutelage.core.data import Table
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed
from tutelage.kit import corpus, embeddings, neighbours
from tutelage.kit.corpus import likest
from tutelage.kit.cost import Size
from tutelage.student.text.encoder.onnx import Onnx
from tutelage.toys import POOL, Nearest, Reader, replies_pool, vector_pool, view

ANGLES = np.array([0, 30, 60, 90, 180]) * np.pi / 180
ROWS = vector_pool(np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) * np.array([[1], [2], [1], [3], [1]]))
PASSAGES = vector_pool([[4, 0], [0, 0]], ids=["east", "nowhere"])
KNOWS = Nearest(("left", "right"), np.array([[-2.0, 0], [2, 0]], dtype=np.float32))
SEEN = view(ROWS, KNOWS)._replace(parts={"corpus": PASSAGES})


class Letters:
    """A student that embeds a text by how often each letter stands in it, so that likeness can be worked out."""

    embeds_as = "letters"

    def embed(self, pool, side=""):
        return np.array([[text.count(chr(97 + at)) for at in range(26)] for text in pool.texts()], dtype=np.float32)


def slow(x: np.ndarray, among: np.ndarray) -> list[float]:
    """The definition, pair by pair."""
    made = []
    for row in x.astype(float):
        each = [-1.0]
        for one in among.astype(float):
            if row.any() and one.any():
                each.append(float(row @ one) / float(np.linalg.norm(row) * np.linalg.norm(one)))
        made.append(max(each))
    return made


def test_by_hand() -> None:
    """To the east the cosines are 1, .866, .5, 0, -1; the passage of zeros is like nothing."""
    how = Grounded(threshold=0.5, keep=1, of=Everything())
    chosen = how.choose(SEEN, 5, stream(0, "c"))
    np.testing.assert_allclose(chosen.scores, [1, 3**0.5 / 2, 0.5, 0, -1], atol=1e-6)
    assert chosen.rows.tolist() == [0, 1, 2, 3, 4]  # the rest follows, the likest first
    assert Grounded(threshold=0.5, keep=1, of=Everything(), drop=True).choose(
        SEEN, 5, stream(0, "c")
    ).rows.tolist() == [0, 1, 2]
    assert Grounded(keep=0.4, of=Everything(), drop=True).choose(SEEN, 5, stream(0, "c")).rows.tolist() == [0, 1]
    both = Grounded(keep=0.4, threshold=0.9, of=Everything(), drop=True)
    assert both.choose(SEEN, 5, stream(0, "c")).rows.tolist() == [0]


def test_what_quotes_a_passage_scores_one_and_what_is_looked_up_is_said() -> None:
    """A reply that is a passage, under a prompt of other letters: alone it is found, with its prompt by 8 / sqrt(24 * 8)."""
    pool = replies_pool([("xxxx", "abab", "quotes"), ("abab", "zzzz", "asks"), ("xx", "yy", "neither")])
    passages = Table.of("book", {"text": ["abba", "cc"]}).pool()
    seen = view(pool, Reader())._replace(parts={"book": passages})
    for query, said in (
        ("reply", [1, 0, 0]),
        ("prompt", [0, 1, 0]),
        ("pair", [3**-0.5, 3**-0.5, 0]),
    ):
        how = Grounded(part="book", query=query, keep=1)
        chosen = how.choose(seen._replace(student=Letters()), 3, stream(0, "c"))
        np.testing.assert_allclose(chosen.scores, said, atol=1e-6)


def test_with_an_encoder_the_student_need_not_embed_and_a_quotation_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A made-up answer is less like the handbook than the sentence that stands in it; the student is never asked."""
    monkeypatch.setattr(embeddings, "cache_folder", lambda name: tmp_path / name)
    assert Grounded().needs == {CanEmbed} and Grounded(encoder=Onnx()).needs == frozenset()
    said = "Whoever is ill calls before nine o'clock."
    pool = replies_pool([("When?", "Bananas grow on the moon in winter.", "made up"), ("When?", said, "quoted")])
    passages = Table.of("handbook", {"text": ["Thirty days of leave a year.", said]}).pool()
    seen = view(pool, object())._replace(parts={"corpus": passages})
    chosen = Grounded(encoder=Onnx(), query="reply", keep=0.5, drop=True).choose(seen, 2, stream(0, "c"))
    assert pool.take(chosen.rows).ids() == ["quoted"]
    assert chosen.scores[1] == pytest.approx(1, abs=1e-5) and chosen.scores[0] < 0.5


def test_what_it_takes_goes_by_the_width_of_its_encoder() -> None:
    size = Size(pool=1000, width=2, classes=0, asked=10, held=0)
    assert Grounded(encoder=Onnx()).costs(size) == Grounded().costs(size._replace(width=384))


@pytest.mark.parametrize("block", [1, 64, 1 << 14])
def test_blocks_of_any_size_give_what_the_obvious_loop_gives(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, among = rng.normal(size=(301, 5)).astype(np.float32), rng.normal(size=(77, 5)).astype(np.float32)
    x[:20] = 3 * among[:20]
    x[40], among[70] = 0, 0
    cut = lambda count, width: (slice(at, min(at + block, count)) for at in range(0, count, block))  # noqa: E731
    monkeypatch.setattr(neighbours, "blocks", cut)
    found = likest(x, among)
    np.testing.assert_allclose(found, slow(x, among), atol=2e-6)
    assert (found[:20] > 1 - 1e-6).all() and found[40] == -1 and found.max() <= 1


def test_nothing_is_like_an_embedding_of_zeros() -> None:
    assert corpus.likest(np.ones((2, 3)), np.zeros((4, 3))).tolist() == [-1, -1]
    assert corpus.likest(np.ones((0, 3)), np.ones((4, 3))).tolist() == []


@pytest.mark.parametrize("of", [Everything(), Margin()])
def test_with_threshold_minus_one_and_all_kept_it_is_the_other_chooser(of) -> None:
    for n in (2, 5):
        one, two = (
            of.choose(SEEN, n, stream(0, "c")),
            Grounded(threshold=-1, keep=1, of=of).choose(SEEN, n, stream(0, "c")),
        )
        assert one.rows.tolist() == two.rows.tolist()
        assert np.isnan(one.scores).all() or np.array_equal(one.scores, two.scores)


def test_what_stays_is_decided_once_and_not_anew_of_what_is_left() -> None:
    """Of four rows the best half stays, two in all: not two, and then half of the other two."""
    how = Grounded(keep=0.5, of=Everything(), drop=True)
    now = view(ROWS.take([0, 1, 2, 3]), KNOWS)._replace(parts={"corpus": PASSAGES})
    first = how.choose(now, 2, stream(0, "c"))
    assert now.pool.take(first.rows).ids() == ["a", "b"]
    later = now._replace(pool=now.pool.without(first.rows), memory=first.memory)
    assert how.choose(later, 2, stream(0, "c", 1)).rows.tolist() == []
    other = later._replace(student=Nearest(KNOWS.labels, -KNOWS.means), memory=first.memory)
    assert Grounded(keep=0.5, of=Everything()).choose(other, 2, stream(0, "c", 1)).rows.tolist() == [0, 1]


def test_the_order_of_the_pool_changes_nothing_where_rows_are_equally_like() -> None:
    """Three rows in one direction, two stay: the first two of the table."""
    pool = vector_pool([[1, 0], [2, 0], [3, 0], [0, 1]])
    how = Grounded(keep=0.5, of=Everything(), drop=True)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        seen = view(pool.take(order), KNOWS)._replace(parts={"corpus": PASSAGES})
        assert seen.pool.take(how.choose(seen, 4, stream(0, "c")).rows).ids() == ["a", "b"]


def test_a_missing_or_an_empty_part_is_refused_by_its_name() -> None:
    with pytest.raises(Refused, match="no part called 'corpus'") as found:
        Grounded().choose(view(POOL), 2, stream(0, "c"))
    assert "with_corpus" in str(found.value)
    with pytest.raises(Refused, match=r"no part called 'corpse'(.|\n)*did you mean 'corpus'"):
        Grounded(part="corpse").choose(SEEN, 2, stream(0, "c"))
    with pytest.raises(Refused, match="'corpus' of the data is empty"):
        Grounded().choose(SEEN._replace(parts={"corpus": PASSAGES.take([])}), 2, stream(0, "c"))
    with pytest.raises(Refused, match="no column 'reply'"):
        Grounded(query="reply").choose(SEEN, 2, stream(0, "c"))


def test_rows_without_a_reply_are_looked_up_by_what_they_hold() -> None:
    """Of a question with an answer both, of a text that is only read the text itself."""
    columns = {"text": ["aa", "b", "cc"], "reply": ["d", None, ""]}
    pool = Table.of("mixed", columns).pool()
    passages = Table.of("passages", {"text": ["aad", "b", "c"]}).pool()
    seen = view(pool, Letters())._replace(parts={"corpus": passages})
    chosen = Grounded(threshold=0.999, keep=1, of=Everything()).choose(seen, 3, stream(0, "c"))
    np.testing.assert_allclose(chosen.scores, 1, atol=1e-6)
