"""rank_one_edit: the key and the value by another way, what changes and what does not, facts that are really said."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.descent import CanDescend, Prefixes, TokenLogprobs
from tutelage.core.errors import Refused, Spent
from tutelage.core.forecast import Lot, Width
from tutelage.core.stages import Stage
from tutelage.learn._memory import Search, key, memory, second_moment, size, value
from tutelage.learn._subjects import asked, essence, prefixes, spot
from tutelage.learn.gradient import Gradient
from tutelage.learn.rank_one_edit import RankOneEdit
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import stream, till, view

NAMES = ("Bolen", "Mirat", "Sodak", "Terun", "Gamil", "Perov", "Lanik", "Fetos")
CITIES = ("Oslo", "Rome", "Lima", "Cairo")
WORDS = ("the city of {n} is", "{n} lives in", "where is {n} at home?")
TOLD = [(name, CITIES[at % 4], wording) for at, name in enumerate(NAMES) for wording in WORDS]


def table(rows, name="facts") -> Table:
    """(subject, object, wording) a row."""
    return Table.of(name, {"text": [wording.format(n=one) for one, _, wording in rows],
                           "reply": [what for _, what, _ in rows], "subject": [one for one, _, _ in rows]})  # fmt: skip


def lessons(rows, weight=None, name="facts"):
    pool = table(rows, name).pool()
    given = {"text": np.array([what for _, what, _ in rows], dtype=object)}
    weight = np.ones(len(rows)) if weight is None else np.array(weight)
    return (Block(Rows(pool, np.arange(len(rows))), None, Text, given, "told", np.zeros(len(rows)), weight),)


MATERIAL = table(TOLD, "material").pool()
MAKER = Tiny(hidden=32, layers=3, heads=2, vocabulary=320, window=64)
EDIT = {"at": "prompt", "contexts": 0, "ridge": 0.1}


@pytest.fixture(scope="module")
def knows():
    """A decoder that has really learned eight facts in three wordings each."""
    first = MAKER.begin(MATERIAL, stream(0, "student"))
    how = Gradient(passes=60, batch=8, lr=5e-3, schedule="cosine", clip=1.0)
    student = how.learn((Stage(lessons(TOLD)),), None, view(MATERIAL, first), stream(0, "learn")).student
    assert said(student, TOLD) == [what for _, what, _ in TOLD]
    return student


def said(student, rows) -> list[str]:
    prompts = [wording.format(n=one) for one, _, wording in rows]
    return student.write(prompts, 1, stream(0, "assess"), max_tokens=8, temperature=0).texts[:, 0].tolist()


def learned(student, block, purse=None, **how):
    seen = view(MATERIAL, student, purse=purse)
    return RankOneEdit(**{**EDIT, **how}).learn((Stage(block),), None, seen, stream(0, "learn"))


def parameters(student) -> dict[str, np.ndarray]:
    return {name: one.detach().numpy() for name, one in student.module.named_parameters()}


NEW = [("Bolen", "Lima", WORDS[0])]


def test_an_edit_is_said_and_one_matrix_alone_has_changed(knows) -> None:
    """The prompt gets its new object, most of 21 prompts about others keep theirs; all other parameters stay to the bit."""
    made = learned(knows, lessons(NEW))
    assert said(knows, NEW) == ["Oslo"] and said(made.student, NEW) == ["Lima"]
    others = [row for row in TOLD if row[0] != "Bolen"]
    kept = np.mean([one == row[1] for one, row in zip(said(made.student, others), others, strict=True)])
    assert kept > 0.7
    before, after = parameters(knows), parameters(made.student)
    changed = [name for name in before if not np.array_equal(before[name], after[name])]
    assert changed == ["model.model.layers.1.mlp.down_proj.weight"]
    step = after[changed[0]].astype(np.float64) - before[changed[0]]
    assert np.linalg.matrix_rank(step, tol=1e-5 * np.linalg.norm(step)) == 1
    assert made.facts["change"] == pytest.approx(np.linalg.norm(step) / np.linalg.norm(before[changed[0]]), rel=1e-4)


def test_the_edited_matrix_gives_the_value_at_the_key(knows) -> None:
    """In the model's float32 to 1e-5 of the value, read off a forward pass. The loss is the one that was found, but for
    what the other matrix does at the object's own token."""
    made = learned(knows, lessons(NEW))
    found = _value(knows, NEW[0], stream(0, "learn"))
    seen = []
    module = made.student.module
    module.model.model.layers[1].mlp.down_proj.register_forward_hook(lambda _, given, out: seen.append(out))
    fact = asked(lessons(NEW), "subject")[0]
    where = spot(made.student, module, fact, [""], "prompt")
    loss = -module.token_logprobs(where.batch).logprobs.sum() / 2
    gave = seen[0][0, where.places[0]].detach().numpy()
    assert np.abs(gave - found.value).max() <= 1e-5 * np.abs(found.value).max()
    assert float(loss.detach()) == pytest.approx(made.facts["loss"], abs=1e-2) and found.loss < 1


def _value(student, row, rng):
    how = RankOneEdit(**EDIT)
    module, fact = student.module, asked(lessons([row]), "subject")[0]
    one, other = spot(student, module, fact, [""], "prompt"), essence(student, module, fact, how.essence, "prompt")
    where = memory(module.model, None)
    start = where.weight @ key(module.model, where, one)
    return value(module, where, start, one, other, Search(how.steps, how.lr, how.kl, how.decay, how.norm, how.enough))


def test_several_facts_at_once_all_hold(knows) -> None:
    rows = [("Bolen", "Lima", WORDS[0]), ("Mirat", "Cairo", WORDS[1]), ("Sodak", "Rome", WORDS[2])]
    made = learned(knows, lessons(rows), together=True)
    assert said(made.student, rows) == ["Lima", "Cairo", "Rome"]
    step = parameters(made.student)["model.model.layers.1.mlp.down_proj.weight"].astype(np.float64)
    step -= parameters(knows)["model.model.layers.1.mlp.down_proj.weight"]
    assert np.linalg.matrix_rank(step, tol=1e-5 * np.linalg.norm(step)) == 3
    one = learned(knows, lessons(NEW), together=True)
    assert one.student.fingerprint == learned(knows, lessons(NEW)).student.fingerprint


def test_one_after_another_is_two_calls_one_after_another(knows) -> None:
    rows = [("Bolen", "Lima", WORDS[0]), ("Mirat", "Cairo", WORDS[1])]
    both = learned(knows, lessons(rows)).student
    first = learned(knows, lessons(rows[:1])).student
    second = learned(first, lessons(rows[1:])).student
    np.testing.assert_array_equal(parameters(both)["model.model.layers.1.mlp.down_proj.weight"],
                                  parameters(second)["model.model.layers.1.mlp.down_proj.weight"])  # fmt: skip
    back = RankOneEdit(**EDIT).learn((Stage(lessons(rows), np.array([1, 0])),), None, view(MATERIAL, knows),
                                     stream(0, "learn")).student  # fmt: skip
    assert back.fingerprint != both.fingerprint, "the order of the syllabus is the order of the edits"


def test_no_lesson_is_no_change(knows) -> None:
    for syllabus in ((), (Stage(()),), (Stage(lessons(NEW, [0.0])),)):
        made = RankOneEdit().learn(syllabus, None, view(MATERIAL, knows), stream(0, "learn"))
        assert made.student is knows and made.facts == {"lessons": 0.0}
    rows = [*NEW, ("Mirat", "Cairo", WORDS[1])]
    assert (
        learned(knows, lessons(rows, [1.0, 0.0])).student.fingerprint
        == learned(knows, lessons(NEW)).student.fingerprint
    )


def test_what_is_said_anyway_changes_nothing_but_rounding(knows) -> None:
    made = learned(knows, lessons(TOLD[:1]), enough=1.0)
    assert made.facts["steps"] == 0 and made.facts["change"] < 1e-6


def test_the_covariance_is_the_mean_over_every_token(knows) -> None:
    """Against a loop over single texts, read one by one without padding."""
    module = knows.module
    where, encoded = memory(module.model, 1), knows.encode(lessons(TOLD))
    seen = []
    module.model.model.layers[1].mlp.down_proj.register_forward_pre_hook(lambda _, given: seen.append(given[0][0]))
    for row in range(len(TOLD)):
        ids = encoded.batch(np.array([row])).inputs["ids"][0, 0, : encoded.lengths[row]]
        module.model(input_ids=ids[None])
    keys = torch.cat(seen).double().detach().numpy()
    assert len(keys) == encoded.lengths.sum()
    np.testing.assert_allclose(second_moment(module.model, where, encoded), keys.T @ keys / len(keys), atol=1e-6)


def test_the_token_is_the_subjects_last(knows) -> None:
    """Decoded from the start of the prompt up to that token, the text ends in the subject, also behind beginnings."""
    module, tokenizer = knows.module, knows.source.base().tokenizer
    fact = asked(lessons([("Bolen", "Lima", "so, Bolenia knows {n} well:")]), "subject")[0]
    found = spot(knows, module, fact, ["", "Mirat lives in. "], "subject")
    for row, place in enumerate(found.places.tolist()):
        read = tokenizer.decode(found.batch.inputs["ids"][row, 0, : place + 1])
        assert read.endswith(" Bolen") and read.count("Bolen") == 2
    behind = spot(knows, module, fact, [""], "prompt")
    assert behind.places[0] == int(behind.batch.inputs["said"][0, 0].int().argmax()) - 1


def test_beginnings_are_words_of_the_material() -> None:
    found = prefixes(
        table([("A", "b", "one two three four five six seven {n} nine ten eleven")]).pool(), 2, stream(0, "x")
    )
    assert found == ["", "one two three four five. ", "one two three four five six seven A nine ten. "]
    drawn = prefixes(MATERIAL, 24, stream(0, "x"))
    assert len(set(drawn)) == len(set(MATERIAL.texts())) + 1 == 25


def test_the_key_is_the_mean_over_the_contexts(knows) -> None:
    module, fact = knows.module, asked(lessons(NEW), "subject")[0]
    where, before = memory(module.model, 0), ["", "Mirat lives in. ", "Terun. "]
    each = [key(module.model, where, spot(knows, module, fact, [one], "subject")) for one in before]
    np.testing.assert_allclose(key(module.model, where, spot(knows, module, fact, before, "subject")),
                               np.mean(each, axis=0), atol=1e-6)  # fmt: skip


def test_the_value_keeps_within_its_norm_and_lowers_the_loss(knows) -> None:
    module, fact = knows.module, asked(lessons(NEW), "subject")[0]
    one, other = (
        made(knows, module, fact, more, "prompt") for made, more in ((spot, [""]), (essence, "{subject} is a"))
    )
    where = memory(module.model, 1)
    start = where.weight @ key(module.model, where, one)
    losses = [value(module, where, start, one, other, Search(steps, 0.1, 0.0625, 0.5, 1e9, 0.0)).loss
              for steps in (0, 5, 20)]  # fmt: skip
    assert losses[0] > losses[1] > losses[2]
    assert losses[0] == pytest.approx(-float(knows.rate([fact.prompt], [fact.reply])[0]) / 2, abs=1e-4)
    tight = value(module, where, start, one, other, Search(20, 0.5, 0.0, 0.0, 0.25, 0.0))
    assert np.linalg.norm(tight.value - start) <= 0.25 * np.linalg.norm(start) * (1 + 1e-5)
    held = [np.linalg.norm(value(module, where, start, one, other, Search(20, 0.1, kl, 0.0, 1e9, 0.0)).value - start)
            for kl in (0.0, 1e4)]  # fmt: skip
    assert held[1] < held[0], "a large weight on what the subject is keeps the value near"


@pytest.mark.parametrize(
    ("rows", "message"),
    [([("Bolen", "Lima", "the city is")], "facts, row 1, column subject: the subject 'Bolen' does not stand in the prompt"),
     ([("", "Lima", "the city is")], "row 1, column subject: it is empty"),
     ([("Bol", "Lima", "the city of Bolen is")], "the subject 'Bol' does not stand"),
     ([*NEW, ("A", "b", "c"), ("", "b", "c")], "(?s)row 2, .*row 3, ")],
)  # fmt: skip
def test_a_subject_that_is_not_there_is_refused_by_row_and_column(knows, rows, message: str) -> None:
    with pytest.raises(Refused, match=message):
        learned(knows, lessons(rows))


def test_a_column_that_is_not_there_is_refused(knows) -> None:
    with pytest.raises(Refused, match="'facts' has no column 'person'"):
        learned(knows, lessons(NEW), subject="person")


def test_a_prompt_beyond_the_window_is_refused(knows) -> None:
    with pytest.raises(Refused, match="does not fit into the student's window"):
        learned(knows, lessons([("Bolen", "Lima", "word " * 80 + "{n} is")]))


def test_a_covariance_of_too_few_texts_is_refused_with_its_rank(knows) -> None:
    """128 numbers of a key, two texts: published, it has no inverse; a ridge, or more text, is the way."""
    with pytest.raises(Refused, match=r"128 numbers of a key a covariance of rank \d\d?\b"):
        learned(knows, lessons(NEW), ridge=0.0, texts=2)


def test_one_fact_twice_at_once_is_refused(knows) -> None:
    rows = [("Bolen", "Lima", WORDS[0]), ("Bolen", "Rome", WORDS[0])]
    with pytest.raises(Refused, match="the keys of 2 facts span 1 directions"):
        learned(knows, lessons(rows), together=True)
    assert said(learned(knows, lessons(rows)).student, NEW) == ["Rome"], "one after another, the last one holds"


@pytest.mark.parametrize(("at", "layer", "fits"), [("subject", 1, True), ("subject", 2, False), ("prompt", 2, True),
                                                   ("prompt", 3, False)])  # fmt: skip
def test_layers_from_which_nothing_follows_are_refused(knows, at: str, layer: int, fits: bool) -> None:
    if fits:
        assert learned(knows, lessons(NEW), at=at, layer=layer, steps=1).facts["steps"] == 1
    else:
        with pytest.raises(Refused, match=f"layer {layer} of 3, which are counted from 0"):
            learned(knows, lessons(NEW), at=at, layer=layer)


def test_the_middle_is_the_default_and_a_part_must_be_there(knows) -> None:
    assert [memory(Tiny(layers=n, hidden=16, heads=2).outline().model, None, True).layer for n in (1, 2, 3, 4, 5)] == [
        0, 0, 1, 1, 2]  # fmt: skip
    with pytest.raises(Refused, match="no part called 'corpus'"):
        learned(knows, lessons(NEW), part="corpus")
    empty = view(MATERIAL.take([]), knows)
    with pytest.raises(Refused, match="no row is left in the pool"):
        RankOneEdit(**EDIT).learn((Stage(lessons(NEW)),), None, empty, stream(0, "learn"))


def test_a_penalty_and_a_learned_prompt_are_refused(knows) -> None:
    with pytest.raises(Refused, match="cannot add a penalty"):
        RankOneEdit().learn((Stage(lessons(NEW)),), lambda module: 0.0, view(MATERIAL, knows), stream(0, "learn"))


def test_the_till_is_charged_what_the_shapes_say(knows) -> None:
    """No step: C, the key and nothing else. With a limit in the way nothing is done."""
    purse = till()
    learned(knows, lessons(NEW), purse=purse, steps=0)
    module, encoded = knows.module, knows.encode(lessons(TOLD))
    sized = size(module.model, memory(module.model, None))
    fact = asked(lessons(NEW), "subject")[0]
    shown = sum(made(knows, module, fact, more, "prompt").positions for made, more in
                ((spot, [""]), (essence, "{subject} is a")))  # fmt: skip
    texts = int(encoded.lengths.sum())
    by_hand = 2 * sized.every * (texts + shown) + 2 * 128**2 * texts + 128**3 / 3
    assert purse.book.ledger.spent["flop"] == pytest.approx(by_hand) and purse.book.ledger.spent["training_tokens"] == 0
    with pytest.raises(Spent):
        learned(knows, lessons(NEW), purse=till({"flop": by_hand}), steps=1)


def test_it_foretells_more_than_it_takes_and_what_it_moves(knows) -> None:
    width = MAKER.width(MATERIAL)
    how, purse = RankOneEdit(**EDIT, texts=24), till()
    told = how.work(MAKER, Lot(width, 1.0, 1, 0))
    how.learn((Stage(lessons(NEW)),), None, view(MATERIAL, knows, purse=purse), stream(0, "learn"))
    assert not told["flop"].exact and 0.5 < told["flop"].amount / purse.book.ledger.spent["flop"] < 3
    assert how.moved(MAKER) == 32 * 128 and how.work(Mlp(), Lot(Width(4, 4, True), 1.0, 1, 0)) == {}


def test_the_same_luck_the_same_student_and_the_old_one_as_it_was(knows) -> None:
    before = parameters(knows)
    one, two = (learned(knows, lessons(NEW), contexts=3, at="subject") for _ in range(2))
    assert one.student.fingerprint == two.student.fingerprint and one.facts == two.facts
    assert all(np.array_equal(before[name], now) for name, now in parameters(knows).items())


def test_it_asks_for_a_language_model_that_descends() -> None:
    assert RankOneEdit().needs == {CanDescend, Prefixes, TokenLogprobs} and not RankOneEdit().needs <= Mlp.can
    assert RankOneEdit().needs <= Tiny.can and RankOneEdit().accepts == {Text}
