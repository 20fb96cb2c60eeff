"""rank_one_edit: the key and the value by another way, what changes and what does not, facts that are really said."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tutelage.adapter.prefix import Prefix
from tutelage.adapter.prompt import Prompt
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.descent import CanDescend, Prefixes, TokenLogprobs
from tutelage.core.errors import Refused, Spent
from tutelage.core.forecast import Lot, Width
from tutelage.core.stages import Stage
from tutelage.learn._memory import Memory, Search, key, memory, second_moment, value
from tutelage.learn._subjects import asked, essence, prefixes, spot
from tutelage.learn.gradient import Gradient
from tutelage.learn.rank_one_edit import RankOneEdit
from tutelage.student.text.causal import Causal
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
    found = _value(knows, NEW[0])
    seen = []
    module = made.student.module
    module.model.model.layers[1].mlp.down_proj.register_forward_hook(lambda _, given, out: seen.append(out))
    fact = asked(lessons(NEW), "subject")[0]
    where = spot(made.student, module, fact, [""], "prompt")
    loss = -module.token_logprobs(where.batch).logprobs.sum() / 2
    gave = seen[0][0, where.places[0]].detach().numpy()
    assert np.abs(gave - found.value).max() <= 1e-5 * np.abs(found.value).max()
    assert float(loss.detach()) == pytest.approx(made.facts["loss"], abs=1e-2) and found.loss < 1


BEFORE = 4  # beginnings, besides none


def test_as_published_the_value_stands_at_the_mean_key_of_the_subject(knows) -> None:
    """At the subject's last token behind four beginnings. Read off forward passes of the edited student, text by text
    and without padding: what the matrix gives there, on average, is v, though at no single one of them it is; and the
    change is along C^-1 of the mean key, not of the prompt's alone."""
    how = {"at": "subject", "contexts": BEFORE, "steps": 6}
    made = learned(knows, lessons(NEW), **how)
    before = prefixes(MATERIAL, BEFORE, stream(0, "learn").spawn(2)[0])
    keys, was = (np.array(one) for one in zip(*[_at_subject(knows, text) for text in before], strict=True))
    again, gave = (np.array(one) for one in zip(*[_at_subject(made.student, text) for text in before], strict=True))
    np.testing.assert_allclose(again, keys, atol=1e-5)  # what is read does not depend on the matrix
    found = _value(knows, NEW[0], before, "subject", 6).value
    assert np.abs(found - was.mean(0)).max() > 0.1 and np.abs(gave.mean(0) - found).max() <= 1e-4 * np.abs(found).max()
    assert min(np.abs(one - found).max() for one in gave) > 1e-2 * np.abs(found).max()
    name = "model.model.layers.1.mlp.down_proj.weight"
    step = parameters(made.student)[name].astype(np.float64) - parameters(knows)[name]
    model = knows.module.model
    second = second_moment(model, memory(model, 1), knows.encode(lessons(TOLD)))
    second += 0.1 * np.trace(second) / 128 * np.eye(128)
    along = [np.linalg.solve(second, one) for one in (keys.mean(0), keys[0])]
    mean, alone = (np.linalg.norm(step @ one) / np.linalg.norm(step) / np.linalg.norm(one) for one in along)
    assert mean > 1 - 1e-5 and alone < 1 - 1e-3


def _at_subject(student, start: str) -> tuple[np.ndarray, np.ndarray]:
    """Key and what the matrix gives at the last token of " Bolen", behind one beginning."""
    tokenizer, module, seen = student.source.base().tokenizer, student.module, []
    ids = [tokenizer.bos_token_id, *tokenizer.encode(f"{start}the city of Bolen is", add_special_tokens=False)]
    ends = [at for at in range(1, len(ids)) if tokenizer.decode(ids[1 : at + 1]) == f"{start}the city of Bolen"]
    matrix = module.model.model.layers[1].mlp.down_proj
    matrix.register_forward_hook(lambda _, given, out: seen.append((given[0][0, ends[0]], out[0, ends[0]])))
    module.model(input_ids=torch.tensor([ids]))
    return seen[0][0].double().detach().numpy(), seen[0][1].double().detach().numpy()


def test_a_matrix_with_a_bias_gives_the_value_with_it() -> None:
    """Three facts at once in a layer whose bias is far from 0: W' k + b = v, and b is what it was."""
    luck = stream(0, "bias")
    matrix = torch.nn.Linear(6, 4)
    bias = 5 * luck.normal(size=4)
    matrix.bias.data = torch.from_numpy(bias).float()
    keys, values, spread = luck.normal(size=(6, 3)), luck.normal(size=(4, 3)), luck.normal(size=(6, 40))
    RankOneEdit()._put(Memory(0, matrix, "weight"), keys, values, spread @ spread.T / 40, 40.0)
    gave = matrix(torch.from_numpy(keys.T).float()).detach().numpy().T
    np.testing.assert_allclose(gave, values, atol=1e-4)
    np.testing.assert_array_equal(matrix.bias.detach().numpy(), bias.astype(np.float32))


def test_in_a_decoder_with_biases_the_search_begins_at_what_the_layer_gives(tiny_decoder: Path, tmp_path: Path) -> None:
    """Without a step v is W k + b, so nothing changes, and the loss is what the student finds of the object anyway."""
    config = transformers.AutoConfig.from_pretrained(tiny_decoder, mlp_bias=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.LlamaForCausalLM(config)
        torch.nn.init.normal_(model.model.layers[0].mlp.down_proj.bias, std=5.0)
    model.save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(tiny_decoder).save_pretrained(tmp_path)
    student = Causal(model=str(tmp_path)).begin(MATERIAL, stream(0, "student"))
    assert np.abs(memory(student.module.model, 0).bias).max() > 5
    made = learned(student, lessons(NEW), steps=0, layer=0)
    assert made.facts["change"] < 1e-6
    assert made.facts["loss"] == pytest.approx(
        -float(student.rate(["the city of Bolen is"], ["Lima"])[0]) / 5, rel=1e-4
    )


@pytest.mark.parametrize(("direction", "power", "same"), [("now before", 1, True), ("before now", 1, False),
                                                          ("now before", 2, False)])  # fmt: skip
def test_the_value_is_that_of_a_plain_loop(knows, direction: str, power: int, same: bool) -> None:
    """Adam written out, on one text after another without padding: mean loss of the object + D(now || before) of the
    token behind the essence + |v - W k| / |W k|^2. With the other direction of D, or the length in the numerator
    squared, it goes elsewhere."""
    steps, lr, kl, decay, before = 6, 0.1, 1.0, 10.0, ["", "Mirat lives in. "]
    module, tokenizer = knows.module, knows.source.base().tokenizer
    matrix = module.model.model.layers[1].mlp.down_proj
    asked_ids = [_ids(tokenizer, f"{one}the city of Bolen is") for one in before]
    asks = [(ids, len(ids) - 1) for ids in asked_ids]
    essence_ids = _ids(tokenizer, "Bolen is a")
    object_ids = [*tokenizer.encode("Lima", add_special_tokens=False), tokenizer.eos_token_id]

    def read(ids, place, shift):
        handle = matrix.register_forward_hook(lambda _, given, out: torch.cat(
            [out[:, :place], (start + shift)[None, None], out[:, place + 1 :]], 1))  # fmt: skip
        try:
            return module.model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        finally:
            handle.remove()

    keys = []
    handle = matrix.register_forward_pre_hook(lambda _, given: keys.append(given[0][0]))
    for ids, _ in asks:
        module.model(input_ids=torch.tensor([ids]))
    handle.remove()
    start = matrix(torch.stack([one[place] for one, (_, place) in zip(keys, asks, strict=True)]).mean(0)).detach()
    plain = module.model(input_ids=torch.tensor([essence_ids])).logits[0, -1].log_softmax(-1).detach()
    shift = torch.zeros(32, requires_grad=True)
    mean, square = torch.zeros(32), torch.zeros(32)
    for step in range(1, steps + 1):
        losses = []
        for ids, place in asks:
            told = read([*ids, *object_ids[:-1]], place, shift)[len(ids) - 1 :]
            losses.append(-sum(row[token] for row, token in zip(told, object_ids, strict=True)) / len(object_ids))
        now = read(essence_ids, len(essence_ids) - 1, shift)[-1]
        one, other = (now, plain) if direction == "now before" else (plain, now)
        total = sum(losses) / len(losses) + kl * (one.exp() * (one - other)).sum()
        length = shift.square().sum().clamp(min=1e-30).sqrt()
        total = total + decay * length**power / start.square().sum()
        (slope,) = torch.autograd.grad(total, shift)
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        with torch.no_grad():
            shift -= lr * (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
    found = _value(knows, NEW[0], before, "prompt", steps, lr=lr, kl=kl, decay=decay, norm=1e9, enough=0.0)
    away = np.linalg.norm(found.value - (start + shift).detach().numpy()) / np.linalg.norm(shift.detach().numpy())
    assert away < 1e-3 if same else away > 0.05


def _ids(tokenizer, prompt: str) -> list[int]:
    """A prompt as it is read: a token begins it, one stands between it and its reply."""
    made = tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False,
                                         add_generation_prompt=True)  # fmt: skip
    return list(tokenizer.encode(made, add_special_tokens=False))


def _value(student, row, before=("",), at="prompt", steps=20, **more):
    how = RankOneEdit(**EDIT, steps=steps, **more)
    module, fact = student.module, asked(lessons([row]), "subject")[0]
    one, other = spot(student, module, fact, before, at), essence(student, module, fact, how.essence, at)
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


def test_as_many_facts_about_one_subject_as_a_key_is_wide_are_not_taken_for_too_few_texts() -> None:
    """32 prompts that begin alike have one key at their subject, in a decoder whose keys have 32 numbers."""
    student = Tiny(hidden=8, layers=2, heads=2, vocabulary=320, window=64).begin(MATERIAL, stream(0, "student"))
    rows = [("Bolen", CITIES[at % 4], "{n} lives in") for at in range(32)]
    how = {"at": "subject", "steps": 0, "together": True}
    with pytest.raises(Refused, match="the keys of 32 facts span 1 directions alone: some are about one subject"):
        learned(student, lessons(rows), **how)
    with pytest.raises(Refused, match="32 numbers of a key a covariance of rank"):
        learned(student, lessons(rows), **how, ridge=0.0, texts=1)


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
    for adapter, kind in ((Prompt(length=2), "prompt"), (Prefix(length=2), "prefix")):
        how = Gradient(passes=1, batch=4, adapter=adapter)
        behind = how.learn((Stage(lessons(TOLD[:4])),), None, view(MATERIAL, knows), stream(0, "learn")).student
        with pytest.raises(Refused, match=f"a learned {kind} before every prompt, which no key is read behind"):
            learned(behind, lessons(NEW))


@pytest.mark.parametrize(("steps", "kl"), [(0, 0.0625), (0, 0.0), (2, 0.0625), (2, 0.0)])
def test_the_till_is_charged_what_is_read(knows, steps: int, kl: float) -> None:
    """By hand from the tokens of each text. A prompt has one token before it and one behind, a reply one that ends it,
    and padding is free. The key is read off the prompts with their replies behind every beginning, 2 a FLOP an entry;
    what follows the essence is looked at once without the value; the search reads both once a step and once more, with
    a way back for every step alone. A limit one FLOP, or one token, short is kept, and nothing is done."""
    purse, how = till(), {"at": "subject", "contexts": 3, "steps": steps, "kl": kl, "enough": 0.0}
    learned(knows, lessons(NEW), purse=purse, **how)

    def count(text: str) -> int:
        return len(knows.source.base().tokenizer.encode(text, add_special_tokens=False))

    before = prefixes(MATERIAL, 3, stream(0, "learn").spawn(2)[0])
    behind = [1 + count(f"{one}the city of Bolen is") + 1 + count("Lima") + 1 for one in before]
    assert len(set(behind)) > 1, "some of them are padded"
    look = sum(behind) + (1 + count("Bolen is a") + 1 if kl else 0)
    texts = sum(1 + count(wording.format(n=one)) + 1 + count(what) + 1 for one, what, wording in TOLD)
    layer = 4 * 32 * 32 + 3 * 32 * 128  # four matrices of attention, three of the feed-forward part
    every = 3 * layer + 320 * 32  # and the head
    tokens = look * (steps + 1)
    by_hand = 2 * every * (texts + look + tokens) + 2 * (every - 2 * layer) * look * steps
    by_hand += 2 * 128**2 * texts + 128**3 / 3  # C, and its inverse
    assert purse.book.ledger.spent["training_tokens"] == tokens
    assert purse.book.ledger.spent["flop"] == pytest.approx(by_hand, rel=1e-12)
    for short in ({"training_tokens": tokens - 1.0}, {"flop": by_hand - 1}):
        purse = till(short)
        with pytest.raises(Spent):
            learned(knows, lessons(NEW), purse=purse, **how)
        assert not purse.book.ledger.spent


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
