"""ewc: Fisher information and penalty by hand, its three forms, episodes in a row, and a weight that grows."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Block, Itself, Lessons, Rows, Soft, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.pulls import Pull
from tutelage.learn.gradient import Gradient
from tutelage.retain.ewc import Ewc
from tutelage.retain.nothing import Nothing
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, view

LOGISTIC = Mlp(hidden=()).begin(POOL, stream(0, "student"))
DEEP = Mlp(hidden=(4,)).begin(POOL, stream(0, "student"))


def lessons(*rows: int, weight: float = 1.0) -> Lessons:
    return (labelled(Rows(POOL, np.array(rows)), CODES[list(rows)], "oracle", weight=weight),)


def settled(part: Ewc, student: object, new: Lessons, memory: object = None, seed: int = 0) -> dict:
    now = view(student=student)._replace(lessons=new, memory=memory or {})
    return dict(part.settle(student, new, now, stream(seed, "retain")).memory)


def moved(student: Mlp, *rows: int, lr: float = 0.1):
    return Gradient(lr=lr).learn((Stage(lessons(*rows)),), None, view(student=student), stream(0, "learn")).student


def test_by_hand() -> None:
    """Weights 0, so p = 1/2: d log p_c / d bias_c = 1/2 or -1/2, whichever class it is, so F(bias) = 1/4.

    For a weight it is z times that: F = z^2 / 4, averaged over lessons of weight 1 and 3 at z_a and z_f.
    """
    new = (*lessons(0), *lessons(5, weight=3.0))
    za, zf = LOGISTIC.standard.of(POOL)[[0, 5], 0]
    fisher = settled(Ewc(), LOGISTIC, new)["fisher"]
    assert fisher["head.bias"] == pytest.approx([0.25, 0.25])
    assert fisher["head.weight"][:, 0] == pytest.approx(np.full(2, (za**2 + 3 * zf**2) / 16), rel=1e-5)


def test_the_penalty_by_hand() -> None:
    """strength 8, F = 1/4 on both biases, which stand 1 away from their anchors: 8/2 * (1/4 + 1/4) = 2."""
    memory = settled(Ewc(), LOGISTIC, lessons(0, 5))
    module = LOGISTIC.module
    with torch.no_grad():
        module.head.bias += 1
    pull = Ewc(strength=8).penalty(view()._replace(memory=memory))
    assert pull(module).item() == pytest.approx(2.0)
    slope = torch.autograd.grad(pull(module), module.head.bias)[0]
    assert slope.tolist() == pytest.approx([2.0, 2.0])  # strength * F * 1


def test_exact_is_the_mean_of_sampled_and_empirical_is_another_thing() -> None:
    student = moved(DEEP, 0, 1, 4, 5, lr=0.01)  # unsure, so that 400 draws meet every class
    new = lessons(1, 2, 3)
    exact = settled(Ewc(), student, new)["fisher"]
    draws = [settled(Ewc(fisher="sampled"), student, new, seed=seed)["fisher"] for seed in range(400)]
    for name, array in exact.items():
        mean = np.mean([draw[name] for draw in draws], axis=0)
        error = np.std([draw[name] for draw in draws], axis=0) / np.sqrt(400)
        assert (np.abs(mean - array) < 5 * error + 1e-7).all()
    given = settled(Ewc(fisher="empirical"), student, new)["fisher"]
    assert any(np.abs(given[name] - exact[name]).max() > 1e-4 for name in exact)


def test_empirical_is_the_squared_slope_of_the_lessons_own_loss() -> None:
    """A distribution as an answer is its classes in turn, by their share."""
    student = moved(DEEP, 0, 1, 4, 5)
    soft = {"probs": np.array([[0.25, 0.75]], dtype=np.float32)}
    weak = Block(Rows(POOL, np.array([3])), None, Soft, soft, "weak", np.zeros(1), np.ones(1))
    of = [settled(Ewc(fisher="empirical"), student, (labelled(Rows(POOL, np.array([3])), [c], "x"),)) for c in (0, 1)]
    mixed = settled(Ewc(fisher="empirical"), student, (weak,))["fisher"]
    for name, array in mixed.items():
        np.testing.assert_allclose(array, 0.25 * of[0]["fisher"][name] + 0.75 * of[1]["fisher"][name], rtol=1e-5)
    module = student.module
    batch = student.encode(lessons(3)).batch(np.array([0]))
    torch.nn.functional.cross_entropy(module.scores(batch), batch.given["label"]).backward()
    np.testing.assert_allclose(of[1]["fisher"]["head.weight"], module.head.weight.grad.numpy() ** 2, rtol=1e-5)


def test_episodes_in_a_row() -> None:
    """The online form: decay times the old information plus the new, about the newest weights alone."""
    later = moved(DEEP, 4, 5)
    first = settled(Ewc(), DEEP, lessons(0, 1))
    alone = settled(Ewc(), later, lessons(4, 5))
    both = settled(Ewc(decay=0.5), later, lessons(4, 5), first)
    for name, array in both["fisher"].items():
        np.testing.assert_allclose(array, 0.5 * first["fisher"][name] + alone["fisher"][name], rtol=1e-5)
        assert (both["weights"][name] == dict(later.module.named_parameters())[name].detach().numpy()).all()
    assert settled(Ewc(), later, (), first) == {}, "without a new lesson the old memory stands"


def test_neutral_limit_strength_0() -> None:
    now = view(student=DEEP)._replace(memory=settled(Ewc(), DEEP, lessons(0, 5)))
    part = Ewc(strength=0)
    assert part.penalty(now) is None and part.rehearse((), now, stream(0, "retain")) == ()
    ours, plain = (one.settle(DEEP, lessons(0), now, stream(0, "retain")) for one in (part, Nothing()))
    assert ours == plain


def test_learning_under_the_pull_ends_where_both_slopes_cancel() -> None:
    """At the end  d loss / d w = - strength F (w - w*)  for every weight, and the way there is shorter than without."""
    now = view(student=LOGISTIC)._replace(memory=settled(Ewc(), LOGISTIC, lessons(0, 1, 2)))
    wrong = labelled(Rows(POOL, np.array([0, 1])), [1, 1], "liar")
    how = Gradient(optimiser="sgd", lr=0.05, passes=600, batch=0)
    held, free = (
        how.learn((Stage((wrong,)),), Ewc(strength=strength).penalty(now), now, stream(0, "learn")).student
        for strength in (6.0, 0.0)
    )
    module = held.module
    batch = held.encode((wrong,)).batch(np.arange(2))
    torch.nn.functional.cross_entropy(module.scores(batch), batch.given["label"]).backward()
    for name, weight in module.named_parameters():
        pull = 6 * now.memory["fisher"][name] * (weight.detach().numpy() - now.memory["weights"][name])
        np.testing.assert_allclose(weight.grad.numpy(), -pull, atol=1e-4)
        assert np.abs(pull).max() > 0.1
    assert held.probs(POOL)[0, 0] > free.probs(POOL)[0, 0] + 0.1


def test_a_head_that_grows_is_held_in_its_old_part() -> None:
    grown = LOGISTIC.with_labels(("left", "right", "up"))
    memory = settled(Ewc(), LOGISTIC, lessons(0, 5))
    module = grown.module
    assert Ewc().penalty(view()._replace(memory=memory))(module).item() == 0
    with torch.no_grad():
        module.head.bias[2] = 9
    assert Ewc().penalty(view()._replace(memory=memory))(module).item() == 0
    more = settled(Ewc(), grown.with_module(module), lessons(0, 5), memory)["fisher"]["head.bias"]
    assert more.shape == (3,) and more[0] > 0.25 > more[2] - 0.25


def test_at_most_so_many_lessons() -> None:
    """Two of six, drawn from the luck given; with room for all, all."""
    few = [
        settled(Ewc(lessons=2), LOGISTIC, lessons(*range(6)), seed=seed)["fisher"]["head.weight"] for seed in range(9)
    ]
    assert len({array.tobytes() for array in few}) > 1
    whole = [settled(Ewc(lessons=n), DEEP, lessons(*range(6)))["fisher"]["head.weight"].tobytes() for n in (6, None)]
    assert whole[0] == whole[1]


def test_another_module_is_told() -> None:
    memory = settled(Ewc(), DEEP, lessons(0, 5))
    with pytest.raises(ContractBroken, match=r"has not: body\.0\.bias, body\.0\.weight"):
        Ewc().penalty(view()._replace(memory=memory))(LOGISTIC.module)


@pytest.mark.parametrize("settings", [{"strength": -1}, {"decay": 1.1}, {"fisher": "true"}, {"lessons": 0}])
def test_settings_without_sense_are_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Ewc(**settings)


@pytest.mark.parametrize("strength", [0.0, 1.0, 1e9])
def test_two_quadratic_tasks_end_at_the_mean_weighted_by_precision(strength: float) -> None:
    """Minimise h/2 (w - b)^2 + strength/2 F (w - a)^2, solved by Newton: (strength F a + h b) / (strength F + h).

    Strength 0 ends at b as though there had been no first task; a very large one stays at a.
    """
    a, b, fisher, h = np.array([1.0, -2.0]), np.array([3.0, 4.0]), np.array([2.0, 0.5]), np.array([1.0, 4.0])
    module = torch.nn.Module()
    module.w = torch.nn.Parameter(torch.tensor([9.0, 9.0], dtype=torch.float64))
    pull = Pull("ewc", {"w": a}, {"w": fisher}, strength / 2)

    def slope() -> torch.Tensor:
        loss = (torch.from_numpy(h) / 2 * (module.w - torch.from_numpy(b)) ** 2).sum() + pull(module)
        return torch.autograd.grad(loss, module.w)[0]

    found = slope()
    with torch.no_grad():
        module.w -= found / torch.from_numpy(strength * fisher + h)  # the second derivative, exact
    wanted = (strength * fisher * a + h * b) / (strength * fisher + h)
    assert module.w.detach().numpy() == pytest.approx(wanted, rel=1e-6)
    assert {0.0: wanted == pytest.approx(b), 1.0: True, 1e9: wanted == pytest.approx(a, rel=1e-6)}[strength]


NORM = "model.model.norm.weight"
TEXTS = Table.of("texts", {"text": ["abab", "ba", "aabb", "b"]}).pool()
WRITER = Tiny(hidden=8, layers=1, heads=1, window=16).begin(TEXTS, stream(0, "student"))


def read(*rows: int) -> Lessons:
    return (Block(Rows(TEXTS, np.array(rows)), None, Itself, {}, "itself", np.zeros(len(rows)), np.ones(len(rows))),)


def test_of_texts_the_empirical_form_is_the_square_of_each_texts_own_slope() -> None:
    """The mean of squares, text by text, by a plain loop; not the square of the mean."""
    fisher = settled(Ewc(fisher="empirical"), WRITER, read(0, 1, 2))["fisher"]
    squares, slopes = [], []
    for row in range(3):
        module = WRITER.module.requires_grad_(True)
        said = module.token_logprobs(WRITER.encode(read(row)).batch(np.array([0])))
        said.logprobs.sum().backward()
        slopes.append({name: weight.grad.numpy().copy() for name, weight in module.named_parameters()})
        squares.append({name: slope**2 for name, slope in slopes[-1].items()})
    for name, array in fisher.items():
        np.testing.assert_allclose(array, np.mean([one[name] for one in squares], axis=0), rtol=1e-4, atol=1e-8)
    name = "model.lm_head.weight" if "model.lm_head.weight" in fisher else next(iter(fisher))
    assert np.abs(fisher[name] - np.mean([one[name] for one in slopes], axis=0) ** 2).max() > 1e-3


def test_of_texts_the_drawn_form_is_the_fisher_information_of_every_place() -> None:
    """By hand: at each of the places the sum over tokens of p times the squared slope of log p, all places added."""
    module = WRITER.module.requires_grad_(True)
    batch = WRITER.encode(read(3)).batch(np.array([0]))
    logs = torch.log_softmax(module.logits(batch.inputs["ids"][:, 0])[0, :-1], dim=1)[batch.inputs["said"][0, 0, 1:]]
    weight = dict(module.named_parameters())[NORM]
    wanted = np.zeros(tuple(weight.shape))
    for place in logs:
        for log in place:
            slope = torch.autograd.grad(log, weight, retain_graph=True)[0]
            wanted += (log.exp() * slope**2).detach().numpy()
    draws = np.array([settled(Ewc(), WRITER, read(3), seed=seed)["fisher"][NORM] for seed in range(300)])
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - wanted) < 5 * error + 1e-9).all() and wanted.max() > 0
