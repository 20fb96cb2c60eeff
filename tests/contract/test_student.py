"""What every student promises, checked over every file in the room."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.data import Block, Label, Rows, Soft, Table, Text, labelled
from tutelage.core.descent import CanDescend, CanGrow, Scores, Vectors
from tutelage.core.errors import Missing, Refused
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, load, names
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh, Stage, Student
from tutelage.core.writing import CanCompose, CanHeed, CanJudge, CanWrite, Turn
from tutelage.kit.cache import cache_folder
from tutelage.learn.gradient import Gradient
from tutelage.toys import stream, view

NAMES = names("student")
FITTED = [name for name in NAMES if CanFit in load("student", name).can]
FROZEN = [name for name in NAMES if name not in FITTED and CanWeigh in load("student", name).can]
WRITERS = [name for name in NAMES if name not in FITTED + FROZEN]
CAPABILITIES = (CanWeigh, CanEmbed, CanFit, CanDescend, CanGrow, CanHeed, CanJudge, CanWrite, CanCompose)
WORDS = {
    "card": "my card was lost or stolen today",
    "rent": "please pay the monthly rent now",
    "rate": "what is the exchange rate",
}
CODES = np.arange(24) % 3


def texts() -> list[str]:
    rng = np.random.default_rng(0)
    return [" ".join(rng.permutation(words.split())) for words in list(WORDS.values()) * 8]


def vectors() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (np.eye(3, 5)[CODES] * 3 + rng.normal(size=(24, 5))).astype(np.float32)


def material(reads: frozenset[str], labels=("card", "rent", "rate"), name="few"):
    columns = {"text": lambda: texts(), "vector": vectors}
    return Table.of(name, {modality: columns[modality]() for modality in sorted(reads)}, labels).pool()


@pytest.fixture
def own_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of this test alone that sees the assets fetched for the user."""
    assets = cache_folder("assets")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "assets").symlink_to(assets)
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(params=FITTED)
def maker(request: pytest.FixtureRequest, own_embeddings: None):
    try:
        made = load("student", request.param)()
        pool = material(made.reads)
        student = made.begin(pool, stream(0, "student"))
        student.fit((labelled(Rows(pool, np.arange(2)), CODES[:2], "oracle"),), stream(0, "learn"))
    except Missing as missing:
        pytest.skip(f"{request.param}: {missing}")
    return made


@pytest.fixture
def pool(maker):
    return material(maker.reads)


@pytest.fixture
def fresh(maker, pool) -> Student:
    return maker.begin(pool, stream(0, "student"))


@pytest.fixture
def lessons(pool):
    soft = {"probs": np.array([[0.8, 0.2], [0.1, 0.9]], dtype=np.float32)}
    weak = Block(Rows(pool, np.array([0, 7])), None, Soft, soft, "weak", np.zeros(2), np.array([0.5, 0.25]))
    return (labelled(Rows(pool, np.arange(12)), CODES[:12], "oracle", 1.0), weak)


@pytest.fixture
def taught(fresh, lessons, maker):
    return fresh.fit(lessons, stream(0, "learn"))


def test_every_student_on_disk_was_found():
    on_disk = [path for path in (PACKAGE / "student").glob("*/*.py") if not path.name.startswith("_")]
    assert len(NAMES) == len(on_disk) > 0
    assert sorted(FITTED + FROZEN + WRITERS) == sorted(NAMES) and FITTED and FROZEN and WRITERS


def test_declares_what_it_can(maker, fresh):
    """Settings survive a round trip; the capabilities declared are exactly those the student has."""
    assert build("student", settings(maker)) == maker
    assert {one for one in CAPABILITIES if isinstance(fresh, one)} == maker.can & set(CAPABILITIES)
    assert maker.reads and dataclasses.is_dataclass(fresh) and type(fresh).__dataclass_params__.frozen


def test_one_answer_each(taught, pool):
    block = taught.answer(pool, stream(0, "assess"))
    assert block.size == len(pool) and block.kind is Label and (block.about.rows == np.arange(len(pool))).all()
    assert (block.given["label"] == taught.probs(pool).argmax(1)).all()
    empty = taught.answer(pool.take([]), stream(0, "assess"))
    assert empty.size == 0


def test_learns(taught, pool):
    """The unlabelled half is answered far above the chance of one in three."""
    right = taught.answer(pool, stream(0, "assess")).given["label"] == CODES
    assert right[12:].mean() > 0.6


def test_probabilities(taught, fresh, pool):
    for student in (taught, fresh):
        probs = student.probs(pool)
        assert probs.dtype == np.float32 and probs.shape == (len(pool), 3)
        assert np.abs(probs.sum(1) - 1).max() < 1e-5 and probs.min() >= 0
    assert (fresh.probs(pool) == np.float32(1 / 3)).all(), "uniform before any lesson"
    assert taught.probs(pool.take([])).shape == (0, 3)


def test_answering_changes_nothing(taught, pool):
    before = taught.fingerprint
    assert (taught.probs(pool) == taught.probs(pool)).all() and taught.fingerprint == before


def test_batch_of_one_equals_batch_of_many(taught, pool):
    """Rows alone, in reverse and repeated answer as they do together; 1e-5: a matrix product may round otherwise."""
    many = taught.probs(pool)
    one = np.concatenate([taught.probs(pool.take([row])) for row in range(len(pool))])
    assert np.abs(many - one).max() < 1e-5
    order = np.r_[np.arange(len(pool))[::-1], 3, 3]
    assert np.abs(taught.probs(pool.take(order)) - many[order]).max() < 1e-5


def test_saved_and_loaded(maker, taught, fresh, pool, tmp_path):
    """Probabilities bit for bit, with and without lessons; other settings are refused; nothing is pickled."""
    for number, student in enumerate((taught, fresh)):
        student.save(tmp_path / str(number))
        back = maker.load(tmp_path / str(number))
        assert (back.probs(pool) == student.probs(pool)).all()
        assert back.fingerprint == student.fingerprint and back.labels == student.labels
        if CanEmbed in maker.can:
            assert back.embeds_as == student.embeds_as and (back.embed(pool) == student.embed(pool)).all()
    other = next(name for name in ("strength", "epochs", "neighbours") if name in settings(maker))
    with pytest.raises(Refused, match=other):
        dataclasses.replace(maker, **{other: 3}).load(tmp_path / "0")
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".pkl", ".pickle"}]


def test_a_changed_weight_is_refused(maker, taught, tmp_path):
    taught.save(tmp_path / "s")
    with np.load(tmp_path / "s" / "student.npz") as held:
        arrays = {key: held[key] for key in held.files}
    key = next(key for key in arrays if key.endswith("weights"))
    arrays[key] = arrays[key] * 2
    np.savez(tmp_path / "s" / "student.npz", **arrays)
    with pytest.raises(Refused, match="fingerprint"):
        maker.load(tmp_path / "s")


def test_fit_leaves_the_old_student_as_before(taught, fresh, pool, lessons):
    before, fingerprint = taught.probs(pool), taught.fingerprint
    again = taught.fit(lessons[:1], stream(1, "learn"))
    assert (taught.probs(pool) == before).all() and taught.fingerprint == fingerprint
    assert again.fingerprint != fingerprint != fresh.fingerprint
    assert (fresh.probs(pool) == np.float32(1 / 3)).all()


def test_same_luck_same_student(fresh, pool, lessons):
    one, two = (fresh.fit(lessons, stream(0, "learn")) for _ in range(2))
    assert one.fingerprint == two.fingerprint and (one.probs(pool) == two.probs(pool)).all()


def test_fit_keeps_nothing_of_an_old_fit(fresh, pool, lessons):
    """Fitting again after other lessons gives what fitting at once gives; 2e-3: solvers stop within a tolerance."""
    once = fresh.fit(lessons, stream(0, "learn"))
    detour = fresh.fit(lessons[:1], stream(5, "learn")).fit(lessons, stream(0, "learn"))
    assert np.abs(once.probs(pool) - detour.probs(pool)).max() < 2e-3


def test_no_lesson_is_no_fit(taught, fresh, pool, lessons):
    silent = tuple(block._replace(weight=np.zeros(block.size)) for block in lessons)
    for given in ((), silent):
        back = taught.fit(given, stream(0, "learn"))
        assert back.fingerprint == fresh.fingerprint and (back.probs(pool) == np.float32(1 / 3)).all()


def test_weight_zero_equals_absent(fresh, pool, lessons):
    """Bit for bit, whatever the silent lessons say."""
    wrong = labelled(Rows(pool, np.arange(12, 24)), (CODES[12:] + 1) % 3, "noise", weight=0.0)
    with_silence = (lessons[0], wrong, lessons[1])
    one, two = fresh.fit(lessons, stream(0, "learn")), fresh.fit(with_silence, stream(0, "learn"))
    assert (one.probs(pool) == two.probs(pool)).all() and one.fingerprint == two.fingerprint


def test_one_class_alone(fresh, pool):
    only = labelled(Rows(pool, np.array([1, 4])), [1, 1], "oracle")
    assert (fresh.fit((only,), stream(0, "learn")).probs(pool) == [0, 1, 0]).all()


def test_labels_grow(maker, taught, pool, lessons):
    """A label that a person adds is a new last column: 0 until it has a lesson, then learnt; old codes stay."""
    grown = pool.with_labels(("card", "rent", "rate", "other"))
    moved = lessons[0]._replace(about=Rows(grown, lessons[0].about.rows))
    wider = taught.fit((moved,), stream(0, "learn"))
    assert wider.labels == grown.labels and (wider.probs(pool)[:, 3] == 0).all()
    wider = taught.fit((moved, labelled(Rows(grown, np.array([23])), [3], "human")), stream(0, "learn"))
    assert wider.probs(pool)[23, 3] > 0  # of the row that it was taught with; one neighbour knows no shades
    assert wider.answer(pool, stream(0, "assess")).about.pool.labels == grown.labels
    unlabelled = material(maker.reads, labels=())
    start = maker.begin(unlabelled, stream(0, "student"))
    assert start.probs(unlabelled).shape == (24, 0) and start.labels == ()


def test_fingerprint_follows_the_weights(fresh, taught, pool, lessons):
    others = [fresh, taught, fresh.fit(lessons[:1], stream(0, "learn"))]
    assert len({student.fingerprint for student in others}) == 3


def test_embedding(maker, fresh, taught, pool):
    """(n, d) float32, the same for a row alone; `embeds_as` is equal only where the embeddings are."""
    if CanEmbed not in maker.can:
        assert not isinstance(fresh, CanEmbed)
        return
    one, two = fresh.embed(pool), taught.embed(pool)
    assert one.dtype == np.float32 and one.shape == two.shape and len(one) == len(pool) and np.isfinite(two).all()
    assert np.abs(taught.embed(pool.take([5])) - two[5]).max() < 1e-5
    assert fresh.embed(pool.take([])).shape == (0, one.shape[1])
    assert (fresh.embeds_as == taught.embeds_as) == bool((one == two).all())


def test_weights_that_a_gradient_can_move(maker, fresh, taught, pool, lessons):
    """The module answers as the student does, is nobody's else, and comes back as it was; faces are those declared."""
    if CanDescend not in maker.can:
        return
    for student in (fresh, taught):
        module, before = student.module, student.fingerprint
        encoded = student.encode(lessons)
        assert {face for face in (Scores, Vectors) if callable(getattr(module, face.__name__.lower(), None))} == (
            maker.can & {Scores, Vectors}
        )
        batch = encoded.batch(np.arange(12))
        assert batch.kind is Label and batch.weight.shape == (12,) and encoded.batch(np.array([13])).kind is Soft
        if Scores in maker.can:
            probs = module.scores(batch).softmax(1).detach().numpy()
            np.testing.assert_allclose(probs, student.probs(pool.take(np.arange(12))), atol=1e-5)
        same = student.with_module(module)
        np.testing.assert_allclose(same.probs(pool), student.probs(pool), atol=1e-6)
        with module_moved(module):
            moved = student.with_module(module)
        assert moved.fingerprint != before == student.fingerprint
        for new, old in zip(moved.module.parameters(), student.module.parameters(), strict=True):
            np.testing.assert_allclose(new.detach(), old.detach() + 0.1, atol=1e-6)
        assert list(module.named_parameters())[-1][0].startswith("head.")


def module_moved(module):
    """Every weight a little larger; leaving the block changes nothing of a student made inside it."""
    import contextlib

    import torch

    @contextlib.contextmanager
    def moved():
        with torch.no_grad():
            for parameter in module.parameters():
                parameter += 0.1
            yield
            for parameter in module.parameters():
                parameter.zero_()

    return moved()


@pytest.fixture(params=FROZEN)
def frozen(request: pytest.FixtureRequest, own_embeddings: None, tiny_decoder: Path, tiny_encoder):
    """The maker of a student that answers as it is; its weights are a tiny model's, or its own first ones."""
    made = load("student", request.param)
    model = tiny_decoder if CanJudge in made.can else tiny_encoder("bert")
    known = {field.name for field in dataclasses.fields(made)}
    return build("student", {"use": request.param, **({"model": str(model)} if "model" in known else {})})


def test_a_frozen_student_answers_as_it_is(frozen, tmp_path):
    """What the students above promise, less what needs a lesson; saved and loaded bit for bit."""
    pool = material(frozen.reads)
    student = frozen.begin(pool, stream(0, "student"))
    assert build("student", settings(frozen)) == frozen and type(student).__dataclass_params__.frozen
    assert {one for one in CAPABILITIES if isinstance(student, one)} == frozen.can & set(CAPABILITIES)
    probs, before = student.probs(pool), student.fingerprint
    assert probs.dtype == np.float32 and probs.shape == (24, 3) and probs.min() >= 0
    assert np.abs(probs.sum(1) - 1).max() < 1e-5 and (student.probs(pool) == probs).all()
    block = student.answer(pool, stream(0, "assess"))
    assert block.kind is Label and (block.given["label"] == probs.argmax(1)).all()
    order = np.r_[np.arange(24)[::-1], 3, 3]
    assert np.abs(student.probs(pool.take(order)) - probs[order]).max() < 1e-4
    assert np.abs(student.probs(pool.take([5])) - probs[5]).max() < 1e-4
    assert student.probs(pool.take([])).shape == (0, 3) and student.answer(pool.take([]), stream(0, "x")).size == 0
    unlabelled = material(frozen.reads, labels=())
    assert frozen.begin(unlabelled, stream(0, "student")).probs(unlabelled).shape == (24, 0)
    student.save(tmp_path)
    back = frozen.load(tmp_path)
    assert (back.probs(pool) == probs).all() and back.fingerprint == before == student.fingerprint
    each = {"batch": getattr(frozen, "batch", 0) + 1, "max_tokens": 9, "standardise": False}
    other = next({name: value} for name, value in each.items() if name in settings(frozen))
    with pytest.raises(Refused, match=next(iter(other))):
        dataclasses.replace(frozen, **other).load(tmp_path)


def test_a_pretrained_student_that_a_gradient_can_move(frozen):
    """As of one that is fitted: the module answers alike, comes back as it was, and keeps what moved."""
    if not {CanDescend, CanGrow, Scores} <= frozen.can:
        return
    pool = material(frozen.reads)
    first, lessons = (
        frozen.begin(pool, stream(0, "student")),
        (labelled(Rows(pool, np.arange(12)), CODES[:12], "oracle"),),
    )
    assert (first.probs(pool) == np.float32(1 / 3)).all(), "uniform before any lesson"
    learned = Gradient(passes=1, lr=0.01).learn((Stage(lessons),), None, view(pool, student=first), stream(0, "learn"))
    for student in (first, learned.student):
        module, before = student.module, student.fingerprint
        batch = student.encode(lessons).batch(np.arange(12))
        np.testing.assert_allclose(module.scores(batch).softmax(1).detach(), student.probs(pool)[:12], atol=1e-5)
        np.testing.assert_allclose(student.with_module(module).probs(pool), student.probs(pool), atol=1e-6)
        for parameter in module.parameters():
            parameter.data = parameter.data + 0.1
        moved = student.with_module(module)
        assert (
            moved.fingerprint != before == student.fingerprint and list(module.named_parameters())[-1][0] == "head.bias"
        )
        for new, old in zip(moved.module.parameters(), student.module.parameters(), strict=True):
            np.testing.assert_allclose(new.detach(), old.detach() + 0.1, atol=1e-6)
        grown = student.with_labels(("card", "rent", "rate", "other"))
        assert grown.labels[-1] == "other" and student.with_labels(student.labels).fingerprint == before
    assert (grown.probs(pool)[:, :3] == student.probs(pool)).all() and (grown.probs(pool)[:, 3] == 0).all()


def test_what_a_student_that_writes_promises(frozen):
    """Shapes, counts, own luck; a reply is as likely in company as alone; the global luck of torch stays as it was."""
    import torch

    luck = torch.get_rng_state()
    student = frozen.begin(material(frozen.reads), stream(0, "student"))
    prompts = ["go on", (Turn("user", "one"), Turn("assistant", "1"), Turn("user", "two"))]
    if CanWrite in frozen.can:
        one, two = (student.write(prompts, 2, stream(0, "w"), max_tokens=5) for _ in range(2))
        assert one.texts.shape == one.tokens_out.shape == (2, 2) and one.tokens_in.shape == (2,)
        assert (one.texts == two.texts).all() and 0 < one.tokens_out.min() and one.tokens_out.max() <= 5
        assert student.write([], 2, stream(0, "w")).texts.shape == (0, 2)
    if CanCompose in frozen.can:
        one, two = (student.compose(3, stream(0, "w"), max_tokens=5) for _ in range(2))
        assert one.texts.shape == one.tokens_out.shape == (1, 3) and one.tokens_in.tolist() == [1]
        assert (one.texts == two.texts).all() and 0 < one.tokens_out.min() and one.tokens_out.max() <= 5
        assert student.compose(0, stream(0, "w")).texts.shape == (1, 0) and student.window > 5
    if CanJudge in frozen.can:
        both = student.logprob(prompts, ["yes", "no"])
        assert both.shape == (2,) and (both < 0).all() and student.logprob([], []).shape == (0,)
        assert np.abs(student.logprob(prompts[1:], ["no"]) - both[1]).max() < 1e-4
    if CanHeed in frozen.can:
        assert (student.lengths(["a", "a longer one"], ["card", "rent"]) > 0).all()
        assert student.among(("x", "y")).labels == ("x", "y")
    assert (torch.get_rng_state() == luck).all()


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest, llama_server: str, monkeypatch: pytest.MonkeyPatch):
    """The maker of a student that only writes, with a real model behind it."""
    monkeypatch.setenv("SOME_KEY", "sesame")
    body = {"top_k": 0, "min_p": 0, "cache_prompt": False}
    endpoint = {"url": llama_server, "key_env": "SOME_KEY", "concurrency": 1, "body": body}
    own = {"text.endpoint": endpoint, "text.gguf": {"window": 1024}}
    return build("student", {"use": request.param, "max_tokens": 4, **own[request.param]})


@pytest.mark.slow
def test_a_student_that_only_writes(writer, tmp_path):
    """Shapes, counts, own luck, the same reply in any company; a label that it names, or its words; saved and loaded."""
    student = writer.begin(material(writer.reads, labels=()), stream(0, "student"))
    assert build("student", settings(writer)) == writer and type(student).__dataclass_params__.frozen
    assert {one for one in CAPABILITIES if isinstance(student, one)} == writer.can & set(CAPABILITIES) == {CanWrite}
    prompts, before = ["go on", (Turn("user", "one"), Turn("assistant", "1"), Turn("user", "two"))], student.fingerprint
    one, two = (student.write(prompts, 2, stream(0, "w"), max_tokens=5) for _ in range(2))
    assert one.texts.shape == one.tokens_out.shape == (2, 2) and one.tokens_in.shape == (2,)
    assert (one.texts == two.texts).all() and 0 < one.tokens_out.min() and one.tokens_out.max() <= 5
    assert (student.write(prompts[1:], 2, stream(0, "w"), max_tokens=5).texts[0] == one.texts[1]).all()
    assert student.write([], 2, stream(0, "w")).texts.shape == (0, 2)
    pool = material(writer.reads, labels=()).take([0, 1])
    said = student.answer(pool, stream(0, "a"))
    assert said.kind is Text and said.size == 2 and said.cost.min() > 0
    named = writer.begin(material(writer.reads), stream(0, "student")).answer(
        material(writer.reads).take([0]), stream(0, "a")
    )
    assert named.kind is Label and named.given["label"][0] in range(-1, 3)
    student.save(tmp_path)
    assert writer.load(tmp_path).fingerprint == before == student.fingerprint
    with pytest.raises(Refused, match="instruction"):
        dataclasses.replace(writer, instruction="x").load(tmp_path)


def test_new_labels_have_probability_0(maker, fresh, taught, pool):
    if CanGrow not in maker.can:
        return
    grown = taught.with_labels(("card", "rent", "rate", "other"))
    assert grown.labels[-1] == "other" and (grown.probs(pool)[:, :3] == taught.probs(pool)).all()
    assert (grown.probs(pool)[:, 3] == 0).all()
    assert fresh.with_labels(fresh.labels).fingerprint == fresh.fingerprint
    if CanDescend in maker.can:
        assert all(bool(parameter.isfinite().all()) for parameter in grown.module.parameters())
