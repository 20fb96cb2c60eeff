"""The words of the trade: columns, luck, digests, parts, errors."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.answers import Sealed, keys_of
from tutelage.core.data import Pool, Rows, Table, gather
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken, Fault, Missing, Refused, Spent, nearest
from tutelage.core.parts import ROOMS, build, names, summary
from tutelage.core.rng import stream
from tutelage.toys import ANSWERS, POOL, till


def test_streams_are_independent_by_name_round_and_seed() -> None:
    draws = {
        stream(seed, stage, number).integers(2**62)
        for seed in (0, 1)
        for stage in ("choose", "teach")
        for number in (0, 1)
    }
    assert len(draws) == 8
    assert stream(3, "choose", 2).integers(2**62) == stream(3, "choose", 2).integers(2**62)


@given(st.lists(st.integers(0, 9), max_size=30), st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_gather_equals_python_indexing(numbers: list[int], sizes: list[int]) -> None:
    values = [f"v{i}" for i in range(10)]
    chunks, start = [], 0
    for size in [*sizes, 10]:
        chunks.append(pa.array(values[start : start + size], type=pa.large_string()))
        start += size
    column = pa.chunked_array(chunks, type=pa.large_string())
    assert gather(column, np.array(numbers, dtype=np.int64)).to_pylist() == [values[n] for n in numbers]


def test_taking_composes_row_numbers() -> None:
    some = POOL.take([4, 2, 0])
    assert some.take([2, 1]).ids() == ["a", "c"]
    assert some.without([1]).ids() == ["e", "a"]
    assert [len(batch) for batch in POOL.batches(4)] == [4, 2]
    assert POOL[3].id == "d" and POOL[3].x[0] == pytest.approx(0.2)


def test_labels_may_only_be_appended() -> None:
    assert POOL.with_labels(["left", "right", "new"]).labels == ("left", "right", "new")
    with pytest.raises(ValueError, match="only be appended"):
        POOL.with_labels(["right", "left"])


def test_a_fingerprint_is_of_content_and_rows() -> None:
    same = Table.of("other name", {"id": POOL.ids(), "vector": POOL.vectors()}, POOL.labels)
    assert same.fingerprint == POOL.table.fingerprint
    assert POOL.take([0, 1]).fingerprint != POOL.take([1, 0]).fingerprint
    assert Table.of("t", {"text": ["a"]}).fingerprint != Table.of("t", {"text": ["b"]}).fingerprint


def test_a_digest_depends_on_dtype_shape_and_boundaries() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest(np.zeros(2, np.float32)) != digest(np.zeros(2, np.float64))
    assert digest(np.zeros((2, 3))) != digest(np.zeros((3, 2)))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest(1) != digest("1") != digest(True)
    with pytest.raises(TypeError):
        digest(object())


def test_sealed_answers_charge_for_each_row_once() -> None:
    purse = till({"labels": 3})
    answers = ANSWERS.through(purse)
    assert answers.reveal(Rows(POOL, np.array([0, 5]))).given["label"].tolist() == [0, 1]
    answers.reveal(Rows(POOL, np.array([0])))
    assert purse.left("labels") == 1
    with pytest.raises(Spent):
        answers.reveal(Rows(POOL, np.array([1, 2])))


def test_sealed_answers_refuse_what_they_cannot_answer() -> None:
    with pytest.raises(ContractBroken, match="bound to a till"):
        ANSWERS.reveal(Rows(POOL, np.array([0])))
    holes = Sealed(POOL.table, np.array([0, -1, 0, 1, 1, 1]), till=till())
    with pytest.raises(ContractBroken, match="1 of the rows"):
        holes.reveal(Rows(POOL, np.array([0, 1])))
    other = Table.of("other", {"vector": np.zeros((6, 2))}, ["left", "right"]).pool()
    with pytest.raises(ContractBroken, match="no answers are stored about"):
        ANSWERS.through(till()).reveal(Rows(other, np.array([0])))


def test_verdicts_are_priced_and_keep_the_answer_sealed() -> None:
    purse = till({"verdicts": 3})
    right = ANSWERS.through(purse).check(Rows(POOL, np.array([0, 5])), [["left", "right"], ["right"]])
    assert right.tolist() == [1.0, 0.0, 1.0]
    assert purse.left("verdicts") == 0


def test_a_purchase_key_names_the_content_the_row_and_who_is_asked() -> None:
    keys = keys_of(Rows(POOL, np.array([0, 1])), "oracle")
    assert len(set(keys)) == 2
    assert keys_of(Rows(POOL.take([1, 0]), np.array([1, 0])), "oracle") == keys
    assert keys_of(Rows(POOL, np.array([0, 1])), "human") != keys


def test_refused_lists_twenty_faults_and_counts_the_rest() -> None:
    refused = Refused([Fault(f"row {n}", "wrong") for n in range(25)])
    assert str(refused).count("wrong") == 20
    assert str(refused).endswith("... and 5 more")


@pytest.mark.parametrize("error", [Refused(Fault("a", "b", "c")), Missing("x", "y"), Spent("labels", 1, 2, 3)])
def test_errors_cross_a_process_boundary_unchanged(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_nearest_names_a_close_name_or_lists_few() -> None:
    assert nearest("marginn", ["margin", "entropy"]) == "did you mean 'margin'?"
    assert nearest("zzz", ["margin", "entropy"]) == "known: entropy, margin"


def test_an_unknown_part_and_an_unknown_setting_are_refused_together_with_what_is_near() -> None:
    with pytest.raises(Refused, match="no choose method is called 'margins'\n.*did you mean 'margin'"):
        build("choose", {"use": "margins"})
    with pytest.raises(Refused, match="entropy has no setting 'temprature'"):
        build("choose", {"use": "entropy", "temprature": 2})
    with pytest.raises(Refused, match="a part is written"):
        build("choose", {"temperature": 2})


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_lists_names_and_sentences(room: str) -> None:
    assert names(room)
    assert all(summary(room, name) for name in names(room))


def test_an_empty_pool_gathers_nothing() -> None:
    empty: Pool = POOL.take([])
    assert len(empty) == 0 and empty.ids() == [] and empty.vectors().shape == (0, 2)


def test_a_part_of_another_package_is_listed_and_built_under_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package declares `theirs.border` in the group tutelage.choose."""
    from importlib import metadata

    from tutelage.core import parts

    point = metadata.EntryPoint("theirs.border", "tutelage.choose.margin:Margin", "tutelage.choose")
    unprefixed = metadata.EntryPoint("border", "tutelage.choose.margin:Margin", "tutelage.choose")
    found = {"tutelage.choose": [point, unprefixed]}
    monkeypatch.setattr(metadata, "entry_points", lambda group: found.get(group, []))
    parts._outside.cache_clear()
    try:
        assert names("choose")[-1] == "theirs.border" and "border" not in names("choose")
        assert type(build("choose", {"use": "theirs.border"})).__name__ == "Margin"
    finally:
        parts._outside.cache_clear()
