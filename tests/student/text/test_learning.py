"""A language model that learns: its faces agree with what it answers, its states are small, its files are peft's."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import pyarrow as pa
import torch

from tutelage.adapter.block_expansion import BlockExpansion
from tutelage.adapter.lora import Lora
from tutelage.adapter.prefix import Prefix
from tutelage.adapter.prompt import Prompt
from tutelage.core.data import Block, Itself, Preference, Replies, Rows, Soft, Table, Text, labelled
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit import pieces
from tutelage.kit.ghost import weighted
from tutelage.kit.prompts import TYPE
from tutelage.kit.watched import watched
from tutelage.learn.gradient import Gradient
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.student.text import _language
from tutelage.student.text.causal import Causal
from tutelage.student.text.tiny import Tiny
from tutelage.toys import view

ASKED = ["say a", "what is the second letter of them all", "go", "say a"]
SAID = ["a", "b, I should think", "on and on and on", "c"]
POOL = Table.of("sayings", {"text": ASKED}, ("yes", "no")).pool()
ALL = Rows(POOL, np.arange(4))


def objects(rows: list) -> np.ndarray:
    made = np.empty(np.shape(rows), dtype=object)
    made[...] = rows
    return made


def block(kind: type, about: Rows = ALL, **given: list) -> Block:
    columns = {key: value if isinstance(value, np.ndarray) else objects(value) for key, value in given.items()}
    return Block(about, None, kind, columns, "test", np.zeros(about.size), np.ones(about.size))


TEXT = (block(Text, text=SAID),)


def student(folder: Path, **given: object):
    return Causal(model=str(folder), **given).begin(POOL, stream(0, "student"))


def taught(begun: object, passes: float = 5, lessons: tuple = TEXT, **how: object):
    how = {"lr": 1e-2, "batch": 2, **how}
    return Gradient(passes=passes, **how).learn((Stage(lessons),), None, view(POOL, student=begun), stream(0, "learn"))


def said(begun: object, lessons: tuple = TEXT, rows: object = None) -> torch.Tensor:
    with torch.no_grad():
        return begun.module.token_logprobs(begun.encode(lessons).batch(np.arange(4) if rows is None else rows))


@pytest.mark.parametrize("template", ["auto", "none"])
def test_what_a_lesson_says_is_as_likely_as_the_reply_and_its_end(tiny_decoder: Path, template: str) -> None:
    begun = student(tiny_decoder, template=template)
    told = said(begun)
    for row, (prompt, reply) in enumerate(zip(ASKED, SAID, strict=True)):
        frame = begun._frame
        ids = [*frame.prompt(prompt, 0).ids, *frame.encode(reply), frame.tokenizer.eos_token_id]
        logs = begun.source.base().model(torch.tensor([ids])).logits[0].log_softmax(-1)
        count = len(frame.encode(reply)) + 1
        each = [float(logs[place - 1, ids[place]]) for place in range(len(ids) - count, len(ids))]
        assert int(told.mask[row].sum()) == count
        np.testing.assert_allclose(told.logprobs[row][told.mask[row]].numpy(), each, atol=1e-5)
        assert begun.logprob([prompt], [reply])[0] == pytest.approx(sum(each[:-1]), abs=1e-4)


def test_batches_do_not_matter_and_long_vocabularies_are_read_in_pieces(tiny_decoder, monkeypatch) -> None:
    begun = student(tiny_decoder)
    whole = said(begun).logprobs.sum((1, 2))
    alone = torch.cat([said(begun, rows=np.array([row])).logprobs.sum((1, 2)) for row in range(4)])
    torch.testing.assert_close(whole, alone, atol=1e-4, rtol=0)
    plain = taught(begun, 1, batch=0)
    monkeypatch.setattr(pieces, "AT_ONCE", 2000)
    torch.testing.assert_close(said(begun).logprobs.sum((1, 2)), whole, atol=1e-4, rtol=0)
    assert taught(begun, 1, batch=0).facts["loss"] == pytest.approx(plain.facts["loss"], abs=1e-5)


def test_a_prompt_carries_no_loss_and_a_learned_turn_does(tiny_decoder: Path) -> None:
    """Three prompt turns, the middle one learned: its 5 bytes and its end carry loss beside the reply's 2 and end."""
    turns = [{"role": "user", "text": "hi", "learn": False}, {"role": "assistant", "text": "hello", "learn": True},
             {"role": "user", "text": "and?", "learn": False}]  # fmt: skip
    pool = Table.of("talk", {"text": ["hi"], "turns": pa.array([turns], type=TYPE)}).pool()
    lessons = (block(Text, Rows(pool, np.array([0])), text=["ok"]),)
    begun = student(tiny_decoder)
    told = said(begun, lessons, np.array([0]))
    assert int(told.mask.sum()) == 6 + 3
    with pytest.raises(Refused, match="did not fit the window"):
        student(tiny_decoder, window=30).encode(lessons)


def test_pairs_several_replies_and_texts_by_themselves(tiny_decoder: Path) -> None:
    begun = student(tiny_decoder)
    alone = said(begun).logprobs.sum((1, 2))
    pair = said(begun, (block(Preference, chosen=SAID, rejected=SAID[::-1]),))
    torch.testing.assert_close(pair.logprobs.sum(2)[:, 0], alone, atol=1e-4, rtol=0)
    texts = objects([[one, None] for one in SAID])
    several = said(begun, (block(Replies, texts=texts, rewards=np.ones((4, 2)), ends=np.zeros((4, 2), dtype=bool)),))
    whole = said(begun)
    assert several.mask.sum((1, 2)).tolist() == [n - 1 for n in whole.mask.sum((1, 2)).tolist()]  # no end
    assert not several.mask[:, 1].any() and not several.logprobs[:, 1].any()
    itself = said(begun, (block(Itself),))
    assert itself.mask.sum((1, 2)).tolist() == [len(one) + 1 for one in ASKED]  # every byte and the end


def test_a_block_of_fewer_replies_stands_beside_one_of_more(tiny_decoder: Path) -> None:
    """One reply beside two: in a batch of the shorter block alone, too, the second is absent, as is its reward."""
    begun = student(tiny_decoder)
    wide = block(Replies, texts=[[one, f"{one} {one}"] for one in SAID], rewards=np.ones((4, 2), np.float32))
    thin = block(Replies, texts=[[one] for one in SAID], rewards=np.ones((4, 1), np.float32))
    encoded = begun.encode((wide, thin))
    batch = encoded.batch(np.array([4, 6]))
    told = said(begun, (wide, thin), np.array([4, 6]))
    assert told.mask.shape[:2] == tuple(batch.given["rewards"].shape) == (2, 2)
    assert told.mask[:, 0].any(1).all() and not told.mask[:, 1].any()
    assert batch.given["rewards"].isnan().tolist() == [[False, True]] * 2
    alone = said(begun, (thin,), np.array([0, 2]))
    torch.testing.assert_close(told.logprobs.sum((1, 2)), alone.logprobs.sum((1, 2)))


def test_an_absent_reply_is_not_read_and_each_lesson_has_its_own_gradient(tiny_decoder: Path) -> None:
    """Lessons of 1, 3, 2 and 1 replies: 7 rows, not 12, go through the model; what a lesson says of every weight is what
    it says alone, whoever stands beside it.
    """
    begun = student(tiny_decoder)
    texts = objects([["a", None, None], ["b", "bb", "be"], ["on", None, "no"], [None, "c", None]])
    lessons = (block(Replies, texts=texts, rewards=np.ones((4, 3), np.float32)),)
    module, encoded = begun.module, begun.encode(lessons)
    rows: list[int] = []
    module.model.model.embed_tokens.register_forward_pre_hook(lambda _, args: rows.append(len(args[0])))
    named = {name: one.requires_grad_(True) for name, one in module.named_parameters()}
    with watched(module, named, 4) as seen:
        losses = module.token_logprobs(encoded.batch(np.arange(4))).logprobs.sum((1, 2))
        kept = seen.checked(losses, named)
    assert rows == [7]
    for n in range(4):
        alone = module.token_logprobs(encoded.batch(np.array([n]))).logprobs.sum()
        torch.testing.assert_close(losses[n], alone, atol=1e-4, rtol=0)
        for name, slope in zip(named, torch.autograd.grad(alone, named.values()), strict=True):
            mine = weighted(kept[name], torch.eye(4)[n])
            torch.testing.assert_close(mine, slope, atol=1e-4, rtol=1e-3, msg=name)


def test_scores_are_those_it_answers_by(tiny_decoder: Path) -> None:
    lessons = (labelled(ALL, np.array([0, 1, 1, 0]), "oracle"),)
    for score in ("mean", "sum", "first"):
        words = {"yes": "yes", "no": "no"}
        begun = student(tiny_decoder, score=score, verbalisers=words)
        with torch.no_grad():
            told = begun.module.scores(begun.encode(lessons).batch(np.arange(4))).softmax(1)
        np.testing.assert_allclose(told.numpy(), begun.probs(POOL), atol=1e-5)
    learned = taught(begun, 20, lessons, adapter=Lora(r=2)).student
    assert (learned.answer(POOL, stream(0, "a")).given["label"][1:3] == 1).all()
    soft = Block(ALL, None, Soft, {"probs": np.full((4, 2), 0.5, np.float32)}, "w", np.zeros(4), np.ones(4))
    assert taught(begun, 1, (soft,)).facts["loss"] >= np.log(2) - 1e-6


def test_labels_in_words_are_the_cloze_objective_of_private_learning(tiny_decoder: Path) -> None:
    """Classification as filling in a blank with the model's own head (Li et al., 2022; Gao et al., 2021): the logits of
    the label words behind "<text> It was", and cross-entropy over these words alone. Values and slopes of every weight.
    """
    words = {"yes": "great", "no": "bad"}
    begun = student(tiny_decoder, template="none", pattern="{x} It was ", score="first", verbalisers=words)
    truth = np.array([0, 1, 1, 0])
    module, lessons = begun.module, (labelled(ALL, truth, "oracle"),)
    weights = list(module.model.requires_grad_(True).parameters())
    batch = begun.encode(lessons).batch(np.arange(4))
    ours = CrossEntropy().losses(module, batch, stream(0, "learn"))
    label_words = [module.tokens(word)[0] for word in words.values()]  # a byte each stands for the word
    wanted = []
    for text, code in zip(ASKED, truth, strict=True):
        logits = module.logits(torch.tensor([module.tokens(f"{text} It was ")]))[0, -1, label_words]
        wanted.append(torch.nn.functional.cross_entropy(logits, torch.tensor(int(code))))
    torch.testing.assert_close(ours, torch.stack(wanted), atol=1e-5, rtol=0)
    slopes = [torch.autograd.grad(one.sum(), weights) for one in (ours, torch.stack(wanted))]
    for mine, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks for it
@pytest.mark.parametrize("adapter", ["full", Lora(r=2), Lora(targets="linear", rank_scale="sqrt"), Prompt(length=3),
                                     Prefix(length=3, start="say"), BlockExpansion(blocks=1)],
                         ids=["full", "lora", "rslora", "prompt", "prefix", "blocks"])  # fmt: skip
def test_it_learns_and_leaves_the_base_alone(tiny_decoder: Path, tmp_path: Path, adapter: object) -> None:
    """Its own words get likelier, in training and in answering alike; saved, loaded and exported it stays the same."""
    begun = student(tiny_decoder)
    before, prints = begun.logprob(ASKED, SAID), begun.fingerprint
    how = {} if adapter == "full" else {"adapter": adapter, "lr": 0.1 if isinstance(adapter, Prefix) else 1e-2}
    done = taught(begun, 15, **how)
    learned = done.student
    assert (begun.logprob(ASKED, SAID) == before).all() and begun.fingerprint == prints != learned.fingerprint
    after = learned.logprob(ASKED, SAID)
    assert after.sum() > before.sum() + 1
    np.testing.assert_allclose(said(learned).logprobs.sum((1, 2)) < 0, True)
    whole = said(learned)
    counts = whole.mask.sum((1, 2)).tolist()
    for row in range(4):  # all but the end
        mine = whole.logprobs[row][whole.mask[row]][: counts[row] - 1].sum()
        assert float(mine) == pytest.approx(after[row], abs=1e-3)
    learned.save(tmp_path / "saved")
    back = learned.maker.load(tmp_path / "saved")
    assert back.fingerprint == learned.fingerprint and (back.logprob(ASKED, SAID) == after).all()
    lines = learned.export(tmp_path / "out").replace("THIS FOLDER/files", str(tmp_path / "out"))
    there: dict = {}
    exec(lines, there)
    ids = torch.tensor([[0, *begun._frame.encode("say a")]])
    with torch.no_grad():
        theirs = there["model"].eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        torch.testing.assert_close(theirs[:, -6:], learned.module.logits(ids), atol=1e-4, rtol=0)


def test_it_goes_on_from_where_it_was(tiny_decoder: Path) -> None:
    """Two calls with the optimiser's memory in between; an adapter of other settings is refused."""
    begun = student(tiny_decoder)
    one = taught(begun, 2, adapter=Lora(r=2))
    now = view(POOL, student=one.student)._replace(memory=one.memory)
    two = Gradient(passes=2, lr=1e-2, batch=2, adapter=Lora(r=2)).learn((Stage(TEXT),), None, now, stream(1, "learn"))
    assert set(two.memory["optimiser"]) == set(one.memory["optimiser"]) == set(two.student.state.arrays)
    assert two.facts["loss"] < one.facts["loss"]
    with pytest.raises(Refused, match="carries low-rank layers"):
        taught(one.student, 1, adapter=Lora(r=3))
    with pytest.raises(Refused, match="linear layers here: .*q_proj"):
        taught(begun, 1, adapter=Lora(targets=("qproj",)))
    with pytest.raises(Refused, match="no other library has a file for both"):
        taught(one.student, 1).student.export(Path("nowhere-that-is-written"))


def test_opening_changes_no_answer(tiny_decoder: Path) -> None:
    begun = student(tiny_decoder)
    batch = begun.encode(TEXT).batch(np.arange(4))
    with torch.no_grad():
        opened = Lora().open(begun.module, stream(0, "learn")).module.token_logprobs(batch).logprobs
        assert bool((opened == begun.module.token_logprobs(batch).logprobs).all())


def test_what_long_lessons_lose(tiny_decoder: Path) -> None:
    """A reply of 60 bytes keeps half of a window of 40, and no end; the prompt keeps its start in the other half."""
    begun = student(tiny_decoder, window=40, template="none")
    lessons = (block(Text, Rows(POOL, np.array([0, 1])), text=["x" * 60, "y" * 60]),)
    told = begun.encode(lessons)
    assert told.lengths.tolist() == [25, 40]
    assert told.batch(np.array([0, 1])).inputs["said"].sum((1, 2)).tolist() == [20, 20]


def test_models_that_scale_or_bend_their_logits() -> None:
    from transformers import Cohere2Config, Cohere2ForCausalLM, Gemma2Config, Gemma2ForCausalLM

    small = dict(vocab_size=40, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
                 num_key_value_heads=2, head_dim=8, initializer_range=0.5)  # fmt: skip
    for model in (Gemma2ForCausalLM(Gemma2Config(**small)), Cohere2ForCausalLM(Cohere2Config(**small))):
        _language.checked(model.eval())
    model.config.logit_scale = 3.0
    _language.checked.cache_clear()
    with pytest.raises(ContractBroken, match="cannot be trained"):
        _language.checked(model)


class TestTiny:
    """The small decoder from nothing."""

    def test_it_begins_knowing_nothing_and_learns_to_say_what_it_was_taught(self) -> None:
        begun = Tiny(hidden=32, layers=2, heads=2, window=128).begin(POOL, stream(0, "student"))
        per_token = begun.logprob(ASKED, SAID) / [len(one) for one in SAID]
        assert np.abs(per_token + np.log(259)).max() < 0.2
        distinct = Rows(POOL, np.arange(3))
        learned = taught(begun, 150, (block(Text, distinct, text=SAID[:3]),), batch=0, schedule="linear").student
        told = learned.write(ASKED[:3], 1, stream(0, "w"), max_tokens=30, temperature=0)
        assert told.texts[:, 0].tolist() == SAID[:3] and told.tokens_out[:, 0].tolist() == [
            len(s) + 1 for s in SAID[:3]
        ]

    def test_same_seed_same_weights(self) -> None:
        one, two, other = (Tiny(hidden=16, heads=2).begin(POOL, stream(seed, "student")) for seed in (0, 0, 1))
        assert one.fingerprint == two.fingerprint != other.fingerprint
        assert (one.logprob(ASKED, SAID) == two.logprob(ASKED, SAID)).all()

    def test_byte_pairs(self, tmp_path: Path) -> None:
        pool = Table.of("many", {"text": ["the cat sat on the mat"] * 50}).pool()
        begun = Tiny(hidden=16, heads=2, vocabulary=300).begin(pool, stream(0, "student"))
        frame = begun._frame
        assert len(frame.encode("the cat")) < 5 and frame.tokenizer.decode(frame.encode("thé 猫")) == "thé 猫"
        begun.save(tmp_path)
        back = begun.maker.load(tmp_path)
        assert back.fingerprint == begun.fingerprint and back.logprob(["a"], ["b"]) == begun.logprob(["a"], ["b"])

    def test_bad_settings(self) -> None:
        with pytest.raises(Refused, match="a multiple of twice the number of heads"):
            Tiny(hidden=20, heads=3).begin(POOL, stream(0, "student"))


def test_token_sums_and_means_by_hand() -> None:
    class Says:
        def token_logprobs(self, batch: object) -> _language.Said:
            return _language.Said(torch.tensor([[[-1.0, -2.0, 0.0]]]), torch.tensor([[[True, True, False]]]))

    batch = _language.Batch(Text, None, {}, torch.ones(1))
    assert CrossEntropy().losses(Says(), batch, stream(0, "l")).tolist() == [1.5]
    assert CrossEntropy(tokens="sum").losses(Says(), batch, stream(0, "l")).tolist() == [3.0]


def test_a_model_that_is_not_here_is_planned_as_far_as_it_can_be() -> None:
    """Labels are told; what depends on the model is unknown until it is fetched, with the command."""
    from tutelage.recipe.fit import fit
    from tutelage.recipe.read import read
    from tutelage.study.calibration import Rates
    from tutelage.study.plan import plan

    spec = ["student={use: text.causal, model: nobody/nothing-of-this-name}"]
    sets = [*spec, "data={use: trec, classes: coarse, pool: 60, exam: 6}", "per_round=10", "rounds=2", "seeds=1"]
    wanted = read("few-labels", (*sets, "learn={use: gradient, adapter: {use: lora}}", "only=[uniform]"))
    told = plan(wanted, fit(wanted), {}, Rates(), 2)
    assert told.units["labels"].value == 20
    for amount in (told.units["flop"], told.units["training_tokens"], told.seconds, told.disk):
        assert amount.value is None and "hf download nobody/nothing-of-this-name" in amount.why


def test_layers_that_are_computed_again_learn_the_same(tiny_decoder: Path, monkeypatch) -> None:
    """Equal weights; with the setting every layer runs once more in each of the four steps."""
    from transformers.models.llama.modeling_llama import LlamaMLP

    calls, forward = [], LlamaMLP.forward
    monkeypatch.setattr(LlamaMLP, "forward", lambda self, x: calls.append(1) or forward(self, x))
    begun, seen = student(tiny_decoder), []
    assert begun.module is not None  # which looks at the model once
    for adapter in (Lora(r=2, targets="linear"), None):
        for again in (False, True):
            calls.clear()
            how = {} if adapter is None else {"adapter": adapter}
            learned = taught(begun, passes=2, recompute=again, **how)
            seen.append((len(calls), said(learned.student).logprobs))
    layers = begun.source.base().model.config.num_hidden_layers
    counts = [one for one, _ in seen]
    assert counts[1] - counts[0] == counts[3] - counts[2] == 4 * layers
    for one, other in ((0, 1), (2, 3)):
        np.testing.assert_allclose(seen[one][1].numpy(), seen[other][1].numpy(), atol=1e-6)
    with pytest.raises(Refused, match="learned prompt"):
        taught(begun, passes=1, recompute=True, adapter=Prompt(length=2))
