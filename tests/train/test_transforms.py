"""Clipping and averaging do what their formulas say."""

import importlib.util
from typing import Literal

import numpy as np
import pytest

from nndl.net.params import Params, Slot
from nndl.train.schedules import Cosine
from nndl.train.transforms import CHUNK, Averaged, Ema, Lookahead, Swa, clip_norm


def test_clipping_shortens_what_is_too_long_and_nothing_else() -> None:
    gradient = np.array([3.0, 4.0])
    assert clip_norm(gradient, 10.0) == 5.0
    np.testing.assert_array_equal(gradient, [3.0, 4.0])
    assert clip_norm(gradient, 1.0) == 5.0
    np.testing.assert_allclose(gradient, [0.6, 0.8])


def test_lookahead_sets_the_network_back_to_the_slow_weights_every_few_steps() -> None:
    params = Params({"w": Slot((3,), (0,))}, np.dtype("float64"))
    buffers = Params({"running_mean": Slot((2,), (0,))}, np.dtype("float64"))
    averaged = Averaged(Lookahead(every=2, decay=0.5), params, buffers)
    slow, random = np.zeros(3), np.random.default_rng(0)
    for step in range(1, 9):
        fast = params["w"] + random.standard_normal(3)
        params["w"] = fast
        averaged.update(step, 8)
        if step % 2 == 0:
            kept = 0.5**2 * (step / 8) ** 3
            slow = fast = kept * slow + (1 - kept) * fast
        np.testing.assert_allclose(params["w"], fast, rtol=1e-12)
        np.testing.assert_allclose(averaged.params["w"], slow, rtol=1e-12)


def test_averaging_follows_its_formula_and_swaps_back() -> None:
    params = Params({"w": Slot((CHUNK + 3,), (0,))}, np.dtype("float64"))
    buffers = Params({"running_mean": Slot((2,), (0,))}, np.dtype("float64"))
    averaged = Averaged(Ema(decay=0.5), params, buffers)
    expected = np.zeros(CHUNK + 3)
    random = np.random.default_rng(0)
    for t in range(1, 21):
        params["w"] = random.standard_normal(CHUNK + 3)
        buffers["running_mean"] = [t, -t]
        averaged.update(t, 20)
        decay = min(0.5, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * params["w"]
    np.testing.assert_allclose(averaged.params["w"], expected, rtol=1e-12, atol=1e-14)
    assert averaged.buffers["running_mean"] == pytest.approx([19, -19], abs=0.1)
    current = params["w"].copy()
    averaged.swap()
    np.testing.assert_allclose(params["w"], expected, rtol=1e-12, atol=1e-14)
    averaged.swap()
    np.testing.assert_array_equal(params["w"], current)


@pytest.mark.parametrize(
    ("swa", "steps", "taken"),
    [
        (Swa(start=0.5), 12, [8, 12]),
        (Swa(start=0.6), 12, [8, 12]),
        (Swa(start=0.7), 12, [12]),
        (Swa(start=0.0, every="2 epochs"), 16, [8, 16]),
        (Swa(start=0.5, every="1 epoch"), 14, [8, 12]),
        (Swa(start=0.5, every="3 steps"), 14, [10, 13]),
        (Swa(start=0.0, every="1 step"), 3, [1, 2, 3]),
    ],
)
def test_swa_is_the_mean_of_the_weights_at_its_steps(swa: Swa, steps: int, taken: list[int]) -> None:
    params = Params({"w": Slot((CHUNK + 3,), (0,))}, np.dtype("float64"))
    buffers = Params({"running_mean": Slot((2,), (0,))}, np.dtype("float64"))
    averaged, random, seen = Averaged(swa, params, buffers, steps_per_epoch=4), np.random.default_rng(0), []
    for step in range(1, steps + 1):
        params["w"], buffers["running_mean"] = random.standard_normal(CHUNK + 3), [step, -step]
        averaged.update(step, steps)
        if step in taken:
            seen.append(params["w"].copy())
        expected = np.mean(seen, axis=0) if seen else params["w"]
        np.testing.assert_allclose(averaged.params["w"], expected, rtol=0, atol=1e-15 if len(seen) < 2 else 1e-12)
        begun = min(step, taken[0])  # running statistics are left to whoever scores
        assert averaged.buffers["running_mean"].tolist() == [begun, -begun]
        assert averaged.wants_statistics(step, steps) is bool(seen)


def test_swa_refuses_what_means_nothing() -> None:
    for every in ("0 steps", "epochs", "2 minutes", "3", "1.5 epochs"):
        with pytest.raises(ValueError, match="every should be epoch, or as 2 epochs or 100 steps"):
            Swa(every=every)
    with pytest.raises(ValueError, match="anneal_epochs needs a learning_rate"):
        Swa(anneal_epochs=2.0)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_swa_is_pytorchs_averaged_model() -> None:
    torch = pytest.importorskip("torch")
    params = Params({"w": Slot((50,), (0,))}, np.dtype("float32"))
    averaged = Averaged(Swa(start=0.0, every="2 steps"), params, Params({}, np.dtype("float32")))
    model = torch.nn.Linear(50, 1, bias=False)
    theirs, random = torch.optim.swa_utils.AveragedModel(model), np.random.default_rng(0)
    for step in range(1, 41):
        params["w"] = random.standard_normal(50)
        averaged.update(step, 40)
        if step % 2 == 0:
            model.weight.data = torch.tensor(params["w"][None])
            theirs.update_parameters(model)
    np.testing.assert_allclose(averaged.params["w"], theirs.module.weight.detach().numpy()[0], rtol=1e-5, atol=1e-7)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
@pytest.mark.parametrize("anneal", ["cosine", "linear"])
def test_swas_learning_rate_is_pytorchs(anneal: Literal["cosine", "linear"]) -> None:
    torch = pytest.importorskip("torch")
    rule, epochs, start = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.4), 20, 12
    swa = Swa(start=start / epochs, learning_rate=0.05, anneal_epochs=5, anneal=anneal)
    before = torch.optim.lr_scheduler.CosineAnnealingLR(rule, epochs)
    theirs = torch.optim.swa_utils.SWALR(rule, 0.05, 5, "cos" if anneal == "cosine" else "linear")
    rule.step()  # that it has none yet is a warning otherwise
    for epoch in range(epochs):
        own = 0.4 * swa.multiplier(epoch, epochs, lambda at: Cosine()(at, epochs), 0.4)
        if epoch > start:  # theirs begins a step later: at the first it leaves the rate as it is
            theirs.step()
        assert own == pytest.approx(rule.param_groups[0]["lr"], rel=1e-6), epoch
        if epoch < start:
            before.step()
