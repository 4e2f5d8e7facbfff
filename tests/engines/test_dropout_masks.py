"""Engines drop what the definition drops, number for number, and leave the generator where the definition leaves it."""

from copy import deepcopy

import numpy as np
import pytest

from nndl.engines import get_engine
from nndl.engines.compiled import bindings
from nndl.engines.shared.threads import set_threads
from nndl.layers import dropout_backward, dropout_forward
from nndl.net.catalog.simple import Dropout
from nndl.net.network import Network
from nndl.net.plan import Planner
from nndl.net.types import Layout, Shape
from tests.engines.compiled.variants import runnable

BUILDS = ["", *runnable()]
"""The vectorised engine, and every build of the kernels."""

STARTS = (0, 1, 3, 4, 6)
"""Numbers drawn before."""


def _generator(key: int, before: int, counter: int = 0) -> np.random.Generator:
    philox = np.random.Philox(key=key, counter=counter)
    generator = np.random.Generator(philox)
    generator.random(before)
    return generator


@pytest.fixture(autouse=True)
def _as_before():
    yield
    set_threads()
    if bindings.is_built():
        bindings.use(bindings.instructions())


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 1, 1), (17, 4, 4), (33,)])
@pytest.mark.parametrize("build", BUILDS)
def test_masks_are_those_of_the_definition(build: str, shape: Shape, layout: Layout) -> None:
    if build:
        bindings.use(build)
    set_threads(3)
    engine = get_engine("compiled" if build else "vectorized")
    layout = "flat" if len(shape) == 1 else layout
    network = Network((Dropout(keep=0.6),), shape, engine, dtype="float32")
    planner = Planner(engine, network.params, network.grads, network.buffers, "train", network.dtype)
    step = planner.chain(network.placed, layout, needs_dx=True).steps[0].step
    [state] = planner.drawing.values()
    x = np.random.default_rng(0).standard_normal((5, *shape)).astype(np.float32)
    given = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2) if layout == "nhwc" else x
    for counter in (0, 2**64 - 5, 2**128 - 2, 2**256 - 3):
        for before in STARTS:
            random = _generator(7, before, counter)
            state["rng"] = deepcopy(random)
            wanted, cache = dropout_forward(x, {"p": 0.6, "mode": "train", "rng": random})
            np.testing.assert_array_equal(step.forward(given), wanted)
            np.testing.assert_array_equal(step.backward(given), dropout_backward(x, cache))
            assert state["rng"].random() == random.random()


@pytest.mark.parametrize("p", [1.0, 0.5, 2.0**-53, 1 - 2.0**-53, 0.1, 1e-17])
@pytest.mark.parametrize("build", [each for each in BUILDS if each])
def test_a_number_at_the_limit_is_judged_as_by_the_definition(build: str, p: float) -> None:
    """The definition compares doubles; 2^-53 keeps nothing but a zero."""
    bindings.use(build)
    network = Network((Dropout(keep=p),), (64,), get_engine("compiled"), dtype="float32")
    planner = Planner(network.engine, network.params, network.grads, network.buffers, "train", network.dtype)
    step = planner.chain(network.placed, "flat", needs_dx=True).steps[0].step
    [state] = planner.drawing.values()
    state["rng"], random = _generator(3, 0), _generator(3, 0)
    with np.errstate(over="ignore"):
        wanted = random.random((100, 64)) < p
        kept = step.forward(np.ones((100, 64), np.float32)) != 0
    np.testing.assert_array_equal(kept, wanted)
