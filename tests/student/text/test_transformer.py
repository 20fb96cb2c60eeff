"""text.transformer: equal to the library's own classifier, to a plain loop, one shared base, files, and what it refuses."""

import copy
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.adapter.full import Full
from tutelage.adapter.head_only import HeadOnly
from tutelage.core.data import Block, Rows, Soft, Table, labelled
from tutelage.core.errors import ContractBroken, Missing, Refused
from tutelage.core.forecast import Lot
from tutelage.core.stages import Stage
from tutelage.kit.cache import cache_folder
from tutelage.kit.descent import flop
from tutelage.learn.gradient import Gradient
from tutelage.student.text import _body
from tutelage.student.text._family import KINDS
from tutelage.student.text._tokens import Tokens
from tutelage.student.text._top import Top
from tutelage.student.text.transformer import Transformer
from tutelage.toys import stream, till, view

TEXTS = ["my card was lost", "pay the rent", "what is the rate?", "a", "the card that i had was stolen", "rent rent"]
CODES = np.array([0, 1, 2, 0, 0, 1])
POOL = Table.of("mail", {"text": TEXTS}, ["card", "rent", "rate"]).pool()
LESSONS = (labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),)


@pytest.fixture(autouse=True)
def own_embeddings(tmp_path, monkeypatch):
    """A cache of this test alone that sees the assets fetched for the user."""
    assets = cache_folder("assets")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "assets").symlink_to(assets)
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def maker(tiny_encoder):
    return Transformer(model=str(tiny_encoder("bert")))


@pytest.fixture
def fresh(maker):
    return maker.begin(POOL, stream(0, "student"))


def learned(student, lessons=LESSONS, **settings):
    how = Gradient(**{"lr": 0.02, "passes": 5, "batch": 3, **settings})
    return how.learn((Stage(lessons),), None, view(pool=POOL, student=student), stream(0, "learn")).student


def drawn(student, seed=0):
    """The same student with a head drawn at random."""
    rng = np.random.default_rng(seed)
    shape = (len(student.names), 16)
    return replace(student, top=Top(*(rng.normal(size=s).astype(np.float32) for s in (shape, shape[:1]))))


def base_of(student):
    return [value.clone() for value in student._base.state_dict().values()]


def test_by_hand(fresh) -> None:
    """Two states (1, 2) and (5, 4) of one text have mean (3, 3); under V = [[1, 0], [0, 2]], v = (0, 1): scores 3, 7."""
    states = torch.tensor([[[1.0, 2], [5, 4], [9, 9]]])

    class Body(torch.nn.Module):
        config = fresh._base.config

        def forward(self, **given):
            return type("Said", (), {"last_hidden_state": states})

    head = torch.nn.Linear(2, 2, device="meta")
    head.weight, head.bias = (torch.nn.Parameter(torch.tensor(x)) for x in ([[1.0, 0], [0, 2]], [0.0, 1]))
    batch = _body.Batch(Soft, {"ids": torch.tensor([[1, 1, 0]]), "mask": torch.tensor([[1, 1, 0]])}, {}, None)
    assert _body.Classifier(Body(), head, "mean").scores(batch).tolist() == [[3, 7]]
    assert _body.Classifier(Body(), head, "first").vectors(batch).tolist() == [[1, 2]]


@pytest.mark.parametrize("family", sorted(KINDS))
@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_equal_to_the_library_s_own_model_text_by_text(tiny_encoder, family: str, pooling: str) -> None:
    """Its defaults for positions and token types, one text at a time without padding, float64 mean."""
    folder = tiny_encoder(family)
    student = Transformer(model=str(folder), pooling=pooling).begin(POOL, stream(0, "student"))
    plain = transformers.AutoModel.from_pretrained(folder).eval()
    tokens = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    found = student.embed(POOL)
    for text, vector in zip(TEXTS, found, strict=True):
        with torch.no_grad():
            states = plain(torch.tensor([tokens(text)["input_ids"]])).last_hidden_state[0].double().numpy()
        np.testing.assert_allclose(vector, states.mean(0) if pooling == "mean" else states[0], atol=1e-5)


def test_logits_equal_those_of_bert_for_sequence_classification(tiny_encoder) -> None:
    """Its pooler made one that hands on the state of the first token as it is."""
    folder = tiny_encoder("bert")
    student = drawn(Transformer(model=str(folder), pooling="first").begin(POOL, stream(0, "student")))
    with torch.random.fork_rng():
        peer = transformers.BertForSequenceClassification.from_pretrained(folder, num_labels=3).eval()
    peer.bert.pooler = type("First", (torch.nn.Module,), {"forward": lambda self, states: states[:, 0]})()
    with torch.no_grad():
        peer.classifier.weight.copy_(torch.from_numpy(student.top.weight))
        peer.classifier.bias.copy_(torch.from_numpy(student.top.bias))
        batch = student.encode(LESSONS).batch(np.arange(6))
        wanted = peer(input_ids=batch.inputs["ids"], attention_mask=batch.inputs["mask"]).logits
        np.testing.assert_allclose(student.module.scores(batch), wanted, atol=1e-5)
        np.testing.assert_allclose(student.probs(POOL), wanted.softmax(1), atol=1e-5)


def test_a_descent_equals_the_same_loop_written_out(fresh) -> None:
    """SGD on the library's model, batches in the order given, no dropout; all weights to 1e-5.

    (The biases of attention's keys have no slope but rounding, which Adam would make as large as any other.)
    """
    student = replace(fresh, maker=replace(fresh.maker, dropout=0.0))
    how = Gradient(optimiser="sgd", momentum=0.9, lr=0.05, passes=2, batch=2, weight_decay=0.1)
    stage = Stage(LESSONS, order=np.arange(6))
    mine = how.learn((stage,), None, view(pool=POOL, student=student), stream(0, "learn")).student.module
    body, head = copy.deepcopy(fresh._base).requires_grad_(True), torch.nn.Linear(16, 3, device="meta")
    head.weight, head.bias = (torch.nn.Parameter(torch.zeros(s)) for s in ((3, 16), (3,)))
    optimiser = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.05, momentum=0.9, weight_decay=0.1)
    encoded = student.encode(LESSONS)
    for start in [0, 2, 4] * 2:
        given = encoded.batch(np.arange(start, start + 2)).inputs
        states = body(input_ids=given["ids"], attention_mask=given["mask"]).last_hidden_state
        mean = torch.stack([row[: int(count)].mean(0) for row, count in zip(states, given["mask"].sum(1), strict=True)])
        loss = torch.nn.functional.cross_entropy(head(mean), torch.from_numpy(CODES[start : start + 2]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for name, value in [*body.named_parameters(), *head.named_parameters()]:
        there = dict(
            mine.body.named_parameters() if name in dict(body.named_parameters()) else mine.head.named_parameters()
        )
        np.testing.assert_allclose(there[name].detach(), value.detach(), atol=1e-5, err_msg=name)


def test_uniform_before_any_lesson_and_the_head_starts_at_zero(fresh) -> None:
    assert (fresh.probs(POOL) == np.float32(1 / 3)).all()
    assert not fresh.module.head.weight.any() and not fresh.module.head.bias.any()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), size=st.integers(1, 6), batch=st.integers(1, 4))
def test_an_answer_does_not_depend_on_its_company(fresh, order, size, batch) -> None:
    student = drawn(fresh)
    student = replace(student, moved={"encoder.layer.0.output.dense.bias": np.ones(16, dtype=np.float32)})
    some = replace(student, maker=replace(student.maker, batch=batch)).probs(POOL.take(order[:size]))
    np.testing.assert_allclose(some, student.probs(POOL)[order[:size]], atol=1e-5)


def test_learning_moves_no_other_student_and_not_the_base(fresh) -> None:
    before, first = base_of(fresh), learned(fresh)
    answers = first.probs(POOL)
    second = learned(first, lr=0.1)
    assert (first.probs(POOL) == answers).all() and not np.allclose(second.probs(POOL), answers, atol=1e-3)
    assert all(bool((a == b).all()) for a, b in zip(before, base_of(fresh), strict=True))
    assert (first.probs(POOL).argmax(1) == CODES).mean() > 0.8


def test_the_head_alone_leaves_the_encoder_and_keeps_the_embedding(fresh) -> None:
    head, whole = learned(fresh, adapter=HeadOnly()), learned(fresh, adapter=Full())
    assert not head.moved and head.embeds_as == fresh.embeds_as and head.fingerprint != fresh.fingerprint
    assert whole.moved and whole.embeds_as != fresh.embeds_as
    assert np.abs(whole.embed(POOL) - fresh.embed(POOL)).max() > 1e-3
    pooled = replace(fresh, maker=replace(fresh.maker, pooling="first"))
    assert pooled.embeds_as != fresh.embeds_as and replace(fresh, names=("a", "b")).embeds_as == fresh.embeds_as


def test_only_what_moved_is_kept(fresh) -> None:
    """One bias of the encoder changed by hand: one array, and the frozen ones still lie where the base's do."""
    module = fresh.module
    name = "encoder.layer.1.output.dense.bias"
    parameter = dict(module.body.named_parameters())[name]
    parameter.data = parameter.data + 1
    moved = fresh.with_module(module)
    assert list(moved.moved) == [name] and moved.moved[name].dtype == np.float32
    theirs = dict(moved.module.body.named_parameters())
    shared = [key for key, value in fresh._base.named_parameters() if value.data_ptr() == theirs[key].data_ptr()]
    assert len(shared) == len(theirs) - 1 and name not in shared
    np.testing.assert_array_equal(theirs[name].detach(), parameter.detach())
    with pytest.raises(ContractBroken, match="other weights"):
        fresh.with_module(_body.Classifier(torch.nn.Linear(1, 1, device="meta"), module.head, "mean"))


def test_neutral_limit_the_head_on_the_vectors_is_softmax_regression(fresh) -> None:
    """head_only, all at once, to the end: the probabilities of a maximum of the same likelihood, solved by scipy."""
    from scipy.optimize import minimize

    soft = np.array(
        [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3], [0.5, 0.25, 0.25], [0.2, 0.6, 0.2]]
    )
    block = Block(
        Rows(POOL, np.arange(6)), None, Soft, {"probs": soft.astype(np.float32)}, "weak", np.zeros(6), np.ones(6)
    )
    mine = learned(fresh, (block,), adapter=HeadOnly(), passes=500, batch=0, lr=0.1, schedule="linear").probs(POOL)
    x = fresh.embed(POOL).astype(np.float64)

    def loss(flat):
        scores = x @ flat.reshape(3, -1)[:, :-1].T + flat.reshape(3, -1)[:, -1]
        logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        return -(soft * logs).sum()

    found = minimize(loss, np.zeros(3 * 17), options={"gtol": 1e-6}).x.reshape(3, -1)
    scores = x @ found[:, :-1].T + found[:, -1]
    np.testing.assert_allclose(mine, np.exp(scores) / np.exp(scores).sum(1, keepdims=True), atol=0.02)


def test_saved_and_loaded(maker, fresh, tmp_path) -> None:
    """Bit for bit with and without lessons; nothing is pickled; a changed weight or other settings are refused."""
    from safetensors.numpy import load_file, save_file

    for name, student in {"fresh": fresh, "head": learned(fresh, adapter=HeadOnly()), "whole": learned(fresh)}.items():
        student.save(tmp_path / name)
        back = maker.load(tmp_path / name)
        assert back.fingerprint == student.fingerprint and back.embeds_as == student.embeds_as
        assert (back.probs(POOL) == student.probs(POOL)).all() and back.labels == student.labels
        assert learned(back).fingerprint == learned(student).fingerprint
    assert (tmp_path / "head" / "student.safetensors").stat().st_size < 1000
    arrays = load_file(tmp_path / "whole" / "student.safetensors")
    save_file({**arrays, "head.weight": arrays["head.weight"] * 2}, tmp_path / "whole" / "student.safetensors")
    with pytest.raises(Refused, match="fingerprint"):
        maker.load(tmp_path / "whole")
    with pytest.raises(Refused, match="pooling"):
        replace(maker, pooling="first").load(tmp_path / "head")


def test_new_labels_have_probability_0_and_can_be_learned(fresh) -> None:
    grown = learned(fresh).with_labels((*POOL.labels, "other"))
    assert (grown.probs(POOL)[:, 3] == 0).all() and bool(grown.module.head.bias.isfinite().all())
    wider = POOL.with_labels((*POOL.labels, "other"))
    more = (labelled(Rows(wider, np.arange(6)), np.array([3, 1, 2, 0, 0, 1]), "human"),)
    assert learned(grown, more, adapter=HeadOnly(), passes=60, lr=0.1).probs(POOL)[0].argmax() == 3


def test_batches_are_filled_to_their_own_longest(fresh) -> None:
    encoded = fresh.encode(LESSONS)
    assert encoded.lengths.tolist() == [15, 12, 16, 3, 26, 10]  # letters and the two special tokens
    assert encoded.batch(np.array([3])).inputs["ids"].tolist() == [[2, 4, 3]]
    assert encoded.batch(np.array([5, 3])).inputs["mask"].sum(1).tolist() == [10, 3]
    cut = replace(fresh, maker=replace(fresh.maker, max_tokens=8)).encode(LESSONS)
    assert cut.lengths.max() == 8
    with pytest.raises(ContractBroken, match="not bags"):
        fresh.encode((LESSONS[0]._replace(about=Rows(POOL, np.arange(6), np.arange(7))),))


@given(lengths=st.lists(st.integers(0, 5), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_tokens_against_lists(lengths, seed) -> None:
    rng = np.random.default_rng(seed)
    texts = [rng.integers(1, 50, size).tolist() for size in lengths]
    flat = np.array([code for text in texts for code in text], dtype=np.int32)
    rows = rng.integers(0, len(texts), 4)
    ids, mask = Tokens(flat, np.concatenate([[0], np.cumsum(lengths)])).batch(rows, 99)
    longest = max(lengths[row] for row in rows)
    assert ids.tolist() == [texts[row] + [99] * (longest - lengths[row]) for row in rows]
    assert mask.tolist() == [[1] * lengths[row] + [0] * (longest - lengths[row]) for row in rows]


def test_dropout_is_of_learning_alone_and_its_luck_is_the_learner_s(fresh) -> None:
    state = torch.get_rng_state()
    none = replace(fresh, maker=replace(fresh.maker, dropout=0.0))
    assert learned(fresh).fingerprint == learned(fresh).fingerprint
    assert not np.allclose(learned(fresh).probs(POOL), learned(none).probs(POOL), atol=1e-4)
    assert (torch.get_rng_state() == state).all()
    rates = {layer.p for layer in none.module.modules() if isinstance(layer, torch.nn.Dropout)}
    assert rates == {0.0}


def test_a_plan_says_what_the_till_is_charged(maker, fresh) -> None:
    """Tokens 15 + 12 + 16 + 3 + 26 + 10 = 82. Of BERT's matrices 2 (4 16^2 + 2 16 32) = 4096 are multiplied, its
    tables are not, and the head has 48: (4 + 2) 4144 82 a pass; for the head alone (4 4144 + 2 48) 82.
    """
    lot = Lot(maker.width(POOL), 6, 3, 3)
    assert lot.width.columns == 16 and lot.width.entries == 82 / 6 and not lot.width.exact
    for adapter, each in ((Full(), 6 * 4144), (HeadOnly(), 4 * 4144 + 2 * 48)):
        how = Gradient(adapter=adapter, passes=2, batch=3)
        purse = till()
        how.learn((Stage(LESSONS),), None, view(pool=POOL, student=fresh, purse=purse), stream(0, "learn"))
        assert (
            how.work(maker, lot)["flop"].amount == pytest.approx(each * 82 * 2)
            and not how.work(maker, lot)["flop"].exact
        )
        assert flop(adapter.open(fresh.module, stream(0, "x")), 82 * 2) == each * 82 * 2
        assert purse.book.ledger.spent == {"training_tokens": 82 * 2, "flop": each * 82 * 2}
        assert how.work(maker, lot)["training_tokens"].amount == pytest.approx(82 * 2)


def test_half_precision_learns_too(fresh) -> None:
    student = learned(fresh, precision="bf16")
    assert all(array.dtype == np.float32 for array in student.moved.values())
    assert np.abs(student.probs(POOL) - learned(fresh).probs(POOL)).max() < 0.2


def test_what_is_refused(tiny_encoder, tiny_decoder, tmp_path) -> None:
    folder = tiny_encoder("bert")
    with pytest.raises(Refused, match="at most 130 tokens, 200 were asked for"):
        Transformer(model=str(folder), max_tokens=200).begin(POOL, stream(0, "student"))
    with pytest.raises(Refused, match="family 'llama'.*\n.*text.causal"):
        Transformer(model=str(tiny_decoder)).begin(POOL, stream(0, "student"))
    with pytest.raises(Refused, match="minilm"):
        Transformer(model="minilmm").begin(POOL, stream(0, "student"))
    with pytest.raises(Missing, match="hf download nobody/nothing"):
        Transformer(model="nobody/nothing").begin(POOL, stream(0, "student"))
    shutil.copytree(folder, tmp_path / "bare")
    (tmp_path / "bare" / "tokenizer.json").unlink()
    student = Transformer(model=str(tmp_path / "bare")).begin(POOL, stream(0, "student"))
    with pytest.raises(Refused, match="no tokenizer.json"):
        student.embed(POOL)
    shutil.copytree(folder, tmp_path / "deeper")
    told = json.loads((folder / "config.json").read_text())
    (tmp_path / "deeper" / "config.json").write_text(json.dumps({**told, "num_hidden_layers": 3}))
    student = Transformer(model=str(tmp_path / "deeper")).begin(POOL, stream(0, "student"))
    with pytest.raises(Refused, match="lacks 16 weights"):
        student.embed(POOL)


def test_a_model_that_changed_on_the_disk_is_another_student(tiny_encoder, tmp_path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny_encoder("bert"), tmp_path / "own")
    maker = Transformer(model=str(tmp_path / "own"))
    before = maker.begin(POOL, stream(0, "student"))
    vectors = before.embed(POOL)
    before.save(tmp_path / "saved")
    weights = load_file(tmp_path / "own" / "model.safetensors")
    save_file(
        {name: value * 1.5 for name, value in weights.items()}, tmp_path / "own" / "model.safetensors", {"format": "pt"}
    )
    after = maker.begin(POOL, stream(0, "student"))
    assert after.embeds_as != before.embeds_as and not np.allclose(after.embed(POOL), vectors, atol=1e-3)
    with pytest.raises(Refused, match="fingerprint"):
        maker.load(tmp_path / "saved")


def test_the_asset_answers_as_its_encoder_does() -> None:
    """MiniLM: the student's vectors are those of the encoder of that name, not normalised."""
    from tutelage.student.text.encoder.minilm import Minilm

    try:
        student = Transformer().begin(POOL, stream(0, "student"))
    except Missing as missing:
        pytest.skip(str(missing))
    np.testing.assert_allclose(student.embed(POOL), Minilm(normalize=False).encode(TEXTS), atol=1e-5)
