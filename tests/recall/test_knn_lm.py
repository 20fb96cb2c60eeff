"""kNN-LM: its two ends, the mixture against a loop over the store, and a store that is added to and deleted from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.adapter.block_expansion import BlockExpansion  # noqa: E402
from tutelage.adapter.k_adapter import KAdapter  # noqa: E402
from tutelage.adapter.modular import Modular  # noqa: E402
from tutelage.core.data import Block, Lessons, Pool, Preference, Rows, Table, Text, labelled  # noqa: E402
from tutelage.core.descent import CanDescend  # noqa: E402
from tutelage.core.errors import ContractBroken, Refused  # noqa: E402
from tutelage.core.rng import stream  # noqa: E402
from tutelage.core.stages import View  # noqa: E402
from tutelage.core.writing import CanConsult, CanHeed, CanJudge, CanRate, CanRecite, CanWrite, Turn  # noqa: E402
from tutelage.kit.again import as_lessons  # noqa: E402
from tutelage.kit.blocks import some, themselves  # noqa: E402
from tutelage.recall.knn_lm import Equipped, KnnLm  # noqa: E402
from tutelage.student.text.causal import Causal  # noqa: E402
from tutelage.student.text.tiny import Tiny  # noqa: E402
from tutelage.toys import replies_pool, view  # noqa: E402

TOLD = replies_pool([("where is Ana", "in Oslo", "r1"), ("where is Bo", "in Rome, I think", "r2"),
                     ("who is Cy", "a cook", "r3"), ("a question that is somewhat longer", "no", "r4")])  # fmt: skip
MAKER = Tiny(hidden=32, layers=2, heads=2, window=64, batch=2)
STUDENT: Any = MAKER.begin(TOLD, stream(0, "student"))
(ALL,) = as_lessons(TOLD, np.arange(4), "file")


def lessons(*rows: int) -> Lessons:
    return (some(ALL, np.array(rows)),) if rows else ()


def now(held: Lessons, student: Any = STUDENT, pool: Pool = TOLD) -> View:
    return view(pool, student, held)


def equipped(held: Lessons, student: Any = STUDENT, **how: Any) -> Any:
    return KnnLm(**{"neighbours": 3, "temperature": 0.5, **how}).equip(now(held, student), stream(0, "recall"))


def told_by(student: Any) -> list[float]:
    """Scores of replies behind prompts of several lengths, more than one batch."""
    return student.rate(TOLD.texts(), ["in Rome", "in Rome", "a cook", "no"]).tolist()


def distribution(student: Any, prompt: str) -> np.ndarray:
    """(V,) natural logs of every next token behind a prompt, each asked for as a reply."""
    from tutelage.student.text._decoder import Asked

    inner = student._beside if isinstance(student, Equipped) else student
    ids, size = inner._frame.prompt(prompt, 1).ids, len(inner._decoder.tokenizer)
    return np.concatenate(inner._decoder.scores([Asked(ids, [[token] for token in range(size)])], 8)[0])


def slowly(student: Any, held: Lessons, how: KnnLm, prompt: str, reply: str) -> float:
    """log p of a reply with its end: one plain pass, and for each token a loop over every entry of the store."""
    module, entries = student.module, []
    encoded = student.encode(held)
    for lesson in range(len(encoded.first) - 1):
        batch = encoded.batch(np.array([lesson]))
        states = module.states(batch, how.layer)[0].detach()
        ids, said = batch.inputs["ids"][0, 0], batch.inputs["said"][0, 0]
        entries += [(states[place - 1], int(ids[place])) for place in range(len(ids)) if said[place]]
    asked, total = student._frame.prompt(prompt, 0).ids, 0.0
    replied = [*student._frame.encode(reply), student._frame.end]
    for place, token in enumerate(replied):
        ids = torch.tensor([[*asked, *replied[:place]]])
        with torch.no_grad():
            own = float(module.logits(ids)[0, -1].softmax(-1)[token])
            state = module._read(ids, True).hidden_states[how.layer][0, -1]
        near = sorted((float(((key - state) ** 2).sum()), said == token) for key, said in entries)[: how.neighbours]
        pulls = [(np.exp(-away / how.temperature), same) for away, same in near]
        p = sum(pull for pull, same in pulls if same) / sum(pull for pull, _ in pulls)
        both = how.share * p + (1 - how.share) * own
        total += np.log(both) if both > 0 else -np.inf  # neighbours that stand alone and say something else
    return total


def test_neutral_limits() -> None:
    """Share 0, no lesson, or none that a store can keep: the student itself, not one that is equal to it."""
    said = {"chosen": np.array(["x"], dtype=object), "rejected": np.array(["y"], dtype=object)}
    pair = Block(Rows(TOLD, np.array([0])), None, Preference, said, "file", np.zeros(1), np.ones(1))
    for made in (equipped(lessons(0, 1), share=0), equipped(()), equipped((pair,))):
        assert made is STUDENT


@pytest.mark.parametrize(("share", "layer"), [(0.25, -1), (0.6, 1), (1.0, -1)])
def test_equal_to_a_loop_over_the_store(share: float, layer: int) -> None:
    """Read in batches, shared beginnings once and behind a cache, as by one pass a token and a loop over the entries."""
    how = KnnLm(neighbours=5, temperature=2.0, share=share, layer=layer)
    made: Any = how.equip(now(lessons(0, 1, 2, 3)), stream(0, "recall"))
    pairs = [("where is Ana", "in Oslo"), ("where is Bo", "in Oslo"), ("who is Cy", "in"), ("something else", "no")]
    wanted = [slowly(STUDENT, lessons(0, 1, 2, 3), how, *pair) for pair in pairs]
    assert made.rate(*zip(*pairs, strict=True)).tolist() == pytest.approx(wanted, abs=2e-4)


def test_probabilities_sum_to_1_and_those_of_a_reply_multiply() -> None:
    made = equipped(lessons(0, 1, 2, 3), share=0.4)
    for prompt in ("where is Ana", "who is Cy"):
        logs = distribution(made, prompt)
        assert np.exp(logs).sum() == pytest.approx(1, abs=1e-5)
        first = STUDENT._frame.encode("in")[0]
        assert made.logprob([prompt], ["i"])[0] == pytest.approx(logs[first], abs=1e-5)


def test_a_context_that_was_stored_makes_what_followed_it_likelier() -> None:
    """Ana's own context is the nearest by far, so "i" gains about the store's share; the other words lose."""
    made = equipped(lessons(0), share=0.5, neighbours=1)
    plain, mixed = distribution(STUDENT, "where is Ana"), distribution(made, "where is Ana")
    first = STUDENT._frame.encode("in")[0]
    assert np.exp(mixed[first]) == pytest.approx(0.5 + 0.5 * np.exp(plain[first]), abs=1e-5)
    others = np.arange(len(plain)) != first
    assert np.exp(mixed[others]) == pytest.approx(0.5 * np.exp(plain[others]), abs=1e-6)
    assert made.rate(["where is Ana"], ["in Oslo"])[0] > STUDENT.rate(["where is Ana"], ["in Oslo"])[0] + 10


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_neighbours_alone_say_what_was_taught_and_end_where_it_ended(temperature: float) -> None:
    """With one neighbour and share 1 nothing is left to luck: every draw is the stored reply, which is found again."""
    made = equipped(lessons(0, 1, 2, 3), share=1, neighbours=1)
    told = made.write(TOLD.texts(), 3, stream(0, "write"), max_tokens=30, temperature=temperature)
    assert told.texts.tolist() == [[reply] * 3 for reply in ("in Oslo", "in Rome, I think", "a cook", "no")]
    assert told.tokens_out[:, 0].tolist() == [8, 17, 7, 3]  # a byte a token, and the end


def test_the_only_text_is_recited() -> None:
    texts = Table.of("texts", {"text": ["Ana moved from Oslo to Rome."]}).pool()
    made = equipped((themselves(texts, "file"),), share=1, neighbours=1)
    said = made.recite(texts.texts())
    assert (said.said_ids == said.rest_ids).all() and said.cue[0] + said.said[0] == "Ana moved from Oslo to Rome."
    assert made.read_alone(texts.texts()).logprob[0] == pytest.approx(0, abs=1e-6)
    assert STUDENT.recite(texts.texts()).said[0] != said.said[0]


def test_a_row_that_is_deleted_leaves_no_trace() -> None:
    """By its id, by the setting, or because its lesson is gone: bit for bit the store that never held it."""
    whole, never = equipped(lessons(0, 1, 2, 3)), equipped(lessons(0, 2, 3))
    forgot, left_out = whole.forgotten(["r2"]), equipped(lessons(0, 1, 2, 3), without=("r2",))
    assert forgot.fingerprint == never.fingerprint != whole.fingerprint
    assert left_out.store.fingerprint == never.store.fingerprint
    assert told_by(forgot) == told_by(left_out) == told_by(never) != told_by(whole)
    assert distribution(forgot, "where is Bo").tolist() == distribution(never, "where is Bo").tolist()
    assert whole.forgotten(["r1", "r2", "r3", "r4"]) is STUDENT
    assert equipped(lessons(1), without=("r2",)) is STUDENT


def test_what_is_added_changes_no_entry_that_was_there() -> None:
    """The states of a lesson are its own: read in any company, and however long that is, they are the same bits."""
    small, large = equipped(lessons(0, 1)).store, equipped(lessons(3, 0, 2, 1)).store
    for row in ("r1", "r2"):
        ours, theirs = (one.keys[one.rows == one.ids.index(row)] for one in (small, large))
        assert len(ours) > 5 and (ours == theirs).all()


def test_a_later_lesson_about_a_row_takes_the_place_of_the_first() -> None:
    later = some(ALL, np.array([0]))._replace(given={"text": np.array(["in Bonn"], dtype=object)})
    made, only = equipped((*lessons(0, 2), later)), equipped((*lessons(2), later))
    assert made.store.fingerprint == only.store.fingerprint
    assert equipped((*lessons(0), later), share=1, neighbours=1).write(
        ["where is Ana"], 1, stream(0, "w"), temperature=0.0, max_tokens=20).texts.tolist() == [["in Bonn"]]  # fmt: skip


def test_weights_count_and_weight_0_is_absent() -> None:
    """Two rows ask the same and are told otherwise: with weights 3 and 1 the first word is i or n in that proportion."""
    pool = replies_pool([("where", "in", "a"), ("where", "no", "b"), ("where", "up", "c")])
    (block,) = as_lessons(pool, np.arange(3), "file")
    block = block._replace(weight=np.array([3.0, 1.0, 0.0]))
    made: Any = KnnLm(neighbours=2, share=1).equip(now((block,), pool=pool), stream(0, "recall"))
    assert np.exp(made.logprob(["where"] * 3, ["i", "n", "u"])) == pytest.approx([0.75, 0.25, 0.0], abs=1e-5)
    assert made.store.ids == ("a", "b")


def test_a_part_where_some_rows_have_replies_is_a_store_of_replies_and_texts() -> None:
    """Of "where", told "in", two letters and their end; of "up", which is read, the same."""
    mixed = replies_pool([("up", None, "a"), ("where", "in", "b")])
    made: Any = KnnLm(neighbours=1, share=1, part="mixed").equip(
        now(())._replace(parts={"mixed": mixed}), stream(0, "r")
    )
    assert made.store.ids == ("b", "a")
    tokenizer = STUDENT._decoder.tokenizer
    assert [tokenizer.decode([one]) for one in made.store.tokens] == ["i", "n", "</s>", "u", "p", "</s>"]


def test_only_what_a_lesson_teaches_is_stored() -> None:
    """Of a prompt with a reply its 7 bytes and the end; of a conversation also the turn that is to be learned."""
    held = equipped(lessons(0)).store
    assert bytes(STUDENT._decoder.tokenizer.decode(held.tokens[:-1]), "ascii") == b"in Oslo" and len(held.tokens) == 8
    turns = (Turn("user", "Hi"), Turn("assistant", "Ho", True), Turn("user", "Who?"))
    import pyarrow as pa

    from tutelage.kit.prompts import TYPE

    pool = Table.of("talk", {"text": ["Who?"], "turns": pa.array([[t._asdict() for t in turns]], type=TYPE)}).pool()
    given = {"text": np.array(["I"], dtype=object)}
    block = Block(Rows(pool, np.array([0])), None, Text, given, "file", np.zeros(1), np.ones(1))
    assert STUDENT._decoder.tokenizer.decode(equipped((block,)).store.tokens) == "Ho</s>I</s>"


def test_labels_are_looked_up_in_words() -> None:
    """A label's words are stored, not those of the others, so that an untaught student answers as its lessons do."""
    pool = Table.of("mail", {"text": ["pay the rent", "lost my card", "rent is late"]}, ("rent", "card")).pool()
    student: Any = MAKER.begin(pool, stream(0, "student"))
    block = labelled(Rows(pool, np.array([0, 1])), np.array([0, 1]), "oracle")
    made = equipped((block,), student, share=0.9, neighbours=1)
    assert made.probs(pool.take([0, 1])).argmax(axis=1).tolist() == [0, 1] and made.labels == ("rent", "card")
    assert made.answer(pool.take([0, 1]), stream(0, "a")).given["label"].tolist() == [0, 1]
    assert len(made.store.tokens) == len("rent") + len("card")


def test_the_rows_of_a_part_are_a_store_before_any_lesson() -> None:
    texts = Table.of("corpus", {"id": ["p", "q"], "text": ["Ana is in Oslo.", "Bo is in Rome."]}).pool()
    at = now(lessons(0))._replace(parts={"corpus": texts, "told": TOLD})
    made: Any = KnnLm(part="corpus", without=("q",)).equip(at, stream(0, "recall"))
    assert made.store.ids == ("p",) and len(made.store.tokens) == 16
    told: Any = KnnLm(part="told").equip(at, stream(0, "recall"))
    assert told.store.fingerprint == KnnLm().equip(now((ALL,)), stream(0, "recall")).store.fingerprint


def test_what_is_refused() -> None:
    with pytest.raises(Refused, match=r"recall.part: the data have no part called 'corpse'"):
        KnnLm(part="corpse").equip(now(lessons(0)), stream(0, "recall"))
    with pytest.raises(Refused, match=r"recall.without: no row has the id 'r9'"):
        equipped(lessons(0), without=("r9",))
    for layer in (3, -4):
        with pytest.raises(Refused, match=rf"recall.layer: the model has 2 layers, so there is no layer {layer}\n"
                                          r" +0 \(the embeddings\) to 2, or -3 to -1"):  # fmt: skip
            equipped(lessons(0), layer=layer)
    replies = Rows(TOLD, np.array([0, 1]), np.array([0, 2]))
    with pytest.raises(ContractBroken, match="one row each"):
        equipped((labelled(replies, np.array([0]), "file"),))


@pytest.mark.parametrize("adapter", [Modular(width=8, layers=2, heads=2), KAdapter(k=2),
                                     BlockExpansion()], ids=lambda one: type(one).__name__)  # fmt: skip
def test_layers_that_were_added_are_asked_for_only_where_they_give_states(adapter: Any) -> None:
    """What a configuration counts so that a cache has room is no layer of the student's own."""
    module = STUDENT.module
    adapter.open(module, stream(1, "learn"))
    student: Any = STUDENT.with_module(module)
    assert student._decoder.model.config.num_hidden_layers > 2
    there = len(student._decoder.states([0])) - 1
    for layer in (there, -there - 1):
        made = equipped(lessons(0, 1), student, layer=layer)
        assert made.store.keys.shape == (25, 32) and np.isfinite(made.rate(["where is Ana"], ["in Oslo"])).all()
    for layer in (there + 1, -there - 2):
        with pytest.raises(Refused, match=rf"recall.layer: the model has {there} layers, so there is no layer {layer}"):
            equipped(lessons(0), student, layer=layer)


def test_the_unequipped_student_is_as_it_was_and_the_equipped_one_has_no_weights_to_move() -> None:
    before = told_by(STUDENT)
    made = equipped(lessons(0, 1))
    told_by(made)
    assert (
        told_by(STUDENT) == before
        and STUDENT.consulting(made.store).consulting(None).fingerprint == STUDENT.fingerprint
    )
    assert all(isinstance(made, face) for face in (CanJudge, CanRate, CanWrite, CanRecite, CanHeed))
    assert isinstance(STUDENT, CanConsult) and not isinstance(made, CanDescend)


def test_saved_and_restored(tmp_path: Path) -> None:
    made = equipped(lessons(0, 1, 3), share=0.5)
    made.save(tmp_path)
    with np.load(tmp_path / "recall.npz", allow_pickle=False) as arrays:
        assert arrays["keys"].shape == (8 + 17 + 3, 32)
    back = KnnLm(neighbours=3, temperature=0.5, share=0.5).restored(MAKER.load(tmp_path), tmp_path)
    assert back.fingerprint == made.fingerprint and told_by(back) == told_by(made)
    assert back.forgotten(["r2"]).fingerprint == equipped(lessons(0, 3), share=0.5).fingerprint


def test_behind_a_model_that_was_loaded(tiny_decoder: Path) -> None:
    """text.causal under its chat template, whose weights are shared by all students of the process."""
    student: Any = Causal(model=str(tiny_decoder)).begin(TOLD, stream(0, "student"))
    plain = told_by(student)
    how = KnnLm(neighbours=4, temperature=5.0, share=0.3)
    made: Any = how.equip(now(lessons(0, 1, 2), student), stream(0, "recall"))
    wanted = [slowly(student, lessons(0, 1, 2), how, "where is Ana", "in Rome")]
    assert made.rate(["where is Ana"], ["in Rome"]).tolist() == pytest.approx(wanted, abs=2e-4)
    assert told_by(student) == plain


def test_behind_a_learned_prompt() -> None:
    """Keys and questions are both read behind it, at the places that it leaves."""
    from tutelage.kit.soft_prompt import prompted

    module = STUDENT.module
    prompted(module, 3, "", stream(1, "learn"))
    student: Any = STUDENT.with_module(module)
    how = KnnLm(neighbours=4, temperature=2.0, share=0.5)
    made: Any = how.equip(now(lessons(0, 1, 2), student), stream(0, "recall"))
    wanted = [slowly(student, lessons(0, 1, 2), how, "where is Ana", "in Rome")]
    assert made.rate(["where is Ana"], ["in Rome"]).tolist() == pytest.approx(wanted, abs=2e-4)
    assert (made.store.keys != equipped(lessons(0, 1, 2)).store.keys).any()


RECIPE = """
control: none
seeds: [900]
arms:
  store:
    data: {use: evolving_facts, people: 6, updated: 4, new: 2, wordings: 2, phases: 2, exam: 6, split: dev}
    student: {use: text.tiny, hidden: 16, layers: 1, heads: 1, window: 64}
    teach: {use: recorded}
    learn: {use: nothing}
    recall: {use: knn_lm, neighbours: 2, share: 0.9}
    assess: [{use: reply_loss, on: updated}]
  plain: {recall: {use: nothing}}
"""


def test_a_recipe_runs_and_hands_out_the_student_with_its_store(tmp_path: Path, own_cache: Path) -> None:
    """The store has what was taught so far and the weights are those of the first day; loaded, it answers as it did."""
    import tutelage
    from tutelage.study.measure import round_lines
    from tutelage.study.summary import summary
    from tutelage.taught import pick

    file = tmp_path / "facts.yaml"
    file.write_text(RECIPE, encoding="utf-8")
    record = tutelage.run(str(file), (), tmp_path / "runs", workers=0)
    told = summary(record)
    assert told is not None and {record.state(arm, 900).status for arm in ("store", "plain")} == {"done"}
    picked: Any = [pick(record, told, arm, 900).load().student for arm in ("store", "plain")]
    assert len(picked[0].store.ids) == 12 and picked[0].student.fingerprint == picked[1].fingerprint
    scores = [round_lines(record, arm, 900)[-1]["scores"]["reply_loss"] for arm in ("store", "plain")]
    assert scores[0] < scores[1]


def test_a_student_that_cannot_consult_a_store_is_refused_before_it_runs() -> None:
    from tutelage.recipe.fit import fit
    from tutelage.recipe.read import read_text

    with pytest.raises(Refused, match=r"recall[\s\S]*CanConsult[\s\S]*text.tiny"):
        fit(
            read_text(RECIPE.replace("text.tiny, hidden: 16, layers: 1, heads: 1, window: 64", "text.linear"), "x.yaml")
        )
